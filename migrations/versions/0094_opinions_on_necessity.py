"""What the regulator thinks of a record of necessity: every one that is taken waits for that, once."""

from __future__ import annotations

from alembic import op

revision = "0094"
down_revision = "0093"
branch_labels = None
depends_on = None

_SQL = """
CREATE TABLE joins.necessity_opinion (
    necessity_id uuid PRIMARY KEY REFERENCES joins.necessity,
    verdict text NOT NULL CHECK (verdict IN ('accepts', 'objects')),
    given_by text NOT NULL,
    words_sealed bytea NOT NULL,
    given_at timestamptz NOT NULL,
    given_index bigint NOT NULL
);
GRANT SELECT, INSERT ON joins.necessity_opinion TO databeheer_door;
"""


def upgrade() -> None:
    op.execute(_SQL)
