"""Doubt about a mandate: cases, signals, evidence, what happened, whom to reach, regular offenders, reports.

Free texts, documents and who can be reached are sealed; a document only until it was judged and the case is closed:
then its hash stays.
"""

from __future__ import annotations

from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

CASES = """
CREATE SCHEMA doubt;
GRANT USAGE ON SCHEMA doubt TO databeheer_door, databeheer_auditor;

CREATE TABLE doubt.doubt_case (
    case_id uuid PRIMARY KEY,
    operator smallint NOT NULL REFERENCES registry.operator,
    party_id uuid NOT NULL REFERENCES registry.party,
    access_point_id uuid NOT NULL REFERENCES registry.access_point,
    occupancy_id uuid NOT NULL REFERENCES registry.occupancy,
    permission_id uuid REFERENCES permissions.permission ON DELETE SET NULL,  -- null: known from the journal of ends
    concern text NOT NULL CHECK (concern IN ('not_given', 'too_much', 'other')),
    state text NOT NULL CHECK (state IN
        ('open', 'contacted', 'shown', 'accepted', 'lifted', 'retracted', 'unproven')),
    opened_at timestamptz NOT NULL,
    contacted_at timestamptz,
    contacted_by text NOT NULL DEFAULT '',
    contact_how text NOT NULL DEFAULT '',
    evidence_due_at timestamptz,  -- the first moment that is too late
    accepted_by text NOT NULL DEFAULT '',
    lifted_by text NOT NULL DEFAULT '',
    closed_at timestamptz,
    allocates boolean NOT NULL,  -- the point is allocated on the data in doubt (R107)
    breach text CHECK (breach IN ('yes', 'no')),
    breach_reference_sealed bytea,
    breach_by text NOT NULL DEFAULT '',
    breach_at timestamptz,
    CHECK ((state IN ('lifted', 'retracted', 'unproven')) = (closed_at IS NOT NULL)),
    CHECK (state <> 'contacted' OR evidence_due_at IS NOT NULL),
    -- Two people: nobody lifts a block on a proof that he alone found good (R156).
    CHECK (state <> 'lifted' OR accepted_by <> '' AND lifted_by <> '' AND lower(accepted_by) <> lower(lifted_by)),
    CHECK ((breach IS NULL) = (breach_at IS NULL))
);
CREATE UNIQUE INDEX ON doubt.doubt_case (party_id, occupancy_id) WHERE closed_at IS NULL;
CREATE INDEX ON doubt.doubt_case (access_point_id, party_id);
CREATE INDEX ON doubt.doubt_case (opened_at);
CREATE INDEX ON doubt.doubt_case (party_id, opened_at);
CREATE INDEX ON doubt.doubt_case (permission_id);
CREATE INDEX ON doubt.doubt_case (evidence_due_at) WHERE state = 'contacted';

CREATE TABLE doubt.signal (
    signal_id uuid PRIMARY KEY,
    case_id uuid NOT NULL REFERENCES doubt.doubt_case,
    operator smallint NOT NULL REFERENCES registry.operator,
    origin text NOT NULL CHECK (origin IN
        ('customer', 'party', 'market_party', 'authority', 'consumer_body', 'journal')),
    concern text NOT NULL CHECK (concern IN ('not_given', 'too_much', 'other')),
    person_id uuid REFERENCES identity.person,
    customer text CHECK (customer IN ('unsatisfied', 'unknown')),  -- as the party says that it left its customer
    source_sealed bytea,
    words_sealed bytea,
    received_at timestamptz NOT NULL,  -- when whoever reports it knew of it
    signalled_at timestamptz NOT NULL,
    is_late boolean NOT NULL,  -- a party's own report, after its one working day (R110)
    CHECK (received_at <= signalled_at),
    CHECK ((origin = 'party') = (customer IS NOT NULL)),
    CHECK (NOT is_late OR origin = 'party')
);
CREATE INDEX ON doubt.signal (case_id);
CREATE INDEX ON doubt.signal (signalled_at);
CREATE UNIQUE INDEX ON doubt.signal (case_id, person_id) WHERE person_id IS NOT NULL;
CREATE UNIQUE INDEX ON doubt.signal (case_id) WHERE origin = 'party';

CREATE TABLE doubt.evidence (
    evidence_id uuid PRIMARY KEY,
    case_id uuid NOT NULL REFERENCES doubt.doubt_case,
    operator smallint NOT NULL REFERENCES registry.operator,
    document_sha256 bytea NOT NULL CHECK (length(document_sha256) = 32),
    media_type text NOT NULL,
    size integer NOT NULL CHECK (size > 0),
    document_sealed bytea,
    findings_sealed bytea,
    shown_at timestamptz NOT NULL,
    accepted boolean,
    judged_at timestamptz,
    judged_by text NOT NULL DEFAULT '',
    destroyed_at timestamptz,
    CHECK ((document_sealed IS NULL) = (destroyed_at IS NOT NULL)),
    CHECK ((findings_sealed IS NULL) = (destroyed_at IS NOT NULL))
);
CREATE INDEX ON doubt.evidence (case_id, shown_at);
CREATE INDEX ON doubt.evidence (destroyed_at);

CREATE TABLE doubt.event (
    event_no bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    case_id uuid NOT NULL REFERENCES doubt.doubt_case,
    operator smallint NOT NULL REFERENCES registry.operator,
    event text NOT NULL,
    state text NOT NULL,
    by text NOT NULL CHECK (by IN ('customer', 'party', 'authority', 'data_manager', 'time')),
    at timestamptz NOT NULL,
    index bigint NOT NULL UNIQUE  -- the ledger's entry
);
CREATE INDEX ON doubt.event (case_id, event_no);
"""

