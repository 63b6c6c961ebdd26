"""Jobs: a long read in bulk that is handed in and worked piece by piece; what was decided, never what was read."""

from __future__ import annotations

from alembic import op

revision = "0048"
down_revision = "0047"
branch_labels = None
depends_on = None

JOBS = """
CREATE SCHEMA jobs;
GRANT USAGE ON SCHEMA jobs TO databeheer_door;
CREATE TABLE jobs.job (
    job_id uuid PRIMARY KEY,
    party_id uuid NOT NULL REFERENCES registry.party,
    client_id text NOT NULL REFERENCES identity.client,  -- that handed it in
    request_hash bytea NOT NULL CHECK (length(request_hash) = 32),  -- keyed: the same request is the same job
    asked_sealed bytea NOT NULL,
    items integer NOT NULL CHECK (items > 0),
    pieces integer NOT NULL CHECK (pieces > 0),
    done integer NOT NULL DEFAULT 0 CHECK (done BETWEEN 0 AND pieces),
    at_night boolean NOT NULL,
    handed_in_at timestamptz NOT NULL,
    worked_at timestamptz,
    ended_at timestamptz,
    end_reason text CHECK (end_reason IN ('done', 'suspended', 'client_ended', 'failed')),
    expires_at timestamptz NOT NULL,
    UNIQUE (party_id, request_hash),
    CHECK ((ended_at IS NULL) = (end_reason IS NULL)),
    CHECK (end_reason <> 'done' OR done = pieces)
);
CREATE INDEX ON jobs.job (expires_at);
GRANT SELECT, INSERT, DELETE ON jobs.job TO databeheer_door;
GRANT UPDATE (done, worked_at, ended_at, end_reason, expires_at) ON jobs.job TO databeheer_door;

CREATE TABLE jobs.piece (
    job_id uuid NOT NULL REFERENCES jobs.job ON DELETE CASCADE,
    number integer NOT NULL CHECK (number >= 0),
    index bigint NOT NULL,  -- the ledger's entry of this piece
    as_of bigint NOT NULL,  -- which stored readings count: those of before this entry
    outcome_sealed bytea NOT NULL,
    recorded_at timestamptz NOT NULL,
    fetched_at timestamptz,
    PRIMARY KEY (job_id, number)
);
GRANT SELECT, INSERT ON jobs.piece TO databeheer_door;
GRANT UPDATE (fetched_at) ON jobs.piece TO databeheer_door;
"""


def upgrade() -> None:
    op.execute(JOBS)
