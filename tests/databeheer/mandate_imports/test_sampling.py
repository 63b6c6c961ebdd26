"""Which lines are drawn: reproducible by anybody with the file and the ledger, and nobody's choice."""

from __future__ import annotations

import hashlib
import struct
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from databeheer.mandate_imports.sampling import LEAST, ranked, sample_size

SEED, FILE = bytes(32), b"\x01" * 32
GOLDEN = [6, 8, 9, 2, 4, 11, 5, 7, 10, 3]
HASHES = st.binary(min_size=32, max_size=32)


def by_hand(seed: bytes, file: bytes, round_no: int, lines: list[int]) -> list[int]:
    """As the documentation says it, in other words."""

    def key(number: int) -> str:
        message = b"databeheer/mandate-sample/v1\n" + seed + file + struct.pack(">HI", round_no, number)
        return hashlib.sha256(message).hexdigest()

    return [one for _, one in sorted((key(number), number) for number in lines)]


@given(HASHES, HASHES, st.integers(1, 9), st.sets(st.integers(2, 2001), max_size=40))
def test_anybody_finds_the_same_order(seed: bytes, file: bytes, round_no: int, lines: set[int]) -> None:
    assert ranked(seed, file, round_no, lines) == by_hand(seed, file, round_no, sorted(lines))


def test_the_order_never_changes_between_versions() -> None:
    assert ranked(SEED, FILE, 1, range(2, 12)) == GOLDEN


@given(HASHES, HASHES)
def test_another_seed_draws_others(one: bytes, other: bytes) -> None:
    lines = range(2, 202)
    assert (ranked(one, FILE, 1, lines) == ranked(other, FILE, 1, lines)) == (one == other)


def test_another_file_or_another_round_draws_others() -> None:
    lines = range(2, 202)
    found = {tuple(ranked(SEED, file, no, lines)) for file in (FILE, SEED) for no in (1, 2)}
    assert len(found) == 4


def test_over_many_seeds_every_line_is_drawn_about_as_often() -> None:
    drawn: Counter[int] = Counter()
    for number in range(2000):
        drawn.update(ranked(number.to_bytes(32, "big"), FILE, 1, range(2, 22))[:5])
    assert all(400 < drawn[line] < 600 for line in range(2, 22))


@pytest.mark.parametrize(
    ("rows", "failed", "size"),
    [
        (0, 0, 0),
        (1, 0, 1),
        (5, 0, LEAST),
        (25, 0, 5),
        (26, 0, 6),
        (2000, 0, 45),
        (2000, 1, 90),
        (2000, 3, 180),
        (9, 1, 9),
        (7, 100, 7),
    ],
)
def test_how_many_are_drawn_grows_with_the_file_and_with_each_failure(
    rows: int, failed: int, size: int
) -> None:
    assert sample_size(rows, failed) == size
