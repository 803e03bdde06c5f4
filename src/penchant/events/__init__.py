"""Everybody's events as columns: what happened, when, and where each person and item occurs in it."""
