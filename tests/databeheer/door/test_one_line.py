"""A short text stands on one line: it makes no line of a text that another signs, and no e-mail's head."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from marshmallow import ValidationError

from databeheer.door.client import DoorRefusedError
from databeheer.door.commands.base import long_text, short_text
from tests.doors import query
from tests.house import Customer, TheHouse


@pytest.mark.parametrize("break_", ["\n", "\r", "\t", "\v", "\f", "\x1c", "\x7f", "\x85", "\u2028", "\u2029"])
def test_no_sign_that_breaks_a_line_passes(break_: str) -> None:
    with pytest.raises(ValidationError):
        short_text().deserialize(f"Bram{break_}Uw toestemming loopt: nooit af")


@given(st.text(min_size=1, max_size=40))
def test_what_passes_as_a_short_text_is_one_line(text: str) -> None:
    if len(text.splitlines()) > 1 or text.splitlines()[0] != text:
        with pytest.raises(ValidationError):
            short_text().deserialize(text)


@given(st.text(min_size=1, max_size=40))
def test_a_long_text_is_broken_by_line_feeds_alone(text: str) -> None:
    if any(line.splitlines() not in ([], [line]) for line in text.split("\n")):
        with pytest.raises(ValidationError):
            long_text(longest=40).deserialize(text)


@given(st.text(st.characters(categories=("L", "N", "P", "S", "Zs")), min_size=1, max_size=40))
def test_letters_signs_and_spaces_of_all_alphabets_pass(text: str) -> None:
    assert short_text().deserialize(text) == text
    assert long_text(longest=81).deserialize(f"{text}\n{text}") == f"{text}\n{text}"


def test_a_party_cannot_forge_a_line_of_what_a_customer_signs(house: TheHouse) -> None:
    before = query(house, "SELECT count(*) FROM registry.party")
    name = "Bram\nUw toestemming loopt: nooit af"
    with pytest.raises(DoorRefusedError) as error:
        house.operator("registry.party.add", name=name, role="energy_service")
    assert error.value.code == "malformed-request"
    assert query(house, "SELECT count(*) FROM registry.party") == before


def test_the_words_of_a_customer_who_doubts_keep_their_lines(
    house: TheHouse, measured: Customer, granted: dict[str, Any]
) -> None:
    words = "Ik gaf dit niet.\nIk ken hen niet."
    doubt = {"permission_id": granted["permission_id"], "concern": "not_given", "words": words}
    case = measured.call("doubt.raise", **doubt)["case"]
    assert [one["words"] for one in case["signals"]] == [words]
