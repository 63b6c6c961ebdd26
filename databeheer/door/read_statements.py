"""What the ledger says of a read: to the party in the shared half, to each whose data it is in an own one."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from databeheer.access.decision import Granted
from databeheer.brussels import day_of
from databeheer.door.facts import Point
from databeheer.door.proofs import Asker, AskerKind
from databeheer.door.read_request import Decided, ReadRequest
from databeheer.door.turn import Statement, Subject
from databeheer.values import Direction, Granularity, Period, format_instant

_STEP = {Granularity.QUARTER_HOUR: timedelta(minutes=15), Granularity.HOUR: timedelta(hours=1)}


def statement_of(read: Decided) -> Statement:
    """What the ledger says of one read; recorded before anything is opened, so counts are upper bounds."""
    request, asker = read.request, read.asker
    registers = registers_of(read.point, read.directions, request.granularity)
    said: dict[str, Any] = {
        "asker": _word_of(asker),
        "category": "readings",
        "directions": sorted(read.directions),
        "granularity": request.granularity.value,
        "permission": str(request.permission_id or ""),
        "asked": span_of(request.period),
        "catalogue": read.decision.catalogue_version,
        "granted": [[*span_of(g.interval), g.basis] for g in read.leaving],
        "facts": [g.fact_id for g in read.leaving],
        "refused": refused_of(read),
        "slots": sum(_slots(g.interval, request.granularity) for g in read.leaving) * registers,
    }
    return Statement(
        event=read.event,
        said=said,
        ground=read.ground,
        party_id=asker.party_id,
        operator=_operator(read),
        subjects=subjects_of(request, read.point, read.home, read.leaving, registers),
    )


def refused_of(read: Decided) -> list[list[str]]:
    """The refused stretches of a read, each with its reason."""
    return [[*span_of(refused.interval), refused.reason.value] for refused in read.decision.refused]


def _operator(read: Decided) -> int:
    """Under which grid operator it is counted; a party's refusal does not tell that the point exists."""
    if read.point is None or (read.asker.kind is AskerKind.PARTY and not read.leaving):
        return 1
    return read.point.operator


def subjects_of(
    request: ReadRequest,
    point: Point | None,
    home: UUID | None,
    leaving: tuple[Granted, ...],
    registers: int,
) -> list[Subject]:
    """Whose data it is about: the occupancies that something leaves of, else all in the asked period.

    Under a permission also whose it is, who granted it or whom it asks; a refusal is that one's business alone:
    who lives there now or did before must not learn with whom that person deals.
    """
    if point is None:
        return []
    concerned = {granted.occupancy_id for granted in leaving} | ({str(home)} if home else set())
    subjects: list[Subject] = []
    for occupancy in point.occupancies:
        overlaps = (
            occupancy.period.start < request.period.end and request.period.start < occupancy.period.stop
        )
        if occupancy.id not in concerned and (concerned or not overlaps):
            continue
        own = [granted.interval for granted in leaving if granted.occupancy_id == occupancy.id]
        said = {
            "granted": [span_of(interval) for interval in own],
            "slots": sum(_slots(interval, request.granularity) for interval in own) * registers,
        }
        subjects.append(Subject(UUID(occupancy.id), said))
    return subjects


def _word_of(asker: Asker) -> str:
    if asker.representative_id is not None:
        return "representative"
    return "customer" if asker.kind is AskerKind.CUSTOMER else "party"


def registers_of(point: Point | None, directions: frozenset[Direction], granularity: Granularity) -> int:
    """How many values a slot has at most: totals of electricity come apart by the day and the night tariff."""
    if point is None:
        return 0
    apart = point.commodity == "electricity" and granularity in (Granularity.DAY, Granularity.MONTH)
    return sum(
        2 if apart and channel.unit == "kWh" else 1
        for channel in point.channels
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
