"""A party asks for the renewal of a permission: such a renewal is its own to see, unlike one that a customer began."""

from __future__ import annotations

from alembic import op

revision = "0065"
down_revision = "0068"
branch_labels = None
depends_on = None

RENEWALS = """
ALTER TABLE permissions.permission ADD COLUMN renewal_asked boolean NOT NULL DEFAULT false;

-- A renewal that its party did not ask, and that was not granted (yet), is not its party's to see (R98).
DROP POLICY own ON permissions.permission;
CREATE POLICY own ON permissions.permission FOR SELECT TO databeheer_web
    USING (person_id = identity.context_person()
        OR party_id = identity.context_party() AND (renews IS NULL OR renewal_asked OR occupancy_id IS NOT NULL));
"""


def upgrade() -> None:
    op.execute(RENEWALS)
