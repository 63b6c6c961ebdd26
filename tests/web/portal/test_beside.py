"""An organisation that asked for several addresses: each is granted by an answer of its own, or not at all."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from databeheer.brussels import day_of
from databeheer.door.client import DoorRefusedError
from tests.conftest import LOTTES_EAN
from tests.house import Customer, Party, TheHouse
from tests.web.portal.visiting import Page, Visitor

Visit = Callable[[Customer], Visitor]
SEASIDE = "541448899990000053"


@pytest.fixture
def homes(house: TheHouse, lotte: Customer) -> list[str]:
    """Lotte's other connections, one of gas."""
    second = house.point("541448899990000046", lotte, commodity="gas")
    third = house.point(SEASIDE, lotte, address="Zeedijk 1, 8400 Oostende")
    assert second
    assert third
    return [second, third]


def asked_for(bram: Party, most: int) -> dict[str, Any]:
    return bram.ask(up_to=most, reference="several", data_from="2023-01-01T00:00:00Z")


def beside(customer: Customer, asked: dict[str, Any], occupancy: str) -> dict[str, Any]:
    granted: dict[str, Any] = customer.call(
        "permission.grant_beside",
        permission_id=asked["permission_id"],
        occupancy_id=occupancy,
        notice="What Lotte read",
        language="nl",
    )["permission"]
    return granted


def refusal(act: Callable[[], object]) -> str:
    with pytest.raises(DoorRefusedError) as refused:
        act()
    return refused.value.code


def test_each_address_gets_a_permission_of_its_own_under_the_partys_reference(
    lotte: Customer, bram: Party, homes: list[str]
) -> None:
    asked = asked_for(bram, 3)
    lotte.grant(asked)
    second = beside(lotte, asked, homes[0])
    assert second["state"] == "active"
    listed = bram.call("permission.list", reference="several")["permissions"]
    assert len({one["ean"] for one in listed}) == len(listed) == 2
    assert {one["reference"] for one in listed} == {"several"}
    lotte.withdraw(asked["permission_id"])
    assert bram.permission(second["permission_id"])["state"] == "active"
    events = [step["event"] for step in lotte.permission(second["permission_id"])["history"]]
    assert events == ["permission.granted"]


def test_no_more_than_were_asked_and_none_twice(lotte: Customer, bram: Party, homes: list[str]) -> None:
    asked = asked_for(bram, 2)
    granted = lotte.grant(asked)["permission"]
    assert refusal(lambda: beside(lotte, asked, granted["occupancy_id"])) == "conflict"
    second = beside(lotte, asked, homes[0])
    assert refusal(lambda: beside(lotte, asked, homes[0])) == "conflict"
    assert refusal(lambda: beside(lotte, asked, homes[1])) == "conflict"
    assert refusal(lambda: beside(lotte, {"permission_id": second["permission_id"]}, homes[1])) == "conflict"
    assert len(bram.call("permission.list", reference="several")["permissions"]) == 2


def test_a_request_for_one_address_is_for_one(lotte: Customer, bram: Party, homes: list[str]) -> None:
    asked = bram.ask()
    lotte.grant(asked)
    assert refusal(lambda: beside(lotte, asked, homes[0])) == "conflict"


def test_nothing_goes_beside_what_waits_was_refused_ended_or_is_too_old(
    house: TheHouse, lotte: Customer, bram: Party, homes: list[str]
) -> None:
    waiting = asked_for(bram, 2)
    assert refusal(lambda: beside(lotte, waiting, homes[0])) in ("conflict", "not-found")
    lotte.grant(waiting)
    lotte.withdraw(waiting["permission_id"])
    assert refusal(lambda: beside(lotte, waiting, homes[0])) == "conflict"
    old = bram.ask(up_to=2)
    lotte.grant(old)
    house.clock.advance(timedelta(days=31))
    lotte.session = house.log_in(lotte.subject, lotte.name)
    assert refusal(lambda: beside(lotte, old, homes[0])) == "conflict"


