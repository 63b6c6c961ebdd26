"""Joins that two people of the house signed for: whose keys count, which records were taken, what has ended."""

from __future__ import annotations

from alembic import op

revision = "0057"
down_revision = "0056"
branch_labels = None
depends_on = None

_SQL = """
-- A key of somebody of the house. What it is, and whose, is sealed: a row that the door did not write does not open.
CREATE TABLE joins.signer (
    signer_id uuid PRIMARY KEY,  -- of the public key
    asked_sealed bytea NOT NULL,
    asked_at timestamptz NOT NULL,
    asked_index bigint NOT NULL UNIQUE,
    approved_sealed bytea,  -- null: nobody else has approved it yet
    approved_at timestamptz,
    approved_index bigint UNIQUE,
    CONSTRAINT approved_whole CHECK (
        (approved_sealed IS NULL) = (approved_at IS NULL) AND (approved_at IS NULL) = (approved_index IS NULL))
);

CREATE TABLE joins.necessity (
    necessity_id uuid PRIMARY KEY,  -- of the number, which is never given twice
    content bytea NOT NULL CHECK (length(content) <= 16384),
    note bytea NOT NULL CHECK (length(note) <= 16384),
    taken_at timestamptz NOT NULL,
    taken_index bigint NOT NULL UNIQUE
);

-- Signers and records that ended, of a restored database also those that it does not know (any more).
CREATE TABLE joins.ended (
    id uuid PRIMARY KEY,
    ended_at timestamptz NOT NULL,
    ended_index bigint NOT NULL UNIQUE
);

GRANT SELECT, INSERT ON joins.signer, joins.necessity, joins.ended TO databeheer_door;
GRANT UPDATE (approved_sealed, approved_at, approved_index) ON joins.signer TO databeheer_door;
GRANT SELECT ON joins.necessity, joins.ended TO databeheer_auditor;
"""


def upgrade() -> None:
    op.execute(_SQL)
