"""Evaluation: the past replayed through the one pipeline, ranked over the whole catalogue, beside strong baselines."""
