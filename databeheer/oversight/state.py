"""The state of the house in a dozen numbers: what runs out, waits, is doubted or is refused. No subject is named."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, text

from databeheer.clocks import Actor, shipped

LOOKS = timedelta(days=30)
"""How far back refused looks of staff count."""


@dataclass(frozen=True)
class State:
    """Counts of now.

    `overdue`: clocks that ran out and were not met since; `unjudged`: records of necessity of which the regulator has
    yet to say what it thinks; `refused_looks`: of staff, in the last thirty days; `gaps`: what a restore left open.
    """

    overdue: int
    overdue_of_house: int
    doubts: int
    complaints: int
    joins_waiting: int
    unjudged: int
    refused_looks: int
    breaches: int
    gaps: int


def state_at(connection: Connection, now: datetime) -> State:
    """Count."""
    of_house = [one.kind for one in shipped().kinds if one.actor is Actor.DATA_MANAGER]
    row = connection.execute(_STATE, {"now": now, "since": now - LOOKS, "of_house": of_house}).one()
    return State(**row._mapping)


_RAN_OUT = "FROM clocks.clock WHERE met_at IS NULL AND dropped_at IS NULL AND due_at <= :now"
_STATE = text(
    f"SELECT (SELECT count(*) {_RAN_OUT}) AS overdue,"  # noqa: S608  parts of our own
    f" (SELECT count(*) {_RAN_OUT} AND kind = ANY(:of_house)) AS overdue_of_house,"
    " (SELECT count(*) FROM doubt.doubt_case WHERE closed_at IS NULL"
    "   AND NOT (state = 'contacted' AND evidence_due_at <= :now)) AS doubts,"
    " (SELECT count(*) FROM oversight.complaint WHERE closed_at IS NULL) AS complaints,"
    " (SELECT count(*) FROM joins.intent WHERE ended_at IS NULL AND lapses_at > :now) AS joins_waiting,"
    " (SELECT count(*) FROM joins.necessity n WHERE NOT EXISTS ("
    "   SELECT FROM joins.necessity_opinion o WHERE o.necessity_id = n.necessity_id)) AS unjudged,"
    " (SELECT count(*) FROM staff.refusal WHERE at >= :since) AS refused_looks,"
    " (SELECT count(*) FROM governance.record WHERE register = 'breach' AND closed_at IS NULL) AS breaches,"
    " (SELECT count(*) FROM oversight.gap WHERE reconciled_index IS NULL) AS gaps"
)
