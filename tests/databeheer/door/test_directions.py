"""Which way energy flows is part of what is permitted."""

from __future__ import annotations

from datetime import date

import pytest

from databeheer.door.client import DoorRefusedError
from tests.databeheer.metering.builders import Row, day_rows, english
from tests.house import Customer, Party, TheHouse

DAY = date(2024, 3, 5)
PERIOD = {"from": "2024-03-04T23:00:00Z", "until": "2024-03-05T23:00:00Z"}


def test_a_read_without_directions_gets_those_of_its_permission(
    house: TheHouse, lotte: Customer, bram: Party
) -> None:
    house.ingest(english(*day_rows(DAY), *day_rows(DAY, row=Row(register="Injection Day"))))
    asked = bram.ask(directions=["offtake"])
    lotte.grant(asked)
    channels = bram.read(asked["permission_id"], **PERIOD)["channels"]
    assert {channel["direction"] for channel in channels} == {"offtake"}


def test_a_direction_that_was_not_granted_is_refused(house: TheHouse, lotte: Customer, bram: Party) -> None:
    asked = bram.ask(directions=["offtake"])
    lotte.grant(asked)
    with pytest.raises(DoorRefusedError) as refusal:
        bram.read(asked["permission_id"], directions=["injection"], **PERIOD)
    assert refusal.value.reason == "direction_not_granted"
