"""A customer says that something looks wrong, and reads in plain words what becomes of it and by when."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from databeheer.door.client import DoorRefusedError
from databeheer.doubt.states import Concern, Event, Origin, State
from databeheer.values import parse_instant
from tests.conftest import LOTTES_EAN
from tests.databeheer.doubt.acts import contact, later
from tests.house import Customer, Party, TheHouse
from tests.web.portal.visiting import Visitor
from web import saying
from web.doubt_words import CONCERNS, NEXT, NEXT_OF_ENDED, ORIGINS, STATES, STEPS

Visit = Callable[[Customer], Visitor]
READ = {"from": "2023-10-28T22:00:00Z", "until": "2023-10-29T23:00:00Z"}


@pytest.fixture
def granted(measured_autumn: Customer, bram: Party) -> dict[str, Any]:
    asked = bram.ask()
    measured_autumn.grant(asked)
    return asked


@pytest.mark.requirement("R99")
@pytest.mark.requirement("R100")
def test_from_the_page_of_a_permission_one_choice_and_one_button_block_the_party(
    visit: Visit, house: TheHouse, measured_autumn: Customer, bram: Party, granted: dict[str, Any]
) -> None:
    visitor = visit(measured_autumn)
    place = f"/mijn/toestemming/{granted['permission_id']}"
    assert f"{place}/twijfel" in visitor.get(place).links
    page = visitor.get(f"{place}/twijfel")
    assert page.form("/twijfel").preselected == []
    unsure = visitor.press(page, "/twijfel")
    assert unsure.status == 400
    assert "Kies wat er niet klopt" in unsure.text
    assert bram.read(granted["permission_id"])["granted"]
    page = visitor.press(page, "/twijfel", wat="not_given", uitleg="Ik ken hen niet.\r\n" * 58)
    assert "Geblokkeerd, wij contacteren de dienst" in page.text
    assert "Ik ken hen niet." in page.text
    with pytest.raises(DoorRefusedError) as refused:
        bram.read(granted["permission_id"])
    assert refused.value.code == "blocked"
    [case] = measured_autumn.call("doubt.list")["cases"]
    assert f"vóór {saying.moment(case['contact_due_at'])}" in page.text
    due = contact(house, case)["evidence_due_at"]
    page = visitor.get(f"/mijn/twijfel/{case['case_id']}")
    assert f"vóór {saying.moment(due)}" in page.text
    assert "72 uur, ook in het weekend" in page.text
    house.clock.set(parse_instant(due) + timedelta(seconds=1))
    house.operator("doubt.sweep")
    later(house, timedelta(), measured_autumn)
    visitor = visit(measured_autumn)
    page = visitor.get(f"/mijn/twijfel/{case['case_id']}")
    assert "Deze gegevens krijgt de dienst nooit" in page.text
    assert "toonde niet op tijd aan" in visitor.get(place).text


@pytest.mark.requirement("R99")
def test_a_read_in_the_list_can_be_doubted_and_one_by_law_or_of_ones_own_cannot(
    visit: Visit, house: TheHouse, measured_autumn: Customer, bram: Party, granted: dict[str, Any]
) -> None:
    index = bram.read(granted["permission_id"])["index"]
    gas = house.point("541448899990000046", measured_autumn, commodity="gas")
    also = measured_autumn.grant(bram.ask(), gas)["permission"]["permission_id"]
    own = measured_autumn.call(
        "readings.read", occupancy_id=measured_autumn.occupancy(), granularity="day", **READ
    )["index"]
    visitor = visit(measured_autumn)
    page = visitor.get("/mijn/gelezen")
    assert f"/mijn/gelezen/{index}/twijfel" in page.links
    assert f"/mijn/gelezen/{own}/twijfel" not in page.links
    form = visitor.get(f"/mijn/gelezen/{index}/twijfel")
    page = visitor.press(form, "/twijfel", wat="too_much")
    assert "Uw twijfel over Bram Energieadvies" in page.text
    # The block is of one energy: both pages say of which, and lead to the other.
    assert "voor elektriciteit op Kerkstraat 1" in form.text
    assert "Dit geldt voor elektriciteit op Kerkstraat 1" in page.text
    for one in (form, page):
        assert "heeft op dit adres ook een toestemming voor gas. Die blijft gelden." in one.text
        assert f"/mijn/toestemming/{also}/twijfel" in one.links
    assert bram.permission(also)["state"] == "active"
    assert visitor.get(f"/mijn/gelezen/{own}/twijfel").status == 404


def test_the_form_names_who_read_when_and_what_and_opens_for_ones_own_book_alone(
    visit: Visit,
    measured_autumn: Customer,
    maria: Customer,
    bram: Party,
    granted: dict[str, Any],
) -> None:
    index = bram.read(granted["permission_id"])["index"]
    [line] = [one for one in measured_autumn.statements(kind="reads") if one["index"] == index]
    visitor = visit(measured_autumn)
    page = visitor.get(f"/mijn/gelezen/{index}/twijfel")
    for words in (
        "Er klopt iets niet bij Bram Energieadvies",
        f"Wanneer {saying.moment(line['at'])}",
        "meetgegevens per kwartier, op 29 oktober 2023: ten hoogste 100 waarden",
        line["sentence_nl"],
    ):
        assert words in page.text
    unsure = visitor.press(page, "/twijfel")
    assert (unsure.status, f"Wanneer {saying.moment(line['at'])}" in unsure.text) == (400, True)
    others, granting = visit(maria), index - 1
    token = page.form("/twijfel").fields
    answers = [
        who.get(f"/mijn/gelezen/{number}/twijfel")
        for who, number in (
            (others, index),
            (others, 10**6),
            (visitor, granting),
            (visitor, index + 1),  # the newest read before it is another line
            (visitor, 2**60),
        )
    ]
    answers += [
        visitor.send(f"/mijn/gelezen/{number}/twijfel", token | {"wat": "other"})
        for number in (granting, index + 1)
    ]
    assert [answer.status for answer in answers] == [404] * 7
    assert answers[0].text == answers[1].text
    assert "Energieadvies" not in answers[0].text
    assert measured_autumn.call("doubt.list")["cases"] == []


def test_of_a_read_by_law_the_page_says_that_there_is_no_permission_to_doubt(
    visit: Visit, house: TheHouse, measured_autumn: Customer, erik: Party
) -> None:
    house.operator("registry.supply.accept", ean=LOTTES_EAN, party_id=erik.party_id, from_day="2022-01-01")
    month = {"from": "2023-09-30T22:00:00Z", "until": "2023-10-31T23:00:00Z", "granularity": "month"}
    index = erik.read(ean=LOTTES_EAN, **month)["index"]
    page = visit(measured_autumn).get(f"/mijn/gelezen/{index}/twijfel")
    assert page.status == 200
    assert "Erik Energie" in page.text
    assert "Deze lezing steunt op de wet" in page.text
    assert not page.has_form("/twijfel")


def test_a_second_window_is_told_that_the_doubt_was_reported_and_when_and_leads_to_it(
    visit: Visit, measured_autumn: Customer, bram: Party, granted: dict[str, Any]
) -> None:
    index = bram.read(granted["permission_id"])["index"]
    visitor = visit(measured_autumn)
    places = (f"/mijn/toestemming/{granted['permission_id']}/twijfel", f"/mijn/gelezen/{index}/twijfel")
    forms = [visitor.get(place) for place in (*places, *places)]
    assert visitor.press(forms[0], "/twijfel", wat="other").status == 200
    [case] = measured_autumn.call("doubt.list")["cases"]
    for form in forms:
        again = visitor.press(form, "/twijfel", wat="not_given", uitleg="Het ging zo: <b>niemand</b> belde.")
        assert again.status == 409
        assert "Wat u nu schreef, is niet bewaard" in again.text
        assert "Het ging zo: <b>niemand</b> belde." in again.text
        assert "<b>" not in again.html
        assert "U meldde al twijfel over Bram Energieadvies" in again.text
        assert f"Dat was op {saying.moment(case['signals'][0]['at'])}." in again.text
        assert f"/mijn/twijfel/{case['case_id']}" in again.links
    assert measured_autumn.call("doubt.list")["cases"] == [case]


def test_the_page_of_a_blocked_permission_says_why_and_leads_to_its_own_case(
    visit: Visit, house: TheHouse, measured_autumn: Customer, bram: Party, granted: dict[str, Any]
) -> None:
    beside = bram.ask()
    measured_autumn.grant(beside)
    visitor = visit(measured_autumn)
    places = [f"/mijn/toestemming/{one['permission_id']}" for one in (granted, beside)]
    assert not [link for link in visitor.get(places[0]).links if link.startswith("/mijn/twijfel/")]
    visitor.press(visitor.get(f"{places[0]}/twijfel"), "/twijfel", wat="not_given")
    [case] = measured_autumn.call("doubt.list")["cases"]
    for place in places:  # the block is the party's, at that address: so is what the other page leads to
        page = visitor.get(place)
        assert "Geblokkeerd na een melding van twijfel , door databeheer" in page.text
        assert f"/mijn/twijfel/{case['case_id']}" in page.links
        assert "Bekijk wat er met uw melding van twijfel gebeurt" in page.text
    house.operator(
        "doubt.signal",
        permission_id=beside["permission_id"],
        origin="consumer_body",
        concern="not_given",
        source="Ombudsdienst",
    )
    cases = {one["permission_id"]: one["case_id"] for one in measured_autumn.call("doubt.list")["cases"]}
    for place, one in zip(places, (granted, beside), strict=True):
        assert f"/mijn/twijfel/{cases[one['permission_id']]}" in visitor.get(place).links
    assert "Bekijk wat er met de melding van twijfel gebeurt" in visitor.get(places[1]).text


def test_taking_a_doubt_back_twice_says_when_it_ended_and_so_does_one_that_time_closed(
    visit: Visit, house: TheHouse, measured_autumn: Customer, bram: Party, granted: dict[str, Any]
) -> None:
    visitor = visit(measured_autumn)
    place = f"/mijn/toestemming/{granted['permission_id']}/twijfel"
    page = visitor.press(visitor.get(place), "/twijfel", wat="other")
    visitor.press(page, "/intrekken")
    [case] = measured_autumn.call("doubt.list")["cases"]
    again = visitor.press(page, "/intrekken")
    assert again.status == 409
    assert "Deze twijfel was al afgesloten" in again.text
    assert f"Dat was op {saying.moment(case['closed_at'])}." in again.text
    assert measured_autumn.call("doubt.list")["cases"] == [case]


def test_a_doubt_that_somebody_else_shares_is_not_taken_back_and_the_page_says_why(
    visit: Visit, house: TheHouse, measured_autumn: Customer, granted: dict[str, Any]
) -> None:
    visitor = visit(measured_autumn)
    page = visitor.press(
        visitor.get(f"/mijn/toestemming/{granted['permission_id']}/twijfel"), "/twijfel", wat="other"
    )
    house.operator(
        "doubt.signal",
        permission_id=granted["permission_id"],
        origin="consumer_body",
        concern="not_given",
        source="Ombudsdienst",
    )
    refused = visitor.press(page, "/intrekken")
    assert refused.status == 409
    assert "U kunt deze twijfel nu niet intrekken" in refused.text
    assert "Ook een consumentenorganisatie meldde twijfel." in refused.text


def test_a_doubt_that_somebody_else_reported_is_not_put_into_the_customers_mouth(
    visit: Visit, house: TheHouse, measured_autumn: Customer, granted: dict[str, Any]
) -> None:
    house.operator(
        "doubt.signal",
        permission_id=granted["permission_id"],
        origin="consumer_body",
        concern="not_given",
        source="Ombudsdienst",
    )
    (case,) = measured_autumn.call("doubt.list")["cases"]
    page = visit(measured_autumn).get(f"/mijn/twijfel/{case['case_id']}")
    assert "Iemand meldde dat deze toestemming niet gegeven is" in page.text
    assert "Gemeld door een consumentenorganisatie" in page.text
    for words in ("Uw twijfel", "Ik heb", "Ook gemeld"):
        assert words not in page.text


def test_a_mistake_is_taken_back_with_one_button(
    visit: Visit, measured_autumn: Customer, bram: Party, granted: dict[str, Any]
) -> None:
    visitor = visit(measured_autumn)
    page = visitor.get(f"/mijn/toestemming/{granted['permission_id']}/twijfel")
    page = visitor.press(page, "/twijfel", wat="other")
    page = visitor.press(page, "/intrekken")
    assert "U trok uw twijfel in" in page.text
    assert not page.has_form("/intrekken")
    assert bram.read(granted["permission_id"])["granted"]


AGAIN = ("meteen weer lezen", "mag weer lezen", "mag ze weer lezen", "ook wat ze intussen miste")


def test_of_a_permission_that_has_ended_nobody_is_told_that_it_opens_again(
    visit: Visit, measured_autumn: Customer, bram: Party, granted: dict[str, Any]
) -> None:
    visitor = visit(measured_autumn)
    place = f"/mijn/toestemming/{granted['permission_id']}/twijfel"
    assert AGAIN[2] in visitor.get(place).text
    measured_autumn.withdraw(granted["permission_id"])
    with pytest.raises(DoorRefusedError) as refused:
        bram.read(granted["permission_id"])
    form, of_read = visitor.get(place), visitor.get(f"/mijn/gelezen/{refused.value.index}/twijfel")
    assert of_read.has_form("/twijfel")
    case = visitor.press(form, "/twijfel", wat="other")
    for page in (form, of_read, case, visitor.get("/mijn/twijfel")):
        assert "al gestopt" in page.text or "is gestopt" in page.text
        assert not [words for words in AGAIN if words in page.text]
    retracted = visitor.press(case, "/intrekken")
    assert "U trok uw twijfel in" in retracted.text
    assert "de dienst mag er niets meer mee lezen" in retracted.text
    assert not [words for words in AGAIN if words in retracted.text]


def test_nor_when_it_ended_while_the_doubt_was_looked_into(
    visit: Visit, measured_autumn: Customer, bram: Party, granted: dict[str, Any]
) -> None:
    visitor = visit(measured_autumn)
    page = visitor.press(
        visitor.get(f"/mijn/toestemming/{granted['permission_id']}/twijfel"), "/twijfel", wat="other"
    )
    assert AGAIN[0] in page.text
    bram.call("permission.terminate", permission_id=granted["permission_id"])
    page = visitor.get("/mijn/twijfel")
    assert "De toestemming zelf is gestopt" in page.text


def test_another_customer_sees_nothing_of_it(
    visit: Visit, measured_autumn: Customer, maria: Customer, granted: dict[str, Any]
) -> None:
    case = measured_autumn.call("doubt.raise", permission_id=granted["permission_id"], concern="other")[
        "case"
    ]
    visitor = visit(maria)
    for path in (
        f"/mijn/twijfel/{case['case_id']}",
        f"/mijn/toestemming/{granted['permission_id']}/twijfel",
    ):
        assert visitor.get(path).status == 404
    assert "U meldde nog geen twijfel" in visitor.get("/mijn/twijfel").text


def test_every_code_has_its_words() -> None:
    assert set(CONCERNS) == set(Concern)
    assert set(STATES) == set(NEXT) == set(NEXT_OF_ENDED) == set(State)
    assert set(ORIGINS) == set(Origin)
    assert {f"doubt.{event}" for event in Event} <= set(STEPS)
