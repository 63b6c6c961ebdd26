"""The customer's page on user ports: what there is, what opening means, confirm, undo, and the clock of 24 hours."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from databeheer.brussels import day_of
from databeheer.registry.user_ports import Obstacle, UserPort
from tests.conftest import LOTTES_EAN
from tests.copies import setting_up
from tests.house import Customer, Party, TheHouse
from tests.web.portal.visiting import Page, Visitor
from web import saying
from web.portal import port_words

Visit = Callable[[Customer], Visitor]
METER = "1SAG0000000001"


def install(house: TheHouse, *ports: str, digital: bool = True) -> None:
    house.operator("registry.meter.install", ean=LOTTES_EAN, meter=METER, digital=digital, ports=list(ports))


def execute(net: Party) -> None:
    """The grid operator carries out all that waits."""
    for order in net.call("port.orders")["orders"]:
        net.call("port.executed", order_id=order["order_id"])


def to_confirmation(visitor: Visitor, port: str = "P1") -> Page:
    page = visitor.get("/mijn/poorten")
    return visitor.get(next(link for link in page.links if link.endswith(f"/{port}/openen")))


def confirm(visitor: Visitor, port: str = "P1") -> Page:
    return visitor.press(to_confirmation(visitor, port), f"/{port}/openen")


@pytest.fixture
@setting_up
def fitted(house: TheHouse, lotte: Customer) -> Customer:
    install(house, "P1", "S1")
    return lotte


@pytest.mark.requirement("R42", "R51", "R52")
def test_the_page_shows_each_port_closed_and_says_that_opening_is_free(
    visit: Visit, fitted: Customer
) -> None:
    visitor = visit(fitted)
    page = visitor.get("/mijn/poorten")
    assert "P1-poort Dicht" in page.text
    assert "S1-poort Dicht" in page.text
    assert "Elke poort is dicht, tot u ze laat openen. Openen en sluiten is gratis" in page.text
    assert METER in page.text
    assert page.inline == []
    assert not page.has_form("/openen")  # one click in a list opens nothing
    assert not page.has_form("/sluiten")
    assert "/mijn/poorten" in visitor.get("/mijn").links


@pytest.mark.requirement("R42", "R53", "R55")
def test_opening_takes_a_page_that_says_what_it_means_and_one_confirmation(
    visit: Visit, house: TheHouse, fitted: Customer, net: Party
) -> None:
    visitor = visit(fitted)
    page = to_confirmation(visitor)
    for words in ("Wie kan het lezen?", "Van buitenaf kan niemand de poort lezen", "Niets.", "binnen 24 uur"):
        assert words in page.text
    assert net.call("port.orders")["orders"] == []
    asked_at = house.clock.now()
    page = visitor.press(page, "/P1/openen")
    assert "U hebt gevraagd: de P1-poort openen" in page.text
    assert "P1-poort Wordt geopend" in page.text
    assert f"vóór {saying.moment(asked_at + timedelta(hours=24))}" in page.text
    assert "staat open" not in visitor.get("/mijn").text
    execute(net)
    top = visitor.get("/mijn")
    assert "De P1-poort van uw meter op Kerkstraat 1" in top.text
    assert "/mijn/poorten" in top.links
    page = visitor.get("/mijn/poorten")
    assert "P1-poort Open" in page.text
    assert "S1-poort Dicht" in page.text
    assert "Poort geopend door de netbeheerder" in visitor.get("/mijn/gelezen", soort="toestemmingen").text


@pytest.mark.requirement("R53")
def test_closing_is_one_button_and_both_can_be_undone(
    visit: Visit, house: TheHouse, fitted: Customer, net: Party
) -> None:
    visitor = visit(fitted)
    page = confirm(visitor)
    undone = visitor.press(page, "/P1/sluiten")  # undo, before the grid operator did anything
    assert "Uw vraag is ingetrokken: de P1-poort blijft dicht" in undone.text
    assert "P1-poort Blijft dicht" in undone.text
    execute(net)
    confirm(visitor)
    execute(net)
    pressed = visitor.pressed
    closing = visitor.press(visitor.get("/mijn/poorten"), "/P1/sluiten")
    assert visitor.pressed == pressed + 1
    assert "U hebt gevraagd: de P1-poort sluiten" in closing.text
    assert "P1-poort Wordt gesloten" in closing.text
    assert any(link.endswith("/P1/openen") for link in closing.links)  # and back, past what it means
    assert [one["wanted"] for one in net.call("port.orders")["orders"]] == ["closed"]


def test_an_order_that_is_late_says_so_and_who_is(
    visit: Visit, house: TheHouse, fitted: Customer, net: Party
) -> None:
    confirm(visit(fitted))
    house.clock.advance(timedelta(hours=24))
    page = visit(fitted).get("/mijn/poorten")
    assert "De netbeheerder is te laat" in page.text


def test_a_second_click_and_an_old_window_do_nothing_twice(
    visit: Visit, house: TheHouse, fitted: Customer, net: Party
) -> None:
    visitor = visit(fitted)
    old = to_confirmation(visitor)
    visitor.press(old, "/P1/openen")
    again = visitor.press(old, "/P1/openen")
    assert "U had dit al gevraagd" in again.text
    assert len(net.call("port.orders")["orders"]) == 1
    visitor.press(again, "/P1/sluiten")
    refused = visitor.press(old, "/P1/openen")
    assert refused.status == 409
    assert "Intussen is er iets veranderd" in refused.text
    assert [one["wanted"] for one in net.call("port.orders")["orders"]] == ["closed"]


def test_a_text_that_is_not_the_one_on_the_page_opens_nothing(
    visit: Visit, fitted: Customer, net: Party
) -> None:
    visitor = visit(fitted)
    form = to_confirmation(visitor).form("/P1/openen")
    answer = visitor.send(form.action, form.fields | {"notice_sha256": "00" * 32})
    assert (answer.status, answer.location.endswith("/P1/openen")) == (303, True)
    assert visitor.send(form.action, form.fields | {"extra": "1"}).status == 400
    assert net.call("port.orders")["orders"] == []


def test_a_stranger_logs_in_first_and_nobody_orders_anothers(
    stranger: Visitor, visit: Visit, house: TheHouse, fitted: Customer, maria: Customer, net: Party
) -> None:
    assert stranger.get("/mijn/poorten").status == 303
    theirs = to_confirmation(visit(fitted)).form("/P1/openen")
    other = visit(maria)
    guard = {"csrf_token": other.get("/mijn").form("/afmelden").fields["csrf_token"]}
    assert other.get(theirs.action).status == 404
    assert other.send(theirs.action, theirs.fields | guard).status == 404
    assert other.send(theirs.action.replace("openen", "sluiten"), guard).status == 404
    assert net.call("port.orders")["orders"] == []


@pytest.mark.parametrize(
    ("digital", "ports", "words"),
    [(False, [], "Dit is geen digitale meter"), (True, [], "Deze meter heeft geen poort")],
)
def test_where_there_is_no_port_the_page_says_why(
    visit: Visit, house: TheHouse, lotte: Customer, digital: bool, ports: list[str], words: str
) -> None:
    install(house, *ports, digital=digital)
    page = visit(lotte).get("/mijn/poorten")
    assert words in page.text
    assert not any(link.endswith("/openen") for link in page.links)


@pytest.mark.requirement("R57")
def test_who_moves_in_sees_a_closed_port_and_that_it_is_still_being_closed(
    visit: Visit, house: TheHouse, fitted: Customer, maria: Customer, net: Party
) -> None:
    confirm(visit(fitted))
    execute(net)
    today = day_of(house.clock.now()).isoformat()
    house.operator("registry.occupancy.end", ean=LOTTES_EAN, until_day=today)
    moved = {"ean": LOTTES_EAN, "person_id": str(maria.person_id), "from_day": today}
    house.operator("registry.occupancy.begin", **moved)
    assert "staat open" not in visit(fitted).get("/mijn").text  # it is no home of hers any more
    page = visit(maria).get("/mijn/poorten")
    assert "P1-poort Wordt gesloten" in page.text
    assert "Blijft dicht" not in page.text
    assert "Zolang het niet gebeurd is, kan de poort nog open zijn" in page.text
    execute(net)
    assert "P1-poort Dicht" in visit(maria).get("/mijn/poorten").text


def test_every_code_of_ports_has_words() -> None:
    assert {str(port) for port in UserPort} == set(port_words.PORTS)
    assert {str(one) for one in Obstacle} == set(port_words.OBSTACLES)
