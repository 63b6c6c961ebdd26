"""A suspension ends the permissions of its party: each from that moment on, by the clock (R13)."""

from __future__ import annotations

from alembic import op

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None

CLOSES = """
ALTER TABLE permissions.permission ADD COLUMN closes_at timestamptz;  -- its party was suspended then
CREATE INDEX ON permissions.permission (closes_at) WHERE state IN ('active', 'to_be_renewed', 'blocked');
GRANT UPDATE (closes_at) ON permissions.permission TO databeheer_door;
"""


def upgrade() -> None:
    op.execute(CLOSES)
