"""Series of many as one Parquet file: a row a slot, exact, the same bytes for the same readings."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from databeheer.metering.series import SeriesError, series_of, slots_of_channel
from databeheer.metering.series_parquet import series_parquet
from tests.databeheer.metering.test_export_forms import a_day

HOUR = timedelta(hours=1)
START = datetime(2023, 10, 28, 22, tzinfo=UTC)


def channel(**changes: Any) -> dict[str, Any]:
    series = [one.view() for one in series_of(a_day())]
    named = {"direction": "offtake", "commodity": "electricity", "unit": "kWh", "meter": "1SAG9990000003"}
    return {**named, "series": series, **changes}


def view(start: datetime, *values: int | None, register: str, step: timedelta = HOUR) -> dict[str, Any]:
    return {
        "start": start.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "step": int(step.total_seconds()),
        "values": list(values),
        "marks": [[len(values), "READ", register, None]],
        "missing": [[len(values), 0]],
    }


def table(data: bytes) -> pa.Table:
    return pq.read_table(io.BytesIO(data))


def test_each_slot_of_each_channel_is_a_row_as_the_slots_say() -> None:
    channels = [channel(), channel(direction="injection", meter=None)]
    rows = table(series_parquet([(7, channels)], {})).to_pylist()
    expected = [(one, slot) for one in channels for slot in slots_of_channel(one)]
    assert len(rows) == len(expected) == 200
    for row, (one, slot) in zip(rows, expected, strict=True):
        assert row == {
            "place": 7,
            "start": slot.start,
            "end": slot.end,
            **{name: one[name] for name in ("commodity", "direction", "unit", "meter")},
            "register": slot.register.value if slot.register else None,
            "value": None if slot.value is None else Decimal(slot.value).scaleb(-3),
            "state": slot.state.value,
            "conversion": slot.conversion.value if slot.conversion else None,
            "missing": slot.missing,
        }


def test_a_reader_finds_typed_columns_and_what_is_said_of_the_whole() -> None:
    file = pq.ParquetFile(io.BytesIO(series_parquet([(0, [channel()])], {"databeheer": '{"items":[]}'})))
    found = {field.name: field.type for field in file.schema_arrow}
    assert found["start"] == found["end"] == pa.timestamp("ms", tz="UTC")
    assert found["value"] == pa.decimal128(18, 3)
    assert found["state"] == found["meter"] == pa.string()
    assert file.metadata.metadata[b"databeheer"] == b'{"items":[]}'
    assert [field.name for field in file.schema_arrow if not field.nullable] == [
        *("place", "start", "end", "commodity", "direction", "unit", "state", "missing")
    ]


def test_registers_that_begin_together_stand_side_by_side() -> None:
    day, night = view(START, 10, 20, register="day"), view(START, 1, 2, register="night")
    rows = table(series_parquet([(0, [channel(series=[night, day])])], {}, is_one=True)).to_pylist()
    assert "place" not in rows[0]
    assert [(row["start"], row["register"], row["value"]) for row in rows] == [
        (START, "day", Decimal("0.010")),
        (START, "night", Decimal("0.001")),
        (START + HOUR, "day", Decimal("0.020")),
        (START + HOUR, "night", Decimal("0.002")),
    ]


def test_a_hole_leaves_no_row_and_a_value_that_is_missing_is_null() -> None:
    late = view(START + 5 * HOUR, None, -3, register="day")
    rows = table(
        series_parquet([(0, [channel(series=[view(START, 4, register="day"), late])])], {})
    ).to_pylist()
    assert [(row["start"], row["value"]) for row in rows] == [
        (START, Decimal("0.004")),
        (START + 5 * HOUR, None),
        (START + 6 * HOUR, Decimal("-0.003")),
    ]


def test_of_nothing_it_is_a_file_without_rows() -> None:
    for nothing in ([], [(0, [])]):
        found = table(series_parquet(nothing, {}))
        assert (found.num_rows, found.num_columns) == (0, 12)


def test_the_same_readings_are_the_same_bytes_and_others_are_not() -> None:
    once = series_parquet([(0, [channel()]), (1, [channel()])], {"a": "b"})
    assert series_parquet([(0, [channel()]), (1, [channel()])], {"a": "b"}) == once
    assert series_parquet([(0, [channel()]), (2, [channel()])], {"a": "b"}) != once


@pytest.mark.parametrize("wrong", [{}, {"start": "x"}, view(START, 1, register="day") | {"values": []}])
def test_what_is_no_series_makes_no_file(wrong: dict[str, Any]) -> None:
    with pytest.raises(SeriesError):
        series_parquet([(0, [channel(series=[wrong])])], {})
