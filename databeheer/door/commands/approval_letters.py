"""Commands on approval letters: the operator orders one, who holds a code answers with it.

The code is a proof of its own, good for one request alone: with it one sees what is asked and answers, and no more.
"""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import Any

from marshmallow import fields
from sqlalchemy import Connection

from databeheer.access.facts import Capacity
from databeheer.approval_letters import code as codes
from databeheer.approval_letters import letters
from databeheer.approval_letters.code import LetterCode
from databeheer.approval_letters.letters import EndReason
from databeheer.door.commands.answers import NOTICE, PARTS, reject, sign
from databeheer.door.commands.base import (
    Command,
    asker_of,
    found,
    identifier,
    one_of,
    schema,
)
from databeheer.door.commands.permission_views import permission_views
from databeheer.door.commands.receipts import opened_for
from databeheer.door.house import House
from databeheer.door.post import approval_letters
from databeheer.door.post.approval_letters import code_hash, finder_hash, receipt_hash
from databeheer.door.proofs import AskerKind, Proof
from databeheer.door.turn_queue import TurnLane
from databeheer.errors import ConflictError, UnauthenticatedError
from databeheer.permissions import answering, finding
from databeheer.permissions.signers import Notice, Signature
from databeheer.registry import occupancies
from databeheer.values import format_instant

BY_LETTER = "letter"
"""The manner of signing, in the ledger too."""
_TICKET_BYTES = 24
LONGEST_TICKET = 64


def write(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Order a letter for a request, as where one got lost; the code of the one before is dead from now on."""
    with house.turn() as turn:
        asker_of(turn, house, proof, AskerKind.OPERATOR)
        row = found(finding.find(turn.connection, arguments["permission_id"]), "request")
        letter_id = approval_letters.write(house, turn, row, is_asked=True)
    return {"letter_id": str(letter_id)}


def show(house: House, proof: Proof, _: dict[str, Any]) -> dict[str, Any]:
    """What is asked, to whoever holds the code of a letter that is alive. Nothing is recorded: nothing was read."""
    code, now = _code(proof), house.clock.now()
    _count(house, code)
    with house.engine.connect() as connection, connection.begin():
        return _view(house, connection, _alive(house, connection, code, now), now)


def answer(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Grant or refuse with the code; that is the end of it. State, entry and end of the code are one transaction."""
    code, decision = _code(proof), arguments["decision"]
    _count(house, code)
    ticket = secrets.token_urlsafe(_TICKET_BYTES)
    with house.turn(TurnLane.CUSTOMER if decision == "grant" else TurnLane.ENDS) as turn:
        letter = _alive(house, turn.connection, code, turn.now)
        holder = letter.person_id
        row = answering.waiting(turn.connection, letter.permission_id, holder, None, turn.now)
        occupancy = occupancies.by_id(turn.connection, letter.occupancy_id)
        index = turn.next_index
        if decision == "grant":
            if not arguments["notice"]:
                raise ConflictError("a grant says which text was read")
            answering.grantable(row, occupancy, turn.now)
            answering.narrow(turn.connection, row, arguments["parts"])
            notice = Notice(arguments["notice"], arguments["language"])
            signature = Signature(holder, Capacity.GRID_USER, BY_LETTER, notice)
            record = sign(house, turn, row, occupancy, signature)
        else:
            said = {"method": BY_LETTER}
            home = letter.occupancy_id
            record = reject(house, turn, row, home, person_id=holder, by="grid_user", said=said)
        approval_letters.close(house, turn, letter, EndReason.ANSWERED)
        letters.answered(turn.connection, letter.letter_id, index, receipt_hash(house, ticket))
    with house.engine.connect() as connection, connection.begin():
        view = _view(house, connection, letter, house.clock.now())
    return view | record.answer() | {"receipt": ticket}


def receipt(house: House, proof: Proof, _: dict[str, Any]) -> dict[str, Any]:
    """Give what opens the entry of an answer by letter, to whoever gave that answer; for a day."""
    if proof.kind != BY_LETTER:
        raise UnauthenticatedError("this needs what the answer by letter gave")
    if len(proof.value) > LONGEST_TICKET:
        raise letters.UnknownCodeError
    with house.engine.connect() as connection, connection.begin():
        row = letters.with_receipt(connection, receipt_hash(house, proof.value), house.clock.now())
        return opened_for(house, connection, row.answer_index, row.occupancy_id)


def _code(proof: Proof) -> LetterCode:
    """The code that came as a proof; a slip is told before anything is looked up."""
    if proof.kind != BY_LETTER:
        raise UnauthenticatedError("this needs the code of a letter")
    return codes.parse(proof.value)


def _count(house: House, code: LetterCode) -> None:
    """Count a wrong secret, in a transaction of its own: the refusal that follows does not undo it."""
    with house.engine.begin() as connection:
        letters.count_wrong(connection, finder_hash(house, code), code_hash(house, code))


def _alive(house: House, connection: Connection, code: LetterCode, now: datetime) -> Any:
    """The letter that a code answers, locked.

    Raises:
        UnknownCodeError: there is none, or none that is alive: the same words, after the same look-ups.
    """
    return letters.alive(connection, finder_hash(house, code), code_hash(house, code), now)


def _view(house: House, connection: Connection, letter: Any, now: datetime) -> dict[str, Any]:
    row = finding.by_id(connection, letter.permission_id)
    holder = letter.person_id
    [view] = permission_views(
        house, connection, [row], now, person_id=holder, for_party=False, with_return_urls=False
    )
    return {
        "permission": view,
        "place": approval_letters.place(house, connection, letter),
        "asked_by": approval_letters.asked_by(connection, row, holder),
        "until": format_instant(letter.expires_at),
    }


COMMANDS = (
    Command("letter.write", schema(permission_id=identifier()), write),
    Command("letter.show", schema(), show),
    Command(
        "letter.answer",
        schema(
            decision=one_of("grant", "refuse"),
            parts=PARTS,
            notice=fields.String(load_default=None, allow_none=True, validate=NOTICE.validate),
            language=one_of("nl", "en", "fr", "de", required=False, missing="nl"),
        ),
        answer,
    ),
    Command("letter.receipt", schema(), receipt),
)
