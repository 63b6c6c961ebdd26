"""Sealing many rows at once gives the same bytes as sealing each; opened together they give what they held."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nacl import bindings

from databeheer.byte_rows import rows_of
from databeheer.metering import sealing
from databeheer.metering.opening import SealError, unseal
from databeheer.metering.opening_rows import open_rows, unseal_rows
from databeheer.metering.sealing_rows import coordinates, fingerprints, seal_many, seal_rows
from tests.counts import few

DAYS = st.dates(date(1990, 1, 1), date(2100, 12, 31))


def matrix(draw, rows: int, width: int) -> np.ndarray:
    return np.frombuffer(draw(st.binary(min_size=rows * width, max_size=rows * width)), np.uint8).reshape(
        rows, width
    )


@few
@given(
    st.data(), st.integers(1, 5), st.sampled_from([32, 96, 188]), DAYS, st.sampled_from(["values", "total"])
)
def test_rows_are_sealed_as_one_by_one(data, rows, size, day, part):
    keys, plain = matrix(data.draw, rows, 32), matrix(data.draw, rows, size)
    pseudonyms, channels = matrix(data.draw, rows, 16), matrix(data.draw, rows, 8)
    versions = matrix(data.draw, rows, 2)
    marks = fingerprints(keys, plain)
    where = coordinates(pseudonyms, channels, day, versions, part)
    sealed = seal_rows(keys, plain, marks, where)
    for row in range(rows):
        mark = sealing.fingerprint(keys[row].tobytes(), plain[row].tobytes())
        assert marks[row].tobytes() == mark
        place = sealing.Coordinates(
            pseudonyms[row].tobytes(),
            channels[row].tobytes(),
            day,
            int.from_bytes(versions[row].tobytes(), "big"),
        )
        assert where[row].tobytes() == sealing.profile_coordinates(place, part)
        alone = sealing.seal_profile(keys[row].tobytes(), plain[row].tobytes(), mark, place, part)
        assert sealed[row].tobytes() == alone
    opened, opens = open_rows(keys, sealed, marks, where)
    assert opens.all()
    assert (opened == plain).all()


@few
@given(st.data(), st.sampled_from([96, 188]), st.sampled_from(["keys", "sealed", "marks", "where"]))
def test_a_row_of_which_a_bit_is_flipped_gives_nothing_and_hinders_no_other(data, size, what):
    arrays = {"keys": matrix(data.draw, 3, 32), "where": matrix(data.draw, 3, 42)}
    plain = matrix(data.draw, 3, size)
    arrays["marks"] = fingerprints(arrays["keys"], plain)
    arrays["sealed"] = seal_rows(arrays["keys"], plain, arrays["marks"], arrays["where"])
    changed = arrays[what] = arrays[what].copy()
    bit = data.draw(st.integers(0, 8 * changed.shape[1] - 1))
    changed[1, bit // 8] ^= 1 << bit % 8
    opened, opens = open_rows(arrays["keys"], arrays["sealed"], arrays["marks"], arrays["where"])
    assert opens.tolist() == [True, False, True]
    assert (opened[[0, 2]] == plain[[0, 2]]).all()
    assert not opened[1].any()


@few
@given(st.binary(min_size=32, max_size=32), st.binary(max_size=200), st.binary(max_size=50))
def test_a_seal_is_what_the_library_makes_of_it_too(key, plain, where):
    sealed = sealing.seal(key, plain, where)
    opened = bindings.crypto_aead_xchacha20poly1305_ietf_decrypt(sealed[24:], where, sealed[:24], key)
    assert opened == plain == unseal(key, sealed, where)


@pytest.mark.parametrize("length", [0, 23, 24, 39])
def test_what_is_too_short_for_a_seal_does_not_open(length):
    with pytest.raises(SealError):
        unseal(bytes(32), bytes(length), b"")


@pytest.mark.parametrize("length", [0, 31, 33])
def test_no_key_of_another_length_seals_or_opens(length):
    with pytest.raises(ValueError, match="32 bytes"):
        sealing.seal(bytes(length), b"", b"")
    with pytest.raises(SealError):
        unseal(bytes(length), sealing.seal(bytes(32), b"", b""), b"")


KEY, PLACES = bytes(range(32)), [b"here", b"back", b"away"]


def sealed_rows() -> np.ndarray:
    return rows_of(
        [sealing.seal(KEY, b"held %d" % row, where) for row, where in enumerate(PLACES)], 24 + 6 + 16
    )


def test_what_was_sealed_one_by_one_opens_together():
    opened, opens = unseal_rows(KEY, sealed_rows(), rows_of(PLACES, 4))
    assert [row.tobytes() for row in opened] == [b"held 0", b"held 1", b"held 2"]
    assert opens.all()


@pytest.mark.parametrize("row", range(3))
@pytest.mark.parametrize("byte", [0, 24, 45])
def test_a_row_that_was_changed_does_not_open_and_hinders_no_other(row, byte):
    sealed = sealed_rows().copy()
    sealed[row, byte] ^= 1
    opened, opens = unseal_rows(KEY, sealed, rows_of(PLACES, 4))
    assert np.flatnonzero(~opens).tolist() == [row]
    assert not opened[row].any()


@pytest.mark.parametrize(
    ("key", "width", "places"),
    [
        (bytes(32), 46, PLACES),  # another key
        (KEY, 46, [PLACES[1], PLACES[2], PLACES[0]]),  # other coordinates
        (KEY, 45, PLACES),
        (KEY, 40, PLACES),  # nothing but a nonce and a tag
        (KEY, 12, PLACES),
    ],
)
def test_rows_open_under_their_key_at_their_places_only(key, width, places):
    assert not unseal_rows(key, sealed_rows()[:, :width], rows_of(places, 4))[1].any()


@pytest.mark.parametrize(("key", "places"), [(KEY[:31], PLACES), (KEY, PLACES[:2])])
def test_rows_that_do_not_fit_together_are_not_opened(key, places):
    with pytest.raises(ValueError, match="fit together"):
        unseal_rows(key, sealed_rows(), rows_of(places, 4))


@few
@given(
    st.lists(
        st.tuples(*[st.binary(min_size=32, max_size=32), st.binary(max_size=200), st.binary(max_size=50)])
    )
)
def test_what_is_sealed_together_opens_one_by_one(given_):
    keys, plains, places = ([one[part] for one in given_] for part in range(3))
    sealed = seal_many(keys, plains, places)
    assert [unseal(*each) for each in zip(keys, sealed, places, strict=True)] == plains
    assert len({one[:24] for one in sealed}) == len(sealed)


@pytest.mark.parametrize(
    ("keys", "plains", "places"),
    [
        ([bytes(31)], [b"x"], [b"y"]),
        ([bytes(33)], [b"x"], [b"y"]),
        ([KEY], [b"x"], []),
        ([KEY], [b"x", b"z"], [b"y"]),
    ],
)
def test_what_does_not_fit_together_is_not_sealed(keys, plains, places):
    with pytest.raises(ValueError, match="fit together"):
        seal_many(keys, plains, places)
