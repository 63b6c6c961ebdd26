"""How the rows of a batch are cut into chunks: each once, of one kind, devices whole, in no order of the file."""

from __future__ import annotations

from datetime import date
from itertools import pairwise

import numpy as np
import pytest

from databeheer.metering.batches.chunks import ROWS_AT_ONCE, Chunk, chunks_of
from databeheer.metering.batches.reading import Lists, Table, Texts

DAY = date(2024, 6, 3)


def table(devices: list[int], days: list[int], minutes: list[int]) -> Table:
    """A table of which only devices, days and slots matter."""
    rows, one = len(devices), Texts(("offtake",), np.zeros(len(devices), np.int32))
    return Table(
        device=Texts(tuple(f"1SAG{n:06}" for n in range(max(devices) + 1)), np.array(devices, np.int32)),
        direction=one,
        unit=one,
        tariff=None,
        day=np.array(days, np.int64) + DAY.toordinal(),
        slot_minutes=np.array(minutes, np.int64),
        values=Lists(np.zeros(rows + 1, np.int64), np.zeros(0, np.int64), np.zeros(0, np.bool_)),
        states=None,
        misfit_states=np.zeros(rows, np.bool_),
        register_begin=None,
        register_end=None,
        register_digits=None,
        register_low_begin=None,
        register_low_end=None,
        clock_offset_s=None,
    )


def cut(given: Table) -> list[Chunk]:
    return list(chunks_of(given, np.ones(given.rows, np.bool_)))


@pytest.mark.parametrize("rows", [1, 1_023, 1_024, 1_025, 4_096, 4_097, 9_000])
def test_every_row_is_in_one_chunk_of_its_day_and_slots(rows: int) -> None:
    numbers = np.arange(rows)
    given = table(numbers.tolist(), (numbers % 2).tolist(), np.where(numbers % 3, 15, 60).tolist())
    chunks = cut(given)
    assert sorted(np.concatenate([chunk.rows for chunk in chunks]).tolist()) == numbers.tolist()
    for chunk in chunks:
        assert 1 <= len(chunk.rows) <= ROWS_AT_ONCE
        assert set(given.day[chunk.rows].tolist()) == {chunk.day.toordinal()}
        assert set(given.slot_minutes[chunk.rows].tolist()) == {chunk.slot_minutes}
    assert all(before.day <= after.day for before, after in pairwise(chunks))


def test_the_rows_of_one_device_stand_together() -> None:
    """So that it is looked up once; but for a device on which a chunk ends."""
    devices = [*range(3_000), *range(3_000)]
    chunks = cut(table(devices, [0] * 6_000, [15] * 6_000))
    assert sum(len(set(np.array(devices)[chunk.rows].tolist())) for chunk in chunks) <= 3_000 + len(chunks)


def test_who_comes_together_is_no_order_of_the_file() -> None:
    devices = list(range(2_000))
    first, again = (cut(table(devices, [0] * 2_000, [15] * 2_000))[0].rows.tolist() for _ in range(2))
    assert first != sorted(first)
    assert first != again
    assert len(first) < ROWS_AT_ONCE // 2, (
        "the first is small: nothing can be judged until its keys are there"
    )
