"""The registers of the house's duties at the door: staff write, a second person approves, the inspector reads.

`commands.py` is what can be asked; `records.py` seals, records and keeps the clocks, for every register alike;
`parsing.py` reads a version by its register's fields. What one register asks beyond that stands in `rules.py`, which
leads to `processors.py`, `breaches.py` and `measures.py`. `documents/` makes what is generated.
"""
