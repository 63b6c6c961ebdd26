"""A request to erase is taken back as long as nothing went; and whoever sees another's readings asks so."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from databeheer.brussels import day_of
from databeheer.door.client import DoorRefusedError
from tests.conftest import LOTTES_EAN
from tests.databeheer.door.test_erasure import YEAR, refusal, reopened
from tests.databeheer.door.test_restored_post import dump, restored
from tests.doors import query
from tests.house import Customer, Party, TheHouse
from tests.restores import Backups


def move_out(house: TheHouse, lotte: Customer, years: int) -> str:
    """Lotte leaves, and years pass; returns her stay."""
    stay = lotte.occupancy()
    house.operator("registry.occupancy.end", ean=LOTTES_EAN, until_day=day_of(house.clock.now()).isoformat())
    house.clock.advance(years * YEAR)
    reopened(house, lotte)
    return stay


def ask(lotte: Customer, stay: str, **changes: Any) -> str:
    """Ask to erase the readings of a stay; returns the request's number."""
    lotte.call("erasure.ask", data_class="readings", occupancy_id=stay, **changes)
    return str(of_readings(lotte)["erasure"]["erasure_id"])


def of_readings(lotte: Customer) -> dict[str, Any]:
    found: list[dict[str, Any]] = lotte.call("erasure.mine")["classes"]
    return next(one for one in found if one["data_class"] == "readings")


def decide(house: TheHouse, stay: str, reason: str = "data_subject_request") -> dict[str, Any]:
    wish = {"data_class": "readings", "occupancy_id": stay, "reason": reason, "decided_by": "DPO"}
    return house.operator("erasure.decide", **wish)


def rows(house: TheHouse) -> int:
    return int(query(house, "SELECT count(*) FROM metering.profile")[0][0])


@pytest.mark.requirement("R49")
@pytest.mark.parametrize("is_decided", [False, True])
@pytest.mark.parametrize("by", ["customer", "operator"])
def test_what_was_asked_is_taken_back_before_it_goes_on_record_and_can_be_asked_again(
    house: TheHouse, measured: Customer, is_decided: bool, by: str
) -> None:
    stay = move_out(house, measured, 3)
    erasure = ask(measured, stay)
    if is_decided:
        decide(house, stay)
    assert of_readings(measured)["erasure"]["can_be_taken_back"] is True
    if by == "customer":
        answer = measured.call("erasure.withdraw", erasure_id=erasure)
    else:
        answer = house.operator("erasure.withdraw", erasure_id=erasure)
    newest = measured.statements()[0]
    assert (newest["event"], newest["index"]) == ("erasure.withdrawn", answer["index"])
    shown = of_readings(measured)
    assert (shown["erasure"], shown["obstacle"]) == (None, None)
    assert (shown["taken_back"]["erasure_id"], shown["taken_back"]["withdrawn_index"]) == (
        erasure,
        answer["index"],
    )
    assert measured.call("inbox.show")["messages"][0]["kind"] == "erasure.withdrawn"
    assert refusal(lambda: house.operator("erasure.execute")) == ("conflict", None)
    assert rows(house) > 0
    [clock] = query(
        house, "SELECT met_at IS NOT NULL, dropped_at IS NOT NULL FROM clocks.clock WHERE about = %s", erasure
    )
    assert clock == (is_decided, not is_decided)
    assert house.operator("ledger.check_bodies", start=0, limit=2000)["problems"] == []
    again = ask(measured, stay)
    assert again != erasure
    decide(house, stay)
    assert house.operator("erasure.execute")["erased"] == {"readings": 1}


