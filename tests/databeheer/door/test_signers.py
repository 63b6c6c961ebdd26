"""More than one signs: a permission is active when all have granted; each of them can refuse or withdraw alone."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from databeheer.brussels import day_of
from databeheer.door.client import DoorRefusedError
from tests.conftest import LOTTES_EAN, MARIAS_EAN
from tests.doors import HEAD, held, meanwhile, query
from tests.house import Customer, Party, TheHouse
from tests.letters import to_whom
from tests.series import slots_in

UNKNOWN_EAN = "541448899990000060"


def code(answer: Any) -> str:
    with pytest.raises(DoorRefusedError) as refused:
        answer()
    return str(refused.value.code)


@pytest.fixture
def sam(house: TheHouse, measured: Customer) -> Customer:
    """Somebody who has lived with Lotte all along, and has made himself known."""
    sam = house.customer("sam", "Sam Smets")
    house.operator(
        "registry.concerned.begin", ean=LOTTES_EAN, person_id=str(sam.person_id), from_day="2022-01-01"
    )
    return sam


def place(customer: Customer, asked: dict[str, Any]) -> str:
    shown = customer.call("permission.by_link", link_code=asked["link_code"])
    return str(shown["occupancies"][0]["occupancy_id"])


@pytest.mark.requirement("R4")
def test_a_permission_is_active_only_when_both_have_granted(
    measured: Customer, sam: Customer, bram: Party
) -> None:
    asked = bram.ask()
    first = measured.grant(asked)["permission"]
    assert (first["state"], first["waits_for"], first["waits_for_you"]) == (
        "requested",
        ["natural_person"],
        False,
    )
    assert code(lambda: bram.read(asked["permission_id"])) == "permission-not-active"
    [waiting] = sam.call("permission.list", state="requested")["permissions"]
    assert waiting["waits_for_you"]
    given = sam.grant(asked | {"link_code": None}, waiting["addressed_to"])["permission"]
    assert (given["state"], len(given["signers"])) == ("active", 2)
    assert bram.read(asked["permission_id"])["channels"]


@pytest.mark.requirement("R36")
def test_who_is_not_the_contract_holder_begins_and_the_contract_holder_is_asked(
    measured: Customer, sam: Customer, bram: Party
) -> None:
    asked = bram.ask()
    assert sam.grant(asked, place(sam, asked))["permission"]["waits_for"] == ["grid_user"]
    [waiting] = measured.call("permission.list", state="requested")["permissions"]
    assert measured.grant(asked | {"link_code": None}, waiting["addressed_to"])["permission"]["state"] == (
        "active"
    )


@pytest.mark.requirement("R98")
def test_the_party_does_not_see_who_signed_before_all_have(
    measured: Customer, sam: Customer, bram: Party
) -> None:
    asked, untouched = bram.ask(ean=LOTTES_EAN), bram.ask(ean=UNKNOWN_EAN)
    measured.grant(asked | {"link_code": None}, parts=["past"])
    views = [
        bram.call("permission.show", permission_id=one["permission_id"])["permission"]
        for one in (asked, untouched)
    ]
    own = {"permission_id", "reference", "requested_at", "request_expires_at"}
    for view in views:
        view["history"] = [{**step, "at": "", "index": 0} for step in view["history"]]
    assert [{k: v for k, v in view.items() if k not in own} for view in views] == [
        {k: v for k, v in views[1].items() if k not in own}
    ] * 2


def test_nobody_signs_twice_and_a_neighbour_not_at_all(
    measured: Customer, sam: Customer, maria: Customer, bram: Party
) -> None:
    asked = bram.ask()
    measured.grant(asked)
    assert code(lambda: measured.grant(asked)) == "conflict"
    assert code(lambda: maria.grant(asked)) == "not-found"
    assert code(lambda: maria.grant(asked, measured.occupancy())) == "not-found"
    assert bram.permission(asked["permission_id"])["state"] == "requested"


def test_one_refusal_is_enough(measured: Customer, sam: Customer, bram: Party) -> None:
    asked = bram.ask()
    measured.grant(asked)
    sam.call("permission.refuse", permission_id=asked["permission_id"])
    assert bram.permission(asked["permission_id"])["state"] == "rejected"
    assert code(lambda: measured.grant(asked)) == "conflict"


@pytest.mark.requirement("R22")
@pytest.mark.parametrize("who", ["measured", "sam"])
def test_either_withdraws_alone_and_the_party_is_not_told_which(
    request: pytest.FixtureRequest, measured: Customer, sam: Customer, bram: Party, who: str
) -> None:
    asked = bram.ask()
    measured.grant(asked)
    sam.grant(asked | {"link_code": None}, measured.occupancy())
    request.getfixturevalue(who).withdraw(asked["permission_id"])
    assert code(lambda: bram.read(asked["permission_id"])) == "permission-ended"
    shown = bram.call("permission.show", permission_id=asked["permission_id"])["permission"]
    assert shown["reason"] == "withdrawn_by_customer"
    assert {step["by"] for step in shown["history"]} == {"party", "grid_user"}
    own = {step["by"] for step in measured.permission(asked["permission_id"])["history"]}
    assert own == {"party", "grid_user", "person_concerned"}


def test_the_second_may_grant_less_but_not_what_the_first_left_out(
    measured: Customer, sam: Customer, bram: Party
) -> None:
    asked = bram.ask()
    measured.grant(asked, parts=["past"])
    wish = asked | {"link_code": None}
    assert code(lambda: sam.grant(wish, measured.occupancy(), parts=["future"])) == "conflict"
    given = sam.grant(wish, measured.occupancy())["permission"]
    assert (given["parts"], given["refused_part"]) == (["past"], "future")


def test_both_signing_at_once_gives_one_active_permission(
    house: TheHouse, measured: Customer, sam: Customer, bram: Party
) -> None:
    asked, home = bram.ask(ean=LOTTES_EAN), measured.occupancy()
    wish = asked | {"link_code": None}
    with held(house, HEAD) as lock:
        both = [meanwhile(house.client, lambda who=who: who.grant(wish, home)) for who in (measured, sam)]
        lock.until_waiting(2)
        lock.release()
        states = sorted(one.result(60)["permission"]["state"] for one in both)
    assert states[-1] == "requested" or states == ["active", "active"]  # what the first one saw may be either
    assert bram.permission(asked["permission_id"])["state"] == "active"
    events = query(house, "SELECT event FROM permissions.event ORDER BY event_no")
    assert [one for (one,) in events][-2:] == ["permission.signed", "permission.granted"]


def test_who_made_himself_known_later_closes_his_own_time_only(
    house: TheHouse, measured: Customer, bram: Party, granted: dict[str, Any]
) -> None:
    sam = house.customer("sam", "Sam Smets")
    house.operator(
        "registry.concerned.begin", ean=LOTTES_EAN, person_id=str(sam.person_id), from_day="2023-10-29"
    )
    wish = {"from": "2023-10-27T22:00:00Z", "until": "2023-10-30T23:00:00Z", "mode": "clip"}
    answer = bram.read(granted["permission_id"], **wish)
    assert sum(len(slots_in(channel)) for channel in answer["channels"]) == 96
    assert {one["reason"] for one in answer["refused"]} == {"second_signature_missing"}


def test_a_resident_who_left_need_not_sign(
    house: TheHouse, measured: Customer, sam: Customer, bram: Party
) -> None:
    today = day_of(house.clock.now()).isoformat()
    house.operator("registry.concerned.end", ean=LOTTES_EAN, person_id=str(sam.person_id), until_day=today)
    assert measured.grant(bram.ask())["permission"]["state"] == "active"
    assert code(lambda: sam.call("permission.grant", **_wish(bram.ask(), measured))) == "not-found"


def _wish(asked: dict[str, Any], customer: Customer) -> dict[str, Any]:
    return {
        "permission_id": asked["permission_id"],
        "link_code": asked["link_code"],
        "occupancy_id": customer.occupancy(),
        "notice": "x",
        "language": "nl",
    }


# ---- an applicant whom the house does not know there ---------------------------------------------------------


@pytest.mark.requirement("R36", "R98")
@pytest.mark.parametrize("ean", [LOTTES_EAN, UNKNOWN_EAN])
def test_a_request_is_sent_on_to_the_contract_holder_and_the_answer_is_always_the_same(
    lotte: Customer, maria: Customer, bram: Party, ean: str
) -> None:
    asked = bram.ask()
    sent = maria.call(
        "permission.forward", permission_id=asked["permission_id"], link_code=asked["link_code"], ean=ean
    )
    assert sent == {"state": "requested"}
    assert code(lambda: maria.grant(asked)) == "not-found"  # it is the contract holder's now
    assert code(lambda: maria.call("permission.by_link", link_code=asked["link_code"])) == "not-found"
    assert bram.permission(asked["permission_id"])["state"] == "requested"
    found = lotte.call("permission.list")["permissions"]
    assert [one["by_applicant"] for one in found] == ([True] if ean == LOTTES_EAN else [])
    if found:
        assert lotte.grant(asked | {"link_code": None})["permission"]["ean"] == LOTTES_EAN


@pytest.mark.requirement("R36")
def test_the_contract_holder_is_told_of_what_was_sent_on_and_nothing_is_read_before_he_decides(
    house: TheHouse, measured: Customer, maria: Customer, bram: Party
) -> None:
    asked = bram.ask()
    link = {"permission_id": asked["permission_id"], "link_code": asked["link_code"]}
    maria.call("permission.forward", **link, ean=LOTTES_EAN)
    assert to_whom(house, "permission.forwarded") == {("customer", measured.person_id)}
    assert code(lambda: bram.read(asked["permission_id"])) == "permission-not-active"
    measured.call("permission.refuse", permission_id=asked["permission_id"])
    assert code(lambda: bram.read(asked["permission_id"])) == "permission-not-active"
    assert bram.permission(asked["permission_id"])["state"] == "rejected"


def test_a_request_is_sent_on_once(lotte: Customer, maria: Customer, bram: Party) -> None:
    asked = bram.ask()
    for ean, wanted in ((LOTTES_EAN, None), (MARIAS_EAN, "not-found")):
        wish = {"permission_id": asked["permission_id"], "link_code": asked["link_code"], "ean": ean}
        if wanted is None:
            maria.call("permission.forward", **wish)
        else:
            assert code(lambda wish=wish: maria.call("permission.forward", **wish)) == wanted


@pytest.mark.requirement("R98")
def test_a_waiting_request_does_not_tell_its_party_that_the_customer_moved(
    house: TheHouse, lotte: Customer, bram: Party
) -> None:
    """Neither in what it shows, nor in what can be done with it, nor in the ledger's receipts."""
    asked = {ean: bram.ask(ean=ean) for ean in (LOTTES_EAN, UNKNOWN_EAN)}
    house.operator("registry.occupancy.end", ean=LOTTES_EAN, until_day=day_of(house.clock.now()).isoformat())
    assert lotte.permission(asked[LOTTES_EAN]["permission_id"])["state"] == "invalidated"
    assert code(lambda: lotte.grant(asked[LOTTES_EAN] | {"link_code": None})) == "not-found"
    assert {bram.permission(one["permission_id"])["state"] for one in asked.values()} == {"requested"}
    house.clock.advance(timedelta(days=30))
    house.operator("permission.sweep")
    bram.token = house.token(bram.client_id, bram.client_secret)
    shown = [
        bram.call("permission.show", permission_id=one["permission_id"])["permission"]
        for one in asked.values()
    ]
    assert {(one["state"], one["reason"]) for one in shown} == {("timed_out", "not_answered_in_time")}
    assert {tuple(step["event"] for step in one["history"]) for one in shown} == {
        ("permission.requested", "permission.timed_out")
    }
