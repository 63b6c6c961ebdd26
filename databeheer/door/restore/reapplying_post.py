"""After a restore: where letters went that somebody had left, or a secret that signed them, is left once more.

What took its place is lost with the database; its owner gives it again, and confirms it.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import text

from databeheer.door.house import House
from databeheer.door.permission_record import subjects_of_person
from databeheer.door.post.telling import tell, tell_party
from databeheer.door.restore.ends import End, Ending
from databeheer.door.statement import Statement
from databeheer.door.turn import Turn
from databeheer.post import contacts, outbox, webhooks

_AFTER = {"after": "restore"}


def leave_webhook(house: House, turn: Turn, end: End) -> bool:
    """Remove a party's web hook as a backup brings it back; False where it was set again since."""
    row = webhooks.find(turn.connection, end.id, locked=True)
    if row is None or row.changed_at > end.at:
        return False
    webhooks.remove(turn.connection, end.id)
    turn.end(Ending.WEBHOOK, end.id, at=end.at)
    turn.record(Statement("webhook.changed", {"what": "removed"} | _AFTER, party_id=end.id))
    tell_party(house, turn, "webhook.changed", end.id)
    return True


def leave_address(house: House, turn: Turn, end: End) -> bool:
    """Forget a person's e-mail address as a backup brings it back; False where one was confirmed since."""
    if not contacts.forget_older(turn.connection, end.id, end.at):
        return False
    turn.end(Ending.EMAIL, end.id, at=end.at)
    turn.record(Statement("contact.removed", dict(_AFTER), subjects=subjects_of_person(house, turn, end.id)))
    operator = turn.connection.execute(OPERATOR_OF, {"id": end.id}).scalar_one()
    tell(house, turn, "contact.removed", to=[outbox.customer(end.id)], operator=operator)
    return True


def leave_all(house: House, turn: Turn, before: datetime) -> int:
    """Leave every web hook and address of before a restore was found: nobody knows which were left; how many."""
    hooks = [
        End(Ending.WEBHOOK, party_id, before, turn.size) for party_id in webhooks.all_of(turn.connection)
    ]
    people = contacts.confirmed_before(turn.connection, before)
    left = sum(leave_webhook(house, turn, one) for one in hooks)
    return left + sum(leave_address(house, turn, End(Ending.EMAIL, one, before, turn.size)) for one in people)


# Whose the person's newest stay is; without one the house's first.
OPERATOR_OF = text(
    "SELECT coalesce((SELECT operator FROM registry.occupancy WHERE person_id = :id ORDER BY from_day DESC LIMIT 1),"
    " (SELECT min(operator) FROM registry.operator))"
)
