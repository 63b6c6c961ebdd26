"""What anybody has here begins in 1990 at the earliest, no longer in 2000 (`values.HORIZON`)."""

from __future__ import annotations

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

CENTURY = """
-- A point's first vacancy begins with the horizon; who has lived there for longer than since 2000 can be said so.
UPDATE registry.occupancy SET from_day = '1990-01-01' WHERE from_day = '2000-01-01' AND person_id IS NULL;

CREATE OR REPLACE FUNCTION metering.ensure_month(wanted date) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    first date := date_trunc('month', wanted)::date;
    name text := 'profile_' || to_char(first, 'YYYYMM');
BEGIN
    IF wanted NOT BETWEEN DATE '1990-01-01' AND DATE '2100-12-31' THEN
        RAISE EXCEPTION 'no readings are kept of %', wanted;
    END IF;
    IF to_regclass('metering.' || name) IS NULL THEN
        PERFORM pg_advisory_xact_lock(hashtext('metering.ensure_month'));
        EXECUTE format(
            'CREATE TABLE IF NOT EXISTS metering.%I PARTITION OF metering.profile FOR VALUES FROM (%L) TO (%L)',
            name, first, (first + INTERVAL '1 month')::date);
    END IF;
END
$$;
"""


def upgrade() -> None:
    op.execute(CENTURY)
