"""Rotations of the epoch key: who asked for it, who else began it, which epoch ended and which one follows."""

from __future__ import annotations

from alembic import op

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None

ROTATION = """
CREATE TABLE oversight.key_rotation (
    rotation bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    reason text NOT NULL,
    asked_by text NOT NULL,
    asked_at timestamptz NOT NULL,
    asked_index bigint NOT NULL UNIQUE,
    begun_by text,  -- somebody else than who asked
    begun_at timestamptz,
    begun_index bigint UNIQUE,
    epoch_ended integer,  -- the epoch in force when it began
    finished_at timestamptz,
    finished_index bigint UNIQUE,
    epoch_begun integer,
    CHECK ((begun_at IS NULL) = (begun_index IS NULL) AND (begun_at IS NULL) = (epoch_ended IS NULL)),
    CHECK ((begun_at IS NULL) = (begun_by IS NULL) AND begun_by <> asked_by),
    CHECK (finished_at IS NULL OR begun_at IS NOT NULL),
    CHECK ((finished_at IS NULL) = (finished_index IS NULL) AND (finished_at IS NULL) = (epoch_begun IS NULL))
);
-- One at a time.
CREATE UNIQUE INDEX ON oversight.key_rotation ((true)) WHERE finished_at IS NULL;
GRANT SELECT, INSERT ON oversight.key_rotation TO databeheer_door;
GRANT UPDATE (begun_by, begun_at, begun_index, epoch_ended, finished_at, finished_index, epoch_begun)
    ON oversight.key_rotation TO databeheer_door;
GRANT SELECT ON oversight.key_rotation TO databeheer_auditor;
"""


def upgrade() -> None:
    op.execute(ROTATION)
