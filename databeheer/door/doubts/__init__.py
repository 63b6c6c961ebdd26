"""Cases of doubt at the door: what opens, moves and closes one, who is told and who sees what."""
