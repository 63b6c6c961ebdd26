"""A part of Flanders for the benches of intake: points with their meters, stays and keys, and what they measure."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import UUID

import numpy as np
import psycopg
import pyarrow as pa

from databeheer.brussels import slots_in_day
from databeheer.door.keys.store import Kind
from databeheer.door.keys.wrapped import wrap
from databeheer.door.names import meter_hash
from tests.databeheer.metering.head_end import write_table
from tests.house import TheHouse

ELECTRICITY, INJECTING, GAS = 3_500_000, 1_000_000, 2_300_000
"""Access points of Flanders; of the first, those that feed in too."""
PROFILES = ELECTRICITY + INJECTING + GAS
BATCH_ROWS = 125_000
FIRST_DAY = date(2024, 6, 3)


class Part:
    """As many points of each kind as a batch of so many rows has."""

    def __init__(self, rows: int) -> None:
        self.electricity = rows * ELECTRICITY // PROFILES
        self.injecting = rows * INJECTING // PROFILES
        self.gas = rows - self.electricity - self.injecting

    @classmethod
    def of_quarter_hours(cls, rows: int) -> Part:
        """Return as many profiles of electricity alone."""
        part = cls(0)
        part.injecting = rows * INJECTING // (ELECTRICITY + INJECTING)
        part.electricity = rows - part.injecting
        return part

    @property
    def rows(self) -> int:
        return self.electricity + self.injecting + self.gas

    @property
    def values(self) -> int:
        """Of an ordinary day."""
        return 96 * (self.electricity + self.injecting) + 24 * self.gas

    def points(self) -> Iterator[tuple[str, str]]:
        """Yield each point's meter and commodity."""
        for number in range(self.electricity):
            yield f"1SAG{number:010}", "electricity"
        for number in range(self.gas):
            yield f"7FLO{number:010}", "gas"


def populate(house: TheHouse, part: Part) -> None:
    """Register the points, past the door, which would take a commit each; before the door's process begins."""
    now = datetime(2024, 1, 1, tzinfo=UTC)
    points, meters, stays = [], [], []
    with psycopg.connect(house.database.url("superuser")) as connection:
        first = 1_000_000
        for number, (meter, commodity) in enumerate(part.points(), first):
            point, stay = _uuid(), _uuid()
            points.append((point, number, 1, secrets.token_bytes(32), b"", commodity, now))
            meters.append((_uuid(), 1, point, meter_hash(house.house, meter), b"", True))
            stays.append((stay, stay, 1, point, number, date(2020, 1, 1), True))
        for table, kinds, rows in (
            (_POINTS, _POINT, points),
            (_METERS, _METER, meters),
            (_STAYS, _STAY, stays),
        ):
            with connection.cursor().copy(f"COPY {table} FROM STDIN (FORMAT BINARY)".encode()) as copy:
                copy.set_types(kinds)
                for row in rows:
                    copy.write_row(row)
        connection.execute("ANALYZE registry.access_point, registry.meter, registry.occupancy")
    _make_keys(house, [stay[0] for stay in stays])


_POINTS = (
    "registry.access_point"
    " (access_point_id, access_point_no, operator, ean_hash, ean_sealed, commodity, registered_at)"
)
_POINT = ["uuid", "int8", "int2", "bytea", "bytea", "text", "timestamptz"]
_METERS = "registry.meter (meter_id, operator, access_point_id, number_hash, number_sealed, is_digital)"
_METER = ["uuid", "int2", "uuid", "bytea", "bytea", "bool"]
_STAYS = (
    "registry.occupancy"
    " (occupancy_id, root_id, operator, access_point_id, access_point_no, from_day, interval_reading)"
)
_STAY = ["uuid", "uuid", "int2", "uuid", "int8", "date", "bool"]


def _uuid() -> UUID:
    return UUID(bytes=os.urandom(16), version=4)


def _make_keys(house: TheHouse, stays: list[UUID]) -> None:
    """Write root keys as the store does, with one fsync for all."""
    folder = house.house.keys.folder
    epoch = house.house.keys._epoch_key  # a bench's short cut
    with (folder / "epoch-0001.wrapped").open("ab") as file:
        for stay in stays:
            file.write(wrap((Kind.READINGS, stay.bytes), secrets.token_bytes(32), epoch))


def write_day(folder: Path, part: Part, day: date, batch: str, seed: int = 0) -> Path:
    """Write one day of all points as a batch; registers agree, one profile in fifty has a gap of an hour."""
    random = np.random.default_rng(seed)
    quarters, hours = slots_in_day(day), slots_in_day(day, 60)
    offtake = _homes(random, part.electricity, quarters)
    injection = _roofs(random, part.injecting, quarters)
    gas = (random.gamma(1.2, 900.0, (part.gas, hours))).astype(np.int64)
    rows = part.electricity + part.injecting + part.gas
    begin = random.integers(10**6, 10**9, rows)
    sums = np.concatenate([one.sum(axis=1) for one in (offtake, injection, gas)])
    lengths = np.concatenate([np.full(part.electricity + part.injecting, quarters), np.full(part.gas, hours)])
    flat = np.concatenate([one.reshape(-1) for one in (offtake, injection, gas)])
    missing = np.zeros(flat.size, np.bool_)
    offsets = np.concatenate(([0], np.cumsum(lengths)))
    for row in random.choice(rows, rows // 50, replace=False).tolist():
        start = offsets[row] + random.integers(4, lengths[row] - 8)
        missing[start : start + (4 if lengths[row] > 25 else 1)] = True
    numbers = [meter for meter, _ in Part.points(part)]
    devices = np.concatenate(
        [np.arange(part.electricity), np.arange(part.injecting), part.electricity + np.arange(part.gas)]
    )
    directions = np.zeros(rows, np.int8)
    directions[part.electricity : part.electricity + part.injecting] = 1
    table = pa.table(
        {
            "device": pa.array(numbers).take(pa.array(devices)),
            "direction": pa.DictionaryArray.from_arrays(pa.array(directions), ["offtake", "injection"]),
            "unit": pa.DictionaryArray.from_arrays(pa.array(np.zeros(rows, np.int8)), ["kWh"]),
            "day": pa.array([day] * rows, pa.date32()),
            "slot_minutes": pa.array(np.where(lengths > 25, 15, 60).astype(np.int16)),
            "values": pa.ListArray.from_arrays(
                pa.array(offsets.astype(np.int32)), pa.array(flat, mask=missing)
            ),
            "tariff": pa.DictionaryArray.from_arrays(
                pa.array((devices % 2).astype(np.int8)), ["single", "dual"]
            ),
            "register_begin": pa.array(begin),
            "register_end": pa.array(begin + sums),
            "clock_offset_s": pa.array(random.integers(-3, 4, rows).astype(np.int32)),
        }
    )
    order = pa.array(random.permutation(rows))
    return write_table(folder, table.take(order), batch)


def _homes(random: np.random.Generator, rows: int, slots: int) -> np.ndarray:
    values = random.gamma(2.0, 40.0, (rows, slots)).astype(np.int64)
    peaks = random.random(values.shape, np.float32) < 0.03
    values[peaks] += random.integers(200, 2_200, int(peaks.sum()))
    return values


def _roofs(random: np.random.Generator, rows: int, slots: int) -> np.ndarray:
    sun = np.maximum(0, np.sin((np.arange(slots) / slots - 0.25) * 2 * np.pi))
    return (sun * random.integers(200, 1_200, (rows, 1)) * random.random((rows, slots))).astype(np.int64)


def days(count: int) -> list[date]:
    return [FIRST_DAY + timedelta(days=one) for one in range(count)]
