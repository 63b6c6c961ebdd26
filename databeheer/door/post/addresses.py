"""The address at which a customer is told by e-mail: what is written down when one is confirmed, or left."""

from __future__ import annotations

from uuid import UUID

from databeheer.door.house import House
from databeheer.door.permission_record import subjects_of_person
from databeheer.door.post.letters import goodbye_to_person, open_own
from databeheer.door.post.telling import tell
from databeheer.door.restore.ends import Ending
from databeheer.door.restore.reapplying_post import OPERATOR_OF
from databeheer.door.statement import Record, Statement
from databeheer.door.turn import Turn
from databeheer.post import contacts, outbox
from databeheer.post.words import Goodbye


def leave(house: House, turn: Turn, person_id: UUID) -> Record | None:
    """Forget a customer's address, and tell it so; recorded, and told in the inbox. None where no e-mail was sent."""
    row = contacts.find(turn.connection, person_id)
    if not contacts.remove(turn.connection, person_id):
        return None
    turn.end(Ending.EMAIL, person_id, at=row.confirmed_at)
    if row.email_sealed:
        old = open_own(house, person_id, "email", bytes(row.email_sealed))
        goodbye_to_person(house, turn, person_id, old, row.language, Goodbye.REMOVED)
    return record(house, turn, person_id, "contact.removed")


def leave_with(house: House, turn: Turn, person_id: UUID, representative_id: UUID) -> None:
    """Forget the address that somebody gave for an enterprise for which he acts no more: it may be his own.

    Whoever acts for it next reads in the inbox that none is left, and gives another.
    """
    if contacts.was_given_by(turn.connection, person_id, representative_id):
        leave(house, turn, person_id)


def record(house: House, turn: Turn, person_id: UUID, event: str) -> Record:
    """Write an event of an address down, in the book of each of the customer's stays, and tell the customer."""
    written = turn.record(Statement(event, {}, subjects=subjects_of_person(house, turn, person_id)))
    operator = turn.connection.execute(OPERATOR_OF, {"id": person_id}).scalar_one()
    tell(house, turn, event, to=[outbox.customer(person_id)], operator=operator)
    return written
