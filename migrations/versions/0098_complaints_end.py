"""A complaint that was closed long ago is forgotten: the door may take its row away (R137)."""

from __future__ import annotations

from alembic import op

revision = "0098"
down_revision = "0096"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("GRANT DELETE ON oversight.complaint TO databeheer_door")
