"""How a log grows stands in a small public file, by the hour and no finer; damage to it stops nothing."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event

import pytest

from databeheer.clock import SettableClock
from ledger.errors import MalformedError, RefusedError
from ledger.growth import Growth, GrowthKeeper, Hour, State, read_growth
from ledger.publisher import Publisher
from ledger.verifier import verify
from tests.ledger.logs import PublishedLog

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


@pytest.fixture
def clock() -> SettableClock:
    return SettableClock(NOON)


@pytest.fixture
def keeper(tmp_path: Path, clock: SettableClock) -> GrowthKeeper:
    return GrowthKeeper(tmp_path, clock.now)


def sizes(folder: Path) -> list[tuple[str, int]]:
    growth = read_growth(folder)
    assert growth is not None
    return [(f"{hour.begin:%d %H:%M}", hour.size) for hour in growth.hours]


class OneLook(Event):
    """Set after the publisher looked once."""

    def wait(self, timeout: float | None = None) -> bool:
        return True


def test_each_hour_has_the_size_of_its_first_look_and_the_file_the_time_of_the_last(
    keeper: GrowthKeeper, clock: SettableClock, tmp_path: Path
) -> None:
    for minutes, size in ((0, 5), (20, 9), (39, 30), (2, 31), (59, 40), (61, 44)):
        clock.advance(timedelta(minutes=minutes))
        keeper.looked(size)
    assert sizes(tmp_path) == [("20 12:00", 5), ("20 13:00", 31), ("20 14:00", 40), ("20 15:00", 44)]
    growth = read_growth(tmp_path)
    assert growth is not None
    assert growth.looked == clock.now()


def test_nothing_in_the_file_is_finer_than_an_hour(
    keeper: GrowthKeeper, clock: SettableClock, tmp_path: Path
) -> None:
    clock.advance(timedelta(minutes=17, seconds=31, microseconds=123))
    keeper.looked(7)
    before = (tmp_path / "growth").read_bytes()
    clock.advance(timedelta(minutes=3))
    keeper.looked(8)
    assert (tmp_path / "growth").read_bytes() == before
    assert b":17" not in before
    assert b":31" not in before


def test_an_hour_in_which_nobody_looked_has_no_line(
    keeper: GrowthKeeper, clock: SettableClock, tmp_path: Path
) -> None:
    keeper.looked(1)
    clock.advance(timedelta(hours=5))
    keeper.looked(1)
    assert sizes(tmp_path) == [("20 12:00", 1), ("20 17:00", 1)]


def test_another_start_goes_on_where_the_file_ends(
    keeper: GrowthKeeper, clock: SettableClock, tmp_path: Path
) -> None:
    keeper.looked(1)
    clock.advance(timedelta(minutes=1))
    again = GrowthKeeper(tmp_path, clock.now)
    again.looked(3)
    clock.advance(timedelta(hours=1))
    again.looked(4)
    assert sizes(tmp_path) == [("20 12:00", 1), ("20 13:00", 4)]


def test_after_eight_days_a_day_keeps_one_line_and_years_stay_small(
    keeper: GrowthKeeper, clock: SettableClock, tmp_path: Path
) -> None:
    for hour in range(24 * 12):
        keeper.looked(hour)
        clock.advance(timedelta(hours=1))
    kept = sizes(tmp_path)
    assert kept[0] == ("20 12:00", 0)
    assert kept[1] == ("21 00:00", 12)
    assert kept[2] == ("22 00:00", 36)
    assert len(kept) == 5 + 8 * 24 + 1
    years = Growth(tuple(Hour(NOON + timedelta(days=day), 10**12 + day) for day in range(30 * 365)))
    assert len(years.to_bytes()) < 500_000
    assert Growth.from_bytes(years.to_bytes()) == years


def test_a_clock_that_is_set_back_adds_nothing(
    keeper: GrowthKeeper, clock: SettableClock, tmp_path: Path
) -> None:
    keeper.looked(1)
    clock.advance(timedelta(hours=-2))
    keeper.looked(2)
    assert sizes(tmp_path) == [("20 12:00", 1)]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"growth/v1\n",
        b"growth/v1",
        b"growth/v2\nstate publishing\n",
        b"growth/v1\nstate sleeping\n",
        b"growth/v1\r\nstate publishing\r\n",
        b"growth/v1\nstate publishing\n2026-11-20T12:00:00Z 5",
        b"growth/v1\nstate publishing\n2026-11-20T12:00:00Z 05\n",
        b"growth/v1\nstate publishing\n2026-11-20T12:00:00Z +5\n",
        "growth/v1\nstate publishing\n2026-11-20T12:00:00Z ٥\n".encode(),
        b"growth/v1\nstate publishing\n2026-11-20T12:30:00Z 5\n",
        b"growth/v1\nstate publishing\n2026-13-20T12:00:00Z 5\n",
        b"growth/v1\nstate publishing\n2026-11-20T24:00:00Z 5\n",
        b"growth/v1\nstate publishing\n2026-11-20T12:00:00Z 5\n\n",
        b"growth/v1\nstate publishing\n2026-11-20T12:00:00Z 5\n2026-11-20T12:00:00Z 6\n",
        b"growth/v1\nstate publishing\n2026-11-20T12:00:00Z 5\n2026-11-20T11:00:00Z 6\n",
        b"\xff\xfe",
        b"growth/v1\nstate publishing\n" + b" " * 1_000_000,
    ],
)
def test_a_damaged_file_is_refused_by_a_reader_and_begun_anew_by_the_publisher(
    keeper: GrowthKeeper, tmp_path: Path, data: bytes
) -> None:
    (tmp_path / "growth").write_bytes(data)
    with pytest.raises(MalformedError):
        read_growth(tmp_path)
    keeper.looked(12)
    assert sizes(tmp_path) == [("20 12:00", 12)]


def test_no_file_is_no_growth_and_one_that_was_removed_comes_back(
    keeper: GrowthKeeper, tmp_path: Path
) -> None:
    assert read_growth(tmp_path) is None
    keeper.looked(1)
    (tmp_path / "growth").unlink()
    keeper.looked(2)
    assert sizes(tmp_path) == [("20 12:00", 1)]


def running(log: PublishedLog, clock: SettableClock) -> None:
    keeper = GrowthKeeper(log.public, clock.now)
    Publisher(log.rows, log.public, [log.key], log.key.name, log.memory, keeper).run(OneLook())


def test_the_publisher_notes_every_look_also_without_news(log: PublishedLog, clock: SettableClock) -> None:
    log.rows.grow(3)
    running(log, clock)
    clock.advance(timedelta(hours=1))
    running(log, clock)
    assert sizes(log.public) == [("20 12:00", 3), ("20 13:00", 3)]
    assert verify(log.source, [log.key.verifier], full=True).size == 3


def test_a_refusal_is_public_until_the_publisher_works_again(log: PublishedLog, clock: SettableClock) -> None:
    log.rows.grow(5)
    running(log, clock)
    kept, log.rows.entries = log.rows.entries, log.rows.entries[:4]
    with pytest.raises(RefusedError):
        running(log, clock)
    growth = read_growth(log.public)
    assert growth is not None
    assert growth.state is State.REFUSED
    assert b"4" not in growth.to_bytes().split(b"\n")[1]  # that it refuses, not why
    log.rows.entries = kept
    running(log, clock)
    growth = read_growth(log.public)
    assert growth is not None
    assert growth.state is State.PUBLISHING
    assert growth.hours == (Hour(NOON, 5),)


def test_a_refusal_is_heard_also_where_the_disk_does_not_take_the_note(
    log: PublishedLog, clock: SettableClock
) -> None:
    log.rows.grow(5)
    running(log, clock)
    log.rows.entries = log.rows.entries[:4]
    (log.public / "growth").unlink()
    (log.public / "growth").mkdir()
    with pytest.raises(RefusedError):
        running(log, clock)


def test_a_second_publisher_does_not_say_that_the_first_one_refuses(
    log: PublishedLog, clock: SettableClock
) -> None:
    log.rows.grow(1)
    running(log, clock)
    with log.publisher()._alone(), pytest.raises(RefusedError):
        running(log, clock)
    growth = read_growth(log.public)
    assert growth is not None
    assert growth.state is State.PUBLISHING


def test_looking_costs_a_time_stamp_and_no_writing(
    keeper: GrowthKeeper, clock: SettableClock, tmp_path: Path
) -> None:
    keeper.looked(1)
    first = os.stat(tmp_path / "growth").st_ino
    for _ in range(5):
        clock.advance(timedelta(seconds=1))
        keeper.looked(2)
    assert os.stat(tmp_path / "growth").st_ino == first
