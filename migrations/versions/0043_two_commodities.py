"""Electricity and gas, and nothing else, whoever writes the row (R177)."""

from __future__ import annotations

from alembic import op

revision = "0043"
down_revision = "0042"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "ALTER TABLE registry.access_point ADD CONSTRAINT commodity_is_ours"
        " CHECK (commodity IN ('electricity', 'gas')) NOT VALID"
    )
    op.execute("ALTER TABLE registry.access_point VALIDATE CONSTRAINT commodity_is_ours")
