-- Which submissions were answered under a key of the submitter's own (ledger/idempotency.py). Rows go when their
-- time is over; they are no part of the log.
CREATE TABLE ledger.idempotency (
    key_hash bytea PRIMARY KEY CHECK (octet_length(key_hash) = 32),
    request_hash bytea NOT NULL CHECK (octet_length(request_hash) = 32),
    index bigint NOT NULL CHECK (index >= 0),
    entries integer NOT NULL CHECK (entries >= 0),
    answer bytea,
    at timestamptz NOT NULL
);
CREATE INDEX ON ledger.idempotency (at);
REVOKE ALL ON ledger.idempotency FROM PUBLIC;
