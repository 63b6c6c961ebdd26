"""What a record is called in words: short, and of a field that says what it is."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from databeheer.governance.registers import Register, shipped
from databeheer.governance.titles import LONGEST, words_of
from tests.governance import said

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.mark.parametrize("register", shipped().by_code.values(), ids=lambda one: one.code)
def test_every_record_has_words_that_fit_on_a_line(register: Register) -> None:
    values = {field.name: "woord " * 200 for field in register.fields if field.kind == "text"}
    for words in (words_of(register, said(register.code, NOW)), words_of(register, values)):
        assert 0 < len(words) <= LONGEST
        assert "\n" not in words


def test_what_says_nothing_yet_is_called_as_its_register_and_a_choice_by_its_words() -> None:
    assert words_of(shipped().get("go_live"), {}) == "Starten van verwerkers"
    assert words_of(shipped().get("breach_notice"), {"phase": "first", "reference": "X"}) == "Eerste melding"
    assert words_of(shipped().get("breach"), {"title": None}) == "Inbreuken"
