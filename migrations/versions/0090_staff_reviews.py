"""Staff: half-yearly reviews of roles, checks against HR, and consultations of the national register."""

from __future__ import annotations

from alembic import op

revision = "0090"
down_revision = "0085"
branch_labels = None
depends_on = None

REVIEWS = """
ALTER TABLE staff.role_grant
    ADD COLUMN confirmed_by bytea,
    ADD CONSTRAINT nobody_confirms_his_own CHECK (confirmed_by <> employee_hash);
GRANT UPDATE (confirmed_by) ON staff.role_grant TO databeheer_door;

CREATE TABLE staff.hr_check (
    entry_index bigint PRIMARY KEY,
    at timestamptz NOT NULL,
    done_by bytea NOT NULL,
    in_service integer NOT NULL,
    with_account integer NOT NULL,
    ended integer NOT NULL
);
"""

REGISTER = """
-- Asked by one of the house's own people with a signed reason, validated by another before the answer counts (R161).
CREATE TABLE staff.register_consultation (
    consultation_id uuid PRIMARY KEY,
    case_id uuid NOT NULL REFERENCES staff.case_file,
    account_id uuid NOT NULL,
    employee_hash bytea NOT NULL,
    reason_sealed bytea NOT NULL,
    signed_at timestamptz NOT NULL,
    signed_index bigint NOT NULL,
    judged_by bytea,
    judged_at timestamptz,
    is_valid boolean,
    outcome_sealed bytea,
    outcome_at timestamptz,
    reviewed_by bytea,
    reviewed_at timestamptz,
    FOREIGN KEY (account_id, employee_hash) REFERENCES staff.account (account_id, employee_hash),
    CONSTRAINT superior CHECK (judged_by <> employee_hash AND reviewed_by <> employee_hash),
    CHECK (num_nonnulls(judged_by, judged_at, is_valid) IN (0, 3)),
    CHECK (outcome_sealed IS NULL OR is_valid),
    CHECK ((reviewed_by IS NULL) = (reviewed_at IS NULL))
);
CREATE INDEX ON staff.register_consultation (signed_index);

GRANT SELECT, INSERT ON staff.hr_check, staff.register_consultation TO databeheer_door;
GRANT UPDATE (judged_by, judged_at, is_valid, outcome_sealed, outcome_at, reviewed_by, reviewed_at)
    ON staff.register_consultation TO databeheer_door;
GRANT SELECT ON staff.hr_check TO databeheer_auditor;
"""


def upgrade() -> None:
    op.execute(REVIEWS)
    op.execute(REGISTER)
