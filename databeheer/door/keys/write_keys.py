"""Write keys in bulk: for each row of a head-end's chunk its pseudonym, its channel and the keys of its next version.

A chunk is of one Brussels day. One query finds meters, points and stays; the keys of all rows are then derived in
one loop. What is handed out are blobs of keys, one after the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt
from sqlalchemy import Connection, text

from databeheer.byte_rows import Bytes, beside, hash_rows, rows_of, whole
from databeheer.door.house import House
from databeheer.metering.batches.problems import RowProblem
from databeheer.metering.states import Unit
from databeheer.registry.interval_choices import ASKED_OF_MANY, CHOSEN_OF_MANY, NEEDED_OF_MANY
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
    """What leaves for a chunk of n rows: `problems` says of each row 0 or why there is nothing for it, but zeros."""

    problems: Bytes
    pseudonyms: Bytes
    channels: Bytes
    values: Bytes
    totals: Bytes
    sameness: Bytes
    roots: Bytes

    @classmethod
    def of(cls, problems: Bytes) -> Keys:
        def nothing(width: int) -> Bytes:
            return np.zeros((len(problems), width), np.uint8)

        return cls(problems, nothing(16), nothing(8), nothing(32), nothing(32), nothing(32), nothing(32))

    @property
    def good(self) -> npt.NDArray[np.intp]:
        """The rows for which there is something."""
        return np.flatnonzero(self.problems == 0)

    def refuse(self, row: int, problem: RowProblem) -> None:
        """Take a row's keys away, before those of its version are derived."""
        self.problems[row] = problem
        for keys in (self.pseudonyms, self.channels, self.sameness, self.roots):
            keys[row] = 0


@dataclass
class Places:
    """Where each device of a chunk hangs on the day, and whose readings they are; nothing where it has a problem."""

    problems: npt.NDArray[np.uint8]
    gas: npt.NDArray[np.uint8]
    intervals: npt.NDArray[np.uint8]
    channels: npt.NDArray[np.int64]
    """Which channels of the meter are known, a bit for each (`channel_bits`)."""
    meters: Bytes
    roots: Bytes
    """Identifiers of meters and roots (devices, 16)."""

    @classmethod
    def of(cls, devices: int) -> Places:
        return cls(
            np.full(devices, RowProblem.UNKNOWN_DEVICE, np.uint8),
            np.zeros(devices, np.uint8),
            np.zeros(devices, np.uint8),
            np.zeros(devices, np.int64),
            np.zeros((devices, 16), np.uint8),
            np.zeros((devices, 16), np.uint8),
        )


def find_places(
    house: House, connection: Connection, devices: Sequence[str], day: date, operator: int
) -> Places:
    """Return the places of devices on a day."""
    hashes = _hashes(house, devices)
    asked = {"hashes": hashes.tobytes(), "count": len(hashes), "day": day, "operator": operator}
    asked["now"] = house.clock.now()
    rows = np.frombuffer(bytes(connection.execute(_PLACES, asked).scalar_one() or b""), _PLACE)
    places = Places.of(len(devices))
    numbers = rows["n"].astype(np.intp)
    places.problems[numbers] = np.where(rows["erased"] == 1, RowProblem.ERASED, 0)
    seen, times = np.unique(numbers, return_counts=True)
    places.problems[seen[times > 1]] = RowProblem.DEVICE_AT_TWO_POINTS
    places.gas[numbers], places.intervals[numbers] = rows["gas"], rows["intervals"]
    places.channels[numbers] = rows["channels"]
    for name, found in (("meter", places.meters), ("root", places.roots)):
        whole(found)[numbers] = rows[name]
    _note_removed(connection, hashes, places, operator)
    return places


def _hashes(house: House, devices: Sequence[str]) -> Bytes:
    """Return what `names.meter_hash` gives of each device; those of one length are hashed together."""
    key = np.frombuffer(house.registry_key("find"), np.uint8)
    spelled = [device.encode() for device in devices]
    lengths = np.array([len(one) for one in spelled])
    hashes = np.zeros((len(devices), _HASH), np.uint8)
    for length in np.unique(lengths).tolist():
        these = np.flatnonzero(lengths == length)
        told = beside(len(these), _length(length), rows_of([spelled[n] for n in these.tolist()], length))
        keys = np.broadcast_to(key, (len(these), len(key)))
        hashes[these] = hash_rows(keys, told, _HASH, b"meter")
    return hashes


def _note_removed(connection: Connection, hashes: Bytes, places: Places, operator: int) -> None:
    """Tell a meter that hung somewhere on another day from one that nobody knows."""
    unknown = np.flatnonzero(places.problems == RowProblem.UNKNOWN_DEVICE)
    if unknown.size:
        wanted = whole(hashes[unknown]).tolist()
        known = connection.execute(_KNOWN, {"hashes": wanted, "operator": operator}).scalars()
        there = {bytes(one) for one in known}
        for n, one in zip(unknown.tolist(), wanted, strict=True):
            if one in there:
                places.problems[n] = RowProblem.DEVICE_NOT_THERE_THEN


