"""A join whose case asks for more people waits for them: the wish by a keyed hash, and who agreed."""

from __future__ import annotations

from alembic import op

revision = "0055"
down_revision = "0054"
branch_labels = None
depends_on = None

WAITING = """
-- What was asked stands here as a hash under the house's key: which points, a dump does not tell. Who asked runs it by
-- asking the same again, once enough people agree; one changed member is another wish.
CREATE TABLE joins.intent (
    intent_id uuid PRIMARY KEY,
    operator smallint NOT NULL REFERENCES registry.operator,
    party_id uuid NOT NULL REFERENCES registry.party,
    wish bytea NOT NULL CHECK (length(wish) = 32),
    asked_by text NOT NULL,
    list_version bigint NOT NULL REFERENCES joins.list,
    needed smallint NOT NULL CHECK (needed > 1),
    index bigint NOT NULL UNIQUE,
    asked_at timestamptz NOT NULL,
    lapses_at timestamptz NOT NULL CHECK (lapses_at > asked_at),
    ended_at timestamptz,
    ending text CHECK (ending IN ('run', 'refused', 'withdrawn')),
    CHECK ((ended_at IS NULL) = (ending IS NULL))
);
CREATE INDEX ON joins.intent (wish) WHERE ended_at IS NULL;  -- a lapsed one says nothing of its end

CREATE TABLE joins.agreement (
    intent_id uuid NOT NULL REFERENCES joins.intent,
    agreed_by text NOT NULL,
    index bigint NOT NULL UNIQUE,
    agreed_at timestamptz NOT NULL,
    PRIMARY KEY (intent_id, agreed_by)
);

GRANT SELECT, INSERT ON joins.intent, joins.agreement TO databeheer_door;
GRANT UPDATE (ended_at, ending) ON joins.intent TO databeheer_door;
GRANT SELECT ON joins.intent, joins.agreement TO databeheer_auditor;
"""


def upgrade() -> None:
    op.execute(WAITING)
