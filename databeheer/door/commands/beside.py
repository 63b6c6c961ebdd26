"""A customer grants for another of his access points what he granted for one: the party asked for several."""

from __future__ import annotations

from functools import partial
from typing import Any

from databeheer.door.attorneys import acting
from databeheer.door.commands.answers import LANGUAGE, NOTICE, place_of, sign_like, signature_of
from databeheer.door.commands.base import Command, found, identifier, schema, who_gives
from databeheer.door.commands.permissions import answer_of
from databeheer.door.house import House
from databeheer.door.proofs import Proof
from databeheer.door.turn_queue import TurnLane
from databeheer.errors import ConflictError
from databeheer.permissions import beside, finding
from databeheer.permissions.finding import Viewer
from databeheer.permissions.signers import Notice


def grant_beside(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Grant the same for another access point: a permission of its own, active once all who must have signed it."""
    with house.turn(TurnLane.CUSTOMER) as turn:
        asker = who_gives(turn, house, proof)
        viewer = Viewer(asker.person_id, None, asker.power.stays if asker.power else None)
        wanted = arguments["permission_id"]
        first = found(finding.visible(turn.connection, viewer, wanted, turn.now, locked=True), "permission")
        if first.person_id != asker.person_id or first.beside is not None:
            raise ConflictError("this is not the first permission of a request that you granted")
        occupancy, capacity = place_of(turn, arguments["occupancy_id"], asker)
        signature = signature_of(asker, capacity, Notice(arguments["notice"], arguments["language"]))
        begin = partial(beside.begin, occupancy_id=occupancy.occupancy_id)
        new_id, record = sign_like(house, turn, first, occupancy, signature, begin)
        acting.tell_acted(house, turn, asker)
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
