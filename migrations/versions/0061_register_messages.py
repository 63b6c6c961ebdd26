"""Messages to the access register: which were taken, under which number of their sender.

A switch that is told late takes its place between those before and after it, so what a contract took the place of can
change.
"""

from __future__ import annotations

from alembic import op

revision = "0061"
down_revision = "0060"
branch_labels = None
depends_on = None

_SQL = """
CREATE TABLE registry.register_message (
    message_id uuid PRIMARY KEY,
    message_no bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    operator smallint NOT NULL REFERENCES registry.operator,
    party_id uuid NOT NULL REFERENCES registry.party,
    number_hash bytea NOT NULL CHECK (length(number_hash) = 32),
    number_sealed bytea NOT NULL,
    content_hash bytea NOT NULL CHECK (length(content_hash) = 32),
    kind text NOT NULL CHECK (kind ~ '^[a-z]+[.][a-z_]+$'),
    taken_at timestamptz NOT NULL,
    taken_index bigint NOT NULL,
    answer_sealed bytea NOT NULL,
    UNIQUE (party_id, number_hash)
);
CREATE INDEX ON registry.register_message (party_id, message_no);
CREATE INDEX ON registry.register_message (taken_at);
CREATE INDEX ON registry.supply_request (named_hash) WHERE state = 'received';
CREATE INDEX ON registry.supply_contract (party_id, supply_contract_id);

GRANT SELECT, INSERT, DELETE ON registry.register_message TO databeheer_door;
GRANT UPDATE (replaces, replaced_until) ON registry.supply_contract TO databeheer_door;
"""


def upgrade() -> None:
    op.execute(_SQL)
