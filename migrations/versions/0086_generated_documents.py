"""Documents that the house makes of what it knows; and where people and the authority reach a party, to be published.

A document is a version of its kind, never changed; its content is sealed, its hash in the ledger.
"""

from __future__ import annotations

from alembic import op

revision = "0086"
down_revision = "0090"
branch_labels = None
depends_on = None

_SQL = """
CREATE TABLE governance.document (
    document_id uuid PRIMARY KEY,
    kind text NOT NULL CHECK (kind ~ '^[a-z_]{3,40}$'),
    version integer NOT NULL CHECK (version > 0),
    first_day date NOT NULL,
    last_day date NOT NULL CHECK (last_day >= first_day),
    content_sealed bytea NOT NULL,
    sha256 bytea NOT NULL CHECK (length(sha256) = 32),
    made_at timestamptz NOT NULL,
    made_index bigint NOT NULL,
    UNIQUE (kind, version)
);
GRANT SELECT, INSERT ON governance.document TO databeheer_door;

-- As the register of contact points has it: anybody may know (R139).
ALTER TABLE registry.party ADD COLUMN contact_people text, ADD COLUMN contact_authority text;
GRANT UPDATE (contact_people, contact_authority) ON registry.party TO databeheer_door;
"""


def upgrade() -> None:
    op.execute(_SQL)
