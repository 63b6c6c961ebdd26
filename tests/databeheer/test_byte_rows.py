"""Rows of bytes: hashed at once they give what each gives alone; sorted and compared, they stay whole."""

from __future__ import annotations

from hashlib import blake2b

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from databeheer.byte_rows import beside, hash_rows, rows_of, whole

KEYS = st.binary(min_size=32, max_size=32)
PURPOSES = st.binary(max_size=16)


@given(st.data(), st.integers(0, 5), st.integers(0, 300), st.sampled_from([8, 16, 32, 64]), PURPOSES)
def test_rows_are_hashed_as_one_by_one(data, rows, size, length, purpose):
    keys = [data.draw(KEYS) for _ in range(rows)]
    content = [data.draw(st.binary(min_size=size, max_size=size)) for _ in range(rows)]
    contents = np.frombuffer(b"".join(content), np.uint8).reshape(rows, size)
    hashed = hash_rows(rows_of(keys, 32), contents, length, purpose)
    assert hashed.shape == (rows, length)
    for row in range(rows):
        alone = blake2b(content[row], key=keys[row], person=purpose, digest_size=length)
        assert hashed[row].tobytes() == alone.digest()


def test_rows_that_lie_apart_in_memory_are_hashed_as_they_read():
    table = np.random.default_rng(1).integers(0, 256, (6, 80), np.uint8)
    keys, content = table[::2, 8:40], table[::2, 40:57]
    hashed = hash_rows(keys, content, 16, b"values")
    for row in range(3):
        alone = blake2b(content[row].tobytes(), key=keys[row].tobytes(), person=b"values", digest_size=16)
        assert hashed[row].tobytes() == alone.digest()


@pytest.mark.parametrize(
    ("keys", "purpose"),
    [((2, 32), b""), ((3, 31), b""), ((3, 33), b""), ((3, 32), b"more than 16 bytes")],
    ids=["fewer keys", "short keys", "long keys", "a long purpose"],
)
def test_what_does_not_fit_together_is_not_hashed(keys, purpose):
    with pytest.raises(ValueError, match="do not fit"):
        hash_rows(np.zeros(keys, np.uint8), np.zeros((3, 5), np.uint8), 32, purpose)


@pytest.mark.parametrize("length", [0, 65])
def test_no_hash_is_empty_or_longer_than_there_is(length):
    with pytest.raises(RuntimeError):
        hash_rows(np.zeros((1, 32), np.uint8), np.zeros((1, 5), np.uint8), length)


@given(st.lists(st.binary(min_size=16, max_size=16)))
def test_whole_rows_sort_as_their_bytes(parts):
    assert np.sort(whole(rows_of(parts, 16))).tolist() == sorted(parts)


def test_parts_lie_beside_each_other_in_their_order():
    own = rows_of([b"ab", b"cd"], 2)
    assert whole(beside(2, b"<", own, b"-", own[::-1], b">")).tolist() == [b"<ab-cd>", b"<cd-ab>"]
