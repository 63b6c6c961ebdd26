"""Permissions: asked by a party, granted, refused or withdrawn by the customer, ended by a move or by time.

`asking`, `answering` and `closing` are the steps of a permission's life; `states` says what may follow what, `timing`
what time does, `content` what a permission is about, `finding` who may see which. Functions work in the caller's
transaction; recording and proofs are the door's.
"""
