"""A batch is of one class, and its rows of no version that nobody was given: what a bill rests on is billing-grade."""

from __future__ import annotations

from alembic import op

revision = "0056"
down_revision = "0055"
branch_labels = None
depends_on = None

# What was stored before was taken for billing-grade by every reader, and stays that: nobody wrote down otherwise.
BATCH = """
ALTER TABLE metering.batch
    ADD COLUMN is_informative boolean NOT NULL DEFAULT false,
    ADD COLUMN highest_version smallint NOT NULL DEFAULT 1 CHECK (highest_version >= 1);
-- Of one that is open this moment nobody wrote down which versions it was given.
UPDATE metering.batch SET highest_version = 32767 WHERE stored_index IS NULL AND NOT is_given_up;
GRANT UPDATE (highest_version) ON metering.batch TO databeheer_door;
"""
# A row far above would leave no version for a correction of its day. The greatest is looked for beside the days: in the
# pass over the rows that there is.
VERSIONS = """
CREATE OR REPLACE FUNCTION metering.refuse_closed_batch() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    wanted record;
BEGIN
    IF session_user = 'databeheer_door' THEN
        RETURN NULL;
    END IF;
    FOR wanted IN SELECT batch, operator, min(day) AS first, max(day) AS last, max(version) AS highest
        FROM fresh GROUP BY batch, operator LOOP
        PERFORM 1 FROM metering.batch b WHERE b.batch = wanted.batch AND b.operator = wanted.operator
            AND b.stored_index IS NULL AND NOT b.is_given_up
            AND wanted.first >= b.first_day AND wanted.last <= b.last_day
            AND wanted.highest <= b.highest_version FOR SHARE;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'batch % is not open, or not for these days and versions', wanted.batch
                USING ERRCODE = 'check_violation';
        END IF;
    END LOOP;
    RETURN NULL;
END
$$;
"""


def upgrade() -> None:
    op.execute(BATCH)
    op.execute(VERSIONS)
