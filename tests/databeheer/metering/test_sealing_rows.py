"""Sealing many rows at once gives the same bytes as sealing each."""

from __future__ import annotations

from datetime import date

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from databeheer.metering import sealing
from databeheer.metering.sealing_rows import coordinates, fingerprints, seal_rows

DAYS = st.dates(date(1990, 1, 1), date(2100, 12, 31))


def matrix(draw, rows: int, width: int) -> np.ndarray:
    return np.frombuffer(draw(st.binary(min_size=rows * width, max_size=rows * width)), np.uint8).reshape(
        rows, width
    )


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
