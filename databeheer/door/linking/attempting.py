"""One attempt to link: EAN code and meter number, of an access point where this log-in's name is registered.

What does not fit is never said. The same is looked up, opened and written whether the EAN code exists, the meter number
is wrong, the name is another's, the stay is somebody's already or the identifier is locked; the answer differs in
nothing but how often this log-in may try (R98).
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import text

from databeheer.brussels import day_of
from databeheer.door.bodies.onlookers import leaves_beside_house
from databeheer.door.commands.base import asker_of, found, uuid_text
from databeheer.door.commands.login import open_name
from databeheer.door.house import House
from databeheer.door.keys.store import Kind
from databeheer.door.linking import identifiers
from databeheer.door.names import ean_hash, meter_hash
from databeheer.door.permission_record import subjects_of
from databeheer.door.post.telling import tell
from databeheer.door.proofs import AskerKind, Proof
from databeheer.door.statement import Statement
from databeheer.door.turn import Turn
from databeheer.door.turn_queue import TurnLane
from databeheer.identity.linking import attempts, names, opening, stays
from databeheer.oversight import gaps
from databeheer.post import outbox
from databeheer.values import EAN


def attempt(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Link where both elements are right, or count an attempt in vain: of the EAN code and of the log-in.

    Under the ledger's head row, so of many at the same moment no more than three are looked at.

    Raises:
        LinkingClosedError: the operator closed linking; nothing was counted.
        ConflictError: a restored database may have forgotten what was counted.
    """
    with house.turn(TurnLane.CUSTOMER) as turn:
        asker = asker_of(turn, house, proof, AskerKind.CUSTOMER)
        person_id = found(asker.person_id, "person")
        require_ready(turn)
        tried = [identifiers.of_ean(house, arguments["ean"]), identifiers.of_login(house, person_id)]
        is_locked = attempts.is_locked(turn.connection, tried)
        stay = _pointed_to(house, turn, arguments["ean"], arguments["meter"], person_id)
        is_named = _is_named(house, turn, stay, person_id)
        linked: UUID | None = None
        if stay is not None and stay.has_meter and stay.is_free and is_named and not is_locked:
            linked = stay.occupancy_id
            _link(house, turn, stay, person_id)
            attempts.release(turn.connection, tried[:1])
        else:
            attempts.count(turn.connection, tried, turn.now)
            _record(house, turn, "link.refused", stay, person_id)
        wrong = attempts.wrong_of(turn.connection, tried[1])
    # After the turn, and as an answer: an error would undo what was counted.
    left = max(0, attempts.MOST_WRONG - wrong)
    return {"linked": linked is not None, "attempts_left": left, "occupancy_id": uuid_text(linked)}


def require_ready(turn: Turn) -> None:
    """Refuse while linking is closed, and while a restored database may have forgotten attempts or that it is closed.

    Raises:
        LinkingClosedError: the operator closed it.
        ConflictError: a gap stands.
    """
    opening.require_open(turn.connection)
    gaps.refuse_while_one_stands(turn.connection, "linking an access point")


def _pointed_to(house: House, turn: Turn, ean: EAN, typed: str, person_id: UUID) -> Any | None:
    number = "".join(typed.split())
    hashes = [meter_hash(house, number), meter_hash(house, number.upper())]
    return stays.pointed_to(turn.connection, ean_hash(house, ean), hashes, person_id, day_of(turn.now))


def _is_named(house: House, turn: Turn, stay: Any | None, person_id: UUID) -> bool:
    """Whether the stay is registered under the name of who logged in; two names are opened in every case."""
    registered = stay.person_id if stay is not None else person_id
    is_there = house.keys.holds(Kind.PERSON, registered)
    own, other = (_name(house, turn, one) for one in (person_id, registered if is_there else person_id))
    return names.is_same(own, other) and is_there


def _name(house: House, turn: Turn, person_id: UUID) -> str:
    sealed = turn.connection.execute(_NAME, {"id": person_id}).scalar_one()
    return open_name(house, person_id, bytes(sealed))


def _link(house: House, turn: Turn, stay: Any, person_id: UUID) -> None:
    stays.link(turn.connection, stay, person_id)
    _record(house, turn, "link.made", stay, person_id)
    tell(
        house,
        turn,
        "link.made",
        to=[outbox.customer(person_id)],
        operator=stay.operator,
        occupancy_id=stay.occupancy_id,
    )


def _record(house: House, turn: Turn, event: str, stay: Any | None, person_id: UUID) -> None:
    """Record an attempt: in the book of the stay at that EAN code, if there is one; who tried, an auditor opens."""
    subjects = subjects_of(house, stay.occupancy_id) if stay is not None else []
    turn.record(
        Statement(
            event,
            {},
            operator=stay.operator if stay is not None else None,
            subjects=subjects,
            leaves=leaves_beside_house(subjects),
            person_id=person_id,
        )
    )


_NAME = text("SELECT name_sealed FROM identity.person WHERE person_id = :id")
