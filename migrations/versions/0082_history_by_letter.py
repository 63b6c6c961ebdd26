"""A history goes on the way that the meter has: the portal, the website, or a letter to the home (R90)."""

from __future__ import annotations

from alembic import op

revision = "0082"
down_revision = "0081"
branch_labels = None
depends_on = None

_SQL = """
ALTER TABLE registry.meter
    ADD COLUMN is_remotely_read boolean,  -- of one that is not digital; null: nobody has said
    ADD CONSTRAINT meter_remote_check CHECK (is_remotely_read IS NOT TRUE OR is_digital IS NOT TRUE);
GRANT UPDATE (is_remotely_read) ON registry.meter TO databeheer_door;
ALTER TABLE post.letter
    DROP CONSTRAINT letter_what_check,
    ADD CONSTRAINT letter_what_check
        CHECK (what IN ('code', 'goodbye', 'approval', 'supplier', 'link', 'ean', 'ean_sms', 'history')),
    DROP CONSTRAINT letter_home_check,
    ADD CONSTRAINT letter_home_check CHECK ((what IN ('supplier', 'ean', 'history')) = (occupancy_id IS NOT NULL));
"""


def upgrade() -> None:
    op.execute(_SQL)
