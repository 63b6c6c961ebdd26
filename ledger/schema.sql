-- The log in PostgreSQL (15 or newer): one row per entry, and one row that says where the log ends.
-- Order equals commit order and has no gaps: the next index comes from the locked head row, never from a
-- sequence. Rows of `entry` are never changed or removed; of `head` only the one row may be moved forward.
-- The triggers hold for the owner too; roles get SELECT and INSERT on entry, SELECT and UPDATE on head.

CREATE SCHEMA ledger;

CREATE TABLE ledger.entry (
    index bigint PRIMARY KEY CHECK (index >= 0),
    entry bytea NOT NULL CHECK (octet_length(entry) = 109),
    leaf bytea NOT NULL,
    -- RFC 6962: the leaf hash is SHA-256 over a zero byte and the entry.
    CONSTRAINT entry_leaf CHECK (leaf = sha256('\x00' || entry))
);

-- Bytes 58 to 101 are the base64 of the previous leaf hash: no two entries may follow the same one (a fork).
CREATE UNIQUE INDEX entry_previous ON ledger.entry (substring(entry FROM 58 FOR 44));
CREATE UNIQUE INDEX entry_unique_leaf ON ledger.entry (leaf);

CREATE TABLE ledger.head (
    id smallint PRIMARY KEY CHECK (id = 1),
    size bigint NOT NULL CHECK (size >= 0),
    last_leaf bytea NOT NULL CHECK (octet_length(last_leaf) = 32)
);

INSERT INTO ledger.head (id, size, last_leaf) VALUES (1, 0, decode(repeat('00', 32), 'hex'));

CREATE FUNCTION ledger.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION USING
        ERRCODE = 'insufficient_privilege',
        MESSAGE = 'the ledger only grows: its rows are not changed or removed';
END
$$;

CREATE FUNCTION ledger.refuse_backward() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.id <> OLD.id OR NEW.size <= OLD.size THEN
        RAISE EXCEPTION USING
            ERRCODE = 'insufficient_privilege',
            MESSAGE = 'the head of the ledger only moves forward';
    END IF;
    RETURN NEW;
END
$$;

CREATE TRIGGER entry_only_grows BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.entry
    FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER head_stays BEFORE DELETE OR TRUNCATE ON ledger.head
    FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER head_moves_forward BEFORE UPDATE ON ledger.head
    FOR EACH ROW EXECUTE FUNCTION ledger.refuse_backward();

REVOKE ALL ON SCHEMA ledger FROM PUBLIC;
REVOKE ALL ON ALL TABLES IN SCHEMA ledger FROM PUBLIC;
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA ledger FROM PUBLIC;
