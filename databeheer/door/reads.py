"""The loop that every reading passes: whatever waits shares one look-up of facts, one append and one commit.

decide, record, open, hand over: the first two happen here, under the ledger's head row; opening follows in
`opening.py`, only for what was recorded durably.
"""

from __future__ import annotations

import queue
import threading
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

import psycopg
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from databeheer.access.bases import BasisKind, Catalogue
from databeheer.access.decide import decide
from databeheer.access.decision import Decision, Granted, Wish
from databeheer.access.facts import Facts
from databeheer.door.facts import FactBook, Point, read_facts
from databeheer.door.house import House
from databeheer.door.proofs import Asker, AskerKind, Proof, check
from databeheer.door.turn import Record, Statement, Subject, Turn
from databeheer.door.turn_queue import TurnLane
from databeheer.errors import DatabeheerError, QueueFullError, UnauthenticatedError
from databeheer.values import Direction, Granularity, Period, Purpose, Role, format_instant

_STEP = {
    Granularity.QUARTER_HOUR: timedelta(minutes=15),
    Granularity.HOUR: timedelta(hours=1),
    Granularity.DAY: timedelta(days=1),
    Granularity.MONTH: timedelta(days=28),
}


class Lane:
    """Overload sheds from the bottom: customers first, then grid security, billing, the rest (design.md)."""

    CUSTOMER, GRID, BILLING, REST = range(4)


@dataclass(frozen=True)
class ReadRequest:
    """One question: these values of this access point, please. Exactly one of the three names a target.

    `ean_hash` is the keyed hash under which the registry finds an access point.
    """

    proof: Proof
    period: Period
    granularity: Granularity
    directions: frozenset[Direction] | None
    """None: those of the permission; by law and for one's own data, both."""
    strict: bool
    purpose: Purpose | None = None
    permission_id: UUID | None = None
    ean_hash: bytes | None = None
    occupancy_id: UUID | None = None


@dataclass
class Admitted:
    """What was decided and recorded about one request; `record.index` is durable once it is handed back."""

    request: ReadRequest
    directions: frozenset[Direction]
    asker: Asker
    point: Point | None
    decision: Decision
    leaving: tuple[Granted, ...]
    record: Record
    as_of: int

    def raise_if_refused(self) -> None:
        """Raise the decision's own error where nothing may leave; the refusal is recorded by now."""
        if not self.leaving:
            self.decision.strict() if self.request.strict else self.decision.clipped()


@dataclass(order=True)
class _Waiting:
    lane: int
    number: int
    request: ReadRequest = field(compare=False)
    answer: Future[Admitted] = field(compare=False)


class ReadLoop:
    """A bounded queue and one worker; batches are whatever waits, no timer is in the path."""

    def __init__(
        self, house: House, *, longest_queue: int = 1024, most_of_one: int = 128, largest_batch: int = 256
    ) -> None:
        self._house = house
        self._largest_batch = largest_batch
        self._most_of_one = most_of_one
        self._held: Counter[bytes] = Counter()
        self._waiting: queue.PriorityQueue[_Waiting] = queue.PriorityQueue(longest_queue)
        self._number = 0
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._worker = threading.Thread(target=self._run, name="door-reads", daemon=True)

    def start(self) -> None:
        self._worker.start()

    def stop(self) -> None:
        """Stop after the batch at hand; what still waits is refused."""
        with self._lock:
            self._stopping.set()
        self._worker.join()

    def submit(self, request: ReadRequest, lane: int) -> Future[Admitted]:
        """Put a request in the queue.

        Raises:
            QueueFullError: too much waits already, of this asker or of all.
        """
        asker = request.proof.hash
        with self._lock:  # `stop` takes it too: whatever is in the queue by then is answered
            if self._stopping.is_set():
                raise QueueFullError("the door is closing; ask again in a moment")
            if self._held[asker] >= self._most_of_one:
                raise QueueFullError("too many of your requests wait already; ask again in a moment")
            waiting = _Waiting(lane, self._number, request, Future())
            try:
                self._waiting.put_nowait(waiting)
            except queue.Full as error:
                raise QueueFullError(
                    "more requests wait than the door holds; ask again in a moment"
                ) from error
            self._number += 1
            self._held[asker] += 1
        waiting.answer.add_done_callback(lambda _: self._release(asker))
        return waiting.answer

    def _release(self, asker: bytes) -> None:
        with self._lock:
            self._held[asker] -= 1
            if not self._held[asker]:
                del self._held[asker]

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                batch = [self._waiting.get(timeout=0.2)]
            except queue.Empty:
                continue
            while len(batch) < self._largest_batch:
                try:
                    batch.append(self._waiting.get_nowait())
                except queue.Empty:
                    break
            self._answer(batch)
        while not self._waiting.empty():
            self._waiting.get_nowait().answer.set_exception(
                QueueFullError("the door is closing; ask again in a moment")
            )

    def _answer(self, batch: Sequence[_Waiting]) -> None:
        try:
            outcomes = admit(self._house, [waiting.request for waiting in batch])
        except Exception as error:
            if len(batch) == 1 or isinstance(error, OperationalError | psycopg.OperationalError):
                for waiting in batch:
                    waiting.answer.set_exception(error)
                return
            for waiting in batch:  # what one of them met must not fail the others
                self._answer([waiting])
            return
        for waiting, outcome in zip(batch, outcomes, strict=True):
            if isinstance(outcome, Admitted):
                waiting.answer.set_result(outcome)
            else:
                waiting.answer.set_exception(outcome)


