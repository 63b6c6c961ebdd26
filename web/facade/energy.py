"""From the door's hand-overs to the energy answer of the Fluvius API: a plain function.

A value that is not there is left out, and so is a slice without values: the clients know no state for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from databeheer.metering.aggregate import Slot
from databeheer.metering.series import slots_of_channel
from databeheer.values import format_instant
from web.facade.names import ENERGY_TYPE

_KEYS = {timedelta(minutes=15): "quarterHourlyEnergy", timedelta(hours=1): "hourlyEnergy"}
_DAILY = "dailyEnergy"
# One measurement per unit; of the two that gas has per hour, the meter's own comes first.
_UNIT_ORDER = ("m3", "kWh", "kVArh")
ACTIVE = frozenset({"total", "day", "night"})
REACTIVE = frozenset({"reactive", "inductive", "capacitive"})
_SHOWN_STATES = frozenset({"READ", "EST", "VAL"})

# key -> (start, end) -> unit -> direction -> register -> value
_Slices = dict[str, dict[tuple[str, str], dict[str, dict[str, dict[str, Any]]]]]
# The market's word for what flows at a head point below: seen from there, production is what its meter injects.
_WORDS = {"production": {"injection": "production"}, "auxiliary": {"offtake": "auxiliary"}}


@dataclass
class _Found:
    """What was handed over of one access point, by what it hangs on."""

    commodity: str = ""
    own: _Slices = field(default_factory=dict)
    meters: dict[str, _Slices] = field(default_factory=dict)
    below: dict[int, tuple[Mapping[str, Any], _Slices]] = field(default_factory=dict)

    def slices_of(self, channel: Mapping[str, Any]) -> _Slices:
        place = channel.get("place") or {"kind": "meter"}
        if place["kind"] == "headpoint" or not channel.get("meter"):
            return self.own
        if place["kind"] == "meter":
            return self.meters.setdefault(channel["meter"], {})
        return self.below.setdefault(place["number"], (place, {}))[1]


def headpoint(
    ean: str, answers: Iterable[Mapping[str, Any]], registers: frozenset[str] = ACTIVE | REACTIVE
) -> dict[str, Any] | None:
    """Return the head point with every value that was handed over, or None where there is none."""
    found = _Found()
    for answer in answers:
        for channel in answer["channels"]:
            found.commodity = channel["commodity"]
            _collect(found, channel, registers)
    below = [(number, *one) for number, one in sorted(found.below.items()) if one[1]]
    meters = [(meter, slices) for meter, slices in sorted(found.meters.items()) if slices]
    if not (found.own or meters or below):
        return None
    point: dict[str, Any] = {
        "$type": _kind(has_own=bool(found.own or below), has_meters=bool(meters)),
        "ean": ean,
        "energyType": ENERGY_TYPE[found.commodity],
        **_keyed(found.own),
    }
    if below:
        point["subHeadpoints"] = [_sub_headpoint(number, place, slices) for number, place, slices in below]
    if meters:
        point["physicalMeters"] = [
            # A JSON string: an integer breaks the Python client.
            {"seqNumber": str(number), "meterID": meter, **_keyed(slices)}
            for number, (meter, slices) in enumerate(meters, 1)
        ]
    return point


def _kind(*, has_own: bool, has_meters: bool) -> str:
    if has_own and has_meters:
        return "metering-on-headpoint-and-meter"
    return "metering-on-headpoint" if has_own else "metering-on-meter"


def _sub_headpoint(number: int, place: Mapping[str, Any], slices: _Slices) -> dict[str, Any]:
    return {
        "$type": f"submetering-{place['kind']}",
        "ean": f"{number:03d}",
        "seqNumber": str(number),
        "vregId": place["vreg_id"],
        "type": place["installation"],
        **_keyed(slices),
    }


def _collect(found: _Found, channel: Mapping[str, Any], registers: frozenset[str]) -> None:
    # Inductive and capacitive energy are channels of their own here, registers of one unit there.
    unit, _, reactive_kind = channel["unit"].partition("-")
    kind = (channel.get("place") or {}).get("kind", "")
    direction = _WORDS.get(kind, {}).get(channel["direction"], channel["direction"])
    for slot in slots_of_channel(channel):
        register = reactive_kind or (slot.register.value if slot.register else "total")
        if slot.value is None or slot.state.value not in _SHOWN_STATES or register not in registers:
            continue
        # Gas is counted by the hour whatever was asked, so the slot itself says what it is.
        key = _KEYS.get(slot.end - slot.start, _DAILY)
        span = format_instant(slot.start), format_instant(slot.end)
        by_unit = found.slices_of(channel).setdefault(key, {}).setdefault(span, {}).setdefault(unit, {})
        by_unit.setdefault(direction, {})[register] = _value(slot.value, slot, unit)


def _value(thousandths: int, slot: Slot, unit: str) -> dict[str, Any]:
    # Thousandths over a thousand: the nearest double, which prints as the decimal it came from.
    value: dict[str, Any] = {
        "value": thousandths / 1000,
        "unit": unit,
        "validationState": slot.state.value,
    }
    if slot.conversion:
        value["gasConversionFactor"] = slot.conversion.value
    return value


def _keyed(by_key: _Slices) -> dict[str, list[dict[str, Any]]]:
    return {
        key: [
            {
                "start": start,
                "end": end,
                "measurements": [by_unit[unit] for unit in _UNIT_ORDER if unit in by_unit],
            }
            for (start, end), by_unit in sorted(slices.items())
        ]
        for key, slices in by_key.items()
    }
