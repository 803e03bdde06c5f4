"""Features: stages that only add columns."""
