"""Mandates that a party brings along from another hub: the file, its rows, its sample."""

from __future__ import annotations

from alembic import op

revision = "0058"
down_revision = "0057"
branch_labels = None
depends_on = None

_SQL = """
CREATE TABLE permissions.mandate_import (
    import_id uuid PRIMARY KEY,
    operator smallint NOT NULL REFERENCES registry.operator,
    party_id uuid NOT NULL REFERENCES registry.party,
    file_sha256 bytea NOT NULL CHECK (length(file_sha256) = 32),
    row_count integer NOT NULL CHECK (row_count > 0),
    taken_at timestamptz NOT NULL,
    index bigint NOT NULL UNIQUE,  -- the ledger's entry
    round smallint NOT NULL DEFAULT 0,
    seed_after bigint NOT NULL,  -- the next seed is the leaf behind this entry
    seed bytea CHECK (length(seed) = 32),
    seed_index bigint,
    drawn_at timestamptz,
    due_at timestamptz,
    passed_at timestamptz,
    held_at timestamptz,
    held_reason text CHECK (held_reason IN ('not_handed_in', 'does_not_fit')),
    last_held_at timestamptz,
    times_held smallint NOT NULL DEFAULT 0,
    UNIQUE (party_id, file_sha256),
    CHECK ((drawn_at IS NULL) = (due_at IS NULL) AND (drawn_at IS NULL) = (seed IS NULL)
        AND (drawn_at IS NULL) = (seed_index IS NULL)),
    CHECK ((held_at IS NULL) = (held_reason IS NULL)),
    CHECK (passed_at IS NULL OR held_at IS NULL)
);

-- What a line said lies here sealed until it is announced; from then on the permission says it.
CREATE TABLE permissions.mandate_import_row (
    row_id uuid PRIMARY KEY,
    import_id uuid NOT NULL REFERENCES permissions.mandate_import,
    line integer NOT NULL CHECK (line > 1),
    operator smallint NOT NULL REFERENCES registry.operator,
    party_id uuid NOT NULL REFERENCES registry.party,
    reference_hash bytea NOT NULL,
    service text NOT NULL,
    row_sealed bytea,
    permission_id uuid UNIQUE REFERENCES permissions.permission ON DELETE CASCADE,
    announced_at timestamptz,
    by_email boolean,
    drawn_in smallint,
    outcome text CHECK (outcome IN ('carried_on', 'left_out')),
    UNIQUE (import_id, line),
    UNIQUE (party_id, reference_hash, service),
    CHECK ((announced_at IS NULL) = (row_sealed IS NOT NULL)),
    CHECK (permission_id IS NULL OR permission_id = row_id),
    CHECK (announced_at IS NULL OR permission_id IS NOT NULL OR outcome IS NOT DISTINCT FROM 'left_out')
);
CREATE INDEX ON permissions.mandate_import_row (import_id, line) WHERE announced_at IS NULL;
CREATE INDEX ON permissions.mandate_import_row (announced_at, row_id) WHERE outcome IS NULL;

GRANT SELECT, INSERT ON permissions.mandate_import, permissions.mandate_import_row TO databeheer_door;
GRANT UPDATE (round, seed_after, seed, seed_index, drawn_at, due_at, passed_at, held_at, held_reason, last_held_at,
    times_held)
    ON permissions.mandate_import TO databeheer_door;
GRANT UPDATE (row_sealed, permission_id, announced_at, by_email, drawn_in, outcome)
    ON permissions.mandate_import_row TO databeheer_door;
"""


def upgrade() -> None:
    op.execute(_SQL)
