"""What an entry commits to: its sealed halves, opened for whom they are, and held against the log."""
