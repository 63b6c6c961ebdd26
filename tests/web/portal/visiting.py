"""A visitor of the portal as a browser without script: keeps cookies, reads forms, presses their buttons."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qs, urlsplit

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.house import TheHouse
from tests.web.compiled import with_compiled_templates
from web import WebSettings, create_app

BASE_URL = "http://localhost"


def make_site(house: TheHouse, **changes: Any) -> Flask:
    """The portal over the house's own door."""
    settings: dict[str, Any] = {
        "database_url": house.database.url("web"),
        "door_socket": house.socket,
        "ledger_directory": house.folder / "public",
        "secret_key": "a secret of forty characters for tests..",
        "base_url": BASE_URL,
    }
    app = create_app(WebSettings(**(settings | changes)), areas=("web.portal",), clock=house.clock)
    return with_compiled_templates(app)


@dataclass
class Form:
    """A form of a page: where it goes, what it carries, which buttons it has."""

    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)
    choices: dict[str, list[str]] = field(default_factory=dict)
    buttons: list[tuple[str, str, str]] = field(default_factory=list)
    preselected: list[str] = field(default_factory=list)


class _Reader(HTMLParser):
    """Collects forms, links and the words of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.links: list[str] = []
        self.words: list[str] = []
        self.inline: list[str] = []
        self._form: Form | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.inline += [name for name in given if name == "style" or name.startswith("on")]
        if tag in ("script", "style"):
            self.inline.append(tag)
        # The frame's switch of languages leads to the page itself.
        if tag == "a" and "href" in given and "hreflang" not in given:
            self.links.append(given["href"])
        elif tag == "form":
            self._form = Form(given.get("action", ""), given.get("method", "get"))
            self.forms.append(self._form)
        elif self._form and tag == "input":
            self._input(self._form, given)
        elif self._form and tag == "button":
            name, value, look = (given.get(each, "") for each in ("name", "value", "class"))
            self._form.buttons.append((name, value, look))

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._form = None

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    def _input(self, form: Form, given: dict[str, str]) -> None:
        if given.get("type") in ("radio", "checkbox"):
            form.choices.setdefault(given["name"], []).append(given["value"])
            if "checked" in given:
                form.preselected.append(given["name"])
        elif "name" in given and given.get("type") != "file":
            form.fields[given["name"]] = given.get("value", "")


class Page:
    """What came back, as its visitor reads it; taken apart once somebody does, for most look at its status alone."""

    def __init__(self, response: TestResponse) -> None:
        self.response = response
        self.status = response.status_code
        self.html = response.get_data(as_text=True) if response.mimetype == "text/html" else ""

    @cached_property
    def _read(self) -> _Reader:
        reader = _Reader()
        reader.feed(self.html)
        return reader

    @property
    def forms(self) -> list[Form]:
        return self._read.forms

    @property
    def links(self) -> list[str]:
        return self._read.links

    @property
    def inline(self) -> list[str]:
        return self._read.inline

    @cached_property
    def text(self) -> str:
        return " ".join(" ".join(self._read.words).split())

    @property
    def location(self) -> str:
        """Where it redirects to, on this site without the host."""
        return self.response.headers.get("Location", "").removeprefix(BASE_URL)

    def form(self, action_end: str) -> Form:
        """The form whose action ends like this; it must be there."""
        return next(form for form in self.forms if form.action.endswith(action_end))

    def has_form(self, action_end: str) -> bool:
        return any(form.action.endswith(action_end) for form in self.forms)


@dataclass
class Visitor:
    """Somebody at a browser; counts the buttons pressed."""

    site: Flask
    house: TheHouse
    http: FlaskClient = field(init=False)
    pressed: int = 0

    def __post_init__(self) -> None:
        self.http = self.site.test_client()

    def get(self, path: str, **query: str) -> Page:
        return Page(self.http.get(path, query_string=query or None, base_url=BASE_URL))

    def press(self, page: Page, action_end: str, button: str = "", **chosen: str) -> Page:
        """Press a button of a form on this page, with what the form carries; follow where it leads."""
        form = page.form(action_end)
        fields = form.fields | chosen
        if button:
            name = next(name for name, value, _ in form.buttons if value == button)
            fields[name] = button
        self.pressed += 1
        answer = self.send(form.action, fields)
        return self.get(answer.location) if answer.status == 303 else answer

    def send(self, path: str, fields: dict[str, str]) -> Page:
        return Page(self.http.post(path, data=fields, base_url=BASE_URL))

    def log_in(self, subject: str, name: str, role: str = "customer", **claims: Any) -> Page:
        """Log in through the web, as the provider's subject; returns the page that follows."""
        to_provider = self.begin_log_in()
        nonce, state = to_provider["nonce"][0], to_provider["state"][0]
        answer = self.house.signed_answer(subject, name, nonce, role=role, **claims)
        return self.get("/aanmelden/terug", answer=answer, state=state)

    def begin_log_in(self) -> dict[str, list[str]]:
        """Go to the provider; returns what it is asked."""
        return parse_qs(urlsplit(self.get("/aanmelden").location).query)

    def lose_session(self) -> None:
        """Forget who is logged in, as a browser does with a cookie that is over; what else it keeps stays."""
        self.http.delete_cookie("session", domain="localhost")

    def cookie(self, name: str, path: str = "/") -> Any:
        return self.http.get_cookie(name, path=path)
