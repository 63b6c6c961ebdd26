"""Ten million grants: a decision among them costs less than half as much again as among a hundred thousand."""

from __future__ import annotations

from tests.bench.bench_access_stored import SMALL, grown

MOST = 10_000_000


def test_a_decision_among_ten_million_grants_costs_little_more_than_among_a_hundred_thousand() -> None:
    row = grown("access-growth", SMALL, MOST)
    assert row.holds, row
