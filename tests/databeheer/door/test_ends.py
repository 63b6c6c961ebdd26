"""The journal of ends: what is written is durable and comes back in order; what is changed or older shows."""

from __future__ import annotations

import os
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from databeheer.door.keys.epochs import KeyStoreError
from databeheer.door.restore.ends import LIFTS, NAME, NOBODY, End, Ending, EndsJournal, JournalError, Reach
from databeheer.values import HORIZON

KEY = bytes(range(32))
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
HEAD = 32
RECORD = 77


def journal(folder: Path, key: bytes = KEY) -> EndsJournal:
    return EndsJournal(folder, lambda: key)


def end(index: int, ending: Ending = Ending.REVOKED, identifier: UUID | None = None) -> End:
    return End(ending, identifier or uuid4(), NOON + timedelta(microseconds=index), index)


def change(folder: Path, at: int) -> None:
    data = bytearray((folder / NAME).read_bytes())
    data[at] ^= 1
    (folder / NAME).write_bytes(data)


ends = st.builds(
    End,
    st.sampled_from([ending for ending in Ending if ending not in {*LIFTS, Ending.COMMITTED}]),
    st.uuids(),
    st.datetimes(datetime(1970, 1, 2), datetime(2100, 1, 1)).map(lambda at: at.replace(tzinfo=UTC)),  # noqa: DTZ001
    st.integers(0, 2**53),
    st.none() | st.dates(*HORIZON),
)


@given(st.lists(st.lists(ends, max_size=4), max_size=6), st.integers(0, 2**53))
def test_what_is_kept_comes_back_in_order_from_an_index_on(batches: list[list[End]], index: int) -> None:
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as name:
        for batch in batches:
            journal(Path(name)).keep(0, 1, batch)
        kept = [one for batch in batches for one in batch]
        assert journal(Path(name)).since(0) == kept
        assert journal(Path(name)).since(index) == [one for one in kept if one.index >= index]


@given(
    st.lists(st.tuples(st.sampled_from(sorted(LIFTS)) | st.just(Ending.STOPPED), st.booleans()), max_size=8)
)
def test_a_lift_counts_in_its_place_once_its_turn_is_known_to_have_committed(
    happened: list[tuple[Ending, bool]],
) -> None:
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as name:
        kept = journal(Path(name))
        unconfirmed: list[int] = []
        for index, (ending, commits) in enumerate(happened):
            lifts = kept.keep(index, 1, [end(index, ending, NOBODY)])
            assert len(lifts) == (ending in LIFTS)
            unconfirmed += lifts if commits else []
        for number in reversed(unconfirmed):  # in whatever order the turns hear of it
            kept.confirm([number], 0, NOON)
        believed = [
            (ending, index)
            for index, (ending, commits) in enumerate(happened)
            if ending not in LIFTS or commits
        ]
        assert [(one.ending, one.index) for one in journal(Path(name)).since(0)] == believed


def test_several_who_append_and_confirm_at_once_write_over_nothing_of_each_other(tmp_path: Path) -> None:
    doors = [journal(tmp_path), journal(tmp_path)]
    doors[0].keep(0, 0, [])

    def work(number: int) -> None:
        for _ in range(20):
            lifts = doors[number % 2].keep(0, 0, [end(0), end(0, Ending.STOP_LIFTED, NOBODY)])
            doors[number % 2].confirm(lifts, 0, NOON)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))
    kept = Counter(one.ending for one in journal(tmp_path).since(0))
    assert kept == {Ending.REVOKED: 80, Ending.STOP_LIFTED: 80}


def test_a_journal_that_was_never_made_holds_nothing_and_reaches_nowhere(tmp_path: Path) -> None:
    assert journal(tmp_path).since(0) == []
    assert journal(tmp_path).reach() is None


def test_it_reaches_over_every_entry_that_passed_by_it(tmp_path: Path) -> None:
    for size, count in ((10, 2), (12, 1), (13, 0), (13, 5)):
        journal(tmp_path).keep(size, count, [])
    assert journal(tmp_path).reach() == Reach(10, 18, 0)


def test_a_commit_that_failed_leaves_no_hole(tmp_path: Path) -> None:
    journal(tmp_path).keep(10, 3, [end(10)])
    journal(tmp_path).keep(10, 1, [])
    assert journal(tmp_path).reach() == Reach(10, 11, 0)


