"""What is read at all: choices of intervals, the first day of a meter, checks of a day, the list to re-read."""

from __future__ import annotations

from alembic import op

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None

PLAN = """
-- What a grid user chose since he moved in, from a day on; of those that have begun the last one holds (R59).
CREATE TABLE registry.interval_choice (
    choice_no bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    operator smallint NOT NULL REFERENCES registry.operator,
    occupancy_id uuid NOT NULL REFERENCES registry.occupancy,
    from_day date NOT NULL,
    is_on boolean NOT NULL,
    chosen_at timestamptz NOT NULL
);
CREATE INDEX ON registry.interval_choice (occupancy_id);
GRANT SELECT, INSERT ON registry.interval_choice TO databeheer_door;

ALTER TABLE registry.meter ADD COLUMN installed_on date;  -- null: before anybody wrote it down
GRANT UPDATE (installed_on) ON registry.meter TO databeheer_door;

-- What a check of a day found: counts, no device, no value. The newest check of a day counts.
CREATE TABLE metering.day_check (
    check_index bigint PRIMARY KEY,  -- the entry of the ledger that says that the day was looked at
    operator smallint NOT NULL REFERENCES registry.operator,
    day date NOT NULL,
    checked_at timestamptz NOT NULL,
    counts jsonb NOT NULL
);
CREATE INDEX ON metering.day_check (operator, day);
GRANT SELECT, INSERT ON metering.day_check TO databeheer_door;

-- What a head-end has to read again; no value, and no reason why it is read.
CREATE TABLE metering.reread (
    reread_no bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    operator smallint NOT NULL REFERENCES registry.operator,
    meter_id uuid NOT NULL REFERENCES registry.meter,
    day date NOT NULL,
    direction text NOT NULL,
    lacking text NOT NULL CHECK (lacking IN ('registers', 'periods', 'intervals', 'slots')),
    found_at timestamptz NOT NULL,
    until_day date NOT NULL,
    attempts smallint NOT NULL DEFAULT 0,
    last_attempt_at timestamptz,
    ended_at timestamptz,
    outcome text CHECK (outcome IN ('read', 'too_late')),
    CHECK ((ended_at IS NULL) = (outcome IS NULL))
);
CREATE UNIQUE INDEX reread_open ON metering.reread (meter_id, day, direction, lacking) WHERE ended_at IS NULL;
CREATE INDEX ON metering.reread (operator, day);
GRANT SELECT, INSERT, DELETE ON metering.reread TO databeheer_door;
GRANT UPDATE (attempts, last_attempt_at, ended_at, outcome) ON metering.reread TO databeheer_door;
"""


def upgrade() -> None:
    op.execute(PLAN)
