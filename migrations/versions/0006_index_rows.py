"""A statement's row says when, by whom and on which ground: own reads are found and paged without opening all.

Beside it stands the subject's half itself (salted, so it says nothing): a receipt of one subject of a bulk read
then needs nobody else's body opened, and none of a body that was erased. A body tells of how many access points
it is.
"""

from __future__ import annotations

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

# The rows that are there get their columns from the body of their entry; a half needs keys, and comes from the
# opened body where its column is empty.
INDEX_ROWS = """
ALTER TABLE ledger.body ADD COLUMN points integer NOT NULL DEFAULT 1 CHECK (points > 0);

ALTER TABLE ledger.statement
    ADD COLUMN day date,
    ADD COLUMN party_id uuid,
    ADD COLUMN ground text,
    ADD COLUMN event text,
    ADD COLUMN half bytea CHECK (length(half) = 32);
UPDATE ledger.statement s SET day = b.day, party_id = b.party_id, ground = b.ground, event = b.event
    FROM ledger.body b WHERE b.index = s.index AND b.month = s.month;
ALTER TABLE ledger.statement
    ALTER COLUMN day SET NOT NULL, ALTER COLUMN ground SET NOT NULL, ALTER COLUMN event SET NOT NULL;
CREATE INDEX ON ledger.statement (handle, index);
"""


def upgrade() -> None:
    op.execute(INDEX_ROWS)
