"""An enterprise as a customer: found by its number, under a name, and acted for by whom the provider named for it."""

from __future__ import annotations

from uuid import UUID, uuid4

from databeheer.door.house import House
from databeheer.door.keys.seals import derive
from databeheer.door.names import seal_text
from databeheer.door.statement import NO_OPERATOR, Statement
from databeheer.door.turn import Turn
from databeheer.enterprises import in_groups
from databeheer.identity import representations


def found_by(house: House, enterprise: str) -> bytes:
    """The keyed hash under which an enterprise is found among the customers; no log-in of a person has the same."""
    return derive(house.registry_key("subject"), "enterprise-hash", enterprise.encode())


def act_for(house: House, turn: Turn, enterprise: str, person_id: UUID, representative: UUID) -> UUID:
    """Let somebody act for an enterprise, which is the customer `person_id`; recorded. Returns under which right.

    An entry of the house says so, and not one in the book of each of its access points; what he then does stands there.
    """

    def sealed(owner: UUID) -> bytes:
        return seal_text(house, "judgment", owner, f"KBO {in_groups(enterprise)}")

    under = representations.for_enterprise(
        turn.connection, uuid4(), person_id, representative, sealed, turn.now, turn.next_index
    )
    said = {"asker": "representative", "representation": str(under)}
    turn.record(Statement("representation.taken_up", said, operator=NO_OPERATOR))
    return under
