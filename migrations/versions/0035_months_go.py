"""A month of readings can go whole: its partition is dropped, by the door alone (R137)."""

from __future__ import annotations

from alembic import op

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None

MONTHS = """
-- First days of the months of which there is a partition.
CREATE FUNCTION metering.months() RETURNS SETOF date
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
    SELECT to_date(right(c.relname, 6), 'YYYYMM')
    FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
    WHERE i.inhparent = 'metering.profile'::regclass
$$;
CREATE FUNCTION metering.drop_month(wanted date) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
    EXECUTE format('DROP TABLE metering.%I', 'profile_' || to_char(wanted, 'YYYYMM'));
END
$$;
REVOKE ALL ON FUNCTION metering.months(), metering.drop_month(date) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION metering.months(), metering.drop_month(date) TO databeheer_door;
"""


def upgrade() -> None:
    op.execute(MONTHS)
