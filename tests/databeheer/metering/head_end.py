"""A head-end of the tests: it makes batches of made-up profiles, right ones and wrong ones."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from databeheer.brussels import slots_in_day

TYPES = {
    "device": pa.string(),
    "direction": pa.string(),
    "unit": pa.string(),
    "day": pa.date32(),
    "slot_minutes": pa.int16(),
    "values": pa.list_(pa.int64()),
    "states": pa.list_(pa.int8()),
    "tariff": pa.string(),
    "register_begin": pa.int64(),
    "register_end": pa.int64(),
    "register_digits": pa.int8(),
    "register_low_begin": pa.int64(),
    "register_low_end": pa.int64(),
    "clock_offset_s": pa.int32(),
}


NO_DAY = date(2024, 6, 3)
"""What a manifest says of rows that have none."""


@dataclass
class Sent:
    """A batch before it is written: rows as dictionaries, and what its manifest says."""

    rows: list[dict[str, Any]]
    batch: str = "20240601-1"
    changes: dict[str, Any] = field(default_factory=dict)

    def write(self, folder: Path, **types: Any) -> Path:
        """Write data and manifest; returns the folder."""
        names = [name for name in TYPES if any(name in row for row in self.rows)]
        extra = {name: kind for name, kind in types.items() if name not in TYPES}
        kinds = {name: types.get(name, TYPES[name]) for name in names} | extra
        table = pa.table(
            {name: pa.array([row.get(name) for row in self.rows], kind) for name, kind in kinds.items()}
        )
        return write_table(folder, table, self.batch, **self.changes)


def write_table(folder: Path, table: pa.Table, batch: str = "20240601-1", **changes: Any) -> Path:
    """Write a table with its manifest."""
    folder.mkdir(parents=True, exist_ok=True)
    data = folder / "profiles.parquet"
    pq.write_table(table, data, compression="zstd", use_dictionary=["device", "direction", "unit", "tariff"])
    days = [day for day in table.column("day").to_pylist() if day is not None]
    manifest = {
        "format": 1,
        "batch": batch,
        "sender": "head-end-1",
        "operator": 1,
        "grade": "billing",
        "created_at": "2024-06-02T03:00:00Z",
        "data": data.name,
        "sha256": hashlib.sha256(data.read_bytes()).hexdigest(),
        "rows": table.num_rows,
        "first_day": min(days, default=NO_DAY).isoformat(),
        "last_day": max(days, default=NO_DAY).isoformat(),
    }
    (folder / "manifest.json").write_text(json.dumps(manifest | changes))
    return folder


def profile(device: str, day: date, values: list[Any] | None = None, **members: Any) -> dict[str, Any]:
    """A day of quarter-hours that its register agrees with."""
    minutes = members.pop("slot_minutes", 15)
    values = list(range(1, slots_in_day(day, minutes) + 1)) if values is None else values
    row = {
        "device": device,
        "direction": "offtake",
        "unit": "kWh",
        "day": day,
        "slot_minutes": minutes,
        "values": values,
        "register_begin": 1_000_000,
        "register_end": 1_000_000 + sum(value or 0 for value in values if isinstance(value, int)),
    }
    return row | members


def street(devices: int, day: date, seed: int = 1, first: int = 0) -> pa.Table:
    """Many days at once, as arrays: homes, of which a quarter feeds in; each register agrees with its slots."""
    random = np.random.default_rng(seed)
    slots = slots_in_day(day)
    base = random.gamma(2.0, 60.0, (devices, slots))
    values = base.astype(np.int64)
    peaks = random.random(values.shape) < 0.02
    values[peaks] += random.integers(300, 2_000, int(peaks.sum()))
    begin = random.integers(10**6, 10**9, devices)
    numbers = [f"1SAG{first + number:09}" for number in range(devices)]
    return pa.table(
        {
            "device": pa.array(numbers),
            "direction": pa.DictionaryArray.from_arrays(pa.array(np.zeros(devices, np.int8)), ["offtake"]),
            "unit": pa.DictionaryArray.from_arrays(pa.array(np.zeros(devices, np.int8)), ["kWh"]),
            "day": pa.array([day] * devices, pa.date32()),
            "slot_minutes": pa.array(np.full(devices, 15, np.int16)),
            "values": pa.ListArray.from_arrays(
                pa.array(np.arange(devices + 1, dtype=np.int32) * slots), pa.array(values.reshape(-1))
            ),
            "tariff": pa.DictionaryArray.from_arrays(
                pa.array((np.arange(devices) % 2).astype(np.int8)), ["single", "dual"]
            ),
            "register_begin": pa.array(begin),
            "register_end": pa.array(begin + values.sum(axis=1)),
            "clock_offset_s": pa.array(random.integers(-3, 4, devices).astype(np.int32)),
        }
    )
