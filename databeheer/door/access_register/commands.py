"""The door's commands for messages to the access register: one, a batch, what was taken, and the lists around them."""

from __future__ import annotations

from typing import Any

from marshmallow import fields, validate

from databeheer.door.access_register import kinds, lists
from databeheer.door.access_register.receiving import take
from databeheer.door.access_register.sender import sender_of
from databeheer.door.commands.base import Command, looking, schema, short_text
from databeheer.door.desk import Desk
from databeheer.door.house import House
from databeheer.door.proofs import AskerKind, Proof
from databeheer.errors import (
    ConflictError,
    DatabeheerError,
    MalformedRequestError,
    NoLegalBasisError,
    NotFoundError,
    UnauthenticatedError,
)

MOST = 100
"""Messages of one batch: each has a turn of its own, and who waits has theirs between two."""
PAGE = 200
_OF_A_ROW = (MalformedRequestError, NotFoundError, ConflictError, NoLegalBasisError)


class EarlierMessageRefusedError(ConflictError):
    """A message before it in the batch, about the same access point, was refused; nothing was done."""

    code = "earlier-message-refused"


def take_one(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Take one message of a grid operator or supplier."""
    return take(house, proof, kinds.read(arguments["message"]))


def take_batch(house: House, proof: Proof, arguments: dict[str, Any], desk: Desk) -> dict[str, Any]:
    """Take messages one after the other, in the order given; each has its own outcome.

    About one access point order matters: there it stops at the first that is refused, and goes on with the others.
    Broken off in the middle, the whole batch is sent again: what was taken gets its first answer.
    """
    with looking(house, proof) as (connection, asker, _):
        if asker.kind is not AskerKind.PARTY:
            raise UnauthenticatedError("use a grid operator's or supplier's access token")
        sender_of(connection, asker)
    stopped: set[str] = set()
    with desk.place(proof):
        items = [_item(house, proof, given, stopped) for given in arguments["messages"]]
    return {"items": items}


def _item(house: House, proof: Proof, given: dict[str, Any], stopped: set[str]) -> dict[str, Any]:
    named = given.get("ean")
    try:
        if isinstance(named, str) and named in stopped:
            raise EarlierMessageRefusedError(
                "a message before this one, about the same access point, was refused"
            )
        return {"code": None, "detail": None} | take(house, proof, kinds.read(given))
    except _OF_A_ROW as error:
        if isinstance(named, str):
            stopped.add(named)
        return _refused(given, error)


def _refused(given: dict[str, Any], error: DatabeheerError) -> dict[str, Any]:
    number = given.get("number")
    is_number = isinstance(number, str) and len(number) <= kinds.LONGEST_NUMBER
    return {"code": error.code, "detail": str(error), "number": number if is_number else None}


_LIMIT = fields.Integer(load_default=PAGE, strict=True, validate=validate.Range(1, PAGE))
_CURSOR = short_text(required=False, longest=100)


def commands(desk: Desk) -> tuple[Command, ...]:
    """The commands; batches wait at the door's one desk."""

    def batch(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
        return take_batch(house, proof, arguments, desk)

    several = fields.List(fields.Dict(), required=True, validate=validate.Length(1, MOST))
    return (
        Command("register.message", schema(message=fields.Dict(required=True)), take_one),
        Command("register.batch", schema(messages=several), batch),
        Command("register.messages", schema(cursor=_CURSOR, limit=_LIMIT), lists.list_messages),
        Command("supply.announcements", schema(cursor=_CURSOR, limit=_LIMIT), lists.list_announcements),
        Command("supply.contracts", schema(cursor=_CURSOR, limit=_LIMIT), lists.list_contracts),
    )
