"""Requests of people about their own data: to put something right, to object, to get a copy on paper."""

from __future__ import annotations

from alembic import op

revision = "0070"
down_revision = "0066"
branch_labels = None
depends_on = None

REQUESTS = """
CREATE TABLE oversight.right_request (
    request_id uuid PRIMARY KEY,
    operator smallint NOT NULL REFERENCES registry.operator,
    person_id uuid NOT NULL REFERENCES identity.person,
    occupancy_id uuid REFERENCES registry.occupancy,
    kind text NOT NULL CHECK (kind IN ('rectification', 'objection', 'copy')),
    fact text CHECK (fact IN ('name', 'address', 'stay', 'meter', 'readings', 'permission', 'other')),
    basis text,  -- of the catalogue of legal bases
    channel text NOT NULL CHECK (channel IN ('portal', 'paper')),
    document_sha256 bytea CHECK (length(document_sha256) = 32),
    words_sealed bytea,
    received_at timestamptz NOT NULL,
    asked_at timestamptz NOT NULL,
    asked_index bigint NOT NULL,  -- the ledger's entry
    extended_at timestamptz,
    extended_index bigint,
    extension_sealed bytea,
    state text NOT NULL CHECK (state IN ('asked', 'accepted', 'refused', 'withdrawn')),
    decided_at timestamptz,
    decided_by text NOT NULL DEFAULT '',
    decided_index bigint,
    answer_sealed bytea,
    withdrawn_at timestamptz,
    withdrawn_index bigint,
    CHECK ((kind = 'rectification') = (fact IS NOT NULL)),
    CHECK ((kind = 'objection') = (basis IS NOT NULL)),
    CHECK (kind <> 'objection' OR occupancy_id IS NOT NULL),
    CHECK (channel = 'paper' OR document_sha256 IS NULL),
    CHECK (received_at <= asked_at),
    CHECK ((extended_at IS NULL) = (extended_index IS NULL)),
    CHECK ((decided_at IS NULL) = (decided_index IS NULL)),
    CHECK (state NOT IN ('accepted', 'refused') OR decided_at IS NOT NULL),
    CHECK ((state = 'withdrawn') = (withdrawn_at IS NOT NULL AND withdrawn_index IS NOT NULL))
);
CREATE INDEX ON oversight.right_request (person_id);
CREATE INDEX ON oversight.right_request (received_at) WHERE state = 'asked';
-- What a decision looks up: which bases somebody's objection stopped, at which stay.
CREATE INDEX ON oversight.right_request (occupancy_id) WHERE kind = 'objection' AND state = 'accepted';

GRANT SELECT, INSERT ON oversight.right_request TO databeheer_door;
GRANT UPDATE (extended_at, extended_index, extension_sealed, state, decided_at, decided_by, decided_index,
    answer_sealed, withdrawn_at, withdrawn_index) ON oversight.right_request TO databeheer_door;
"""


def upgrade() -> None:
    op.execute(REQUESTS)
