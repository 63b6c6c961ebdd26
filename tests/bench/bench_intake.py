"""Taking head-end batches in, everything on: against COPY of bare values, against a night, and its cost as it grows.

"The plain table" is (bigint, timestamptz, int) with its primary key on the first two. It takes what a batch takes: day
after day of the same points. They are copied in the form and order that cost least: binary, as bytes that were made
before the clock runs, in the order of the key.
"""

from __future__ import annotations

import statistics
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import psycopg
from sqlalchemy import Engine

from databeheer.brussels import slot_starts
from databeheer.metering.batches.copying import HEAD, TAIL
from databeheer.metering.batches.taking import take_batch
from tests.bench.appending import durable_server
from tests.bench.flanders import BATCH_ROWS, PROFILES, Part, days, populate, write_day
from tests.bench.measure import Benchmark, Row, at_most, seconds
from tests.databases import Databases
from tests.doors import door_process
from tests.house import TheHouse, open_house_now

ROUNDS = 3
PLAIN_POINTS = 8_192
ROWS = 32_768
NIGHT_DAYS = 4
SECONDS_FOR_FLANDERS = 600
PLAIN_TABLE = "CREATE TABLE plain (point bigint, start timestamptz, value int, PRIMARY KEY (point, start))"
_COPY = "COPY plain FROM STDIN (FORMAT BINARY)"
_PLAIN_ROW = np.dtype(
    [
        ("columns", ">i2"),
        *(("point_size", ">i4"), ("point", ">i8")),
        *(("start_size", ">i4"), ("start", ">i8")),
        *(("value_size", ">i4"), ("value", ">i4")),
    ]
)
_PLAIN_EPOCH = int(datetime(2000, 1, 1, tzinfo=UTC).timestamp())


def batch_against_plain(name: str) -> Row:
    """Values a second: quarter-hours with their registers, validated, packed, sealed, committed and recorded."""
    part = Part.of_quarter_hours(ROWS)
    with _flanders(part) as (house, folder):
        engine, url = house.engine("intake"), house.database.url("superuser")
        with psycopg.connect(url) as connection:
            connection.execute(PLAIN_TABLE)
        figures = []
        for number, day in enumerate(days(ROUNDS + 1)):
            batch = write_day(folder / day.isoformat(), part, day, day.isoformat(), number)
            ours = part.values / seconds(lambda batch=batch: _take(house, engine, batch))  # type: ignore[misc]
            data = plain_day(day)
            theirs = PLAIN_POINTS * 96 / seconds(lambda data=data: copy_plain(url, data))  # type: ignore[misc]
            if number:  # the first makes partitions, channels and plans; the plain table is empty
                figures.append((ours, theirs))
        engine.dispose()
    ratio = round(statistics.median(one / other for one, other in figures), 3)
    ours, theirs = (statistics.median(column) for column in zip(*figures, strict=True))
    return Row(name, round(ours), "values/s", round(theirs), ratio, 10, ratio >= 10)


def a_day_of_flanders(name: str) -> Row:
    """Seconds for one day of all of Flanders, from four batches of 125,000 profiles of every kind."""
    part = Part(BATCH_ROWS)
    with _flanders(part) as (house, folder):
        engine = house.engine("intake")
        spent = [
            seconds(lambda batch=batch: _take(house, engine, batch))  # type: ignore[misc]
            for batch in (
                write_day(folder / day.isoformat(), part, day, day.isoformat(), number)
                for number, day in enumerate(days(NIGHT_DAYS))
            )
        ]
        engine.dispose()
    return at_most(name, sum(spent) / (NIGHT_DAYS * BATCH_ROWS) * PROFILES, "s", SECONDS_FOR_FLANDERS)


def cost_is_linear(name: str) -> Row:
    """Nanoseconds a profile of a batch eight times as large: at most a quarter more."""
    large, small = Part.of_quarter_hours(ROWS), Part.of_quarter_hours(ROWS // 8)
    with _flanders(large) as (house, folder):
        engine = house.engine("intake")
        costs = []
        for number, day in enumerate(days(2 * ROUNDS + 2)):
            part = (small, large)[number % 2]
            batch = write_day(folder / day.isoformat(), part, day, day.isoformat(), number)
            spent = seconds(lambda batch=batch: _take(house, engine, batch))  # type: ignore[misc]
            costs.append(1e9 * spent / part.rows)
        engine.dispose()
    one, eight = statistics.median(costs[2::2]), statistics.median(costs[3::2])
    ratio = round(one / eight, 3)
    return Row(name, round(eight), "ns/profile", round(one), ratio, 0.8, ratio >= 0.8)


@contextmanager
def _flanders(part: Part) -> Iterator[tuple[TheHouse, Path]]:
    """A house on a durable server with these points, its door a process; and a folder."""
    with (
        durable_server() as server,
        Databases(server).clone() as database,
        open_house_now(database) as house,
        tempfile.TemporaryDirectory() as folder,
    ):
        populate(house, part)
        with door_process(house):
            yield house, Path(folder)


def _take(house: TheHouse, engine: Engine, batch: Path) -> None:
    report = take_batch(batch, house.client, house.intake_key, engine, house.clock)
    assert report.outcome == "stored", report.to_json()


def plain_day(day: date, points: int = PLAIN_POINTS, first: int = 0) -> bytes:
    """One day of some points as binary COPY takes it."""
    starts = np.array([int(start.timestamp()) for start in slot_starts(day)]) - _PLAIN_EPOCH
    rows = np.zeros((points, len(starts)), _PLAIN_ROW)
    for name, number in {
        "columns": 3,
        "point_size": 8,
        "start_size": 8,
        "value_size": 4,
        "value": 123,
    }.items():
        rows[name] = number
    rows["point"], rows["start"] = first + np.arange(points)[:, None], starts * 1_000_000
    return HEAD + rows.tobytes() + TAIL


def copy_plain(url: str, data: bytes) -> None:
    """Copy a day into the plain table."""
    with psycopg.connect(url) as connection, connection.cursor().copy(_COPY) as copy:
        copy.write(data)


BENCHMARKS: dict[str, Benchmark] = {
    "intake-batch": batch_against_plain,
    "intake-flanders": a_day_of_flanders,
    "intake-linear": cost_is_linear,
}
