"""The registers of the house's duties: records, and their versions, of which what they say is sealed.

A version is never changed: it counts, or waits for a second person who approves or refuses it. Only the door reaches
them; whoever looks, asks the door.
"""

from __future__ import annotations

from alembic import op

revision = "0085"
down_revision = "0087"
branch_labels = None
depends_on = None

_SQL = """
CREATE SCHEMA governance;
GRANT USAGE ON SCHEMA governance TO databeheer_door;

CREATE TABLE governance.record (
    record_id uuid PRIMARY KEY,
    register text NOT NULL CHECK (register ~ '^[a-z][a-z0-9_]{1,39}$'),
    number integer NOT NULL CHECK (number > 0),
    party_id uuid REFERENCES registry.party,
    within uuid REFERENCES governance.record,
    opened_at timestamptz NOT NULL,
    outcome text,
    closed_sealed bytea,
    closed_at timestamptz,
    closed_index bigint,
    UNIQUE (register, number),
    CHECK ((outcome IS NULL) = (closed_at IS NULL)),
    CHECK ((outcome IS NULL) = (closed_sealed IS NULL)),
    CHECK ((outcome IS NULL) = (closed_index IS NULL))
);
CREATE INDEX ON governance.record (within) WHERE within IS NOT NULL;
CREATE INDEX ON governance.record (party_id) WHERE party_id IS NOT NULL;

CREATE TABLE governance.version (
    record_id uuid NOT NULL REFERENCES governance.record,
    version smallint NOT NULL CHECK (version > 0),
    said_sealed bytea NOT NULL,
    sha256 bytea NOT NULL CHECK (length(sha256) = 32),
    written_at timestamptz NOT NULL,
    written_index bigint NOT NULL,
    outcome text CHECK (outcome IN ('approved', 'refused')),  -- null: it waits for a second person
    decided_sealed bytea,
    decided_at timestamptz,
    decided_index bigint,
    PRIMARY KEY (record_id, version),
    CHECK ((decided_at IS NULL) = (decided_sealed IS NULL)),
    CHECK ((decided_at IS NULL) = (decided_index IS NULL)),
    CHECK (decided_at IS NULL OR outcome IS NOT NULL)
);
CREATE UNIQUE INDEX one_version_waits ON governance.version (record_id) WHERE outcome IS NULL;
CREATE INDEX ON governance.version (written_at);

GRANT SELECT, INSERT ON governance.record, governance.version TO databeheer_door;
GRANT UPDATE (outcome, closed_sealed, closed_at, closed_index) ON governance.record TO databeheer_door;
GRANT UPDATE (outcome, decided_sealed, decided_at, decided_index) ON governance.version TO databeheer_door;
"""


def upgrade() -> None:
    op.execute(_SQL)
