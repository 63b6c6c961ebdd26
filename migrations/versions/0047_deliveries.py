"""Deliveries to suppliers: of a month and a year together, of each contract that ended by itself (R69, R71)."""

from __future__ import annotations

from alembic import op

revision = "0047"
down_revision = "0046"
branch_labels = None
depends_on = None

DELIVERIES = """
CREATE TABLE registry.supply_delivery (
    delivery_id uuid PRIMARY KEY,
    operator smallint NOT NULL REFERENCES registry.operator,
    party_id uuid NOT NULL REFERENCES registry.party,
    supply_contract_id uuid REFERENCES registry.supply_contract,
    kind text NOT NULL CHECK (kind IN ('month', 'year', 'final')),
    first_day date NOT NULL,
    until_day date NOT NULL CHECK (until_day > first_day),
    begun_at timestamptz NOT NULL,
    looked_at timestamptz,
    contracts integer CHECK (contracts >= 0),
    lacking integer CHECK (lacking BETWEEN 0 AND contracts),
    ready_at timestamptz,
    ready_index bigint,
    CHECK ((kind = 'final') = (supply_contract_id IS NOT NULL)),
    CHECK ((ready_at IS NULL) = (ready_index IS NULL))
);
CREATE UNIQUE INDEX ON registry.supply_delivery (party_id, kind, first_day) WHERE supply_contract_id IS NULL;
CREATE UNIQUE INDEX ON registry.supply_delivery (supply_contract_id, until_day) WHERE supply_contract_id IS NOT NULL;
CREATE INDEX ON registry.supply_delivery (until_day) WHERE ready_at IS NULL;
CREATE INDEX ON registry.supply_delivery (party_id, until_day);
CREATE INDEX ON registry.supply_contract (until_day);
GRANT SELECT, INSERT, DELETE ON registry.supply_delivery TO databeheer_door;
GRANT UPDATE (looked_at, contracts, lacking, ready_at, ready_index) ON registry.supply_delivery TO databeheer_door;
"""


def upgrade() -> None:
    op.execute(DELIVERIES)
