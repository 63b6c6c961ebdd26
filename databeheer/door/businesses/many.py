"""A business gives or withdraws for many of its access points at once: one signature, one turn, all or nothing.

Each access point has a permission and an entry of its own, as where it is given for one.
"""

from __future__ import annotations

import secrets
from typing import Any
from uuid import UUID, uuid5

from marshmallow import fields, validate

from databeheer.door.commands.answers import place_of, sign, signature_of
from databeheer.door.commands.base import Command, asker_of, identifier, placed, schema
from databeheer.door.commands.choosing import CHOICE, require_choosable, wanted_of
from databeheer.door.commands.permissions import end_in_turn
from databeheer.door.house import House
from databeheer.door.proofs import Asker, AskerKind, Proof
from databeheer.door.turn_queue import TurnLane
from databeheer.errors import MalformedRequestError, NotFoundError
from databeheer.identity.tokens import token_hash
from databeheer.permissions import answering, choosing, finding
from databeheer.permissions.finding import Viewer
from databeheer.permissions.signers import Notice
from databeheer.permissions.states import LIVE
from databeheer.permissions.timing import state_at
from databeheer.values import Role


def choose_many(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Give a party what nobody asked, for each of these access points; all of them or none.

    `batch_id` is a new one, made with the page on which it is confirmed: pressed twice, it is given once. Returns how
    many permissions stand, and the first and the last entry of this turn.

    Raises:
        NotFoundError: one of them is not its own, or the party cannot be chosen for this.
        ConflictError: it was given already, or the party lacks what the law asks.
    """
    points: list[UUID] = arguments["occupancy_ids"]
    if len(set(points)) < len(points):
        raise MalformedRequestError("occupancy_ids: each of them once")
    with house.turn(TurnLane.CUSTOMER) as turn:
        asker = asker_of(turn, house, proof, AskerKind.CUSTOMER, or_representative=True, freshly=True)
        require_business(asker)
        first, operators = turn.next_index, set()
        notice = Notice(arguments["notice"], arguments["language"])
        party = require_choosable(house, turn, arguments["party_id"])
        offers = choosing.offers(house.catalogue, Role(party.role))
        for place, occupancy_id in enumerate(points):
            with placed("occupancy_ids", place):
                occupancy, capacity = place_of(turn, occupancy_id, asker)
            if occupancy.operator not in operators:
                require_choosable(house, turn, party.party_id, occupancy.operator)
                operators.add(occupancy.operator)
            number = uuid5(arguments["batch_id"], str(occupancy_id))
            wanted = wanted_of(house, party, occupancy, {**arguments, "permission_id": number})
            wanted.check(turn.now)
            link = token_hash(secrets.token_urlsafe(16))
            choosing.begin(turn.connection, wanted, offers, link, turn.now)
            row = finding.by_id(turn.connection, number)
            answering.grantable(row, occupancy, turn.now)
            sign(house, turn, row, occupancy, signature_of(asker, capacity, notice))
        return {"count": len(points), "first": first, "last": turn.next_index - 1}


def withdraw_many(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Withdraw these permissions; what is over already stays so, and the others end in this one turn.

    Raises:
        NotFoundError: one of them is not the business's own: none is withdrawn.
    """
    with house.turn(TurnLane.ENDS) as turn:
        asker = asker_of(turn, house, proof, AskerKind.CUSTOMER, or_representative=True)
        require_business(asker)
        first, viewer, count = turn.next_index, Viewer(asker.person_id, None), 0
        # In one order, whoever else holds some of them: nobody waits for the other.
        for permission_id in sorted(set(arguments["permission_ids"])):
            row = finding.visible(turn.connection, viewer, permission_id, turn.now, locked=True)
            if row is None or row.person_id != asker.person_id:
                raise NotFoundError("there is no such permission of yours")
            if state_at(row, turn.now)[0] in LIVE:
                end_in_turn(house, turn, row, asker)
                count += 1
        return {"count": count, "first": first, "last": turn.next_index - 1}


def require_business(asker: Asker) -> None:
    """Raise NotFoundError unless somebody acts for an enterprise: for nobody else is there such a thing."""
    if not asker.for_enterprise:
        raise NotFoundError("this is for businesses")


def _identifiers() -> fields.List[UUID]:
    return fields.List(identifier(), required=True, validate=validate.Length(1, choosing.MOST_POINTS))


COMMANDS = (
    Command(
        "permission.choose_many",
        schema(batch_id=identifier(), occupancy_ids=_identifiers(), **CHOICE),
        choose_many,
    ),
    Command("permission.withdraw_many", schema(permission_ids=_identifiers()), withdraw_many),
)
