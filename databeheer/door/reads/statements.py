"""What the ledger says of a read: to all whom it concerns in the shared half, to each whose data it is in an own one.

Nobody is told of another's stay: neither what was read of it, nor why something was refused of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from databeheer.access.bases import Category
from databeheer.access.decision import Refused, main_reason
from databeheer.access.facts import Occupancy
from databeheer.access.reasons import ReasonCode
from databeheer.brussels import day_of
from databeheer.door.bodies.onlookers import Look, leaves_beside_house, person_to_seal
from databeheer.door.facts.of_requests import Point
from databeheer.door.proofs import AskerKind
from databeheer.door.reads.request import Decided, ReadRequest
from databeheer.door.statement import NO_OPERATOR, Statement, Subject
from databeheer.values import Direction, Granularity, Period, format_instant

_STEP = {Granularity.QUARTER_HOUR: timedelta(minutes=15), Granularity.HOUR: timedelta(hours=1)}


def statement_of(read: Decided, now: datetime) -> Statement:
    """What the ledger says of one read; recorded before anything is opened, so counts are upper bounds."""
    look = Look.by(read.asker, now)
    subjects = subjects_of(read, look)
    person_id = None if look is None else person_to_seal(look.person_id, subjects)
    return Statement(
        event=read.event,
        said={"asker": read.asker.kind.value} | said_of(read),
        ground=ground_for_all(read, subjects),
        party_id=read.asker.party_id,
        operator=_operator(read),
        subjects=subjects,
        leaves=None if person_id is None else leaves_beside_house(subjects),
        person_id=person_id,
    )


def said_of(read: Decided) -> dict[str, Any]:
    """What the shared half says: what was asked; and under a permission, which is of one stay only, what came of it.

    Of an access point what came of it stands in the half of each stay: every subject's receipt opens the shared one.
    """
    request = read.request
    asked: dict[str, Any] = {
        "category": request.category,
        "directions": sorted(read.directions),
        "granularity": request.granularity.value,
        "permission": str(request.permission_id or ""),
        "asked": span_of(request.period),
        "mode": "strict" if request.strict else "clip",
        "catalogue": read.decision.catalogue_version,
    }
    asked |= {"registers": True} if request.registers else {}
    asked |= {"parts": True} if request.parts else {}
    asked |= {"inserted": span_of(request.inserted)} if request.inserted else {}
    asked |= {"task": request.task} if request.task else {}
    asked |= versions_said(request)
    if request.permission_id is None:
        return asked
    registers = _values_a_slot(read)
    return asked | {
        "granted": [[*span_of(g.interval), g.basis] for g in read.leaving],
        "facts": [g.fact_id for g in read.leaving],
        "refused": refused_of(read),
        "slots": sum(_slots(g.interval, request.granularity) for g in read.leaving) * registers,
    }


def versions_said(request: ReadRequest) -> dict[str, Any]:
    """What the shared half says of the versions that were asked, where that is not all as of now; and of years."""
    said: dict[str, Any] = {"as_of": request.as_of} if request.as_of is not None else {}
    said |= {"since": request.since.index} if request.since is not None else {}
    return said | ({"per": "year"} if request.per_year else {})


def ground_for_all(read: Decided, subjects: Sequence[Subject]) -> str:
    """The ground that everybody whom a read concerns may know: of a refusal, the reason that each of them is told."""
    if read.leaving:
        return read.ground
    told = {subject.ground for subject in subjects if subject.ground}
    if not told:  # there is nobody to tell
        return read.ground
    return told.pop() if len(told) == 1 else ReasonCode.NO_LEGAL_BASIS.value


def refused_of(read: Decided) -> list[list[str]]:
    """The refused stretches of a read, each with its reason: as the party hears them."""
    return _spelled(read.decision.refused)


def _spelled(refused: Iterable[Refused]) -> list[list[str]]:
    return [[*span_of(one.interval), one.reason.value] for one in refused]


def _operator(read: Decided) -> int:
    """Under which grid operator it is counted; a party's refusal does not tell that the point exists."""
    if read.point is None or (read.asker.kind is AskerKind.PARTY and not read.leaving):
        return NO_OPERATOR
    return read.point.operator


