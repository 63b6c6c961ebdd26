"""A move that was reported late, and stays that change while readings are coming in."""
