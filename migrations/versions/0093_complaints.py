"""Complaints that an inspector looks into: about which party or access point, which days, what came of it.

Only the door reaches them. The access point stands sealed: the table alone tells of nobody.
"""

from __future__ import annotations

from alembic import op

revision = "0093"
down_revision = "0091"
branch_labels = None
depends_on = None

_SQL = """
CREATE TABLE oversight.complaint (
    complaint_id uuid PRIMARY KEY,
    reference text NOT NULL CHECK (length(reference) BETWEEN 3 AND 60),
    origin text NOT NULL CHECK (origin IN ('customer', 'party', 'authority', 'own', 'doubt')),
    doubt_case uuid,
    party_id uuid REFERENCES registry.party,
    point_sealed bytea,
    first_day date NOT NULL,
    last_day date NOT NULL CHECK (last_day >= first_day),
    words_sealed bytea,
    opened_by text NOT NULL,
    opened_at timestamptz NOT NULL,
    opened_index bigint NOT NULL,
    outcome text CHECK (outcome IN ('founded', 'unfounded', 'passed_on')),
    closed_at timestamptz,
    closed_index bigint,
    CHECK (party_id IS NOT NULL OR point_sealed IS NOT NULL),
    CHECK ((origin = 'doubt') = (doubt_case IS NOT NULL)),
    CHECK (num_nonnulls(outcome, closed_at, closed_index) IN (0, 3))
);
CREATE INDEX ON oversight.complaint (opened_index);

GRANT SELECT, INSERT ON oversight.complaint TO databeheer_door;
GRANT UPDATE (outcome, closed_at, closed_index) ON oversight.complaint TO databeheer_door;
"""


def upgrade() -> None:
    op.execute(_SQL)
