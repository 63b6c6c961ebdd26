"""A representative's own commands: for whom may I act, take that person's place, and back. Each step is recorded."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from databeheer.door.attorneys import acting
from databeheer.door.commands.base import Command, identifier, schema
from databeheer.door.commands.login import open_name
from databeheer.door.house import House
from databeheer.door.keys.store import Kind
from databeheer.door.names import open_text
from databeheer.door.proofs import Asker, AskerKind, Proof, check_self
from databeheer.door.statement import Statement
from databeheer.errors import UnauthenticatedError
from databeheer.identity import representations, sessions
from databeheer.identity.representations import ATTORNEY, COURT, Appointment
from databeheer.oversight import gaps


def show(house: House, proof: Proof, _: dict[str, Any]) -> dict[str, Any]:
    """For whom this person may act now, and who may act for him; himself, whoever the session acts for."""
    now = house.clock.now()
    with house.engine.connect() as connection, connection.begin():
        person_id, under = _self(house, connection, proof, now)
        for_others = representations.of_representative(connection, person_id, now)
        by_others = representations.of_represented(connection, person_id, now)
        return {
            "acting": str(under) if under else None,
            "may_act_for": [  # by a court's appointment; what was given by a power stands in attorney.show
                view
                for one in for_others
                if one.kind == COURT and (view := _view(house, connection, one, one.person_id))
            ],
            "represented_by": [
                view for one in by_others if (view := _view(house, connection, one, one.representative_id))
            ],
        }


def take_up(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Take the place of a person: from here on this session sees and decides in that name, and it is recorded.

    Not while a restored database may have forgotten that the office ended.
    """
    with house.turn() as turn:
        person_id, _acting = _self(house, turn.connection, proof, turn.now)
        gaps.refuse_while_one_stands(turn.connection, "acting for somebody")
        appointment = representations.take_up(
            turn.connection, proof.hash, person_id, arguments["representation_id"], turn.now
        )
        said = {"asker": "representative", "representation": str(appointment.representation_id)}
        turn.record(
            Statement(
                "representation.taken_up",
                said,
                subjects=acting.subjects(house, turn, appointment),
            )
        )
        if appointment.kind == ATTORNEY:
            acting.tell(house, turn, "attorney.acted", appointment)
    return {}


def lay_down(house: House, proof: Proof, _: dict[str, Any]) -> dict[str, Any]:
    """Be oneself again; also where the appointment has ended meanwhile.

    Who acts for an enterprise is not: that log-in was for the enterprise, and ends (`is_over`).
    """
    with house.turn() as turn:
        asker = check_self(turn.connection, proof, turn.now, house.operator_key_hash, or_enterprise=True)
        _require_customer(asker)
        if asker.for_enterprise:
            sessions.end_session(turn.connection, proof.hash, turn.now)
            return {"is_over": True}
        under = asker.representation_id
        if under is not None:
            representations.lay_down(turn.connection, proof.hash)
            appointment = representations.by_id(turn.connection, under)
            said = {"asker": "representative", "representation": str(under)}
            subjects = acting.subjects(house, turn, appointment)
            turn.record(Statement("representation.laid_down", said, subjects=subjects))
    return {"is_over": False}


def _self(house: House, connection: Connection, proof: Proof, now: Any) -> tuple[UUID, UUID | None]:
    """Whose session it is, and the appointment under which it acts, ended or not."""
    asker = check_self(connection, proof, now, house.operator_key_hash)
    return _require_customer(asker), asker.representation_id


def _require_customer(asker: Asker) -> UUID:
    if asker.kind is not AskerKind.CUSTOMER or asker.person_id is None:
        raise UnauthenticatedError("log in as a customer")
    return asker.person_id


def _view(house: House, connection: Connection, one: Appointment, other: UUID) -> dict[str, Any] | None:
    """An appointment with the name of the other one; None where that name was erased."""
    if not house.keys.holds(Kind.PERSON, other):
        return None
    name = connection.execute(_NAME, {"id": other}).scalar_one()
    return {
        "representation_id": str(one.representation_id),
        "name": open_name(house, other, bytes(name)),
        "reference": open_text(house, "judgment", one.representation_id, one.reference_sealed),
        "from": one.from_day.isoformat(),
        "until": one.until_day.isoformat() if one.until_day else None,
    }


_NAME = text("SELECT name_sealed FROM identity.person WHERE person_id = :id")

COMMANDS = (
    Command("representation.show", schema(), show),
    Command("representation.take_up", schema(representation_id=identifier()), take_up),
    Command("representation.lay_down", schema(), lay_down),
)
