"""The one door: decide, record, open, hand over.

A process of its own. It alone holds the keys and it alone appends to the ledger. `client` is all that other
processes may import. Start reading at `service.py` (what can be asked), then `turn.py` (order is truth),
`reads.py` (the loop that every reading passes) and `opening.py` (what leaves).
"""
