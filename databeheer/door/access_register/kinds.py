"""The kinds of messages: who sends each, what it says, and what it does."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from marshmallow import Schema, ValidationError, fields, validate

from databeheer.door.access_register import contracts, meters, moves
from databeheer.door.access_register.sender import Effect, Sender
from databeheer.door.commands.base import (
    ONE_LINE,
    Day,
    EANCode,
    flag,
    identifier,
    load,
    one_of,
    schema,
    short_text,
)
from databeheer.door.commands.market import REFUSALS
from databeheer.door.house import House
from databeheer.door.turn import Turn
from databeheer.door.turn_queue import TurnLane
from databeheer.errors import MalformedRequestError
from databeheer.registry.user_ports import UserPort
from databeheer.values import Role

LONGEST_NUMBER = 64
Handler = Callable[[House, Turn, Sender, dict[str, Any]], Effect]


@dataclass(frozen=True)
class Kind:
    """One kind of message: what each role's means, the members of its content, and in which lane it waits."""

    name: str
    handlers: Mapping[Role, Handler]
    schema: Schema
    lane: TurnLane = TurnLane.REST


@dataclass(frozen=True)
class Message:
    """A message as it was sent: its sender's number for it, its kind, and what it says."""

    number: str
    kind: Kind
    content: dict[str, Any]


def _each_once(values: list[Any]) -> None:
    if len(set(values)) != len(values):
        raise ValidationError("each once")


def _meter() -> dict[str, Any]:
    port = one_of(*(port.value for port in UserPort))
    return {
        "meter": short_text(longest=40),
        "digital": fields.Boolean(required=True, truthy={True}, falsy={False}),
        "ports": fields.List(
            port, load_default=list, validate=[validate.Length(max=len(UserPort)), _each_once]
        ),
    }


_EAN = {"ean": EANCode(required=True)}
_DAY = Day(required=True)
_WHO = {
    "customer": fields.Nested(schema(identity=short_text(), name=short_text()), required=True),
    "interval_reading": flag(),
}
_DSO, _SUPPLIER = Role.DSO, Role.SUPPLIER

KINDS: Mapping[str, Kind] = {
    one.name: one
    for one in (
        Kind("customer.moved_in", {_DSO: moves.move_in}, schema(**_EAN, **_WHO, **{"from": _DAY})),
        Kind(
            "customer.moved_out",
            {_DSO: moves.move_out},
            schema(**_EAN, identity=short_text(), until=_DAY, instead_of=Day(load_default=None)),
            TurnLane.ENDS,
        ),
        Kind(
            "customer.called_off",
            {_DSO: moves.call_off},
            schema(**_EAN, identity=short_text(), on=_DAY, until=Day(load_default=None)),
            TurnLane.ENDS,
        ),
        Kind(
            "customer.changed",
            {_DSO: moves.change_customer},
            schema(**_EAN, **_WHO, left=short_text(), on=_DAY),
            TurnLane.ENDS,
        ),
        Kind("meter.installed", {_DSO: meters.install}, schema(**_EAN, **_meter(), **{"from": _DAY})),
        Kind("meter.removed", {_DSO: meters.remove}, schema(**_EAN, meter=short_text(longest=40), on=_DAY)),
        Kind(
            "meter.replaced",
            {_DSO: meters.replace},
            schema(
                **_EAN,
                meter=short_text(longest=40),
                on=_DAY,
                by=fields.Nested(schema(**_meter()), required=True),
            ),
        ),
        Kind("contract.announced", {_SUPPLIER: contracts.announce}, schema(**_EAN, **{"from": _DAY})),
        Kind(
            "contract.withdrawn",
            {_SUPPLIER: contracts.withdraw},
            schema(announcement=identifier()),
            TurnLane.ENDS,
        ),
        Kind("contract.ended", {_SUPPLIER: contracts.end_own}, schema(**_EAN, until=_DAY), TurnLane.ENDS),
        Kind(
            "contract.called_off",
            {_DSO: contracts.call_off},
            schema(**_EAN, supplier=identifier(), **{"from": _DAY}),
            TurnLane.ENDS,
        ),
        Kind("contract.accepted", {_DSO: contracts.accept}, schema(announcement=identifier()), TurnLane.ENDS),
        Kind(
            "contract.refused",
            {_DSO: contracts.refuse},
            schema(announcement=identifier(), reason=one_of(*REFUSALS)),
        ),
    )
}

_NUMBER = validate.Regexp(ONE_LINE, error="a text on one line")
_HEAD = schema(
    number=fields.String(required=True, validate=[validate.Length(1, LONGEST_NUMBER), _NUMBER]),
    kind=one_of(*KINDS),
)


def read(given: object) -> Message:
    """Read one message.

    Raises:
        MalformedRequestError: names the members that are wrong, missing, or of another kind.
    """
    if not isinstance(given, dict):
        raise MalformedRequestError("a message is a JSON object")
    head = {name: given[name] for name in ("number", "kind") if name in given}
    members = load(_HEAD, head, "a message")
    kind = KINDS[members["kind"]]
    said = {name: value for name, value in given.items() if name not in head}
    return Message(members["number"], kind, load(kind.schema, said, "a message"))
