"""One run: is it lawful, of which access points; then a batch at a time, recorded before it is opened; then told.

1. Under the ledger's head row: is the signed list in force, is this case on it, was this month told before.
2. A turn for each batch of access points: the emergency stop and the facts once more; one entry with its ground, whose
   subjects are all stays concerned. After its commit: open the hours, add them to the tallies, forget them.
3. A last turn: the report and the table by their digests in one entry; the month is told, and never told again.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import text

from databeheer.access.explain import Language, citation_text
from databeheer.door.facts.of_requests import FactBook, read_facts
from databeheer.door.house import House
from databeheer.door.joins.lists import adopt
from databeheer.door.joins.scope import PointStretches, whole
from databeheer.door.reads.opening import Stretch, open_pieces
from databeheer.door.statement import Record, Statement, Subject
from databeheer.door.turn import Turn
from databeheer.errors import ConflictError
from databeheer.joins.cases import JoinCase, Shape
from databeheer.joins.gate import JoinRefusal, JoinWish, check, reach
from databeheer.joins.reasons import JoinReason
from databeheer.joins.signature import SignedJoinList
from databeheer.metering.states import Unit
from databeheer.registry import parties
from databeheer.statistics import releases
from databeheer.statistics.hours import Hours, HourTallies, added, by_hour
from databeheer.statistics.rules import Rules
from databeheer.statistics.suppression import Cell
from databeheer.statistics.table import UNKNOWN
from databeheer.values import Direction, Period, Role, format_instant

AT_ONCE = 1000
"""Access points of one batch, and of one entry: between two whoever waits has his turn, and the stop is looked at."""
CASE = "municipality-hour-statistics"


@dataclass(frozen=True)
class Asked:
    """Which month is to be told: of what, of whose grid, by the first day of a Brussels month."""

    operator: int
    commodity: str
    month: date
    period: Period

    @property
    def note(self) -> str:
        return f"STAT-{self.commodity}-{self.month:%Y-%m}"


@dataclass
class Run:
    """A run that may begin, and what it has read so far."""

    asked: Asked
    case: JoinCase
    signed: SignedJoinList
    party_id: UUID
    batches: Sequence[Sequence[UUID]]
    still: Counter[UUID]
    """Of each household, how many access points are still to be read: it is added to its cell once, whole."""
    release_id: UUID = field(default_factory=uuid4)
    entries: list[int] = field(default_factory=list)
    points: int = 0

    def __post_init__(self) -> None:
        self.tallies = HourTallies(self.asked.period)
        self._open: dict[UUID, dict[tuple[Direction, Cell], Hours]] = {}

    @property
    def rules(self) -> Rules:
        """The thresholds, as the regulator signed them."""
        return Rules(self.case.min_points, self.case.max_share_percent)

    def add(self, household: UUID, direction: Direction, cell: Cell, hours: Hours) -> None:
        """Add what a household used at one address; it counts once, whatever it has more.

        Who came to live at another address since he was added up is not added again.
        """
        if household not in self._open and self.still.get(household, 1) <= 0:
            return
        own = self._open.setdefault(household, {})
        own[direction, cell] = added(own.get((direction, cell)), hours)

    def done(self, households: Iterable[UUID]) -> None:
        """Of these one access point more was read; whose last one it was is added to the tallies, and forgotten."""
        for household in households:
            self.still[household] -= 1
            if self.still[household] <= 0:
                self._fold(household)

    def finish(self) -> None:
        """Add up whoever came to live elsewhere while the run was under way."""
        for household in list(self._open):
            self._fold(household)

    def _fold(self, household: UUID) -> None:
        directions: dict[Direction, dict[Cell, Hours]] = defaultdict(dict)
        for (direction, cell), hours in self._open.pop(household, {}).items():
            directions[direction][cell] = hours
        for direction, cells in directions.items():
            self.tallies.add(direction, cells)


def begin(turn: Turn, asked: Asked, signed: SignedJoinList | None) -> tuple[Run | None, Record | None]:
    """Decide whether a run may begin; where not, the refusal is recorded in this turn.

    Raises:
        NotFoundError: there is no such grid operator.
        ConflictError: it is no party here, so nobody could be named as the one who reads.
    """
    parties.require_operator(turn.connection, asked.operator)
    party = turn.connection.execute(_PARTY, {"operator": asked.operator}).one_or_none()
    if party is None:
        raise ConflictError("register the grid operator, or its data manager, as a party first")
    case, reason = _case(turn, asked, signed, party.role)
    stays = turn.connection.execute(_STAYS, _named(asked)).all() if reason is None else []
    households: dict[UUID, set[UUID]] = {}
    for row in stays:
        households.setdefault(row.access_point_id, set()).add(row.household)
    if case is not None and reason is None:
        limits = reach(case, len(households))
        reason = None if limits is None else limits.reason
    if reason is not None or case is None or signed is None:
        why = reason or JoinReason.NOT_ON_LIST
        return None, turn.record(_statement(asked, signed, case, party.party_id, why))
    # Whose addresses are several are read one after the other, so that hardly any is held for long.
    order = sorted(households, key=lambda point: (min(households[point]).bytes, point.bytes))
    batches = [order[start : start + AT_ONCE] for start in range(0, len(order), AT_ONCE)]
    still = Counter(one for those in households.values() for one in those)
    return Run(asked, case, signed, party.party_id, batches, still), None


def admit(
    turn: Turn, run: Run, batch: Sequence[UUID]
) -> tuple[list[PointStretches], JoinReason | None, Record]:
    """Decide one batch anew, and record it before anything of it is opened."""
    book = read_facts(turn.connection, turn.now, points=set(batch), permissions=(), parties=())
    if may_not_run(book, turn):
        said = _statement(run.asked, run.signed, run.case, run.party_id, JoinReason.STOPPED)
        return [], JoinReason.STOPPED, turn.record(said)
    parts = [whole(book.points[point], run.asked.period) for point in batch if point in book.points]
    subjects = _subjects(run.asked, parts)
    run.entries.append(turn.next_index)
    run.points += len(parts)
    return (
        parts,
        None,
        turn.record(_statement(run.asked, run.signed, run.case, run.party_id, None, subjects, len(parts))),
    )


def read(house: House, run: Run, parts: Sequence[PointStretches], as_of: int) -> None:
    """Open the hours of a recorded batch, and add them to the tallies; nothing of a single household is kept."""
    pairs = [(part, stretch) for part in parts for stretch in _stretches(part)]
    homes = {home.id: home.person_id for part in parts for home in part.point.occupancies}
    for number, channel, pieces in open_pieces(house, [stretch for _, stretch in pairs], as_of):
        part, stretch = pairs[number]
        cell = (part.point.municipality or UNKNOWN, part.point.profile_type or UNKNOWN)
        person = homes[str(stretch.occupancy_id)]
        household = UUID(person) if person else part.point.access_point_id
        run.add(household, channel.direction, cell, by_hour(pieces, run.asked.period))
    for part in parts:
        stays = [homes[str(stretch.occupancy_id)] for stretch in part.stretches]
        run.done({UUID(person) if person else part.point.access_point_id for person in stays})


def may_not_run(book: FactBook, turn: Turn) -> bool:
    """Whether nothing may leave now: the emergency stop, or a restored database that is not reconciled."""
    is_stopped = book.stopped_since is not None and book.stopped_since <= turn.now
    return is_stopped or book.unreconciled_since is not None


def _case(
    turn: Turn, asked: Asked, signed: SignedJoinList | None, role: str
) -> tuple[JoinCase | None, JoinReason | None]:
    if signed is None or not adopt(turn, signed):
        return None, JoinReason.LIST_NOT_IN_FORCE
    case = check(signed.joins, JoinWish(CASE, Role(role), "statistics", None, asked.period))
    if isinstance(case, JoinRefusal):
        return signed.joins.case(CASE), case.reason
    if case.shape is not Shape.TABLE:
        return case, JoinReason.NOT_ON_LIST
    if asked.period.end > turn.now:
        return case, JoinReason.NOT_WHOLE_MONTHS
    if releases.is_told(turn.connection, asked.operator, asked.commodity, asked.month):
        return case, JoinReason.TOLD_BEFORE
    book = read_facts(turn.connection, turn.now, points=(), permissions=(), parties=())
    return case, JoinReason.STOPPED if may_not_run(book, turn) else None


def _stretches(part: PointStretches) -> Iterator[Stretch]:
    # In kWh alone: of gas the same hour in m3 too would be a second window on the same household.
    channels = tuple(channel for channel in part.point.channels if channel.unit == Unit.KWH.value)
    for stretch in part.stretches:
        yield replace(stretch, channels=channels)


def _subjects(asked: Asked, parts: Sequence[PointStretches]) -> list[Subject]:
    said: dict[UUID, dict[str, Any]] = {}
    for part in parts:
        for stretch in part.stretches:
            own = said.setdefault(stretch.occupancy_id, {"granted": [], "slots": 0})
            span = [format_instant(stretch.interval.start), format_instant(stretch.interval.end)]
            hours = (stretch.interval.end - stretch.interval.start).total_seconds() / 3600
            own["granted"].append(span)
            own["slots"] += int(hours) * len(part.point.channels)
    return [Subject(occupancy_id, own) for occupancy_id, own in sorted(said.items())]


def _statement(
    asked: Asked,
    signed: SignedJoinList | None,
    case: JoinCase | None,
    party_id: UUID,
    reason: JoinReason | None,
    subjects: Sequence[Subject] = (),
    points: int = 0,
) -> Statement:
    """One entry for all of a batch; its shared half is opened by every subject's receipt, so it names no point."""
    said: dict[str, Any] = {
        "case": CASE,
        "title_nl": case.title_nl if case else "",
        "citation": citation_text(case.citation, Language.DUTCH) if case else "",
        "list": signed.joins.version if signed else 0,
        "list_sha256": signed.joins.sha256.hex() if signed else "",
        "purpose": "statistics",
        "note": asked.note,
        "asked": [format_instant(asked.period.start), format_instant(asked.period.end)],
        "granularity": "hour",
        "directions": sorted(case.directions) if case else [],
        "shape": Shape.TABLE.value,
        "points": points,
    }
    if reason is not None:
        said["reason"] = reason.value
    return Statement(
        event="join.run" if reason is None else "join.refused",
        said=said,
        ground=ground_of(case) if reason is None else reason.value,
        party_id=party_id,
        operator=asked.operator,
        subjects=subjects,
    )


def ground_of(case: JoinCase | None) -> str:
    """The ground of what is read for a table: its case on the list that the regulator signed."""
    return f"join:{case.id}" if case else ""


def _named(asked: Asked) -> dict[str, Any]:
    next_month = date(asked.month.year + asked.month.month // 12, asked.month.month % 12 + 1, 1)
    return {
        "operator": asked.operator,
        "commodity": asked.commodity,
        "first": asked.month,
        "until": next_month,
    }


_PARTY = text(
    "SELECT party_id, role FROM registry.party WHERE operator = :operator AND role IN ('data_manager', 'dso')"
    " ORDER BY role LIMIT 1"
)
_STAYS = text(
    "SELECT o.access_point_id, coalesce(o.person_id, o.access_point_id) AS household FROM registry.occupancy o"
    " JOIN registry.access_point a ON a.access_point_id = o.access_point_id"
    " WHERE a.operator = :operator AND a.commodity = :commodity AND o.from_day < :until"
    " AND coalesce(o.until_day, 'infinity') > :first AND (o.until_day IS NULL OR o.from_day < o.until_day)"
)
