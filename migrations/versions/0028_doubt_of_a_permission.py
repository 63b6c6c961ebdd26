"""A case of doubt is about one permission; a restored one waits for people; what of a case its party is not told."""

from __future__ import annotations

from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

CASES = """
-- Each permission in doubt has a case, hours and a verdict of its own; the block is the party's at that stay.
DROP INDEX doubt.doubt_case_party_id_occupancy_id_idx;
CREATE UNIQUE INDEX ON doubt.doubt_case (party_id, occupancy_id, permission_id) WHERE closed_at IS NULL;
CREATE INDEX ON doubt.doubt_case (party_id, occupancy_id) WHERE state = 'lifted';
CREATE INDEX ON doubt.doubt_case ((closed_at IS NOT NULL), opened_at DESC, case_id);

-- 'restored': a backup brought it back; whether its hours were answered, people find out.
ALTER TABLE doubt.doubt_case DROP CONSTRAINT doubt_case_state_check;
ALTER TABLE doubt.doubt_case ADD CONSTRAINT doubt_case_state_check CHECK (state IN
    ('open', 'contacted', 'shown', 'accepted', 'restored', 'lifted', 'retracted', 'unproven'));

-- False: the party's list of what happened does not have it.
ALTER TABLE doubt.event ADD COLUMN for_party boolean NOT NULL DEFAULT true;
UPDATE doubt.event SET for_party = false WHERE event = 'doubt.breach_decided';
"""


def upgrade() -> None:
    op.execute(CASES)
