"""The overview: consent and law apart, a waiting request on top, one button to withdraw."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest

from databeheer.door.client import DoorRefusedError
from databeheer.values import format_instant
from tests.house import Customer, Party, TheHouse
from tests.web.portal.visiting import Visitor
from web import saying

Visit = Callable[[Customer], Visitor]


@pytest.mark.requirement("R40")
def test_consent_and_law_stand_apart(
    visit: Visit, house: TheHouse, lotte: Customer, bram: Party, erik: Party, net: Party
) -> None:
    lotte.grant(bram.ask())
    house.operator(
        "registry.supply.accept", ean="541448899990000039", party_id=erik.party_id, from_day="2023-01-01"
    )
    text = visit(lotte).get("/mijn").text
    consent, law = text.split("Met uw toestemming", 1)[1].split("Volgens de wet", 1)
    assert "Bram Energieadvies" in consent
    assert "Erik Energie" not in consent
    assert "Erik Energie energieleverancier" in law
    assert "Netbeheerder Test netbeheerder" in law
    assert "Intrekken" not in law
    assert "4.1.22/7" in law


def test_a_waiting_request_stands_on_top(visit: Visit, lotte: Customer, bram: Party) -> None:
    asked = bram.ask(ean="541448899990000039", granularity="day", directions=["offtake"])
    page = visit(lotte).get("/mijn")
    assert "Er wacht een vraag op u" in page.text.split("Kerkstraat 1")[0]
    assert "wat u van het net afneemt, per dag, om u energieadvies te geven" in page.text
    assert f"/mijn/vraag/{asked['permission_id']}" in page.links


@pytest.mark.requirement("R21", "R22")
def test_withdrawing_is_one_press_and_the_next_read_is_refused(
    visit: Visit, lotte: Customer, bram: Party, measured_autumn: Customer
) -> None:
    permission_id = lotte.grant(bram.ask())["permission"]["permission_id"]
    bram.read(permission_id)
    visitor = visit(lotte)
    after = visitor.press(visitor.get("/mijn"), "/intrekken")
    assert visitor.pressed == 1
    assert "U hebt de toestemming van Bram Energieadvies ingetrokken" in after.text
    assert "Vraag Bram Energieadvies om het opnieuw te vragen" in after.text
    with pytest.raises(DoorRefusedError) as refusal:
        bram.read(permission_id)
    assert refusal.value.code == "permission-ended"


@pytest.mark.requirement("R21")
def test_withdrawing_takes_no_more_presses_than_granting(visit: Visit, lotte: Customer, bram: Party) -> None:
    asked = bram.ask(ean="541448899990000039")
    granting, withdrawing = visit(lotte), visit(lotte)
    page = granting.get(f"/mijn/vraag/{asked['permission_id']}")
    granting.press(page, asked["permission_id"], "grant")
    withdrawing.press(withdrawing.get("/mijn"), "/intrekken")
    assert withdrawing.pressed <= granting.pressed
    assert bram.permission(asked["permission_id"])["state"] == "revoked"


def test_the_message_after_a_withdrawal_is_shown_once(visit: Visit, lotte: Customer, bram: Party) -> None:
    lotte.grant(bram.ask())
    visitor = visit(lotte)
    visitor.press(visitor.get("/mijn"), "/intrekken")
    assert "ingetrokken" not in visitor.get("/mijn").text


def test_a_withdrawal_without_the_forms_guard_changes_nothing(
    visit: Visit, lotte: Customer, bram: Party
) -> None:
    permission_id = lotte.grant(bram.ask())["permission"]["permission_id"]
    visitor = visit(lotte)
    for fields in ({}, {"csrf_token": "x"}):
        assert visitor.send(f"/mijn/toestemming/{permission_id}/intrekken", fields).status == 400
    assert bram.permission(permission_id)["state"] == "active"


def test_somebody_elses_permission_cannot_be_withdrawn(
    visit: Visit, lotte: Customer, maria: Customer, bram: Party
) -> None:
    marias = maria.grant(bram.ask())["permission"]["permission_id"]
    lottes = lotte.grant(bram.ask())["permission"]["permission_id"]
    visitor = visit(lotte)
    guard = visitor.get("/mijn").form(f"{lottes}/intrekken").fields
    assert visitor.send(f"/mijn/toestemming/{marias}/intrekken", guard).status == 404
    assert bram.permission(marias)["state"] == "active"


def test_a_second_press_on_an_old_page_says_so_and_changes_nothing(
    visit: Visit, lotte: Customer, bram: Party
) -> None:
    lotte.grant(bram.ask())
    visitor = visit(lotte)
    old = visitor.get("/mijn")
    visitor.press(old, "/intrekken")
    [ended] = lotte.call("permission.list")["permissions"]
    again = visitor.press(old, "/intrekken")
    assert again.status == 409
    assert "Deze toestemming van Bram Energieadvies was al gestopt" in again.text
    assert "U hebt de toestemming zelf ingetrokken." in again.text
    assert f"Dat was op {saying.moment(ended['ended_at'])}." in again.text
    assert f"/mijn/toestemming/{ended['permission_id']}" in again.links
    assert lotte.call("permission.list")["permissions"] == [ended]


def test_each_line_tells_when_the_party_last_read(
    visit: Visit, lotte: Customer, bram: Party, measured_autumn: Customer
) -> None:
    permission_id = lotte.grant(bram.ask())["permission"]["permission_id"]
    visitor = visit(lotte)
    assert "Laatst gelezen nog nooit" in visitor.get("/mijn").text
    bram.read(permission_id)
    page = visitor.get("/mijn")
    assert "nog nooit" not in page.text.split("Volgens de wet")[0]
    assert "Gelezen Bram Energieadvies" in page.text


def test_of_reads_and_refusals_the_newest_comes_first(
    visit: Visit, lotte: Customer, bram: Party, measured_autumn: Customer
) -> None:
    permission_id = lotte.grant(bram.ask())["permission"]["permission_id"]
    bram.read(permission_id)
    lotte.withdraw(permission_id)
    with pytest.raises(DoorRefusedError):
        bram.read(permission_id)
    text = visit(lotte).get("/mijn").text
    assert text.index("Geweigerd Bram Energieadvies") < text.index("Gelezen Bram Energieadvies")


def test_a_join_that_was_refused_says_what_was_wanted(
    visit: Visit, lotte: Customer, erik: Party, measured_autumn: Customer
) -> None:
    with pytest.raises(DoorRefusedError):
        erik.call(
            "joins.run",
            case_id="consumption-with-addresses",
            purpose="marketing",
            requester_note="ACTIE",
            eans=["541448899990000039"],
            **{"from": "2023-08-31T22:00:00Z", "until": "2023-09-30T22:00:00Z"},
        )
    assert "Wilde uw verbruik naast adressen leggen, om reclame te maken." in visit(lotte).get("/mijn").text


def test_of_gas_nobody_gets_what_goes_onto_the_net(visit: Visit, house: TheHouse, bram: Party) -> None:
    gerda = house.customer("gerda", "Gerda Gas")
    house.point("541448899990000046", gerda, commodity="gas")
    asked = bram.ask()
    visitor = visit(gerda)
    request = visitor.get("/verbruik/dienstverlener", id=asked["link_code"])
    assert "Wat u van het net afneemt, per uur." in request.text
    assert "Niemand heeft nu uw toestemming voor gas op dit adres." in visitor.get("/mijn").text
    granted = visitor.press(request, asked["permission_id"], "grant")
    for page in (granted, visitor.get("/mijn"), visitor.get("/mijn/toestemmingen")):
        assert "op het net zet" not in page.text
        assert "at u van het net afneemt, per uur" in page.text


def test_lotte_never_sees_maria(visit: Visit, lotte: Customer, maria: Customer, bram: Party) -> None:
    maria.grant(bram.ask())
    bram.ask(ean="541448899990000015")
    html = visit(lotte).get("/mijn").html
    for hers in ("Maria", "Dorpsplein", "541448 899990 000015", "Bram"):
        assert hers not in html


def test_somebody_without_an_access_point_reads_why(visit: Visit, house: TheHouse) -> None:
    page = visit(house.customer("nele", "Nele Nieuw")).get("/mijn")
    assert page.status == 200
    assert "Dat tonen wij u zodra u uw aansluiting koppelt" in page.text


@pytest.mark.requirement("R26")
def test_permissions_that_ended_stay_listed_with_who_and_why(
    visit: Visit, lotte: Customer, bram: Party
) -> None:
    withdrawn = lotte.grant(bram.ask())["permission"]["permission_id"]
    lotte.withdraw(withdrawn)
    given_up = lotte.grant(bram.ask())["permission"]["permission_id"]
    bram.call("permission.terminate", permission_id=given_up)
    refused = bram.ask(ean="541448899990000039")
    lotte.call("permission.refuse", permission_id=refused["permission_id"])
    text = visit(lotte).get("/mijn/toestemmingen").text.split("Voorbij", 1)[1]
    for words in (
        "U hebt de toestemming zelf ingetrokken.",
        "De dienst heeft de gegevens niet meer nodig en is zelf gestopt.",
        "U hebt de vraag geweigerd.",
    ):
        assert words in text


@pytest.mark.requirement("R40")
def test_with_more_than_one_address_the_top_names_all_who_may_read_and_what_ends_first(
    visit: Visit, house: TheHouse, lotte: Customer, bram: Party, joris: Party, erik: Party, net: Party
) -> None:
    supply = {"ean": "541448899990000039", "party_id": erik.party_id}
    house.operator("registry.supply.accept", **supply, from_day="2022-06-01", until_day="2022-09-01")
    house.operator("registry.supply.accept", **supply, from_day="2023-01-01")
    lotte.grant(bram.ask())
    until = house.clock.now() + timedelta(days=9)
    passing = lotte.grant(joris.ask(valid_until=format_instant(until)))["permission"]["permission_id"]
    house.point("541448899990000046", lotte, commodity="gas")

    def top() -> tuple[str, str]:
        found = visit(lotte).get("/mijn").text.split("Omdat u het toestaat", 1)[1]
        consent, law = found.split("Omdat de wet het zegt", 1)
        return consent, law.split("Kerkstraat", 1)[0]

    page = visit(lotte).get("/mijn")
    places = [link for link in page.links if link.startswith(("#toestemming-", "#wet-"))]
    assert len(places) == 4  # each leads to where it can be ended, or is explained
    assert all(page.html.count(f'id="{place[1:]}"') == 1 for place in places)
    standing = re.findall(r'id="((?:wet|toestemming)-[^"]*)"', page.html)
    assert len(standing) == len(set(standing)) > len(places)  # one supplier stands here for two times

    consent, law = top()
    for name in (bram.name, joris.name):
        assert consent.count(name) == 1 + (name == joris.name)  # his ends first
        assert name not in law.split("Wie las", 1)[0]
    assert f"Eerst loopt af: {joris.name}, na {saying.last_day(until)}." in consent
    assert law.count(erik.name) == 1
    assert erik.name not in consent
    lotte.withdraw(passing)
    assert joris.name not in top()[0]
    house.point("541448899990000053", nobodys := house.customer("nora", "Nora Niemand"))
    text = visit(nobodys).get("/mijn").text
    assert "Omdat u het toestaat Niemand Omdat de wet" in text
    assert "U koos dit zelf" not in text  # there is nothing that she chose


def test_of_an_address_that_was_left_nobody_may_see_today(
    visit: Visit, house: TheHouse, lotte: Customer, net: Party
) -> None:
    def law() -> str:
        return visit(lotte).get("/mijn").text.split("Omdat de wet het zegt", 1)[1].split("Kerkstraat", 1)[0]

    of_before = f"{net.name} alleen van de tijd dat u er woonde"
    assert net.name in law()
    assert of_before not in law()
    house.operator("registry.occupancy.end", ean="541448899990000039", until_day="2023-11-01")
    assert of_before in law()
    left = visit(lotte).get("/mijn").text
    assert "Niemand kan hier nog toestemming vragen" in left
    assert "bovenaan deze pagina" not in left
    house.point("541448899990000046", lotte)
    assert net.name in law()
    assert of_before not in law()


def test_the_grounds_of_one_party_by_law_stand_together(visit: Visit, lotte: Customer, net: Party) -> None:
    law = visit(lotte).get("/mijn").text.split("Volgens de wet", 1)[1]
    assert law.count(f"{net.name} netbeheerder") == 1
    assert law.count("4.1.22/6") > 1
