"""Everything of a house to a successor: written as two bundles, checked by anybody, taken over (R190).

    bundle.py        what a bundle is: the manifest, and whether the files are the ones that it names
    writing.py       the house that goes: writes both bundles, or none
    taking.py        the successor: makes a house of them, and says so in the ledger
    command_line.py  `databeheer handover`

The data (database, published ledger) and the secrets (key store, signing keys) travel apart:
neither opens anything alone.
"""
