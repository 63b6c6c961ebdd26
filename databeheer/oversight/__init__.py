"""What an inspector sees of the state of the house, and the emergency stop."""
