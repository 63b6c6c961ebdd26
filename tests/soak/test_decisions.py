"""The full counts for decisions: a hundred thousand random worlds, as the brute force and as SQL have them."""

from __future__ import annotations

import pytest

from tests.databases import Database
from tests.databeheer.access.agreeing import require_agreement
from tests.databeheer.access.in_sql import require_agreement_in_sql

WORLDS = 100_000
A_TIME = 1000


@pytest.mark.parametrize("first", range(0, WORLDS, A_TIME))
def test_the_decision_is_the_brute_forces(first: int) -> None:
    for seed in range(first, first + A_TIME):
        require_agreement(seed)


def test_the_decision_is_what_sql_says(database: Database) -> None:
    for first in range(0, WORLDS, A_TIME):
        require_agreement_in_sql(database.url("superuser"), range(first, first + A_TIME))
