"""The code of a letter: every slip of one sign or of two that changed places is told; what nobody can guess."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from databeheer.approval_letters import code as codes
from databeheer.approval_letters.code import ALPHABET, FINDER, LENGTH, MOST_WRONG, SECRET, MistypedCodeError

BODIES = st.text(ALPHABET, min_size=LENGTH - 1, max_size=LENGTH - 1)


def code_of(body: str) -> str:
    return body + codes.check_sign(body)


@given(BODIES, st.integers(0, LENGTH - 1), st.sampled_from(ALPHABET))
def test_one_wrong_sign_is_told(body: str, place: int, other: str) -> None:
    right = code_of(body)
    assert codes.parse(right).text == right
    wrong = right[:place] + other + right[place + 1 :]
    if wrong != right:
        with pytest.raises(MistypedCodeError):
            codes.parse(wrong)


@given(BODIES, st.integers(0, LENGTH - 1), st.integers(0, LENGTH - 1))
def test_two_signs_that_changed_places_are_told(body: str, one: int, other: int) -> None:
    signs = list(code_of(body))
    signs[one], signs[other] = signs[other], signs[one]
    if (swapped := "".join(signs)) != code_of(body):
        with pytest.raises(MistypedCodeError):
            codes.parse(swapped)


@given(BODIES)
def test_capitals_blanks_and_hyphens_make_no_difference(body: str) -> None:
    code = codes.parse(code_of(body))
    assert code.shown.count("-") == 3
    for typed in (
        code.shown,
        code.shown.lower(),
        f"  {code.shown.replace('-', ' ')} ",
        code.shown.replace("-", "–"),
    ):
        assert codes.parse(typed) == code


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "2222",
        "O" * 16,
        "I" * 16,
        "2" * 15,
        "2" * 17,
        "2" * 10_000,
        "２" * 16,
        "2222-2222-2222-222\x00",
        "''--",
    ],
)
def test_what_no_letter_can_hold_is_told_without_a_look_up(typed: str) -> None:
    with pytest.raises(MistypedCodeError) as error:
        codes.parse(typed)
    assert typed == "" or typed not in str(error.value)


def test_the_alphabet_is_a_field_without_look_alikes_and_without_words() -> None:
    assert len(ALPHABET) == len(set(ALPHABET)) == 23
    assert not set(ALPHABET) & set("0O1IL5SUZAEY")


def test_codes_differ_and_show_in_no_representation() -> None:
    made = {codes.new().text for _ in range(200)}
    assert len(made) == 200
    code = codes.new()
    assert codes.parse(code.text) == code
    assert code.text not in repr(code)
    assert code.finder == code.text[:FINDER]


def test_whoever_knows_the_finder_has_less_than_one_chance_in_a_million_millions() -> None:
    assert MOST_WRONG / math.pow(len(ALPHABET), SECRET) < 1e-12
