"""Contacts at the desk: who calls, comes by or writes, what he may hear there, and the recording of a call.

Sources: the requirements R79 to R92; ADR 0056 says why it is so. A contact is a case (`databeheer/staff/cases.py`)
that begins about nobody: only who was identified in it makes it about a stay, and only then is there a look.
"""
