"""A client's secret can be replaced: by the door, for who has the operator's key."""

from __future__ import annotations

from alembic import op

revision = "0042"
down_revision = "0041"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("GRANT UPDATE (secret_hash) ON identity.client TO databeheer_door")