def test_what_was_seen_committed_is_kept_beside(tmp_path: Path) -> None:
    journal(tmp_path).keep(10, 2, [end(10)])
    journal(tmp_path).saw(12)
    journal(tmp_path).keep(12, 2, [])
    assert journal(tmp_path).reach() == Reach(10, 14, 12)
    assert len(journal(tmp_path).since(0)) == 1


def test_entries_that_did_not_pass_by_it_make_it_begin_anew(tmp_path: Path) -> None:
    journal(tmp_path).keep(10, 2, [end(10)])
    journal(tmp_path).keep(20, 1, [])
    reach = journal(tmp_path).reach()
    assert reach == Reach(20, 21, 0)
    assert not reach.covers(10, 12)
    assert len(journal(tmp_path).since(0)) == 1


@pytest.mark.parametrize(
    ("first", "until", "covers"),
    [(10, 20, True), (10, 10, True), (20, 20, True), (9, 20, False), (10, 21, False), (0, 5, False)],
)
def test_a_reach_covers_what_lies_within_it(first: int, until: int, covers: bool) -> None:
    assert Reach(10, 20, 15).covers(first, until) is covers


@pytest.mark.parametrize("cut", [1, 40, RECORD - 1])
def test_a_record_that_a_crash_cut_short_is_written_over(tmp_path: Path, cut: int) -> None:
    first, second = end(1), end(2)
    journal(tmp_path).keep(1, 1, [first, end(1)])
    os.truncate(tmp_path / NAME, HEAD + 2 * RECORD - cut)
    assert journal(tmp_path).since(0) == [first]
    journal(tmp_path).keep(2, 1, [second])
    assert journal(tmp_path).since(0) == [first, second]


def test_an_empty_file_is_no_journal_and_becomes_one(tmp_path: Path) -> None:
    (tmp_path / NAME).touch()
    assert journal(tmp_path).reach() is None
    journal(tmp_path).keep(3, 1, [end(3)])
    assert journal(tmp_path).reach() == Reach(3, 4, 0)


def test_a_flipped_bit_in_any_byte_of_a_record_is_found(tmp_path: Path) -> None:
    journal(tmp_path).keep(1, 1, [end(1), end(2)])
    for at in range(HEAD, HEAD + 2 * RECORD):
        change(tmp_path, at)
        with pytest.raises(JournalError):
            journal(tmp_path).since(0)
        change(tmp_path, at)
    assert len(journal(tmp_path).since(0)) == 2


def test_records_stand_in_their_own_place(tmp_path: Path) -> None:
    journal(tmp_path).keep(1, 1, [end(1), end(2)])
    data = (tmp_path / NAME).read_bytes()
    (tmp_path / NAME).write_bytes(data[:HEAD] + data[HEAD + RECORD :] + data[HEAD : HEAD + RECORD])
    with pytest.raises(JournalError, match="record 0"):
        journal(tmp_path).since(0)


def test_another_houses_key_opens_nothing(tmp_path: Path) -> None:
    journal(tmp_path).keep(1, 1, [end(1)])
    with pytest.raises(KeyStoreError):
        journal(tmp_path, bytes(32)).since(0)


@pytest.mark.parametrize("at", range(8))
def test_another_kind_of_file_is_refused(tmp_path: Path, at: int) -> None:
    journal(tmp_path).keep(1, 1, [])
    change(tmp_path, at)
    with pytest.raises(JournalError, match="damaged"):
        journal(tmp_path).reach()


def test_a_head_cut_short_is_refused(tmp_path: Path) -> None:
    journal(tmp_path).keep(1, 1, [])
    os.truncate(tmp_path / NAME, HEAD - 1)
    with pytest.raises(JournalError, match="damaged"):
        journal(tmp_path).reach()


def test_the_file_names_nobody_and_is_the_doors_alone(tmp_path: Path) -> None:
    one = end(1)
    journal(tmp_path).keep(1, 1, [one, End(Ending.STOPPED, NOBODY, NOON, 1)])
    data = (tmp_path / NAME).read_bytes()
    assert one.id.bytes not in data
    assert str(one.id).encode() not in data
    assert len(data) == HEAD + 2 * RECORD
    assert (tmp_path / NAME).stat().st_mode & 0o777 == 0o600


def test_ends_are_forced_to_the_disk_and_nothing_else_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal(tmp_path).keep(1, 1, [])  # the name of the file is made durable once
    forced: list[int] = []
    monkeypatch.setattr("databeheer.door.restore.ends.os.fsync", forced.append)
    journal(tmp_path).keep(2, 1, [])
    assert forced == []
    journal(tmp_path).keep(3, 1, [end(3)])
    assert len(forced) == 1
