"""From the door's hand-overs to the energy answer of the Fluvius API: a plain function.

A value that is not there is left out, and so is a slice without values: the clients know no state for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
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

# meter -> key -> (start, end) -> unit -> direction -> register -> value
_Slices = dict[tuple[str, str], dict[str, dict[str, dict[str, Any]]]]
_Meters = dict[str | None, dict[str, _Slices]]


def headpoint(
    ean: str, answers: Iterable[Mapping[str, Any]], registers: frozenset[str] = ACTIVE | REACTIVE
) -> dict[str, Any] | None:
    """Return the head point with every value that was handed over, or None where there is none."""
    meters: _Meters = {}
    commodity = ""
    for answer in answers:
        for channel in answer["channels"]:
            commodity = channel["commodity"]
            _collect(meters, channel, registers)
    if not meters:
        return None
    point: dict[str, Any] = {"$type": "", "ean": ean, "energyType": ENERGY_TYPE[commodity]}
    own = meters.pop(None, None)
    if meters:
        point["physicalMeters"] = [
            # A JSON string: an integer breaks the Python client.
            {"seqNumber": str(number), "meterID": meter, **_keyed(slices)}
            for number, (meter, slices) in enumerate(sorted(meters.items(), key=lambda item: str(item[0])), 1)
        ]
    if own:
        point.update(_keyed(own))
    point["$type"] = _kind(has_own=own is not None, has_meters=bool(meters))
    return point


def _kind(*, has_own: bool, has_meters: bool) -> str:
    if has_own and has_meters:
        return "metering-on-headpoint-and-meter"
    return "metering-on-headpoint" if has_own else "metering-on-meter"


def _collect(meters: _Meters, channel: Mapping[str, Any], registers: frozenset[str]) -> None:
    # Inductive and capacitive energy are channels of their own here, registers of one unit there.
    unit, _, reactive_kind = channel["unit"].partition("-")
    for slot in slots_of_channel(channel):
        register = reactive_kind or (slot.register.value if slot.register else "total")
        if slot.value is None or slot.state.value not in _SHOWN_STATES or register not in registers:
            continue
        # Gas is counted by the hour whatever was asked, so the slot itself says what it is.
        key = _KEYS.get(slot.end - slot.start, _DAILY)
        slices = meters.setdefault(channel.get("meter"), {}).setdefault(key, {})
        span = format_instant(slot.start), format_instant(slot.end)
        by_unit = slices.setdefault(span, {}).setdefault(unit, {})
        by_unit.setdefault(channel["direction"], {})[register] = _value(slot.value, slot, unit)


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


def _keyed(by_key: Mapping[str, _Slices]) -> dict[str, list[dict[str, Any]]]:
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
