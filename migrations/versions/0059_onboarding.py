"""Onboarding: parties that wait for the operator's two people, what they hand in, and who acts for an enterprise."""

from __future__ import annotations

from alembic import op

revision = "0059"
down_revision = "0058"
branch_labels = None
depends_on = None

_SQL = """
-- `enterprise`: the enterprise number, of whose people the party pages are. Of each role an enterprise is one party.
ALTER TABLE registry.party
    ADD COLUMN enterprise text CHECK (enterprise ~ '^[01][0-9]{9}$'),
    ADD COLUMN awaits_approval boolean NOT NULL DEFAULT false;
CREATE UNIQUE INDEX party_enterprise_role ON registry.party (enterprise, role);
GRANT UPDATE (enterprise, awaits_approval) ON registry.party TO databeheer_door;

-- Whom nobody approved is in no register: not by a forgotten WHERE either.
DROP POLICY public ON registry.party;
CREATE POLICY public ON registry.party FOR SELECT TO databeheer_web USING (NOT awaits_approval);
CREATE POLICY auditor ON registry.party FOR SELECT TO databeheer_auditor USING (true);

-- A session of somebody who acts for an enterprise, and the party of it that he acts for now.
ALTER TABLE identity.session
    ADD COLUMN enterprise text CHECK (enterprise ~ '^[01][0-9]{9}$'),
    ADD COLUMN party_id uuid REFERENCES registry.party;
GRANT UPDATE (party_id) ON identity.session TO databeheer_door;

-- What a party is filling in; sealed, for the people whom one reaches stand in it.
CREATE TABLE registry.dossier (
    party_id uuid PRIMARY KEY REFERENCES registry.party,
    draft_sealed bytea NOT NULL,
    lacks text[] NOT NULL CHECK (cardinality(lacks) > 0),  -- told to its programs while it awaits approval
    changed_at timestamptz NOT NULL
);

-- What a party handed in, to the byte: what two people of the operator sign for.
CREATE TABLE registry.handed_in (
    handed_in_id uuid PRIMARY KEY,
    party_id uuid NOT NULL REFERENCES registry.party,
    sha256 bytea NOT NULL CHECK (length(sha256) = 32),
    content_sealed bytea,  -- gone once it counts no more
    handed_in_at timestamptz NOT NULL,
    handed_in_index bigint NOT NULL UNIQUE,
    outcome text CHECK (outcome IN ('approved', 'declined', 'overtaken')),
    outcome_at timestamptz,
    outcome_index bigint,
    reason_sealed bytea,
    CHECK ((outcome IS NULL) = (outcome_at IS NULL)),
    CHECK ((outcome IS NULL) = (outcome_index IS NULL))
);
CREATE INDEX ON registry.handed_in (party_id, handed_in_index);
CREATE UNIQUE INDEX one_waits ON registry.handed_in (party_id) WHERE outcome IS NULL;

GRANT SELECT, INSERT ON registry.dossier, registry.handed_in TO databeheer_door;
GRANT UPDATE (draft_sealed, lacks, changed_at) ON registry.dossier TO databeheer_door;
GRANT UPDATE (content_sealed, outcome, outcome_at, outcome_index, reason_sealed)
    ON registry.handed_in TO databeheer_door;
"""


def upgrade() -> None:
    op.execute(_SQL)
