"""What is said: items and moments as sentences, words, an index over them, and what reads and writes."""
