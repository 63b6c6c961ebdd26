"""Staff: accounts, roles given by two people, workstations, cases, what each did, and what was refused."""

from __future__ import annotations

from alembic import op

revision = "0084"
down_revision = "0083"
branch_labels = None
depends_on = None

ACCOUNTS = """
CREATE SCHEMA staff;
GRANT USAGE ON SCHEMA staff TO databeheer_door, databeheer_auditor;

-- One live account a person, and one a log-in: nobody shares one, nobody is two people (R162).
CREATE TABLE staff.account (
    account_id uuid PRIMARY KEY,
    subject_hash bytea,
    employee_hash bytea NOT NULL,
    name_sealed bytea,
    team text NOT NULL,
    is_external boolean NOT NULL,
    clause_signed_on date,
    trained_until date,
    created_at timestamptz NOT NULL,
    last_used_at timestamptz NOT NULL,
    blocked_at timestamptz,
    block_reason text,
    ended_at timestamptz,
    end_reason text,
    deleted_at timestamptz,
    UNIQUE (account_id, employee_hash),
    CHECK ((blocked_at IS NULL) = (block_reason IS NULL)),
    CHECK ((ended_at IS NULL) = (end_reason IS NULL)),
    CHECK (deleted_at IS NULL OR (ended_at IS NOT NULL AND name_sealed IS NULL AND subject_hash IS NULL)),
    CHECK (deleted_at IS NOT NULL OR (name_sealed IS NOT NULL AND subject_hash IS NOT NULL))
);
CREATE UNIQUE INDEX ON staff.account (subject_hash) WHERE ended_at IS NULL;
CREATE UNIQUE INDEX ON staff.account (employee_hash) WHERE ended_at IS NULL;

-- Of a client certificate on a managed workstation (x5t#S256). Once there is one, staff come from one of these (R198).
CREATE TABLE staff.device (
    device_id uuid PRIMARY KEY,
    print text NOT NULL UNIQUE,
    label text NOT NULL,
    registered_by bytea NOT NULL,
    registered_at timestamptz NOT NULL,
    ended_at timestamptz
);
"""

ROLES = """
-- Asked by one person, approved by another, who is not the one who gets it either; whatever account they use (R156).
CREATE TABLE staff.role_grant (
    grant_id uuid PRIMARY KEY,
    account_id uuid NOT NULL,
    employee_hash bytea NOT NULL,
    role text NOT NULL,
    writes boolean NOT NULL,
    reason_sealed bytea NOT NULL,
    until_at timestamptz,
    asked_by bytea NOT NULL,
    asked_at timestamptz NOT NULL,
    asked_index bigint NOT NULL,
    approved_by bytea,
    approved_at timestamptz,
    approved_index bigint,
    confirmed_at timestamptz,
    suspended_at timestamptz,
    ended_at timestamptz,
    end_reason text,
    FOREIGN KEY (account_id, employee_hash) REFERENCES staff.account (account_id, employee_hash),
    CONSTRAINT four_eyes CHECK (approved_by <> asked_by AND approved_by <> employee_hash),
    CONSTRAINT privileged_for_a_period CHECK (role <> 'administrator' OR until_at IS NOT NULL),
    CHECK ((approved_by IS NULL) = (approved_at IS NULL) AND (approved_by IS NULL) = (approved_index IS NULL)),
    CHECK ((ended_at IS NULL) = (end_reason IS NULL))
);
CREATE UNIQUE INDEX ON staff.role_grant (account_id, role, writes) WHERE ended_at IS NULL;
CREATE INDEX ON staff.role_grant (employee_hash) WHERE ended_at IS NULL;

-- As `databeheer/staff/roles.toml` has it, both ways round; a test holds them together (R168).
CREATE TABLE staff.incompatible (
    role text NOT NULL,
    other text NOT NULL,
    PRIMARY KEY (role, other)
);
INSERT INTO staff.incompatible (role, other) SELECT one, unnest(others) FROM (VALUES
    ('desk', ARRAY['supplier_desk', 'privacy_officer', 'security_officer', 'administrator']),
    ('supplier_desk', ARRAY['desk', 'metering_clerk', 'market_clerk', 'manager', 'privacy_officer',
        'security_officer', 'administrator', 'confidentiality_coordinator']),
    ('metering_clerk', ARRAY['supplier_desk', 'privacy_officer', 'security_officer', 'administrator']),
    ('market_clerk', ARRAY['supplier_desk', 'privacy_officer', 'security_officer', 'administrator']),
    ('privacy_officer', ARRAY['desk', 'supplier_desk', 'metering_clerk', 'market_clerk', 'manager',
        'security_officer', 'administrator']),
    ('security_officer', ARRAY['desk', 'supplier_desk', 'metering_clerk', 'market_clerk', 'privacy_officer',
        'administrator']),
    ('manager', ARRAY['supplier_desk', 'privacy_officer', 'administrator']),
    ('administrator', ARRAY['desk', 'supplier_desk', 'metering_clerk', 'market_clerk', 'privacy_officer',
        'security_officer', 'manager', 'confidentiality_coordinator']),
    ('confidentiality_coordinator', ARRAY['supplier_desk', 'administrator'])
) AS known (one, others);

CREATE FUNCTION staff.refuse_incompatible() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    IF NEW.approved_at IS NOT NULL AND NEW.ended_at IS NULL AND EXISTS (
        SELECT FROM staff.role_grant g JOIN staff.incompatible i ON i.role = NEW.role AND i.other = g.role
        WHERE g.employee_hash = NEW.employee_hash AND g.approved_at IS NOT NULL AND g.ended_at IS NULL
          AND g.grant_id <> NEW.grant_id
    ) THEN
        RAISE EXCEPTION 'incompatible roles' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
REVOKE ALL ON FUNCTION staff.refuse_incompatible() FROM PUBLIC;
CREATE TRIGGER refuse_incompatible BEFORE INSERT OR UPDATE ON staff.role_grant
    FOR EACH ROW EXECUTE FUNCTION staff.refuse_incompatible();
"""

