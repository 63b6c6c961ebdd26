"""Statistics as the door makes them: read in batches with a record each, told once, given to research with a report."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import pytest
from sqlalchemy import text

from databeheer.brussels import midnight
from databeheer.door.client import DoorClient, DoorRefusedError, Proof
from databeheer.door.statistics import running
from databeheer.joins.lists import SHIPPED
from databeheer.metering.street import invented_ean
from databeheer.oversight import gaps
from databeheer.statistics.tally import Tally
from databeheer.statistics.windows import window_of
from databeheer.values import Direction, Period
from ledger.commitment import Opening
from tests.databases import Databases
from tests.databeheer.statistics.town import (
    BRUGGE,
    GENT,
    OCTOBER,
    Household,
    begin_stay,
    lines,
    register_point,
    run,
    settle,
    settle_gas,
)
from tests.house import Party, TheHouse, open_house
from tests.restores import Backups

TWELVE = [100 + 5 * number for number in range(12)]
RESEARCH = {"project": "UGENT-2026/4"}


@dataclass(frozen=True)
class Standing:
    """A house in which October was told."""

    house: TheHouse
    net: Party
    citizens: list[Household]
    told: dict[str, Any]

    @property
    def lines(self) -> list[dict[str, str]]:
        return lines(self.house, self.told["release_id"])


def refusal(house: TheHouse, command: str, **arguments: Any) -> DoorRefusedError:
    with pytest.raises(DoorRefusedError) as refused:
        house.operator(command, **arguments)
    return refused.value


def last_event(house: TheHouse) -> tuple[str, str]:
    with house.engine("superuser").connect() as connection:
        row = connection.execute(
            text("SELECT event, ground FROM ledger.body ORDER BY index DESC LIMIT 1")
        ).one()
        return row.event, row.ground


def count(house: TheHouse, table: str) -> int:
    with house.engine("superuser").connect() as connection:
        return int(connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one())


@pytest.fixture(scope="module")
def standing(databases: Databases) -> Iterator[Standing]:
    """One house with a month that was told, for all tests that change nothing of it."""
    with databases.clone() as database, open_house(database) as house:
        net = house.party("Netbeheerder Test", "dso", operator=1)
        citizens = settle(house, TWELVE)
        settle(house, [200] * 3, municipality=BRUGGE, first=20)
        yield Standing(house, net, citizens, run(house))


@pytest.mark.requirement("R11")
def test_a_month_is_told_by_municipality_kind_and_hour_and_names_nobody(standing: Standing) -> None:
    told, found = standing.told, standing.lines
    assert {(line["municipality"], line["profile_type"]) for line in found} == {
        (GENT, "household"),
        (GENT, "all"),
    }
    sum_wh = 4 * sum(TWELVE)
    window = window_of(sum_wh)
    for line in found:
        assert (float(line["kwh_from"]), float(line["kwh_below"])) == (window.low / 1000, window.high / 1000)
        assert line["households_at_least"] == "10"
    assert told["report"]["withheld"]["few_households"] == told["report"]["cells"] // 2 == 49
    everything = json.dumps([found, told])
    assert not any(one.ean.digits in everything for one in standing.citizens)


def test_the_night_of_the_clock_has_the_hour_of_two_twice(standing: Standing) -> None:
    own = [line for line in standing.lines if line["profile_type"] == "household"]
    assert len(own) == len({line["hour_utc"] for line in own}) == 24 + 25
    local = Counter(line["hour_brussels"][:13] for line in own)
    assert {hour for hour, times in local.items() if times == 2} == {"2023-10-29T02"}
    assert {"2023-10-29T02:00+02:00", "2023-10-29T02:00+01:00"} < {line["hour_brussels"] for line in own}


def test_gas_is_told_in_hours_too_and_injection_beside_offtake(house: TheHouse, net: Party) -> None:
    settle_gas(house, [300 + number for number in range(11)])
    gas = lines(house, run(house, commodity="gas")["release_id"])
    told = [line for line in gas if line["profile_type"] == "household"]
    assert len(told) == 24 + 25
    used = (
        sum(300 + number for number in range(11)) / 1000
    )  # kWh alone: m3 would be a second look at the same hours
    assert all(float(line["kwh_from"]) <= used < float(line["kwh_below"]) for line in told)
    settle(house, TWELVE, register="Injection Day", profile_type="household_production")
    power = lines(house, run(house)["release_id"])
    assert {(line["direction"], line["profile_type"]) for line in power} == {
        ("injection", "household_production"),
        ("injection", "all"),
    }


@pytest.mark.requirement("R11")
def test_who_has_more_than_the_share_closes_the_cell(house: TheHouse, net: Party) -> None:
    settle(house, [*[100] * 12, 900])
    told = run(house)
    assert lines(house, told["release_id"]) == []
    assert told["report"]["withheld"]["dominated"] == told["report"]["cells"] == 49


@pytest.mark.requirement("R11")
def test_ten_meters_of_one_owner_are_one_household(house: TheHouse, net: Party) -> None:
    owner = house.customer("landlord", "Verhuurder")
    settle(house, [100] * 12, owners=[owner], profile_type="business")
    assert lines(house, run(house)["release_id"]) == []


def test_what_nobody_said_of_a_point_is_told_as_unknown(house: TheHouse, net: Party) -> None:
    settle(house, TWELVE, municipality=None, profile_type=None)
    found = lines(house, run(house)["release_id"])
    assert {(line["municipality"], line["profile_type"]) for line in found} == {
        ("unknown", "unknown"),
        ("unknown", "all"),
        ("all", "all"),
    }


@pytest.mark.requirement("R11")
def test_every_customer_sees_the_batch_that_he_was_in_and_its_ground(
    house: TheHouse, net: Party, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "AT_ONCE", 5)
    people = [house.customer(f"citizen-{number}", f"Inwoner {number}") for number in range(12)]
    settle(house, TWELVE, owners=people)
    told = run(house)
    first, last = told["report"]["entries"]
    assert last - first == 2
    seen = [one.statements(kind="reads") for one in people]
    assert Counter(own[0]["index"] for own in seen) == {first: 5, first + 1: 5, last: 2}
    for own in seen:
        assert len(own) == 1
        assert (own[0]["event"], own[0]["granularity"]) == ("join.run", "hour")
        assert own[0]["party"]["name"] == net.name
        assert "4.1.8/2, 9°" in own[0]["sentence_nl"]
        assert "opgeteld" in own[0]["sentence_nl"]


@pytest.mark.requirement("R11")
def test_nothing_is_opened_before_its_batch_is_recorded(
    house: TheHouse, net: Party, monkeypatch: pytest.MonkeyPatch
) -> None:
    settle(house, TWELVE)
    before: list[int] = []

    def opening(*arguments: Any) -> Any:
        before.append(count(house, "ledger.body WHERE event = 'join.run'"))
        return iter(())

    monkeypatch.setattr(running, "open_pieces", opening)
    run(house)
    assert before == [1]


@pytest.mark.requirement("R11")
def test_a_month_is_told_once_whoever_comes_or_goes_afterwards(house: TheHouse, net: Party) -> None:
    settle(house, TWELVE)
    told = run(house)
    before = lines(house, told["release_id"])
    settle(house, [140], first=40)
    again = refusal(house, "statistics.run", month=OCTOBER, commodity="electricity")
    assert (again.reason, again.index is not None) == ("told_before", True)
    assert last_event(house) == ("join.refused", "told_before")
    assert lines(house, told["release_id"]) == before
    assert count(house, "statistics.release") == 1


@pytest.mark.requirement("R11")
def test_a_database_that_forgot_a_release_does_not_tell_its_month_again(
    house: TheHouse, net: Party, tmp_path: Path
) -> None:
    settle(house, TWELVE)
    backups = Backups(house, tmp_path)
    try:
        backups.dump()
        run(house)
        backups.publish()
        backups.put_back()
        backups.refill()
        backups.restart_door()
        assert house.operator("reconcile.finish")["ended_again"] == 1
        assert count(house, "statistics.release") == 0
        again = refusal(house, "statistics.run", month=OCTOBER, commodity="electricity")
        assert again.reason == "told_before"
    finally:
        backups.close()


def test_a_month_that_is_not_over_is_not_told(house: TheHouse, net: Party) -> None:
    this_month = house.clock.now().date().replace(day=1).isoformat()
    early = refusal(house, "statistics.run", month=this_month, commodity="electricity")
    assert early.reason == "not_whole_months"


def test_an_area_of_few_access_points_is_not_read_at_all(house: TheHouse, net: Party) -> None:
    settle(house, TWELVE[:9])
    assert refusal(house, "statistics.run", month=OCTOBER, commodity="electricity").reason == "too_few_points"
    assert count(house, "ledger.body WHERE event = 'join.run'") == 0


def test_another_grid_operators_month_is_another_one(house: TheHouse, net: Party) -> None:
    settle(house, TWELVE)
    house.operator("registry.operator.add", operator=2, code="other", name="Ander net")
    nobody = refusal(house, "statistics.run", month=OCTOBER, commodity="electricity", operator=2)
    assert nobody.code == "conflict"
    house.party("Ander Net", "dso", operator=2)
    other = refusal(house, "statistics.run", month=OCTOBER, commodity="electricity", operator=2)
    assert other.reason == "too_few_points"
    run(house)


@pytest.mark.requirement("R11", "R130")
def test_without_the_regulators_signature_nothing_is_read(house: TheHouse, net: Party) -> None:
    house.join_files.content.write_bytes(SHIPPED.read_bytes() + b"# more\n")
    unsigned = refusal(house, "statistics.run", month=OCTOBER, commodity="electricity")
    assert unsigned.reason == "list_not_in_force"
    assert count(house, "statistics.told") == 0


def test_the_emergency_stop_keeps_a_batch_closed_and_a_table_back(
    house: TheHouse, net: Party, monkeypatch: pytest.MonkeyPatch
) -> None:
    settle(house, TWELVE)
    real = running.open_pieces

    def stopping(*arguments: Any) -> Any:
        with DoorClient(house.socket) as another:
            another.call("stop.set", Proof.operator(house.operator_key), reason="a test")
        return real(*arguments)

    monkeypatch.setattr(running, "open_pieces", stopping)
    stopped = refusal(house, "statistics.run", month=OCTOBER, commodity="electricity")
    assert (stopped.code, stopped.reason) == ("stopped", "stopped")
    assert last_event(house)[0] == "join.withheld"
    assert count(house, "statistics.release") == count(house, "statistics.told") == 0


def test_a_stop_between_two_batches_keeps_the_second_closed(
    house: TheHouse, net: Party, monkeypatch: pytest.MonkeyPatch
) -> None:
    settle(house, TWELVE)
    real, opened = running.open_pieces, []
    monkeypatch.setattr(running, "AT_ONCE", 6)

    def stopping(*arguments: Any) -> Any:
        opened.append(arguments)
        with DoorClient(house.socket) as another:
            another.call("stop.set", Proof.operator(house.operator_key), reason="a test")
        return real(*arguments)

    monkeypatch.setattr(running, "open_pieces", stopping)
    assert refusal(house, "statistics.run", month=OCTOBER, commodity="electricity").reason == "stopped"
    assert len(opened) == 1
    assert last_event(house) == ("join.refused", "stopped")
    assert count(house, "ledger.body WHERE event = 'join.run'") == 1


def test_a_restored_database_tells_nothing_until_it_is_reconciled(house: TheHouse, net: Party) -> None:
    settle(house, TWELVE)
    with house.engine("owner").begin() as owner:
        gaps.record(owner, 0, 1, "restore", house.clock.now())
    assert refusal(house, "statistics.run", month=OCTOBER, commodity="electricity").reason == "stopped"
    assert count(house, "ledger.body WHERE event = 'join.run'") == 0


@pytest.mark.requirement("R11")
def test_of_two_runs_of_a_month_at_once_one_tells_it(
    house: TheHouse, net: Party, monkeypatch: pytest.MonkeyPatch
) -> None:
    settle(house, TWELVE)
    real, told = running.open_pieces, []

    def another_run(*arguments: Any) -> Any:
        monkeypatch.setattr(running, "open_pieces", real)
        with DoorClient(house.socket) as another:
            proof = Proof.operator(house.operator_key)
            told.append(another.call("statistics.run", proof, month=OCTOBER, commodity="electricity"))
        return real(*arguments)

    monkeypatch.setattr(running, "open_pieces", another_run)
    assert refusal(house, "statistics.run", month=OCTOBER, commodity="electricity").reason == "told_before"
    assert last_event(house)[0] == "join.withheld"
    assert [told[0]["release_id"]] == [
        one["release_id"] for one in house.client.call("statistics.list")["releases"]
    ]


@pytest.mark.parametrize("who", ["party", "inspector", "customer", "intake", "nobody"])
def test_only_the_operator_runs_statistics_and_gives_research_any(standing: Standing, who: str) -> None:
    house = standing.house
    proof = {
        "party": lambda: Proof.token(standing.net.token),
        "inspector": lambda: Proof.session(house.inspector()),
        "customer": lambda: Proof.session(house.customer("joris", "Joris").session),
        "intake": lambda: Proof.intake(house.intake_key),
        "nobody": lambda: None,
    }[who]()
    for command, arguments in (
        ("statistics.run", {"month": OCTOBER, "commodity": "gas"}),
        ("research.release", dict(RESEARCH)),
    ):
        with pytest.raises(DoorRefusedError) as refused:
            house.client.call(command, proof, **arguments)
        assert refused.value.code == "unauthenticated"


@pytest.mark.requirement("R11")
def test_a_stranger_proves_a_release_from_its_entry(standing: Standing) -> None:
    house, told = standing.house, standing.told
    shown = house.client.call("statistics.show", release_id=told["release_id"])
    opened = house.client.call("statistics.receipt", release_id=told["release_id"])
    said = json.loads(Opening.from_dict(opened["opening"]).shared_body)
    assert opened["index"] == told["index"]
    assert said["report_sha256"] == sha256(shown["report"].encode()).hexdigest() == told["report_sha256"]
    assert said["table_sha256"] == sha256(shown["table"].encode()).hexdigest()
    assert json.loads(shown["report"]) == told["report"]


@pytest.mark.requirement("R11")
def test_research_gets_a_published_table_with_the_report_that_shows_it(standing: Standing) -> None:
    house, told = standing.house, standing.told
    given = house.operator("research.release", **RESEARCH, report_id=told["release_id"])
    assert given["table"] == house.client.call("statistics.show", release_id=told["release_id"])["table"]
    assert json.loads(given["report"]) == told["report"]
    assert last_event(house) == ("research.released", "4.1.8/2, 9°")


@pytest.mark.requirement("R11")
@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({}, "no_report"),
        ({"report_id": "00000000-0000-4000-8000-000000000000"}, "no_report"),
        ({"report_id": "told", "output": "pseudonymised"}, "not_anonymous"),
        ({"output": "pseudonymised"}, "not_anonymous"),
    ],
)
def test_research_gets_nothing_without_a_report_and_never_pseudonyms(
    standing: Standing, changes: dict[str, str], reason: str
) -> None:
    house, told = standing.house, standing.told
    wish = {name: told["release_id"] if value == "told" else value for name, value in changes.items()}
    refused = refusal(house, "research.release", **RESEARCH, **wish)
    assert (refused.reason, refused.index is not None) == (reason, True)
    assert last_event(house) == ("research.refused", reason)


@pytest.mark.requirement("R11")
def test_a_table_that_was_changed_since_its_report_is_not_given(house: TheHouse, net: Party) -> None:
    settle(house, TWELVE)
    told = run(house)
    with house.engine("superuser").begin() as connection:
        connection.execute(text("UPDATE statistics.part SET lines = lines || lines"))
    changed = refusal(house, "research.release", **RESEARCH, report_id=told["release_id"])
    assert changed.code == "statistics-table"


@pytest.mark.parametrize(
    "code", ["4402", "44000", "21004", "99021", "4402x", "４４０２１", "00000", "440211"]
)
def test_what_is_no_municipality_of_flanders_is_refused(house: TheHouse, code: str) -> None:
    ean = invented_ean(9001).digits
    refused = refusal(house, "registry.access_point.register", ean=ean, commodity="gas", municipality=code)
    assert (refused.code, "municipality" in str(refused)) == ("malformed-request", True)
    assert count(house, "registry.access_point") == 0


def test_the_kind_of_customer_is_from_a_closed_list_and_fits_what_flows(house: TheHouse) -> None:
    ean = invented_ean(9001)
    wish = {"ean": ean.digits, "commodity": "gas"}
    assert refusal(house, "registry.access_point.register", **wish, profile_type="rich").code == (
        "malformed-request"
    )
    solar = refusal(house, "registry.access_point.register", **wish, profile_type="household_production")
    assert solar.code == "conflict"
    register_point(house, ean, "gas", GENT, None)
    assert (
        refusal(
            house, "registry.access_point.classify", ean=ean.digits, profile_type="household_production"
        ).code
        == "conflict"
    )
    begin_stay(house, ean, house.customer("lotte", "Lotte"))
    house.operator("registry.access_point.classify", ean=ean.digits, profile_type="business")
    assert last_event(house)[0] == "access_point.classified"


@pytest.mark.requirement("R11")
def test_a_chain_with_a_shop_in_each_of_twelve_towns_is_one_customer_of_the_rest(
    house: TheHouse, net: Party
) -> None:
    chain = house.customer("chain", "Winkelketen")
    towns = (44021, 31005, 11002, 12025, 13040, 23088, 24062, 34022, 36015, 41002, 42006, 46021)
    for number, town in enumerate(towns):
        settle(house, [100 + number], municipality=str(town), owners=[chain], first=number)
    told = run(house)
    assert lines(house, told["release_id"]) == []
    assert told["report"]["withheld"]["few_households"] == told["report"]["cells"]


def test_who_came_to_live_elsewhere_while_it_ran_is_added_up_once(house: TheHouse) -> None:
    month = Period(midnight(date(2023, 10, 1)), midnight(date(2023, 11, 1)))
    asked = running.Asked(1, "electricity", date(2023, 10, 1), month)
    signed = house.join_files.read()
    case = signed.joins.case(running.CASE)
    assert case is not None
    mover, hours = uuid4(), np.full(745, 5, np.int64)
    run = running.Run(asked, case, signed, uuid4(), [], Counter([mover]))
    for _ in range(2):  # counted at one address when the run began, found at two
        run.add(mover, Direction.OFFTAKE, (GENT, "household"), hours)
        run.done([mover])
    run.finish()
    assert run.tallies.of_hour(Direction.OFFTAKE, 0) == {(GENT, "household"): Tally(1, 5, 5, 0)}
