"""What outlasted its reason: counts of attempts, and of EAN codes told, go when their term is over; an
address that somebody gave for an enterprise goes with him, so who gave it stands beside it.
"""

from __future__ import annotations

from alembic import op

revision = "0087"
down_revision = "0084"
branch_labels = None
depends_on = None

ENDS = """
CREATE INDEX ON identity.link_attempts (last_at);
CREATE INDEX ON identity.ean_told (at);
GRANT DELETE ON identity.ean_told TO databeheer_door;
ALTER TABLE post.contact ADD COLUMN confirmed_by uuid REFERENCES identity.person;  -- none: before this was kept
"""


def upgrade() -> None:
    op.execute(ENDS)
