"""What every answer carries, what every form needs, and what no page contains."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

import web
from databeheer.errors import ConflictError
from tests.copies import beside
from tests.house import Customer, TheHouse
from tests.web.portal.visiting import Visitor, make_site
from web import WebSettings
from web.security import CONTENT_SECURITY_POLICY
from web.settings import SettingsError

PACKAGE = Path(web.__file__).parent
TEMPLATES = sorted((PACKAGE / "templates").rglob("*.html"))
COMPLETE = {
    "DATABEHEER_WEB_DATABASE_URL": "postgresql://x",
    "DATABEHEER_DOOR_SOCKET": "/run/door",
    "DATABEHEER_LEDGER_DIRECTORY": "/srv/ledger",
    "DATABEHEER_WEB_SECRET_KEY": "s" * 40,
    "DATABEHEER_BASE_URL": "https://data.example",
    "DATABEHEER_CONTACT": "privacy@data.example",
}


@pytest.fixture
@beside
def site(house: TheHouse) -> Iterator[Flask]:
    app = make_site(house)
    yield app
    web.close(app)


@pytest.fixture
def closed_site(tmp_path: Path, house: TheHouse) -> Iterator[Flask]:
    """A site whose door is not there."""
    app = make_site(house, door_socket=tmp_path / "nobody")

    def fail() -> str:
        raise ZeroDivisionError("541448899990000039")

    def refuse() -> str:
        raise ConflictError("541448899990000039")

    app.add_url_rule("/fail", "fail", fail)
    app.add_url_rule("/refuse", "refuse", refuse)
    yield app
    web.close(app)


def test_every_answer_forbids_script_frames_and_other_hosts(
    site: Flask, house: TheHouse, lotte: Customer
) -> None:
    visitor = Visitor(site, house)
    visitor.log_in(lotte.subject, lotte.name)
    for path in (
        "/mijn",
        "/mijn/gelezen",
        "/mijn/bewijzen",
        "/mijn/verbruik",
        "/mijn/verbruik/bestand",
        "/nergens",
        "/aanmelden",
    ):
        headers = visitor.get(path).response.headers
        assert headers["Content-Security-Policy"] == CONTENT_SECURITY_POLICY, path
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "same-origin"
        assert headers["Cache-Control"] == "no-store"
    assert "'unsafe" not in CONTENT_SECURITY_POLICY


def test_static_files_are_cached_and_bear_the_headers_too(site: Flask, house: TheHouse) -> None:
    response = Visitor(site, house).get("/static/databeheer.css").response
    headers = response.headers
    response.close()
    assert "max-age=31536000" in headers["Cache-Control"]
    assert headers["Content-Security-Policy"] == CONTENT_SECURITY_POLICY


@pytest.mark.parametrize("path", ["../settings.py", "..%2fsettings.py", "%2e%2e/settings.py", "icons"])
def test_nothing_outside_the_static_folder_is_served(path: str) -> None:
    settings = WebSettings.from_environment(COMPLETE | {"DATABEHEER_BASE_URL": "http://localhost"})
    app = Flask("web", static_folder=None)
    app.config["WEB_SETTINGS"] = settings
    web.app.assets.register(app)
    assert app.test_client().get(f"/static/{path}").status_code == 404


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: str(path.relative_to(PACKAGE / "templates")))
def test_no_template_holds_script_style_or_another_host(template: Path) -> None:
    text = re.sub(r"\{#.*?#\}", "", template.read_text(encoding="utf-8"), flags=re.DOTALL)
    assert not re.search(r"<script|<style|\sstyle=|\son[a-z]+=|javascript:", text, re.IGNORECASE)
    assert not re.search(r"""(?:src|action)=["']?(?:https?:)?//""", text)
    assert not re.search(r"^(?:<{7}|={7}|>{7})", text, re.MULTILINE)  # two versions, joined by nobody
    for form in re.findall(r"<form[^>]*method=[\"']?post.*?</form>", text, re.IGNORECASE | re.DOTALL):
        assert "csrf_token" in form


