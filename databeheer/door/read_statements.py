"""What the ledger says of a read: to the party in the shared half, to each whose data it is in an own one."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from databeheer.access.decision import Decision, Granted
from databeheer.door.facts import Point
from databeheer.door.proofs import Asker, AskerKind
from databeheer.door.read_request import ReadRequest
from databeheer.door.turn import Statement, Subject
from databeheer.values import Direction, Granularity, Period, format_instant

_STEP = {
    Granularity.QUARTER_HOUR: timedelta(minutes=15),
    Granularity.HOUR: timedelta(hours=1),
    Granularity.DAY: timedelta(days=1),
    Granularity.MONTH: timedelta(days=28),
}


def statement_of(
    request: ReadRequest,
    directions: frozenset[Direction],
    asker: Asker,
    point: Point | None,
    home: UUID | None,
    decision: Decision,
    leaving: tuple[Granted, ...],
) -> Statement:
    """What the ledger says of this request; recorded before anything is opened, so counts are upper bounds."""
    registers = registers_of(point, directions, request.granularity)
    said: dict[str, Any] = {
        "asker": "customer" if asker.kind is AskerKind.CUSTOMER else "party",
        "category": "readings",
        "directions": sorted(directions),
        "granularity": request.granularity.value,
        "permission": str(request.permission_id or ""),
        "asked": span_of(request.period),
        "catalogue": decision.catalogue_version,
        "granted": [[*span_of(g.interval), g.basis] for g in leaving],
        "facts": [g.fact_id for g in leaving],
        "refused": [[*span_of(r.interval), r.reason.value] for r in decision.refused],
        "slots": sum(_slots(g.interval, request.granularity) for g in leaving) * registers,
    }
    ground = leaving[0].basis if leaving else decision.main_reason().value
    return Statement(
        event="data.read" if leaving else "data.refused",
        said=said,
        ground=ground,
        party_id=asker.party_id,
        operator=_operator(asker, point, leaving),
        subjects=subjects_of(request, point, home, leaving, registers),
    )


def _operator(asker: Asker, point: Point | None, leaving: tuple[Granted, ...]) -> int:
    """Under which grid operator it is counted; a party's refusal does not tell that the point exists."""
    if point is None or (asker.kind is AskerKind.PARTY and not leaving):
        return 1
    return point.operator


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


def _slots(interval: Period, granularity: Granularity) -> int:
    return -((interval.start - interval.end) // _STEP[granularity])


def span_of(interval: Period) -> list[str]:
    return [format_instant(interval.start), format_instant(interval.end)]
