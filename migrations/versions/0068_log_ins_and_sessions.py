"""Log-ins that must be fresh; of a session when its person last showed who he is, and when it was last used."""

from __future__ import annotations

from alembic import op

revision = "0068"
down_revision = "0070"
branch_labels = None
depends_on = None

_SQL = """
ALTER TABLE identity.login ADD COLUMN is_fresh boolean NOT NULL DEFAULT false;

-- `session_id` names a session to its own person: the token's hash is no name to show. `logged_in_at`: when the person
-- showed the identity provider who he is, which may be before he came here. `last_used_at` is kept to the minute.
-- A release before this one goes on adding sessions, so each column has something to stand there.
ALTER TABLE identity.session
    ADD COLUMN session_id uuid NOT NULL DEFAULT gen_random_uuid(),
    ADD COLUMN logged_in_at timestamptz,
    ADD COLUMN last_used_at timestamptz;
UPDATE identity.session SET logged_in_at = created_at, last_used_at = created_at;
CREATE UNIQUE INDEX session_id ON identity.session (session_id);
CREATE INDEX session_person ON identity.session (person_id) WHERE ended_at IS NULL;
GRANT UPDATE (last_used_at) ON identity.session TO databeheer_door;
"""


def upgrade() -> None:
    op.execute(_SQL)
