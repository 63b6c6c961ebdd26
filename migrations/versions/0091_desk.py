"""The desk: contacts, each beside its case; recordings of calls; permissions that somebody signed on paper here."""

from __future__ import annotations

from alembic import op

revision = "0091"
down_revision = "0086"
branch_labels = None
depends_on = None

CONTACTS = """
-- A case that began about nobody; who was identified in it makes it about a stay, once (R81).
CREATE TABLE staff.contact (
    case_id uuid PRIMARY KEY REFERENCES staff.case_file,
    operator smallint NOT NULL,
    channel text NOT NULL CHECK (channel IN ('call', 'visit', 'letter', 'email')),
    caller text NOT NULL CHECK (caller IN ('customer', 'mandated', 'landlord', 'supplier', 'other')),
    told_recorded boolean NOT NULL,
    identified_at timestamptz,
    representation_id uuid REFERENCES identity.representation,
    eans_told smallint NOT NULL DEFAULT 0,
    CONSTRAINT told_that_it_is_recorded CHECK (channel <> 'call' OR told_recorded),
    CONSTRAINT nobody_else_is_told CHECK (identified_at IS NULL OR caller IN ('customer', 'mandated')),
    CONSTRAINT two_ean_codes CHECK (eans_told BETWEEN 0 AND 2)
);

-- Of a call, how the exchange calls its recording: for a month, or for a legal duty (R87).
CREATE TABLE staff.recording (
    case_id uuid PRIMARY KEY REFERENCES staff.contact,
    operator smallint NOT NULL,
    reference_sealed bytea,
    recorded_at timestamptz NOT NULL,
    keep_until timestamptz NOT NULL,
    duty text,
    ended_at timestamptz,
    CHECK ((ended_at IS NULL) = (reference_sealed IS NOT NULL)),
    CONSTRAINT a_month_or_a_duty CHECK (duty IS NOT NULL OR keep_until <= recorded_at + interval '33 days')
);
CREATE INDEX ON staff.recording (keep_until) WHERE ended_at IS NULL;
CREATE INDEX ON staff.deed (case_id);

GRANT SELECT, INSERT ON staff.contact, staff.recording TO databeheer_door;
GRANT UPDATE (operator, identified_at, representation_id, eans_told) ON staff.contact TO databeheer_door;
GRANT UPDATE (duty, keep_until, ended_at, reference_sealed) ON staff.recording TO databeheer_door;
GRANT UPDATE (operator, access_point_id, occupancy_id) ON staff.case_file TO databeheer_door;
"""

PAPER = """
ALTER TABLE permissions.signature
    DROP CONSTRAINT signature_method_check,
    DROP CONSTRAINT signature_check,
    ADD CONSTRAINT signature_method_check CHECK (method IN ('portal', 'written_mandate', 'letter', 'paper')),
    ADD CONSTRAINT signature_check CHECK ((method IN ('written_mandate', 'paper')) = (document_sha256 IS NOT NULL));
"""


def upgrade() -> None:
    op.execute(CONTACTS)
    op.execute(PAPER)
