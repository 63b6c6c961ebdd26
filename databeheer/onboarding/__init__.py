"""How a party gets in: what it hands in, what is missing, and what two people of the operator sign for (R12, R114).

Knows nothing of the door. An enterprise is known by its number (ondernemingsnummer); in each role it is another party.
"""
