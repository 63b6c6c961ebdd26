"""Credit of budget meters: who has one and what it holds stands sealed; e-mails may hold whole messages."""

from __future__ import annotations

from alembic import op

revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None

CREDIT = """
-- That a budget function is active tells of trouble to pay (R183): whose it is, since when and until when, is sealed,
-- and found by a keyed hash of the stay.
CREATE TABLE metering.budget_function (
    handle bytea PRIMARY KEY CHECK (length(handle) = 16),
    operator smallint NOT NULL REFERENCES registry.operator,
    fact_sealed bytea NOT NULL
);
GRANT SELECT, INSERT, DELETE ON metering.budget_function TO databeheer_door;
GRANT UPDATE (fact_sealed) ON metering.budget_function TO databeheer_door;

-- One row for each stay and day: what its customer was told, and by which entry. At most once each.
CREATE TABLE metering.credit_day (
    handle bytea NOT NULL CHECK (length(handle) = 16),
    day date NOT NULL,
    operator smallint NOT NULL REFERENCES registry.operator,
    state_sealed bytea,
    told_index bigint,
    advised_index bigint,
    PRIMARY KEY (handle, day)
);
GRANT SELECT, INSERT, DELETE ON metering.credit_day TO databeheer_door;
GRANT UPDATE (state_sealed, told_index, advised_index) ON metering.credit_day TO databeheer_door;

-- What an average customer's day costs in euro cents, month by month (R180); the newest counts.
CREATE TABLE metering.average_day (
    set_index bigint PRIMARY KEY,
    set_at timestamptz NOT NULL,
    electricity integer[] NOT NULL CHECK (cardinality(electricity) = 12),
    gas integer[] NOT NULL CHECK (cardinality(gas) = 12)
);
GRANT SELECT, INSERT ON metering.average_day TO databeheer_door;

ALTER TABLE post.contact ADD COLUMN whole_email boolean NOT NULL DEFAULT false;
"""


def upgrade() -> None:
    op.execute(CREDIT)
