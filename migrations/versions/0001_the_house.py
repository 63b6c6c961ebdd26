"""The house: a schema per concern, a role per process, row-level security, an operator on every row.

Who may do what is written beside each table. Nobody but the owner changes or deletes a ledger row, and the
web role writes nothing but its own bookkeeping (design.md, Storage).
"""

from __future__ import annotations

from alembic import op

from ledger.postgres import SCHEMA as LEDGER_SCHEMA

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

REGISTRY = """
CREATE SCHEMA registry;
GRANT USAGE ON SCHEMA registry TO databeheer_door, databeheer_web, databeheer_auditor;

CREATE TABLE registry.operator (
    operator smallint PRIMARY KEY,
    code text NOT NULL UNIQUE,
    name text NOT NULL
);

CREATE TABLE registry.party (
    party_id uuid PRIMARY KEY,
    name text NOT NULL,
    role text NOT NULL,
    about text NOT NULL DEFAULT '',
    website text NOT NULL DEFAULT '',
    processing_url text NOT NULL DEFAULT '',
    operator smallint REFERENCES registry.operator,  -- set where the party is itself a grid operator
    created_at timestamptz NOT NULL,
    suspended_at timestamptz
);

CREATE TABLE registry.contract (
    contract_id uuid PRIMARY KEY,
    operator smallint NOT NULL REFERENCES registry.operator,
    party_id uuid NOT NULL REFERENCES registry.party,
    number text NOT NULL UNIQUE,
    valid_from timestamptz NOT NULL,
    valid_until timestamptz,
    CHECK (valid_until IS NULL OR valid_from < valid_until)
);

CREATE TABLE registry.access_point (
    access_point_id uuid PRIMARY KEY,
    access_point_no bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    operator smallint NOT NULL REFERENCES registry.operator,
    ean_hash bytea NOT NULL UNIQUE,
    ean_sealed bytea NOT NULL,
    address_sealed bytea,
    commodity text NOT NULL,
    registered_at timestamptz NOT NULL
);

CREATE TABLE registry.meter (
    meter_id uuid PRIMARY KEY,
    operator smallint NOT NULL REFERENCES registry.operator,
    access_point_id uuid NOT NULL REFERENCES registry.access_point,
    number_hash bytea NOT NULL,
    number_sealed bytea NOT NULL,
    UNIQUE (access_point_id, number_hash)
);

CREATE TABLE registry.channel (
    meter_id uuid NOT NULL REFERENCES registry.meter,
    direction text NOT NULL,
    unit text NOT NULL,
    operator smallint NOT NULL REFERENCES registry.operator,
    PRIMARY KEY (meter_id, direction, unit)
);

-- A vacancy is an occupancy without a person. No btree_gist in the embedded server: the equality of the point
-- is a range of one number.
CREATE TABLE registry.occupancy (
    occupancy_id uuid PRIMARY KEY,
    operator smallint NOT NULL REFERENCES registry.operator,
    access_point_id uuid NOT NULL REFERENCES registry.access_point,
    access_point_no bigint NOT NULL,
    person_id uuid,
    from_day date NOT NULL,
    until_day date,
    interval_reading boolean NOT NULL,
    CHECK (until_day IS NULL OR from_day < until_day),
    EXCLUDE USING gist (
        int8range(access_point_no, access_point_no, '[]') WITH &&,
        daterange(from_day, until_day) WITH &&
    )
);
CREATE INDEX ON registry.occupancy (access_point_id);
CREATE INDEX ON registry.occupancy (person_id);

CREATE TABLE registry.supply_contract (
    supply_contract_id uuid PRIMARY KEY,
    operator smallint NOT NULL REFERENCES registry.operator,
    access_point_id uuid NOT NULL REFERENCES registry.access_point,
    access_point_no bigint NOT NULL,
    party_id uuid NOT NULL REFERENCES registry.party,
    from_day date NOT NULL,
    until_day date,
    accepted_at timestamptz NOT NULL,
    CHECK (until_day IS NULL OR from_day < until_day),
    EXCLUDE USING gist (
        int8range(access_point_no, access_point_no, '[]') WITH &&,
        daterange(from_day, until_day) WITH &&
    )
);
CREATE INDEX ON registry.supply_contract (access_point_id);
CREATE INDEX ON registry.supply_contract (party_id);

GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA registry TO databeheer_door;
GRANT UPDATE (suspended_at) ON registry.party TO databeheer_door;
GRANT UPDATE (valid_until) ON registry.contract TO databeheer_door;
GRANT UPDATE (until_day) ON registry.occupancy, registry.supply_contract TO databeheer_door;
GRANT UPDATE (address_sealed) ON registry.access_point TO databeheer_door;
GRANT SELECT ON registry.operator, registry.party, registry.contract TO databeheer_auditor;
"""