def test_nobody_takes_back_anothers_and_nothing_twice_nor_what_went(
    house: TheHouse, measured: Customer, maria: Customer, joris: Party
) -> None:
    stay = move_out(house, measured, 3)
    reopened(house, maria)
    joris.token = house.token(joris.client_id, joris.client_secret)
    erasure = ask(measured, stay)

    def attempt(who: Customer | Party, erasure_id: str = erasure) -> str:
        return refusal(lambda: who.call("erasure.withdraw", erasure_id=erasure_id))[0]

    assert attempt(maria) == attempt(maria, str(uuid4())) == "not-found"
    assert attempt(joris) == "unauthenticated"
    before = measured.statements()
    measured.call("erasure.withdraw", erasure_id=erasure)
    assert attempt(measured) == "conflict"
    assert len(measured.statements()) == len(before) + 1
    second = ask(measured, stay)
    decide(house, stay)
    house.operator("erasure.execute")
    with pytest.raises(DoorRefusedError, match="it cannot be taken back any more"):
        measured.call("erasure.withdraw", erasure_id=second)
    assert refusal(lambda: house.operator("erasure.withdraw", erasure_id=second))[0] == "conflict"
    assert rows(house) == 0


def test_what_goes_because_its_term_ended_is_nobodys_to_take_back(
    house: TheHouse, measured: Customer
) -> None:
    stay = move_out(house, measured, 4)
    decided = decide(house, stay, "retention_ended")["erasure_id"]
    assert of_readings(measured)["erasure"]["can_be_taken_back"] is False
    assert refusal(lambda: measured.call("erasure.withdraw", erasure_id=decided))[0] == "conflict"
    assert house.operator("erasure.execute")["erased"] == {"readings": 1}


def test_a_request_that_was_refused_is_not_taken_back(house: TheHouse, measured: Customer) -> None:
    stay = move_out(house, measured, 3)
    erasure = ask(measured, stay)
    wish = {"data_class": "readings", "occupancy_id": stay, "reason": "data_subject_request"}
    house.operator("erasure.decide", **wish, decided_by="DPO", refusal="een geschil loopt")
    assert refusal(lambda: measured.call("erasure.withdraw", erasure_id=erasure))[0] == "conflict"


@pytest.mark.requirement("R49")
def test_whoever_sees_readings_that_are_anothers_asks_so_before_any_term_and_the_data_manager_decides(
    house: TheHouse, measured: Customer
) -> None:
    assert (
        of_readings(measured)["wrong_person"] is False
    )  # she lives there: who lives there is set right first
    stay = measured.occupancy()
    asked = {"data_class": "readings", "occupancy_id": stay, "reason": "wrong_person"}
    assert refusal(lambda: measured.call("erasure.ask", **asked)) == ("erasure-refused", "in_use")
    move_out(house, measured, 0)
    shown = of_readings(measured)
    assert (shown["obstacle"], shown["wrong_person"]) == ("term_runs", True)
    assert refusal(lambda: ask(measured, stay)) == ("erasure-refused", "term_runs")
    assert (
        refusal(lambda: measured.call("erasure.ask", **(asked | {"data_class": "ledger"})))[1] == "term_runs"
    )
    erasure = ask(measured, stay, reason="wrong_person")
    [waiting] = [one for one in house.operator("erasure.list")["erasures"] if one["state"] == "asked"]
    assert (waiting["erasure_id"], waiting["reason"]) == (erasure, "wrong_person")
    assert rows(house) > 0
    decide(house, stay, "wrong_person")
    assert house.operator("erasure.execute")["erased"] == {"readings": 1}
    assert rows(house) == 0


def test_a_restored_database_that_forgot_it_erases_nothing_before_it_is_reconciled_and_nothing_after(
    house: TheHouse, backups: Backups, measured: Customer
) -> None:
    stay = move_out(house, measured, 3)
    erasure = ask(measured, stay)
    decide(house, stay)
    dump(backups)
    measured.call("erasure.withdraw", erasure_id=erasure)
    restored(backups, measured)
    assert of_readings(measured)["erasure"]["state"] == "decided"  # what the backup knows
    house.clock.advance(timedelta(days=2))
    assert refusal(lambda: house.operator("erasure.execute")) == ("conflict", None)
    assert house.operator("reconcile.finish")["ended_again"] == 1
    reopened(house, measured)
    assert of_readings(measured)["taken_back"]["erasure_id"] == erasure
    assert refusal(lambda: house.operator("erasure.execute")) == ("conflict", None)
    assert rows(house) > 0
