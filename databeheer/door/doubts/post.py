"""Who is told of a step in a case of doubt: whose data it is, who doubted, the party, the data manager."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from databeheer.brussels import day_of
from databeheer.door.house import House
from databeheer.door.post.telling import tell
from databeheer.door.turn import Turn
from databeheer.post import catalogue, outbox
from databeheer.post.catalogue import Recipient
from databeheer.post.outbox import Addressee


def tell_case(house: House, turn: Turn, row: Any, event: str, *, until: datetime | None = None) -> None:
    """Tell of the step that this turn recorded last; nothing where the catalogue has no message of it.

    `until` is the first moment that is too late for what the message asks.
    """
    kind = catalogue.load().get(event)
    if kind is None:
        return
    to: list[Addressee] = []
    if Recipient.CUSTOMER in kind.recipients:
        to += [outbox.customer(person_id) for person_id in _people(turn, row.case_id)]
    if Recipient.PARTY in kind.recipients:
        to.append(outbox.party(row.party_id))
    if Recipient.DATA_MANAGER in kind.recipients:
        to.append(outbox.DATA_MANAGER)
    said = {"party": str(row.party_id)} | ({"until": day_of(until).isoformat()} if until else {})
    tell(
        house,
        turn,
        event,
        to=to,
        operator=row.operator,
        about=row.case_id,
        said=said,
        occupancy_id=row.occupancy_id,
    )


def _people(turn: Turn, case_id: UUID) -> list[UUID]:
    return list(turn.connection.execute(_PEOPLE, {"case": case_id}).scalars())


# Nobody writes to the dead.
_PEOPLE = text(
    "SELECT person_id FROM (SELECT o.person_id FROM doubt.doubt_case c JOIN registry.occupancy o USING (occupancy_id)"
    "  WHERE c.case_id = :case UNION SELECT s.person_id FROM doubt.signal s WHERE s.case_id = :case) concerned"
    " WHERE person_id IS NOT NULL AND NOT EXISTS (SELECT FROM identity.death d"
    "  WHERE d.person_id = concerned.person_id AND d.refuted_at IS NULL) ORDER BY person_id"
)
