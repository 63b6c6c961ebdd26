"""Openings: whoever is entitled opens the own half, and nobody learns another's."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from ledger.commitment import (
    SHARED_LABEL,
    SUBJECT_LABEL,
    Opening,
    commit,
    half,
    new_salt,
    open_for_party,
    open_for_subject,
    shared_half,
    subject_half,
)
from ledger.errors import MalformedError, ProofError

SHARED = (bytes(range(32)), b'{"event":"data.read"}')
SUBJECTS = [(bytes([number]) * 32, b'{"subject":"o-%d"}' % number) for number in range(5)]
HALVES = [subject_half(*one) for one in SUBJECTS]
COMMITMENT = commit(shared_half(*SHARED), HALVES)


def subject_opening(index: int = 2) -> Opening:
    return open_for_subject(*SHARED, HALVES, index, *SUBJECTS[index])


def test_the_party_opens_the_shared_half_and_sees_of_the_subjects_only_a_root() -> None:
    opening = open_for_party(*SHARED, HALVES)
    opening.verify(COMMITMENT)
    text = opening.to_json()
    for salt, body in SUBJECTS:
        assert body.decode() not in text
        assert salt.hex() not in text
    assert opening.subject is None


@pytest.mark.parametrize("index", range(5))
def test_each_subject_opens_the_own_half(index: int) -> None:
    opening = Opening.from_json(subject_opening(index).to_json())
    assert opening == subject_opening(index)
    opening.verify(COMMITMENT)


def test_one_subjects_opening_holds_nobody_elses_body_or_salt() -> None:
    text = subject_opening(2).to_json()
    for number, (salt, body) in enumerate(SUBJECTS):
        if number != 2:
            assert json.dumps(body.decode()) not in text
            assert salt.hex() not in text


def test_an_entry_without_subjects_opens_with_the_root_of_nothing() -> None:
    commitment = commit(shared_half(*SHARED), [])
    open_for_party(*SHARED, []).verify(commitment)
    with pytest.raises(ProofError):
        open_for_party(*SHARED, HALVES[:1]).verify(commitment)


def test_the_two_labels_keep_a_shared_half_from_passing_for_a_subjects() -> None:
    assert half(SHARED_LABEL, *SHARED) != half(SUBJECT_LABEL, *SHARED)


def test_salts_are_32_bytes_and_never_the_same() -> None:
    salts = {new_salt() for _ in range(50)}
    assert {len(salt) for salt in salts} == {32}
    assert len(salts) == 50


@pytest.mark.parametrize("salt", [b"", bytes(31), bytes(33), bytes(64)])
def test_a_salt_of_another_length_is_refused(salt: bytes) -> None:
    with pytest.raises(MalformedError):
        shared_half(salt, b"body")


DAMAGED = {
    "another shared body": replace(subject_opening(), shared_body=b"{}"),
    "another shared salt": replace(subject_opening(), shared_salt=bytes(32)),
    "another subject's body": replace(
        subject_opening(), subject=replace(subject_opening().subject, body=SUBJECTS[1][1])
    ),
    "another subject's salt": replace(
        subject_opening(), subject=replace(subject_opening().subject, salt=SUBJECTS[1][0])
    ),
    "another index": replace(subject_opening(), subject=replace(subject_opening().subject, index=3)),
    "index beyond the count": replace(subject_opening(), subject=replace(subject_opening().subject, index=5)),
    "another count": replace(subject_opening(), subject=replace(subject_opening().subject, count=9)),
    "path cut short": replace(
        subject_opening(),
        subject=replace(subject_opening().subject, path=subject_opening().subject.path[:-1]),
    ),
    "path too long": replace(
        subject_opening(),
        subject=replace(subject_opening().subject, path=(*subject_opening().subject.path, bytes(32))),
    ),
    "another root": Opening(*SHARED, subject_root=bytes(32)),
}


@pytest.mark.parametrize("opening", DAMAGED.values(), ids=DAMAGED)
def test_a_damaged_opening_opens_nothing(opening: Opening) -> None:
    with pytest.raises(ProofError):
        opening.verify(COMMITMENT)


@pytest.mark.parametrize("commitment", [b"", bytes(32), COMMITMENT[:-1], COMMITMENT + b"\x00"])
def test_an_opening_opens_no_other_commitment(commitment: bytes) -> None:
    with pytest.raises(ProofError):
        subject_opening().verify(commitment)


def test_no_opening_is_made_for_a_half_that_is_not_in_the_entry() -> None:
    with pytest.raises(ProofError):
        open_for_subject(*SHARED, HALVES, 5, *SUBJECTS[0])
    with pytest.raises(ProofError):
        open_for_subject(*SHARED, HALVES, -1, *SUBJECTS[4])
    with pytest.raises(ProofError):
        open_for_subject(*SHARED, HALVES, 1, *SUBJECTS[0])


def test_an_opening_has_either_a_root_or_a_subject() -> None:
    with pytest.raises(MalformedError):
        Opening(*SHARED)
    with pytest.raises(MalformedError):
        Opening(*SHARED, subject_root=bytes(32), subject=subject_opening().subject)


def members(change: dict[str, Any], part: str | None = None) -> str:
    value = subject_opening().to_dict()
    (value if part is None else value[part]).update(change)
    return json.dumps(value)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        "[]",
        "null",
        "5",
        "{",
        "[" * 50_000,
        "x" * 300_000,
        b"\xff",
        members({"v": 2}),
        members({"v": True}),
        members({"v": "1"}),
        members({"extra": 1}),
        members({"subject_root": "A" * 43 + "="}),
        members({"subject": None}),
        members({"subject": []}),
        members({"shared": None}),
        members({"salt": 5}, "shared"),
        members({"salt": "AAAA"}, "shared"),
        members({"body": "e30"}, "shared"),
        members({"more": ""}, "shared"),
        members({"index": -1}, "subject"),
        members({"index": 1.0}, "subject"),
        members({"index": True}, "subject"),
        members({"index": "1"}, "subject"),
        members({"count": 10**15}, "subject"),
        members({"path": "AAAA"}, "subject"),
        members({"path": ["AAAA"]}, "subject"),
        members({"path": [5]}, "subject"),
        members({"body": "e30=\n"}, "subject"),
    ],
    ids=lambda text: ascii(text)[:60],
)
def test_json_that_is_no_opening_is_refused(text: str | bytes) -> None:
    with pytest.raises(MalformedError):
        Opening.from_json(text)
