"""The emergency stop: nothing is handed over, every attempt is recorded, and withdrawing is never blocked."""

from __future__ import annotations

from typing import Any

import pytest

from databeheer.door.client import DoorRefusedError, Proof
from tests.conftest import LOTTES_EAN
from tests.doors import FACTS, held, meanwhile, query
from tests.house import Customer, Party, TheHouse

DAY = {"from": "2023-10-28T22:00:00Z", "until": "2023-10-29T23:00:00Z"}
MONTH = {"from": "2023-09-30T22:00:00Z", "until": "2023-10-31T23:00:00Z", "granularity": "month"}


@pytest.fixture
def stopped(house: TheHouse, measured: Customer, bram: Party, granted: dict[str, Any]) -> dict[str, Any]:
    """Everything is set for a read, and then the operator stops the house."""
    house.operator("stop.set", reason="a leak is suspected")
    return granted


def refusal(call: Any) -> DoorRefusedError:
    with pytest.raises(DoorRefusedError) as refused:
        call()
    return refused.value


def test_no_party_and_no_customer_gets_values_and_each_attempt_is_recorded(
    house: TheHouse, measured: Customer, bram: Party, erik: Party, net: Party, stopped: dict[str, Any]
) -> None:
    house.operator("registry.supply.accept", ean=LOTTES_EAN, party_id=erik.party_id, from_day="2023-01-01")
    attempts = {
        "by consent": lambda: bram.read(stopped["permission_id"]),
        "by law": lambda: erik.read(ean=LOTTES_EAN, **MONTH),
        "the grid operator": lambda: net.read(ean=LOTTES_EAN, **(DAY | {"granularity": "day"})),
        "one's own": lambda: measured.call(
            "readings.read", occupancy_id=measured.occupancy(), granularity="quarter_hour", **DAY
        ),
    }
    for name, attempt in attempts.items():
        refused = refusal(attempt)
        assert (refused.code, refused.reason) == ("stopped", "stopped"), name
        told = measured.statements()[0]
        assert (told["index"], told["event"], told["reason"]) == (refused.index, "data.refused", "stopped")


@pytest.mark.requirement("R22")
def test_withdrawing_is_not_stopped(measured: Customer, bram: Party, stopped: dict[str, Any]) -> None:
    assert measured.withdraw(stopped["permission_id"])["permission"]["state"] == "revoked"
    assert refusal(lambda: bram.read(stopped["permission_id"])).reason == "withdrawn"


def test_what_is_no_hand_over_goes_on(house: TheHouse, measured: Customer, bram: Party, stopped: Any) -> None:
    asked = bram.ask()
    assert measured.grant(asked)["permission"]["state"] == "active"
    bram.call("permission.terminate", permission_id=asked["permission_id"])
    assert measured.statements()
    assert measured.call("permission.list")["permissions"]
    assert bram.call("receipt.opening", index=measured.statements(kind="permissions")[0]["index"])


def test_when_it_is_lifted_data_flow_again(house: TheHouse, bram: Party, stopped: dict[str, Any]) -> None:
    lifted = house.operator("stop.lift", reason="a false alarm")
    assert bram.read(stopped["permission_id"])["index"] == lifted["index"] + 1


def test_stop_and_lift_are_recorded_with_their_reason_and_shown(house: TheHouse, stopped: Any) -> None:
    inspector = Proof.session(house.inspector())
    assert house.client.call("oversight.summary", inspector)["stop"]["reason"] == "a leak is suspected"
    assert query(house, "SELECT event FROM ledger.body ORDER BY index DESC LIMIT 1") == [("stop.set",)]
    house.operator("stop.lift", reason="a false alarm")
    assert house.client.call("oversight.summary", inspector)["stop"] is None
    assert query(house, "SELECT event FROM ledger.body ORDER BY index DESC LIMIT 1") == [("stop.lifted",)]


def test_a_stop_on_a_stop_and_a_lift_of_nothing_are_refused(house: TheHouse, stopped: Any) -> None:
    assert refusal(lambda: house.operator("stop.set", reason="again")).code == "conflict"
    house.operator("stop.lift", reason="over")
    assert refusal(lambda: house.operator("stop.lift", reason="again")).code == "conflict"


@pytest.mark.parametrize("command", ["stop.set", "stop.lift"])
def test_nobody_but_the_operator_stops_or_lifts(
    house: TheHouse, measured: Customer, bram: Party, stopped: dict[str, Any], command: str
) -> None:
    for proof in (
        Proof.session(measured.session),
        Proof.session(house.inspector()),
        Proof.token(bram.token),
        Proof("none", ""),
    ):
        assert (
            refusal(lambda proof=proof: house.client.call(command, proof, reason="me")).code
            == "unauthenticated"
        )
    assert refusal(lambda: bram.read(stopped["permission_id"])).code == "stopped"


def test_the_stop_holds_for_what_waits_behind_it(
    house: TheHouse, measured: Customer, bram: Party, granted: dict[str, Any]
) -> None:
    with held(house, FACTS) as lock:
        first = meanwhile(house.client, lambda: bram.read(granted["permission_id"]))
        lock.until_waiting(1)
        stopping = meanwhile(house.client, lambda: house.operator("stop.set", reason="a leak is suspected"))
        lock.until_waiting(2)
        lock.release()
        assert first.result(60)["index"] < stopping.result(60)["index"]
    assert refusal(lambda: bram.read(granted["permission_id"])).code == "stopped"
