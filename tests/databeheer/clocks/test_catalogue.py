"""The catalogue of clocks as shipped, and every way in which one can be wrong."""

from __future__ import annotations

import pytest

from databeheer.clocks import Actor, ClockCatalogueError, Term, Unit, UnknownClockError, shipped
from databeheer.clocks.catalogue import SHIPPED, parse
from tests.requirements_register import load_requirements

MINIMAL = """
version = "7"

[[clock]]
kind = "port_execution"
requirements = ["R55"]
actor = "grid_operator"
term = { amount = 24, unit = "hour" }
given_by = ""
about = "request"
task_nl = "Openen."
task_en = "Open."
from_nl = "de klik"
from_en = "the click"
missed_nl = "Op de lijst."
missed_en = "On the list."
started_by = ["port.requested"]
met_by = ["port.executed"]
dropped_by = []
[[clock.sources]]
act = "Besluit"
version = "2018"
article = "3.1.80"
status = "draft"
"""


def test_the_smallest_catalogue_is_read() -> None:
    (kind,) = parse(MINIMAL.encode()).kinds
    assert (kind.kind, kind.actor, kind.term) == ("port_execution", Actor.GRID_OPERATOR, Term(24, Unit.HOUR))


def test_any_byte_changes_the_version() -> None:
    assert parse(MINIMAL.encode()).version != parse((MINIMAL + "\n").encode()).version
    assert parse(MINIMAL.encode()).version.startswith("7-")


@pytest.mark.parametrize(
    ("kind", "term"),
    [
        ("port_execution", Term(24, Unit.HOUR)),
        ("doubt_contact", Term(1, Unit.WORKING_DAY)),
        ("doubt_evidence", Term(72, Unit.HOUR)),
        ("doubt_unblock", Term(1, Unit.WORKING_DAY)),
        ("doubt_party_report", Term(1, Unit.WORKING_DAY)),
        ("breach_notice", Term(72, Unit.HOUR)),
        ("mandate_sample", Term(14, Unit.CALENDAR_DAY)),
        ("history_request", Term(15, Unit.WORKING_DAY)),
        ("dpia_validity", Term(2, Unit.YEAR)),
        ("measures_test", Term(6, Unit.MONTH)),
        ("measures_file", Term(1, Unit.YEAR)),
        ("register_review", Term(6, Unit.MONTH)),
        ("process_review", Term(3, Unit.YEAR)),
        ("recording_deletion", Term(1, Unit.MONTH)),
        ("comparison_profile", Term(5, Unit.YEAR)),
        ("supplier_switch", Term(24, Unit.HOUR)),
        ("erasure_request", Term(1, Unit.MONTH)),
    ],
)
def test_the_terms_are_those_of_the_clock_table(kind: str, term: Term) -> None:
    assert shipped().get(kind).term == term


def test_every_clock_measures_a_requirement_that_exists() -> None:
    known = load_requirements().keys()
    for kind in shipped().kinds:
        assert kind.requirements, kind.kind
        assert set(kind.requirements) <= known, kind.kind


def test_what_is_not_in_it_is_no_clock() -> None:
    with pytest.raises(UnknownClockError):
        shipped().get("coffee_break")


@pytest.mark.parametrize(
    ("part", "instead"),
    [
        ('version = "7"\n\n', ""),
        ('version = "7"', "version = 7"),
        ('version = "7"', 'version = "7"\nspare = 1'),
        ("[[clock]]", "[clock]"),
        ('kind = "port_execution"\n', ""),
        ("port_execution", "Port execution"),
        ("port_execution", "a" * 41),
        ('about = "request"', 'about = "the request"'),
        ('about = "request"\n', ""),
        ('requirements = ["R55"]\n', ""),
        ('["R55"]', '["55"]'),
        ('["R55"]', '["R55", "R55"]'),
        ('["R55"]', '"R55"'),
        ('actor = "grid_operator"\n', ""),
        ('"grid_operator"', '"somebody"'),
        ("amount = 24", "amount = 0"),
        ("amount = 24", "amount = -1"),
        ("amount = 24", "amount = 10001"),
        ("amount = 24", "amount = 24.0"),
        ("amount = 24", "amount = true"),
        ("amount = 24, ", ""),
        ('unit = "hour"', 'unit = "week"'),
        ('unit = "hour"', 'unit = "hour", more = 1'),
        ('term = { amount = 24, unit = "hour" }', 'term = "24 hours"'),
        ('given_by = ""\n', ""),
        ('given_by = ""', "given_by = 1"),
        ('task_nl = "Openen."\n', ""),
        ('task_en = "Open."', 'task_en = " "'),
        ('from_nl = "de klik"', "from_nl = 3"),
        ('missed_en = "On the list."\n', ""),
        ('["port.requested"]', '["requested"]'),
        ('["port.requested"]', "[]"),
        ('["port.executed"]', "[]"),
        ('["port.executed"]', "[1]"),
        ("dropped_by = []\n", ""),
        ("dropped_by = []", 'dropped_by = ["port.executed"]'),
        ("dropped_by = []", "dropped_by = []\nspare = true"),
        ('status = "draft"', 'status = "rumour"'),
        ('status = "draft"', ""),
        ('article = "3.1.80"', 'article = ""'),
        ("[[clock.sources]]", "[clock.sources]"),
        ("[[clock.sources]]", "[[clock.source]]"),
    ],
)
def test_a_catalogue_with_one_thing_wrong_is_none(part: str, instead: str) -> None:
    assert part in MINIMAL
    with pytest.raises(ClockCatalogueError):
        parse(MINIMAL.replace(part, instead, 1).encode())


@pytest.mark.parametrize("content", [b"", b"\xff", b"version = ", b'version = "1"\nclock = []'])
def test_what_is_no_catalogue_is_refused(content: bytes) -> None:
    with pytest.raises(ClockCatalogueError):
        parse(content)


def test_a_name_stands_once() -> None:
    twice = MINIMAL + MINIMAL.partition("\n\n")[2]
    with pytest.raises(ClockCatalogueError):
        parse(twice.encode())


def test_the_shipped_one_says_at_its_head_what_every_key_means() -> None:
    head = SHIPPED.read_text().partition("version =")[0]
    for key in (
        "kind",
        "requirements",
        "actor",
        "term",
        "given_by",
        "about",
        "task",
        "from",
        "missed",
        "sources",
    ):
        assert key in head
