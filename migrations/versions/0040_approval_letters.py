"""Approval by letter (R36): a one-time code on paper for a contract holder whom no e-mail reaches.

Of a code only keyed hashes stay; the sealed text lies in the outbox until the letter is posted. The postman, who
carries what goes by wire, touches no letter on paper.
"""

from __future__ import annotations

from alembic import op

revision = "0040"
down_revision = "0039"
branch_labels = None
depends_on = None

LETTERS = """
CREATE TABLE permissions.approval_letter (
    letter_id uuid PRIMARY KEY,
    operator smallint NOT NULL REFERENCES registry.operator,
    permission_id uuid NOT NULL REFERENCES permissions.permission ON DELETE CASCADE,
    occupancy_id uuid NOT NULL REFERENCES registry.occupancy,
    person_id uuid NOT NULL REFERENCES identity.person,  -- the contract holder
    finder_hash bytea NOT NULL CHECK (length(finder_hash) = 32),  -- keyed: of the part by which it is found
    code_hash bytea NOT NULL CHECK (length(code_hash) = 32),  -- keyed: of the whole code
    is_asked boolean NOT NULL,  -- the operator ordered it; else the house wrote it by itself
    written_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    wrong_tries integer NOT NULL DEFAULT 0,
    opened_at timestamptz,  -- when the operator first took its text to print it
    posted_at timestamptz,
    ended_at timestamptz,
    end_reason text CHECK (end_reason IN ('answered', 'answered_elsewhere', 'replaced', 'request_over', 'not_holder',
        'represented', 'guessed', 'expired', 'restored')),
    answer_index bigint,  -- the ledger's entry of the answer that it carried
    receipt_hash bytea CHECK (length(receipt_hash) = 32),
    CHECK ((ended_at IS NULL) = (end_reason IS NULL)),
    CHECK (posted_at IS NULL OR opened_at IS NOT NULL),
    CHECK ((answer_index IS NULL) = (receipt_hash IS NULL)),
    CHECK (answer_index IS NULL OR end_reason = 'answered')
);
CREATE UNIQUE INDEX ON permissions.approval_letter (permission_id) WHERE ended_at IS NULL;
CREATE UNIQUE INDEX ON permissions.approval_letter (finder_hash) WHERE ended_at IS NULL;
CREATE UNIQUE INDEX ON permissions.approval_letter (receipt_hash) WHERE receipt_hash IS NOT NULL;
CREATE INDEX ON permissions.approval_letter (occupancy_id, written_at);
CREATE INDEX ON permissions.approval_letter (permission_id);
GRANT SELECT, INSERT ON permissions.approval_letter TO databeheer_door;
GRANT UPDATE (wrong_tries, opened_at, posted_at, ended_at, end_reason, answer_index, receipt_hash)
    ON permissions.approval_letter TO databeheer_door;

ALTER TABLE permissions.terms ADD COLUMN letter integer NOT NULL DEFAULT 21 CHECK (0 < letter);
ALTER TABLE permissions.signature
    DROP CONSTRAINT signature_method_check,
    ADD CONSTRAINT signature_method_check CHECK (method IN ('portal', 'written_mandate', 'letter'));
"""
POST = """
ALTER TABLE post.delivery
    DROP CONSTRAINT delivery_channel_check,
    ADD CONSTRAINT delivery_channel_check CHECK (channel IN ('email', 'webhook', 'letter')),
    DROP CONSTRAINT delivery_check2,
    ADD CONSTRAINT delivery_person_check CHECK (channel <> 'webhook' OR person_id IS NULL),
    ADD CONSTRAINT delivery_letter_check CHECK (channel <> 'letter' OR person_id IS NOT NULL);
ALTER TABLE post.letter
    DROP CONSTRAINT letter_what_check,
    ADD CONSTRAINT letter_what_check CHECK (what IN ('code', 'goodbye', 'approval'));

CREATE OR REPLACE FUNCTION post.refuse_reopening() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    IF session_user = 'databeheer_postman' AND (OLD.state <> 'waiting' OR OLD.channel = 'letter') THEN
        RAISE EXCEPTION 'this delivery is over, or none of the postman' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END
$$;
"""


def upgrade() -> None:
    for part in (LETTERS, POST):
        op.execute(part)
