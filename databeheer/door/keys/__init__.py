"""The door's keys: the store and its epochs, where the epoch keys lie, what is derived from a root.

Nobody but the door imports this (`pyproject.toml`, import contracts).
"""