def test_no_stylesheet_asks_another_host() -> None:
    for sheet in (PACKAGE / "static").rglob("*.css"):
        assert not re.search(r"url\([\"']?(?:https?:|//|data:)|@import", sheet.read_text(encoding="utf-8")), (
            sheet.name
        )


def test_every_form_address_of_the_portal_needs_the_guard(
    site: Flask, house: TheHouse, lotte: Customer
) -> None:
    visitor = Visitor(site, house)
    visitor.log_in(lotte.subject, lotte.name)
    addresses = [
        re.sub(r"<uuid:[^>]*>", "00000000-0000-0000-0000-000000000001", rule.rule)
        .replace("<any(P1, S1):port>", "P1")
        .replace("<int:index>", "1")
        for rule in site.url_map.iter_rules()
        if rule.methods and "POST" in rule.methods
    ]
    assert len(addresses) >= 3
    for address in addresses:
        page = visitor.send(address, {})
        assert page.status == 400, address
        assert "Dit formulier is niet meer geldig" in page.text
        assert visitor.send(address, {"csrf_token": "x" * 40}).status == 400, address


def test_a_door_that_does_not_answer_is_said_so(closed_site: Flask, house: TheHouse) -> None:
    visitor = Visitor(closed_site, house)
    visitor.http.set_cookie("session", "x")
    page = visitor.get("/mijn")
    assert page.status == 503
    assert "De dienst antwoordt nu niet" in page.text


@pytest.mark.parametrize("path", ["/fail", "/refuse"])
def test_an_unforeseen_error_tells_nothing_of_itself(
    closed_site: Flask, house: TheHouse, path: str, caplog: pytest.LogCaptureFixture
) -> None:
    page = Visitor(closed_site, house).get(path)
    assert page.status in (409, 500)
    assert "541448899990000039" not in page.html
    assert "541448899990000039" not in caplog.text
    assert "Traceback" not in page.html


@pytest.mark.parametrize("path", ["/", "/aanmelden", "/static/databeheer.css", "/nergens"])
def test_a_server_that_lets_a_caller_say_where_the_site_begins_gives_him_nothing(
    site: Flask, path: str
) -> None:
    answer = site.test_client().get(
        path, base_url="http://localhost", environ_overrides={"SCRIPT_NAME": "/else"}
    )
    assert answer.status_code == 400
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("name", COMPLETE)
def test_a_missing_setting_stops_the_start_by_name(name: str) -> None:
    given = {key: value for key, value in COMPLETE.items() if key != name}
    with pytest.raises(SettingsError, match=name):
        WebSettings.from_environment(given)


@pytest.mark.parametrize(
    "changed",
    [
        {"DATABEHEER_WEB_SECRET_KEY": "short"},
        {"DATABEHEER_BASE_URL": "data.example"},
        {"DATABEHEER_BASE_URL": "ftp://data.example"},
        {"DATABEHEER_BASE_URL": "https://data.example/"},
        {"DATABEHEER_CONTACT": "javascript:alert(1)"},
        {"DATABEHEER_CONTACT": "http://data.example/contact"},
        {"DATABEHEER_CONTACT": "one@data.example,two@data.example"},
        {"DATABEHEER_POSTAL_ADDRESS": "Kerkstraat 1\n9000 Gent"},
        {"DATABEHEER_POSTAL_ADDRESS": "x" * 201},
        {"DATABEHEER_DEMO": "yes"},
    ],
    ids=str,
)
def test_an_unusable_setting_stops_the_start(changed: dict[str, str]) -> None:
    with pytest.raises(SettingsError):
        WebSettings.from_environment(COMPLETE | changed)


def test_settings_never_print_their_secrets() -> None:
    settings = WebSettings.from_environment(COMPLETE)
    assert "s" * 40 not in repr(settings)
    assert "postgresql" not in repr(settings)
    assert settings.is_secure
    assert settings.trusted_hosts == ["data.example"]
