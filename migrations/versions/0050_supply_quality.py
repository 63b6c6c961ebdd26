"""The quality of supply, as meters register it: sealed, a row for each stay, day and meter (R66)."""

from __future__ import annotations

from alembic import op

revision = "0050"
down_revision = "0049"
branch_labels = None
depends_on = None

QUALITY = """
CREATE TABLE metering.supply_quality (
    handle bytea NOT NULL CHECK (length(handle) = 16),
    day date NOT NULL,
    device bytea NOT NULL CHECK (length(device) = 8),
    operator smallint NOT NULL REFERENCES registry.operator,
    said_sealed bytea NOT NULL,
    PRIMARY KEY (handle, day, device)
);
CREATE INDEX ON metering.supply_quality (day);
GRANT SELECT, INSERT, DELETE ON metering.supply_quality TO databeheer_door;
GRANT UPDATE (said_sealed) ON metering.supply_quality TO databeheer_door;
"""


def upgrade() -> None:
    op.execute(QUALITY)
