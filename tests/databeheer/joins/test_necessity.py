"""A record of necessity: one join, one duty, a short term, and two people who signed it."""

from __future__ import annotations

import secrets
from datetime import date, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from databeheer.brussels import midnight
from databeheer.cli import cli
from databeheer.joins.lists import SHIPPED
from databeheer.joins.lists import parse as parse_list
from databeheer.joins.necessity import (
    LARGEST,
    LONGEST,
    NecessityError,
    Signer,
    is_listed,
    is_number,
    parse,
    sign,
    verify,
)
from ledger.note import SigningKey, VerifierKey, sign_note
from tests.databeheer.joins.necessities import ELS, NUMBER, TOM, WITHOUT, record, signed

FIRST, UNTIL = date(2026, 1, 1), date(2026, 4, 1)
RECORD = record(FIRST, UNTIL)
PEOPLE = [Signer("Els", ELS.verifier), Signer("Tom", TOM.verifier)]


def changed(old: str, new: str) -> bytes:
    assert RECORD.count(old.encode()) >= 1
    return RECORD.replace(old.encode(), new.encode())


@pytest.mark.requirement("R130")
def test_a_record_that_two_people_signed_is_one_case_on_its_duty() -> None:
    found, by = verify(RECORD, signed(RECORD), PEOPLE)
    assert (found.number, found.case.id) == (NUMBER, NUMBER)
    assert found.case.citation == found.duty
    assert found.duty.article == "5.1.2"
    assert {signer.person for signer in by} == {"Els", "Tom"}
    assert is_number(found.case.id)
    assert not any(is_number(case.id) for case in parse_list(SHIPPED.read_bytes()).cases)


def test_it_runs_from_the_first_midnight_in_brussels_to_the_last() -> None:
    found, moment = parse(RECORD), timedelta(microseconds=1)
    assert [found.runs(midnight(FIRST) - moment), found.runs(midnight(FIRST))] == [False, True]
    assert [found.runs(midnight(UNTIL) - moment), found.runs(midnight(UNTIL))] == [True, False]


WRONG = {
    "no duty": ("[duty]", "[duties]"),
    "an empty duty": ('article = "5.1.2"', 'article = " "'),
    "a duty of an act without a name": ('act = "Energiedecreet van 8 mei 2009"', 'act = ""'),
    "a duty of a draft": ('"5.1.2"\nstatus = "enacted"', '"5.1.2"\nstatus = "draft"'),
    "no reason": ("why_nl", "why_fr"),
    "an empty reason": ('why_nl = "Zonder', 'why_nl = ""\n# "'),
    "another number than its case": (f'number = "{NUMBER}"', 'number = "necessity/other"'),
    "the id of a case of the list": (NUMBER, "fraud-month-totals"),
    "a number with an access point in it": (NUMBER, "necessity/541448912345678906"),
    "a number of two lines": (NUMBER, "necessity/a\\nb"),
    "a term that ends before it begins": (f'"{UNTIL}"', '"2025-12-31"'),
    "a term of no day": (f'"{UNTIL}"', f'"{FIRST}"'),
    "a term too long": (f'"{UNTIL}"', f'"{FIRST + LONGEST + timedelta(days=1)}"'),
    "no day": (f'"{UNTIL}"', '"2026-02-30"'),
    "two cases": ("[[case]]\n", "[[case]]\n[[case]]\n"),
    "a case that is no list": ("[[case]]\n", "[case]\n"),
    "another format": ("format = 1", "format = 2"),
    "an unknown member": ("format = 1", "format = 1\nmore = 1"),
    "research that gets rows": ('purpose = "fraud_detection"', 'purpose = "research"'),
    "rows without a legal basis": ('basis = "dso_fraud_detection"', 'basis = ""'),
    "customers who ask": ('roles = ["dso"]', 'roles = ["customer"]'),
}


