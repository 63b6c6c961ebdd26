"""The table of R90: on which way a history goes, by what hangs at the home."""

from __future__ import annotations

from datetime import date

import pytest

from databeheer.registry.history_routes import ROUTES, Meter, MeterKind, Route, first_day, route

DIGITAL, REMOTE, BY_HAND, UNKNOWN = Meter(True), Meter(False, True), Meter(False, False), Meter(None)


@pytest.mark.requirement("R90")
@pytest.mark.parametrize(
    ("meters", "way"),
    [
        ([DIGITAL], Route.PORTAL),
        ([REMOTE], Route.WEBSITE),
        ([BY_HAND], Route.LETTER),
        ([UNKNOWN], Route.LETTER),
        ([Meter(False)], Route.LETTER),
        ([Meter(None, True)], Route.LETTER),
        ([], Route.LETTER),
        ([DIGITAL, DIGITAL], Route.PORTAL),
        ([DIGITAL, REMOTE], Route.WEBSITE),
        ([REMOTE, BY_HAND], Route.LETTER),
        ([DIGITAL, UNKNOWN], Route.LETTER),
    ],
)
def test_a_history_goes_on_the_way_of_the_least_meter(meters: list[Meter], way: Route) -> None:
    assert route(meters) is way


@pytest.mark.requirement("R90")
@pytest.mark.parametrize(
    ("today", "first"),
    [
        ("2026-11-22", "2023-12-01"),
        ("2026-12-31", "2024-01-01"),
        ("2026-11-01", "2023-11-01"),
        ("2028-02-29", "2025-03-01"),
    ],
)
def test_every_kind_of_meter_has_its_way_and_none_reaches_back_more_than_three_years(
    today: str, first: str
) -> None:
    assert set(ROUTES) == set(MeterKind)
    assert first_day(date.fromisoformat(today)) == date.fromisoformat(first)
