"""What the regulator thinks of a record of necessity: every one that is taken waits for that, once.

And that it is public when a party's overview of processing was last seen.
"""

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

-- Where a party says itself what it does, and when somebody last saw that there, is public (R6).
GRANT SELECT ON registry.processing_overview TO databeheer_web;
"""


def upgrade() -> None:
    op.execute(_SQL)
