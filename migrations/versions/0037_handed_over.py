"""A house that is handed over records nothing any more: its door loses the right to append (R190)."""

from __future__ import annotations

from alembic import op

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None

HANDED_OVER = """
CREATE TABLE oversight.handover (
    handover_no integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    successor text NOT NULL,
    decided_by text NOT NULL,
    closed_at timestamptz NOT NULL,
    closed_index bigint NOT NULL,
    opened_at timestamptz,  -- by the successor, or by us where it was called off
    opened_index bigint,
    outcome text CHECK (outcome IN ('taken_over', 'called_off')),
    CHECK ((outcome IS NULL) = (opened_index IS NULL) AND (outcome IS NULL) = (opened_at IS NULL))
);
CREATE UNIQUE INDEX ON oversight.handover ((outcome IS NULL)) WHERE outcome IS NULL;
GRANT SELECT, INSERT ON oversight.handover TO databeheer_door;
GRANT UPDATE (opened_at, opened_index, outcome) ON oversight.handover TO databeheer_door;

-- Two houses with one log would be a split view. Only the role `owner` gives the right back.
CREATE FUNCTION ledger.close_log() RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
    REVOKE INSERT ON ledger.entry FROM databeheer_door;
END
$$;
REVOKE ALL ON FUNCTION ledger.close_log() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ledger.close_log() TO databeheer_door;
"""


def upgrade() -> None:
    op.execute(HANDED_OVER)