IDENTITY = """
CREATE SCHEMA identity;
GRANT USAGE ON SCHEMA identity TO databeheer_door, databeheer_web;

CREATE TABLE identity.person (
    person_id uuid PRIMARY KEY,
    subject_hash bytea NOT NULL UNIQUE,
    name_sealed bytea NOT NULL,
    email_sealed bytea,
    created_at timestamptz NOT NULL
);

CREATE TABLE identity.login (
    nonce_hash bytea PRIMARY KEY,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    used_at timestamptz
);

-- Tokens are known by their hash only: who steals the table cannot use one.
CREATE TABLE identity.session (
    token_hash bytea PRIMARY KEY,
    role text NOT NULL,
    person_id uuid REFERENCES identity.person,
    staff_hash bytea,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    ended_at timestamptz
);

CREATE TABLE identity.client (
    client_id text PRIMARY KEY,
    party_id uuid NOT NULL REFERENCES registry.party,
    secret_hash bytea,
    public_key text,
    subscription_key_hash bytea,
    profiles text[] NOT NULL,
    created_at timestamptz NOT NULL,
    ended_at timestamptz
);

CREATE TABLE identity.access_token (
    token_hash bytea PRIMARY KEY,
    client_id text NOT NULL REFERENCES identity.client,
    party_id uuid NOT NULL REFERENCES registry.party,
    profile text NOT NULL,
    issued_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    revoked_at timestamptz
);

CREATE TABLE identity.assertion (
    assertion_hash bytea PRIMARY KEY,
    expires_at timestamptz NOT NULL
);

GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA identity TO databeheer_door;
GRANT UPDATE (used_at) ON identity.login TO databeheer_door;
GRANT UPDATE (ended_at) ON identity.session, identity.client TO databeheer_door;
GRANT UPDATE (revoked_at) ON identity.access_token TO databeheer_door;
GRANT DELETE ON identity.login, identity.assertion TO databeheer_door;

-- The context of row-level security is the live session or token itself, looked up by its hash in a table
-- that only the door writes. An id that the web process sets proves nothing.
CREATE FUNCTION identity.context_person() RETURNS uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
    SELECT person_id FROM identity.session
    WHERE token_hash = sha256(convert_to(current_setting('databeheer.proof', true), 'UTF8'))
      AND role = 'customer' AND ended_at IS NULL AND expires_at > statement_timestamp()
$$;
CREATE FUNCTION identity.context_party() RETURNS uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
    SELECT party_id FROM identity.access_token
    WHERE token_hash = sha256(convert_to(current_setting('databeheer.proof', true), 'UTF8'))
      AND revoked_at IS NULL AND expires_at > statement_timestamp()
$$;
REVOKE ALL ON FUNCTION identity.context_person(), identity.context_party() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION identity.context_person(), identity.context_party()
    TO databeheer_web, databeheer_door;
"""