def derive_keys(house: House, places: Places, rows: Rows, day: date) -> Keys:
    """Derive what the rows need, but for what depends on their version (`version_keys`)."""
    keys = Keys.of(places.problems[rows["device"]])
    keys.problems[(keys.problems == 0) & _wrong_commodity(places, rows)] = RowProblem.WRONG_COMMODITY
    without = (rows["intervals"] == 1) & (places.intervals[rows["device"]] == 0)
    keys.problems[(keys.problems == 0) & without] = RowProblem.INTERVALS_NOT_READ
    good = keys.good
    devices = rows["device"][good]
    roots, pseudonyms = _roots_of(house, places)
    keys.roots[good], keys.pseudonyms[good] = roots[devices], pseudonyms[devices]
    kinds = rows["direction"][good].astype(np.intp) * len(UNITS) + rows["unit"][good]
    for kind in np.unique(kinds).tolist():
        these = good[kinds == kind]
        meters, spelled = (
            places.meters[rows["device"][these]],
            _CHANNELS[kind // len(UNITS)][kind % len(UNITS)],
        )
        told = beside(len(these), _SIXTEEN, meters, spelled)
        keys.channels[these] = hash_rows(keys.roots[these], told, 8, b"channel")
    same = beside(len(good), _EIGHT, keys.channels[good], _day(day))
    keys.sameness[good] = hash_rows(keys.roots[good], same, 32, b"sameness")
    return keys


def _roots_of(house: House, places: Places) -> tuple[Bytes, Bytes]:
    """Return root key and pseudonym of each device; zeros where it has a problem."""
    known = np.flatnonzero(places.problems == 0)
    devices = len(places.roots)
    roots, pseudonyms = np.zeros((devices, 32), np.uint8), np.zeros((devices, 16), np.uint8)
    roots[known] = house.readings_root_rows(whole(places.roots[known]).tolist())
    pseudonyms[known] = hash_rows(roots[known], np.zeros((len(known), 0), np.uint8), 16, b"pseudonym")
    return roots, pseudonyms


def _wrong_commodity(places: Places, rows: Rows) -> npt.NDArray[np.bool_]:
    """Say of each row whether its unit is not its point's: kWh is of both."""
    is_gas = places.gas[rows["device"]] == 1
    wrong: npt.NDArray[np.bool_] = (rows["unit"] != UNITS.index(Unit.KWH)) & (
        (rows["unit"] == UNITS.index(Unit.M3)) != is_gas
    )
    return wrong


def version_keys(keys: Keys, day: date, versions: npt.NDArray[np.uint16]) -> None:
    """Derive the keys of values and totals of each row's version."""
    good = keys.good
    roots, channels = keys.roots[good], keys.channels[good]
    spelled = versions[good].astype(">u2").view(np.uint8).reshape(-1, 2)
    told = beside(len(good), _EIGHT, channels, _day(day) + _length(2), spelled)
    keys.values[good] = hash_rows(roots, told, 32, b"values")
    keys.totals[good] = hash_rows(roots, told, 32, b"total")


def _day(day: date) -> bytes:
    return _part(day.isoformat())


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
# One row a device, as bytes one after the other: to fetch thousands of rows costs more than to find them. What few
# have, or is several a device, is looked up for all at once: a sub-select for each takes ten times as long.
_PLACES = text(
    "WITH place AS MATERIALIZED (SELECT w.n, m.meter_id, o.root_id, o.occupancy_id, o.access_point_id,"  # noqa: S608  parts of our own
    "  o.interval_reading, a.commodity = 'gas' AS is_gas"
    " FROM (SELECT n, substr(CAST(:hashes AS bytea), 1 + 32 * n, 32) AS hash FROM generate_series(0, :count - 1) AS n)"
    "  AS w"
    " JOIN registry.meter m ON m.number_hash = w.hash AND m.operator = :operator"
    "  AND (m.removed_on IS NULL OR m.removed_on > :day) AND (m.installed_on IS NULL OR m.installed_on <= :day)"
    " JOIN registry.access_point a ON a.access_point_id = m.access_point_id"
    " JOIN registry.occupancy o ON o.access_point_id = m.access_point_id"
    "  AND o.from_day <= :day AND (o.until_day IS NULL OR o.until_day > :day)),"
    f" chosen AS MATERIALIZED ({CHOSEN_OF_MANY})"
    " SELECT string_agg(int4send(p.n) || uuid_send(p.meter_id) || uuid_send(p.root_id)"
    "  || int4send(coalesce(ch.bits, 0)) || boolsend(p.is_gas)"
    f"  || boolsend({ASKED_OF_MANY} OR {NEEDED_OF_MANY})"
    "  || boolsend(p.occupancy_id IN (SELECT e.occupancy_id FROM oversight.erasure e"
    "   WHERE e.occupancy_id = ANY(ARRAY(SELECT occupancy_id FROM place))"
    "   AND e.data_class = 'readings' AND e.batch IS NOT NULL)), ''::bytea)"
    " FROM place p LEFT JOIN (SELECT c.meter_id, bit_or(1 << ((c.direction = 'injection')::int * 5"
    "  + array_position(ARRAY['kWh', 'm3', 'kVArh', 'kVArh-inductive', 'kVArh-capacitive'], c.unit) - 1)) AS bits"
    "  FROM registry.channel c WHERE c.meter_id = ANY(ARRAY(SELECT meter_id FROM place)) GROUP BY c.meter_id) ch"
    "  ON ch.meter_id = p.meter_id"
)
_KNOWN = text(
    "SELECT DISTINCT number_hash FROM registry.meter WHERE number_hash = ANY(:hashes) AND operator = :operator"
)
