"""Readings: the command that every value leaves by."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from marshmallow import fields, validate

from databeheer.access.explain import Language, reason_sentence
from databeheer.access.judged import joined
from databeheer.door.commands.base import Command, EANCode, Instant, flag, identifier, one_of, schema
from databeheer.door.house import House
from databeheer.door.names import ean_hash
from databeheer.door.proofs import Proof
from databeheer.door.reads.handing_over import open_channels
from databeheer.door.reads.loop import ReadLoop
from databeheer.door.reads.opening import erased_readings
from databeheer.door.reads.request import Admitted, Decided, ReadRequest, Since
from databeheer.errors import DatabeheerError, MalformedRequestError
from databeheer.values import Direction, Granularity, Period, Purpose, format_instant

LONGEST_PERIOD = timedelta(days=3 * 366)
YEAR = "year"
GRANULARITIES = [*(granularity.value for granularity in Granularity), YEAR]
LARGEST_INDEX = 10**15 - 1
MOST_KNOWN = 1000


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
    admitted = loop.submit(request, loop.lane_of(proof)).result()
    if (error := admitted.decided.refusal()) is not None:
        raise RefusedReadError(error, admitted)
    [view] = handed_over(house, [admitted.decided], admitted.versions)
    return view | {
        "index": admitted.record.index,
        "promise": b64encode(admitted.record.promise).decode(),
        "receipt": f"/api/v1/receipts/{admitted.record.index}",
    }


def handed_over(house: House, reads: Sequence[Decided], as_of: int) -> list[dict[str, Any]]:
    """Open what leaves of each read, and show it with its grounds; where all was erased, why."""
    channels = open_channels(house, reads, as_of)
    empty = [read for read, found in zip(reads, channels, strict=True) if read.leaving and not found]
    gone = erased_readings(house, {home for read in empty for home in _homes(read)}) if empty else {}
    return [
        handed_view(
            read, found, [] if found else [gone[home].view() for home in _homes(read) if home in gone]
        )
        for read, found in zip(reads, channels, strict=True)
    ]


def handed_view(read: Decided, channels: Any, erased: Any) -> dict[str, Any]:
    """What is handed over of a read: its grounds, these channels; of what was erased, when and why."""
    return {
        "granted": [
            {**_span(granted.interval), "ground": granted.basis, "citation": str(granted.citation)}
            for granted in joined(read.leaving)
        ],
        "refused": refused_view(read),
        # Not of what is refused: it would tell that the point exists.
        "commodity": read.point.commodity if read.point and read.leaving else None,
        "channels": channels,
        "erased": erased,
    }


def refused_view(read: Decided) -> list[dict[str, Any]]:
    """The refused part of the asked period, each stretch with its reason and a sentence."""
    return [
        {
            **_span(refused.interval),
            "reason": refused.reason.value,
            "detail": reason_sentence(refused.reason, Language.ENGLISH),
        }
        for refused in read.decision.refused
    ]


def _homes(read: Decided) -> list[UUID]:
    """Whose readings leave, each once."""
    return [UUID(name) for name in dict.fromkeys(granted.occupancy_id for granted in read.leaving)]


def _request(house: House, proof: Proof, arguments: dict[str, Any]) -> ReadRequest:
    targets = [arguments["permission_id"], arguments["ean"], arguments["occupancy_id"]]
    if sum(target is not None for target in targets) != 1:
        raise MalformedRequestError("name one of permission_id, ean and occupancy_id")
    if (proof.kind == "session") != (arguments["occupancy_id"] is not None):
        raise MalformedRequestError("a customer reads by occupancy_id, a party by permission_id or ean")
    period = Period(arguments["from"], arguments["until"])
    if period.end - period.start > LONGEST_PERIOD:
        raise MalformedRequestError("a period is three years at most; ask in parts")
    granularity, per_year = granularity_of(arguments)
    [known] = known_of(arguments, 1) or [()]
    return ReadRequest(
        proof=proof,
        period=period,
        granularity=granularity,
        directions=directions_of(arguments["directions"]),
        strict=arguments["mode"] == "strict",
        purpose=Purpose(arguments["purpose"]) if arguments["purpose"] else None,
        permission_id=arguments["permission_id"],
        ean_hash=ean_hash(house, arguments["ean"]) if arguments["ean"] else None,
        occupancy_id=arguments["occupancy_id"],
        registers=with_registers(arguments, granularity),
        parts=arguments["parts"],
        inserted=_inserted(arguments),
        per_year=per_year,
        as_of=arguments["as_of"],
        since=since_of(arguments, known),
    )


def _inserted(arguments: dict[str, Any]) -> Period | None:
    since, before = arguments["inserted_from"], arguments["inserted_until"]
    if (since is None) != (before is None) or (since is not None and arguments["registers"]):
        raise MalformedRequestError("inserted_from, inserted_until: both, and without registers")
    return None if since is None else Period(since, before)


def granularity_of(arguments: dict[str, Any]) -> tuple[Granularity, bool]:
    """The granularity that is decided on, and whether its sums are added up to years: who may have months may."""
    if arguments["granularity"] == YEAR:
        return Granularity.MONTH, True
    return Granularity(arguments["granularity"]), False


def since_of(arguments: dict[str, Any], known: tuple[Period, ...] = ()) -> Since | None:
    """Since which entry changes are asked; raises MalformedRequestError where they do not come with what else was."""
    if arguments["since"] is None:
        return None
    if arguments["registers"] or arguments.get("inserted_from") is not None:
        raise MalformedRequestError("since: changes come without registers, and without inserted_from")
    return Since(arguments["since"], known)


def known_of(arguments: dict[str, Any], targets: int) -> list[tuple[Period, ...]] | None:
    """Of each target, the stretches that were granted at the entry `since`; raises MalformedRequestError."""
    known = arguments["known"]
    if (known is None) != (arguments["since"] is None) or (known is not None and len(known) != targets):
        raise MalformedRequestError("since and known: both, and known of each that is asked")
    return None if known is None else [tuple(Period(*span) for span in spans) for spans in known]


def with_registers(arguments: dict[str, Any], granularity: Granularity) -> bool:
    """Whether the registers were asked; raises MalformedRequestError where they do not come with what else was."""
    if arguments["registers"] and granularity is not Granularity.MONTH:
        raise MalformedRequestError("registers: they come with the totals of months")
    return bool(arguments["registers"])


def directions_of(names: list[str] | None) -> frozenset[Direction] | None:
    """The directions that were asked; None where that was left to what gives them."""
    return frozenset(Direction(name) for name in names) if names else None


def _span(interval: Period) -> dict[str, str]:
    return {"from": format_instant(interval.start), "until": format_instant(interval.end)}


def entry_index() -> fields.Integer:
    """An argument that names an entry of the ledger, or none."""
    return fields.Integer(
        strict=True, load_default=None, allow_none=True, validate=validate.Range(0, LARGEST_INDEX)
    )


def known_stretches(most: int) -> fields.List[Any]:
    """An argument that names stretches of so many targets at most."""
    span = fields.List(Instant(required=True), validate=validate.Length(equal=2))
    spans = fields.List(span, validate=validate.Length(max=MOST_KNOWN))
    return fields.List(spans, load_default=None, allow_none=True, validate=validate.Length(1, most))


_DIRECTIONS = [direction.value for direction in Direction]
SCHEMA = schema(
    **{
        "permission_id": identifier(required=False),
        "ean": EANCode(load_default=None, allow_none=True),
        "occupancy_id": identifier(required=False),
        "purpose": one_of(*(purpose.value for purpose in Purpose), required=False),
        "from": Instant(required=True),
        "until": Instant(required=True),
        "granularity": one_of(*GRANULARITIES),
        "directions": fields.List(
            one_of(*_DIRECTIONS),
            load_default=None,
            allow_none=True,
            validate=validate.Length(min=1, max=len(_DIRECTIONS)),
        ),
        "mode": one_of("strict", "clip", required=False, missing="strict"),
        "registers": flag(),
        "parts": flag(),
        "inserted_from": Instant(load_default=None, allow_none=True),
        "inserted_until": Instant(load_default=None, allow_none=True),
        "as_of": entry_index(),
        "since": entry_index(),
        "known": known_stretches(1),
    }
)


def commands(loop: ReadLoop) -> tuple[Command, ...]:
    """The readings command, bound to the door's one loop."""

    def handler(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
        return read(house, proof, arguments, loop)

    return (Command("readings.read", SCHEMA, handler),)
