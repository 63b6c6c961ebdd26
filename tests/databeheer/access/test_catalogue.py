"""The catalogue as shipped, and every way in which a catalogue can be wrong."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from databeheer.access.bases import BasisKind, CeilingBy, CitationStatus
from databeheer.access.catalogue import SHIPPED, CatalogueError, load, parse
from databeheer.values import Granularity, Purpose, Role
from tests.databeheer.access.people import CATALOGUE

TEXT = SHIPPED.read_text(encoding="utf-8")

MINIMAL = """
version = "7"
dpia_years = 2

[[row]]
number = 5
code = "supplier"
actor_role = "supplier"
basis = "law"
carrier = "supply_contract"
purposes = ["billing"]
categories = ["readings"]
directions = ["offtake"]
ceiling = "month"
ceiling_by = "law"
requires = ["accepted_contract", "contract_period", "occupancy", "notice"]
states = ["READ"]
sentence_nl = "Zo staat het in de wet."
sentence_en = "The law says so."

[[row.citations]]
act = "Energiedecreet"
version = "2019"
article = "4.1.22/7"
status = "enacted"
"""


MINIMAL_REQUIRES = 'requires = ["accepted_contract", "contract_period", "occupancy", "notice"]'


def test_the_smallest_catalogue_is_read() -> None:
    (row,) = parse(MINIMAL.encode()).rows
    assert (row.code, row.ceiling, str(row.citation)) == (
        "supplier",
        Granularity.MONTH,
        "artikel 4.1.22/7 Energiedecreet",
    )


def test_the_catalogue_has_a_row_for_every_role_and_for_every_purpose() -> None:
    excluded = {refusal.actor_role for refusal in CATALOGUE.refusals if refusal.of_role}
    assert {row.actor_role for row in CATALOGUE.rows} == set(Role) - excluded
    assert {purpose for row in CATALOGUE.rows for purpose in row.purposes} == set(Purpose)


def test_no_two_rows_compete_for_one_purpose_of_one_role() -> None:
    held = [(row.actor_role, purpose) for row in CATALOGUE.rows for purpose in row.purposes]
    assert len(held) == len(set(held))


@pytest.mark.requirement("R63")
def test_values_that_are_not_validated_never_leave_and_a_bill_rests_on_no_estimate() -> None:
    assert all("NVAL" not in row.states for row in CATALOGUE.rows)
    assert CATALOGUE.row("supplier").states == {"READ", "VAL", "NONE"}
    assert "EST" in CATALOGUE.row("energy_service").states


@pytest.mark.requirement("R12")
def test_every_service_asks_for_a_data_access_contract() -> None:
    services = (Role.ENERGY_SERVICE, Role.SUPPLIER_SERVICE, Role.AGGREGATOR)
    consents = [row for row in CATALOGUE.rows if row.actor_role in services]
    assert {row.basis for row in consents} == {BasisKind.CONSENT}
    assert all("data_access_contract" in row.requires for row in consents)


def test_every_row_leads_with_an_enacted_article_and_names_the_version_it_read() -> None:
    for row in CATALOGUE.rows:
        assert row.citation.status is CitationStatus.ENACTED, row.code
        for citation in row.citations:
            assert ("ontwerp" in citation.version) is (citation.status is CitationStatus.DRAFT)
            assert ("(ontwerp)" in str(citation)) is (citation.status is CitationStatus.DRAFT)


def test_a_ceiling_that_no_law_fixes_says_so() -> None:
    by_law = {row.code for row in CATALOGUE.rows if row.ceiling_by is CeilingBy.LAW}
    # Of an authority and a public body the authorising law says how fine.
    assert by_law == {
        "data_management",
        "dso_grid_management",
        "own",
        "own_by_representative",
        "own_person_concerned",
        "supplier",
        "supplier_dynamic_price",
        "authority",
        "public_body",
    }


def test_a_customer_is_addressed_politely_and_without_a_placeholder() -> None:
    for row in CATALOGUE.rows:
        assert row.sentence_nl.endswith(".")
        assert not re.search(r"[{}]|\bje\b|\bjij\b|\bjouw\b", row.sentence_nl.lower())
        assert re.search(r"\b(u|uw)\b", row.sentence_nl.lower()), row.code


def test_the_version_names_the_content_to_the_byte(tmp_path: Path) -> None:
    changed = tmp_path / "catalogue.toml"
    changed.write_text(TEXT + "# a remark\n", encoding="utf-8")
    assert load(changed).version != CATALOGUE.version
    assert load().version == CATALOGUE.version


@pytest.mark.requirement("R2")
def test_an_unknown_actor_role_is_refused() -> None:
    with pytest.raises(CatalogueError, match="row supplier"):
        parse(MINIMAL.replace('actor_role = "supplier"', 'actor_role = "neighbour"').encode())


@pytest.mark.requirement("R10")
@pytest.mark.parametrize(
    "purpose",
    sorted(set(Purpose) - {Purpose.GRID_MANAGEMENT, Purpose.SUPPLY_QUALITY, Purpose.FRAUD_DETECTION}),
)
def test_a_grid_operator_cannot_be_given_a_commercial_purpose(purpose: Purpose) -> None:
    wrong = TEXT.replace('purposes = ["grid_management"]', f'purposes = ["grid_management", "{purpose}"]')
    with pytest.raises(CatalogueError, match=r"4\.1\.8/4"):
        parse(wrong.encode())


@pytest.mark.requirement("R63")
def test_a_row_that_would_release_unvalidated_values_is_refused() -> None:
    with pytest.raises(CatalogueError, match="never leave"):
        parse(MINIMAL.replace('["READ"]', '["READ", "NVAL"]').encode())


REPLACED = [
    ('code = "supplier"', 'code = ""'),
    ('code = "supplier"', "code = 3"),
    ('code = "supplier"', 'code = "supplier"\ncolour = "blue"'),
    ('basis = "law"', 'basis = "custom"'),
    ('basis = "law"', 'basis = "consent"'),
    ('basis = "law"', 'basis = "own"'),
    ('actor_role = "supplier"', 'actor_role = "grid_user"'),
    ('carrier = "supply_contract"', 'carrier = "permission"'),
    ('carrier = "supply_contract"', 'carrier = "task"'),
    ('carrier = "supply_contract"', 'carrier = ["task"]'),
    ('purposes = ["billing"]', "purposes = []"),
    ('purposes = ["billing"]', 'purposes = "billing"'),
    ('purposes = ["billing"]', 'purposes = ["billing", "billing"]'),
    ('purposes = ["billing"]', 'purposes = ["marketing"]'),
    ('purposes = ["billing"]', "purposes = [1]"),
    ('categories = ["readings"]', 'categories = ["names"]'),
    ('directions = ["offtake"]', 'directions = ["sideways"]'),
    ('directions = ["offtake"]', "directions = []"),
    ('ceiling = "month"', 'ceiling = "second"'),
    ('ceiling = "month"', "ceiling = 1"),
    ('ceiling = "month"', 'ceiling = "month"\nceiling_without_necessity = "day"'),
    ('ceiling = "month"', 'ceiling = "day"\nceiling_without_necessity = "month"'),
    ('ceiling_by = "law"', 'ceiling_by = "custom"'),
    (MINIMAL_REQUIRES, 'requires = ["a nod"]'),
    (MINIMAL_REQUIRES, 'requires = ["necessity"]'),
    (MINIMAL_REQUIRES, MINIMAL_REQUIRES.replace(', "notice"', "")),
    (MINIMAL_REQUIRES, MINIMAL_REQUIRES.replace(', "occupancy"', "")),
    ('sentence_en = "The law says so."', 'sentence_en = "The law says so."\nwithout_notice = "because"'),
    ('states = ["READ"]', 'states = ["read"]'),
    ('states = ["READ"]', "states = []"),
    ('sentence_nl = "Zo staat het in de wet."', 'sentence_nl = " "'),
    ('sentence_en = "The law says so."', ""),
    ('act = "Energiedecreet"', 'act = ""'),
    ('article = "4.1.22/7"', ""),
    ('article = "4.1.22/7"', 'article = "4.1.22/7"\npage = "9"'),
    ('status = "enacted"', 'status = "rumoured"'),
    ('version = "7"', ""),
    ('version = "7"', "version = 7"),
    ('version = "7"', 'version = "7"\nauthor = "somebody"'),
    ('version = "7"', 'version = "7'),
]


@pytest.mark.parametrize(("old", "new"), REPLACED)
def test_a_catalogue_with_one_thing_wrong_stops_the_start(old: str, new: str) -> None:
    assert old in MINIMAL
    with pytest.raises(CatalogueError):
        parse(MINIMAL.replace(old, new, 1).encode())


KEYS = re.findall(r"^(\w+) = ", MINIMAL, re.MULTILINE)


@pytest.mark.parametrize("index", range(len(KEYS)), ids=KEYS)
def test_nothing_may_be_left_out(index: int) -> None:
    lines = [line for line in MINIMAL.splitlines() if " = " in line]
    with pytest.raises(CatalogueError):
        parse(MINIMAL.replace(lines[index], "", 1).encode())


@pytest.mark.parametrize(
    "text",
    [
        "",
        'version = "1"',
        'version = "1"\nrow = []',
        'version = "1"\nrow = "all"',
        'version = "1"\nrow = ["all"]',
        MINIMAL.split("[[row.citations]]", maxsplit=1)[0],
        MINIMAL.split("[[row.citations]]", maxsplit=1)[0] + "citations = []",
        MINIMAL.split("[[row.citations]]", maxsplit=1)[0] + 'citations = ["4.1.22/7"]',
        MINIMAL + MINIMAL.split("\n", maxsplit=2)[2],
    ],
)
def test_a_catalogue_without_rows_or_citations_or_with_a_row_twice_is_refused(text: str) -> None:
    with pytest.raises(CatalogueError):
        parse(text.encode())


def test_bytes_that_are_not_utf_8_are_refused() -> None:
    with pytest.raises(CatalogueError):
        parse(b'version = "\xff"')
