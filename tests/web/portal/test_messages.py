"""The inbox of the portal, and e-mail that somebody has to want and to confirm."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from uuid import UUID

import pytest
from flask import Flask

from databeheer.post import catalogue
from databeheer.post.catalogue import Recipient
from databeheer.post.deliveries import Channel
from tests.conftest import LOTTES_EAN
from tests.house import Customer, Party, TheHouse
from tests.letters import Pouch, postman
from tests.web.portal.visiting import Visitor
from web.portal import messages
from web.portal.messages import Message

Visit = Callable[[Customer], Visitor]
PATH, SETTINGS = "/mijn/berichten", "/mijn/berichten/instellingen"
ADDRESS = "lotte.janssens@voorbeeld.be"


def emails(house: TheHouse) -> list[dict[str, str]]:
    pouch = Pouch()
    with closing(postman(house, email=pouch)) as carrier:
        carrier.round(Channel.EMAIL)
    return [letter for _, letter in pouch.letters]


def code_sent(house: TheHouse) -> str:
    found = re.search(r"\b[0-9]{8}\b", emails(house)[-1]["body"])
    assert found is not None
    return found.group()


def test_a_missed_clock_leads_to_the_line_that_tells_it(site: Flask) -> None:
    told = {"kind": "clock.missed", "about": None, "title": "", "more": "", "is_read": False, "index": 3}
    with site.test_request_context():
        assert Message.of(told | {"at": "2026-11-01T00:00:00Z"}).href == "/mijn/gelezen?soort=alles&verder=4"


@pytest.mark.requirement("R8", "R27")
def test_what_happened_stands_in_the_inbox_with_a_way_to_it(
    visit: Visit, lotte: Customer, bram: Party
) -> None:
    asked = bram.ask(ean=LOTTES_EAN)
    page = visit(lotte).get(PATH)
    assert "Bram Energieadvies vraagt toestemming om uw meetgegevens te lezen Nieuw" in page.text
    assert "U beslist zelf." in page.text
    assert f"/mijn/vraag/{asked['permission_id']}" in page.links
    lotte.grant(asked)
    page = visit(lotte).get(PATH)
    assert "Bram Energieadvies mag uw meetgegevens lezen" in page.text
    assert f"/mijn/toestemming/{asked['permission_id']}" in page.links


def test_every_way_that_a_message_shows_leads_somewhere(
    visit: Visit, house: TheHouse, measured_autumn: Customer, bram: Party
) -> None:
    asked = bram.ask()
    measured_autumn.grant(asked)
    bram.read(asked["permission_id"])
    measured_autumn.withdraw(asked["permission_id"])
    visitor = visit(measured_autumn)
    links = [link for link in visitor.get(PATH).links if link.startswith("/mijn/")]
    assert "/mijn/gelezen" in links
    for link in set(links):
        assert visitor.get(link).status == 200, link


def test_every_kind_of_message_to_a_customer_leads_somewhere(site: Flask) -> None:
    with site.test_request_context(base_url="http://127.0.0.1:8000"):
        for code, kind in catalogue.load().items():
            if Recipient.CUSTOMER in kind.recipients:
                told = {"kind": code, "title": "", "more": "", "at": "2026-11-21T09:00:00.000Z"}
                message = Message.of(told | {"about": str(UUID(int=1)), "is_read": False, "index": 1})
                assert (message.href is not None, message.link != "") == (True, True), code


def test_the_navigation_counts_what_is_new_until_it_was_read(
    visit: Visit, lotte: Customer, bram: Party
) -> None:
    bram.ask(ean=LOTTES_EAN)
    visitor = visit(lotte)
    assert "Berichten (2 nieuw)" in visitor.get("/mijn").text
    page = visitor.get(PATH)
    assert "2 nieuwe berichten" in page.text
    after = visitor.press(page, f"{PATH}/gelezen")
    assert "Nieuw" not in after.text.replace("nieuw", "")
    assert not after.has_form(f"{PATH}/gelezen")
    assert "Berichten (" not in visitor.get("/mijn").text


def test_an_empty_inbox_says_what_will_come(visit: Visit, house: TheHouse) -> None:
    page = visit(house.customer("nieuw", "Nora Nieuw")).get(PATH)
    assert "U hebt nog geen berichten." in page.text


def test_older_messages_are_on_further_pages(
    visit: Visit, house: TheHouse, lotte: Customer, bram: Party
) -> None:
    for _ in range(16):
        lotte.withdraw(lotte.grant(bram.ask())["permission"]["permission_id"])
    visitor = visit(lotte)
    first = visitor.get(PATH)
    [older] = [link for link in first.links if "verder=" in link]
    second = visitor.get(older)
    assert "Er staat een aansluiting op uw naam" not in first.text
    assert "Er staat een aansluiting op uw naam" in second.text
    assert "Naar het nieuwste" in second.text


def test_maria_sees_nothing_of_lottes_messages(
    visit: Visit, lotte: Customer, maria: Customer, bram: Party
) -> None:
    lotte.grant(bram.ask(ean=LOTTES_EAN))
    page = visit(maria).get(PATH)
    assert "Bram" not in page.text
    theirs = lotte.call("inbox.show")["messages"][0]["message_id"]
    assert "Bram" not in visit(maria).get(PATH, verder=theirs).text


def test_email_is_off_until_an_address_was_confirmed(visit: Visit, house: TheHouse, lotte: Customer) -> None:
    visitor = visit(lotte)
    page = visitor.press(visitor.get(SETTINGS), f"{SETTINGS}/adres", email=ADDRESS)
    assert "Wij stuurden een code naar" in page.text
    assert "U krijgt e-mail" not in page.text
    code = code_sent(house)
    page = visitor.press(page, f"{SETTINGS}/code", code=f"{code[:4]} {code[4:]}")
    assert "Uw e-mailadres is bevestigd" in page.text
    assert ADDRESS in page.text
    assert "Bevestig uw e-mailadres" not in page.text
    only, whole = (
        "In onze e-mails staat alleen wat voor bericht het is",
        "In onze e-mails staat het hele bericht",
    )
    assert page.text.count(only) == 1
    assert whole not in page.text
    page = visitor.press(page, f"{SETTINGS}/heel")
    assert page.text.count(whole) == 1
    assert only not in page.text


def test_a_wrong_code_says_so_and_the_right_one_still_works(
    visit: Visit, house: TheHouse, lotte: Customer
) -> None:
    visitor = visit(lotte)
    page = visitor.press(visitor.get(SETTINGS), f"{SETTINGS}/adres", email=ADDRESS)
    right = code_sent(house)
    wrong = f"{(int(right) + 1) % 10**8:08}"
    for given, words in (("123", "Vul de acht cijfers in"), (wrong, "Dit is niet de code")):
        page = visitor.press(page, f"{SETTINGS}/code", code=given)
        assert page.status == 400
        assert words in page.text
    assert "Uw e-mailadres is bevestigd" in visitor.press(page, f"{SETTINGS}/code", code=right).text


def test_a_code_that_is_too_old_asks_for_a_new_one(visit: Visit, house: TheHouse, lotte: Customer) -> None:
    visitor = visit(lotte)
    page = visitor.press(visitor.get(SETTINGS), f"{SETTINGS}/adres", email=ADDRESS)
    code = code_sent(house)
    house.clock.advance(timedelta(minutes=31))
    visitor.log_in(lotte.subject, lotte.name)
    page = visitor.press(page, f"{SETTINGS}/code", code=code)
    assert page.status == 400
    assert "De code werkt niet meer" in page.text


def test_what_is_no_address_is_said_beside_the_field(visit: Visit, lotte: Customer) -> None:
    visitor = visit(lotte)
    page = visitor.press(visitor.get(SETTINGS), f"{SETTINGS}/adres", email="lotte")
    assert page.status == 400
    assert page.text.count("Vul een e-mailadres in") == 2  # above, and at the field


def test_a_fourth_code_on_one_day_is_refused(visit: Visit, lotte: Customer) -> None:
    visitor = visit(lotte)
    for status in (200, 200, 200, 409):
        page = visitor.press(visitor.get(SETTINGS), f"{SETTINGS}/adres", email=ADDRESS)
        assert page.status == status
    assert "Wij stuurden vandaag al drie codes" in page.text


def test_one_button_turns_email_off_and_a_second_tab_may_press_it_too(
    visit: Visit, house: TheHouse, lotte: Customer
) -> None:
    visitor = visit(lotte)
    page = visitor.press(visitor.get(SETTINGS), f"{SETTINGS}/adres", email=ADDRESS)
    on = visitor.press(page, f"{SETTINGS}/code", code=code_sent(house))
    for _ in range(2):
        off = visitor.press(on, f"{SETTINGS}/uit")
        assert "U krijgt geen e-mail meer van ons" in off.text
        assert ADDRESS not in off.text


def test_one_language_is_chosen_for_the_inbox_for_email_and_for_every_browser(
    visit: Visit, house: TheHouse, lotte: Customer, maria: Customer
) -> None:
    visitor, elsewhere, other = visit(lotte), visit(lotte), visit(maria)
    page = visitor.get(SETTINGS, paginataal="en")
    assert visitor.get(SETTINGS).html.startswith('<!doctype html>\n<html lang="en">'), page.status
    # Who chose none yet is written to in the language of the page; looking on it chooses nothing.
    assert lotte.call("contact.show")["language"] is None
    page = visitor.press(visitor.get(SETTINGS), f"{SETTINGS}/adres", email=ADDRESS)
    page = visitor.press(page, f"{SETTINGS}/code", code=code_sent(house))
    assert emails(house)[0]["subject"] == "From now on you get e-mail from us too"
    for language, saved, told in (
        ("fr", "Votre langue est enregistrée", "Vous recevez désormais aussi nos e-mails"),
        ("de", "Ihre Sprache ist gespeichert", "Sie erhalten ab jetzt auch E-Mails von uns"),
        ("nl", "Uw taal is bewaard", "U krijgt voortaan ook e-mail van ons"),
    ):
        page = visitor.press(page, f"{SETTINGS}/taal", taal=language)
        assert saved in page.text
        assert f'<html lang="{language}">' in page.html
        assert told in visitor.get(PATH).text
        # Another browser goes on as it was, and speaks the language from its next log-in on.
        elsewhere.log_in(lotte.subject, lotte.name)
        assert told in elsewhere.get(PATH).text
    for wrong in ("", "NL", "es", "nl,fr", "<b>fr"):
        assert visitor.press(page, f"{SETTINGS}/taal", taal=wrong).status == 400
    assert lotte.call("contact.show")["language"] == "nl"
    assert maria.call("contact.show")["language"] is None
    assert '<html lang="nl">' in other.get(PATH).html


def test_a_house_without_email_says_so(visit: Visit, house: TheHouse, lotte: Customer) -> None:
    object.__setattr__(house.house, "sends_email", False)
    page = visit(lotte).get(SETTINGS)
    assert "E-mail staat hier niet aan" in page.text
    assert not page.has_form(f"{SETTINGS}/adres")


@pytest.mark.parametrize("path", [PATH, SETTINGS])
def test_who_is_not_logged_in_logs_in_first(visit: Visit, lotte: Customer, path: str) -> None:
    visitor = visit(lotte)
    visitor.http.delete_cookie("session")
    answer = visitor.get(path)
    assert (answer.status, answer.location) == (303, "/aanmelden")


def test_a_visitor_chooses_which_messages_to_see_and_pages_stay_within_the_choice(
    visit: Visit,
    house: TheHouse,
    lotte: Customer,
    maria: Customer,
    bram: Party,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(messages, "PAGE", 1)
    lotte.grant(bram.ask())
    visitor = visit(lotte)
    assert "Berichten kiezen" in visitor.get(PATH).html

    def titles(shown: str) -> list[str]:
        """What is found on all pages of a choice."""
        found: list[str] = []
        address = f"{PATH}?toon={shown}"
        for _ in range(20):
            page = visitor.get(address)
            found += re.findall(r'book-title">([^<]*?) *<', page.html)
            older = [link for link in page.links if "verder=" in link]
            if not older:
                return found
            [address] = older
            assert f"toon={shown}" in address
        raise AssertionError(f"the pages of {shown} have no end")

    granted, begun = f"{bram.name} mag uw meetgegevens lezen", "Er staat een aansluiting op uw naam"
    assert titles("toestemmingen") == [granted]
    assert titles("aansluiting") == [begun]
    assert sorted(titles("nieuw")) == sorted(titles("alles"))
    assert {granted, begun} <= set(titles("alles"))
    newest = lotte.call("inbox.show")["messages"][0]["message_id"]
    lotte.call("inbox.read", until=newest)
    assert titles("nieuw") == []
    assert "U hebt alles gelezen." in visitor.get(PATH, toon="nieuw").text
    assert granted in titles("alles")
    assert "Hierover hebt u geen berichten." in visitor.get(PATH, toon="lezingen").text
    assert granted not in visit(maria).get(PATH, toon="toestemmingen").text
    for wrong in ({"toon": "iets"}, {"toon": ""}, {"toon": "nieuw", "soort": "x"}):
        assert visitor.get(PATH, **wrong).status == 400


def test_every_message_stands_under_one_choice() -> None:
    chosen = [area for choice in messages.CHOICES.values() for area in choice.areas or ()]
    assert sorted(chosen) == sorted({kind.partition(".")[0] for kind in messages._LEADS})
