"""Many wrapped keys are opened at once as each is by itself; one that does not open stops them all."""

from __future__ import annotations

import os
from uuid import uuid4

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from databeheer.byte_rows import rows_of
from databeheer.door.keys.epochs import HeldKey, KeyStoreError
from databeheer.door.keys.wrapped import RECORD_LENGTH, Kind, unwrap, unwrap_many, wrap

EPOCH = HeldKey(bytes(range(32)))


def records(count: int, epoch: HeldKey = EPOCH) -> tuple[list[bytes], list[bytes]]:
    """Keys, and their records."""
    keys = [os.urandom(32) for _ in range(count)]
    return keys, [wrap((Kind.READINGS, uuid4().bytes), key, epoch) for key in keys]


@pytest.mark.parametrize("count", [0, 1, 15, 16, 17, 100])
def test_many_open_as_one_by_one(count: int) -> None:
    keys, wrapped = records(count)
    assert unwrap_many(wrapped, EPOCH) == keys == [unwrap(one, EPOCH) for one in wrapped]


@given(st.integers(0, 39), st.integers(0, 8 * (RECORD_LENGTH - 24) - 1))
def test_one_bit_flipped_in_any_of_them_opens_none(place: int, bit: int) -> None:
    _, wrapped = records(40)
    damaged = bytearray(wrapped[place])
    damaged[bit // 8] ^= 1 << bit % 8
    wrapped[place] = bytes(damaged)
    with pytest.raises(KeyStoreError):
        unwrap_many(wrapped, EPOCH)


def test_keys_of_another_epoch_do_not_open() -> None:
    _, wrapped = records(20, HeldKey(bytes(32)))
    with pytest.raises(KeyStoreError):
        unwrap_many(wrapped, EPOCH)


@pytest.mark.parametrize(("width", "names"), [(71, 20), (73, 20), (0, 20), (72, 19)])
def test_what_is_no_wrapped_key_does_not_open(width: int, names: int) -> None:
    with pytest.raises(KeyStoreError):
        EPOCH.unwrap_rows(np.zeros((20, width), np.uint8), rows_of([b"x" * 17] * names, 17))
