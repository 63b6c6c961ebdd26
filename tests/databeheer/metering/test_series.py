"""Series stand for their slots, all of them and no other; what is no series is refused."""

from __future__ import annotations

import json
import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from databeheer.brussels import day_bounds, days_between
from databeheer.metering.aggregate import Slot
from databeheer.metering.series import Series, SeriesError, by_start, series_of, slots_of_channel
from databeheer.metering.states import Conversion, Register, State
from tests.counts import few

START = datetime(2023, 10, 28, 22, tzinfo=UTC)
QUARTER = timedelta(minutes=15)
REFERENCE = Path(__file__).resolve().parents[3] / "docs" / "reference" / "door.md"
MEMBERS = {
    "start": "2023-10-28T22:00:00Z",
    "step": 900,
    "values": [1, None],
    "marks": [[2, "READ", "night", None]],
    "missing": [[1, 0], [1, 1]],
}


@st.composite
def slots(draw: st.DrawFn) -> list[Slot]:
    """Slots of one channel in order: quarter-hours and hours, holes between them, any mark."""
    found, at = [], START
    for _ in range(draw(st.integers(0, 30))):
        at += draw(st.sampled_from([timedelta(), timedelta(), timedelta(), QUARTER]))
        length = draw(st.sampled_from([QUARTER, QUARTER, 4 * QUARTER]))
        found.append(
            Slot(
                at,
                at + length,
                draw(st.none() | st.integers(0, 2**63 - 1)),
                draw(st.sampled_from(State)),
                draw(st.none() | st.sampled_from(Register)),
                draw(st.none() | st.sampled_from(Conversion)),
                draw(st.integers(0, 3)),
            )
        )
        at += length
    return found


def over_the_wire(found: list[Slot]) -> list[Slot]:
    views = json.loads(json.dumps([one.view() for one in series_of(found)]))
    return slots_of_channel({"series": views})


@few
@given(slots())
def test_slots_become_series_and_come_back(found: list[Slot]) -> None:
    assert over_the_wire(found) == found


def test_a_month_of_quarter_hours_is_one_series() -> None:
    found = [
        Slot(START + n * QUARTER, START + (n + 1) * QUARTER, n, State.READ, Register.NIGHT)
        for n in range(2980)
    ]
    [one] = series_of(found)
    assert (len(one), one.step, list(one.marks)) == (2980, 900, [(2980, "READ", "night", None)])


def test_the_totals_of_two_registers_stay_apart_over_a_weekend_and_a_clock_change() -> None:
    found = []
    for day in days_between(date(2023, 10, 23), date(2023, 11, 5)):
        registers = (Register.DAY, Register.NIGHT) if day.weekday() < 5 else (Register.NIGHT,)
        found += [Slot(*day_bounds(day), 1000, State.READ, register) for register in registers]
    assert over_the_wire(found) == sorted(found, key=by_start)
    steps = [one.step // 3600 for one in series_of(found)]
    assert sorted(steps) == [24, 24, 24, 24, 25]


def test_the_example_of_the_reference_is_a_series() -> None:
    [example] = re.findall(r"```json\n(.*?)```", REFERENCE.read_text(encoding="utf-8"), re.DOTALL)
    assert Series.parse(json.loads(example)).values == [294, None, 270]


@pytest.mark.parametrize(
    "changed",
    [
        {"values": [1]},
        {"marks": [[1, "READ", "night", None]]},
        {"missing": []},
        {"versions": []},
        {"marks": [[2, "READ"]]},
    ],
)
def test_what_is_no_series_is_refused(changed: dict[str, Any]) -> None:
    assert len(Series.parse(MEMBERS)) == 2
    with pytest.raises(SeriesError):
        Series.parse(MEMBERS | changed)
