"""Messages: what customers, parties and the data manager are told, how they want it, what is still to be delivered.

A message names the ledger's entry that it tells of: without that entry in the same transaction it cannot commit.
The postman has a role of its own that sees deliveries only: no address, no word, not even whose they are.
"""

from __future__ import annotations

from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

POST = """
CREATE SCHEMA post;
GRANT USAGE ON SCHEMA post TO databeheer_door, databeheer_postman;

-- How a person wants to be told. The address that was confirmed is identity.person.email_sealed; here the one that
-- waits for its code. All sealed under the person's key.
CREATE TABLE post.contact (
    person_id uuid PRIMARY KEY REFERENCES identity.person,
    language text NOT NULL CHECK (language IN ('nl', 'en')),
    wants_email boolean NOT NULL,
    asked_sealed bytea,
    code_hash bytea,
    code_expires_at timestamptz,
    code_tries integer NOT NULL DEFAULT 0,
    asked_count integer NOT NULL DEFAULT 0,  -- codes asked on `asked_day`
    asked_day date,
    confirmed_at timestamptz,
    CHECK (NOT wants_email OR confirmed_at IS NOT NULL),
    CHECK ((asked_sealed IS NULL) = (code_hash IS NULL) AND (code_hash IS NULL) = (code_expires_at IS NULL))
);

-- Where a party wants to be told. An address may hold a secret of the party: sealed, as the signing secret is.
CREATE TABLE post.webhook (
    party_id uuid PRIMARY KEY REFERENCES registry.party,
    url_sealed bytea NOT NULL,
    scheme text NOT NULL CHECK (scheme IN ('hmac', 'ed25519')),
    secret_sealed bytea NOT NULL,
    old_scheme text CHECK (old_scheme IN ('hmac', 'ed25519')),
    old_secret_sealed bytea,  -- signs too until `old_until`, while the party changes over
    old_until timestamptz,
    changed_at timestamptz NOT NULL,
    CHECK ((old_scheme IS NULL) = (old_secret_sealed IS NULL) AND (old_scheme IS NULL) = (old_until IS NULL))
);

CREATE TABLE post.message (
    message_id uuid PRIMARY KEY,
    operator smallint NOT NULL REFERENCES registry.operator,
    kind text NOT NULL,
    recipient text NOT NULL CHECK (recipient IN ('customer', 'party', 'data_manager')),
    person_id uuid REFERENCES identity.person,
    party_id uuid REFERENCES registry.party,
    about uuid,
    occupancy_id uuid,
    said_sealed bytea NOT NULL,
    key_hash bytea NOT NULL UNIQUE CHECK (length(key_hash) = 32),
    index bigint NOT NULL REFERENCES ledger.entry DEFERRABLE INITIALLY DEFERRED,
    at timestamptz NOT NULL,
    read_at timestamptz,
    CHECK ((person_id IS NOT NULL) = (recipient = 'customer') AND (party_id IS NOT NULL) = (recipient = 'party'))
);
CREATE INDEX ON post.message (person_id, at DESC) WHERE recipient = 'customer';
CREATE INDEX ON post.message (party_id, at DESC) WHERE recipient = 'party';
CREATE INDEX ON post.message (at DESC) WHERE recipient = 'data_manager';
CREATE INDEX ON post.message (occupancy_id);

CREATE TABLE post.delivery (
    delivery_id uuid PRIMARY KEY,
    message_id uuid REFERENCES post.message ON DELETE CASCADE,
    operator smallint NOT NULL REFERENCES registry.operator,
    channel text NOT NULL CHECK (channel IN ('email', 'webhook')),
    state text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'delivered', 'dead', 'dropped')),
    attempts integer NOT NULL DEFAULT 0,
    told_at timestamptz NOT NULL,
    next_at timestamptz NOT NULL,  -- when it may be tried (again); while somebody tries, when the next one may
    ended_at timestamptz,
    last_error text NOT NULL DEFAULT '',
    CHECK ((state = 'waiting') = (ended_at IS NULL))
);
CREATE INDEX ON post.delivery (message_id);
CREATE INDEX ON post.delivery (next_at) WHERE state = 'waiting';
CREATE INDEX ON post.delivery (channel, told_at);

-- The codes that confirm an address: no message, for they tell of nothing that happened.
CREATE TABLE post.code (
    delivery_id uuid PRIMARY KEY REFERENCES post.delivery ON DELETE CASCADE,
    person_id uuid NOT NULL REFERENCES identity.person,
    letter_sealed bytea NOT NULL
);
CREATE INDEX ON post.code (person_id);
-- The test that a party sends itself.
CREATE TABLE post.test (
    delivery_id uuid PRIMARY KEY REFERENCES post.delivery ON DELETE CASCADE,
    party_id uuid NOT NULL REFERENCES registry.party
);
CREATE INDEX ON post.test (party_id);

GRANT SELECT, INSERT, UPDATE, DELETE ON post.contact, post.webhook TO databeheer_door;
GRANT SELECT, INSERT, DELETE ON post.message, post.delivery, post.code, post.test TO databeheer_door;
GRANT UPDATE (read_at) ON post.message TO databeheer_door;
GRANT UPDATE (state, attempts, next_at, ended_at, last_error) ON post.delivery TO databeheer_door;
GRANT SELECT ON post.delivery TO databeheer_postman;
GRANT UPDATE (state, attempts, next_at, ended_at, last_error) ON post.delivery TO databeheer_postman;

-- What is over stays over, for the postman: only the door, for a party that asks, sends a dead letter again.
CREATE FUNCTION post.refuse_reopening() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.state <> 'waiting' AND session_user = 'databeheer_postman' THEN
        RAISE EXCEPTION 'this delivery is over' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END
$$;
REVOKE ALL ON FUNCTION post.refuse_reopening() FROM PUBLIC;
CREATE TRIGGER delivery_stays_over BEFORE UPDATE ON post.delivery
    FOR EACH ROW EXECUTE FUNCTION post.refuse_reopening();

-- A database that was made before this role was: as `provision.create_database` does for new ones.
DO $$ BEGIN EXECUTE format('GRANT CONNECT ON DATABASE %I TO databeheer_postman', current_database()); END $$;
"""


def upgrade() -> None:
    op.execute(POST)
