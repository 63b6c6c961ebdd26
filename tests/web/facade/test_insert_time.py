"""`periodType=insertTime`: what came in during the window, whenever it was metered."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from databeheer.door.client import DoorRefusedError
from databeheer.values import format_instant
from tests.databeheer.metering.builders import Row, day_rows, english
from tests.house import Customer, Party, TheHouse
from tests.web.facade.calling import EAN, energy, get, mandate_of
from tests.web.programs import Caller, caller

OF_LOTTE = Row().but(ean=f'="{EAN}"')
FIRST, SECOND = date(2023, 10, 16), date(2023, 10, 17)


def inserted(party: Caller, **window: str) -> list[str]:
    """The starts of the days of which something came in during the window."""
    query = {"ean": EAN, "periodType": "insertTime", "granularity": "daily", **window}
    answer = get(party, "/esco/v3/api/mandate/energy", query)
    assert answer.status_code == 200
    point = answer.get_json()["data"]["headpoint"]
    return [] if point is None else [one["start"] for one in point["physicalMeters"][0]["dailyEnergy"]]


def test_a_client_asks_what_came_in_since_it_last_asked(
    house: TheHouse, bram_fluvius: Caller, lotte: Customer
) -> None:
    mandate_of(bram_fluvius, lotte)
    house.ingest(english(*day_rows(FIRST, row=OF_LOTTE)))
    before = format_instant(house.clock.now() + timedelta(seconds=1))
    assert inserted(bram_fluvius) == ["2023-10-15T22:00:00Z"]
    house.clock.advance(timedelta(days=3))
    house.ingest(english(*day_rows(SECOND, row=OF_LOTTE)))
    later = format_instant(house.clock.now() - timedelta(hours=1))
    party = caller(bram_fluvius.http.application, bram_fluvius.party, "facade")
    assert inserted(party, **{"from": later}) == ["2023-10-16T22:00:00Z"]
    assert inserted(party, to=before) == ["2023-10-15T22:00:00Z"]
    assert inserted(party) == ["2023-10-15T22:00:00Z", "2023-10-16T22:00:00Z"]
    house.clock.advance(timedelta(days=3))
    party = caller(bram_fluvius.http.application, bram_fluvius.party, "facade")
    assert inserted(party, **{"from": format_instant(house.clock.now())}) == []
    # A correction comes in anew, with the day that it corrects.
    corrected = [row.but(volume="0,009") for row in day_rows(FIRST, row=OF_LOTTE)]
    house.ingest(english(*corrected))
    assert inserted(party, **{"from": format_instant(house.clock.now())}) == ["2023-10-15T22:00:00Z"]


def test_what_came_in_is_clipped_to_the_mandate_as_ever(
    house: TheHouse, bram_fluvius: Caller, lotte: Customer
) -> None:
    service = [{"dataServiceType": "VH_dag", "dataPeriodFrom": "2023-10-17T00:00:00+02:00"}]
    mandate_of(bram_fluvius, lotte, dataServices=service)
    for day in (FIRST, SECOND):
        house.ingest(english(*day_rows(day, row=OF_LOTTE)))
    assert inserted(bram_fluvius) == ["2023-10-16T22:00:00Z"]


def test_without_a_mandate_it_is_forbidden_as_ever(bram_fluvius: Caller, lotte: Customer) -> None:
    assert energy(bram_fluvius, periodType="insertTime").status_code == 403


@pytest.mark.parametrize(
    "window",
    [
        {"inserted_from": "2023-10-16T00:00:00Z"},
        {"inserted_until": "2023-10-16T00:00:00Z"},
        {"inserted_from": "2023-10-16T00:00:00Z", "inserted_until": "2023-10-16T00:00:00Z"},
        {"inserted_from": "yesterday", "inserted_until": "2023-10-16T00:00:00Z"},
    ],
)
def test_half_a_window_is_none(bram: Party, lotte: Customer, window: dict[str, Any]) -> None:
    asked = bram.ask()
    lotte.grant(asked)
    with pytest.raises(DoorRefusedError) as refused:
        bram.read(asked["permission_id"], **window)
    assert refused.value.code == "malformed-request"
