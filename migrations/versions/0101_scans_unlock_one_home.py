"""What the scan of a paper unlocks at the desk: what was named with it first, and nothing else (R92)."""

from __future__ import annotations

from alembic import op

revision = "0101"
down_revision = "0097"
branch_labels = None
depends_on = None

UNLOCKS = """
-- By a keyed hash of the EAN code and meter number that were typed: of neither is anything kept here.
CREATE TABLE staff.paper_unlock (
    document_sha256 bytea PRIMARY KEY REFERENCES staff.paper,
    operator smallint NOT NULL,
    named_hash bytea NOT NULL CHECK (octet_length(named_hash) = 32)
);
GRANT SELECT, INSERT ON staff.paper_unlock TO databeheer_door;
"""


def upgrade() -> None:
    op.execute(UNLOCKS)
