"""Jobs: a long read in bulk is handed in, decided and recorded piece by piece in the lowest lane, and fetched.

Nothing that is read is kept: a piece says which entry recorded it and what was decided (ADR 0031). `rows` has the
tables, `asking` what was asked, `working` one piece in one turn, `worker` the thread that goes on with the next.
"""
