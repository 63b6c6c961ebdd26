"""Rows join a batch only while it is open: what is readable was all there when the ledger said so.

Intake may insert profiles and look at nothing. Without this it could add rows to a batch that is stored already,
readable at once and recorded nowhere.
"""

from __future__ import annotations

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

# Once a statement, not once a row. The lock lasts until the rows are committed: a batch cannot be stored between
# this look and that commit (the door does not wait for it, it refuses).
OPEN_BATCHES = """
CREATE FUNCTION metering.refuse_closed_batch() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    wanted record;
BEGIN
    FOR wanted IN SELECT DISTINCT batch, operator FROM fresh LOOP
        PERFORM 1 FROM metering.batch b
            WHERE b.batch = wanted.batch AND b.operator = wanted.operator AND b.stored_index IS NULL FOR SHARE;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'batch % is not open', wanted.batch USING ERRCODE = 'check_violation';
        END IF;
    END LOOP;
    RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION metering.refuse_closed_batch() FROM PUBLIC;

CREATE TRIGGER open_batches AFTER INSERT ON metering.profile REFERENCING NEW TABLE AS fresh
    FOR EACH STATEMENT EXECUTE FUNCTION metering.refuse_closed_batch();
"""


def upgrade() -> None:
    op.execute(OPEN_BATCHES)
