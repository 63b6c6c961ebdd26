"""Readings spelled by the run are, byte for byte, the objects of `shapes` given to the encoder."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from databeheer.metering.series import SeriesError, runs
from databeheer.values import format_instant
from tests.counts import examples
from web.api import shapes, spelling

MARKS = st.tuples(
    st.sampled_from(["READ", "EST", "VAL", "NVAL", "NONE"]),
    st.sampled_from([None, "day", "night", "total"]),
    st.sampled_from([None, "P", "D"]),
)
VALUES = st.one_of(st.none(), st.integers(-(10**9), 10**12))
SLOTS = st.tuples(VALUES, MARKS, st.integers(0, 96))


@st.composite
def series(draw: st.DrawFn) -> dict[str, Any]:
    """What the door hands over of one channel, from October 2023 on."""
    start = datetime(2023, 10, 1, tzinfo=UTC) + draw(st.integers(0, 60)) * timedelta(minutes=15)
    slots = draw(st.lists(SLOTS, max_size=8))
    return {
        "start": format_instant(start),
        "step": draw(st.sampled_from([900, 3600, 82_800, 86_400])),
        "values": [value for value, _, _ in slots],
        "marks": [[count, *mark] for count, mark in runs(mark for _, mark, _ in slots)],
        "missing": [list(run) for run in runs(lack for _, _, lack in slots)],
    }


HEAD = {"direction": "offtake", "commodity": "electricity", "unit": "kWh"}
METERS = st.sampled_from([{}, {"meter": None}, {"meter": '1SAG3 \u00e9"'}])
REGISTERS = st.sampled_from(
    [{}, {"registers": []}, {"registers": [{"at": "2023-10-31T23:00:00Z", "register": "day", "value": -1}]}]
)


@settings(max_examples=examples(60, of=400), deadline=None)
@given(st.lists(series(), max_size=4), METERS, REGISTERS)
def test_what_is_spelled_is_what_the_encoder_writes(
    found: list[dict[str, Any]], meter: dict[str, Any], registers: dict[str, Any]
) -> None:
    channel = {**HEAD, **meter, "series": found, **registers}
    assert spelling.channel(channel) == json.dumps(shapes.channel(channel), separators=(",", ":"))


@pytest.mark.parametrize(
    "wrong",
    [
        {"values": [1]},
        {"start": "yesterday"},
        {"marks": [[1]]},
        {"missing": 3},
        {"more": 1},
    ],
)
def test_what_is_no_series_is_spelled_by_neither(wrong: dict[str, Any]) -> None:
    right = {"start": "2023-10-01T00:00:00Z", "step": 900, "values": [], "marks": [], "missing": []}
    for spell in (spelling.channel, shapes.channel):
        with pytest.raises(SeriesError):
            spell({**HEAD, "series": [right | wrong]})


def test_the_slots_of_years_are_not_kept() -> None:
    """A month is a hundred kilobytes that many ask for; three years are ten megabytes of one who asked."""
    spelling._instants.cache_clear()
    for count in (31 * 100, 31 * 100 + 1):
        series = {"values": [1] * count, "marks": [[count, "READ", None, None]], "missing": [[count, 0]]}
        start = {"start": "2023-10-01T00:00:00Z", "step": 900}
        spelling.channel({**HEAD, "series": [series | start]})
        assert spelling._instants.cache_info().currsize == 1
