"""Permissions: asked by a party, granted, refused or withdrawn by the customer, ended by a move or by time.

`life.py` holds the states and what may follow what, `finding.py` who may see which. Functions work in the
caller's transaction; recording and proofs are the door's.
"""
