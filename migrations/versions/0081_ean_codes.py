"""An EAN code goes to a mobile telephone or by letter to the home, never to a screen (R84).

How often one home was told stands beside it: who has the numbers of a home cannot have a telephone flooded.
"""

from __future__ import annotations

from alembic import op

revision = "0081"
down_revision = "0078"
branch_labels = None
depends_on = None

_SQL = """
ALTER TABLE post.delivery
    DROP CONSTRAINT delivery_channel_check,
    ADD CONSTRAINT delivery_channel_check CHECK (channel IN ('email', 'webhook', 'letter', 'sms'));
ALTER TABLE post.letter
    DROP CONSTRAINT letter_what_check,
    ADD CONSTRAINT letter_what_check
        CHECK (what IN ('code', 'goodbye', 'approval', 'supplier', 'link', 'ean', 'ean_sms')),
    DROP CONSTRAINT letter_home_check,
    ADD CONSTRAINT letter_home_check CHECK ((what IN ('supplier', 'ean')) = (occupancy_id IS NOT NULL)),
    DROP CONSTRAINT letter_opened_check,
    ADD CONSTRAINT letter_opened_check CHECK (opened_at IS NULL OR occupancy_id IS NOT NULL);
DROP INDEX post.letter_occupancy_id_idx;
CREATE UNIQUE INDEX ON post.letter (occupancy_id, what) WHERE occupancy_id IS NOT NULL;  -- one of a kind waits

CREATE TABLE identity.ean_told (
    told_id uuid PRIMARY KEY,
    operator smallint NOT NULL REFERENCES registry.operator,
    occupancy_id uuid NOT NULL REFERENCES registry.occupancy,
    channel text NOT NULL CHECK (channel IN ('sms', 'letter')),
    at timestamptz NOT NULL
);
CREATE INDEX ON identity.ean_told (occupancy_id, at);
GRANT SELECT, INSERT ON identity.ean_told TO databeheer_door;
"""


def upgrade() -> None:
    op.execute(_SQL)
