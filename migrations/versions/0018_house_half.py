"""Of a read in bulk the house has a half of its own: how many of which outcome, which only an auditor may open.

It stands in clear: the same can be counted from the columns of statements. The entry commits to it.
"""

from __future__ import annotations

from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE ledger.body ADD COLUMN house_half jsonb")
