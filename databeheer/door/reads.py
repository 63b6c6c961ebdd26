"""Decide on reads and record what will leave: the turn that every reading passes.

decide, record, open, hand over: the first two happen here, under the ledger's head row; opening follows in
`opening.py`, only for what was recorded durably.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import text

from databeheer.door.facts import FactBook, Point, read_facts
from databeheer.door.first_reads import tell_first_reads
from databeheer.door.house import House
from databeheer.door.judging import judge
from databeheer.door.proofs import Asker, AskerKind, Proof, check
from databeheer.door.read_request import Admitted, Decided, ReadRequest
from databeheer.door.read_statements import statement_of
from databeheer.door.told_reads import First
from databeheer.door.turn import Turn
from databeheer.door.turn_queue import TurnLane
from databeheer.errors import DatabeheerError, UnauthenticatedError


def admit(house: House, requests: Sequence[ReadRequest]) -> list[Admitted | DatabeheerError]:
    """Decide on requests and record what will leave, or the refusal, in one turn.

    An unauthenticated request is answered with its error and records nothing: nobody is known who asked.
    """
    outcomes: list[Admitted | DatabeheerError] = []
    told: set[First] = set()
    with house.turn(TurnLane.READS) as turn:
        proven = {proof: _asker(turn, proof, house) for proof in {request.proof for request in requests}}
        askers = [proven[request.proof] for request in requests]
        decide_one = Decider(house, turn, requests, [one for one in askers if isinstance(one, Asker)])
        for request, asker in zip(requests, askers, strict=True):
            if isinstance(asker, DatabeheerError):
                outcomes.append(asker)
                continue
            decided = decide_one(request, asker)
            outcomes.append(Admitted(decided, turn.record(statement_of(decided, turn.now)), turn.size))
            told |= tell_first_reads(house, turn, [decided])
    house.told_reads.keep(told)
    return outcomes


class Decider:
    """Decides requests in one turn, over facts that were looked up together."""

    def __init__(
        self, house: House, turn: Turn, requests: Sequence[ReadRequest], askers: Sequence[Asker]
    ) -> None:
        self._house, self._turn = house, turn
        self._targets = Targets(turn, requests)
        self._book = read_facts(
            turn.connection,
            turn.now,
            points=self._targets.points,
            permissions={request.permission_id for request in requests if request.permission_id},
            parties={asker.party_id for asker in askers if asker.party_id},
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


def _asker(turn: Turn, proof: Proof, house: House) -> Asker | DatabeheerError:
    try:
        # What a suspended party tries to read is decided too: refused, and recorded like any refusal.
        asker = check(turn.connection, proof, turn.now, house.operator_key_hash, or_suspended=True)
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


_BY_EAN = text("SELECT ean_hash, access_point_id FROM registry.access_point WHERE ean_hash = ANY(:names)")
_BY_OCCUPANCY = text(
    "SELECT occupancy_id, access_point_id FROM registry.occupancy WHERE occupancy_id = ANY(:names)"
)