CASES = """
-- Why somebody looks: each look-up of a person's data names one of these (R155, R132).
CREATE TABLE staff.case_file (
    case_id uuid PRIMARY KEY,
    operator smallint NOT NULL,
    reference text NOT NULL UNIQUE,
    kind text NOT NULL,
    what_sealed bytea NOT NULL,
    access_point_id uuid REFERENCES registry.access_point,
    occupancy_id uuid REFERENCES registry.occupancy,
    opened_by uuid NOT NULL REFERENCES staff.account,
    opened_at timestamptz NOT NULL,
    opened_index bigint NOT NULL,
    assigned_to uuid REFERENCES staff.account,
    team text,
    closed_at timestamptz,
    closed_by uuid REFERENCES staff.account,
    CHECK (num_nonnulls(assigned_to, team) = 1),
    CHECK ((closed_at IS NULL) = (closed_by IS NULL))
);
CREATE INDEX ON staff.case_file (assigned_to) WHERE closed_at IS NULL;
CREATE INDEX ON staff.case_file (team) WHERE closed_at IS NULL;

-- Where in the ledger stands what somebody did: a person's actions by time (R163).
CREATE TABLE staff.deed (
    entry_index bigint NOT NULL,
    account_id uuid NOT NULL REFERENCES staff.account,
    at timestamptz NOT NULL,
    event text NOT NULL,
    case_id uuid REFERENCES staff.case_file,
    PRIMARY KEY (account_id, entry_index)
);

-- Look-ups without a case of one's own, and log-ins from an unknown machine: the inspector's list.
CREATE TABLE staff.refusal (
    entry_index bigint PRIMARY KEY,
    account_id uuid NOT NULL REFERENCES staff.account,
    at timestamptz NOT NULL,
    what text NOT NULL,
    reason text NOT NULL
);

GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA staff TO databeheer_door;
REVOKE INSERT ON staff.incompatible FROM databeheer_door;
GRANT UPDATE (subject_hash, name_sealed, team, clause_signed_on, trained_until, last_used_at, blocked_at, block_reason,
    ended_at, end_reason, deleted_at) ON staff.account TO databeheer_door;
GRANT UPDATE (ended_at) ON staff.device TO databeheer_door;
GRANT UPDATE (approved_by, approved_at, approved_index, confirmed_at, suspended_at, ended_at, end_reason)
    ON staff.role_grant TO databeheer_door;
GRANT UPDATE (assigned_to, team, closed_at, closed_by) ON staff.case_file TO databeheer_door;
GRANT SELECT ON staff.role_grant, staff.incompatible, staff.deed, staff.refusal TO databeheer_auditor;
"""


def upgrade() -> None:
    for statements in (ACCOUNTS, ROLES, CASES):
        op.execute(statements)
