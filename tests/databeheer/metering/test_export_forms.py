"""The same values as JSON and as Parquet: exact, in UTC, and what has no value stays without."""

from __future__ import annotations

import io
import json
from datetime import date
from decimal import Decimal

import pyarrow.parquet as pq
import pytest

from databeheer.brussels import slot_starts
from databeheer.metering.aggregate import Slot
from databeheer.metering.export_json import write_json
from databeheer.metering.export_parquet import SCHEMA, write_parquet
from databeheer.metering.measured import Measured
from databeheer.metering.profile import LARGEST_VALUE, DayProfile
from databeheer.metering.series import series_of
from databeheer.metering.states import Conversion, Register, State, Unit
from databeheer.values import Commodity, Direction, Granularity
from tests.series import slots_of
from web.api import shapes

AUTUMN = date(2023, 10, 29)


def a_day(direction: Direction = Direction.OFFTAKE) -> list[Slot]:
    values = (None, 0, LARGEST_VALUE, *range(97))
    states = (State.NONE, State.READ, State.EST, *(State.VAL,) * 97)
    registers = (Register.NIGHT,) * 100
    conversions = (Conversion.PROVISIONAL, *(None,) * 99)
    return slots_of(AUTUMN, DayProfile(15, values, states, registers, conversions))


def channels() -> list[Measured]:
    found = []
    for direction, meter in ((Direction.OFFTAKE, "1SAG9990000003"), (Direction.INJECTION, None)):
        channel = Measured(direction, Commodity.ELECTRICITY, Unit.KWH, meter)
        channel.add(a_day(direction))
        found.append(channel)
    return found


def test_what_is_held_small_is_what_was_put_in() -> None:
    [offtake, injection] = channels()
    assert list(offtake) == a_day()
    assert len(injection) == 100


@pytest.mark.requirement("R45")
def test_the_json_is_what_a_market_party_would_get_of_the_same_values() -> None:
    about = {"granted": [{"from": "x"}], "refused": [], "receipts": [{"index": 42}]}
    document = json.loads(b"".join(write_json(channels(), Granularity.QUARTER_HOUR, about)))
    answer = {
        "granted": [],
        "refused": [],
        "channels": [
            {
                "direction": channel.direction.value,
                "commodity": channel.commodity.value,
                "unit": channel.unit.value,
                "meter": channel.meter,
                "series": [one.view() for one in series_of(channel)],
            }
            for channel in channels()
        ],
    }
    assert document["channels"] == shapes.hand_over(answer)["channels"]
    assert document["granularity"] == "quarter_hour"
    assert {name: document[name] for name in about} == about


def test_json_without_channels_is_still_json() -> None:
    about = {"granted": [], "refused": [], "receipts": []}
    assert json.loads(b"".join(write_json([], Granularity.DAY, about)))["channels"] == []


@pytest.mark.requirement("R45")
def test_the_parquet_has_a_row_for_each_slot_exact_and_in_utc() -> None:
    table = pq.read_table(io.BytesIO(b"".join(write_parquet(channels()))))
    assert table.schema.equals(SCHEMA)
    assert table.num_rows == 200
    rows = table.to_pylist()
    assert [row["start"] for row in rows[:100]] == list(slot_starts(AUTUMN))
    assert [row["value"] for row in rows[:4]] == [
        None,
        Decimal("0.000"),
        Decimal(LARGEST_VALUE) / 1000,
        Decimal("0.000"),
    ]
    assert rows[0]["state"] == "NONE"
    assert (rows[0]["conversion"], rows[1]["conversion"]) == ("P", None)
    assert {row["meter"] for row in rows[100:]} == {None}
    assert {row["direction"] for row in rows[100:]} == {"injection"}