PARTIES = """
-- Contact group "gerede twijfel": whom the others reach at a party (R111).
CREATE TABLE doubt.contact (
    party_id uuid PRIMARY KEY REFERENCES registry.party,
    name_sealed bytea NOT NULL,
    email_sealed bytea NOT NULL,
    phone_sealed bytea NOT NULL,
    changed_at timestamptz NOT NULL
);

CREATE TABLE doubt.terms (
    terms_no bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    threshold integer NOT NULL CHECK (threshold > 0),
    window_days integer NOT NULL CHECK (window_days > 0),
    at timestamptz NOT NULL,
    index bigint NOT NULL UNIQUE
);

CREATE TABLE doubt.improvement (
    improvement_id uuid PRIMARY KEY,
    party_id uuid NOT NULL REFERENCES registry.party,
    asked_at timestamptz NOT NULL,
    asked_by text NOT NULL,
    words_sealed bytea NOT NULL,
    outcome text CHECK (outcome IN ('sufficient', 'insufficient')),
    judged_at timestamptz,
    judged_by text NOT NULL DEFAULT '',
    CHECK ((outcome IS NULL) = (judged_at IS NULL))
);
CREATE UNIQUE INDEX ON doubt.improvement (party_id) WHERE outcome IS NULL;
CREATE INDEX ON doubt.improvement (party_id, asked_at);

-- What the regulator was told (R108, R109).
CREATE TABLE doubt.report (
    report_id uuid PRIMARY KEY,
    party_id uuid NOT NULL REFERENCES registry.party,
    case_id uuid REFERENCES doubt.doubt_case,
    reason text NOT NULL CHECK (reason IN ('ad_hoc', 'no_improvement')),
    words_sealed bytea NOT NULL,
    reported_by text NOT NULL,
    at timestamptz NOT NULL,
    index bigint NOT NULL UNIQUE
);
CREATE INDEX ON doubt.report (party_id);
CREATE INDEX ON doubt.report (at);

GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA doubt TO databeheer_door;
GRANT UPDATE (state, contacted_at, contacted_by, contact_how, evidence_due_at, accepted_by, lifted_by, closed_at,
    breach, breach_reference_sealed, breach_by, breach_at) ON doubt.doubt_case TO databeheer_door;
GRANT UPDATE (document_sealed, findings_sealed, accepted, judged_at, judged_by, destroyed_at)
    ON doubt.evidence TO databeheer_door;
GRANT UPDATE (name_sealed, email_sealed, phone_sealed, changed_at) ON doubt.contact TO databeheer_door;
GRANT UPDATE (outcome, judged_at, judged_by) ON doubt.improvement TO databeheer_door;
GRANT SELECT ON doubt.event, doubt.terms TO databeheer_auditor;
"""


def upgrade() -> None:
    op.execute(CASES)
    op.execute(PARTIES)
