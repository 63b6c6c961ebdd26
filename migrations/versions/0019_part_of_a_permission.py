"""Of a permission for past and future data, one part can be withdrawn or given up, and the other goes on (R31)."""

from __future__ import annotations

from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

PART = """
ALTER TABLE permissions.permission
    ADD COLUMN withdrawn_part text CHECK (withdrawn_part IN ('past', 'future')),
    ADD CHECK (withdrawn_part IS NULL OR split_at IS NOT NULL);
GRANT UPDATE (withdrawn_part) ON permissions.permission TO databeheer_door;
"""


def upgrade() -> None:
    op.execute(PART)
