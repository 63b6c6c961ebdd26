"""Permissions by the EU 2023/1162 model: signers, texts that were read, clocks, history, renewals, written mandates.

What a permission will do by itself is fixed when it is granted (`ends_at` and the like), under the terms of then.
Each step of its life is a row that nobody can change, with the index of the ledger's entry.
"""

from __future__ import annotations

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

PERMISSION = """
ALTER TABLE permissions.permission
    DROP CONSTRAINT permission_state_check,
    ADD CONSTRAINT permission_state_check CHECK (state IN
        ('requested', 'rejected', 'timed_out', 'active', 'to_be_renewed', 'blocked', 'fulfilled', 'revoked',
         'expired', 'terminated', 'invalidated', 'lapsed')),
    -- A request by link is addressed to an address as soon as one of its people has signed for it.
    DROP CONSTRAINT permission_check2,
    DROP CONSTRAINT permission_party_id_reference_hash_service_key,
    ADD COLUMN split_at timestamptz,  -- asked: data of before, and of after; each has its own answer. null: one of both
    ADD COLUMN refused_part text CHECK (refused_part IN ('past', 'future')),
    ADD COLUMN applicant_id uuid REFERENCES identity.person,  -- who sent it on to the contract holder
    ADD COLUMN renews uuid REFERENCES permissions.permission ON DELETE SET NULL,
    ADD COLUMN more_signers boolean NOT NULL DEFAULT false,  -- not by the grid user alone
    ADD COLUMN ends_at timestamptz,
    ADD COLUMN renew_from timestamptz,
    ADD COLUMN fulfils_at timestamptz,
    ADD COLUMN remind_at timestamptz,
    ADD COLUMN deletion_days integer,
    ADD COLUMN deletion_confirmed_at timestamptz;

-- Granted before this: under the first terms (databeheer/permissions/terms.py).
UPDATE permissions.permission SET
    ends_at = date_trunc('milliseconds', least(valid_until, decided_at + interval '1826 days')),
    renew_from = CASE WHEN valid_until IS NULL
        THEN date_trunc('milliseconds', decided_at + interval '1766 days') END,
    remind_at = decided_at + interval '365 days',
    deletion_days = 30
    WHERE occupancy_id IS NOT NULL AND decided_at IS NOT NULL;

ALTER TABLE permissions.permission
    ADD CHECK (state NOT IN ('active', 'to_be_renewed', 'blocked')
        OR ends_at IS NOT NULL AND remind_at IS NOT NULL AND deletion_days IS NOT NULL AND decided_at IS NOT NULL);
CREATE UNIQUE INDEX ON permissions.permission (party_id, reference_hash, service) WHERE renews IS NULL;
CREATE INDEX ON permissions.permission (renews) WHERE renews IS NOT NULL;
CREATE INDEX ON permissions.permission (link_expires_at) WHERE state = 'requested';
CREATE INDEX ON permissions.permission (ends_at) WHERE state IN ('active', 'to_be_renewed', 'blocked');
CREATE INDEX ON permissions.permission (fulfils_at) WHERE state IN ('active', 'to_be_renewed', 'blocked');
CREATE INDEX ON permissions.permission (remind_at) WHERE state IN ('active', 'to_be_renewed', 'blocked');
CREATE INDEX ON permissions.permission (renew_from) WHERE state = 'active';
CREATE INDEX ON permissions.permission (ended_at) WHERE ends_at IS NOT NULL AND deletion_confirmed_at IS NULL;

GRANT UPDATE (addressed_to, named_hash, applicant_id, data_from, data_until, refused_part, more_signers, ends_at,
    renew_from, fulfils_at, remind_at, deletion_days, deletion_confirmed_at)
    ON permissions.permission TO databeheer_door;
"""

