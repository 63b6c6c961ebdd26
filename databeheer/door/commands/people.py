"""Commands on what happens to people: a death, an administrator whom a court appointed, a notice to a customer."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

from marshmallow import fields
from sqlalchemy import Connection, text

from databeheer.brussels import day_of
from databeheer.door.attorneys import acting
from databeheer.door.commands.base import (
    SHA256,
    Command,
    Day,
    EANCode,
    asker_of,
    found,
    identifier,
    one_of,
    schema,
    short_text,
    without_ean,
)
from databeheer.door.commands.conditions import some_of
from databeheer.door.house import House
from databeheer.door.names import ean_hash, seal_text
from databeheer.door.permission_record import record_step, subjects_of_person
from databeheer.door.port_record import close_all
from databeheer.door.post import addresses
from databeheer.door.post.telling import FIRST_OPERATOR, tell
from databeheer.door.proofs import AskerKind, Proof
from databeheer.door.restore.ends import Ending
from databeheer.door.statement import Statement, Subject
from databeheer.door.turn import Turn
from databeheer.door.turn_queue import TurnLane
from databeheer.errors import ConflictError
from databeheer.identity import lives, representations
from databeheer.permissions import closing
from databeheer.permissions.states import Event
from databeheer.post import outbox
from databeheer.registry import notices, occupancies, parties
from databeheer.registry.user_ports import Because
from databeheer.values import Purpose

MOST_NOTICES = 500


def died(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Record a death: the person's consents and sessions end in the same transaction; heirs get nothing by it.

    The user ports that he had opened close: that was a consent of his too (R53).
    """
    with house.turn(TurnLane.ENDS) as turn:
        asker_of(turn, house, proof, AskerKind.OPERATOR)
        person_id = _person(turn.connection, arguments["person_id"])
        lives.record_death(turn.connection, person_id, arguments["died_on"], turn.now)
        turn.end(Ending.DIED, person_id, arguments["died_on"])
        said = {"on": arguments["died_on"].isoformat(), "reference": arguments["reference"]}
        turn.record(Statement("person.died", said, subjects=subjects_of_person(house, turn, person_id)))
        ended = closing.end_by_death(turn.connection, person_id, turn.now)
        for row in ended:
            turn.end(Ending.HOLDER_DIED, row.permission_id)
            record_step(
                house, turn, row, Event.INVALIDATED, state=row.state, by="operator", reason=row.reason
            )
        for occupancy in turn.connection.execute(_STANDING, {"id": person_id}):
            close_all(house, turn, occupancy, Because.DIED)
    return {"ended_permissions": len(ended)}


