"""Each condition of the catalogue is taken away in turn: the actor table must notice, or it shows nothing."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace

import pytest

from databeheer.access import by_consent, by_law, ground, grounds
from databeheer.access.bases import Carrier, Catalogue, Requirement, Row
from databeheer.access.intervals import ALL_TIME
from databeheer.access.reasons import ReasonCode
from databeheer.values import Direction, Granularity, Purpose
from tests.databeheer.access.actors import ACTORS, Case, cases_of, check
from tests.databeheer.access.people import CATALOGUE

CASES = {actor.code: tuple(cases_of(actor)) for actor in ACTORS}
FINEST, COARSEST = Granularity.QUARTER_HOUR, Granularity.MONTH


def without(row: Row, requirement: Requirement) -> Row:
    return replace(row, requires=row.requires - {requirement})


def mutants(row: Row) -> list[tuple[str, Row]]:
    """A row with each thing about it changed in turn."""
    found: list[tuple[str, Row]] = []
    # A task's record of necessity is its carrier: the code holds that, see CODE below.
    fixed = {Requirement.NECESSITY} if row.carrier is Carrier.TASK else set()
    found += [(f"{row.code} without {one}", without(row, one)) for one in sorted(row.requires - fixed)]
    if "readings" in row.categories:
        if row.ceiling is not FINEST:
            found.append((f"{row.code} finer", replace(row, ceiling=FINEST)))
        if row.ceiling is not COARSEST:
            found.append((f"{row.code} coarser", replace(row, ceiling=COARSEST)))
    if row.ceiling_without_necessity is not None:
        found.append((f"{row.code} fine without a record", replace(row, ceiling_without_necessity=FINEST)))
    for category in sorted(
        {"readings", "technical", "relational", "supply_quality", "records"} - row.categories
    ):
        wide = replace(row, categories=row.categories | {category})
        found.append((f"{row.code} with {category}", wide))
    found += [
        (f"{row.code} less {category}", replace(row, categories=row.categories - {category}))
        for category in sorted(row.categories)
    ]
    if row.basis != "own":
        found.append(
            (f"{row.code} for own insight", replace(row, purposes=row.purposes | {Purpose.OWN_INSIGHT}))
        )
    if "readings" in row.categories:
        found += [
            (f"{row.code} less {one}", replace(row, directions=row.directions - {one})) for one in Direction
        ]
    return found


def with_row(changed: Row) -> Catalogue:
    rows = tuple(changed if row.code == changed.code else row for row in CATALOGUE.rows)
    return replace(CATALOGUE, rows=rows)


def fails(case: Case, catalogue: Catalogue) -> bool:
    try:
        check(case, catalogue)
    except AssertionError:
        return True
    return False


@pytest.mark.parametrize("row", CATALOGUE.rows, ids=lambda row: row.code)
def test_the_table_notices_when_a_condition_of_a_row_is_gone(row: Row) -> None:
    unnoticed = [
        what
        for what, changed in mutants(row)
        if not any(fails(case, with_row(changed)) for case in CASES[changed.code])
    ]
    assert unnoticed == []


@pytest.mark.parametrize("row", CATALOGUE.rows, ids=lambda row: row.code)
def test_the_table_notices_when_a_row_is_gone(row: Row) -> None:
    mutant = replace(CATALOGUE, rows=tuple(one for one in CATALOGUE.rows if one is not row))
    assert any(fails(case, mutant) for case in CASES[row.code])


def test_the_table_notices_another_age_of_a_dpia() -> None:
    for years in (1, 3):
        mutant = replace(CATALOGUE, dpia_years=years)
        assert any(fails(case, mutant) for case in CASES["regulator"])


def nothing(*_: object, **__: object) -> None:
    return None


def _anything_by_task(case: ground.Case, row: Row) -> Iterator[ground.Ground]:
    yield by_law._statutory(case, row, "task", ALL_TIME, ReasonCode.NO_LEGAL_BASIS)


CODE: list[tuple[object, str, object]] = [
    (by_consent, "_state_problem", nothing),
    (by_consent, "_death_problem", nothing),
    (by_consent, "restore_problem", nothing),
    (by_law, "restore_problem", nothing),
    (by_consent, "_block_problem", nothing),
    (by_consent, "_gap_limit", lambda *_: ()),
    (by_consent, "_mandate_problem", nothing),
    (by_consent, "_has_signed", lambda *_: True),
    (by_consent, "_signature_limit", lambda *_: ()),
    (by_consent, "_contract_limits", lambda *_: ()),
    (by_consent, "is_accepted", lambda *_: True),
    (by_consent, "party_problem", nothing),
    (by_consent, "measure_problem", nothing),
    (by_consent, "stop_problem", nothing),
    (by_consent, "validity_problem", nothing),
    (by_law, "is_accepted", lambda *_: True),
    (by_law, "is_dead", lambda *_: False),
    (by_law, "party_problem", nothing),
    (by_law, "measure_problem", nothing),
    (by_law, "stop_problem", nothing),
    (by_law, "validity_problem", nothing),
    (by_law, "notice_limit", lambda *_: ()),
    (by_law, "_authorising", lambda case, _: next(iter(case.facts.authorisations), None)),
    (grounds, "_is_who_asks", lambda _: True),
    (sys.modules["databeheer.access.decide"], "cut_slots", lambda *_: ()),
]


@pytest.mark.parametrize(
    ("module", "name", "mutant"), CODE, ids=lambda one: getattr(one, "__name__", str(one))
)
def test_the_table_notices_when_a_rule_of_the_code_is_gone(
    monkeypatch: pytest.MonkeyPatch, module: object, name: str, mutant: object
) -> None:
    monkeypatch.setattr(module, name, mutant)
    assert any(fails(case, CATALOGUE) for cases in CASES.values() for case in cases)


def test_the_table_notices_when_a_task_needs_no_record(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(by_law._BY_CARRIER, Carrier.TASK, _anything_by_task)
    for row in CATALOGUE.rows:
        if row.carrier is Carrier.TASK:
            assert any(fails(case, CATALOGUE) for case in CASES[row.code])


def test_unchanged_the_catalogue_passes() -> None:
    assert not any(fails(case, CATALOGUE) for cases in CASES.values() for case in cases)
