"""What was measured, what was put in its place, and by which rule: it stays, and who looks at it is on record (R67)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from databeheer.door.client import DoorRefusedError, Proof
from databeheer.metering.batches.report import BatchReport
from databeheer.metering.batches.taking import take_batch
from tests.conftest import LOTTES_EAN
from tests.databeheer.metering.head_end import Sent, profile
from tests.doors import execute, query
from tests.house import Customer, Party, TheHouse
from tests.series import slots_in

DAY = date(2024, 6, 3)
METER = "1SAG0000000001"
TOO_MUCH = 400_000_000
"""More than any connection carries in a quarter of an hour."""
Take = Callable[..., BatchReport]


@pytest.fixture
def take(house: TheHouse, lotte: Customer, tmp_path: Path) -> Take:
    """Take in a batch of Lotte's meter: a day of 100 but for these slots."""
    house.operator("registry.meter.install", ean=LOTTES_EAN, meter=METER, digital=True)
    engine = house.engine("intake")

    def taken(slots: dict[int, Any], batch: str = "one", **members: Any) -> BatchReport:
        values: list[Any] = [100] * 96
        for slot, value in slots.items():
            values[slot] = value
        row = profile(METER, DAY, values, **{"register_end": 1_000_000 + 9_600} | members)
        folder = Sent([row], batch).write(tmp_path / batch)
        report = take_batch(folder, house.client, house.intake_key, engine, house.clock)
        assert report.outcome in ("stored", "no-change"), report.members()
        return report

    return taken


def own(customer: Customer) -> list[tuple[int | None, str]]:
    start = f"{(DAY - timedelta(days=1)).isoformat()}T22:00:00Z"
    answer = customer.call(
        "readings.read",
        occupancy_id=customer.occupancy(),
        granularity="quarter_hour",
        **{"from": start, "until": f"{DAY.isoformat()}T22:00:00Z"},
    )
    return [(slot["value"], slot["state"]) for one in answer["channels"] for slot in slots_in(one)]


def originals(house: TheHouse, why: str = "vraag 17") -> list[dict[str, Any]]:
    answer = house.operator("readings.originals", ean=LOTTES_EAN, day=DAY.isoformat(), why=why)
    return [version for channel in answer["channels"] for version in channel["versions"]]


@pytest.mark.requirement("R67")
def test_what_was_measured_is_kept_beside_the_estimate_of_the_same_batch_with_rule_and_method(
    house: TheHouse, take: Take, lotte: Customer
) -> None:
    stored = take({10: None, 40: TOO_MUCH, 50: -5})
    read = own(lotte)
    assert read[10] == read[40] == read[50] == (100, "EST")
    [version] = originals(house)
    assert (version["version"], version["index"]) == (1, stored.ledger_index)
    start = "2024-06-03T{}:00Z"
    method = "interpolated_to_register"
    put = {"put": 100, "state": "EST", "method": method}
    assert version["slots"] == [
        {"start": start.format("08:00"), "measured": TOO_MUCH, "rule": "above_ceiling", **put},
        {"start": start.format("10:30"), "measured": -5, "rule": "negative", **put},
    ]


@pytest.mark.requirement("R67")
def test_a_correction_is_another_version_and_both_tell_what_was_measured(
    house: TheHouse, take: Take, lotte: Customer
) -> None:
    take({40: TOO_MUCH})
    again = take({40: TOO_MUCH + 1}, "two")
    assert (again.corrected, again.unchanged) == (1, 0)
    assert take({40: TOO_MUCH + 1}, "three").unchanged == 1
    assert take({40: 100}, "four").corrected == 1
    assert own(lotte)[40] == (100, "VAL")
    found = [(one["version"], [slot["measured"] for slot in one["slots"]]) for one in originals(house)]
    assert found == [(1, [TOO_MUCH]), (2, [TOO_MUCH + 1])]


@pytest.mark.requirement("R67")
def test_where_nothing_could_be_estimated_what_was_measured_is_kept_all_the_same(
    house: TheHouse, take: Take, lotte: Customer
) -> None:
    take(dict.fromkeys(range(20, 60), -7), register_end=None)
    assert {state for _, state in own(lotte)[20:60]} <= {"ABSENT", "READ"}
    [version] = originals(house)
    assert {(one["measured"], one["rule"], one["put"], one["method"]) for one in version["slots"]} == {
        (-7, "negative", None, None)
    }
    assert len(version["slots"]) == 40


def test_a_day_of_which_all_was_kept_has_none(house: TheHouse, take: Take) -> None:
    take({10: None})
    assert originals(house) == []


@pytest.mark.requirement("R67")
def test_it_is_recorded_before_and_who_lived_there_sees_why(
    house: TheHouse, take: Take, lotte: Customer, maria: Customer
) -> None:
    take({40: TOO_MUCH})
    before = query(house, "SELECT size FROM ledger.head")[0][0]
    originals(house, "vraag 17")
    line = lotte.statements(kind="reads")[0]
    assert (line["index"], line["event"]) == (before, "readings.original_shown")
    assert "3 juni 2024" in line["sentence_nl"]
    assert "vraag 17" in line["sentence_nl"]
    assert maria.statements(kind="reads") == []


def test_it_is_the_data_managers_alone_and_a_stopped_house_shows_nothing(
    house: TheHouse, take: Take, lotte: Customer, joris: Party, net: Party
) -> None:
    take({40: TOO_MUCH})
    asked = {"ean": LOTTES_EAN, "day": DAY.isoformat(), "why": "nieuwsgierig"}
    size = query(house, "SELECT size FROM ledger.head")
    for proof in (
        Proof.token(joris.token),
        Proof.token(net.token),
        Proof.session(lotte.session),
        Proof.session(house.inspector()),
        Proof.intake(house.intake_key),
    ):
        with pytest.raises(DoorRefusedError) as refused:
            house.client.call("readings.originals", proof, **asked)
        assert refused.value.code == "unauthenticated"
    with pytest.raises(DoorRefusedError, match="day"):
        house.operator("readings.originals", **asked | {"day": "2099-01-01"})
    with pytest.raises(DoorRefusedError) as refused:
        house.operator("readings.originals", **asked | {"ean": "541448899990000060"})
    assert refused.value.code == "not-found"
    assert query(house, "SELECT size FROM ledger.head") == size
    house.operator("stop.set", reason="a test")
    with pytest.raises(DoorRefusedError) as refused:
        house.operator("readings.originals", **asked)
    assert refused.value.code == "stopped"


@pytest.mark.requirement("R67")
def test_it_goes_with_the_day_where_a_late_move_takes_it(
    house: TheHouse, take: Take, lotte: Customer
) -> None:
    take({40: TOO_MUCH})
    before = originals(house)
    house.operator("registry.occupancy.end", ean=LOTTES_EAN, until_day=DAY.isoformat())
    noor = house.customer("noor", "Noor")
    who = {"person_id": str(noor.person_id), "from_day": DAY.isoformat()}
    house.operator("registry.occupancy.begin", ean=LOTTES_EAN, interval_reading=True, **who)
    assert originals(house) == before
    assert noor.statements(kind="reads")[0]["event"] == "readings.original_shown"


def test_a_row_that_was_changed_shows_nothing(house: TheHouse, take: Take) -> None:
    take({40: TOO_MUCH})
    assert originals(house)
    execute(house, "UPDATE metering.profile SET version = 2")
    assert originals(house) == []
