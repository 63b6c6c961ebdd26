"""Rows of profiles as small as they can be: no gaps between columns, and indexes that cost a few bytes a row.

The index by pseudonym alone writes each one once a page, with the places of its rows; the block ranges say where days
and batches lie. That no two stored rows have one version is the door's to see to (`require_versions`), once a batch.
"""

from __future__ import annotations

from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

BEFORE = """
ALTER TABLE metering.profile RENAME TO profile_before;
DO $$
DECLARE
    one record;
BEGIN
    FOR one IN SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
               WHERE i.inhparent = 'metering.profile_before'::regclass LOOP
        EXECUTE format('ALTER TABLE metering.%I RENAME TO %I', one.relname, one.relname || '_before');
    END LOOP;
END
$$;
"""

SMALL = """
-- Fixed lengths first, in falling order of alignment from a multiple of eight; the one long column last.
CREATE TABLE metering.profile (
    day date NOT NULL,
    version smallint NOT NULL CHECK (version > 0),
    operator smallint NOT NULL,
    batch integer NOT NULL,
    pseudonym bytea NOT NULL CHECK (length(pseudonym) = 16),
    channel bytea NOT NULL CHECK (length(channel) = 8),
    fingerprint bytea NOT NULL CHECK (length(fingerprint) = 16),
    total_sealed bytea NOT NULL,
    values_sealed bytea
) PARTITION BY RANGE (day);
-- What is sealed does not become smaller: do not try.
ALTER TABLE metering.profile ALTER total_sealed SET STORAGE EXTERNAL, ALTER values_sealed SET STORAGE EXTERNAL;
CREATE INDEX profile_pseudonym ON metering.profile (pseudonym);
CREATE INDEX profile_places ON metering.profile USING brin (day, batch) WITH (pages_per_range = 16, autosummarize = on);

CREATE TRIGGER open_batches AFTER INSERT ON metering.profile REFERENCING NEW TABLE AS fresh
    FOR EACH STATEMENT EXECUTE FUNCTION metering.refuse_closed_batch();
GRANT SELECT, INSERT, DELETE ON metering.profile TO databeheer_door;
GRANT INSERT ON metering.profile TO databeheer_intake;
"""

ROWS = """
SELECT metering.ensure_month(month) FROM
    (SELECT DISTINCT date_trunc('month', day)::date AS month FROM metering.profile_before) AS months;
ALTER TABLE metering.profile DISABLE TRIGGER open_batches;
INSERT INTO metering.profile
    (day, version, operator, batch, pseudonym, channel, fingerprint, total_sealed, values_sealed)
    SELECT day, version, operator, batch, pseudonym, channel, fingerprint, total_sealed, values_sealed
    FROM metering.profile_before ORDER BY day, pseudonym;
ALTER TABLE metering.profile ENABLE TRIGGER open_batches;
DROP TABLE metering.profile_before;
"""

BATCHES = """
-- How long the ledger was when its keys were handed out, and the days that it may write; null: opened before.
ALTER TABLE metering.batch ADD COLUMN opened_size bigint, ADD COLUMN first_day date, ADD COLUMN last_day date;
"""


def upgrade() -> None:
    for statement in (BEFORE, SMALL, ROWS, BATCHES):
        op.execute(statement)
