"""The visitor chooses whom to give access, for what and how much, reads it once more, and confirms it."""

from __future__ import annotations

from collections.abc import Callable
from uuid import uuid4

import pytest

from databeheer.identity.sessions import FRESH_TERM
from tests.house import Customer, Party, TheHouse
from tests.web.portal.visiting import Page, Visitor

Visit = Callable[[Customer], Visitor]
CHOSEN = {"fijn": "quarter_hour", "richting": "beide", "periode": "beide", "duur": "jaar"}


def follow(visitor: Visitor, page: Page, end: str) -> Page:
    """Follow the link of this page that ends so."""
    return visitor.get(next(link for link in page.links if link.endswith(end)))


def to_the_form(visitor: Visitor, party: Party) -> Page:
    found = visitor.get("/mijn/kiezen", naam=party.name[:6].lower())
    return follow(visitor, follow(visitor, found, party.party_id), "/energy_advice")


@pytest.mark.requirement("R18", "R19", "R21", "R33")
def test_a_visitor_gives_what_she_chose_after_reading_it_once_more_and_takes_it_back_in_fewer_steps(
    visit: Visit, house: TheHouse, measured_autumn: Customer, bram: Party
) -> None:
    visitor, place = visit(measured_autumn), measured_autumn.occupancy()
    assert any(link == "/mijn/kiezen" for link in visitor.get("/mijn/toestemmingen").links)
    page = to_the_form(visitor, bram)
    form = page.form("/energy_advice")
    assert form.preselected == []
    assert set(form.choices) == {"occupancy_id", "fijn", "richting", "periode", "duur"}
    assert "Dit zijn uw eigen gegevens van 29 oktober 2023" in page.text
    assert page.html.count('<div class="chart"') == 2
    assert measured_autumn.statements()[0]["event"] == "data.read"  # the look itself, by herself
    pressed = visitor.pressed
    checked = visitor.press(page, "/energy_advice", occupancy_id=place, **CHOSEN)
    for words in ("Kijk uw keuze na", "Bram Energieadvies vroeg dit niet", "per kwartier", "Tot en met"):
        assert words in checked.text
    assert bram.call("permission.list")["permissions"] == []
    changing = visitor.press(checked, "/energy_advice")
    assert set(changing.form("/energy_advice").preselected) == {"occupancy_id", *CHOSEN}
    visitor.pressed -= 1
    given = visitor.press(checked, "/toestaan")
    granting = visitor.pressed - pressed
    assert "U gaf Bram Energieadvies toestemming" in given.text
    assert "Uw bewijs" in given.text
    [permission] = bram.call("permission.list")["permissions"]
    assert (permission["state"], permission["granularity"]) == ("active", "quarter_hour")
    # A second press of the button, in this window or another, says that it was done.
    again = visitor.press(checked, "/toestaan")
    assert again.status == 409
    assert "heeft al toestemming" in again.text
    # By the browser's button she comes back to the form: what stands already is said before she gives it twice.
    assert (
        "U gaf Bram Energieadvies hiervoor al toestemming"
        in visitor.press(changing, "/energy_advice", occupancy_id=place, **CHOSEN).text
    )
    assert len(bram.call("permission.list")["permissions"]) == 1
    pressed = visitor.pressed
    assert "ingetrokken" in visitor.press(visitor.get("/mijn"), "/intrekken").text
    assert visitor.pressed - pressed <= granting


def test_a_choice_by_an_old_log_in_or_of_a_session_that_ended_is_kept_and_confirmed(
    visit: Visit, house: TheHouse, lotte: Customer, bram: Party
) -> None:
    visitor = visit(lotte)
    page = to_the_form(visitor, bram)
    assert "Dit is een voorbeeld. De cijfers zijn verzonnen." in page.text  # nothing was measured yet
    assert page.text.count("In kWh.") == 2
    assert ">6 u<" in page.html
    checked = visitor.press(page, "/energy_advice", occupancy_id=lotte.occupancy(), **CHOSEN)
    house.clock.advance(FRESH_TERM)
    assert "Toon opnieuw wie u bent" in visitor.press(checked, "/toestaan").text
    assert bram.call("permission.list")["permissions"] == []
    assert visitor.log_in(lotte.subject, lotte.name).location == "/mijn/verder"
    back = visitor.get("/mijn/verder")
    assert "Wat u koos, staat hieronder nog" in back.text
    assert "per kwartier" in back.text
    assert "U gaf Bram Energieadvies toestemming" in visitor.press(back, "/toestaan").text


