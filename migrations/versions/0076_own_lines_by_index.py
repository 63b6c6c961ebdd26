"""Own lines are found by an index whatever they are narrowed to: those of one party, refusals, all that is no read.

The two smaller indexes leave the reads out: those are nearly all rows.
"""

from __future__ import annotations

from alembic import op

revision = "0076"
down_revision = "0074"
branch_labels = None
depends_on = None

INDEXES = """
CREATE INDEX ON ledger.statement (handle, party_id, index);
CREATE INDEX ON ledger.statement (handle, index) WHERE event = 'data.refused';
CREATE INDEX ON ledger.statement (handle, index) WHERE event NOT IN ('data.read', 'data.refused');
"""


def upgrade() -> None:
    op.execute(INDEXES)
