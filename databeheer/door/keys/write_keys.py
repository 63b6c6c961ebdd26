"""Write keys in bulk: for each row of a head-end's chunk its pseudonym, its channel and the keys of its next version.

A chunk is of one Brussels day. One query finds meters, points and stays; the keys of all rows are then derived in
one loop. What is handed out are blobs of keys, one after the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from hashlib import blake2b

import numpy as np
import numpy.typing as npt
from sqlalchemy import Connection, text

from databeheer.door.house import House
from databeheer.metering.batches.problems import RowProblem
from databeheer.metering.states import Unit
from databeheer.registry.interval_choices import ASKED, NEEDED
from databeheer.values import Direction

DIRECTIONS = tuple(Direction)
UNITS = tuple(Unit)
ROW = np.dtype([("device", "<u2"), ("direction", "u1"), ("unit", "u1"), ("intervals", "u1")])
"""How a row of a chunk is asked: the place of its device, direction and unit in their lists, whether it has slots."""

Rows = npt.NDArray[np.void]
_PLACE = np.dtype(
    [
        ("n", ">i4"),
        ("meter", "V16"),
        ("root", "V16"),
        ("channels", ">i4"),
        ("gas", "u1"),
        ("intervals", "u1"),
        ("erased", "u1"),
    ]
)


@dataclass
class Keys:
    """What leaves for a chunk of n rows: `problems` says of each row 0 or why there is nothing for it."""

    problems: npt.NDArray[np.uint8]
    pseudonyms: bytearray
    channels: bytearray
    values: bytearray
    totals: bytearray
    sameness: bytearray
    roots: list[bytes]

    @classmethod
    def of(cls, problems: npt.NDArray[np.uint8]) -> Keys:
        rows = len(problems)
        return cls(
            problems,
            bytearray(16 * rows),
            bytearray(8 * rows),
            bytearray(32 * rows),
            bytearray(32 * rows),
            bytearray(32 * rows),
            [b""] * rows,
        )


@dataclass
class Places:
    """Where each device of a chunk hangs on the day, and whose readings they are; nothing where it has a problem."""

    problems: npt.NDArray[np.uint8]
    gas: npt.NDArray[np.uint8]
    intervals: npt.NDArray[np.uint8]
    channels: npt.NDArray[np.int64]
    """Which channels of the meter are known, a bit for each (`channel_bits`)."""
    meters: list[bytes]
    roots: list[bytes]

    @classmethod
    def of(cls, devices: int) -> Places:
        return cls(
            np.full(devices, RowProblem.UNKNOWN_DEVICE, np.uint8),
            np.zeros(devices, np.uint8),
            np.zeros(devices, np.uint8),
            np.zeros(devices, np.int64),
            [b""] * devices,
            [b""] * devices,
        )

    def wanted_roots(self) -> set[bytes]:
        """The roots of all devices without a problem."""
        return {self.roots[device] for device in np.flatnonzero(self.problems == 0).tolist()}


def find_places(
    house: House, connection: Connection, devices: Sequence[str], day: date, operator: int
) -> Places:
    """Return the places of devices on a day."""
    key = house.registry_key("find")
    # As `names.meter_hash`, with the house's key opened once.
    hashes = [
        blake2b(_part(device), key=key, person=b"meter", digest_size=_HASH).digest() for device in devices
    ]
    asked = {"hashes": b"".join(hashes), "count": len(hashes), "day": day, "operator": operator}
    asked["now"] = house.clock.now()
    rows = np.frombuffer(bytes(connection.execute(_PLACES, asked).scalar_one() or b""), _PLACE)
    places = Places.of(len(devices))
    numbers = rows["n"].astype(np.intp)
    places.problems[numbers] = np.where(rows["erased"] == 1, RowProblem.ERASED, 0)
    seen, times = np.unique(numbers, return_counts=True)
    places.problems[seen[times > 1]] = RowProblem.DEVICE_AT_TWO_POINTS
    places.gas[numbers], places.intervals[numbers] = rows["gas"], rows["intervals"]
    places.channels[numbers] = rows["channels"]
    meters, roots = rows["meter"].tobytes(), rows["root"].tobytes()
    for at, n in zip(range(0, 16 * len(rows), 16), numbers.tolist(), strict=True):
        places.meters[n], places.roots[n] = meters[at : at + 16], roots[at : at + 16]
    _note_removed(connection, hashes, places)
    return places


def _note_removed(connection: Connection, hashes: list[bytes], places: Places) -> None:
    """Tell a meter that hung somewhere on another day from one that nobody knows."""
    unknown = np.flatnonzero(places.problems == RowProblem.UNKNOWN_DEVICE).tolist()
    if unknown:
        known = connection.execute(_KNOWN, {"hashes": [hashes[n] for n in unknown]}).scalars()
        there = {bytes(one) for one in known}
        for n in unknown:
            if hashes[n] in there:
                places.problems[n] = RowProblem.DEVICE_NOT_THERE_THEN


def derive_keys(house: House, places: Places, rows: Rows, day: date) -> Keys:
    """Derive what the rows need, but for what depends on their version (`version_keys`)."""
    keys = Keys.of(places.problems[rows["device"]])
    keys.problems[(keys.problems == 0) & _wrong_commodity(places, rows)] = RowProblem.WRONG_COMMODITY
    without = (rows["intervals"] == 1) & (places.intervals[rows["device"]] == 0)
    keys.problems[(keys.problems == 0) & without] = RowProblem.INTERVALS_NOT_READ
    roots = house.readings_roots(places.wanted_roots())
    pseudonyms = {
        name: blake2b(b"", key=root, person=b"pseudonym", digest_size=16).digest()
        for name, root in roots.items()
    }
    spelled_day = _length(10) + day.isoformat().encode()
    devices, directions, units = (rows[name].tolist() for name in ("device", "direction", "unit"))
    for n in np.flatnonzero(keys.problems == 0).tolist():
        device = devices[n]
        name = places.roots[device]
        root = roots[name]
        meter = _SIXTEEN + places.meters[device] + _CHANNELS[directions[n]][units[n]]
        channel = blake2b(meter, key=root, person=b"channel", digest_size=8).digest()
        same = blake2b(_EIGHT + channel + spelled_day, key=root, person=b"sameness", digest_size=32).digest()
        keys.pseudonyms[16 * n : 16 * n + 16] = pseudonyms[name]
        keys.channels[8 * n : 8 * n + 8] = channel
        keys.sameness[32 * n : 32 * n + 32] = same
        keys.roots[n] = root
    return keys


def _wrong_commodity(places: Places, rows: Rows) -> npt.NDArray[np.bool_]:
    """Say of each row whether its unit is not its point's: kWh is of both."""
    is_gas = places.gas[rows["device"]] == 1
    wrong: npt.NDArray[np.bool_] = (rows["unit"] != UNITS.index(Unit.KWH)) & (
        (rows["unit"] == UNITS.index(Unit.M3)) != is_gas
    )
    return wrong


