"""What the facade's clients need: a switch for mandates that wait, and what a meter's values hang on at its point."""

from __future__ import annotations

from alembic import op

revision = "0051"
down_revision = "0050"
branch_labels = None
depends_on = None

_SQL = """
ALTER TABLE identity.client ADD COLUMN shows_undecided boolean NOT NULL DEFAULT false;
GRANT UPDATE (shows_undecided) ON identity.client TO databeheer_door;

-- Of a device that hangs at the point; of the head point itself, computed; or of a head point below it, by its number.
ALTER TABLE registry.meter
    ADD COLUMN place text NOT NULL DEFAULT 'meter'
        CHECK (place IN ('meter', 'headpoint', 'auxiliary', 'offtake', 'production')),
    ADD COLUMN sub_number smallint CHECK (sub_number BETWEEN 1 AND 999),
    ADD COLUMN sub_type text,
    ADD COLUMN sub_vreg_sealed bytea,
    ADD CONSTRAINT sub_has_number CHECK (
        (place IN ('meter', 'headpoint')) = (sub_number IS NULL) AND (sub_number IS NULL) = (sub_type IS NULL)
        AND (sub_number IS NOT NULL OR sub_vreg_sealed IS NULL));
CREATE UNIQUE INDEX sub_number_once ON registry.meter (access_point_id, sub_number)
    WHERE sub_number IS NOT NULL AND removed_on IS NULL;
GRANT UPDATE (place, sub_number, sub_type, sub_vreg_sealed) ON registry.meter TO databeheer_door;
"""


def upgrade() -> None:
    op.execute(_SQL)