@pytest.mark.requirement("R130")
@pytest.mark.parametrize("case", WRONG)
def test_a_record_with_one_wrong_line_is_no_record_and_is_not_signed(case: str) -> None:
    content = changed(*WRONG[case])
    with pytest.raises(NecessityError):
        parse(content)
    with pytest.raises(NecessityError):
        sign(content, None, ELS)


@pytest.mark.parametrize(
    "content", [b"", b"\xff", b"x = [" * 4000, RECORD + b"#" * LARGEST], ids=["none", "bytes", "deep", "long"]
)
def test_what_is_no_record_is_refused(content: bytes) -> None:
    with pytest.raises(NecessityError):
        parse(content)


SECOND_OF_ELS = SigningKey("house.example/signer-11", secrets.token_bytes(32))
STRANGER = SigningKey("stranger.example/signer-1", secrets.token_bytes(32))
SAME_NAME = SigningKey(TOM.name, secrets.token_bytes(32))
NOTES = {
    "one person": signed(RECORD, ELS),
    "the same person twice": signed(RECORD, ELS) + signed(RECORD, ELS).split(b"\n\n")[1],
    "two keys of one person": signed(RECORD, ELS, SECOND_OF_ELS),
    "a stranger": signed(RECORD, ELS, STRANGER),
    "a stranger under a known name": signed(RECORD, ELS, SAME_NAME),
    "a signature of something else": signed(RECORD, ELS)
    + signed(changed("5.1.2", "5.1.3"), TOM).split(b"\n\n")[1],
    "another version of the number": signed(changed("5.1.2", "5.1.3")),
    "a note of something else": sign_note("databeheer-joins/v1\n2\nx\n", [ELS, TOM]),
    "no note": b"x",
    "no bytes": b"",
    "CR LF": signed(RECORD).replace(b"\n", b"\r\n"),
    "a long note": signed(RECORD) + b"x" * LARGEST,
}


@pytest.mark.requirement("R130")
@pytest.mark.parametrize("case", NOTES)
def test_without_two_different_people_under_these_very_bytes_nothing_counts(case: str) -> None:
    # Capitals, a letter of mathematics, an accent, and a mark that nobody sees: still Els.
    people = [*PEOPLE, Signer("\U0001d404\u0301L\u200dS", SECOND_OF_ELS.verifier)]
    verify(RECORD, signed(RECORD), people)
    with pytest.raises(NecessityError):
        verify(RECORD, NOTES[case], people)


def test_a_key_that_counts_no_more_counts_for_nothing() -> None:
    with pytest.raises(NecessityError):
        verify(RECORD, signed(RECORD), PEOPLE[:1])


def test_what_the_list_has_keeps_the_lists_limits() -> None:
    assert is_listed(parse_list(SHIPPED.read_bytes()), parse(RECORD).case)
    assert not is_listed(parse_list(WITHOUT), parse(RECORD).case)


def test_two_people_sign_on_machines_of_their_own(tmp_path: Path) -> None:
    place, note = tmp_path / "record.toml", tmp_path / "record.note"
    place.write_bytes(RECORD)
    keys = []
    for name in ("els", "tom", "tom"):
        options = ["--key", str(tmp_path / name), "--name", f"house.example/{name}"]
        answer = CliRunner().invoke(cli, ["oversight", "sign-necessity", str(place), *options])
        assert answer.exit_code == 0, answer.output
        keys.append(VerifierKey.parse(answer.stdout.strip()))
    verify(RECORD, note.read_bytes(), [Signer("Els", keys[0]), Signer("Tom", keys[1])])
    assert note.read_bytes().count("\u2014".encode()) == 2
    before = note.read_bytes()
    place.write_bytes(changed("5.1.2", "5.1.3"))
    answer = CliRunner().invoke(cli, ["oversight", "sign-necessity", str(place), *options])
    assert answer.exit_code != 0
    assert note.read_bytes() == before
