"""Who lives at an access point beside its contract holder. The operator's, each recorded with its state."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import text

from databeheer.brussels import day_of
from databeheer.door.commands.base import Command, Day, EANCode, asker_of, found, identifier, schema
from databeheer.door.house import House
from databeheer.door.names import ean_hash
from databeheer.door.permission_record import subjects_of
from databeheer.door.post.telling import tell
from databeheer.door.proofs import AskerKind, Proof
from databeheer.door.restore.ends import Ending
from databeheer.door.statement import Statement
from databeheer.door.turn import Turn
from databeheer.door.turn_queue import TurnLane
from databeheer.errors import ConflictError, MalformedRequestError
from databeheer.identity import lives
from databeheer.post import outbox
from databeheer.registry import concerned, occupancies


def begin(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Somebody makes himself known who lives there too: from now on no consent opens his time without him."""
    with house.turn(TurnLane.ENDS) as turn:
        asker_of(turn, house, proof, AskerKind.OPERATOR)
        occupancy = _standing(house, turn, arguments)
        found(turn.connection.execute(_PERSON, {"id": arguments["person_id"]}).one_or_none(), "person")
        lives.require_alive(turn.connection, arguments["person_id"])
        concerned.begin(turn.connection, occupancy, arguments["person_id"], arguments["from_day"])
        turn.end(Ending.CONCERNED_AT, occupancy.occupancy_id, arguments["from_day"])
        turn.end(Ending.CONCERNED, arguments["person_id"])
        _record(house, turn, occupancy, "person_concerned.begun", {"from": arguments["from_day"].isoformat()})
        _tell(house, turn, "person_concerned.begun", occupancy, occupancy.person_id)
        _tell(house, turn, "person_concerned.registered", occupancy, arguments["person_id"])
    return {"occupancy_id": str(occupancy.occupancy_id)}


def end(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Somebody who lived there beside the contract holder does not any more; his sessions end (R97)."""
    with house.turn(TurnLane.ENDS) as turn:
        asker_of(turn, house, proof, AskerKind.OPERATOR)
        if arguments["until_day"] > day_of(turn.now):
            raise MalformedRequestError("until_day: a move is reported on its day or later")
        occupancy = _standing(house, turn, arguments)
        concerned.end(turn.connection, occupancy.occupancy_id, arguments["person_id"], arguments["until_day"])
        turn.end(Ending.CONCERNED_LEFT, occupancy.occupancy_id, arguments["until_day"])
        turn.end(Ending.CONCERNED, arguments["person_id"])
        lives.end_of_stay(turn.connection, [arguments["person_id"]], turn.now)
        _record(
            house, turn, occupancy, "person_concerned.ended", {"until": arguments["until_day"].isoformat()}
        )
    return {}


def _standing(house: House, turn: Turn, arguments: dict[str, Any]) -> Any:
    occupancy = occupancies.lived_in(turn.connection, ean_hash(house, arguments["ean"]), day_of(turn.now))
    if occupancy is None:
        raise ConflictError("nobody lives there now")
    return occupancy


def _record(house: House, turn: Turn, occupancy: Any, event: str, said: dict[str, Any]) -> None:
    turn.record(
        Statement(
            event,
            said,
            operator=occupancy.operator,
            subjects=subjects_of(house, occupancy.occupancy_id),
        )
    )


def _tell(house: House, turn: Turn, kind: str, occupancy: Any, person_id: UUID) -> None:
    tell(
        house,
        turn,
        kind,
        to=[outbox.customer(person_id)],
        operator=occupancy.operator,
        occupancy_id=occupancy.occupancy_id,
    )


_PERSON = text("SELECT 1 FROM identity.person WHERE person_id = :id")

COMMANDS = (
    Command(
        "registry.concerned.begin",
        schema(ean=EANCode(required=True), person_id=identifier(), from_day=Day(required=True)),
        begin,
    ),
    Command(
        "registry.concerned.end",
        schema(ean=EANCode(required=True), person_id=identifier(), until_day=Day(required=True)),
        end,
    ),
)