def version_keys(keys: Keys, day: date, versions: npt.NDArray[np.uint16]) -> None:
    """Derive the keys of values and totals of each row's version."""
    spelled_day = _length(10) + day.isoformat().encode() + _length(2)
    tails = {version: spelled_day + version.to_bytes(2, "big") for version in np.unique(versions).tolist()}
    for n, (root, version) in enumerate(zip(keys.roots, versions.tolist(), strict=True)):
        if root:
            message = _EIGHT + keys.channels[8 * n : 8 * n + 8] + tails[version]
            start, end = 32 * n, 32 * n + 32
            keys.values[start:end] = blake2b(message, key=root, person=b"values", digest_size=32).digest()
            keys.totals[start:end] = blake2b(message, key=root, person=b"total", digest_size=32).digest()


def _length(size: int) -> bytes:
    return size.to_bytes(4, "big")


def _part(value: str) -> bytes:
    spelled = value.encode()
    return _length(len(spelled)) + spelled


def channel_bits(rows: Rows) -> npt.NDArray[np.int64]:
    """Return the bit of each row's channel."""
    bits: npt.NDArray[np.int64] = 1 << (rows["direction"].astype(np.int64) * len(UNITS) + rows["unit"])
    return bits


_HASH = 32
_EIGHT, _SIXTEEN = _length(8), _length(16)
_CHANNELS = [[_part(direction) + _part(unit) for unit in UNITS] for direction in DIRECTIONS]
# One row a device, as bytes one after the other: to fetch thousands of rows costs more than to find them.
_PLACES = text(
    "SELECT string_agg(int4send(w.n) || uuid_send(m.meter_id) || uuid_send(o.root_id)"  # noqa: S608  parts of our own
    " || int4send(coalesce((SELECT bit_or(1 << ((c.direction = 'injection')::int * 5"
    "  + array_position(ARRAY['kWh', 'm3', 'kVArh', 'kVArh-inductive', 'kVArh-capacitive'], c.unit) - 1))"
    "  FROM registry.channel c WHERE c.meter_id = m.meter_id), 0))"
    " || CASE a.commodity WHEN 'gas' THEN '\\x01'::bytea ELSE '\\x00'::bytea END"
    f" || CASE WHEN {ASKED} OR {NEEDED} THEN '\\x01'::bytea ELSE '\\x00'::bytea END"
    " || CASE WHEN EXISTS (SELECT FROM oversight.erasure e WHERE e.occupancy_id = o.occupancy_id"
    "  AND e.data_class = 'readings' AND e.batch IS NOT NULL) THEN '\\x01'::bytea ELSE '\\x00'::bytea END, ''::bytea)"
    " FROM (SELECT n, substr(CAST(:hashes AS bytea), 1 + 32 * n, 32) AS hash FROM generate_series(0, :count - 1) AS n)"
    "  AS w"
    " JOIN registry.meter m ON m.number_hash = w.hash AND m.operator = :operator"
    "  AND (m.removed_on IS NULL OR m.removed_on > :day) AND (m.installed_on IS NULL OR m.installed_on <= :day)"
    " JOIN registry.access_point a ON a.access_point_id = m.access_point_id"
    " JOIN registry.occupancy o ON o.access_point_id = m.access_point_id"
    "  AND o.from_day <= :day AND (o.until_day IS NULL OR o.until_day > :day)"
)
_KNOWN = text("SELECT DISTINCT number_hash FROM registry.meter WHERE number_hash = ANY(:hashes)")
