"""In which contact at the desk a step of a permission was entered, where it came on paper (R43)."""

from __future__ import annotations

from alembic import op

revision = "0095"
down_revision = "0094"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE permissions.event ADD COLUMN task text")
