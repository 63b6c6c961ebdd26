"""What can be asked of the door, a module a concern. `table.py` lists them all."""
