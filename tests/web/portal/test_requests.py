"""A request: said in plain words, nothing preselected, answered in one press, confirmed with its number."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from hashlib import sha256
from uuid import UUID, uuid4

import pytest
from flask import Flask
from sqlalchemy import text

import web
from tests.house import Customer, Party, TheHouse
from tests.web.portal.visiting import Page, Visitor, make_site
from web.portal.permissions import return_address

Visit = Callable[[Customer], Visitor]
LOTTES_GAS = "541448899990000046"


def open_link(visitor: Visitor, asked: dict[str, str]) -> Page:
    return visitor.get("/verbruik/dienstverlener", id=asked["link_code"])


@pytest.mark.requirement("R20")
def test_the_request_says_who_what_why_and_until_when_in_dutch(
    visit: Visit, lotte: Customer, bram: Party
) -> None:
    asked = bram.ask(valid_until="2029-05-31T22:00:00Z")
    page = open_link(visit(lotte), asked)
    for words in (
        "Bram Energieadvies vraagt uw meetgegevens",
        "Wat u van het net afneemt en wat u op het net zet, per kwartier.",
        "wanneer u op reis bent",
        "Om u energieadvies te geven.",
        "Gegevens vanaf 1 januari 2023. Ook nieuwe gegevens, zolang de toestemming loopt.",
        "Tot en met 31 mei 2029, of tot u het vroeger intrekt.",
        "met één knop",
        "Dan krijgt Bram Energieadvies niets. Uw energie en uw contract veranderen niet.",
    ):
        assert words in page.text


@pytest.mark.requirement("R23")
def test_a_request_without_an_end_says_until_withdrawn(visit: Visit, lotte: Customer, bram: Party) -> None:
    assert "Hoelang mag dit? Tot u het intrekt." in open_link(visit(lotte), bram.ask()).text


@pytest.mark.requirement("R20")
def test_yes_and_no_are_equally_big_and_nothing_is_preselected(
    visit: Visit, house: TheHouse, lotte: Customer, bram: Party
) -> None:
    house.point(LOTTES_GAS, lotte, commodity="gas")
    asked = bram.ask()
    form = open_link(visit(lotte), asked).form(asked["permission_id"])
    idle, *answers = form.buttons
    assert idle[:2] == ("decision", "none")  # what Enter on a choice presses
    assert [value for _, value, _ in answers] == ["grant", "grant_past", "grant_future", "refuse"]
    assert len({look for _, _, look in answers}) == 1
    assert len(form.choices["occupancy_id"]) == 2
    assert form.preselected == []


def test_the_link_asks_to_log_in_first_and_then_shows_the_request(
    stranger: Visitor, lotte: Customer, bram: Party
) -> None:
    asked = bram.ask()
    assert open_link(stranger, asked).location == "/aanmelden"
    landing = stranger.log_in(lotte.subject, lotte.name).location
    assert landing == f"/verbruik/dienstverlener?id={asked['link_code']}"
    assert "Bram Energieadvies vraagt" in stranger.get(landing).text


def test_granting_is_confirmed_with_its_number_in_the_ledger(
    visit: Visit, lotte: Customer, bram: Party
) -> None:
    asked = bram.ask(return_url_success="https://bram.example/klaar?x=1")
    visitor = visit(lotte)
    page = visitor.press(open_link(visitor, asked), asked["permission_id"], "grant")
    assert "U gaf Bram Energieadvies toestemming" in page.text
    granted = next(line for line in lotte.statements() if line["event"] == "permission.granted")
    assert f"Nr. {granted['index']}" in page.text
    assert f"/mijn/bewijs/{granted['index']}.tlog-proof" in page.links
    assert "https://bram.example/klaar?x=1" in page.links
    assert "de site bram.example" in page.text
    assert bram.permission(asked["permission_id"])["state"] == "active"


@pytest.mark.requirement("R19")
def test_the_record_holds_the_hash_of_what_was_on_the_screen(
    visit: Visit, house: TheHouse, lotte: Customer, bram: Party
) -> None:
    asked = bram.ask()
    visitor = visit(lotte)
    page = open_link(visitor, asked)
    shown = re.findall(r"<dt>(.*?)</dt><dd><p>(.*?)</p></dd>", page.html)
    lines = ["notice 2 nl", *(f"{name}: {said}" for name, said in shown)]
    visitor.press(page, asked["permission_id"], "grant")
    with house.engine("superuser").connect() as connection:
        recorded = connection.execute(
            text("SELECT notice_sha256, language FROM permissions.permission WHERE permission_id = :id"),
            {"id": UUID(asked["permission_id"])},
        ).one()
    assert bytes(recorded.notice_sha256) == sha256(("\n".join(lines) + "\n").encode()).digest()
    assert recorded.language == "nl"


def test_refusing_is_confirmed_and_leads_back_to_the_party(
    visit: Visit, lotte: Customer, bram: Party
) -> None:
    asked = bram.ask(return_url_failed="https://bram.example/jammer")
    visitor = visit(lotte)
    page = visitor.press(open_link(visitor, asked), asked["permission_id"], "refuse")
    assert "U hebt geweigerd" in page.text
    assert "https://bram.example/jammer" in page.links
    assert bram.permission(asked["permission_id"])["state"] == "rejected"


def test_granting_for_one_of_two_addresses_needs_a_choice(
    visit: Visit, house: TheHouse, lotte: Customer, bram: Party
) -> None:
    gas = house.point(LOTTES_GAS, lotte, commodity="gas")
    assert gas
    asked = bram.ask()
    visitor = visit(lotte)
    page = visitor.press(open_link(visitor, asked), asked["permission_id"], "grant")
    assert page.status == 400
    assert "Kies voor welk adres u gegevens wilt delen." in page.text
    assert "#occupancies" in page.links
    assert bram.permission(asked["permission_id"])["state"] == "requested"
    chosen = visitor.press(page, asked["permission_id"], "grant", occupancy_id=gas)
    assert "U gaf Bram Energieadvies toestemming" in chosen.text
    assert bram.permission(asked["permission_id"])["ean"] == LOTTES_GAS


def test_a_changed_form_grants_nothing(visit: Visit, lotte: Customer, bram: Party) -> None:
    asked = bram.ask()
    visitor = visit(lotte)
    form = open_link(visitor, asked).form(asked["permission_id"])
    for changed, status in (
        ({"occupancy_id": str(uuid4())}, 400),
        ({"occupancy_id": "all"}, 400),
        ({"notice_sha256": "0" * 64}, 409),
        ({"notice_sha256": "short"}, 400),
        ({"decision": "yes"}, 400),
        ({"granularity": "quarter_hour"}, 400),
        ({"link_code": "another-link-code-here"}, 404),
    ):
        answer = visitor.send(form.action, form.fields | {"decision": "grant"} | changed)
        assert answer.status == status, changed
    assert bram.permission(asked["permission_id"])["state"] == "requested"


def test_a_field_given_twice_is_refused(visit: Visit, lotte: Customer, bram: Party) -> None:
    asked = bram.ask()
    visitor = visit(lotte)
    form = open_link(visitor, asked).form(asked["permission_id"])
    twice = {**form.fields, "decision": ["refuse", "grant"]}
    assert visitor.http.post(form.action, data=twice, base_url="http://localhost").status_code == 400
    assert bram.permission(asked["permission_id"])["state"] == "requested"


def test_marias_address_cannot_be_shared_by_lotte(
    visit: Visit, lotte: Customer, maria: Customer, bram: Party
) -> None:
    asked = bram.ask()
    visitor = visit(lotte)
    page = visitor.press(
        open_link(visitor, asked), asked["permission_id"], "grant", occupancy_id=maria.occupancy()
    )
    assert page.status == 400
    assert bram.permission(asked["permission_id"])["state"] == "requested"


def test_a_request_to_maria_does_not_exist_for_lotte(
    visit: Visit, lotte: Customer, maria: Customer, bram: Party
) -> None:
    asked = bram.ask(ean="541448899990000015")
    page, unknown = (
        visit(lotte).get(f"/mijn/vraag/{asked['permission_id']}"),
        visit(lotte).get(f"/mijn/vraag/{uuid4()}"),
    )
    assert page.status == unknown.status == 404
    assert page.text == unknown.text


def test_an_unknown_link_shows_nothing(visit: Visit, lotte: Customer) -> None:
    visitor = visit(lotte)
    for code in ("", "x", "a" * 200, "a'b-c/d;e", "unknown-link-code"):  # cut off, mangled, or never given
        page = visitor.get("/verbruik/dienstverlener", id=code)
        assert (page.status, "de link is niet meer geldig" in page.text) == (404, True), code


def test_a_request_answered_before_shows_its_answer(visit: Visit, lotte: Customer, bram: Party) -> None:
    asked = bram.ask()
    lotte.grant(asked)
    page = open_link(visit(lotte), asked)
    assert "U gaf Bram Energieadvies toestemming" in page.text
    assert not page.has_form(asked["permission_id"])


def test_a_request_that_waits_too_long_is_not_offered(
    visit: Visit, house: TheHouse, lotte: Customer, bram: Party
) -> None:
    asked = bram.ask(ean="541448899990000039")
    house.clock.advance(timedelta(days=31))
    visitor = visit(lotte)
    assert "Er wacht een vraag op u" not in visitor.get("/mijn").text
    page = visitor.get(f"/mijn/vraag/{asked['permission_id']}")
    assert "Deze vraag is niet meer open" in page.text
    assert not page.has_form(asked["permission_id"])


def test_a_strange_return_address_is_no_link(site: Flask) -> None:
    with site.app_context():
        for address in (
            "javascript:alert(1)",
            "data:text/html,x",
            "http://bram.example/klaar",
            "//bram.example",
            "https://",
            "https://user@bram.example",
            "https://[",
            "https://[::1]/klaar",
            "https://@bram.example",
            "https://bram.example:klaar",
            "https://bram.example:99999",
            "https://bram.example:-1",
            "https://bram.example\\.evil.example",
            "https://bram%2eexample",
            "https://bram..example",
            "https://bram。example",  # browsers take this dot for a dot
            "https://fa\u00df.example",  # two standards, two hosts
            "",
            None,
        ):
            assert return_address(address) is None, address


@pytest.mark.parametrize(
    ("asked", "followed", "shown"),
    [
        ("https://Bram.Example/klaar?x=1", "https://bram.example/klaar?x=1", "bram.example"),
        ("https://bram.example:8443/klaar", "https://bram.example:8443/klaar", "bram.example"),
        ("https://\u0440aypal.example/", "https://xn--aypal-uye.example/", "xn--aypal-uye.example"),
        ("https://m\u00fcnchen.example", "https://xn--mnchen-3ya.example", "xn--mnchen-3ya.example"),
        ("https://xn--mnchen-3ya.example", "https://xn--mnchen-3ya.example", "xn--mnchen-3ya.example"),
    ],
)
def test_the_host_that_is_shown_is_the_host_that_is_gone_to(
    site: Flask, asked: str, followed: str, shown: str
) -> None:
    with site.app_context():
        assert return_address(asked) == (followed, shown)


def test_the_demo_may_return_to_this_machine(house: TheHouse) -> None:
    site = make_site(house, demo=True)
    with site.app_context():
        assert return_address("http://127.0.0.1:9000/klaar") == ("http://127.0.0.1:9000/klaar", "127.0.0.1")
    web.close(site)


def test_the_return_address_is_shown_as_text_not_as_code(visit: Visit, lotte: Customer, bram: Party) -> None:
    asked = bram.ask(return_url_success='https://bram.example/"><b>x</b>')
    visitor = visit(lotte)
    page = visitor.press(open_link(visitor, asked), asked["permission_id"], "grant")
    assert "<b>x</b>" not in page.html
