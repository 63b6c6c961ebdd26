"""A party asks whether a permission that is about to end may go on; only those who gave it can say so."""

from __future__ import annotations

import secrets
from typing import Any
from uuid import uuid4

from databeheer.access.facts import PermissionState
from databeheer.door.commands.base import asker_of, found, identifier
from databeheer.door.house import House
from databeheer.door.names import open_text, seal_text
from databeheer.door.permission_record import record_step
from databeheer.door.proofs import AskerKind, Proof
from databeheer.door.repeats import Repeat
from databeheer.doubt import conduct
from databeheer.errors import ConflictError
from databeheer.identity.tokens import token_hash
from databeheer.permissions import asking, finding, renewal, timing
from databeheer.permissions.finding import Viewer
from databeheer.values import Purpose, format_instant

COMMAND = "permission.ask_renewal"
REQUESTED = "permission.renewal_requested"


def ask_renewal(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Ask for the same again; it waits at the customer, as a renewal, and no longer than the permission lasts.

    Granted, it takes the old one's place in the same turn, so that nothing lies between them. Refused, it is not asked
    again, and the old one ends when it ends.

    Raises:
        NotFoundError: it is no permission of this party.
        ConflictError: it is not about to reach its longest term; or its renewal waits, was refused, or was asked often.
        NoLegalBasisError: the party may not ask that any more.
    """
    link_code = secrets.token_urlsafe(16)
    with house.turn() as turn:
        asker = asker_of(turn, house, proof, AskerKind.PARTY)
        repeat = Repeat(house, turn, asker.party_id, COMMAND, arguments)
        if (first := repeat.answered()) is not None:
            return first[0]
        viewer = Viewer(None, found(asker.party_id, "party"))
        old = found(
            finding.visible(turn.connection, viewer, arguments["renews"], turn.now, locked=True), "permission"
        )
        asking.may_ask(turn.connection, house.catalogue, asker.party_id, Purpose(old.purpose), turn.now)
        conduct.require_contact(turn.connection, asker.party_id)
        if timing.state_at(old, turn.now)[0] != PermissionState.TO_BE_RENEWED:
            raise ConflictError("only a permission that is about to reach its longest term can be renewed")
        renewal.require_askable(turn.connection, old.permission_id)
        new_id = uuid4()
        reference = open_text(house, "reference", old.permission_id, bytes(old.reference_sealed))
        renewal.begin(
            turn.connection,
            old,
            new_id,
            reference_sealed=seal_text(house, "reference", new_id, reference),
            link_hash=token_hash(link_code),
            now=turn.now,
            by_party=True,
        )
        new = finding.by_id(turn.connection, new_id)
        index = turn.next_index
        said = {"renews": str(old.permission_id)}
        record_step(house, turn, new, REQUESTED, state=new.state, by="party", said=said, with_ground=False)
        answer = {
            "permission_id": str(new_id),
            "reference": reference,
            "state": new.state,
            "link_code": link_code,
            "link_expires_at": format_instant(new.link_expires_at),
        }
        repeat.keep(answer, index)
    return answer


RENEWAL = {"renews": identifier()}
"""What is asked, as a command takes it."""