BESIDE = """
CREATE TABLE permissions.terms (
    terms_no bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    longest integer NOT NULL,
    renewal integer NOT NULL,
    reminder integer NOT NULL,
    collection integer NOT NULL,
    deletion integer NOT NULL,
    mandate integer NOT NULL,
    at timestamptz NOT NULL,
    index bigint NOT NULL UNIQUE,
    CHECK (0 < renewal AND renewal < longest AND 0 < reminder AND 0 < collection AND 0 <= deletion AND 0 < mandate)
);

-- Texts that people agreed to. They name a party and data, never a customer.
CREATE TABLE permissions.notice (
    sha256 bytea PRIMARY KEY CHECK (length(sha256) = 32),
    language text NOT NULL,
    text text NOT NULL,
    first_at timestamptz NOT NULL
);

CREATE TABLE permissions.signature (
    permission_id uuid NOT NULL REFERENCES permissions.permission ON DELETE CASCADE,
    operator smallint NOT NULL REFERENCES registry.operator,
    person_id uuid NOT NULL REFERENCES identity.person,
    capacity text NOT NULL CHECK (capacity IN ('grid_user', 'natural_person', 'representative')),
    method text NOT NULL CHECK (method IN ('portal', 'written_mandate')),
    notice_sha256 bytea REFERENCES permissions.notice,
    document_sha256 bytea,
    signed_at timestamptz NOT NULL,
    PRIMARY KEY (permission_id, person_id),
    CHECK ((method = 'written_mandate') = (document_sha256 IS NOT NULL))
);
CREATE INDEX ON permissions.signature (person_id);

CREATE TABLE permissions.event (
    event_no bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    permission_id uuid NOT NULL REFERENCES permissions.permission ON DELETE CASCADE,
    operator smallint NOT NULL REFERENCES registry.operator,
    event text NOT NULL,
    state text NOT NULL,
    reason text NOT NULL,
    by text NOT NULL CHECK (by IN
        ('grid_user', 'person_concerned', 'applicant', 'party', 'operator', 'time', 'move')),
    at timestamptz NOT NULL,
    index bigint NOT NULL UNIQUE,  -- the ledger's entry
    for_party boolean NOT NULL
);
CREATE INDEX ON permissions.event (permission_id, event_no);

-- The document itself is kept sealed, and only until somebody has judged it.
CREATE TABLE permissions.mandate (
    permission_id uuid PRIMARY KEY REFERENCES permissions.permission ON DELETE CASCADE,
    operator smallint NOT NULL REFERENCES registry.operator,
    document_sha256 bytea NOT NULL CHECK (length(document_sha256) = 32),
    signed_on date NOT NULL,
    registered_at timestamptz NOT NULL,
    produced_at timestamptz,
    document_sealed bytea,
    checked_at timestamptz,
    checked_by text NOT NULL DEFAULT '',
    accepted boolean,
    sampled_at timestamptz,
    due_at timestamptz,
    CHECK ((checked_at IS NULL) = (accepted IS NULL)),
    CHECK ((sampled_at IS NULL) = (due_at IS NULL))
);
CREATE INDEX ON permissions.mandate (due_at) WHERE produced_at IS NULL;

-- Each time a mandate was drawn for a sample, and how it went: who fails is drawn more often.
CREATE TABLE permissions.mandate_sample (
    sample_no bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    permission_id uuid NOT NULL REFERENCES permissions.permission ON DELETE CASCADE,
    operator smallint NOT NULL REFERENCES registry.operator,
    party_id uuid NOT NULL REFERENCES registry.party,
    drawn_at timestamptz NOT NULL,
    due_at timestamptz NOT NULL,
    failed_at timestamptz,
    passed_at timestamptz,
    CHECK (failed_at IS NULL OR passed_at IS NULL OR failed_at <= passed_at)
);
CREATE INDEX ON permissions.mandate_sample (permission_id);
CREATE INDEX ON permissions.mandate_sample (party_id, drawn_at);

CREATE TABLE registry.person_concerned (
    occupancy_id uuid NOT NULL REFERENCES registry.occupancy,
    operator smallint NOT NULL REFERENCES registry.operator,
    person_id uuid NOT NULL REFERENCES identity.person,
    from_day date NOT NULL,
    until_day date,
    PRIMARY KEY (occupancy_id, person_id, from_day),
    CHECK (until_day IS NULL OR from_day < until_day)
);
CREATE INDEX ON registry.person_concerned (person_id);

GRANT SELECT, INSERT ON permissions.terms, permissions.notice, permissions.signature, permissions.event,
    permissions.mandate, permissions.mandate_sample, registry.person_concerned TO databeheer_door;
GRANT UPDATE (produced_at, document_sealed, checked_at, checked_by, accepted, sampled_at, due_at)
    ON permissions.mandate TO databeheer_door;
GRANT UPDATE (failed_at, passed_at) ON permissions.mandate_sample TO databeheer_door;
GRANT UPDATE (until_day) ON registry.person_concerned TO databeheer_door;
GRANT SELECT ON permissions.terms, permissions.event TO databeheer_auditor;
"""


def upgrade() -> None:
    op.execute(PERMISSION)
    op.execute(BESIDE)
