"""Tell who lives somewhere that a party will read by law, in the turn that gives the party its standing there (R7).

The first access comes after the notice: the decision asks for it (`databeheer.access.ground.notice_limit`). So a notice
is written where a reader's standing begins: with a stay, an accepted contract, a registration, a participation. What
begins otherwise (a new grid operator, a welfare centre's territory) waits for `registry.notice.give`.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from typing import Any

from databeheer.access.bases import Catalogue, Requirement
from databeheer.door.house import House
from databeheer.door.keys.store import Kind
from databeheer.door.post.telling import tell
from databeheer.door.turn import Turn
from databeheer.post import outbox
from databeheer.post.catalogue import Recipient
from databeheer.post.words import words
from databeheer.registry import notices
from databeheer.values import Role

CHANNEL = "portal"
"""Everybody finds it there; who wants e-mail gets one that says so."""
ON_ARRIVAL = "occupancy.begun"
OF_ONE_PARTY = "customer.notified"


def write(
    house: House, turn: Turn, occupancy: Any, readers: Sequence[Any], kind: str
) -> list[dict[str, Any]]:
    """Write down that who lives there is told of these parties; returns what the entry of it says.

    Each notice is of all that the law lets that party do. `readers` are rows of parties. Who was told before is not
    told again, nor a vacancy, nor who was erased. Record the entry next, then send the message, of this `kind`.
    """
    if occupancy.person_id is None or not house.keys.holds(Kind.PERSON, occupancy.person_id):
        return []
    said = []
    for party in readers:
        purposes = purposes_by_law(house.catalogue, Role(party.role))
        if not purposes or notices.was_told(turn.connection, occupancy, party.party_id, purposes, turn.now):
            continue
        told = words(kind, Recipient.CUSTOMER, "nl", {}, party.name)
        text_sha256 = sha256(f"{told.title}\n{told.more}".encode()).digest()
        members = {"party_id": party.party_id, "purposes": purposes, "channel": CHANNEL, "now": turn.now}
        notices.give(turn.connection, [occupancy], members | {"text_sha256": text_sha256})
        of_party = {"party": str(party.party_id), "purposes": purposes, "text_sha256": text_sha256.hex()}
        said.append(of_party | {"channel": CHANNEL})
    return said


def send(house: House, turn: Turn, occupancy: Any, written: Sequence[dict[str, Any]]) -> None:
    """Send what was written of single parties, after the entry that says so was recorded."""
    for notice in written:
        tell(
            house,
            turn,
            OF_ONE_PARTY,
            to=[outbox.customer(occupancy.person_id)],
            operator=occupancy.operator,
            said={"party": notice["party"]},
            key=f"{turn.next_index}|{notice['party']}",
            occupancy_id=occupancy.occupancy_id,
        )


def purposes_by_law(catalogue: Catalogue, role: Role) -> list[str]:
    """Return for what a party in this role reads by law once the customer was told."""
    rows = (row for row in catalogue.rows_of(role) if Requirement.NOTICE in row.requires)
    return sorted({purpose.value for row in rows for purpose in row.purposes})