def test_only_who_granted_it_grants_more_and_only_for_own_addresses(
    lotte: Customer, maria: Customer, bram: Party, homes: list[str]
) -> None:
    asked = asked_for(bram, 3)
    lotte.grant(asked)
    assert refusal(lambda: beside(maria, asked, maria.occupancy())) == "not-found"
    assert refusal(lambda: beside(lotte, asked, maria.occupancy())) == "not-found"
    assert refusal(lambda: beside(lotte, asked, str(uuid4()))) == "not-found"
    wish = {"permission_id": asked["permission_id"], "occupancy_id": homes[0]}
    read = {"notice": "x", "language": "nl"}
    assert refusal(lambda: bram.call("permission.grant_beside", **wish, **read)) == "unauthenticated"


@pytest.mark.requirement("R98")
def test_the_party_learns_of_another_address_once_all_who_must_have_granted_it(
    house: TheHouse, lotte: Customer, maria: Customer, bram: Party, homes: list[str]
) -> None:
    house.operator(
        "registry.concerned.begin",
        ean=SEASIDE,
        person_id=str(maria.person_id),
        from_day=day_of(house.clock.now()).isoformat(),
    )
    asked = asked_for(bram, 2)
    lotte.grant(asked)
    second = beside(lotte, asked, homes[1])
    assert second["state"] == "requested"
    assert len(bram.call("permission.list", reference="several")["permissions"]) == 1
    with pytest.raises(DoorRefusedError):
        bram.call("permission.show", permission_id=second["permission_id"])
    assert refusal(lambda: beside(lotte, asked, homes[0])) == "conflict"  # it counts while it waits
    maria.call(
        "permission.grant",
        permission_id=second["permission_id"],
        occupancy_id=homes[1],
        notice="What Maria read",
        language="nl",
    )
    listed = bram.call("permission.list", reference="several")["permissions"]
    assert {one["ean"] for one in listed} == {LOTTES_EAN, SEASIDE}


@pytest.mark.parametrize("most", [0, 101, True, "2", None])
def test_a_number_of_addresses_that_is_none_is_refused(bram: Party, most: Any) -> None:
    assert refusal(lambda: bram.ask(up_to=most)) == "malformed-request"


def press(visitor: Visitor, page: Page, **fields: str) -> Page:
    return visitor.press(page, "/ook", **fields)


def test_the_portal_offers_the_other_addresses_after_the_answer(
    visit: Visit, lotte: Customer, bram: Party, homes: list[str]
) -> None:
    asked = asked_for(bram, 2)
    visitor = visit(lotte)
    page = visitor.get("/verbruik/dienstverlener", id=asked["link_code"])
    answered = visitor.press(page, asked["permission_id"], "grant", occupancy_id=lotte.occupancy())
    leads = [link for link in answered.links if link.endswith("/ook")]
    assert len(leads) == 1
    offer = visitor.get(leads[0])
    assert set(offer.form("/ook").choices["occupancy_id"]) == set(homes)
    assert offer.form("/ook").preselected == []
    assert "U kunt apart toestaan" not in offer.text  # it has one button to grant with
    assert press(visitor, offer).status == 400  # no address chosen
    done = press(visitor, offer, occupancy_id=homes[0])
    assert "U gaf Bram Energieadvies toestemming" in done.text
    assert not [link for link in done.links if link.endswith("/ook")]  # two were asked
    assert visitor.get(leads[0]).status == 303
    assert len(bram.call("permission.list", reference="several")["permissions"]) == 2


def test_the_portal_offers_nothing_where_one_address_was_asked(
    visit: Visit, lotte: Customer, bram: Party, homes: list[str]
) -> None:
    asked = bram.ask()
    visitor = visit(lotte)
    page = visitor.get("/verbruik/dienstverlener", id=asked["link_code"])
    answered = visitor.press(page, asked["permission_id"], "grant", occupancy_id=homes[0])
    assert not [link for link in answered.links if link.endswith("/ook")]
    assert visitor.get(f"/mijn/toestemming/{asked['permission_id']}/ook").status == 303


def test_a_changed_form_grants_no_other_address(
    visit: Visit, lotte: Customer, maria: Customer, bram: Party, homes: list[str]
) -> None:
    asked = asked_for(bram, 3)
    lotte.grant(asked)
    visitor = visit(lotte)
    offer = visitor.get(f"/mijn/toestemming/{asked['permission_id']}/ook")
    assert press(visitor, offer, occupancy_id=maria.occupancy()).status == 400
    assert press(visitor, offer, occupancy_id=homes[0], notice_sha256="00" * 32).status == 409
    assert len(bram.call("permission.list", reference="several")["permissions"]) == 1
