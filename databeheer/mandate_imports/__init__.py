"""Existing mandates that a party brings along from another hub: a file, a sample of its papers, a notice, then access.

Nothing here widens access by itself: the door does, by these rules (`databeheer.door.mandate_imports`).
"""
