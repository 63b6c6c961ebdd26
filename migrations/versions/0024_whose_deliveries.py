"""A delivery says whose it is, from when it is written; a last letter goes to an address that was left.

Who gets a delivery was worked out again when it was opened, and could be somebody else by then. The postman sees of it
which party a web hook is for, so that none holds the others back; not which person an e-mail is for.
"""

from __future__ import annotations

from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

WHOSE = """
ALTER TABLE post.delivery
    ADD COLUMN person_id uuid REFERENCES identity.person,  -- whose address an e-mail goes to; the data manager's: none
    ADD COLUMN party_id uuid REFERENCES registry.party,
    ADD COLUMN replayed_at timestamptz;

-- Letters that are no messages are sealed whole: a code, and what a left address is told last.
ALTER TABLE post.code RENAME TO letter;
ALTER TABLE post.letter
    ADD COLUMN what text NOT NULL DEFAULT 'code' CHECK (what IN ('code', 'goodbye')),
    ADD COLUMN party_id uuid REFERENCES registry.party,
    ALTER COLUMN person_id DROP NOT NULL,
    ADD CHECK ((person_id IS NULL) <> (party_id IS NULL) AND (what = 'goodbye' OR person_id IS NOT NULL));
ALTER TABLE post.letter ALTER COLUMN what DROP DEFAULT;

UPDATE post.delivery d SET person_id = m.person_id, party_id = m.party_id FROM post.message m
    WHERE m.message_id = d.message_id;
UPDATE post.delivery d SET person_id = l.person_id FROM post.letter l WHERE l.delivery_id = d.delivery_id;
UPDATE post.delivery d SET party_id = t.party_id FROM post.test t WHERE t.delivery_id = d.delivery_id;
-- What the data manager was told: one delivery for each party that is the grid operator and had an address.
UPDATE post.delivery d SET party_id = hook.party_id FROM (
    SELECT d.delivery_id, m.operator,
        row_number() OVER (PARTITION BY m.message_id ORDER BY d.delivery_id) AS place
    FROM post.delivery d JOIN post.message m USING (message_id)
    WHERE d.channel = 'webhook' AND m.recipient = 'data_manager') AS told
JOIN (
    SELECT p.party_id, p.operator,
        row_number() OVER (PARTITION BY p.operator ORDER BY w.party_id IS NULL, p.party_id) AS place
    FROM registry.party p LEFT JOIN post.webhook w USING (party_id)
    WHERE p.operator IS NOT NULL) AS hook USING (operator, place)
    WHERE told.delivery_id = d.delivery_id;
DELETE FROM post.delivery WHERE channel = 'webhook' AND party_id IS NULL;  -- nobody's by now
DROP TABLE post.test;

ALTER TABLE post.delivery
    ADD CHECK ((channel = 'webhook') = (party_id IS NOT NULL)),
    ADD CHECK (channel = 'email' OR person_id IS NULL);
CREATE UNIQUE INDEX ON post.delivery (message_id, party_id) WHERE party_id IS NOT NULL;
CREATE UNIQUE INDEX ON post.delivery (message_id, person_id) WHERE person_id IS NOT NULL;
CREATE INDEX ON post.delivery (party_id, told_at DESC) WHERE party_id IS NOT NULL;
CREATE INDEX ON post.delivery (party_id, next_at) WHERE state = 'waiting' AND party_id IS NOT NULL;
CREATE INDEX ON post.delivery (person_id) WHERE person_id IS NOT NULL;

GRANT UPDATE (replayed_at) ON post.delivery TO databeheer_door;
REVOKE SELECT ON post.delivery FROM databeheer_postman;
GRANT SELECT (delivery_id, channel, party_id, state, attempts, next_at) ON post.delivery TO databeheer_postman;
"""


def upgrade() -> None:
    op.execute(WHOSE)
