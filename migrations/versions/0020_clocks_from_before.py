"""Clocks of what ran before there were any: reminders, deletions, samples, DPIAs, requests to erase.

What still runs only: of what ended before, the figures say nothing. `started_size` leads to the entry where one is
known, else to the beginning of the ledger.
"""

from __future__ import annotations

from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

INTO = (
    "INSERT INTO clocks.clock (operator, kind, about, party_id, occupancy_id, started_at, started_size, due_at) {}"
    " ON CONFLICT (kind, about) WHERE met_at IS NULL AND dropped_at IS NULL DO NOTHING"
)
REMINDERS = """
SELECT p.operator, 'reminder', p.permission_id, p.party_id, p.occupancy_id,
    coalesce(e.at, p.decided_at), coalesce(e.index, 0), p.remind_at + interval '24 hours'
FROM permissions.permission p LEFT JOIN LATERAL (
    SELECT at, index FROM permissions.event WHERE permission_id = p.permission_id
    AND event IN ('permission.granted', 'permission.reminded') ORDER BY event_no DESC LIMIT 1) e ON true
WHERE p.state IN ('active', 'to_be_renewed')
"""
DELETIONS = """
SELECT p.operator, 'deletion_confirmation', p.permission_id, p.party_id, p.occupancy_id,
    p.ended_at, coalesce(e.index, 0), p.ended_at + make_interval(hours => 24 * p.deletion_days)
FROM permissions.permission p LEFT JOIN LATERAL (
    SELECT index FROM permissions.event WHERE permission_id = p.permission_id
    AND event = 'permission.' || p.state ORDER BY event_no DESC LIMIT 1) e ON true
WHERE p.ended_at IS NOT NULL AND p.ends_at IS NOT NULL AND p.deletion_confirmed_at IS NULL
"""
SAMPLES = """
SELECT p.operator, 'mandate_sample', p.permission_id, p.party_id, p.occupancy_id,
    m.sampled_at, coalesce(e.index, 0), m.due_at
FROM permissions.permission p JOIN permissions.mandate m USING (permission_id) LEFT JOIN LATERAL (
    SELECT index FROM permissions.event WHERE permission_id = p.permission_id
    AND event = 'mandate.sampled' ORDER BY event_no DESC LIMIT 1) e ON true
WHERE m.due_at IS NOT NULL AND m.produced_at IS NULL AND p.state IN ('active', 'to_be_renewed', 'blocked')
"""
ASSESSMENTS = """
SELECT NULL, 'dpia_validity', party_id, party_id, NULL::uuid,
    max(assessed_on)::timestamp AT TIME ZONE 'Europe/Brussels', 0,
    (max(assessed_on) + interval '2 years') AT TIME ZONE 'Europe/Brussels'
FROM registry.dpia WHERE stale_at IS NULL GROUP BY party_id
"""
REQUESTS = """
SELECT o.operator, 'erasure_request', e.erasure_id, NULL::uuid, e.occupancy_id, e.asked_at, e.asked_index,
    ((((e.asked_at AT TIME ZONE 'Europe/Brussels')::date + interval '1 month')::date + 1)::timestamp)
        AT TIME ZONE 'Europe/Brussels'
FROM oversight.erasure e LEFT JOIN registry.occupancy o USING (occupancy_id) WHERE e.state = 'asked'
"""
FROM_BEFORE = tuple(INTO.format(part) for part in (REMINDERS, DELETIONS, SAMPLES, ASSESSMENTS, REQUESTS))


def upgrade() -> None:
    for statement in FROM_BEFORE:
        op.execute(statement)
