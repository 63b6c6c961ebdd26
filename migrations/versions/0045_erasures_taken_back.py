"""A customer takes a request to erase back, as long as nothing went; then it can be asked again."""

from __future__ import annotations

from alembic import op

revision = "0045"
down_revision = "0044"
branch_labels = None
depends_on = None

TAKEN_BACK = """
ALTER TABLE oversight.erasure
    ADD COLUMN withdrawn_at timestamptz,
    ADD COLUMN withdrawn_index bigint,
    DROP CONSTRAINT erasure_state_check,
    ADD CONSTRAINT erasure_state_check CHECK (state IN ('asked', 'refused', 'decided', 'executed', 'withdrawn')),
    ADD CONSTRAINT erasure_withdrawn_check CHECK (
        (state = 'withdrawn') = (withdrawn_at IS NOT NULL AND withdrawn_index IS NOT NULL)
        AND (state <> 'withdrawn' OR batch IS NULL AND asked_at IS NOT NULL));
DROP INDEX oversight.erasure_data_class_coalesce_idx;
CREATE UNIQUE INDEX erasure_standing ON oversight.erasure (data_class, coalesce(occupancy_id, person_id))
    WHERE state NOT IN ('refused', 'withdrawn');
GRANT UPDATE (withdrawn_at, withdrawn_index) ON oversight.erasure TO databeheer_door;
"""


def upgrade() -> None:
    op.execute(TAKEN_BACK)
