"""Who is told of what happens to a user port: whose book it stands in, and the grid operator that has to act."""

from __future__ import annotations

from uuid import UUID

from databeheer.door.house import House
from databeheer.door.post.telling import tell
from databeheer.door.turn import Turn
from databeheer.identity import lives
from databeheer.post import catalogue, outbox
from databeheer.post.catalogue import Recipient
from databeheer.post.outbox import Addressee
from databeheer.registry import occupancies


def tell_port(
    house: House,
    turn: Turn,
    event: str,
    *,
    about: UUID,
    occupancy_id: UUID,
    grid_operator_id: UUID | None = None,
) -> None:
    """Tell of the entry that this turn recorded last; nothing where the catalogue has no message of it.

    `about` is the order, or the meter. Nobody writes to the dead, nor to a vacancy.
    """
    kind = catalogue.load().get(event)
    if kind is None:
        return
    occupancy = occupancies.by_id(turn.connection, occupancy_id)
    person_id: UUID | None = occupancy.person_id
    to: list[Addressee] = []
    if person_id is not None and not lives.is_dead(turn.connection, person_id):
        to.append(outbox.customer(person_id))
    if grid_operator_id is not None and Recipient.PARTY in kind.recipients:
        to.append(outbox.party(grid_operator_id))
    tell(house, turn, event, to=to, operator=occupancy.operator, about=about, occupancy_id=occupancy_id)
