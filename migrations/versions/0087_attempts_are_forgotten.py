"""Attempts in vain, and how often an EAN code was told, go when their term is over; both are found by their time."""

from __future__ import annotations

from alembic import op

revision = "0087"
down_revision = "0083"
branch_labels = None
depends_on = None

TERMS_END = """
CREATE INDEX ON identity.link_attempts (last_at);
CREATE INDEX ON identity.ean_told (at);
GRANT DELETE ON identity.ean_told TO databeheer_door;
"""


def upgrade() -> None:
    op.execute(TERMS_END)
