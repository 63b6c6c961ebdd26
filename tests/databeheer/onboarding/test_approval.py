"""Approval as such: who signed what, and who is one person; enterprise numbers. No house needed."""

from __future__ import annotations

import json
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from databeheer.enterprises import is_enterprise, parse_enterprise
from databeheer.errors import MalformedRequestError
from databeheer.joins.necessity import Signer, in_latin
from databeheer.onboarding import approval
from databeheer.onboarding.approval import ApprovalError, as_one_person
from ledger.note import SigningKey, sign_note
from tests.databeheer.onboarding.people import ELS, ELS_AGAIN, TOM, ZON, signed

CONTENT = json.dumps(
    {"format": "databeheer-onboarding/v1", "party": {"party_id": str(uuid4())}, "evidence": {}}
).encode()
PEOPLE = [Signer("Els Peeters", ELS.verifier), Signer("Tom Maes", TOM.verifier)]
STRANGER = SigningKey("stranger.example/key", b"\6" * 32)


def test_two_people_of_the_house_who_sign_the_same_bytes_are_enough() -> None:
    assert approval.verify(CONTENT, signed(CONTENT), PEOPLE) == PEOPLE
    assert approval.sign(CONTENT, signed(CONTENT), ELS) == signed(CONTENT)


@pytest.mark.parametrize(
    ("keys", "people"),
    [
        ((ELS,), PEOPLE),
        ((ELS, ELS), PEOPLE),
        ((ELS, STRANGER), PEOPLE),
        ((ELS, TOM), PEOPLE[:1]),
        ((ELS, TOM), []),
        ((ELS, ELS_AGAIN), [PEOPLE[0], Signer("ELS PEETERS", ELS_AGAIN.verifier)]),
        ((ELS, ELS_AGAIN), [PEOPLE[0], Signer("Peeters, Els", ELS_AGAIN.verifier)]),
        ((ELS, ELS_AGAIN), [PEOPLE[0], Signer("Éls  Peeters", ELS_AGAIN.verifier)]),
    ],
    ids=["one", "one twice", "a stranger", "one ended", "nobody", "capitals", "turned round", "accents"],
)
def test_one_person_is_not_two(keys: tuple[SigningKey, ...], people: list[Signer]) -> None:
    with pytest.raises(ApprovalError, match="two different people"):
        approval.verify(CONTENT, signed(CONTENT, *keys), people)


def test_a_signature_under_other_bytes_or_for_something_else_is_none() -> None:
    other = CONTENT.replace(b'"evidence": {}', b'"evidence": {"a": 1}')
    with pytest.raises(ApprovalError, match="to the byte"):
        approval.verify(other, signed(CONTENT), PEOPLE)
    with pytest.raises(ApprovalError, match="changed"):
        approval.sign(other, signed(CONTENT), ELS)
    lines = approval.note_text(CONTENT)
    of_a_join = sign_note(lines.replace("databeheer-onboarding/v1", "databeheer-necessity/v1"), [ELS, TOM])
    with pytest.raises(ApprovalError, match="to the byte"):
        approval.verify(CONTENT, of_a_join, PEOPLE)
    for no_note in (b"", b"x", b"\xff\n\n", lines.encode()):
        with pytest.raises(ApprovalError):
            approval.verify(CONTENT, no_note, PEOPLE)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{}",
        b"[]",
        b'{"format": "databeheer-onboarding/v1"}',
        b'{"format": "databeheer-onboarding/v1", "party": {"party_id": 7}}',
        b'{"format": "databeheer-onboarding/v2", "party": {"party_id": "%s"}}' % str(uuid4()).encode(),
        b"\xff",
        b"[" * 5000,
    ],
)
def test_what_is_no_dossier_is_not_signed(content: bytes) -> None:
    with pytest.raises(ApprovalError):
        approval.sign(content, None, ELS)


@given(st.text("abcXYZ éÉÖß',.-", max_size=20))
def test_a_name_is_the_same_person_as_itself_in_capitals_and_turned_round(name: str) -> None:
    words = name.split()
    assert as_one_person(" ".join(reversed(words))) == as_one_person(name)
    assert as_one_person(as_one_person(name)) == as_one_person(name)


@pytest.mark.parametrize(
    "name", ["\U0001d404ls Peeters", "E\u200dls Peeters", "\uff25ls P\u00e9e\u00adters", "El Speeters"]
)
def test_a_name_in_other_letters_or_with_what_is_not_seen_is_no_second_person(name: str) -> None:
    assert as_one_person(name) == as_one_person("Els Peeters")


@pytest.mark.parametrize("name", ["\u0415ls Peeters", "Els Peet\u0435rs", "\u0395ls", "\u3164", "...", ""])
def test_a_name_in_letters_of_another_script_or_without_any_is_refused_as_a_name(name: str) -> None:
    assert not in_latin(name)
    assert all(map(in_latin, ("Els Peeters", "Zoë d'Hondt-Łuczak", "Søren Şahin", "desk 3")))


def test_names_that_differ_are_two_people() -> None:
    assert as_one_person("Els Peeters") != as_one_person("Ils Peeters")


@given(st.integers(0, 19_999_999))
def test_an_enterprise_number_has_one_right_check_and_every_digit_counts(base: int) -> None:
    right = f"{base:08}{97 - base % 97:02}"
    assert is_enterprise(right)
    assert parse_enterprise(f"be {right[:4]}.{right[4:7]}.{right[7:]}") == right
    for place in range(10):
        changed = right[:place] + str((int(right[place]) + 1) % 10) + right[place + 1 :]
        assert not is_enterprise(changed)


@pytest.mark.parametrize(
    "text", ["", "123456749", "2" + ZON[1:], ZON + "0", "٠١٢٣٤٥٦٧٤٩", ZON[:-1] + "x", " " * 99]
)
def test_what_is_no_enterprise_number_is_refused(text: str) -> None:
    with pytest.raises(MalformedRequestError):
        parse_enterprise(text)
