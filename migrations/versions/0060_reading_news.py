"""Which readings each party with a web hook was told of: up to which entry, and how far a look has come."""

from __future__ import annotations

from alembic import op

revision = "0060"
down_revision = "0059"
branch_labels = None
depends_on = None

NEWS = """
-- A batch is told of whose stored_index is at least told_to, and below told_until while a look is under way.
CREATE TABLE post.reading_news (
    party_id uuid PRIMARY KEY REFERENCES post.webhook ON DELETE CASCADE,
    told_to bigint NOT NULL,
    told_until bigint,
    told_after uuid,  -- the last permission that this look is done with
    looked_at timestamptz NOT NULL,
    CHECK (told_until IS NULL OR told_until > told_to),
    CHECK (told_after IS NULL OR told_until IS NOT NULL)
);
CREATE INDEX ON post.reading_news (looked_at);
CREATE INDEX ON post.message (at) WHERE kind = 'readings.arrived';
GRANT SELECT, INSERT, DELETE ON post.reading_news TO databeheer_door;
GRANT UPDATE (told_to, told_until, told_after, looked_at) ON post.reading_news TO databeheer_door;

-- Who has a web hook already is told of what comes from now on.
INSERT INTO post.reading_news (party_id, told_to, looked_at)
    SELECT w.party_id, (SELECT coalesce(max(index) + 1, 0) FROM ledger.entry), w.changed_at FROM post.webhook w;
"""


def upgrade() -> None:
    op.execute(NEWS)
