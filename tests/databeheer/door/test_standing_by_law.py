"""Whom the overview names by law: everybody with standing on the own stay, for the own days, and nobody else (R40)."""

from __future__ import annotations

from typing import Any

import pytest

from databeheer.values import format_instant
from tests.conftest import LOTTES_EAN
from tests.house import Customer, Party, TheHouse

GHENT = "44021"


def by_law(who: Customer) -> list[tuple[str, str, str, str | None]]:
    return [
        (one["party"]["name"], one["ground"], one["from"], one["until"])
        for one in who.call("statutory.list")["parties"]
    ]


@pytest.mark.requirement("R40")
def test_everybody_whom_the_law_gives_standing_stands_in_the_list_with_the_own_days(
    house: TheHouse, lotte: Customer, erik: Party, net: Party, joris: Party
) -> None:
    def party(name: str, role: str, **more: Any) -> str:
        return house.party(name, role, contract=False, papers=False, **more).party_id

    point = {"ean": LOTTES_EAN}
    party("Databeheerder Test", "data_manager", operator=1)
    house.operator("registry.access_point.place", **point, municipality=GHENT)
    for name, municipality in (("OCMW Gent", GHENT), ("OCMW Brugge", "31005")):
        centre = {"party_id": party(name, "welfare_centre"), "municipality": municipality}
        house.operator("registry.territory.add", **centre, from_day="2020-01-01")
    days = {"from_day": "2023-01-01", "until_day": "2023-07-01"}
    house.operator("registry.supply.accept", **point, party_id=erik.party_id, **days)
    community = {"party_id": party("Deelstroom", "energy_community"), **days}
    house.operator("registry.participation.add", **point, **community)
    balance = {"party_id": party("Evenwicht", "balance_responsible"), "from_day": "2022-01-01"}
    house.operator("registry.registration.add", **point, **balance)
    party("Nergens Stroom", "supplier")
    lived = "2021-12-31T23:00:00Z"
    there = ("2022-12-31T23:00:00Z", "2023-06-30T22:00:00Z")
    assert set(by_law(lotte)) == {
        ("Databeheerder Test", "data_management", lived, None),
        ("Netbeheerder Test", "dso_grid_management", lived, None),
        ("Netbeheerder Test", "dso_supply_quality", lived, None),
        ("OCMW Gent", "welfare_centre", lived, None),
        ("Erik Energie", "supplier", *there),
        ("Deelstroom", "energy_community", *there),
        ("Evenwicht", "balance_responsible", lived, None),
    }


@pytest.mark.requirement("R40")
def test_of_gas_nobody_looks_at_how_well_electricity_was_supplied(
    house: TheHouse, lotte: Customer, net: Party
) -> None:
    gas = house.point("541448899990000046", lotte, commodity="gas")
    of_gas = {one["ground"] for one in lotte.call("statutory.list")["parties"] if one["occupancy_id"] == gas}
    assert of_gas == {"dso_grid_management"}


@pytest.mark.requirement("R40", "R29")
def test_who_moves_in_sees_by_law_who_is_there_in_the_own_time_only(
    house: TheHouse, lotte: Customer, maria: Customer, erik: Party, net: Party
) -> None:
    other = house.party("Andere Stroom", "supplier")
    supply = {
        "ean": LOTTES_EAN,
        "party_id": erik.party_id,
        "from_day": "2022-01-01",
        "until_day": "2023-10-29",
    }
    house.operator("registry.supply.accept", **supply)
    later = {"ean": LOTTES_EAN, "party_id": other.party_id, "from_day": "2023-10-29"}
    house.operator("registry.occupancy.end", ean=LOTTES_EAN, until_day="2023-10-29")
    came = {"person_id": str(maria.person_id), "from_day": "2023-10-29"}
    stay = house.operator("registry.occupancy.begin", ean=LOTTES_EAN, **came)["occupancy_id"]
    house.operator("registry.supply.accept", **later)
    moved = "2023-10-28T22:00:00Z"
    hers = [one for one in maria.call("statutory.list")["parties"] if one["occupancy_id"] == stay]
    assert {(one["party"]["name"], one["from"]) for one in hers} == {
        ("Netbeheerder Test", moved),
        ("Andere Stroom", moved),
    }
    assert {(name, until) for name, _, _, until in by_law(lotte)} == {
        ("Netbeheerder Test", moved),
        ("Erik Energie", moved),
    }


def test_the_list_tells_nobody_that_he_is_investigated(house: TheHouse, lotte: Customer, net: Party) -> None:
    regulator = house.party("Toezichthouder", "regulator", contract=False)
    before = by_law(lotte)
    for party, purpose in ((net, "fraud_detection"), (regulator, "supervision")):
        house.operator(
            "registry.necessity.add",
            ean=LOTTES_EAN,
            party_id=party.party_id,
            purpose=purpose,
            granularity="quarter_hour",
            article="4.1.22/6",
            reason="dossier 17",
            data_from="2023-01-01",
            data_until="2024-01-01",
            valid_until=format_instant(house.clock.now().replace(year=house.clock.now().year + 1)),
        )
    assert by_law(lotte) == before
    assert "regulator" not in {ground for _, ground, _, _ in before}
