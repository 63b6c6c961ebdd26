"""Linking at the door: an attempt, the letter that unlocks, the desk, and the switch that closes it all."""
