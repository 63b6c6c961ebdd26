"""Clocks: one table for all timers. A row is met or dropped once, told missed once, and never goes away."""

from __future__ import annotations

from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

CLOCKS = """
CREATE SCHEMA clocks;
GRANT USAGE ON SCHEMA clocks TO databeheer_door, databeheer_auditor;

CREATE TABLE clocks.clock (
    clock_no bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    operator smallint REFERENCES registry.operator,  -- null: of a party or of the house, for every operator alike
    kind text NOT NULL,  -- of databeheer/clocks/catalogue.toml
    about uuid NOT NULL,  -- what waits: a request, a permission, a party
    party_id uuid REFERENCES registry.party,
    occupancy_id uuid REFERENCES registry.occupancy,
    started_at timestamptz NOT NULL,
    started_size bigint NOT NULL,  -- the ledger's size then: the entry that tells of it is at or after this index
    due_at timestamptz NOT NULL,
    met_at timestamptz,
    dropped_at timestamptz,
    ended_size bigint,
    missed_index bigint UNIQUE,  -- the entry that says that it was missed
    CHECK (started_at <= due_at),
    CHECK (met_at IS NULL OR dropped_at IS NULL),
    CHECK ((ended_size IS NULL) = (met_at IS NULL AND dropped_at IS NULL))
);
-- One of a kind runs about one thing.
CREATE UNIQUE INDEX ON clocks.clock (kind, about) WHERE met_at IS NULL AND dropped_at IS NULL;
CREATE INDEX ON clocks.clock (due_at, clock_no) WHERE met_at IS NULL AND dropped_at IS NULL;
CREATE INDEX ON clocks.clock (due_at, clock_no) WHERE missed_index IS NULL;
CREATE INDEX ON clocks.clock (least(due_at, met_at, dropped_at));

-- What is once said of a clock stays said, whoever writes.
CREATE FUNCTION clocks.refuse_change() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    IF (OLD.met_at IS NOT NULL OR OLD.dropped_at IS NOT NULL)
        AND (NEW.met_at, NEW.dropped_at, NEW.ended_size) IS DISTINCT FROM (OLD.met_at, OLD.dropped_at, OLD.ended_size)
        OR OLD.missed_index IS NOT NULL AND NEW.missed_index IS DISTINCT FROM OLD.missed_index
    THEN
        RAISE EXCEPTION 'a clock ends once' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END
$$;
REVOKE ALL ON FUNCTION clocks.refuse_change() FROM PUBLIC;
CREATE TRIGGER once BEFORE UPDATE ON clocks.clock FOR EACH ROW EXECUTE FUNCTION clocks.refuse_change();

GRANT SELECT, INSERT ON clocks.clock TO databeheer_door;
GRANT UPDATE (met_at, dropped_at, ended_size, missed_index) ON clocks.clock TO databeheer_door;
GRANT SELECT ON clocks.clock TO databeheer_auditor;
"""


def upgrade() -> None:
    op.execute(CLOCKS)
