"""What is done by a power of attorney, told to who gave it: by name, at once, and in the book of its stays alone."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import Connection

from databeheer.door.commands.login import open_name
from databeheer.door.house import House
from databeheer.door.keys.store import Kind
from databeheer.door.permission_record import subjects_of_person
from databeheer.door.post import telling
from databeheer.door.post.telling import FIRST_OPERATOR
from databeheer.door.proofs import Asker
from databeheer.door.statement import Subject
from databeheer.door.turn import Turn
from databeheer.identity import attorneys, representations
from databeheer.identity.representations import ATTORNEY, Appointment
from databeheer.post import outbox

UNNAMED = "iemand van wie de naam gewist is"


def tell_acted(house: House, turn: Turn, asker: Asker) -> None:
    """Tell who gave a power that it was used, after what was done was recorded; of nobody else's act anything."""
    if asker.power is not None and asker.representation_id is not None:
        tell(
            house,
            turn,
            "attorney.acted",
            representations.by_id(turn.connection, asker.representation_id),
        )


def tell(house: House, turn: Turn, kind: str, power: Appointment) -> None:
    """Tell who gave a power something of it, with the name of who holds it."""
    said = {"attorney": name_of(house, turn.connection, power.representative_id)}
    telling.tell(house, turn, kind, to=[outbox.customer(power.person_id)], operator=FIRST_OPERATOR, said=said)


def tell_holder(house: House, turn: Turn, kind: str, power: Appointment) -> None:
    """Tell who holds a power something of it, with the name of who gave it."""
    said = {"attorney": name_of(house, turn.connection, power.person_id)}
    to = [outbox.customer(power.representative_id)]
    telling.tell(house, turn, kind, to=to, operator=FIRST_OPERATOR, said=said)


def subjects(house: House, turn: Turn, power: Appointment) -> list[Subject]:
    """In whose book it stands: of a power, its stays; of a court's appointment, every stay of that person."""
    every = subjects_of_person(house, turn, power.person_id)
    if power.kind != ATTORNEY:
        return every
    stays = attorneys.stays_of(turn.connection, power.representation_id)
    return [one for one in every if one.occupancy_id in stays]


def names(house: House, connection: Connection, powers: Collection[str]) -> dict[str, tuple[str, str]]:
    """Return who holds each of these, by name, and of what kind it is: a court's appointment is not told of."""
    held = attorneys.holders(connection, [UUID(one) for one in powers])
    return {str(power): (name_of(house, connection, person), kind) for power, (person, kind) in held.items()}


def name_of(house: House, connection: Connection, person_id: UUID) -> str:
    """Return a person's name; in its place UNNAMED where that was erased."""
    if not house.keys.holds(Kind.PERSON, person_id):
        return UNNAMED
    return open_name(house, person_id, attorneys.name_sealed(connection, person_id))
