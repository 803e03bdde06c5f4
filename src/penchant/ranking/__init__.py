"""Rankers: stages that set the scores."""
