"""Carry out what was decided to be erased, and see afterwards that nothing else went."""