def refuted(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Record that a reported death was a mistake; what ended stays ended, the person may consent anew."""
    with house.turn() as turn:
        asker_of(turn, house, proof, AskerKind.OPERATOR)
        person_id = _person(turn.connection, arguments["person_id"])
        lives.refute_death(turn.connection, person_id, turn.now)
        turn.end(Ending.DEATH_REFUTED, person_id)
        said = {"reason": arguments["reason"]}
        turn.record(
            Statement("person.death_refuted", said, subjects=subjects_of_person(house, turn, person_id))
        )
        _tell(house, turn, "person.death_refuted", person_id)
    return {}


def represent(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Record whom a court appointed to act for a person, by which judgment, from when to when."""
    with house.turn() as turn:
        asker_of(turn, house, proof, AskerKind.OPERATOR)
        person_id = _person(turn.connection, arguments["person_id"])
        _person(turn.connection, arguments["representative_id"])
        for one in (person_id, arguments["representative_id"]):
            lives.require_alive(turn.connection, one)
        fact_id = uuid4()
        reference = seal_text(house, "judgment", fact_id, arguments["reference"])
        lives.represent(turn.connection, fact_id, arguments, reference, turn.next_index)
        until = arguments["until_day"]
        said = {
            "from": arguments["from_day"].isoformat(),
            "until": until.isoformat() if until else "",
            "reference": arguments["reference"],
        }
        turn.record(
            Statement("representation.begun", said, subjects=subjects_of_person(house, turn, person_id))
        )
        _tell(house, turn, "representation.begun", person_id)
        _tell(house, turn, "representation.assigned", arguments["representative_id"])
    return {"id": str(fact_id)}


def end_representation(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """End a representation at the beginning of a day."""
    with house.turn(TurnLane.ENDS) as turn:
        asker_of(turn, house, proof, AskerKind.OPERATOR)
        row = lives.end_representation(turn.connection, arguments["id"], arguments["until_day"], turn.now)
        turn.end(Ending.REPRESENTATION, arguments["id"], arguments["until_day"])
        power = representations.by_id(turn.connection, row.representation_id)
        said = {"until": arguments["until_day"].isoformat()}
        is_attorney = power.kind == representations.ATTORNEY  # given by herself: the desk ends it for her
        if is_attorney:
            said |= {"by": "desk", "representation": str(power.representation_id)}
        event = "attorney.ended" if is_attorney else "representation.ended"
        record = turn.record(Statement(event, said, subjects=acting.subjects(house, turn, power)))
        if is_attorney and arguments["until_day"] <= day_of(turn.now):
            acting.tell(house, turn, "attorney.ended", power)
            acting.tell_holder(house, turn, "attorney.over", power)
        if power.kind == representations.ENTERPRISE:
            addresses.leave_with(house, turn, power.person_id, power.representative_id)
    return {"id": str(arguments["id"]), "until_day": row.until_day.isoformat(), "index": record.index}


def give_notice(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Record that customers were told that a party will process their data: one point's, or all in its territory (R7).

    Without `ean` at most MOST_NOTICES who were not told yet; `left` says how many remain. Everybody who was told
    has it in the own list.
    """
    with house.turn() as turn:
        asker_of(turn, house, proof, AskerKind.OPERATOR)
        party = parties.get(turn.connection, arguments["party_id"])
        purposes, today, left = sorted(set(arguments["purposes"])), day_of(turn.now), 0
        if arguments["ean"] is not None:
            rows = [_lives_there(house, turn, arguments["ean"], today)]
            notices.require_news(turn.connection, rows[0], party.party_id, purposes, turn.now)
        else:
            most = MOST_NOTICES
            rows, left = notices.not_told(turn.connection, party.party_id, purposes, today, most)
        members = {
            "party_id": party.party_id,
            "purposes": purposes,
            "channel": arguments["channel"],
            "text_sha256": bytes.fromhex(arguments["text_sha256"]),
            "now": turn.now,
        }
        notices.give(turn.connection, rows, members)
        said = {
            "purposes": purposes,
            "channel": arguments["channel"],
            "text_sha256": arguments["text_sha256"],
            "told": len(rows),
        }
        if rows:
            turn.record(
                Statement(
                    "customer.notified",
                    said,
                    party_id=party.party_id,
                    subjects=[Subject(row.occupancy_id) for row in rows],
                )
            )
        for row in rows:
            tell(
                house,
                turn,
                "customer.notified",
                to=[outbox.customer(row.person_id)],
                operator=row.operator,
                said={"party": str(party.party_id)},
                key=f"{turn.next_index - 1}|{row.occupancy_id}",  # of two homes of one customer each is told
                occupancy_id=row.occupancy_id,
            )
    return {"told": len(rows), "left": left}


def _lives_there(house: House, turn: Turn, ean: Any, today: Any) -> Any:
    occupancy = occupancies.on_day(turn.connection, ean_hash(house, ean), today)
    if occupancy.person_id is None:
        raise ConflictError("nobody lives there now: there is nobody to tell")
    return occupancy


def _person(connection: Connection, person_id: UUID) -> UUID:
    found(connection.execute(_PERSON, {"id": person_id}).one_or_none(), "person")
    return person_id


def _tell(house: House, turn: Turn, kind: str, person_id: UUID) -> None:
    tell(house, turn, kind, to=[outbox.customer(person_id)], operator=FIRST_OPERATOR)


_PERSON = text("SELECT 1 FROM identity.person WHERE person_id = :id")
_STANDING = text(
    "SELECT * FROM registry.occupancy WHERE person_id = :id AND until_day IS NULL ORDER BY from_day"
)

COMMANDS = (
    Command(
        "registry.person.died",
        schema(person_id=identifier(), died_on=Day(required=True), reference=short_text()),
        died,
    ),
    Command(
        "registry.person.alive", schema(person_id=identifier(), reason=without_ean(short_text())), refuted
    ),
    Command(
        "registry.representation.add",
        schema(
            person_id=identifier(),
            representative_id=identifier(),
            reference=short_text(),
            from_day=Day(required=True),
            until_day=Day(load_default=None, allow_none=True),
        ),
        represent,
    ),
    Command(
        "registry.representation.end",
        schema(id=identifier(), until_day=Day(required=True)),
        end_representation,
    ),
    Command(
        "registry.notice.give",
        schema(
            party_id=identifier(),
            purposes=some_of(*(purpose.value for purpose in Purpose)),
            channel=one_of("portal", "letter", "email"),
            text_sha256=fields.String(required=True, validate=SHA256),
            ean=EANCode(load_default=None, allow_none=True),
        ),
        give_notice,
    ),
)
