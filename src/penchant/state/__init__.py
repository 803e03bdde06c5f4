"""Folds: what is kept about a person, as pure functions of their events."""