PERMISSIONS = """
CREATE SCHEMA permissions;
GRANT USAGE ON SCHEMA permissions TO databeheer_door, databeheer_web, databeheer_auditor;

CREATE TABLE permissions.permission (
    permission_id uuid PRIMARY KEY,
    operator smallint NOT NULL REFERENCES registry.operator,
    party_id uuid NOT NULL REFERENCES registry.party,
    reference text NOT NULL,
    service text NOT NULL,  -- empty, or the facade's dataServiceType, as its client sent it
    purpose text NOT NULL,
    category text NOT NULL,
    directions text[] NOT NULL,
    granularity text NOT NULL,
    data_from timestamptz NOT NULL,
    data_until timestamptz,
    valid_until timestamptz,  -- null: until withdrawn (R23)
    state text NOT NULL CHECK (state IN
        ('requested', 'rejected', 'timed_out', 'active', 'revoked', 'expired', 'terminated', 'invalidated')),
    reason text NOT NULL DEFAULT '',
    addressed_to uuid REFERENCES registry.occupancy,  -- whose portal shows a request that named an access point
    occupancy_id uuid REFERENCES registry.occupancy,
    person_id uuid REFERENCES identity.person,
    link_hash bytea NOT NULL UNIQUE,
    link_expires_at timestamptz NOT NULL,
    return_url_success text,
    return_url_failed text,
    requested_at timestamptz NOT NULL,
    decided_at timestamptz,
    ended_at timestamptz,
    notice_sha256 bytea,
    language text,
    CHECK (data_until IS NULL OR data_from < data_until),
    CHECK ((state = 'requested') = (decided_at IS NULL) OR state IN ('timed_out', 'terminated')),
    UNIQUE (party_id, reference, service)
);
CREATE INDEX ON permissions.permission (party_id, permission_id);
CREATE INDEX ON permissions.permission (person_id);
CREATE INDEX ON permissions.permission (occupancy_id);
CREATE INDEX ON permissions.permission (addressed_to);

GRANT SELECT, INSERT ON permissions.permission TO databeheer_door;
GRANT UPDATE (operator, state, reason, occupancy_id, person_id, decided_at, ended_at, notice_sha256, language)
    ON permissions.permission TO databeheer_door;
GRANT SELECT ON permissions.permission TO databeheer_auditor;

-- The second lock: a forgotten WHERE returns nothing.
ALTER TABLE permissions.permission ENABLE ROW LEVEL SECURITY;
CREATE POLICY door ON permissions.permission TO databeheer_door USING (true) WITH CHECK (true);
CREATE POLICY auditor ON permissions.permission FOR SELECT TO databeheer_auditor USING (true);
CREATE POLICY own ON permissions.permission FOR SELECT TO databeheer_web
    USING (person_id = identity.context_person() OR party_id = identity.context_party());
GRANT SELECT (permission_id, operator, party_id, reference, service, purpose, category, directions, granularity,
    data_from, data_until, valid_until, state, reason, requested_at, decided_at, ended_at)
    ON permissions.permission TO databeheer_web;

-- Parties are public: their register is (R5).
ALTER TABLE registry.party ENABLE ROW LEVEL SECURITY;
CREATE POLICY door ON registry.party TO databeheer_door USING (true) WITH CHECK (true);
CREATE POLICY public ON registry.party FOR SELECT TO databeheer_web, databeheer_auditor USING (true);
GRANT SELECT ON registry.party, registry.operator TO databeheer_web;

ALTER TABLE registry.occupancy ENABLE ROW LEVEL SECURITY;
CREATE POLICY door ON registry.occupancy TO databeheer_door USING (true) WITH CHECK (true);
CREATE POLICY own ON registry.occupancy FOR SELECT TO databeheer_web
    USING (person_id = identity.context_person());
GRANT SELECT (occupancy_id, operator, person_id, from_day, until_day, interval_reading)
    ON registry.occupancy TO databeheer_web;
"""

METERING = """
CREATE SCHEMA metering;
GRANT USAGE ON SCHEMA metering TO databeheer_door, databeheer_intake;

CREATE TABLE metering.batch (
    batch bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    operator smallint NOT NULL REFERENCES registry.operator,
    sha256 bytea NOT NULL,
    profiles integer NOT NULL,
    opened_at timestamptz NOT NULL,
    stored_index bigint UNIQUE  -- ledger index at which its rows became readable; null: not (yet) stored
);

-- One row a pseudonym, channel, day and version; the sealed values and the sealed totals open with two keys.
-- No foreign key, no unique constraint without the pseudonym: the table can be sharded by it.
CREATE TABLE metering.profile (
    pseudonym bytea NOT NULL CHECK (length(pseudonym) = 16),
    channel bytea NOT NULL CHECK (length(channel) = 8),
    day date NOT NULL,
    version smallint NOT NULL CHECK (version > 0),
    operator smallint NOT NULL,
    batch bigint NOT NULL,
    fingerprint bytea NOT NULL CHECK (length(fingerprint) = 16),
    values_sealed bytea,
    total_sealed bytea NOT NULL,
    PRIMARY KEY (pseudonym, channel, day, version)
) PARTITION BY RANGE (day);

CREATE FUNCTION metering.ensure_month(wanted date) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    first date := date_trunc('month', wanted)::date;
    name text := 'profile_' || to_char(first, 'YYYYMM');
BEGIN
    IF wanted NOT BETWEEN DATE '2000-01-01' AND DATE '2100-12-31' THEN
        RAISE EXCEPTION 'no readings are kept of %', wanted;
    END IF;
    IF to_regclass('metering.' || name) IS NULL THEN
        PERFORM pg_advisory_xact_lock(hashtext('metering.ensure_month'));
        EXECUTE format(
            'CREATE TABLE IF NOT EXISTS metering.%I PARTITION OF metering.profile FOR VALUES FROM (%L) TO (%L)',
            name, first, (first + INTERVAL '1 month')::date);
    END IF;
END
$$;
REVOKE ALL ON FUNCTION metering.ensure_month(date) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION metering.ensure_month(date) TO databeheer_intake;

GRANT SELECT, INSERT ON metering.batch TO databeheer_door;
GRANT UPDATE (stored_index) ON metering.batch TO databeheer_door;
GRANT SELECT ON metering.profile TO databeheer_door;
GRANT INSERT ON metering.profile TO databeheer_intake;
"""

