"""What a log-in came in between of is kept for its own visitor; she confirms it, nothing is sent again by itself."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask

from databeheer.identity.sessions import FRESH_TERM, IDLE_TERM
from tests.conftest import LOTTES_EAN
from tests.house import Customer, Party, TheHouse
from tests.web.portal.visiting import Page, Visitor
from web.doubt_words import CONCERNS
from web.portal import kept, resuming

Visit = Callable[[Customer], Visitor]


def grant(visitor: Visitor, permission_id: str) -> Page:
    return visitor.press(visitor.get(f"/mijn/vraag/{permission_id}"), permission_id, "grant")


def log_in_anew(visitor: Visitor, who: Customer) -> Page:
    """Follow the page's link to the provider, show who one is, and come back to where that leads."""
    asked = visitor.get("/mijn/verder")
    assert "/aanmelden?opnieuw=1" in asked.links
    return visitor.get(visitor.log_in(who.subject, who.name).location)


@pytest.mark.requirement("R18", "R21")
def test_a_grant_by_an_old_log_in_is_kept_and_confirmed_after_a_fresh_one(
    visit: Visit, house: TheHouse, lotte: Customer, bram: Party
) -> None:
    gas = house.point("541448899990000046", lotte, commodity="gas")
    asked, visitor = bram.ask(), visit(lotte)
    link = f"/verbruik/dienstverlener?id={asked['link_code']}"
    page = visitor.get(link)
    house.clock.advance(FRESH_TERM)
    anew = visitor.press(page, asked["permission_id"], "grant", occupancy_id=str(gas))
    assert "Toon opnieuw wie u bent" in anew.text
    assert "Er is nog niets beslist" in anew.text
    assert bram.permission(asked["permission_id"])["state"] == "requested"
    cookie = visitor.cookie("kept")
    assert cookie.http_only
    for secret in (str(gas), asked["link_code"], asked["permission_id"], lotte.subject):
        assert secret not in cookie.value
    back = log_in_anew(visitor, lotte)
    assert back.response.request.path == "/mijn/verder"
    assert "Wat u koos, staat hieronder nog" in back.text
    assert f'value="{gas}" checked' in back.html
    assert bram.permission(asked["permission_id"])["state"] == "requested"
    pressed = visitor.pressed
    done = visitor.press(back, asked["permission_id"], "grant", occupancy_id=str(gas))
    assert "U gaf Bram Energieadvies toestemming" in done.text
    assert visitor.cookie("kept") is None
    # Withdrawing takes as many presses as this, and no fresh log-in.
    house.clock.advance(FRESH_TERM)
    granted, pressed = visitor.pressed - pressed, visitor.pressed
    assert "ingetrokken" in visitor.press(visitor.get("/mijn"), "/intrekken").text
    assert visitor.pressed - pressed <= granted


def test_a_form_of_a_session_that_ended_is_kept_and_its_words_are_still_hers(
    visit: Visit, house: TheHouse, lotte: Customer, bram: Party
) -> None:
    permission = lotte.grant(bram.ask())["permission"]["permission_id"]
    visitor = visit(lotte)
    address = f"/mijn/toestemming/{permission}/twijfel"
    form = next(form for form in visitor.get(address).forms if form.action == address)
    words = "Ik ken deze dienst niet. <b>Echt</b> niet! " * 20
    house.clock.advance(IDLE_TERM)
    fields = form.fields | {"wat": form.choices["wat"][0], "uitleg": words}
    # The form itself must not lead on to another site: the browser would stop it there, and she would see nothing.
    first = visitor.get(visitor.send(address, fields).location)
    assert "Wat u invulde, is bewaard" in first.text
    assert "/aanmelden" in first.links
    back = visitor.log_in(lotte.subject, lotte.name)
    assert back.location == "/mijn/verder"
    lotte.session = house.log_in(lotte.subject, lotte.name)
    page = visitor.get("/mijn/verder")
    assert "melden dat er iets niet klopt" in page.text
    assert f"Wie wij blokkeren {bram.name} Adres Kerkstraat 1" in page.text
    assert f"Wat er niet klopt {CONCERNS[fields['wat']]}" in page.text
    assert "Meld en blokkeer de dienst" in page.text
    assert "&lt;b&gt;Echt" in page.html
    assert lotte.permission(permission)["state"] == "active"
    kept_form = next(form for form in page.forms if form.action == address)
    sent = visitor.send(address, kept_form.fields | {"uitleg": words})
    assert sent.status == 303
    assert lotte.permission(permission)["state"] == "blocked"
    assert visitor.cookie("kept") is None
    assert visitor.get("/mijn/verder").location == "/mijn"


