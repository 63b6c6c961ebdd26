"""A customer's own readings as JSON, in the shape in which market parties get them over the API."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from databeheer.metering.aggregate import Slot
from databeheer.metering.measured import Measured
from databeheer.values import format_instant

_SLOTS_AT_ONCE = 500


def write_json(channels: Sequence[Measured], granularity: str, about: Mapping[str, Any]) -> Iterator[bytes]:
    """Yield the document in parts: granularity, the members of `about`, and the channels with their readings.

    Instants are UTC; values decimal text in the channel's unit, null where there is none.
    """
    head = _plain({"granularity": str(granularity), **about})
    yield (head[:-1] + ',"channels":[').encode()
    for number, channel in enumerate(channels):
        constant = {
            "direction": channel.direction.value,
            "commodity": channel.commodity.value,
            "unit": channel.unit.value,
            "meter": channel.meter,
        }
        yield ("," * (number > 0) + _plain(constant)[:-1] + ',"readings":[').encode()
        yield from _readings(channel)
        yield b"]}"
    yield b"]}\n"


def _readings(slots: Iterable[Slot]) -> Iterator[bytes]:
    rest, comma = iter(slots), ""
    while some := list(islice(rest, _SLOTS_AT_ONCE)):
        yield (comma + ",".join(_plain(_reading(slot)) for slot in some)).encode()
        comma = ","


def _reading(slot: Slot) -> dict[str, Any]:
    return {
        "start": format_instant(slot.start),
        "end": format_instant(slot.end),
        "value": None if slot.value is None else f"{slot.value // 1000}.{slot.value % 1000:03d}",
        "state": slot.state.value,
        "register": slot.register.value if slot.register else None,
        "conversion": slot.conversion.value if slot.conversion else None,
        "missing": slot.missing,
    }


def _plain(value: Mapping[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
