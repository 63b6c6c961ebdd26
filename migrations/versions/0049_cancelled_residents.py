"""A resident who was entered by mistake, or whose coming was called off, holds no day: such a stretch is empty."""

from __future__ import annotations

from alembic import op

revision = "0049"
down_revision = "0048"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "ALTER TABLE registry.person_concerned DROP CONSTRAINT person_concerned_check,"
        " ADD CONSTRAINT person_concerned_check CHECK (until_day IS NULL OR from_day <= until_day)"
    )
