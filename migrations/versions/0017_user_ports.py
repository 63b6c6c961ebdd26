"""User ports of digital meters, closed by default, and the orders that the grid operator carries out.

That an order waits is its row; `forwarded_at` is when the grid operator first had it.
"""

from __future__ import annotations

from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

PORTS = """
ALTER TABLE registry.meter
    ADD COLUMN is_digital boolean,  -- null: nobody has said
    ADD COLUMN removed_on date;
GRANT UPDATE (is_digital, removed_on) ON registry.meter TO databeheer_door;

CREATE TABLE registry.user_port (
    user_port_id uuid PRIMARY KEY,
    operator smallint NOT NULL REFERENCES registry.operator,
    meter_id uuid NOT NULL REFERENCES registry.meter,
    port text NOT NULL CHECK (port IN ('P1', 'S1')),
    is_open boolean NOT NULL DEFAULT false,  -- as the grid operator last said
    absent_from timestamptz,
    UNIQUE (meter_id, port),
    CHECK (NOT (is_open AND absent_from IS NOT NULL))
);
-- Nobody can add a port that is open (R51): the column is not in the grant.
GRANT SELECT, INSERT (user_port_id, operator, meter_id, port), UPDATE (is_open, absent_from)
    ON registry.user_port TO databeheer_door;

CREATE TABLE registry.port_order (
    port_order_id uuid PRIMARY KEY,
    order_no bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    operator smallint NOT NULL REFERENCES registry.operator,
    user_port_id uuid NOT NULL REFERENCES registry.user_port,
    occupancy_id uuid NOT NULL REFERENCES registry.occupancy,
    wanted text NOT NULL CHECK (wanted IN ('open', 'closed')),
    because text NOT NULL CHECK (because IN ('customer', 'moved_out', 'died', 'restored')),
    person_id uuid REFERENCES identity.person,  -- who asked it; null: the house did
    state text NOT NULL CHECK (state IN ('waiting', 'executed', 'replaced', 'impossible')),
    asked_at timestamptz NOT NULL,
    due_at timestamptz NOT NULL,
    forwarded_at timestamptz,
    ended_at timestamptz,
    asked_index bigint NOT NULL,
    CHECK ((state = 'waiting') = (ended_at IS NULL)),
    CHECK ((because = 'customer') = (person_id IS NOT NULL)),
    CHECK (because = 'customer' OR wanted = 'closed')  -- the house opens nothing by itself
);
CREATE UNIQUE INDEX ON registry.port_order (user_port_id) WHERE state = 'waiting';
CREATE INDEX ON registry.port_order (user_port_id, order_no);
CREATE INDEX ON registry.port_order (operator, order_no);
GRANT SELECT, INSERT ON registry.port_order TO databeheer_door;
GRANT UPDATE (state, forwarded_at, ended_at) ON registry.port_order TO databeheer_door;
GRANT SELECT ON registry.port_order TO databeheer_auditor;
"""


def upgrade() -> None:
    op.execute(PORTS)
