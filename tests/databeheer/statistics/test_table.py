"""The table is read back as it was written, and the second look finds whatever should not be in it."""

from __future__ import annotations

import csv
import io
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from databeheer.brussels import midnight
from databeheer.statistics.report import build, second_look, spell
from databeheer.statistics.rules import Reason, Rules
from databeheer.statistics.suppression import ALL, Line, publish
from databeheer.statistics.table import COLUMNS, HEAD, Row, TableError, digest, lines_of, read
from databeheer.statistics.tally import Tally
from databeheer.statistics.windows import Window
from databeheer.values import Direction, Period

OCTOBER = Period(midnight(date(2023, 10, 1)), midnight(date(2023, 11, 1)))
HOUR = datetime(2023, 10, 29, 0, tzinfo=UTC)
GENT, BRUGGE = "44021", "31005"
TOLD = publish(
    {
        (GENT, "household"): Tally.of([400] * 60),
        (GENT, "business"): Tally.of([900] * 25),
        (BRUGGE, "household"): Tally.of([400] * 12),
    },
    Rules(),
)


def parts(hour: datetime = HOUR) -> dict[str, str]:
    """What is told of one hour, by municipality."""
    rows = [Row(hour, Direction.OFFTAKE, line) for line in TOLD.lines]
    return {
        place: lines_of(row for row in rows if row.line.municipality == place)
        for place in sorted({line.municipality for line in TOLD.lines})
    }


def test_a_line_says_its_hour_in_both_clocks_and_its_sum_between_two_numbers() -> None:
    line = Line(GENT, "household", 50, Window(24_000, 25_000))
    assert lines_of([Row(HOUR, Direction.OFFTAKE, line)]) == (
        "2023-10-29T00:00:00Z,2023-10-29T02:00+02:00,offtake,44021,household,50,24.0,25.0\n"
    )
    assert "2023-10-29T02:00+01:00" in lines_of([Row(HOUR + timedelta(hours=1), Direction.OFFTAKE, line)])


@given(
    st.integers(0, 10**9).map(lambda number: number * 100),
    st.sampled_from(list(Direction)),
    st.datetimes(datetime(2000, 1, 1), datetime(2090, 1, 1)).map(  # noqa: DTZ001  made UTC right here
        lambda moment: moment.replace(minute=0, second=0, microsecond=0, tzinfo=UTC)
    ),
)
def test_what_is_written_is_read_back(low: int, direction: Direction, hour: datetime) -> None:
    row = Row(hour, direction, Line(GENT, ALL, 100, Window(low, low + 100)))
    written = lines_of([row])
    assert list(read(written)) == [row]
    assert len(next(csv.reader(io.StringIO(written)))) == len(COLUMNS)


def test_the_second_look_counts_what_it_saw() -> None:
    seen = second_look(parts(), Rules(), OCTOBER)
    assert seen == {"lines": len(TOLD.lines), "totals": 3}


GENTS = parts()[GENT]


@pytest.mark.parametrize(
    "changed",
    [
        {GENT: GENTS.replace(",50,", ",5,", 1)},
        {GENT: GENTS.replace("24.0,25.0", "24.0,24.1", 1)},
        {GENT: GENTS.replace("24.0,25.0", "24.5,25.5", 1)},
        {GENT: GENTS.replace("24.0,25.0", "24,25", 1)},
        {GENT: GENTS.replace("24.0,25.0", "024.0,25.0", 1)},
        {GENT: GENTS.replace("T02:00+02:00", "T02:00+01:00", 1)},
        {GENT: GENTS.replace("offtake", "uptake", 1)},
        {GENT: GENTS.replace("2023-10-29T00:00:00Z", "2023-10-29T00:00:00+00:00", 1)},
        {GENT: GENTS.replace("44021", "44022", 1)},
        {GENT: GENTS.replace("business", "household", 1)},
        {GENT: GENTS.partition("\n")[2]},
        {GENT: GENTS + GENTS},
        {GENT: GENTS + "one more\n"},
        {GENT: ""},
        {BRUGGE: ""},
        {ALL: parts()[ALL].replace("50.8,53.0", "50.9,53.0")},
        parts(OCTOBER.end),
        parts(OCTOBER.start - timedelta(hours=1)),
    ],
    ids=range(18),
)
def test_a_table_with_anything_that_should_not_be_there_gets_no_report(changed: dict[str, str]) -> None:
    table = {**parts(), **changed}
    assert table != parts()
    with pytest.raises(TableError):
        second_look(table, Rules(), OCTOBER)
    with pytest.raises(TableError):
        build(about={}, rules=Rules(), cells=3, withheld={}, parts=table, period=OCTOBER)


def test_a_report_names_the_table_by_its_digest_and_has_one_spelling() -> None:
    report = build(
        about={"month": "2023-10"},
        rules=Rules(),
        cells=TOLD.cells,
        withheld=TOLD.withheld,
        parts=parts(),
        period=OCTOBER,
    )
    whole = HEAD + "".join(parts()[place] for place in sorted(parts()))
    assert report["table"]["sha256"] == sha256(whole.encode()).hexdigest() == digest(parts()).hex()
    assert report["shown"] + sum(report["withheld"].values()) == report["cells"] == 3
    assert set(report["withheld"]) == {reason.value for reason in Reason}
    assert spell(report) == spell(dict(reversed(report.items())))


@settings(max_examples=60, deadline=None)
@given(
    st.dictionaries(
        st.tuples(st.sampled_from([GENT, BRUGGE]), st.sampled_from(["household", "business", "public"])),
        st.lists(st.integers(0, 5000), min_size=1, max_size=30),
    )
)
def test_whatever_is_published_passes_the_second_look(households: dict[tuple[str, str], list[int]]) -> None:
    told = publish({cell: Tally.of(values) for cell, values in households.items()}, Rules())
    rows = [Row(HOUR, Direction.INJECTION, line) for line in told.lines]
    places = {line.municipality for line in told.lines}
    table = {place: lines_of(row for row in rows if row.line.municipality == place) for place in places}
    assert second_look(table, Rules(), OCTOBER)["lines"] == len(told.lines)
