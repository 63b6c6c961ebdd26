"""What bears on one point or one person, as intervals: switches, products, regimes, registrations, notices, deaths.

Free texts (why something is needed, what a court said, what a market process is about) are sealed. Of what is
under way at a point (a drop, a budget meter) not even its kind is in clear, and no decision reads that table.
"""

from __future__ import annotations

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

MARKET = """
ALTER TABLE registry.access_point ADD COLUMN municipality text CHECK (municipality ~ '^[0-9]{5}$');
GRANT UPDATE (municipality) ON registry.access_point TO databeheer_door;

-- A supplier announced that it will supply what it names; whether that exists is looked up when it is accepted.
CREATE TABLE registry.supply_request (
    supply_request_id uuid PRIMARY KEY,
    operator smallint NOT NULL REFERENCES registry.operator,
    party_id uuid NOT NULL REFERENCES registry.party,
    named_hash bytea NOT NULL,
    from_day date NOT NULL,
    state text NOT NULL CHECK (state IN ('received', 'accepted', 'refused', 'replaced', 'withdrawn')),
    received_at timestamptz NOT NULL,
    decided_at timestamptz,
    CHECK ((state = 'received') = (decided_at IS NULL))
);
CREATE UNIQUE INDEX ON registry.supply_request (party_id, named_hash) WHERE state = 'received';
CREATE INDEX ON registry.supply_request (party_id, received_at);

-- The stretches of a contract in which its price follows the market (3.1.38/1, draft 2018).
CREATE TABLE registry.dynamic_price (
    dynamic_price_id uuid PRIMARY KEY,
    operator smallint NOT NULL REFERENCES registry.operator,
    supply_contract_id uuid NOT NULL REFERENCES registry.supply_contract,
    information_sealed bytea NOT NULL,  -- which information the supplier gave beforehand (R37)
    from_day date NOT NULL,
    until_day date,
    CHECK (until_day IS NULL OR from_day <= until_day)
);
CREATE INDEX ON registry.dynamic_price (supply_contract_id);

CREATE TABLE registry.market_process (
    market_process_id uuid PRIMARY KEY,
    operator smallint NOT NULL REFERENCES registry.operator,
    access_point_id uuid NOT NULL REFERENCES registry.access_point,
    kind_sealed bytea NOT NULL,
    begun_at timestamptz NOT NULL,
    ended_at timestamptz
);
CREATE INDEX ON registry.market_process (access_point_id);
"""

LINKS = """
CREATE TABLE registry.metering_regime (
    metering_regime_id uuid PRIMARY KEY,
    operator smallint NOT NULL REFERENCES registry.operator,
    access_point_id uuid NOT NULL REFERENCES registry.access_point,
    occupancy_id uuid NOT NULL REFERENCES registry.occupancy,
    regime text NOT NULL CHECK (regime IN ('SMR1', 'SMR3')),
    from_day date NOT NULL,
    until_day date,
    CHECK (until_day IS NULL OR from_day <= until_day)
);
CREATE INDEX ON registry.metering_regime (access_point_id);

CREATE TABLE registry.registration (
    registration_id uuid PRIMARY KEY,
    operator smallint NOT NULL REFERENCES registry.operator,
    access_point_id uuid NOT NULL REFERENCES registry.access_point,
    party_id uuid NOT NULL REFERENCES registry.party,
    from_day date NOT NULL,
    until_day date,
    CHECK (until_day IS NULL OR from_day <= until_day)
);
CREATE INDEX ON registry.registration (access_point_id);

CREATE TABLE registry.participation (
    participation_id uuid PRIMARY KEY,
    operator smallint NOT NULL REFERENCES registry.operator,
    access_point_id uuid NOT NULL REFERENCES registry.access_point,
    occupancy_id uuid NOT NULL REFERENCES registry.occupancy,
    party_id uuid NOT NULL REFERENCES registry.party,
    from_day date NOT NULL,
    until_day date,
    CHECK (until_day IS NULL OR from_day <= until_day)
);
CREATE INDEX ON registry.participation (access_point_id);

CREATE TABLE registry.necessity (
    necessity_id uuid PRIMARY KEY,
    operator smallint NOT NULL REFERENCES registry.operator,
    access_point_id uuid NOT NULL REFERENCES registry.access_point,
    party_id uuid NOT NULL REFERENCES registry.party,
    purpose text NOT NULL,
    granularity text NOT NULL,
    article text NOT NULL,
    reason_sealed bytea NOT NULL,
    data_from date NOT NULL,
    data_until date NOT NULL,
    valid_from timestamptz NOT NULL,
    valid_until timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL,
    CHECK (data_from < data_until AND valid_from <= valid_until)
);
CREATE INDEX ON registry.necessity (access_point_id);

CREATE TABLE registry.notice (
    notice_id uuid PRIMARY KEY,
    operator smallint NOT NULL REFERENCES registry.operator,
    access_point_id uuid NOT NULL REFERENCES registry.access_point,
    occupancy_id uuid NOT NULL REFERENCES registry.occupancy,
    party_id uuid NOT NULL REFERENCES registry.party,
    purposes text[] NOT NULL,
    channel text NOT NULL CHECK (channel IN ('portal', 'letter', 'email')),
    text_sha256 bytea NOT NULL CHECK (length(text_sha256) = 32),
    given_at timestamptz NOT NULL
);
CREATE INDEX ON registry.notice (access_point_id, party_id);

GRANT SELECT, INSERT ON registry.supply_request, registry.dynamic_price, registry.market_process,
    registry.metering_regime, registry.registration, registry.participation, registry.necessity, registry.notice
    TO databeheer_door;
GRANT UPDATE (state, decided_at) ON registry.supply_request TO databeheer_door;
GRANT UPDATE (ended_at) ON registry.market_process TO databeheer_door;
GRANT UPDATE (valid_until) ON registry.necessity TO databeheer_door;
GRANT UPDATE (until_day) ON registry.dynamic_price, registry.metering_regime, registry.registration,
    registry.participation TO databeheer_door;
"""

PEOPLE = """
CREATE TABLE identity.death (
    death_id uuid PRIMARY KEY,
    person_id uuid NOT NULL REFERENCES identity.person,
    died_on date NOT NULL,
    recorded_at timestamptz NOT NULL,
    refuted_at timestamptz  -- it was a mistake
);
CREATE UNIQUE INDEX ON identity.death (person_id) WHERE refuted_at IS NULL;

CREATE TABLE identity.representation (
    representation_id uuid PRIMARY KEY,
    person_id uuid NOT NULL REFERENCES identity.person,
    representative_id uuid NOT NULL REFERENCES identity.person,
    reference_sealed bytea NOT NULL,
    from_day date NOT NULL,
    until_day date,
    recorded_index bigint NOT NULL,
    CHECK (person_id <> representative_id),
    CHECK (until_day IS NULL OR from_day <= until_day)
);
CREATE INDEX ON identity.representation (person_id);
CREATE INDEX ON identity.representation (representative_id);

GRANT SELECT, INSERT ON identity.death, identity.representation TO databeheer_door;
GRANT UPDATE (refuted_at) ON identity.death TO databeheer_door;
GRANT UPDATE (until_day) ON identity.representation TO databeheer_door;
"""


def upgrade() -> None:
    for part in (MARKET, LINKS, PEOPLE):
        op.execute(part)
