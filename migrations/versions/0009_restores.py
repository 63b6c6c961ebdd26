"""What a restored backup lost: which entries came back without their bodies, and whether that is reconciled.

Until it is, no consent gives access: a withdrawal may be among what was lost. `lapsed` is the state of a consent
of which nobody knows any more whether it was withdrawn.
"""

from __future__ import annotations

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

RESTORES = """
CREATE TABLE oversight.gap (
    gap_no bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    first bigint NOT NULL CHECK (first >= 0),  -- entries [first, until) are in the ledger, and their bodies nowhere
    until bigint NOT NULL,
    found_by text NOT NULL CHECK (found_by IN ('restore', 'door')),
    found_at timestamptz NOT NULL,
    -- whether the door's journal of ends reaches over all of it; null: no door has looked yet
    journal_reaches boolean,
    reconciled_index bigint UNIQUE,  -- the entry that closed it
    CHECK (first <= until)  -- equal: only entries that were never published are gone
);

-- Entries below were looked at by a door: those without a body stand in oversight.gap. Append-only; the largest counts.
CREATE TABLE oversight.looked_at (
    size bigint PRIMARY KEY,
    at timestamptz NOT NULL
);

-- A lost body that somebody still had, as an opening of its entry, sealed under the house's key.
CREATE TABLE oversight.evidence (
    index bigint PRIMARY KEY,
    opening_sealed bytea NOT NULL,
    recorded_index bigint NOT NULL
);

GRANT SELECT, INSERT ON oversight.gap, oversight.looked_at, oversight.evidence TO databeheer_door;
GRANT UPDATE (journal_reaches, reconciled_index) ON oversight.gap TO databeheer_door;
GRANT SELECT ON oversight.gap TO databeheer_auditor;

ALTER TABLE permissions.permission
    DROP CONSTRAINT permission_state_check,
    ADD CONSTRAINT permission_state_check CHECK (state IN
        ('requested', 'rejected', 'timed_out', 'active', 'revoked', 'expired', 'terminated', 'invalidated', 'lapsed'));
"""


def upgrade() -> None:
    op.execute(RESTORES)
