"""Readings: the command that every value leaves by."""

from __future__ import annotations

from base64 import b64encode
from datetime import timedelta
from typing import Any
from uuid import UUID

from marshmallow import fields, validate

from databeheer.access.explain import Language, reason_sentence
from databeheer.door.commands.base import Command, EANCode, Instant, identifier, one_of, schema
from databeheer.door.house import House
from databeheer.door.names import ean_hash
from databeheer.door.opening import erased_readings, open_channels
from databeheer.door.proofs import Proof
from databeheer.door.read_loop import Lane, ReadLoop
from databeheer.door.read_request import Admitted, ReadRequest
from databeheer.errors import DatabeheerError, MalformedRequestError
from databeheer.values import Direction, Granularity, Period, Purpose, format_instant

LONGEST_PERIOD = timedelta(days=3 * 366)


class RefusedReadError(DatabeheerError):
    """A refusal that is in the ledger: the decision's own error, with where it was recorded."""

    def __init__(self, error: DatabeheerError, admitted: Admitted) -> None:
        super().__init__(str(error))
        self.code = error.code
        self.admitted = admitted


def read(house: House, proof: Proof, arguments: dict[str, Any], loop: ReadLoop) -> dict[str, Any]:
    """Decide, record, open, hand over.

    Raises:
        RefusedReadError: nothing may leave; the refusal is recorded.
    """
    request = _request(house, proof, arguments)
    admitted = loop.submit(request, Lane.CUSTOMER if proof.kind == "session" else Lane.REST).result()
    try:
        admitted.raise_if_refused()
    except DatabeheerError as error:
        raise RefusedReadError(error, admitted) from error
    channels = open_channels(house, admitted)
    return {
        "granted": [
            {**_span(granted.interval), "ground": granted.basis, "citation": str(granted.citation)}
            for granted in admitted.leaving
        ],
        "refused": refused_view(admitted),
        "commodity": admitted.point.commodity if admitted.point else None,
        "channels": channels,
        "erased": [] if channels else _erased(house, admitted),
        "index": admitted.record.index,
        "promise": b64encode(admitted.record.promise).decode(),
        "receipt": f"/api/v1/receipts/{admitted.record.index}",
    }


def refused_view(admitted: Admitted) -> list[dict[str, Any]]:
    """The refused part of the asked period, each stretch with its reason and a sentence."""
    return [
        {
            **_span(refused.interval),
            "reason": refused.reason.value,
            "detail": reason_sentence(refused.reason, Language.ENGLISH),
        }
        for refused in admitted.decision.refused
    ]


def _erased(house: House, admitted: Admitted) -> list[dict[str, Any]]:
    """Why nothing is there of what was granted, where it was erased."""
    gone = erased_readings(house, {UUID(granted.occupancy_id) for granted in admitted.leaving})
    return [one.view() for one in gone.values()]


def _request(house: House, proof: Proof, arguments: dict[str, Any]) -> ReadRequest:
    targets = [arguments["permission_id"], arguments["ean"], arguments["occupancy_id"]]
    if sum(target is not None for target in targets) != 1:
        raise MalformedRequestError("name one of permission_id, ean and occupancy_id")
    if (proof.kind == "session") != (arguments["occupancy_id"] is not None):
        raise MalformedRequestError("a customer reads by occupancy_id, a party by permission_id or ean")
    period = Period(arguments["from"], arguments["until"])
    if period.end - period.start > LONGEST_PERIOD:
        raise MalformedRequestError("a period is three years at most; ask in parts")
    return ReadRequest(
        proof=proof,
        period=period,
        granularity=Granularity(arguments["granularity"]),
        directions=_directions(arguments["directions"]),
        strict=arguments["mode"] == "strict",
        purpose=Purpose(arguments["purpose"]) if arguments["purpose"] else None,
        permission_id=arguments["permission_id"],
        ean_hash=ean_hash(house, arguments["ean"]) if arguments["ean"] else None,
        occupancy_id=arguments["occupancy_id"],
    )


def _directions(names: list[str] | None) -> frozenset[Direction] | None:
    return frozenset(Direction(name) for name in names) if names else None


def _span(interval: Period) -> dict[str, str]:
    return {"from": format_instant(interval.start), "until": format_instant(interval.end)}


_DIRECTIONS = [direction.value for direction in Direction]
SCHEMA = schema(
    **{
        "permission_id": identifier(required=False),
        "ean": EANCode(load_default=None, allow_none=True),
        "occupancy_id": identifier(required=False),
        "purpose": one_of(*(purpose.value for purpose in Purpose), required=False),
        "from": Instant(required=True),
        "until": Instant(required=True),
        "granularity": one_of(*(granularity.value for granularity in Granularity)),
        "directions": fields.List(
            one_of(*_DIRECTIONS),
            load_default=None,
            allow_none=True,
            validate=validate.Length(min=1, max=len(_DIRECTIONS)),
        ),
        "mode": one_of("strict", "clip", required=False, missing="strict"),
    }
)


def commands(loop: ReadLoop) -> tuple[Command, ...]:
    """The readings command, bound to the door's one loop."""

    def handler(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
        return read(house, proof, arguments, loop)

    return (Command("readings.read", SCHEMA, handler),)
