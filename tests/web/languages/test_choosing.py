"""A reader chooses a language with a link; nothing else chooses for him, and nothing slips through the choice."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from flask import Flask, render_template
from flask.testing import FlaskClient

import web
from databeheer.values import Period
from tests.web.portal.visiting import BASE_URL
from web import saying
from web.language import COOKIE, LANGUAGES

PAGE = "/bewaartermijnen"
"""Any page: nothing answers behind this site, and the page that says so speaks the language too."""
HALF_AN_HOUR_INTO_MARCH = datetime(2027, 2, 28, 23, 30, tzinfo=UTC)


@pytest.fixture
def reader(site: Flask) -> FlaskClient:
    return site.test_client()


@pytest.mark.parametrize("code", LANGUAGES)
def test_a_link_chooses_a_language_and_the_page_comes_again(reader: FlaskClient, code: str) -> None:
    answer = reader.get(f"/bewaartermijnen?a=1&paginataal={code}&b=%26%3C")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/bewaartermijnen?a=1&b=%26%3C")
    cookie = reader.get_cookie(COOKIE)
    assert cookie is not None
    assert (cookie.value, cookie.http_only, cookie.same_site) == (code, True, "Lax")
    page = reader.get(PAGE)
    assert f'<html lang="{code}">' in page.text
    assert page.headers["Content-Language"] == code
    assert {"Cookie", "Accept-Language"} <= set(page.vary)


def test_every_page_links_to_itself_in_every_language(reader: FlaskClient) -> None:
    page = reader.get("/bewaartermijnen?x=%22%3E")
    for code, name in LANGUAGES.items():
        assert f'href="/bewaartermijnen?x=%22%3E&amp;paginataal={code}" lang="{code}"' in page.text
        assert f">{name}</a>" in page.text


@pytest.mark.parametrize(
    "wrong", ["", "xx", "NL", "nl-BE", "../en", "en\x00", '"><b>', "fr\r\nSet-Cookie: a=b", "e" * 5000]
)
def test_another_language_is_refused_and_nothing_is_kept(reader: FlaskClient, wrong: str) -> None:
    answer = reader.get(PAGE, query_string={"paginataal": wrong})
    assert answer.status_code == 400
    assert reader.get_cookie(COOKIE) is None
    assert '"><b>' not in answer.text
    assert '<html lang="nl">' in answer.text


def test_two_languages_at_once_are_refused(reader: FlaskClient) -> None:
    assert reader.get(f"{PAGE}?paginataal=en&paginataal=fr").status_code == 400


@pytest.mark.parametrize("wrong", ["", "xx", "EN", '"><script>', "../../etc/passwd", "en\\"])
def test_a_cookie_that_names_no_language_of_ours_says_nothing(reader: FlaskClient, wrong: str) -> None:
    page = reader.get(PAGE, headers={"Cookie": f"{COOKIE}={wrong}"})
    assert '<html lang="nl">' in page.text
    assert "<script" not in page.text


@pytest.mark.parametrize(
    "path", ["//evil.example/", "/\\evil.example", "///evil.example//x", "/%2f%2fevil.example"]
)
def test_the_switch_leads_to_no_other_site(reader: FlaskClient, path: str) -> None:
    answer = reader.get(f"{path}?paginataal=fr", base_url=BASE_URL)
    there = answer.headers.get("Location", "/").removeprefix(BASE_URL)
    assert there.startswith("/")
    assert not there.startswith(("//", "/\\"))


def test_a_browsers_wish_offers_a_language_and_does_not_choose_it(reader: FlaskClient) -> None:
    french = {"Accept-Language": "fr-BE,fr;q=0.9,en;q=0.5"}
    page = reader.get(PAGE, headers=french)
    assert '<html lang="nl">' in page.text
    assert "Ce site existe aussi en français." in page.text
    reader.get(f"{PAGE}?paginataal=nl")
    assert "Ce site existe" not in reader.get(PAGE, headers=french).text
    assert "Ce site existe" not in reader.get(PAGE, headers={"Accept-Language": "nl,fr;q=0.1"}).text


def test_pages_for_staff_and_parties_and_answers_for_programs_do_not_change(reader: FlaskClient) -> None:
    reader.get(f"{PAGE}?paginataal=de")
    assert '<html lang="de">' in reader.get(PAGE).text
    refused = reader.get("/toezicht/bestaat-niet")
    assert '<html lang="nl">' in refused.text
    assert "hreflang" not in refused.text
    assert reader.get("/api/v1/nothing?paginataal=de").headers["Content-Type"] == "application/problem+json"
    assert "Location" not in reader.get("/health/live?paginataal=fr").headers


def test_a_page_for_programmers_that_is_in_english_alone_says_so(reader: FlaskClient) -> None:
    with reader.application.test_request_context("/problems"):
        page = render_template("problems/index.html", problems=[])
    assert "Deze pagina is er alleen in het Engels." in page
    assert "hreflang" not in page


def test_a_page_for_all_that_is_in_dutch_alone_says_so_in_the_readers_language(reader: FlaskClient) -> None:
    assert "niederländisch" not in reader.get("/privacy").text.lower()
    wished = reader.get("/privacy", headers={"Accept-Language": "de"})
    assert '<p lang="de">Diese Seite gibt es nur auf Niederländisch. <a href="/?paginataal=de"' in wished.text
    reader.get(f"{PAGE}?paginataal=fr")
    for path in (
        "/privacy",
        "/register",
        "/grondslagen",
        "/joins",
        "/meetwaarden",
        "/statistieken",
        "/ledger",
    ):
        page = reader.get(path, headers={"Accept-Language": "de"})
        assert 'lang="nl"' in page.text
        assert "Cette page existe seulement en néerlandais." in page.text, path
    assert "seulement en néerlandais" not in reader.get(PAGE).text
    reader.get(f"{PAGE}?paginataal=nl")
    assert "niederländisch" not in reader.get("/privacy", headers={"Accept-Language": "de"}).text.lower()


def test_an_answer_to_a_form_links_to_a_page_that_can_be_read(reader: FlaskClient) -> None:
    reader.set_cookie("session", "x" * 43)
    page = reader.post("/afmelden", data={"x": "1"})
    assert page.status_code == 400
    assert 'href="/?paginataal=fr"' in page.text


@pytest.mark.parametrize(
    ("code", "day", "weekday", "moment", "number", "span"),
    [
        (
            "nl",
            "1 maart 2027",
            "maandag 1 maart 2027",
            "1 maart 2027 om 0.30 uur",
            "1.234,567",
            "op 1 maart 2027",
        ),
        (
            "en",
            "1 March 2027",
            "Monday 1 March 2027",
            "1 March 2027 at 00:30",
            "1,234.567",
            "on 1 March 2027",
        ),
        (
            "fr",
            "1er mars 2027",
            "lundi 1er mars 2027",
            "1er mars 2027 à 0 h 30",
            "1 234,567",
            "le 1er mars 2027",
        ),
        (
            "de",
            "1. März 2027",
            "Montag, 1. März 2027",
            "1. März 2027 um 0:30 Uhr",
            "1.234,567",
            "am 1. März 2027",
        ),
    ],
)
def test_days_times_and_numbers_are_written_as_the_language_has_them(
    site: Flask, code: str, day: str, weekday: str, moment: str, number: str, span: str
) -> None:
    with site.test_request_context("/", headers={"Cookie": f"{COOKIE}={code}"}):
        assert saying.day(HALF_AN_HOUR_INTO_MARCH) == day
        assert saying.weekday(HALF_AN_HOUR_INTO_MARCH) == weekday
        assert saying.moment(HALF_AN_HOUR_INTO_MARCH) == moment
        assert " ".join(saying.thousandths(1_234_567).split()) == number
        assert saying.span(Period.of_days(date(2027, 3, 1), date(2027, 3, 1))) == span


def test_no_compiled_catalogue_is_kept_beside_the_text() -> None:
    folder = Path(web.__file__).parent / "translations"
    assert sorted(path.suffix for path in folder.rglob("messages.*")) == [".po"] * (len(LANGUAGES) - 1)
