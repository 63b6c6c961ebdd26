"""The desk ends a right to act for an enterprise at once, and the next log-in does not stretch it over that again."""

from __future__ import annotations

from alembic import op

revision = "0083"
down_revision = "0082"
branch_labels = None
depends_on = None

AN_END_THAT_STAYS = """
ALTER TABLE identity.representation
    DROP CONSTRAINT representation_check2,
    ADD CONSTRAINT representation_ends_at_once CHECK (kind <> 'court' OR (decides AND ended_at IS NULL));
DROP INDEX identity.representation_person_id_representative_id_idx;
CREATE UNIQUE INDEX ON identity.representation (person_id, representative_id, from_day) WHERE kind = 'enterprise';
"""


def upgrade() -> None:
    op.execute(AN_END_THAT_STAYS)
