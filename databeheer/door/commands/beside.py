"""A customer grants for another of his access points what he granted for one: the party asked for several."""

from __future__ import annotations

import secrets
from typing import Any
from uuid import uuid4

from databeheer.door.commands.answers import LANGUAGE, NOTICE, place_of, sign, signature_of
from databeheer.door.commands.base import Command, asker_of, found, identifier, schema
from databeheer.door.commands.permissions import answer_of
from databeheer.door.house import House
from databeheer.door.names import open_text, seal_text
from databeheer.door.proofs import AskerKind, Proof
from databeheer.door.turn_queue import TurnLane
from databeheer.errors import ConflictError
from databeheer.identity.tokens import token_hash
from databeheer.permissions import answering, beside, finding
from databeheer.permissions.finding import Viewer
from databeheer.permissions.signers import Notice


def grant_beside(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Grant the same for another access point: a permission of its own, active once all who must have signed it."""
    with house.turn(TurnLane.CUSTOMER) as turn:
        asker = asker_of(turn, house, proof, AskerKind.CUSTOMER, or_representative=True)
        viewer = Viewer(asker.person_id, None)
        wanted = arguments["permission_id"]
        first = found(finding.visible(turn.connection, viewer, wanted, turn.now, locked=True), "permission")
        if first.person_id != asker.person_id or first.beside is not None:
            raise ConflictError("this is not the first permission of a request that you granted")
        occupancy, capacity = place_of(turn, arguments["occupancy_id"], asker)
        new_id = uuid4()
        reference = open_text(house, "reference", first.permission_id, bytes(first.reference_sealed))
        beside.begin(
            turn.connection,
            first,
            new_id,
            occupancy.occupancy_id,
            reference_sealed=seal_text(house, "reference", new_id, reference),
            link_hash=token_hash(secrets.token_urlsafe(16)),
            now=turn.now,
        )
        new = finding.by_id(turn.connection, new_id)
        answering.grantable(new, occupancy, turn.now)
        notice = Notice(arguments["notice"], arguments["language"])
        record = sign(house, turn, new, occupancy, signature_of(asker, capacity, notice))
    return answer_of(house, new_id, record, asker)


COMMANDS = (
    Command(
        "permission.grant_beside",
        schema(
            permission_id=identifier(),
            occupancy_id=identifier(),
            notice=NOTICE,
            language=LANGUAGE,
        ),
        grant_beside,
    ),
)
