"""A request remembers that it named an access point; free texts of a request are sealed.

`named_hash` is the keyed hash of the EAN that the request named, whether or not that access point exists: a
request that named a point is answered by nobody but its grid user, and what does not exist has none. A
reference and a return URL are whatever a party writes, a name or an e-mail address too.
"""

from __future__ import annotations

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

NAMED_POINT = """
-- A migration has no keys to seal with: only a house in which nobody has asked anything yet can take this step.
DO $$
BEGIN
    IF EXISTS (SELECT FROM permissions.permission) THEN
        RAISE EXCEPTION 'this house holds requests in clear, from before the first release; make a new one';
    END IF;
END
$$;

ALTER TABLE permissions.permission
    DROP COLUMN reference,  -- and with it UNIQUE (party_id, reference, service)
    DROP COLUMN return_url_success,
    DROP COLUMN return_url_failed,
    ADD COLUMN named_hash bytea,  -- null: the request named no access point
    ADD COLUMN reference_hash bytea NOT NULL,  -- keyed, of party and reference
    ADD COLUMN reference_sealed bytea NOT NULL,
    ADD COLUMN return_url_success_sealed bytea,
    ADD COLUMN return_url_failed_sealed bytea,
    ADD UNIQUE (party_id, reference_hash, service),
    ADD CHECK (addressed_to IS NULL OR named_hash IS NOT NULL);
CREATE INDEX ON permissions.permission (party_id, named_hash) WHERE state = 'requested';
"""


def upgrade() -> None:
    op.execute(NAMED_POINT)
