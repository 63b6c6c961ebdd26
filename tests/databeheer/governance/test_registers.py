"""The registers as data: each is whole, names what exists, and a malformed one stops the start."""

from __future__ import annotations

from pathlib import Path

import pytest

from databeheer import clocks
from databeheer.governance.labels import Label
from databeheer.governance.page import page
from databeheer.governance.registers import FieldKind, RegistersError, load, shipped
from databeheer.registry.conditions import Clause

ONE = """
[[register]]
code = "risk"
nl = "Risico's"
en = "Risks"
requirements = ["R117"]
label = "C3"
topic = "risks"
about = "house"
fields = [ { name = "title", kind = "text", nl = "Risico" } ]
"""


def test_a_register_is_read() -> None:
    assert load(ONE).get("risk").field("title").kind is FieldKind.TEXT


@pytest.mark.parametrize(
    ("good", "bad"),
    [
        ('code = "risk"', 'code = "Risk!"'),
        ('label = "C3"', 'label = "C5"'),
        ('"risks"', '"everything"'),
        ('["R117"]', "[]"),
        ('about = "house"', 'about = "everybody"'),
        ('about = "house"', 'about = "house"\nwithin = "nothing"'),
        ('about = "house"', 'about = "house"\nclock = "record_due"'),
        ('about = "house"', 'about = "house"\nclock = "record_due"\nfrom = "nothing"'),
        ('about = "house"', 'about = "house"\nclock = "no_such_clock"\nfrom = "title"'),
        ('about = "house"', 'about = "house"\nsurprise = 1'),
        ('kind = "text"', 'kind = "picture"'),
        ('kind = "text"', 'kind = "text", surprise = 1'),
        ('kind = "text"', 'kind = "record"'),
        ('kind = "text"', 'kind = "record", of = "nothing"'),
        ('kind = "text"', 'kind = "choice"'),
        ('kind = "text"', 'kind = "day", after = "nothing"'),
        ("[[register]]", "[[register]"),
    ],
)
def test_one_that_is_malformed_is_named_and_stops_the_start(good: str, bad: str) -> None:
    with pytest.raises((RegistersError, clocks.UnknownClockError)):
        load(ONE.replace(good, bad))


def test_one_register_twice_stops_the_start() -> None:
    with pytest.raises(RegistersError, match="twice"):
        load(ONE + ONE)


@pytest.mark.requirement("R154")
def test_each_register_has_one_of_the_four_labels_and_breaches_are_for_named_persons_only() -> None:
    registers = shipped().by_code.values()
    assert {one.label for one in registers} == set(Label)
    assert all(one.label is Label.C4 for one in registers if one.code.startswith("breach"))


@pytest.mark.requirement("R123")
def test_an_agreement_has_a_field_for_each_of_the_ten_clauses_that_only_yes_fills() -> None:
    agreement = shipped().get("agreement")
    assert len(Clause) == 10
    assert all(agreement.field(clause.value).kind is FieldKind.YES for clause in Clause)


def test_each_clock_of_a_register_is_told_of_by_the_entries_of_that_register() -> None:
    for one in shipped().by_code.values():
        if one.clock:
            kind = clocks.shipped().get(one.clock)
            assert {one.counts_by} <= set(kind.started_by) & set(kind.met_by), one.code
            if one.outcomes:
                assert f"{one.code}.closed" in kind.met_by, one.code


def test_the_reference_page_is_made_from_the_registers_of_now() -> None:
    told = (Path(__file__).resolve().parents[3] / "docs" / "reference" / "registers.md").read_text(
        encoding="utf-8"
    )
    assert told == page(shipped()), "python -m databeheer.governance.page > docs/reference/registers.md"
