"""The door's side of the reading plan: who chose what is read, what a head-end is to read, and what of it came."""
