"""How long answers and events take on a project of one's own."""
