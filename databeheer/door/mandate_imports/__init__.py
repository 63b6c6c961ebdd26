"""Mandates brought along at the door: a file is taken, announced row by row, sampled, and carried on."""
