"""The join gate: which list was adopted, and each attempt, counted per party.

The door alone writes both; nobody changes a row.
"""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

JOINS = """
-- The newest list that was in force. An older one, or another of the same version, stops every join.
CREATE TABLE joins.list (
    version bigint PRIMARY KEY,
    sha256 bytea NOT NULL CHECK (length(sha256) = 32),
    adopted_index bigint NOT NULL UNIQUE,
    adopted_at timestamptz NOT NULL
);

-- One row an attempt that was recorded, run or refused: an open gate would be an enumeration oracle, so it is
-- rate-limited per party.
CREATE TABLE joins.attempt (
    attempt_no bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    operator smallint NOT NULL REFERENCES registry.operator,
    party_id uuid NOT NULL REFERENCES registry.party,
    reason text NOT NULL,  -- empty: it ran
    index bigint NOT NULL UNIQUE,
    at timestamptz NOT NULL
);
CREATE INDEX ON joins.attempt (party_id, at);

GRANT SELECT, INSERT ON joins.list, joins.attempt TO databeheer_door;
GRANT SELECT ON joins.list, joins.attempt TO databeheer_auditor;
"""


def upgrade() -> None:
    op.execute(JOINS)