def subjects_of(read: Decided, look: Look | None = None) -> list[Subject]:
    """Whom a read concerns, each told of the own stay only; of a person's `look` what that one was to it, too."""
    stays = read.point.occupancies if read.point is not None else ()
    return [_subject(read, home, {} if look is None else look.told(home, stays)) for home in homes_of(read)]


def homes_of(read: Decided) -> list[Occupancy]:
    """Whose data it is about: the occupancies that something leaves of, else all in the asked period.

    Under a permission also whose it is, who granted it or whom it asks; a refusal is that one's business alone:
    who lives there now or did before must not learn with whom that person deals.
    """
    if read.point is None:
        return []
    asked = read.request.period
    concerned = {granted.occupancy_id for granted in read.leaving} | (
        {str(read.home)} if read.home else set()
    )
    return [
        occupancy
        for occupancy in read.point.occupancies
        if occupancy.id in concerned
        or (not concerned and occupancy.period.start < asked.end and asked.start < occupancy.period.stop)
    ]


def _subject(read: Decided, home: Occupancy, told: dict[str, str]) -> Subject:
    granularity = read.request.granularity
    registers = _values_a_slot(read)
    own = [granted for granted in read.leaving if granted.occupancy_id == home.id]
    refused = _refused_of(read, home)
    said = {
        "granted": [span_of(granted.interval) for granted in own],
        "bases": [granted.basis for granted in own],
        "facts": [granted.fact_id for granted in own],
        "refused": _spelled(refused),
        "slots": sum(_slots(granted.interval, granularity) for granted in own) * registers,
    }
    ground = own[0].basis if own else main_reason(refused).value
    return Subject(UUID(home.id), said | told, ground=ground)


def _refused_of(read: Decided, home: Occupancy) -> tuple[Refused, ...]:
    """What was refused of one stay; where that is nothing and yet nothing leaves, that what lies outside of it was."""
    if read.request.permission_id is not None:
        return read.decision.refused
    refused = read.judged.refused_of(home)
    return refused if refused or read.leaving else read.judged.outside(home)


def _values_a_slot(read: Decided) -> int:
    """How many values of a slot may leave; of the quality of supply a day is told as one."""
    request = read.request
    if request.category != Category.READINGS:
        return 1
    return registers_of(read.point, read.directions, request.granularity, parts=request.parts)


def registers_of(
    point: Point | None, directions: frozenset[Direction], granularity: Granularity, *, parts: bool = False
) -> int:
    """How many values a slot has at most: totals of electricity come apart by the day and the night tariff."""
    if point is None:
        return 0
    apart = point.commodity == "electricity" and granularity in (Granularity.DAY, Granularity.MONTH)
    return sum(
        2 if apart and channel.unit == "kWh" else 1
        for channel in point.channels_of(parts=parts)
        if channel.direction in directions
    )


def most_values(period: Period, granularity: Granularity, directions: frozenset[Direction] | None) -> int:
    """How many values one access point has at most in a period, known before anything is looked up."""
    registers = 2 if granularity in (Granularity.DAY, Granularity.MONTH) else 1
    return _slots(period, granularity) * len(directions or Direction) * registers


def _slots(interval: Period, granularity: Granularity) -> int:
    """How many slots an interval has at most; days and months are Brussels', of 23 or 25 hours too."""
    if granularity in _STEP:
        return -((interval.start - interval.end) // _STEP[granularity])
    first, last = day_of(interval.start), day_of(interval.end - timedelta(microseconds=1))
    if granularity is Granularity.DAY:
        return (last - first).days + 1
    return (last.year - first.year) * 12 + last.month - first.month + 1


def span_of(interval: Period) -> list[str]:
    return [format_instant(interval.start), format_instant(interval.end)]
