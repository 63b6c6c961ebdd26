"""A customer gives a party what nobody asked: within the catalogue, once, by himself, and no outsider can."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import uuid4

import pytest

from databeheer.door.client import DoorRefusedError, Proof
from databeheer.identity.sessions import FRESH_TERM
from tests.house import Customer, Party, TheHouse


def wish(party: Party, who: Customer, **changes: Any) -> dict[str, Any]:
    return {
        "permission_id": str(uuid4()),
        "party_id": party.party_id,
        "purpose": "energy_advice",
        "granularity": "quarter_hour",
        "directions": ["offtake", "injection"],
        "data_from": "2022-12-31T23:00:00Z",
        "occupancy_id": who.occupancy(),
        "notice": "What Lotte chose",
        "language": "nl",
    } | changes


def code(act: Callable[[], Any]) -> str:
    with pytest.raises(DoorRefusedError) as refused:
        act()
    return refused.value.code


def offered(who: Customer, **asked: Any) -> dict[str, Any]:
    return {one["name"]: one for one in who.call("permission.offered", **asked)["parties"]}


@pytest.mark.requirement("R18", "R33")
def test_a_customer_chooses_a_party_that_reads_then_and_the_ledger_says_who_began(
    house: TheHouse, measured: Customer, bram: Party, joris: Party, erik: Party
) -> None:
    assert {one["purpose"] for one in offered(measured)["Bram Energieadvies"]["offers"]} >= {"energy_advice"}
    assert offered(measured)["Bram Energieadvies"]["missing"] == []
    assert erik.name not in offered(measured)  # a supplier gets by law, not by being chosen
    assert offered(measured, name="bram").keys() == {"Bram Energieadvies"}
    assert offered(measured, name="%") == {} == offered(measured, name="nobody of this name")
    chosen = wish(bram, measured)
    answer = measured.call("permission.choose", **chosen)
    assert answer["permission"]["state"] == "active"
    assert answer["permission"]["is_chosen"]
    assert answer["promise"]
    assert bram.read(chosen["permission_id"])["channels"]
    [granted] = [one for one in measured.statements() if one["event"] == "permission.granted"]
    assert granted["index"] == answer["index"]
    # Twice is once: a second press finds it there, and nothing is added.
    assert code(lambda: measured.call("permission.choose", **chosen)) == "conflict"
    assert len([one for one in measured.statements() if one["event"] == "permission.granted"]) == 1
    assert code(lambda: joris.read(chosen["permission_id"])) == "no-legal-basis"
    measured.withdraw(chosen["permission_id"])
    assert code(lambda: bram.read(chosen["permission_id"])) == "permission-ended"


def test_nobody_chooses_what_is_not_offered_nor_for_whom_it_is_not_his(
    house: TheHouse, lotte: Customer, maria: Customer, bram: Party, erik: Party
) -> None:
    def refused(who: Customer = lotte, party: Party = bram, **changes: Any) -> str:
        return code(lambda: who.call("permission.choose", **wish(party, lotte, **changes)))

    assert refused(party=erik) == "not-found"
    assert refused(party_id=str(uuid4())) == "not-found"
    assert refused(purpose="billing") == "not-found"
    assert refused(purpose="dynamic_price_billing") == "not-found"
    assert refused(maria) == "not-found"
    assert refused(occupancy_id=str(uuid4())) == "not-found"
    assert refused(occupancy_id=maria.occupancy()) == "not-found"
    assert refused(data_until="2022-12-31T23:00:00Z") == "malformed-request"
    assert refused(valid_until="2022-12-31T23:00:00Z") == "malformed-request"
    wrong: list[dict[str, Any]] = [
        {"directions": []},
        {"granularity": "second"},
        {"purpose": "x"},
        {"notice": ""},
        {"permission_id": "1"},
        {"more": 1},
    ]
    for changes in wrong:
        assert refused(**changes) == "malformed-request"
    for proof in (Proof("none", ""), Proof.token(bram.token), Proof.session(house.inspector())):
        choose = partial(house.client.call, "permission.choose", proof, **wish(bram, lotte))
        assert code(choose) == "unauthenticated"
        assert code(partial(house.client.call, "permission.offered", proof)) == "unauthenticated"
    house.clock.advance(FRESH_TERM)
    assert refused() == "fresh-login-needed"
    assert bram.call("permission.list")["permissions"] == []


@pytest.mark.requirement("R12", "R13", "R114")
def test_a_party_that_lacks_what_the_law_asks_cannot_be_chosen_and_it_says_what(
    house: TheHouse, lotte: Customer, bram: Party
) -> None:
    without = house.party("Zonder Contract", "energy_service", contract=False)
    bare = house.party("Zonder Papieren", "energy_service", papers=False)
    house.operator("registry.party.suspend", party_id=bram.party_id, reason="onderzoek")
    said = offered(lotte)
    assert said["Zonder Contract"]["missing"] == ["no_data_access_contract"]
    assert set(said["Zonder Papieren"]["missing"]) == {"no_dpia", "no_processing_overview"}
    assert said["Bram Energieadvies"]["missing"] == ["party_suspended"]
    for party in (without, bare, bram):
        assert code(partial(lotte.call, "permission.choose", **wish(party, lotte))) == "conflict"
    assert lotte.call("permission.list")["permissions"] == []


@pytest.mark.requirement("R4", "R98")
def test_where_two_must_sign_the_party_learns_of_it_once_both_have(
    house: TheHouse, lotte: Customer, maria: Customer, bram: Party
) -> None:
    noor = house.customer("noor", "Noor Baert")
    ean = lotte.call("me")["occupancies"][0]["ean"]
    house.operator("registry.concerned.begin", ean=ean, person_id=str(noor.person_id), from_day="2022-01-01")
    chosen = wish(bram, lotte)
    answer = lotte.call("permission.choose", **chosen)
    assert answer["permission"]["state"] == "requested"
    assert bram.call("permission.list")["permissions"] == []
    assert code(lambda: bram.call("permission.show", permission_id=chosen["permission_id"])) == "not-found"
    assert code(lambda: maria.permission(chosen["permission_id"])) == "not-found"
    read = {"occupancy_id": lotte.occupancy(), "notice": "What Noor read", "language": "nl"}
    house.clock.advance(timedelta(minutes=1))
    noor.call("permission.grant", permission_id=chosen["permission_id"], **read)
    assert bram.permission(chosen["permission_id"])["state"] == "active"