def test_what_is_kept_is_no_other_visitors_and_is_let_be_by_one_button(
    visit: Visit, site: Flask, house: TheHouse, lotte: Customer, maria: Customer, bram: Party
) -> None:
    asked = bram.ask(ean=LOTTES_EAN)
    permission = asked["permission_id"]
    visitor = visit(lotte)
    house.clock.advance(FRESH_TERM)
    assert "Toon opnieuw" in grant(visitor, permission).text
    stolen = visitor.cookie("kept").value
    # Somebody else logs in, in the same browser and in another one.
    assert visitor.log_in(maria.subject, maria.name).location == "/mijn/verder"
    assert visitor.get("/mijn/verder").location == "/mijn"
    assert visitor.cookie("kept") is None
    marias = visit(maria)
    for wrong in (stolen, stolen[:-2] + "AA", "x", "", "é", "A" * 3000):
        marias.http.set_cookie("kept", wrong)
        assert marias.get("/mijn/verder").location == "/mijn"
    # Her own, too late; and logged off.
    lottes = visit(lotte)
    lottes.http.set_cookie("kept", stolen)
    assert lottes.get("/mijn/verder").status == 200
    house.clock.advance(timedelta(seconds=kept.SECONDS))
    again = visit(lotte)
    again.http.set_cookie("kept", stolen)
    assert again.get("/mijn/verder").location == "/mijn"
    assert "Toon opnieuw" not in grant(again, permission).text
    house.clock.advance(FRESH_TERM)
    other = bram.ask(ean=LOTTES_EAN)["permission_id"]
    anew = grant(again, other)
    assert again.press(anew, "/niet").response.request.path == "/mijn"
    assert again.cookie("kept") is None
    assert bram.permission(other)["state"] == "requested"


def test_what_was_kept_of_a_form_that_no_page_sends_is_asked_anew_and_breaks_nothing(
    visit: Visit, lotte: Customer, bram: Party
) -> None:
    """Where the browser forgot its session, a form is kept before anybody reads it."""
    permission = lotte.grant(bram.ask())["permission"]["permission_id"]
    begun = f"/mijn/kiezen/{bram.party_id}/energy_advice"
    wrong = ("x", "a\x00b", "\u202e", "9" * 400, "<script>", "")
    names = ("occupancy_id", "fijn", "richting", "periode", "duur", "anders", "gekozen", "link_code", "al")
    expected = {
        begun: 400,
        f"{begun}/toestaan": 400,
        f"{begun}/aansluitingen/toestaan": 404,
        f"/mijn/toestemming/{permission}/ook": 303,  # nowhere else that she could give it for
        f"/mijn/toestemming/{permission}/verlengen": 303,
        "/mijn/volmacht/geven": 200,
    }
    for path, status in expected.items():
        for typed in wrong:
            visitor = visit(lotte)
            guard = visitor.get("/mijn/volmacht").form("/afmelden").fields
            visitor.lose_session()
            assert visitor.send(path, guard | dict.fromkeys(names, typed)).location == "/aanmelden?eerst=1"
            assert visitor.log_in(lotte.subject, lotte.name).location == "/mijn/verder"
            page = visitor.get("/mijn/verder")
            assert page.status == status, (path, typed)
            assert "<script" not in page.html
            if status == 400:
                assert "Kies hoe fijn de gegevens mogen zijn" in page.text
    assert lotte.permission(permission)["state"] == "active"


def test_the_pages_and_words_of_going_on_are_of_forms_that_there_are(site: Flask) -> None:
    posted = {rule.endpoint for rule in site.url_map.iter_rules() if "POST" in (rule.methods or ())}
    assert resuming.PAGES.keys() | resuming.WORDS.keys() <= posted
