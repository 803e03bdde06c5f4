"""Sources of candidates: each finds rows, and scores any row the same way."""
