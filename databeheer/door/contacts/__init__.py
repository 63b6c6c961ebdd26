"""The desk at the door: contacts, who was identified in them, what was disclosed and on which way, papers, recordings.

`at_desk.py` is what every command of it begins with: whose contact it is, and how far it is.
"""