LEDGER = """
GRANT USAGE ON SCHEMA ledger TO databeheer_door, databeheer_publisher, databeheer_auditor;
GRANT SELECT, INSERT ON ledger.entry TO databeheer_door;
GRANT SELECT, UPDATE ON ledger.head TO databeheer_door;
GRANT SELECT ON ledger.entry, ledger.head TO databeheer_publisher, databeheer_auditor;

-- Bodies live outside the log, sealed; the entry commits to them. The columns in clear are what counting per
-- ground and party needs (the inspector's figures); they name no subject.
CREATE TABLE ledger.body (
    index bigint NOT NULL,
    month date NOT NULL,
    operator smallint NOT NULL,
    day date NOT NULL,
    party_id uuid,
    ground text NOT NULL,
    event text NOT NULL,
    key_sealed bytea,  -- which occupancy's key opens it, sealed under the house's; null: the house's own key
    shared_sealed bytea NOT NULL,
    PRIMARY KEY (index, month)
) PARTITION BY RANGE (month);
CREATE INDEX ON ledger.body (day, party_id, ground, event);
CREATE INDEX ON ledger.body (party_id, index);

-- One row a subject (an occupancy, known by a handle from its own key) and entry: own reads are found
-- without opening everything, and counted without a gap.
CREATE TABLE ledger.statement (
    handle bytea NOT NULL,
    counter bigint NOT NULL CHECK (counter > 0),
    index bigint NOT NULL,
    leaf smallint NOT NULL,
    month date NOT NULL,
    operator smallint NOT NULL,
    key_sealed bytea NOT NULL,
    subject_sealed bytea NOT NULL,
    PRIMARY KEY (handle, counter, month)
) PARTITION BY RANGE (month);
CREATE INDEX ON ledger.statement (index);

CREATE FUNCTION ledger.ensure_month(wanted date) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    first date := date_trunc('month', wanted)::date;
    next date := (date_trunc('month', wanted) + INTERVAL '1 month')::date;
    suffix text := to_char(first, 'YYYYMM');
BEGIN
    IF to_regclass('ledger.body_' || suffix) IS NULL THEN
        EXECUTE format('CREATE TABLE ledger.%I PARTITION OF ledger.body FOR VALUES FROM (%L) TO (%L)',
            'body_' || suffix, first, next);
        EXECUTE format('CREATE TABLE ledger.%I PARTITION OF ledger.statement FOR VALUES FROM (%L) TO (%L)',
            'statement_' || suffix, first, next);
    END IF;
END
$$;
REVOKE ALL ON FUNCTION ledger.ensure_month(date) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ledger.ensure_month(date) TO databeheer_door;
GRANT SELECT, INSERT ON ledger.body, ledger.statement TO databeheer_door;
GRANT SELECT ON ledger.body, ledger.statement TO databeheer_auditor;
"""

REST = """
CREATE SCHEMA joins;
GRANT USAGE ON SCHEMA joins TO databeheer_door, databeheer_auditor;
CREATE TABLE joins.release (
    release_id uuid PRIMARY KEY,
    operator smallint NOT NULL REFERENCES registry.operator,
    case_id text NOT NULL,
    list_version text NOT NULL,
    party_id uuid NOT NULL REFERENCES registry.party,
    intent_index bigint NOT NULL,
    outcome_index bigint NOT NULL,
    points integer NOT NULL,
    released_at timestamptz NOT NULL
);
GRANT SELECT, INSERT ON joins.release TO databeheer_door;
GRANT SELECT ON joins.release TO databeheer_auditor;

CREATE SCHEMA oversight;
GRANT USAGE ON SCHEMA oversight TO databeheer_door, databeheer_auditor, databeheer_web;
-- The emergency stop: the newest row says whether data may leave.
CREATE TABLE oversight.stop (
    stop_no bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    stopped boolean NOT NULL,
    reason text NOT NULL,
    at timestamptz NOT NULL
);
GRANT SELECT, INSERT ON oversight.stop TO databeheer_door;
GRANT SELECT ON oversight.stop TO databeheer_auditor, databeheer_web;

-- The web's own bookkeeping: all that it may write.
CREATE SCHEMA web;
GRANT USAGE ON SCHEMA web TO databeheer_web;
CREATE TABLE web.rate (
    identity_hash bytea NOT NULL,
    window_start timestamptz NOT NULL,
    used integer NOT NULL,
    PRIMARY KEY (identity_hash, window_start)
);
GRANT SELECT, INSERT, UPDATE, DELETE ON web.rate TO databeheer_web;
"""


def upgrade() -> None:
    op.execute(LEDGER_SCHEMA)
    for part in (REGISTRY, IDENTITY, PERMISSIONS, METERING, LEDGER, REST):
        op.execute(part)
