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
from databeheer.door.house import House
from databeheer.door.judging import judge
from databeheer.door.proofs import Asker, AskerKind, Proof, check
from databeheer.door.read_request import Admitted, ReadRequest
from databeheer.door.read_statements import statement_of
from databeheer.door.turn import Turn
from databeheer.door.turn_queue import TurnLane
from databeheer.errors import DatabeheerError, UnauthenticatedError


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
    record = turn.record(statement_of(request, directions, asker, point, home, decision, leaving))
    return Admitted(request, directions, asker, point, decision, leaving, record, turn.size)


_BY_EAN = text("SELECT ean_hash, access_point_id FROM registry.access_point WHERE ean_hash = ANY(:names)")
_BY_OCCUPANCY = text(
    "SELECT occupancy_id, access_point_id FROM registry.occupancy WHERE occupancy_id = ANY(:names)"
)
