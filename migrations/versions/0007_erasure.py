"""Erasure: what was asked, decided and done, and what of an erased body is kept so that its entry still adds up.

`ledger.erased` holds, for each half that is gone, the 32 bytes that the half was committed with. Without its
random salt, which went with it, they say nothing of the body; with them the entry's commitment can still be
computed, so that a receipt of another subject of the same entry verifies and nobody can pass a removed
statement off as an erased one.
"""

from __future__ import annotations

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

ERASURE = """
CREATE TABLE oversight.erasure_batch (
    batch bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    begun_at timestamptz NOT NULL,
    begun_index bigint NOT NULL UNIQUE,
    epoch_ended integer,
    epoch_begun integer,
    executed_at timestamptz,
    executed_index bigint UNIQUE,
    CHECK ((executed_at IS NULL) = (executed_index IS NULL))
);

CREATE TABLE oversight.erasure (
    erasure_id uuid PRIMARY KEY,
    operator smallint NOT NULL REFERENCES registry.operator,
    data_class text NOT NULL CHECK (data_class IN ('person', 'readings', 'ledger')),
    person_id uuid REFERENCES identity.person,  -- whose it is; null: nobody's, a vacancy
    occupancy_id uuid REFERENCES registry.occupancy,
    state text NOT NULL CHECK (state IN ('asked', 'refused', 'decided', 'executed')),
    asked_at timestamptz,
    asked_index bigint,
    reason text NOT NULL,
    decided_by text NOT NULL DEFAULT '',
    decided_at timestamptz,
    decided_index bigint,
    not_before date,
    batch bigint REFERENCES oversight.erasure_batch,
    is_cleared boolean NOT NULL DEFAULT false,  -- its rows are gone; its key goes with the epoch
    CHECK ((data_class = 'person') = (occupancy_id IS NULL)),
    CHECK (data_class <> 'person' OR person_id IS NOT NULL)
);
-- One at a time of each class of each occupancy or person.
CREATE UNIQUE INDEX ON oversight.erasure (data_class, coalesce(occupancy_id, person_id)) WHERE state <> 'refused';
CREATE INDEX ON oversight.erasure (person_id);
CREATE INDEX ON oversight.erasure (occupancy_id);
CREATE INDEX ON oversight.erasure (batch);

-- Copies of the key store that custodians hold: an erasure is one in every backup when those are destroyed.
CREATE TABLE oversight.key_copy (
    copy_id uuid PRIMARY KEY,
    custodian text NOT NULL,
    place text NOT NULL,
    epoch integer NOT NULL,
    made_at timestamptz NOT NULL,
    destroyed_at timestamptz,
    destroyed_index bigint,
    confirmed_by text NOT NULL DEFAULT ''
);

CREATE TABLE ledger.erased (
    index bigint NOT NULL,
    leaf smallint NOT NULL CHECK (leaf >= -1),  -- -1: the shared half
    half bytea NOT NULL CHECK (length(half) = 32),
    operator smallint NOT NULL,
    batch bigint NOT NULL REFERENCES oversight.erasure_batch,
    reason text NOT NULL,
    PRIMARY KEY (index, leaf)
);
CREATE INDEX ON ledger.erased (batch);

-- The door may remove a subject's statements only by this: each of them must have left its half behind.
CREATE FUNCTION ledger.erase_statements(wanted bytea) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    removed bigint;
BEGIN
    IF EXISTS (SELECT FROM ledger.statement s WHERE s.handle = wanted AND NOT EXISTS
            (SELECT FROM ledger.erased e WHERE e.index = s.index AND e.leaf = s.leaf)) THEN
        RAISE EXCEPTION 'a statement has left nothing behind' USING ERRCODE = 'check_violation';
    END IF;
    UPDATE ledger.body b SET shared_sealed = '', key_sealed = NULL FROM ledger.statement s, ledger.erased e
        WHERE s.handle = wanted AND b.index = s.index AND b.month = s.month
        AND e.index = s.index AND e.leaf = -1;
    DELETE FROM ledger.statement s WHERE s.handle = wanted;
    GET DIAGNOSTICS removed = ROW_COUNT;
    RETURN removed;
END
$$;
REVOKE ALL ON FUNCTION ledger.erase_statements(bytea) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ledger.erase_statements(bytea) TO databeheer_door;

GRANT SELECT, INSERT ON oversight.erasure_batch, oversight.erasure, oversight.key_copy, ledger.erased
    TO databeheer_door;
GRANT UPDATE (epoch_begun, executed_at, executed_index) ON oversight.erasure_batch TO databeheer_door;
GRANT UPDATE (state, reason, decided_by, decided_at, decided_index, not_before, batch, is_cleared)
    ON oversight.erasure TO databeheer_door;
GRANT UPDATE (destroyed_at, destroyed_index, confirmed_by) ON oversight.key_copy TO databeheer_door;
GRANT SELECT ON oversight.erasure_batch, ledger.erased TO databeheer_auditor;
GRANT UPDATE (subject_hash, name_sealed, email_sealed) ON identity.person TO databeheer_door;
GRANT DELETE ON metering.profile, permissions.permission TO databeheer_door;
"""


def upgrade() -> None:
    op.execute(ERASURE)
