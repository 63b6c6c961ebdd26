"""What may leave of a join: point by point on the case's legal basis, or everything, for sums only."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from databeheer.access.decide import decide
from databeheer.access.decision import Wish
from databeheer.access.facts import Necessity, PartyFacts
from databeheer.access.intervals import Interval
from databeheer.access.reasons import ReasonCode
from databeheer.door.facts.of_requests import FactBook, Point
from databeheer.door.house import House
from databeheer.door.reads.opening import Stretch
from databeheer.door.turn import Turn
from databeheer.joins.cases import JoinCase, Scope, Shape
from databeheer.joins.gate import reach
from databeheer.joins.reasons import JoinReason
from databeheer.values import EAN, Period, Purpose

MOST_SUBJECTS = 32_000
"""Occupancies that one entry can speak to."""

AGGREGATE_STATES = frozenset({"READ", "VAL", "EST", "NONE"})
"""Values that failed validation never leave, not even in a sum (R63)."""


@dataclass(frozen=True)
class JoinAsked:
    """What was asked: a case, for what, of which points (None: the whole area), of when; the requester's own file."""

    case_id: str
    purpose: str
    eans: tuple[EAN, ...] | None
    period: Period
    requester_note: str


@dataclass(frozen=True)
class PointStretches:
    """What may leave of one point."""

    point: Point
    stretches: tuple[Stretch, ...]


def may_leave(
    house: House,
    turn: Turn,
    book: FactBook,
    party: PartyFacts,
    case: JoinCase,
    asked: JoinAsked,
    *,
    complete: bool,
) -> tuple[tuple[PointStretches, ...], JoinReason | None]:
    # While a restored backup is not reconciled, what the list or a stay lost is not known: nothing leaves either.
    if book.unreconciled_since is not None or (
        book.stopped_since is not None and book.stopped_since <= turn.now
    ):
        return (), JoinReason.STOPPED
    if any(turn.now in suspension for suspension in party.suspensions):
        return (), JoinReason.PARTY_SUSPENDED
    if (
        not complete
    ):  # says no more than that a point is not given: it may not exist, or be another operator's
        return (), JoinReason.POINT_NOT_GIVEN
    if case.scope is Scope.AREA and (limits := reach(case, len(book.points))) is not None:
        return (), limits.reason
    parts: list[PointStretches] = []
    for point in sorted(book.points.values(), key=lambda one: one.access_point_id):
        if case.shape is Shape.AGGREGATE:
            parts.append(whole(point, asked.period))
            continue
        given = _given(house, book, point, party, case, asked, turn.now)
        if isinstance(given, JoinReason):
            return (), given
        parts.append(given)
    if sum(len(part.stretches) for part in parts) > MOST_SUBJECTS:
        return (), JoinReason.TOO_MANY_POINTS
    return tuple(parts), None


def _given(
    house: House,
    book: FactBook,
    point: Point,
    party: PartyFacts,
    case: JoinCase,
    asked: JoinAsked,
    now: datetime,
) -> PointStretches | JoinReason:
    """Decide one point on the case's own legal basis.

    The join, recorded before it is carried out, is the record of necessity that the basis asks for: it names
    the purpose, the period, the granularity and the requester's file, and it opens this one look.
    """
    purpose = Purpose(case.purpose.value)
    necessity = Necessity(
        id=asked.requester_note,
        party_id=party.id,
        purpose=purpose,
        granularity=case.granularity,
        data_period=Interval(asked.period.start, asked.period.end),
        valid_period=Interval(now, now + timedelta(hours=1)),
    )
    facts = replace(book.facts(point, UUID(party.id), None), necessities=(necessity,))
    wish = Wish(
        party.role, party.id, None, purpose, "readings", case.directions, case.granularity, asked.period
    )
    decision = decide(wish, facts, now, house.catalogue)
    granted = [one for one in decision.granted if one.basis == case.basis]
    if not granted:
        is_stopped = bool(decision.refused) and decision.main_reason() is ReasonCode.STOPPED
        return JoinReason.STOPPED if is_stopped else JoinReason.POINT_NOT_GIVEN
    return PointStretches(
        point,
        tuple(
            Stretch(UUID(one.occupancy_id), point.roots[one.occupancy_id], one.interval, one.states)
            for one in granted
        ),
    )


def whole(point: Point, period: Period) -> PointStretches:
    """Everything of a point in the period: for sums only, in which nobody can be seen."""
    stretches = []
    for occupancy in point.occupancies:
        start, end = max(occupancy.period.start, period.start), min(occupancy.period.stop, period.end)
        if start < end:
            period_there = Period(start, end)
            root_id = point.roots[occupancy.id]
            stretches.append(Stretch(UUID(occupancy.id), root_id, period_there, AGGREGATE_STATES))
    return PointStretches(point, tuple(stretches))
