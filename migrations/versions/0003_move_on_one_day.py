"""Out and in on one day: the vacancy in between has no day, and stays as the record that there was one."""

from __future__ import annotations

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "ALTER TABLE registry.occupancy DROP CONSTRAINT occupancy_check,"
        " ADD CONSTRAINT occupancy_check CHECK (until_day IS NULL OR from_day < until_day"
        " OR person_id IS NULL AND from_day = until_day)"
    )
