"""What happens is told to whom it concerns: the customer, the party, the data manager (R8, R27).

A message is written in the transaction that does what it tells of (`outbox.write`, from the door's `telling`), and
names the ledger's entry of it. It is in the portal's inbox at once; `postman.py` takes it further by e-mail or by
web hook. `catalogue.toml` lists every kind of message with its recipients and words.
"""
