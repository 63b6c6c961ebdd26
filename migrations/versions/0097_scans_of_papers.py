"""Which paper a scan is of: entered in one contact at the desk, and in no other."""

from __future__ import annotations

from alembic import op

revision = "0097"
down_revision = "0099"
branch_labels = None
depends_on = None

PAPERS = """
-- One paper is of one contact, in which it may stand for all that it asks (R43).
CREATE TABLE staff.paper (
    document_sha256 bytea PRIMARY KEY CHECK (octet_length(document_sha256) = 32),
    case_id uuid NOT NULL REFERENCES staff.contact,
    operator smallint NOT NULL,
    entered_at timestamptz NOT NULL
);
GRANT SELECT, INSERT ON staff.paper TO databeheer_door;
"""


def upgrade() -> None:
    op.execute(PAPERS)
