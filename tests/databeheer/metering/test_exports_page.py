"""The page about exports names every word that intake knows, and the sizes it pads to."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from databeheer.metering import columns, profile, rows, totals
from databeheer.metering.states import CONVERSION_CODES, REGISTER_CODES, STATE_CODES

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "reference" / "exports.md").read_text(encoding="utf-8")
WORDS = set(columns.fold(re.sub(r"[`|,;.:*\n]", " ", PAGE)).split())


@pytest.mark.parametrize(
    "words", [columns.HEADERS, columns.STATES, columns.CONVERSIONS, columns.UNITS, columns.REGISTERS]
)
def test_every_word_that_intake_knows_is_on_the_page(words):
    known = {part for word in words for part in word.split()} - {"m3"}
    assert known - WORDS == set()


def test_the_sizes_limits_and_codes_are_on_the_page():
    assert "{}, {}, {}, {}, {} or {} bytes".format(*profile.SIZES) in PAGE
    assert f"take {totals.SIZE} bytes" in PAGE
    assert f"take {totals.WIDE_SIZE}\nbytes" in PAGE
    assert f"longer than {rows.MAX_LINE_LENGTH} characters" in PAGE
    text = " ".join(PAGE.split())
    for codes in (STATE_CODES, REGISTER_CODES, CONVERSION_CODES):
        for name, code in codes.items():
            assert f"{code} {str(name).lower()}" in text.lower()
