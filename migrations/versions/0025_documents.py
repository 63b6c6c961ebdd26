"""Shown documents in one place, each with a key of its own; what a sample of mandates does, in one place as well.

A document that lies here sealed under another key cannot be sealed anew by a migration, which has none: judge what was
shown, and let open cases of doubt end, before this.
"""

from __future__ import annotations

from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

NONE_LEFT = """
DO $$ BEGIN
    IF EXISTS (SELECT FROM permissions.mandate WHERE document_sealed IS NOT NULL)
        OR EXISTS (SELECT FROM doubt.evidence WHERE document_sealed IS NOT NULL) THEN
        RAISE EXCEPTION 'documents lie here that nobody judged: judge them (mandate.check, doubt.judge) first';
    END IF;
END $$;
"""

DOCUMENTS = """
CREATE SCHEMA documents;
GRANT USAGE ON SCHEMA documents TO databeheer_door;

CREATE TABLE documents.document (
    document_id uuid PRIMARY KEY,  -- the name of its key as well
    operator smallint NOT NULL REFERENCES registry.operator,
    content_sealed bytea,
    words_sealed bytea,  -- what was said with it
    taken_at timestamptz NOT NULL,
    destroyed_at timestamptz,
    batch bigint REFERENCES oversight.erasure_batch,  -- with which its key goes, or went
    CHECK ((content_sealed IS NULL) = (destroyed_at IS NOT NULL)),
    CHECK (words_sealed IS NULL OR destroyed_at IS NULL),
    CHECK (batch IS NULL OR destroyed_at IS NOT NULL)
);
CREATE INDEX ON documents.document (batch);
CREATE INDEX ON documents.document (destroyed_at) WHERE batch IS NULL;
GRANT SELECT, INSERT ON documents.document TO databeheer_door;
GRANT UPDATE (content_sealed, words_sealed, destroyed_at, batch) ON documents.document TO databeheer_door;

INSERT INTO documents.document (document_id, operator, taken_at, destroyed_at)
    SELECT evidence_id, operator, shown_at, destroyed_at FROM doubt.evidence;
ALTER TABLE doubt.evidence
    ADD FOREIGN KEY (evidence_id) REFERENCES documents.document,
    DROP COLUMN document_sealed, DROP COLUMN findings_sealed, DROP COLUMN destroyed_at;
"""

MANDATES = """
ALTER TABLE permissions.permission ADD COLUMN block_at timestamptz;  -- the drawn mandate is due; null: none is
CREATE INDEX ON permissions.permission (block_at) WHERE state IN ('active', 'to_be_renewed');
GRANT UPDATE (block_at) ON permissions.permission TO databeheer_door;
ALTER TABLE permissions.mandate_sample ADD COLUMN produced_at timestamptz;
GRANT UPDATE (produced_at) ON permissions.mandate_sample TO databeheer_door;

UPDATE permissions.permission p SET block_at = m.due_at FROM permissions.mandate m
    WHERE m.permission_id = p.permission_id AND m.produced_at IS NULL AND m.due_at IS NOT NULL;
UPDATE permissions.mandate_sample s SET produced_at = m.produced_at FROM permissions.mandate m
    WHERE m.permission_id = s.permission_id AND m.produced_at >= s.drawn_at;

ALTER TABLE permissions.mandate
    ADD COLUMN document_id uuid REFERENCES documents.document,  -- the one that was handed over last
    DROP COLUMN document_sealed, DROP COLUMN produced_at, DROP COLUMN sampled_at, DROP COLUMN due_at;
-- Failed is one that was not handed over before it was due, of a permission that ran then.
ALTER TABLE permissions.mandate_sample DROP COLUMN failed_at;
GRANT UPDATE (document_id) ON permissions.mandate TO databeheer_door;
"""

RENEWALS = """
-- A renewal that was not granted (yet) is not its party's to see (R98).
DROP POLICY own ON permissions.permission;
CREATE POLICY own ON permissions.permission FOR SELECT TO databeheer_web
    USING (person_id = identity.context_person()
        OR party_id = identity.context_party() AND (renews IS NULL OR occupancy_id IS NOT NULL));
"""


def upgrade() -> None:
    for part in (NONE_LEFT, DOCUMENTS, MANDATES, RENEWALS):
        op.execute(part)
