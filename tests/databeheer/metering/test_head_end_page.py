"""The page about the head-end's batches names every column, member and code there is, and its example is taken in."""

from __future__ import annotations

from pathlib import Path

import pytest

from databeheer.metering.batches import manifest
from databeheer.metering.batches.problems import BatchProblem, RowProblem
from databeheer.metering.batches.reading import COLUMNS
from databeheer.metering.states import Unit

PAGE = (Path(__file__).resolve().parents[3] / "docs/reference/head-end-batch.md").read_text()


@pytest.mark.parametrize("name", [*COLUMNS, *manifest._MEMBERS, *BatchProblem, *Unit])
def test_every_name_is_on_the_page(name: str) -> None:
    assert f"`{name}`" in PAGE


@pytest.mark.parametrize("problem", RowProblem)
def test_every_problem_of_a_row_is_on_the_page_with_its_remedy(problem: RowProblem) -> None:
    assert f"| `{problem.slug}` | {problem.remedy} |" in PAGE


def test_the_limits_are_on_the_page() -> None:
    assert f"at most {manifest.MOST_ROWS:,}" in PAGE
    assert f"at most {manifest.MOST_DAYS} days" in PAGE
    assert f"at most {manifest.LARGEST_DATA // 2**30} GiB" in PAGE
