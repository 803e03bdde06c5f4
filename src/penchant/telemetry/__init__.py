"""What is measured and logged, at next to no cost."""
