"""One request may be granted for several access points: one permission for each, beside the first."""

from __future__ import annotations

from alembic import op

revision = "0053"
down_revision = "0052"
branch_labels = None
depends_on = None

_SQL = """
ALTER TABLE permissions.permission
    ADD COLUMN up_to smallint NOT NULL DEFAULT 1 CHECK (up_to BETWEEN 1 AND 100),
    ADD COLUMN beside uuid REFERENCES permissions.permission,
    ADD CHECK (beside IS NULL OR renews IS NULL AND up_to = 1);
CREATE INDEX ON permissions.permission (beside) WHERE beside IS NOT NULL;
DROP INDEX permissions.permission_party_id_reference_hash_service_idx;
CREATE UNIQUE INDEX ON permissions.permission (party_id, reference_hash, service)
    WHERE renews IS NULL AND beside IS NULL;
"""


def upgrade() -> None:
    op.execute(_SQL)
