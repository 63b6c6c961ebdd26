"""Representatives act for people: a session says for whom, a signature in whose name and by which appointment."""

from __future__ import annotations

from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

REPRESENTATIVES = """
ALTER TABLE identity.session ADD COLUMN representation_id uuid REFERENCES identity.representation;
GRANT UPDATE (representation_id) ON identity.session TO databeheer_door;

-- Who signs for somebody else may have to sign for himself too: one signature for each person who must.
ALTER TABLE permissions.signature
    ADD COLUMN for_person_id uuid REFERENCES identity.person,
    ADD COLUMN representation_id uuid REFERENCES identity.representation;
UPDATE permissions.signature SET for_person_id = person_id;
ALTER TABLE permissions.signature
    ALTER COLUMN for_person_id SET NOT NULL,
    DROP CONSTRAINT signature_pkey,
    ADD PRIMARY KEY (permission_id, for_person_id),
    ADD CHECK ((capacity = 'representative') = (representation_id IS NOT NULL)),
    ADD CHECK ((person_id = for_person_id) = (representation_id IS NULL));
CREATE INDEX ON permissions.signature (for_person_id);

ALTER TABLE permissions.event DROP CONSTRAINT event_by_check, ADD CONSTRAINT event_by_check CHECK (by IN
    ('grid_user', 'person_concerned', 'representative', 'applicant', 'party', 'operator', 'time', 'move'));
"""


def upgrade() -> None:
    op.execute(REPRESENTATIVES)
