"""A meter that was taken away, and reported later: what it measured since then is not of who lives where it hung."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from databeheer.door.moves.new_roots import open_root
from databeheer.metering.batches.report import BatchReport
from databeheer.metering.batches.taking import take_batch
from tests.conftest import LOTTES_EAN, MARIAS_EAN
from tests.databeheer.metering.head_end import Sent, profile
from tests.doors import query
from tests.house import Customer, Party, TheHouse
from tests.series import slots_in

BEFORE, TAKEN, AFTER = date(2024, 6, 1), date(2024, 6, 2), date(2024, 6, 3)
MOVED, OTHER = "1SAG0000000001", "1SAG0000000002"
REMOVAL = {"ean": LOTTES_EAN, "meter": MOVED, "removed_on": TAKEN.isoformat()}
WHOLE = {"from": "2024-05-31T22:00:00Z", "until": "2024-06-03T22:00:00Z", "granularity": "quarter_hour"}
Take = Callable[..., BatchReport]


def both_days(device: str, value: int) -> list[dict[str, Any]]:
    return [profile(device, day, [value] * 96) for day in (BEFORE, AFTER)]


@pytest.fixture
def take(house: TheHouse, lotte: Customer, maria: Customer, tmp_path: Path) -> Take:
    """Take a batch in; two meters hang at Lotte's."""
    for meter in (MOVED, OTHER):
        house.operator("registry.meter.install", ean=LOTTES_EAN, meter=meter, digital=True)
    engine = house.engine("intake")

    def taken(batch: str, *rows: dict[str, Any], door: Any = None) -> BatchReport:
        folder = Sent(list(rows), batch).write(tmp_path / batch)
        return take_batch(folder, door or house.client, house.intake_key, engine, house.clock)

    return taken


def values(customer: Customer) -> dict[tuple[str, str], set[int | None]]:
    """What a customer reads of each meter on each day."""
    answer = customer.call("readings.read", occupancy_id=customer.occupancy(), **WHOLE)
    found: dict[tuple[str, str], set[int | None]] = {}
    for channel in answer["channels"]:
        for slot in slots_in(channel):
            day = (
                date.fromisoformat(slot["start"][:10]) + timedelta(days=int(slot["start"][11:13] >= "22"))
            ).day
            found.setdefault((channel["meter"], f"June {day}"), set()).add(slot["value"])
    return found


def test_its_days_since_then_are_read_by_nobody_there_and_by_who_has_it_now(
    house: TheHouse, take: Take, lotte: Customer, maria: Customer
) -> None:
    take("one", *both_days(MOVED, 7), *both_days(OTHER, 5))
    assert house.operator("registry.meter.remove", **REMOVAL)["withdrawn_days"] == 1
    house.operator(
        "registry.meter.install", ean=MARIAS_EAN, meter=MOVED, digital=True, from_day=TAKEN.isoformat()
    )
    assert take("two", profile(MOVED, AFTER, [7] * 96)).new == 1
    assert values(lotte) == {(MOVED, "June 1"): {7}, (OTHER, "June 1"): {5}, (OTHER, "June 3"): {5}}
    assert values(maria) == {(MOVED, "June 3"): {7}}


def test_the_rows_go_with_the_root_that_they_were_under(house: TheHouse, take: Take, lotte: Customer) -> None:
    take("one", *both_days(MOVED, 7))
    stay = "SELECT root_id FROM registry.occupancy WHERE person_id = %s"
    [(root,)] = query(house, stay, lotte.person_id)
    house.operator("registry.meter.remove", **REMOVAL)
    sealed = query(house, "SELECT root_sealed FROM oversight.retired_root")
    assert [open_root(house.house, bytes(one)) for (one,) in sealed] == [root]
    assert query(house, "SELECT count(*) FROM metering.profile") == [(1,)]


def test_who_looked_is_told_and_so_is_who_lives_there(
    house: TheHouse, take: Take, lotte: Customer, bram: Party
) -> None:
    take("one", *both_days(MOVED, 7))
    asked = bram.ask()
    lotte.grant(asked)
    read = bram.read(asked["permission_id"], **WHOLE)
    house.operator("registry.meter.remove", **REMOVAL)
    told = {one["event"]: one for one in lotte.statements()}
    assert "readings.withdrawn" in told
    corrected = told["data.read_corrected"]
    assert corrected["party"]["name"] == "Bram Energieadvies"
    assert corrected["period"]["from"] == "2024-06-01T22:00:00Z"
    assert bram.call("receipt.opening", index=corrected["index"])["index"] == corrected["index"]
    assert read["index"] < corrected["index"]


def test_a_meter_of_which_nothing_came_since_leaves_everything_as_it_was(
    house: TheHouse, take: Take, lotte: Customer
) -> None:
    take("one", profile(MOVED, BEFORE, [7] * 96), *both_days(OTHER, 5))
    before = query(house, "SELECT root_id FROM registry.occupancy ORDER BY 1")
    assert house.operator("registry.meter.remove", **REMOVAL)["withdrawn_days"] == 0
    assert query(house, "SELECT root_id FROM registry.occupancy ORDER BY 1") == before
    assert len(values(lotte)) == 3


def test_a_batch_that_is_coming_in_meanwhile_is_refused(house: TheHouse, take: Take, lotte: Customer) -> None:
    class Between:
        def call(self, command: str, *rest: Any, **arguments: Any) -> dict[str, Any]:
            if command == "batch.stored":
                house.operator("registry.meter.remove", **REMOVAL)
            return house.client.call(command, *rest, **arguments)

        def close(self) -> None:
            house.client.close()

    assert take("one", *both_days(MOVED, 7), door=Between()).outcome == "refused"
    assert query(house, "SELECT count(*) FROM metering.profile") == [(0,)]
    assert values(lotte) == {}
