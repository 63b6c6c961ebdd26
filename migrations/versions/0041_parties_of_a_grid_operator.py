"""Only a grid operator, and who does its data management, carries a grid operator's number.

Its web hooks get what the data manager is told; a supplier that was entered with the number got them too.
"""

from __future__ import annotations

from alembic import op

revision = "0041"
down_revision = "0040"
branch_labels = None
depends_on = None

RULE = """
UPDATE registry.party SET operator = NULL WHERE operator IS NOT NULL AND role NOT IN ('dso', 'data_manager');
ALTER TABLE registry.party ADD CONSTRAINT party_of_a_grid_operator
    CHECK (operator IS NULL OR role IN ('dso', 'data_manager'));
"""


def upgrade() -> None:
    op.execute(RULE)
