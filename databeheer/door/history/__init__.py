"""The history of one's own consumption at the door: which way it goes, and the letter where it goes by post (R90)."""
