"""Logging in: the answer serves one browser once, and brings the visitor back to our own pages only."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask

from databeheer.brussels import day_of
from tests.house import Customer, TheHouse
from tests.web.portal.visiting import Page, Visitor
from web.portal.login import is_local


def test_a_log_in_opens_the_overview_with_the_visitors_name(
    visit: Callable[[Customer], Visitor], lotte: Customer
) -> None:
    page = visit(lotte).get("/mijn")
    assert page.status == 200
    assert "Lotte Janssens" in page.text


def test_the_provider_is_asked_to_answer_at_our_one_address(stranger: Visitor) -> None:
    asked = stranger.begin_log_in()
    assert asked["redirect_uri"] == ["http://localhost/aanmelden/terug"]
    assert set(asked) == {"nonce", "redirect_uri", "state"}


def test_the_session_cookie_is_out_of_reach_of_script_and_other_sites(
    visit: Callable[[Customer], Visitor], lotte: Customer
) -> None:
    cookie = visit(lotte).cookie("session")
    assert cookie.http_only
    assert cookie.same_site == "Lax"


def test_who_is_not_logged_in_comes_back_to_the_page_asked_for(stranger: Visitor, lotte: Customer) -> None:
    assert stranger.get("/mijn/gelezen").location == "/aanmelden"
    assert stranger.log_in(lotte.subject, lotte.name).location == "/mijn/gelezen"


def test_a_log_in_of_another_browser_is_not_taken(site: Flask, house: TheHouse, lotte: Customer) -> None:
    # The forger logs in as himself and sends the victim the answer: the victim would type in another's account.
    forger, victim = Visitor(site, house), Visitor(site, house)
    asked = forger.begin_log_in()
    answer = house.signed_answer(lotte.subject, lotte.name, asked["nonce"][0])
    page = victim.get("/aanmelden/terug", answer=answer, state=asked["state"][0])
    assert page.status == 400
    assert victim.cookie("session") is None


@pytest.mark.requirement("R81")
def test_an_answer_with_another_state_is_not_taken(
    stranger: Visitor, house: TheHouse, lotte: Customer
) -> None:
    asked = stranger.begin_log_in()
    answer = house.signed_answer(lotte.subject, lotte.name, asked["nonce"][0])
    assert stranger.get("/aanmelden/terug", answer=answer, state="x" * 43).status == 400


def test_an_answer_serves_once(stranger: Visitor, house: TheHouse, lotte: Customer) -> None:
    asked = stranger.begin_log_in()
    cookie = stranger.cookie("login", "/aanmelden")
    answer = house.signed_answer(lotte.subject, lotte.name, asked["nonce"][0])
    assert stranger.get("/aanmelden/terug", answer=answer, state=asked["state"][0]).status == 303
    stranger.http.set_cookie("login", cookie.value, path="/aanmelden")
    assert stranger.get("/aanmelden/terug", answer=answer, state=asked["state"][0]).status == 400


def test_a_wrong_answer_gives_no_session(stranger: Visitor, house: TheHouse, lotte: Customer) -> None:
    wrong: list[dict[str, object]] = [
        {"aud": "other"},
        {"iss": "https://evil.example"},
        {"role": "operator"},
        {"exp": 1},
        {"sub": ""},
    ]
    for changes in wrong:
        asked = stranger.begin_log_in()
        answer = house.signed_answer(lotte.subject, lotte.name, asked["nonce"][0], **changes)
        page = stranger.get("/aanmelden/terug", answer=answer, state=asked["state"][0])
        assert page.status == 400, changes
        assert "Aanmelden is niet gelukt" in page.text
        assert stranger.cookie("session") is None


def test_who_was_reported_dead_reads_why_he_cannot_log_in_and_what_to_do(
    stranger: Visitor, house: TheHouse, lotte: Customer, maria: Customer
) -> None:
    person = {"person_id": str(lotte.person_id)}
    died_on = day_of(house.clock.now()).isoformat()
    house.operator("registry.person.died", **person, died_on=died_on, reference="akte 1")
    page = stranger.log_in(lotte.subject, lotte.name)
    assert page.status == 403
    assert "melding van overlijden" in page.text
    assert "te lang" not in page.text
    assert stranger.cookie("session") is None
    assert stranger.log_in(maria.subject, maria.name).location == "/mijn"
    house.operator("registry.person.alive", **person, reason="een ander")
    assert stranger.log_in(lotte.subject, lotte.name).location == "/mijn"
    assert "De melding van uw overlijden is rechtgezet" in stranger.get("/mijn/berichten").text


def test_a_hand_made_callback_is_refused(stranger: Visitor) -> None:
    for query in (
        "",
        "answer=x",
        "answer=x&state=y&more=z",
        "answer=&state=",
        "answer=x&answer=x&state=y",
        "answer=x&state=y",
    ):
        assert stranger.get(f"/aanmelden/terug?{query}").status == 400, query


def test_logging_off_ends_the_session_at_the_door_too(
    visit: Callable[[Customer], Visitor], lotte: Customer
) -> None:
    visitor = visit(lotte)
    token = visitor.cookie("session").value
    page = visitor.get("/mijn")
    assert visitor.press(page, "/afmelden").response.request.path == "/"
    assert visitor.cookie("session") is None
    visitor.http.set_cookie("session", token)  # somebody copied it before
    assert visitor.get("/mijn").location == "/aanmelden"


def test_logging_off_is_a_guarded_button_not_a_link(
    visit: Callable[[Customer], Visitor], lotte: Customer
) -> None:
    visitor = visit(lotte)
    assert visitor.get("/afmelden").status == 405
    assert visitor.send("/afmelden", {}).status == 400
    assert visitor.get("/mijn").status == 200


def test_a_session_ends_at_its_hour(
    visit: Callable[[Customer], Visitor], lotte: Customer, house: TheHouse
) -> None:
    visitor = visit(lotte)
    house.clock.advance(timedelta(hours=1))
    assert visitor.get("/mijn").location == "/aanmelden"


def test_a_made_up_session_opens_nothing(stranger: Visitor) -> None:
    for token in ("", "x", "x" * 43, "x" * 3000, "%C3%A9"):
        stranger.http.set_cookie("session", token)
        assert stranger.get("/mijn").location == "/aanmelden"


def test_an_inspector_lands_at_oversight_and_sees_no_customers_page(stranger: Visitor) -> None:
    stranger.get("/mijn/verbruik")
    assert stranger.log_in("ines", "Ines", role="inspector").location == "/toezicht"
    session = stranger.cookie("session").value
    for path in ("/mijn", "/mijn/verbruik", "/mijn/gelezen", "/mijn/toestemmingen"):
        page = stranger.get(path)
        assert (page.status, page.location) == (303, "/toezicht"), path
    assert stranger.cookie("session").value == session


def test_a_log_in_begins_at_our_own_name(site: Flask, house: TheHouse) -> None:
    page = Page(Visitor(site, house).http.get("/aanmelden", base_url="http://127.0.0.1"))
    assert page.response.headers["Location"] == "http://localhost/aanmelden"


def test_another_host_name_is_refused(site: Flask, house: TheHouse) -> None:
    assert Visitor(site, house).http.get("/mijn", base_url="http://evil.example").status_code == 400


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example",
        "//evil.example",
        "/\\evil.example",
        "/\t/evil.example",
        "/mijn\r\nSet-Cookie: a=b",
        "mijn",
        "javascript:alert(1)",
        "",
        None,
        7,
    ],
)
def test_no_other_site_is_a_place_to_go_after_a_log_in(target: object) -> None:
    assert not is_local(target)


@pytest.mark.parametrize("target", ["/mijn", "/verbruik/dienstverlener?id=abcd"])
def test_our_own_pages_are_places_to_go(target: str) -> None:
    assert is_local(target)
