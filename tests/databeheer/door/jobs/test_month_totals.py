"""A job of monthly totals with registers: what a supplier bills its whole portfolio by (R64, R69)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from databeheer.brussels import midnight
from databeheer.door.client import DoorRefusedError
from databeheer.door.jobs import asking
from databeheer.door.jobs.worker import JobWorker
from databeheer.metering.batches.taking import take_batch
from databeheer.values import format_instant
from tests.conftest import LOTTES_EAN, MARIAS_EAN
from tests.databeheer.metering.head_end import Sent, profile
from tests.house import Customer, Party, TheHouse

METERS = {LOTTES_EAN: "1SAG0000000001", MARIAS_EAN: "1SAG0000000002"}
FIRST, AFTER = date(2024, 5, 1), date(2024, 7, 1)
"""Two months."""
SWITCH = date(2024, 6, 12)
"""From then on Nora supplies Lotte."""
BILL = {
    "eans": [LOTTES_EAN, MARIAS_EAN],
    "purpose": "billing",
    "granularity": "month",
    "mode": "clip",
    "registers": True,
    "from": format_instant(midnight(FIRST)),
    "until": format_instant(midnight(AFTER)),
}
Take = Callable[..., None]


@pytest.fixture(autouse=True)
def by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    """No job is worked but where a test says so, and a piece is of one item."""
    monkeypatch.setattr(JobWorker, "start", lambda _: None)
    monkeypatch.setattr(asking, "LARGEST_PIECE", 1)


@pytest.fixture
def nora(house: TheHouse) -> Party:
    """The supplier after Erik."""
    return house.party("Nora Energie", "supplier")


@pytest.fixture
def take(house: TheHouse, lotte: Customer, maria: Customer, tmp_path: Path) -> Take:
    """Both meters send a register reading of each day of two months; again, so much more a day."""
    for ean, meter in METERS.items():
        house.operator("registry.meter.install", ean=ean, meter=meter, digital=True)
    engine = house.engine("intake")

    def taken(a_day: int = 1000) -> None:
        rows = []
        for meter in METERS.values():
            for number in range((AFTER - FIRST).days):
                begin, day = 1_000_000 + number * a_day, FIRST + timedelta(days=number)
                registers = {"register_begin": begin, "register_end": begin + a_day}
                rows.append(profile(meter, day, [], slot_minutes=1440, **registers))
        folder = Sent(rows, f"batch-{a_day}").write(tmp_path / f"{a_day}")
        report = take_batch(folder, house.client, house.intake_key, engine, house.clock)
        assert report.outcome == "stored", report.members()

    return taken


@pytest.fixture
def billed(house: TheHouse, take: Take, erik: Party, nora: Party) -> Party:
    """Erik supplies both, Lotte until the switch, and reads what came of two months."""
    take()
    for ean in METERS:
        members = {"ean": ean, "party_id": erik.party_id, "from_day": FIRST.isoformat()}
        house.operator("registry.supply.accept", **members)
    house.operator(
        "registry.supply.accept",
        ean=LOTTES_EAN,
        party_id=nora.party_id,
        from_day=SWITCH.isoformat(),
        switch=True,
    )
    return erik


def hand_in(party: Party, **changes: Any) -> dict[str, Any]:
    return party.call("job.hand_in", **(BILL | changes))


def work(house: TheHouse) -> None:
    while house.service.jobs.step():
        pass


def fetch(party: Party, job: dict[str, Any], piece: int) -> dict[str, Any]:
    return party.call("job.fetch", job_id=job["job_id"], piece=piece)


def totals(item: dict[str, Any]) -> list[int]:
    return [value for channel in item["channels"] for one in channel["series"] for value in one["values"]]


def registers(item: dict[str, Any]) -> dict[str, int]:
    return {one["at"]: one["value"] for channel in item["channels"] for one in channel["registers"]}


def at(day: date, a_day: int = 1000) -> tuple[str, int]:
    return format_instant(midnight(day)), 1_000_000 + (day - FIRST).days * a_day


@pytest.mark.requirement("R64", "R69")
def test_each_piece_has_the_months_and_what_the_registers_showed_as_a_read_in_bulk_has_them(
    house: TheHouse, billed: Party, lotte: Customer
) -> None:
    job = hand_in(billed)
    assert (job["items"], job["pieces"]) == (2, 2)
    work(house)
    [of_lotte], [of_maria] = (fetch(billed, job, piece)["items"] for piece in range(2))
    assert totals(of_maria) == [31_000, 30_000]
    assert registers(of_maria) == dict(map(at, (FIRST, date(2024, 6, 1), AFTER)))
    assert totals(of_lotte) == [31_000, 11_000]
    assert registers(of_lotte) == dict(map(at, (FIRST, date(2024, 6, 1), SWITCH)))
    assert billed.call("readings.bulk", **BILL)["items"] == [of_lotte, of_maria]
    assert [one["event"] for one in lotte.statements(kind="reads")] == ["data.read", "data.read"]


@pytest.mark.requirement("R64")
def test_at_the_switch_the_new_suppliers_job_gives_the_register_that_the_old_ones_gave(
    house: TheHouse, billed: Party, nora: Party
) -> None:
    jobs = {party.name: hand_in(party, eans=[LOTTES_EAN]) for party in (billed, nora)}
    work(house)
    [old], [new] = (fetch(party, jobs[party.name], 0)["items"] for party in (billed, nora))
    moment, value = at(SWITCH)
    assert (registers(old)[moment], registers(new)[moment]) == (value, value)
    assert registers(old).keys() & registers(new).keys() == {moment}
    assert totals(new) == [19_000]


def test_with_and_without_registers_are_two_jobs_and_the_one_without_has_none(
    house: TheHouse, billed: Party
) -> None:
    with_them, without = hand_in(billed), hand_in(billed, registers=False)
    assert with_them["job_id"] != without["job_id"]
    assert hand_in(billed)["job_id"] == with_them["job_id"]
    work(house)
    [item] = fetch(billed, without, 1)["items"]
    assert totals(item) == [31_000, 30_000]
    assert all("registers" not in channel for channel in item["channels"])


def test_registers_that_are_corrected_after_a_piece_was_recorded_are_given_as_they_were(
    house: TheHouse, billed: Party, take: Take
) -> None:
    job = hand_in(billed)
    work(house)
    take(1200)
    [as_recorded] = fetch(billed, job, 1)["items"]
    assert registers(as_recorded) == dict(map(at, (FIRST, date(2024, 6, 1), AFTER)))
    [now] = billed.call("readings.bulk", **BILL | {"eans": [MARIAS_EAN]})["items"]
    assert registers(now)[format_instant(midnight(AFTER))] == at(AFTER, 1200)[1]


@pytest.mark.parametrize("granularity", ["day", "hour", "quarter_hour"])
def test_registers_of_anything_but_months_are_no_job(billed: Party, granularity: str) -> None:
    with pytest.raises(DoorRefusedError, match="registers"):
        hand_in(billed, granularity=granularity)
    assert billed.call("job.list")["jobs"] == []


@pytest.mark.requirement("R64")
def test_the_outsiders_job_gives_no_register(house: TheHouse, billed: Party, joris: Party) -> None:
    job = hand_in(joris)
    work(house)
    for piece in range(2):
        [item] = fetch(joris, job, piece)["items"]
        assert (item["channels"], item["code"]) == ([], "no-legal-basis")


@pytest.mark.requirement("R70")
def test_three_whole_years_are_one_job_in_which_months_years_and_registers_agree(
    house: TheHouse, lotte: Customer, maria: Customer, erik: Party, tmp_path: Path
) -> None:
    first, years = date(2022, 1, 1), (2022, 2023, 2024)
    meter, register, engine = METERS[LOTTES_EAN], 0, house.engine("intake")
    house.operator("registry.meter.install", ean=LOTTES_EAN, meter=meter, digital=True)
    used: dict[int, int] = {}
    for year in years:
        rows = []
        for number in range((date(year + 1, 1, 1) - date(year, 1, 1)).days):
            a_day = 1000 + number
            ends = {"register_begin": register, "register_end": register + a_day}
            day = date(year, 1, 1) + timedelta(days=number)
            rows.append(profile(meter, day, [], slot_minutes=1440, **ends))
            register += a_day
            used[year] = used.get(year, 0) + a_day
        folder = Sent(rows, f"year-{year}").write(tmp_path / f"{year}")
        assert take_batch(folder, house.client, house.intake_key, engine, house.clock).outcome == "stored"
    house.operator(
        "registry.supply.accept", ean=LOTTES_EAN, party_id=erik.party_id, from_day=first.isoformat()
    )
    span = {"from": format_instant(midnight(first)), "until": format_instant(midnight(date(2025, 1, 1)))}
    job = hand_in(erik, eans=[LOTTES_EAN], **span)
    work(house)
    [item] = fetch(erik, job, 0)["items"]
    months, shown = totals(item), registers(item)
    assert (len(months), len(shown)) == (36, 37)
    for number, year in enumerate(years):
        begin, end = (shown[format_instant(midnight(date(one, 1, 1)))] for one in (year, year + 1))
        assert sum(months[12 * number : 12 * number + 12]) == end - begin == used[year]
    assert months == [after - before for before, after in pairwise(shown[moment] for moment in sorted(shown))]
