"""Idempotency keys: a party's command that is repeated after a lost answer is one command."""

from __future__ import annotations

from alembic import op

from ledger.idempotency import SCHEMA

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(SCHEMA)
    op.execute("GRANT SELECT, INSERT, DELETE ON ledger.idempotency TO databeheer_door")
