"""What a decision rests on, read under the ledger's lock: one query a kind of fact."""
