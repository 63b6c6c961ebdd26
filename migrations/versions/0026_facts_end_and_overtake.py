"""What was entered by mistake, or planned and called off, ends on its first day: it holds no day, and stays on record.

A supply contract keeps which one it took the place of, and until when that one would have run: a switch that is called
off gives it its days back.

What overtakes a DPIA is a fact of its own, whether or not the party has one at that time: one that is filed later, of
an earlier date, does not count.
"""

from __future__ import annotations

from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

UNDONE = """
ALTER TABLE registry.occupancy DROP CONSTRAINT occupancy_check,
    ADD CONSTRAINT occupancy_check CHECK (until_day IS NULL OR from_day <= until_day);
ALTER TABLE registry.supply_contract DROP CONSTRAINT supply_contract_check,
    ADD CONSTRAINT supply_contract_check CHECK (until_day IS NULL OR from_day <= until_day),
    ADD COLUMN replaces uuid REFERENCES registry.supply_contract,
    ADD COLUMN replaced_until date,
    ADD CHECK (replaces IS NOT NULL OR replaced_until IS NULL);
"""

OVERTAKEN = """
CREATE TABLE registry.dpia_trigger (
    trigger_id uuid PRIMARY KEY,
    party_id uuid NOT NULL REFERENCES registry.party,
    trigger text NOT NULL CHECK (trigger IN
        ('use_changed', 'new_categories', 'unforeseen_breach', 'organisation_changed')),
    at timestamptz NOT NULL
);
CREATE INDEX ON registry.dpia_trigger (party_id);
INSERT INTO registry.dpia_trigger (trigger_id, party_id, trigger, at)
    SELECT gen_random_uuid(), party_id, stale_by, stale_at FROM registry.dpia WHERE stale_at IS NOT NULL
    GROUP BY party_id, stale_by, stale_at;
ALTER TABLE registry.dpia DROP COLUMN stale_at, DROP COLUMN stale_by;
GRANT SELECT, INSERT ON registry.dpia_trigger TO databeheer_door;
GRANT SELECT ON registry.dpia_trigger TO databeheer_auditor;
"""


def upgrade() -> None:
    op.execute(UNDONE)
    op.execute(OVERTAKEN)
