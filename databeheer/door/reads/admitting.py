"""Decide on reads and record what will leave: the turn that every reading passes.

decide, record, open, hand over: the first two happen here, under the ledger's head row; opening follows in
`opening.py`, only for what was recorded durably.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import cached_property
from typing import Any
from uuid import UUID

from databeheer.door.facts.of_requests import FactBook, FirstLook, Point, read_facts
from databeheer.door.house import House
from databeheer.door.proofs import Asker, AskerKind, Proof, Shown
from databeheer.door.reads.first_reads import tell_first_reads
from databeheer.door.reads.judging import judge
from databeheer.door.reads.request import Admitted, Decided, ReadRequest
from databeheer.door.reads.statements import statement_of
from databeheer.door.reads.told_reads import First
from databeheer.door.turn import Turn
from databeheer.door.turn_queue import TurnLane
from databeheer.errors import DatabeheerError, NotOnboardedError, UnauthenticatedError
from databeheer.storage.look import Look


def admit(house: House, requests: Sequence[ReadRequest]) -> list[Admitted | DatabeheerError]:
    """Decide on requests and record what will leave, or the refusal, in one turn.

    An unauthenticated request is answered with its error and records nothing: nobody is known who asked.
    """
    outcomes: list[Admitted | DatabeheerError] = []
    told: set[First] = set()
    with house.turn(TurnLane.READS) as turn:
        proofs = {request.proof for request in requests}
        look = Look(turn.connection)
        shown, sought = Shown(look, proofs, turn.now), Sought(look, requests)
        look.send()
        proven = {proof: _asker(shown, proof, house) for proof in proofs}
        askers = [proven[request.proof] for request in requests]
        decide_one = Decider(house, turn, sought, [one for one in askers if isinstance(one, Asker)])
        for request, asker in zip(requests, askers, strict=True):
            if isinstance(asker, DatabeheerError):
                outcomes.append(asker)
                continue
            decided = decide_one(request, asker)
            outcomes.append(Admitted(decided, turn.record(statement_of(decided, turn.now)), turn.size))
            told |= tell_first_reads(house, turn, [decided])
    house.told_reads.keep(told)
    return outcomes


class Sought:
    """What requests name, looked up together: their access points and permissions."""

    def __init__(self, look: Look, requests: Sequence[ReadRequest]) -> None:
        self.targets = Targets(look, requests)
        self.permissions = {request.permission_id for request in requests if request.permission_id}
        self.first = FirstLook(look, self.permissions)

    @classmethod
    def now(cls, turn: Turn, requests: Sequence[ReadRequest]) -> Sought:
        """Look at once."""
        look = Look(turn.connection)
        sought = cls(look, requests)
        look.send()
        return sought


class Decider:
    """Decides requests in one turn, over facts that were looked up together."""

    def __init__(self, house: House, turn: Turn, sought: Sought, askers: Sequence[Asker]) -> None:
        self._house, self._turn = house, turn
        self._targets = sought.targets
        self._book = read_facts(
            turn.connection,
            turn.now,
            points=self._targets.points,
            permissions=sought.permissions,
            parties={asker.party_id for asker in askers if asker.party_id},
            first=sought.first,
        )
        if self._book.unreconciled_since is not None:
            self._book.end_stays(house.moves.forgotten(turn.connection))

    def __call__(self, request: ReadRequest, asker: Asker) -> Decided:
        point = self._targets.point_of(request, self._book)
        judged = judge(self._house, self._turn, self._book, point, request, asker)
        # All or nothing: where a part is refused, a strict request gets none of it.
        leaving = () if request.strict and judged.decision.refused else judged.decision.granted
        home = self._book.permission_homes.get(request.permission_id) if request.permission_id else None
        return Decided(request, asker, point, home, judged, leaving)


def _asker(shown: Shown, proof: Proof, house: House) -> Asker | DatabeheerError:
    try:
        # What a suspended party tries to read is decided too: refused, and recorded like any refusal.
        asker = shown.by(proof, house.operator_key_hash, or_suspended=True, or_attorney=True)
    except (UnauthenticatedError, NotOnboardedError) as error:
        return error
    if asker.kind not in (AskerKind.CUSTOMER, AskerKind.PARTY):
        return UnauthenticatedError("this proof does not read values")
    return asker


class Targets:
    """Which access point each request means; looked up together."""

    def __init__(self, look: Look, requests: Sequence[ReadRequest]) -> None:
        self._by_hash = _ask(look, _BY_EAN, {request.ean_hash for request in requests if request.ean_hash})
        self._by_occupancy = _ask(
            look, _BY_OCCUPANCY, {request.occupancy_id for request in requests if request.occupancy_id}
        )

    @cached_property
    def _points(self) -> dict[Any, UUID]:
        return {row.name: row.access_point_id for row in (*self._by_hash, *self._by_occupancy)}

    @property
    def points(self) -> set[UUID]:
        """All of them, once the look was sent."""
        return set(self._points.values())

    def point_of(self, request: ReadRequest, book: FactBook) -> Point | None:
        point_id: UUID | None = None
        if request.permission_id:
            point_id = book.permission_points.get(request.permission_id)
        elif request.ean_hash:
            point_id = self._points.get(request.ean_hash)
        elif request.occupancy_id:
            point_id = self._points.get(request.occupancy_id)
        return book.points.get(point_id) if point_id else None


def _ask(look: Look, query: str, names: Collection[Any]) -> list[Any]:
    return look.ask(query, {"names": list(names)}) if names else []


_BY_EAN = (
    "SELECT ean_hash AS name, access_point_id FROM registry.access_point WHERE ean_hash = ANY(%(names)s)"
)
_BY_OCCUPANCY = (
    "SELECT occupancy_id AS name, access_point_id FROM registry.occupancy WHERE occupancy_id = ANY(%(names)s)"
)
