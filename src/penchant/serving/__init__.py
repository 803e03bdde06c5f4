"""The server: its processes, the door to it, and what outsiders see of it."""
