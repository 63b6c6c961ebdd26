"""Of a clock that started, or ended, before anybody wrote it down: when that was written."""

from __future__ import annotations

from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

WRITTEN = """
ALTER TABLE clocks.clock
    ADD COLUMN start_written_at timestamptz CHECK (start_written_at > started_at),  -- null: when it happened
    ADD COLUMN end_written_at timestamptz,
    ADD CHECK (end_written_at IS NULL OR end_written_at > coalesce(met_at, dropped_at));
GRANT UPDATE (end_written_at) ON clocks.clock TO databeheer_door;
CREATE INDEX ON clocks.clock (end_written_at) WHERE end_written_at IS NOT NULL;

CREATE OR REPLACE FUNCTION clocks.refuse_change() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    IF (OLD.met_at IS NOT NULL OR OLD.dropped_at IS NOT NULL)
        AND (NEW.met_at, NEW.dropped_at, NEW.ended_size, NEW.end_written_at)
            IS DISTINCT FROM (OLD.met_at, OLD.dropped_at, OLD.ended_size, OLD.end_written_at)
        OR OLD.missed_index IS NOT NULL AND NEW.missed_index IS DISTINCT FROM OLD.missed_index
    THEN
        RAISE EXCEPTION 'a clock ends once' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END
$$;
"""


def upgrade() -> None:
    op.execute(WRITTEN)