def test_what_is_missing_or_wrong_is_asked_again_and_nothing_is_given(
    visit: Visit, house: TheHouse, lotte: Customer, maria: Customer, bram: Party, erik: Party
) -> None:
    visitor = visit(lotte)
    page = to_the_form(visitor, bram)
    address = f"/mijn/kiezen/{bram.party_id}/energy_advice"
    empty = visitor.press(page, "/energy_advice")
    assert empty.status == 400
    for words in (
        "Kies voor welk adres",
        "Kies hoe fijn",
        "Kies welke gegevens",
        "Kies over welke tijd",
        "Kies hoelang",
    ):
        assert empty.text.count(words) == 2  # above, and at the question
    fields = page.form("/energy_advice").fields
    whole = fields | CHOSEN | {"occupancy_id": lotte.occupancy()}
    for wrong, status in (
        ({"occupancy_id": maria.occupancy()}, 400),
        ({"occupancy_id": "x"}, 400),
        ({"fijn": "second"}, 400),
        ({"duur": "altijd"}, 400),
        ({"meer": "<b>x</b>"}, 400),
        ({"anders": "2"}, 400),
    ):
        assert visitor.send(address, whole | wrong).status == status, wrong
    # Confirmed without what was read, or with another text: shown again, not given.
    number = {"nummer": str(uuid4())}
    assert visitor.send(f"{address}/toestaan", whole | number).status == 400
    other = visitor.send(f"{address}/toestaan", whole | number | {"notice_sha256": "0" * 64})
    assert "Kijk uw keuze na" in other.text
    for path in (
        f"/mijn/kiezen/{erik.party_id}",
        f"/mijn/kiezen/{uuid4()}",
        f"/mijn/kiezen/{bram.party_id}/billing",
        f"/mijn/kiezen/{bram.party_id}/x",
    ):
        assert visitor.get(path).status == 404, path
    assert "<b>" not in visitor.get("/mijn/kiezen", naam="<b>x</b>").html
    assert "Wij vinden geen dienst" in visitor.get("/mijn/kiezen", naam="<b>x</b>").text
    assert visitor.get("/mijn/kiezen", naam="x" * 101).status == 400
    # Suspended between reading and confirming.
    checked = visitor.press(page, "/energy_advice", occupancy_id=lotte.occupancy(), **CHOSEN)
    house.operator("registry.party.suspend", party_id=bram.party_id, reason="onderzoek")
    late = visitor.press(checked, "/toestaan")
    assert "Deze dienst is geschorst" in late.text
    assert "U kunt deze dienst nu niet kiezen" in visitor.get("/mijn/kiezen").text
    assert lotte.call("permission.list")["permissions"] == []


@pytest.mark.requirement("R4")
def test_who_lives_there_too_reads_who_chose_it_and_grants_it_or_not(
    visit: Visit, house: TheHouse, lotte: Customer, bram: Party
) -> None:
    noor = house.customer("noor", "Noor Baert")
    ean = lotte.call("me")["occupancies"][0]["ean"]
    house.operator("registry.concerned.begin", ean=ean, person_id=str(noor.person_id), from_day="2022-01-01")
    visitor = visit(lotte)
    checked = visitor.press(
        to_the_form(visitor, bram), "/energy_advice", occupancy_id=lotte.occupancy(), **CHOSEN
    )
    waits = visitor.press(checked, "/toestaan")
    assert "Er moet nog iemand anders toestaan" in waits.text
    assert bram.call("permission.list")["permissions"] == []
    noors = visit(noor)
    waiting = next(link for link in noors.get("/mijn").links if "/mijn/vraag/" in link)
    page = noors.get(waiting)
    assert "Bram Energieadvies vroeg dit niet" in page.text
    assert "Wie krijgt het?" in page.text
    done = noors.press(page, waiting.rpartition("/")[2], "grant")
    assert "U gaf Bram Energieadvies toestemming" in done.text
    assert bram.call("permission.list")["permissions"][0]["state"] == "active"
