"""A house that is copied is as good as one of its own, and nothing of one copy is in another."""

from __future__ import annotations

import pytest

from databeheer.brussels import day_of
from databeheer.door.client import DoorRefusedError
from tests.conftest import LOTTES_EAN
from tests.copies import Original, beside
from tests.databases import Databases
from tests.house import Customer, Party, TheHouse


@pytest.fixture
def suspended(house: TheHouse, bram: Party) -> Party:
    """Bram, after something that is no setting up."""
    house.operator("registry.party.suspend", party_id=bram.party_id, reason="a test")
    return bram


@pytest.fixture
@beside
def onlooker(house: TheHouse) -> TheHouse:
    """What is opened over the house and does nothing in it."""
    return house


METER = "1SAG0000000001"


def _are_before_the_copy(house: TheHouse) -> set[str]:
    return {step.name for step in house.set_up}  # type: ignore[attr-defined]


def test_whoever_came_in_before_the_copy_acts_in_the_copy(
    house: TheHouse, lotte: Customer, bram: Party
) -> None:
    assert _are_before_the_copy(house) == {"lotte", "bram"}
    assert lotte.house is bram.house is house
    assert house.people == [lotte]
    assert house.people[0] is lotte
    asked = bram.ask()
    lotte.grant(asked)
    assert bram.permission(asked["permission_id"])["state"] == "active"


def test_what_is_done_in_one_copy_is_in_no_other(
    original: Original, databases: Databases, house: TheHouse, lotte: Customer
) -> None:
    away = {"ean": LOTTES_EAN, "meter": METER, "removed_on": day_of(house.clock.now()).isoformat()}
    house.operator("registry.meter.install", ean=LOTTES_EAN, meter=METER, digital=True)
    house.clock.set(house.clock.now().replace(hour=23))
    with databases.clone(original.database) as database, original.opened(database) as other:
        [copied] = other.people
        assert copied.house is other
        assert copied.person_id == lotte.person_id
        assert other.folder != house.folder
        assert other.clock.now() < house.clock.now()
        with pytest.raises(DoorRefusedError):
            other.operator("registry.meter.remove", **away)
    house.operator("registry.meter.remove", **away)


def test_what_stands_behind_another_fixture_waits_for_it(
    house: TheHouse, suspended: Party, lotte: Customer
) -> None:
    assert _are_before_the_copy(house) == {"bram"}


def test_what_stands_behind_an_onlooker_does_not(
    house: TheHouse, onlooker: TheHouse, lotte: Customer
) -> None:
    assert onlooker is house is lotte.house
    assert _are_before_the_copy(house) == {"lotte"}
