"""Batches of the head-end: known by sender and number; a later attempt at one takes the place of the one before."""

from __future__ import annotations

from alembic import op

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None

BATCHES = """
-- Of a head-end's batch: who sent it, and its number with him. A later attempt at the same one takes its place.
ALTER TABLE metering.batch
    ADD COLUMN sender text,
    ADD COLUMN sent_id text,
    ADD COLUMN handed_out integer NOT NULL DEFAULT 0,  -- for how many rows keys left
    ADD COLUMN is_given_up boolean NOT NULL DEFAULT false,
    ADD CHECK ((sender IS NULL) = (sent_id IS NULL)),
    ADD CHECK (NOT is_given_up OR stored_index IS NULL);
CREATE UNIQUE INDEX batch_sent ON metering.batch (sender, sent_id) WHERE sender IS NOT NULL AND NOT is_given_up;
CREATE INDEX batch_days ON metering.batch (last_day, first_day);
GRANT UPDATE (handed_out, is_given_up) ON metering.batch TO databeheer_door;

-- Stays that ended, or left their root, while a batch was open: sealed, and gone when no batch is open any more.
CREATE TABLE metering.changed_stay (
    change_no bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    operator smallint NOT NULL REFERENCES registry.operator,
    stay_sealed bytea NOT NULL
);
GRANT SELECT, INSERT, DELETE ON metering.changed_stay TO databeheer_door;

CREATE INDEX meter_number ON registry.meter (number_hash);

CREATE OR REPLACE FUNCTION metering.refuse_closed_batch() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    wanted record;
BEGIN
    IF session_user = 'databeheer_door' THEN
        RETURN NULL;
    END IF;
    FOR wanted IN SELECT DISTINCT batch, operator FROM fresh LOOP
        PERFORM 1 FROM metering.batch b WHERE b.batch = wanted.batch AND b.operator = wanted.operator
            AND b.stored_index IS NULL AND NOT b.is_given_up FOR SHARE;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'batch % is not open', wanted.batch USING ERRCODE = 'check_violation';
        END IF;
    END LOOP;
    RETURN NULL;
END
$$;
"""


def upgrade() -> None:
    op.execute(BATCHES)
