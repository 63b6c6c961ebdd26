"""What a party must have in order, as intervals: suspension, DPIA, overview, agreement, territory, authorisation.

All are of a party, which serves every grid operator, so none carries one. Why a party was suspended, which is a
free text, stands in the ledger only.
"""

from __future__ import annotations

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

FACTS = """
CREATE TABLE registry.suspension (
    suspension_id uuid PRIMARY KEY,
    party_id uuid NOT NULL REFERENCES registry.party,
    suspended_at timestamptz NOT NULL,
    lifted_at timestamptz,
    CHECK (lifted_at IS NULL OR suspended_at <= lifted_at)
);
CREATE UNIQUE INDEX ON registry.suspension (party_id) WHERE lifted_at IS NULL;
CREATE INDEX ON registry.suspension (party_id);
INSERT INTO registry.suspension (suspension_id, party_id, suspended_at)
    SELECT gen_random_uuid(), party_id, suspended_at FROM registry.party WHERE suspended_at IS NOT NULL;

CREATE TABLE registry.dpia (
    dpia_id uuid PRIMARY KEY,
    party_id uuid NOT NULL REFERENCES registry.party,
    reference text NOT NULL,
    assessed_on date NOT NULL,
    filed_at timestamptz NOT NULL,
    stale_at timestamptz,
    stale_by text CHECK (stale_by IN
        ('use_changed', 'new_categories', 'unforeseen_breach', 'organisation_changed')),
    CHECK ((stale_at IS NULL) = (stale_by IS NULL)),
    UNIQUE (party_id, reference)
);

CREATE TABLE registry.processing_overview (
    overview_id uuid PRIMARY KEY,
    party_id uuid NOT NULL REFERENCES registry.party,
    url text NOT NULL,
    reachable_from timestamptz NOT NULL,
    checked_at timestamptz NOT NULL,
    unreachable_from timestamptz,
    CHECK (unreachable_from IS NULL OR reachable_from <= unreachable_from)
);
CREATE UNIQUE INDEX ON registry.processing_overview (party_id) WHERE unreachable_from IS NULL;
CREATE INDEX ON registry.processing_overview (party_id);

CREATE TABLE registry.processor_agreement (
    agreement_id uuid PRIMARY KEY,
    party_id uuid NOT NULL REFERENCES registry.party,
    number text NOT NULL UNIQUE,
    from_day date NOT NULL,
    until_day date,
    CHECK (until_day IS NULL OR from_day <= until_day)
);
CREATE INDEX ON registry.processor_agreement (party_id);

CREATE TABLE registry.territory (
    territory_id uuid PRIMARY KEY,
    party_id uuid NOT NULL REFERENCES registry.party,
    municipality text NOT NULL CHECK (municipality ~ '^[0-9]{5}$'),
    from_day date NOT NULL,
    until_day date,
    CHECK (until_day IS NULL OR from_day <= until_day)
);
CREATE INDEX ON registry.territory (party_id);

CREATE TABLE registry.authorisation (
    authorisation_id uuid PRIMARY KEY,
    party_id uuid NOT NULL REFERENCES registry.party,
    act text NOT NULL,
    version text NOT NULL,
    article text NOT NULL,
    categories text[] NOT NULL,
    granularity text NOT NULL,
    from_day date NOT NULL,
    until_day date,
    CHECK (until_day IS NULL OR from_day <= until_day)
);
CREATE INDEX ON registry.authorisation (party_id);

CREATE INDEX ON registry.contract (party_id);

GRANT SELECT, INSERT ON registry.suspension, registry.dpia, registry.processing_overview,
    registry.processor_agreement, registry.territory, registry.authorisation TO databeheer_door;
GRANT UPDATE (lifted_at) ON registry.suspension TO databeheer_door;
GRANT UPDATE (stale_at, stale_by) ON registry.dpia TO databeheer_door;
GRANT UPDATE (checked_at, unreachable_from) ON registry.processing_overview TO databeheer_door;
GRANT UPDATE (until_day) ON registry.processor_agreement, registry.territory, registry.authorisation
    TO databeheer_door;
GRANT SELECT ON registry.suspension, registry.dpia, registry.processing_overview, registry.processor_agreement,
    registry.territory, registry.authorisation TO databeheer_auditor;
-- Which law lets an authority know what is public (R14), and so is which centre has a mandate where (R39).
GRANT SELECT ON registry.authorisation, registry.territory TO databeheer_web;
"""


def upgrade() -> None:
    op.execute(FACTS)