def admit(house: House, requests: Sequence[ReadRequest]) -> list[Admitted | DatabeheerError]:
    """Decide on requests and record what will leave, or the refusal, in one turn.

    An unauthenticated request is answered with its error and records nothing: nobody is known who asked.
    """
    outcomes: list[Admitted | DatabeheerError] = []
    with house.turn(TurnLane.READS) as turn:
        proven = {proof: _asker(turn, proof, house) for proof in {request.proof for request in requests}}
        askers = [proven[request.proof] for request in requests]
        targets = Targets(turn, requests)
        book = read_facts(
            turn.connection,
            turn.now,
            points=targets.points,
            permissions={request.permission_id for request in requests if request.permission_id},
            parties={asker.party_id for asker in askers if isinstance(asker, Asker) and asker.party_id},
        )
        for request, asker in zip(requests, askers, strict=True):
            if isinstance(asker, DatabeheerError):
                outcomes.append(asker)
                continue
            outcomes.append(_admit_one(house, turn, book, targets.point_of(request, book), request, asker))
    return outcomes


def _asker(turn: Turn, proof: Proof, house: House) -> Asker | DatabeheerError:
    try:
        asker = check(turn.connection, proof, turn.now, house.operator_key_hash)
    except UnauthenticatedError as error:
        return error
    if asker.kind not in (AskerKind.CUSTOMER, AskerKind.PARTY):
        return UnauthenticatedError("this proof does not read values")
    return asker


class Targets:
    """Which access point each request means; looked up together."""

    def __init__(self, turn: Turn, requests: Sequence[ReadRequest]) -> None:
        self._by_hash = _look_up(
            turn, _BY_EAN, {request.ean_hash for request in requests if request.ean_hash}
        )
        self._by_occupancy = _look_up(
            turn, _BY_OCCUPANCY, {request.occupancy_id for request in requests if request.occupancy_id}
        )
        self.points = {*self._by_hash.values(), *self._by_occupancy.values()}

    def point_of(self, request: ReadRequest, book: FactBook) -> Point | None:
        point_id: UUID | None = None
        if request.permission_id:
            point_id = book.permission_points.get(request.permission_id)
        elif request.ean_hash:
            point_id = self._by_hash.get(request.ean_hash)
        elif request.occupancy_id:
            point_id = self._by_occupancy.get(request.occupancy_id)
        return book.points.get(point_id) if point_id else None


def _look_up(turn: Turn, query: Any, names: set[Any]) -> dict[Any, UUID]:
    if not names:
        return {}
    return {
        bytes(row[0]) if isinstance(row[0], memoryview) else row[0]: row[1]
        for row in turn.connection.execute(query, {"names": list(names)})
    }


