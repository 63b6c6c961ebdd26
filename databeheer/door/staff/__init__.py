"""Commands of the house's own people: who they are, which roles they have, under which case they look, what they did.

`asking.py` is what other commands for staff begin with: who asks, in which role; and what they record of it.
"""
