"""What is kept of a piece of a job changes once something of it was withheld when it was fetched."""

from __future__ import annotations

from alembic import op

revision = "0062"
down_revision = "0061"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Let the door write it."""
    op.execute("GRANT UPDATE (outcome_sealed) ON jobs.piece TO databeheer_door")
