"""What the regulator is shown of the process: numbers of signals, how fast each block came, how cases ended (R113)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, text


@dataclass(frozen=True)
class Figures:
    """Of the signals and cases of a stretch of time.

    `by_origin` counts signals, `by_state` the cases opened in it as they are now. `slowest_block` is the longest time
    from when whoever reports it knew, to the block; `within_turn` how many were blocked the moment they were
    reported first. `undecided_breach` counts closed cases of which nobody said whether they are a breach (R112);
    one whose doubt was taken back needs no such word.
    """

    signals: int
    late_reports: int
    by_origin: dict[str, int]
    by_state: dict[str, int]
    within_turn: int
    slowest_block: timedelta
    longest_case: timedelta
    undecided_breach: int


def figures(connection: Connection, first: datetime, until: datetime) -> Figures:
    """Return the figures of [first, until)."""
    span = {"first": first, "until": until}
    signals = connection.execute(_SIGNALS, span).one()
    cases = connection.execute(_CASES, span).one()
    return Figures(
        signals=signals.signals,
        late_reports=signals.late,
        by_origin=dict(signals.by_origin or {}),
        by_state=dict(cases.by_state or {}),
        within_turn=cases.within_turn,
        slowest_block=cases.slowest or timedelta(),
        longest_case=cases.longest or timedelta(),
        undecided_breach=cases.undecided,
    )


def rows(connection: Connection, first: datetime, until: datetime) -> list[Any]:
    """Return the cases opened in [first, until), oldest first, as the regulator's file has them."""
    return list(connection.execute(_ROWS, {"first": first, "until": until}))


_SIGNALS = text(
    "SELECT coalesce(sum(number), 0)::bigint AS signals, coalesce(sum(late), 0)::bigint AS late,"
    " jsonb_object_agg(origin, number) AS by_origin FROM (SELECT origin, count(*) AS number,"
    " count(*) FILTER (WHERE is_late) AS late FROM doubt.signal WHERE signalled_at >= :first"
    " AND signalled_at < :until GROUP BY origin) counted"
)
_OF_SPAN = "doubt.doubt_case c WHERE c.opened_at >= :first AND c.opened_at < :until"
_CASES = text(
    "SELECT (SELECT jsonb_object_agg(state, number) FROM (SELECT state, count(*) AS number FROM"  # noqa: S608  parts of our own
    f" {_OF_SPAN} GROUP BY state) counted) AS by_state,"
    " count(*) FILTER (WHERE known_at = opened_at) AS within_turn, max(opened_at - known_at) AS slowest,"
    " max(closed_at - opened_at) AS longest,"
    " count(*) FILTER (WHERE closed_at IS NOT NULL AND breach IS NULL AND state <> 'retracted') AS undecided"
    " FROM (SELECT c.*, (SELECT min(s.received_at) FROM doubt.signal s WHERE s.case_id = c.case_id"
    f" AND s.signalled_at = c.opened_at) AS known_at FROM {_OF_SPAN}) of_span"
)
_ROWS = text(
    "SELECT c.*, p.name AS party_name, (SELECT count(*) FROM doubt.signal s WHERE s.case_id = c.case_id) AS signals,"  # noqa: S608  as above
    " (SELECT s.origin FROM doubt.signal s WHERE s.case_id = c.case_id ORDER BY s.signalled_at, s.signal_id LIMIT 1)"
    " AS origin, (SELECT min(s.received_at) FROM doubt.signal s WHERE s.case_id = c.case_id) AS known_at,"
    " (SELECT count(*) FROM doubt.evidence e WHERE e.case_id = c.case_id) AS documents"
    f" FROM registry.party p JOIN {_OF_SPAN.replace(' WHERE', ' USING (party_id) WHERE')}"
    " ORDER BY c.opened_at, c.case_id"
)
