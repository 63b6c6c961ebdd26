"""An occupancy says under which root its readings are: a move that was reported late gives it another one.

A root that was left is destroyed with the next epoch (`retired_root.batch` says which erasure batch did it). Its
name is sealed and bears no time: the database alone must not tie an occupancy to the pseudonym of its readings.
"""

from __future__ import annotations

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

ROOTS = """
ALTER TABLE registry.occupancy ADD COLUMN root_id uuid;  -- its name in the key store
UPDATE registry.occupancy SET root_id = occupancy_id;
ALTER TABLE registry.occupancy ALTER COLUMN root_id SET NOT NULL, ADD UNIQUE (root_id);
GRANT UPDATE (root_id) ON registry.occupancy TO databeheer_door;

CREATE TABLE oversight.retired_root (
    root_no bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    operator smallint NOT NULL REFERENCES registry.operator,
    root_sealed bytea NOT NULL,
    batch bigint REFERENCES oversight.erasure_batch
);
CREATE INDEX ON oversight.retired_root (batch);
GRANT SELECT, INSERT ON oversight.retired_root TO databeheer_door;
GRANT UPDATE (batch) ON oversight.retired_root TO databeheer_door;

-- Under which roots the keys of an open batch were handed out, sealed; null once it is stored.
ALTER TABLE metering.batch ADD COLUMN roots_sealed bytea;
GRANT UPDATE (roots_sealed) ON metering.batch TO databeheer_door;

-- What the door re-seals keeps its batch, so that what was readable when stays so; intake adds to open ones only.
CREATE OR REPLACE FUNCTION metering.refuse_closed_batch() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    wanted record;
BEGIN
    IF session_user = 'databeheer_door' THEN
        RETURN NULL;
    END IF;
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
GRANT INSERT ON metering.profile TO databeheer_door;
"""


def upgrade() -> None:
    op.execute(ROOTS)
