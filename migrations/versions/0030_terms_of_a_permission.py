"""A permission keeps all terms under which it was granted; each step says who took it; the dead have no sessions."""

from __future__ import annotations

from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None

TERMS = """
ALTER TABLE permissions.permission
    ADD COLUMN reminder_days integer,
    ADD COLUMN collection_days integer;

-- Granted before this: under the terms that held then, the first ones before any were set.
UPDATE permissions.permission p SET
    reminder_days = least(365, coalesce((SELECT t.reminder FROM permissions.terms t WHERE t.at <= p.decided_at
        ORDER BY t.terms_no DESC LIMIT 1), 365)),
    collection_days = coalesce((SELECT t.collection FROM permissions.terms t WHERE t.at <= p.decided_at
        ORDER BY t.terms_no DESC LIMIT 1), 30)
    WHERE p.ends_at IS NOT NULL;

GRANT UPDATE (reminder_days, collection_days) ON permissions.permission TO databeheer_door;

-- How often a party asked for one access point, whatever became of it.
CREATE INDEX ON permissions.permission (party_id, named_hash, requested_at) WHERE named_hash IS NOT NULL;

-- What a renewal took the place of is deleted with the renewal's data: nobody waits for it apart.
UPDATE clocks.clock c SET dropped_at = greatest(c.started_at, least(c.due_at - interval '1 microsecond', p.ended_at)),
    ended_size = c.started_size
    FROM permissions.permission p WHERE c.kind = 'deletion_confirmation' AND c.about = p.permission_id
    AND p.reason = 'renewed' AND c.met_at IS NULL AND c.dropped_at IS NULL AND c.missed_index IS NULL;
"""
STEPS = """
ALTER TABLE permissions.event ADD COLUMN person_id uuid REFERENCES identity.person;  -- who took it, or in whose name
"""
SESSIONS = """
CREATE OR REPLACE FUNCTION identity.context_person() RETURNS uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
    SELECT s.person_id FROM identity.session s
    WHERE s.token_hash = sha256(convert_to(current_setting('databeheer.proof', true), 'UTF8'))
      AND s.role = 'customer' AND s.ended_at IS NULL AND s.expires_at > statement_timestamp()
      AND NOT EXISTS (SELECT FROM identity.death d WHERE d.person_id = s.person_id AND d.refuted_at IS NULL)
$$;
"""


def upgrade() -> None:
    for part in (TERMS, STEPS, SESSIONS):
        op.execute(part)
