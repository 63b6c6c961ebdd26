"""Linking an access point (R91-R95): attempts are counted, letters unlock, and the service can be closed at once.

An identifier that somebody tries (an EAN code, whether it exists or not, or a log-in) stands here by a keyed hash. A
stay that was linked goes on under another person of the register; whom the grid operator reported stays beside it, for
the operator's later messages name that one.
"""

from __future__ import annotations

from alembic import op

revision = "0066"
down_revision = "0064"
branch_labels = None
depends_on = None

_SQL = """
CREATE TABLE identity.link_attempts (
    identifier_hash bytea PRIMARY KEY CHECK (length(identifier_hash) = 32),  -- keyed: an EAN code, or a log-in
    wrong integer NOT NULL CHECK (wrong > 0),
    last_at timestamptz NOT NULL
);
GRANT SELECT, INSERT, DELETE ON identity.link_attempts TO databeheer_door;
GRANT UPDATE (wrong, last_at) ON identity.link_attempts TO databeheer_door;

-- A letter with a code that unlocks. One that was asked for where none can go is a row too, without a home: who asks
-- cannot tell the two apart.
CREATE TABLE identity.link_letter (
    letter_id uuid PRIMARY KEY,
    operator smallint REFERENCES registry.operator,
    occupancy_id uuid REFERENCES registry.occupancy,
    person_id uuid REFERENCES identity.person,  -- to whom it is written: who is registered there
    login_hash bytea NOT NULL CHECK (length(login_hash) = 32),  -- keyed: who asked for it, and alone can use it
    ean_hash bytea NOT NULL CHECK (length(ean_hash) = 32),  -- keyed: what it unlocks beside that log-in
    code_hash bytea NOT NULL CHECK (length(code_hash) = 32),  -- keyed: of the whole code
    written_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    wrong_tries integer NOT NULL DEFAULT 0,
    opened_at timestamptz,
    posted_at timestamptz,
    ended_at timestamptz,
    end_reason text CHECK (end_reason IN ('used', 'replaced', 'linked', 'not_holder', 'guessed', 'expired',
        'restored')),
    CHECK ((occupancy_id IS NULL) = (person_id IS NULL)),
    CHECK ((occupancy_id IS NULL) = (operator IS NULL)),
    CHECK ((ended_at IS NULL) = (end_reason IS NULL)),
    CHECK (posted_at IS NULL OR opened_at IS NOT NULL),
    CHECK (opened_at IS NULL OR occupancy_id IS NOT NULL)
);
CREATE UNIQUE INDEX ON identity.link_letter (login_hash) WHERE ended_at IS NULL;
CREATE INDEX ON identity.link_letter (login_hash, written_at);
CREATE INDEX ON identity.link_letter (occupancy_id, written_at);
CREATE INDEX ON identity.link_letter (expires_at) WHERE ended_at IS NULL;
GRANT SELECT, INSERT ON identity.link_letter TO databeheer_door;
GRANT UPDATE (wrong_tries, opened_at, posted_at, ended_at, end_reason) ON identity.link_letter TO databeheer_door;

-- Whether people can link at all: the last row says so, none says that they can (R95).
CREATE TABLE oversight.link_service (
    change_no bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    is_closed boolean NOT NULL,
    reason text NOT NULL,
    by text NOT NULL,
    at timestamptz NOT NULL
);
GRANT SELECT, INSERT ON oversight.link_service TO databeheer_door;
GRANT SELECT ON oversight.link_service TO databeheer_auditor;

ALTER TABLE registry.occupancy ADD COLUMN reported_person_id uuid REFERENCES identity.person;
GRANT UPDATE (person_id, reported_person_id) ON registry.occupancy TO databeheer_door;
GRANT UPDATE (person_id, for_person_id) ON permissions.signature TO databeheer_door;

ALTER TABLE post.letter
    DROP CONSTRAINT letter_what_check,
    ADD CONSTRAINT letter_what_check CHECK (what IN ('code', 'goodbye', 'approval', 'supplier', 'link'));
"""


def upgrade() -> None:
    op.execute(_SQL)
