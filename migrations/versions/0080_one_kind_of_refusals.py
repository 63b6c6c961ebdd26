"""Refusals of a read and of a join are one kind of own lines, and are found by one index."""

from __future__ import annotations

from alembic import op

revision = "0080"
down_revision = "0077"
branch_labels = None
depends_on = None

# The index of 0076 has no name of its own.
WITHOUT_JOINS = """
DO $$
DECLARE
    found regclass;
BEGIN
    SELECT indexrelid::regclass INTO STRICT found FROM pg_index
    WHERE indrelid = 'ledger.statement'::regclass
        AND pg_get_expr(indpred, indrelid) = '(event = ''data.refused''::text)';
    EXECUTE 'DROP INDEX ' || found;
END
$$;
"""
WITH_JOINS = (
    "CREATE INDEX ON ledger.statement (handle, index) WHERE event IN ('data.refused', 'join.refused')"
)


def upgrade() -> None:
    op.execute(WITHOUT_JOINS)
    op.execute(WITH_JOINS)
