"""What was missed and is not in the ledger yet is found without looking at what was kept, however much that is."""

from __future__ import annotations

from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

INDEX = """
DROP INDEX clocks.clock_due_at_clock_no_idx1;
CREATE INDEX clock_unrecorded ON clocks.clock (due_at, clock_no)
    WHERE missed_index IS NULL AND due_at <= coalesce(met_at, dropped_at, 'infinity'::timestamptz);
"""


def upgrade() -> None:
    op.execute(INDEX)
