"""Quality of supply at the door: what meters register, sealed; given to the grid operator on its request (R66)."""
