"""What kind of customer an access point has; statistics that were told: once for each grid, commodity and month."""

from __future__ import annotations

from alembic import op

revision = "0046"
down_revision = "0045"
branch_labels = None
depends_on = None

STATISTICS = """
ALTER TABLE registry.access_point ADD COLUMN profile_type text
    CHECK (profile_type IN ('household', 'household_production', 'business', 'public'));
GRANT UPDATE (profile_type) ON registry.access_point TO databeheer_door;

CREATE SCHEMA statistics;
GRANT USAGE ON SCHEMA statistics TO databeheer_door, databeheer_web, databeheer_auditor;

-- That a month was told, apart from what: after a restore the second is lost, and the first is not. A month is never
-- told again: the difference of two releases of the same hours would be whoever came or left in between.
CREATE TABLE statistics.told (
    operator smallint NOT NULL REFERENCES registry.operator,
    commodity text NOT NULL CHECK (commodity IN ('electricity', 'gas')),
    month date NOT NULL CHECK (extract(day FROM month) = 1),
    PRIMARY KEY (operator, commodity, month)
);
GRANT SELECT, INSERT ON statistics.told TO databeheer_door;

-- The report in the bytes that its entry in the ledger commits to.
CREATE TABLE statistics.release (
    release_id uuid PRIMARY KEY,
    operator smallint NOT NULL,
    commodity text NOT NULL,
    month date NOT NULL,
    report text NOT NULL,
    outcome_index bigint NOT NULL,
    released_at timestamptz NOT NULL,
    UNIQUE (operator, commodity, month),
    FOREIGN KEY (operator, commodity, month) REFERENCES statistics.told
);
GRANT SELECT, INSERT ON statistics.release TO databeheer_door;
GRANT SELECT ON statistics.release TO databeheer_web, databeheer_auditor;

-- The table itself, a municipality at a time: of all of Flanders it is long.
CREATE TABLE statistics.part (
    release_id uuid NOT NULL REFERENCES statistics.release,
    municipality text COLLATE "C" NOT NULL,
    lines text NOT NULL,
    PRIMARY KEY (release_id, municipality)
);
GRANT SELECT, INSERT ON statistics.part TO databeheer_door;
GRANT SELECT ON statistics.part TO databeheer_web, databeheer_auditor;
"""


def upgrade() -> None:
    op.execute(STATISTICS)