def _admit_one(
    house: House, turn: Turn, book: FactBook, point: Point | None, request: ReadRequest, asker: Asker
) -> Admitted:
    directions, decision = judge(house, turn, book, point, request, asker)
    # All or nothing: where a part is refused, a strict request gets none of it.
    leaving = () if request.strict and decision.refused else decision.granted
    home = book.permission_homes.get(request.permission_id) if request.permission_id else None
    record = turn.record(_statement(request, directions, asker, point, home, decision, leaving))
    return Admitted(request, directions, asker, point, decision, leaving, record, turn.size)


def judge(
    house: House, turn: Turn, book: FactBook, point: Point | None, request: ReadRequest, asker: Asker
) -> tuple[frozenset[Direction], Decision]:
    """Decide one request, for these directions; nothing is recorded yet."""
    facts = _facts(book, point, request, asker)
    directions = request.directions or _directions_of(request, asker, facts)
    wish = _wish(request, directions, asker, facts, house.catalogue)
    return directions, decide(wish, facts, turn.now, house.catalogue)


def _facts(book: FactBook, point: Point | None, request: ReadRequest, asker: Asker) -> Facts:
    """The facts that the decision rests on: none of the point, where the asker must not learn that it exists."""
    if asker.profile == "facade" and request.ean_hash is not None:
        # A facade's token is good for the mandates it names; an EAN there asks for a refusal on record.
        return book.facts(None, asker.party_id, None)
    named = book.permissions.get(request.permission_id) if request.permission_id else None
    if named is not None and named.occupancy_id is None:  # waits for, or never had, the customer's yes
        point = None
    return book.facts(point, asker.party_id, request.permission_id)


def _directions_of(request: ReadRequest, asker: Asker, facts: Facts) -> frozenset[Direction]:
    for permission in facts.permissions:
        if permission.id == str(request.permission_id) and permission.party_id == str(asker.party_id):
            return permission.directions
    return frozenset(Direction)


def _wish(
    request: ReadRequest,
    directions: frozenset[Direction],
    asker: Asker,
    facts: Facts,
    catalogue: Catalogue,
) -> Wish:
    if asker.kind is AskerKind.CUSTOMER:
        role, purpose = _capacity(request, asker, facts), Purpose.OWN_INSIGHT
    else:
        role = facts.party.role if facts.party else Role.ENERGY_SERVICE
        purpose = request.purpose or _purpose_of(request, facts, catalogue)
    return Wish(
        asker_role=role,
        party_id=str(asker.party_id) if asker.party_id else None,
        person_id=str(asker.person_id) if asker.person_id else None,
        purpose=purpose,
        category="readings",
        directions=directions,
        granularity=request.granularity,
        period=request.period,
        permission_id=str(request.permission_id) if request.permission_id else None,
    )


def _capacity(request: ReadRequest, asker: Asker, facts: Facts) -> Role:
    """In which quality a person looks at an occupancy: his own, that of who he lives with or acts for.

    Whoever is none of these asks as its grid user, and is refused as an outsider.
    """
    person = str(asker.person_id)
    home = next((one for one in facts.occupancies if one.id == str(request.occupancy_id)), None)
    if home is None or home.person_id == person:
        return Role.GRID_USER
    if any(concerned.person_id == person for concerned in home.concerned):
        return Role.PERSON_CONCERNED
    is_representative = any(
        one.representative_id == person and one.person_id == home.person_id for one in facts.representations
    )
    return Role.REPRESENTATIVE if is_representative else Role.GRID_USER


def _purpose_of(request: ReadRequest, facts: Facts, catalogue: Catalogue) -> Purpose:
    """A request by permission has the permission's purpose; by law, the first task of the role."""
    if request.permission_id and facts.permissions:
        return facts.permissions[0].purpose
    rows = catalogue.rows_of(facts.party.role) if facts.party else ()
    tasks = (min(row.purposes) for row in rows if row.basis is BasisKind.LAW)
    return next(tasks, Purpose.ENERGY_MONITORING)


def _statement(
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


_BY_EAN = text("SELECT ean_hash, access_point_id FROM registry.access_point WHERE ean_hash = ANY(:names)")
_BY_OCCUPANCY = text(
    "SELECT occupancy_id, access_point_id FROM registry.occupancy WHERE occupancy_id = ANY(:names)"
)
