"""A party deletes within whole Brussels days after the day of the end, as the clocks' catalogue says (R32)."""

from __future__ import annotations

from alembic import op

revision = "0044"
down_revision = "0043"
branch_labels = None
depends_on = None

# Of those that run: one that was missed says in the ledger when it was due.
WHOLE_DAYS = """
UPDATE clocks.clock c SET due_at = (date_trunc('day', c.started_at AT TIME ZONE 'Europe/Brussels')
        + make_interval(days => p.deletion_days + 1)) AT TIME ZONE 'Europe/Brussels'
    FROM permissions.permission p WHERE c.kind = 'deletion_confirmation' AND c.about = p.permission_id
    AND c.met_at IS NULL AND c.dropped_at IS NULL AND c.missed_index IS NULL;
"""


def upgrade() -> None:
    op.execute(WHOLE_DAYS)
