"""The operator says what the values of a meter hang on: a device, the head point, or a head point below it."""

from __future__ import annotations

from typing import Any

from marshmallow import fields, validate

from databeheer.door.commands.base import Command, EANCode, asker_of, found, one_of, schema, short_text
from databeheer.door.commands.port_orders import meter_of, record_at_point
from databeheer.door.house import House
from databeheer.door.names import ean_hash, seal_text
from databeheer.door.proofs import AskerKind, Proof
from databeheer.registry import meters, points
from databeheer.registry.meters import Installation, Place


def place_meter(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Write down what a meter's values hang on: a device, the head point itself, or a head point below it.

    What tells the same energy again leaves only where a read wants it (`parts`), and is in no total.
    """
    with house.turn() as turn:
        asker_of(turn, house, proof, AskerKind.OPERATOR)
        point = found(points.find(turn.connection, ean_hash(house, arguments["ean"])), "access point")
        meter_id = meter_of(house, turn, point, arguments["meter"])
        vreg = arguments["vreg_id"]
        meters.put(
            turn.connection,
            meter_id,
            Place(arguments["place"]),
            number=arguments["number"],
            installation=Installation(arguments["installation"]) if arguments["installation"] else None,
            vreg_sealed=seal_text(house, "vreg", meter_id, vreg) if vreg else None,
        )
        record_at_point(house, turn, point, "meter.placed", {"place": arguments["place"]})
    return {}


COMMANDS = (
    Command(
        "registry.meter.place",
        schema(
            ean=EANCode(required=True),
            meter=short_text(longest=40),
            place=one_of(*(place.value for place in Place)),
            number=fields.Integer(
                load_default=None, allow_none=True, strict=True, validate=validate.Range(1, 999)
            ),
            installation=one_of(*(kind.value for kind in Installation), required=False),
            vreg_id=short_text(required=False, longest=40),
        ),
        place_meter,
    ),
)
