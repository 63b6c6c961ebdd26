"""A session that nobody uses ends before its hour; a permission that its customer began himself says so."""

from __future__ import annotations

from alembic import op

revision = "0072"
down_revision = "0065"
branch_labels = None
depends_on = None

_SQL = """
-- The door puts the end of a session off with each page, once a minute at most.
GRANT UPDATE (expires_at) ON identity.session TO databeheer_door;

-- No party asked: the customer chose it, and what it may have. Until all have granted it, it is not its party's to see,
-- as what goes beside another permission: it would tell that more than one must sign (R98).
ALTER TABLE permissions.permission ADD COLUMN is_chosen boolean NOT NULL DEFAULT false;
DROP POLICY own ON permissions.permission;
CREATE POLICY own ON permissions.permission FOR SELECT TO databeheer_web
    USING (person_id = identity.context_person()
        OR party_id = identity.context_party() AND (renews IS NULL AND beside IS NULL AND NOT is_chosen
            OR renewal_asked OR occupancy_id IS NOT NULL));
"""


def upgrade() -> None:
    op.execute(_SQL)
