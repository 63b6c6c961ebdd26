"""Commands on letters on paper: what waits, printed, posted; the question who supplies a home (R36, R80, R84, R92)."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from marshmallow import fields, validate

from databeheer.approval_letters import letters as approvals
from databeheer.approval_letters.letters import EndReason
from databeheer.approval_letters.words import PAGE
from databeheer.door.commands.base import (
    Command,
    EANCode,
    asker_of,
    clerk_or_operator,
    identifier,
    looking,
    schema,
)
from databeheer.door.house import House
from databeheer.door.linking import unlocking
from databeheer.door.post import approval_letters, home_letters, supplier_letters
from databeheer.door.proofs import AskerKind, Proof
from databeheer.door.sweeping import SKIP, sweep_each
from databeheer.door.turn import Turn
from databeheer.ean_codes import homes
from databeheer.errors import UnauthenticatedError
from databeheer.home_letters import letters as to_homes
from databeheer.identity.linking import attempts
from databeheer.identity.linking import letters as unlocks
from databeheer.identity.linking.words import PAGE as UNLOCK_PAGE
from databeheer.post import sealed_letters
from databeheer.values import format_instant

MOST = 500


def ask_supplier(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Write down that a caller asked who supplies an access point; a letter to that home answers, and nothing else.

    The answer says where the question stands in the ledger, the same whether or not a letter goes (R80).
    """
    with house.turn() as turn:
        asker_of(turn, house, proof, AskerKind.OPERATOR)
        record = supplier_letters.ask(house, turn, arguments["ean"], arguments["case"])
    return {"case": arguments["case"]} | record.answer()


def list_letters(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """The letters that wait to be posted, oldest first: numbers and days; no name, no address and no code."""
    limit = arguments["limit"]
    with looking(house, proof) as (connection, asker, now):
        if asker.kind is not AskerKind.OPERATOR:
            raise UnauthenticatedError("the print queue is the operator's")
        waiting = [
            *((row, _approval(row)) for row in approvals.queue(connection, now, limit)),
            *((row, _to_home(row)) for row in to_homes.queue(connection, now, limit)),
            *((row, _unlock(row)) for row in unlocks.queue(connection, now, limit)),
        ]
    waiting.sort(key=lambda one: (one[0].written_at, one[0].letter_id))
    return {
        "letters": [
            about
            | {
                "letter_id": str(row.letter_id),
                "written_at": format_instant(row.written_at),
                "opened_at": format_instant(row.opened_at) if row.opened_at else None,
            }
            for row, about in waiting[:limit]
        ]
    }


def open_letter(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Give the operator what a letter says, to print it; each time an entry, which its reader sees."""
    letter_id = arguments["letter_id"]
    with house.turn() as turn:
        asker_of(turn, house, proof, AskerKind.OPERATOR)
        row = _to_a_home(turn, letter_id)
        if row is not None:
            return home_letters.open_to_print(house, turn, row)
        unlock = unlocking.find(turn, letter_id)
        if unlock is not None:
            content = unlocking.open_to_print(house, turn, unlock)
            return content | {"kind": "unlock", "page": f"{house.public_url}{UNLOCK_PAGE}"}
        content = approval_letters.open_to_print(house, turn, letter_id)
    return content | {"kind": "approval", "page": f"{house.public_url}{PAGE}"}


def posted(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """The operator put a letter in the post: its text is destroyed here."""
    letter_id = arguments["letter_id"]
    with house.turn() as turn:
        asker_of(turn, house, proof, AskerKind.OPERATOR)
        row = _to_a_home(turn, letter_id)
        unlock = unlocking.find(turn, letter_id)
        if row is not None:
            home_letters.post(house, turn, row)
        elif unlock is not None:
            unlocking.post(house, turn, unlock)
        else:
            approval_letters.post(house, turn, letter_id)
    return {}


def sweep(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Close the letters that are over already: the clerk's, or the operator's; again while `more` is true.

    What goes out by text message, and what was counted so that nobody guesses or floods, goes when its term is over.
    """
    with house.turn() as turn:
        clerk_or_operator(turn, house, proof)
        sealed_letters.forget_sent_sms(turn.connection)
        attempts.forget(turn.connection, turn.now)
        homes.forget_told(turn.connection, turn.now)
        skip = arguments["skip"]
        most = skip + arguments["limit"]
        over = [
            *((row, _close_approval) for row in approvals.dead(turn.connection, turn.now, most)),
            *((row, home_letters.close) for row in to_homes.dead(turn.connection, turn.now, most)),
            *((row, _close_unlock) for row in unlocks.dead(turn.connection, turn.now, most)),
        ]
        return sweep_each(turn, over[skip:most], arguments["limit"], lambda one: one[1](house, turn, one[0]))


def _approval(row: Any) -> dict[str, Any]:
    about = {"kind": "approval", "permission_id": str(row.permission_id)}
    return about | {"expires_at": format_instant(row.expires_at)}


def _to_home(row: Any) -> dict[str, Any]:
    """Nothing of the question: who asked it does not see here which letter is its answer."""
    return {
        "kind": row.what,
        "permission_id": None,
        "expires_at": format_instant(row.written_at + to_homes.GOOD_FOR),
    }


def _unlock(row: Any) -> dict[str, Any]:
    """Nothing of who asked for it."""
    return {"kind": "unlock", "permission_id": None, "expires_at": format_instant(row.expires_at)}


def _close_unlock(house: House, turn: Turn, row: Any) -> str:
    return unlocking.close(house, turn, row, unlocks.EndReason(row.over))


def _close_approval(house: House, turn: Turn, row: Any) -> str:
    return approval_letters.close(house, turn, row, EndReason(row.over))


def _to_a_home(turn: Turn, letter_id: UUID) -> Any | None:
    return to_homes.by_id(turn.connection, letter_id, turn.now)


_LIMIT = fields.Integer(load_default=MOST, strict=True, validate=validate.Range(1, MOST))
_CASE = fields.String(
    required=True,
    validate=validate.Regexp(
        r"[A-Za-z0-9][A-Za-z0-9./_-]{0,39}\Z",
        error="a case's number: letters, digits and . / _ -, at most 40; no name and no words",
    ),
)

COMMANDS = (
    Command("letter.ask_supplier", schema(ean=EANCode(required=True), case=_CASE), ask_supplier),
    Command("letter.list", schema(limit=_LIMIT), list_letters),
    Command("letter.open", schema(letter_id=identifier()), open_letter),
    Command("letter.posted", schema(letter_id=identifier()), posted),
    Command("letter.sweep", schema(skip=SKIP, limit=_LIMIT), sweep),
)
