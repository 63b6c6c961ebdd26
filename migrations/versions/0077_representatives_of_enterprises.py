"""Who acts for an enterprise: a representation too, which each log-in that names the enterprise puts off."""

from __future__ import annotations

from alembic import op

revision = "0077"
down_revision = "0076"
branch_labels = None
depends_on = None

ENTERPRISES = """
ALTER TABLE identity.representation
    DROP CONSTRAINT representation_kind_check,
    ADD CONSTRAINT representation_kind_check CHECK (kind IN ('court', 'attorney', 'enterprise'));
CREATE UNIQUE INDEX ON identity.representation (person_id, representative_id) WHERE kind = 'enterprise';
"""


def upgrade() -> None:
    op.execute(ENTERPRISES)
