"""Penchant: real-time personalised ranking with language models at its heart."""
