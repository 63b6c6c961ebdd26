"""Powers of attorney that a customer gives: for which stays, to look or to decide too, until when; and invitations.

A power is a representation, as an appointment by a court is, so that each command asks one place who acts for whom.
"""

from __future__ import annotations

from alembic import op

revision = "0074"
down_revision = "0072"
branch_labels = None
depends_on = None

POWERS = """
ALTER TABLE identity.representation
    ADD COLUMN kind text NOT NULL DEFAULT 'court' CHECK (kind IN ('court', 'attorney')),
    ADD COLUMN decides boolean NOT NULL DEFAULT true,  -- whether he decides in that name, or looks only
    ADD COLUMN ended_at timestamptz,  -- a power ends at once; an office at the beginning of a day
    ADD CHECK (kind = 'attorney' OR (decides AND ended_at IS NULL)),
    ADD CHECK (kind = 'court' OR until_day IS NOT NULL);
GRANT UPDATE (ended_at) ON identity.representation TO databeheer_door;

-- Which stays a power is for; a court's appointment is for all, and has none here.
CREATE TABLE identity.representation_stay (
    representation_id uuid NOT NULL REFERENCES identity.representation,
    occupancy_id uuid NOT NULL REFERENCES registry.occupancy,
    PRIMARY KEY (representation_id, occupancy_id)
);
GRANT SELECT, INSERT ON identity.representation_stay TO databeheer_door;

-- An invitation to whoever logs in under this name and brings the code. The code itself is nowhere: it follows from
-- the invitation's name under a key of the house, for the giver alone to see again.
CREATE TABLE identity.attorney_invitation (
    invitation_id uuid PRIMARY KEY,
    person_id uuid NOT NULL REFERENCES identity.person,
    name_sealed bytea,  -- until it is over
    code_hash bytea NOT NULL UNIQUE CHECK (length(code_hash) = 32),  -- keyed
    stays uuid[] NOT NULL CHECK (cardinality(stays) > 0),
    decides boolean NOT NULL,
    until_day date NOT NULL,
    invited_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    invited_index bigint NOT NULL,  -- the ledger's entry
    ended_at timestamptz,
    representation_id uuid REFERENCES identity.representation,  -- what came of it
    CHECK (representation_id IS NULL OR ended_at IS NOT NULL),
    CHECK (ended_at IS NOT NULL OR name_sealed IS NOT NULL)
);
CREATE INDEX ON identity.attorney_invitation (person_id) WHERE ended_at IS NULL;
GRANT SELECT, INSERT ON identity.attorney_invitation TO databeheer_door;
GRANT UPDATE (ended_at, representation_id, name_sealed) ON identity.attorney_invitation TO databeheer_door;
"""


def upgrade() -> None:
    op.execute(POWERS)
