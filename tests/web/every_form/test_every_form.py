"""Every form, sent badly in every way: refused, said what to do, nothing changed; and sent twice: done once.

Strangers, and who names what is another's in an address, walk the same forms in `test_route_persona_table`.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import psycopg
import pytest

import web
from databeheer.door.client import Proof
from tests.databases import Databases
from tests.house import open_house
from tests.web.every_form.forms import DEMO_ONLY, FORMS, Form
from tests.web.portal.visiting import BASE_URL, Page, Visitor
from tests.web.route_persona_table import Things
from tests.web.sites import make_whole_site
from tests.web.test_route_persona_table import Street, addresses, answer_of, build, site
from web.translations.catalogues import TRANSLATED

pytestmark = pytest.mark.walk

Fields = Mapping[str, str | list[str]]

ENGLISH = re.compile(
    r"Missing data|Must be|Unknown field|Not a valid|Invalid (value|input|type)|may not be|does not match|"
    r"(Long|Short)er than|Length must"
)
"""What the library that parses says by itself."""
STRANGE = ("a\x00b", "a\u202eb")
"""What ends a text, and what turns its direction of writing."""
BAKERYS = ("541448899991000502", "541448899991000519")
FORGETS = "/mijn/verder/niet"
"""Takes back from the browser what it kept: there is nothing to log in for."""
_ALERT = re.compile(r'role="alert".*?</div>', re.DOTALL)
_DESCRIBED = re.compile(r'aria-describedby="([^"]+)"')


@dataclass
class Walk:
    """Sends forms, and writes down what is otherwise than it must be."""

    street: Street
    connection: psycopg.Connection[Any]
    ended: Visitor
    """A browser whose visitor logged off, and what his session was."""
    ended_session: str
    wrong: list[str] = field(default_factory=list)
    sent: int = 0
    written: int = 0

    def send(
        self,
        form: Form,
        fields: Fields,
        *,
        guard: str | None = None,
        browser: Visitor | None = None,
        **more: Any,
    ) -> Page:
        """Send one form as who it is for; `guard` and `browser` are others'."""
        self.sent += 1
        self.connection.execute("DELETE FROM web.rate")
        path = form.path(self.things(form))
        own = self.street.guard(form.who) if guard is None else guard
        own = browser.get("/brief").form("/brief").fields["csrf_token"] if browser else own
        data = {**fields, "csrf_token": own}
        http = (browser or self.street.browsers[form.who]).http
        page = Page(http.post(path, **({"data": data} | more), base_url=BASE_URL))
        page.response.get_data()
        page.response.close()
        return page

    def things(self, form: Form) -> Things:
        """What there is of whom the form is for; of most, the owner's."""
        return self.street.things.get(form.who, self.street.things["owner"])

    def entries(self) -> int:
        """How many lines there are of what is no look at one's own readings."""
        row = self.connection.execute(
            "SELECT count(*) FROM ledger.statement WHERE event <> 'data.read'"
        ).fetchone()
        assert row is not None
        return int(row[0])

    def bad(self, form: Form, how: str, fields: Fields, name: str = "", **more: Any) -> Page:
        """Send a form badly: it is refused, and the page says what to do; `name` is the field that it must name."""
        page = self.send(form, fields, **more)
        name_of = f"{form.rule} {how}"
        if not 400 <= page.status < 500:
            self.wrong.append(f"{name_of}: {page.status} {page.location}")
        elif (
            'role="alert"' not in page.html
            and "Foutcode" not in page.html
            and 'class="actions"' not in page.html
        ):
            self.wrong.append(f"{name_of}: does not say what to do: {page.text[:200]}")
        if english := ENGLISH.search(page.html):
            self.wrong.append(f"{name_of}: says {english.group()}")
        if "<script" in page.html:
            self.wrong.append(f"{name_of}: a script is in the page")
        written, self.written = self.written, self.entries()
        if written != self.written:
            self.wrong.append(f"{name_of}: something was written down")
        if name and page.status < 500:
            self.named(page, name_of, name)
        return page

    def named(self, page: Page, name_of: str, name: str) -> None:
        """The summary of errors leads to a field that says what is wrong with it."""
        alert = _ALERT.search(page.html)
        if alert is None:
            self.wrong.append(f"{name_of}: names no field: {page.text[:120]}")
            return
        targets = re.findall(r'href="#([^"]+)"', alert.group())
        ids = set(re.findall(r'\bid="([^"]+)"', page.html))
        if not targets or not set(targets) <= ids:
            self.wrong.append(f"{name_of}: the summary leads nowhere: {targets}")
        said = {one for found in _DESCRIBED.findall(page.html) for one in found.split()}
        inputs = re.findall(rf'<(?:input|textarea|select|fieldset)\b[^>]*\bname="{name}"[^>]*>', page.html)
        groups = re.findall(r"<fieldset\b[^>]*>", page.html)
        described = [tag for tag in (*inputs, *groups) if _DESCRIBED.search(tag)]
        if not said <= ids or not described:
            self.wrong.append(f"{name_of}: the field is not described by what is wrong")

    def keeps(self, page: Page, form: Form, fields: Fields, but: str) -> None:
        """What was typed elsewhere comes back."""
        for name in form.kept:
            typed = str(fields[name])
            if (
                name != but
                and typed
                and html.escape(typed)[:30]
                not in page.html.replace("&#34;", "&quot;").replace("&#39;", "&#x27;")
            ):
                self.wrong.append(f"{form.rule} {but}: {name} is lost")

    def badly(self, form: Form) -> None:
        """Everything that can be wrong with one form."""
        good = form.filled(self.things(form))
        for name in good:
            rest = {each: value for each, value in good.items() if each != name}
            is_typed, is_chosen = name in form.texts, name in form.choices
            may_lack = name in form.optional
            if not may_lack:
                page = self.bad(form, f"without {name}", rest, name if is_chosen else "")
                if is_chosen:
                    self.keeps(page, form, good, name)
            if is_typed and not may_lack:
                page = self.bad(form, f"{name} empty", {**good, name: ""}, name)
                self.keeps(page, form, good, name)
            if is_typed:
                page = self.bad(form, f"{name} too long", {**good, name: "x" * 5000}, name)
                self.keeps(page, form, good, name)
            for strange in STRANGE:
                self.bad(form, f"{name} {strange!a}", {**good, name: strange}, name if is_typed else "")
            if name not in form.free:
                page = self.bad(
                    form, f"{name} script", {**good, name: "<script>x</script>\"'"}, name if is_typed else ""
                )
            if name not in form.several:
                self.bad(form, f"{name} twice", {**good, name: [good[name], good[name]]})
        if not form.is_lenient:
            self.bad(form, "with a field more", {**good, "onbekend": "1"})
        self.bad(form, "with 1 MB more", {**good, "onbekend": "x" * 1_100_000})
        self.bad(form, "without a guard", good, guard="")
        self.bad(form, "with another's guard", good, guard=self.street.guard("other_customer"))
        self.bad(form, "as JSON", good, data="{}", content_type="application/json")
        self.in_another_language(form, good)
        self.with_an_ended_session(form, good)

    def in_another_language(self, form: Form, good: Fields) -> None:
        """What is said in Dutch is said in another language too: each form in one of them."""
        language = TRANSLATED[self.sent % len(TRANSLATED)]
        lacks = next((name for name in form.choices or form.texts if name in good), "")
        fields = {**good, lacks: ""} if lacks in form.texts else {n: v for n, v in good.items() if n != lacks}
        fields |= {} if lacks else {"onbekend": "1"}
        if form.is_lenient or form.who not in ("owner", "business", "nobody"):
            return
        dutch = self.bad(form, "in Dutch", fields)
        http = self.street.browsers[form.who].http
        http.set_cookie("taal", language, domain="localhost")
        page = self.bad(form, f"in {language}", fields)
        http.delete_cookie("taal", domain="localhost")
        if f'lang="{language}"' not in page.html or said(page) == said(dutch):
            self.wrong.append(f"{form.rule} in {language}: {said(page)}")

    def with_an_ended_session(self, form: Form, good: Fields) -> None:
        """Who logged off, and sends a form of before all the same, logs in first."""
        if form.who != "owner" or not form.rule.startswith("/mijn") or form.rule == FORGETS:
            return
        self.ended.http.set_cookie("session", self.ended_session, domain="localhost")
        page = self.send(form, good, browser=self.ended)
        if answer_of(page) != "303 /aanmelden":
            self.wrong.append(f"{form.rule} after logging off: {answer_of(page)}")


@pytest.fixture(scope="module")
def walk(databases: Databases) -> Iterator[Walk]:
    with databases.clone() as database, open_house(database) as house:
        app = make_whole_site(house, base_url=BASE_URL)
        with psycopg.connect(database.url("superuser"), autocommit=True) as connection:
            street = build(house, app)
            street.lotte.call("contact.ask", email="lotte@voorbeeld.be", language="nl")
            let_a_business_in(street)
            ended = Visitor(app, house)
            session = house.log_in(street.lotte.subject, street.lotte.name)
            house.client.call("session.end", Proof.session(session))
            walk = Walk(street, connection, ended, session)
            walk.written = walk.entries()
            yield walk
        web.close(app)


def let_a_business_in(street: Street) -> None:
    """A bakery with two access points, and who acts for it."""
    bakery = street.house.business("0403170701", "Bakkerij Van Damme bv", "els", "Els Van Damme")
    for ean in BAKERYS:
        street.house.point(ean, bakery, address="Molenstraat 100, 9000 Gent")
    browser = Visitor(street.app, street.house)
    browser.http.environ_base["REMOTE_ADDR"] = "192.0.2.100"
    browser.http.set_cookie("session", bakery.session, domain="localhost")
    street.browsers["business"] = browser
    street.things = {**street.things, "business": replace(street.things["owner"], visitor=browser)}


def said(page: Page) -> str:
    """What an answer says went wrong: its summary of errors, else its title."""
    found = _ALERT.search(page.html) or re.search(r"<h1>.*?</h1>", page.html, re.DOTALL)
    return " ".join(re.sub(r"<[^>]+>", " ", found.group()).split()) if found else ""


def test_every_form_has_its_row_and_every_row_a_form(tmp_path: Path) -> None:
    posted = {one for one in addresses(site(tmp_path)) if one.startswith("POST ")}
    assert {f"POST {form.rule}" for form in FORMS} | {"POST /demo/opnieuw"} == posted
    in_a_demo = {one for one in addresses(site(tmp_path, demo=True)) if one.startswith("POST ")}
    assert in_a_demo - posted | {"POST /demo/opnieuw"} == DEMO_ONLY


@pytest.mark.requirement("R98")
def test_a_form_sent_badly_is_refused_with_what_to_do_and_nothing_changes(walk: Walk) -> None:
    for form in FORMS:
        walk.badly(form)
    assert not walk.wrong, "\n".join(walk.wrong)


def test_a_form_sent_twice_is_done_once_and_its_visitor_is_told(walk: Walk) -> None:
    walk.wrong.clear()
    for form in FORMS:
        if form.done is None:
            continue
        good = form.filled(walk.things(form))
        answers, entries = [], []
        for _ in range(2):
            page = walk.send(form, good)
            answers.append(answer_of(page))
            if page.status == 303 and form.rule.startswith("/mijn"):
                shown = walk.street.browsers[form.who].get(page.location).html
                if 'role="status"' in shown and "notice-good" in shown and " autofocus" not in shown:
                    walk.wrong.append(f"{form.rule}: who did it is not led to what came of it")
            entries.append(walk.entries())
            if "<script" in page.html:
                walk.wrong.append(f"{form.rule}: a script is in the page")
        if answers != [form.done, form.twice]:
            walk.wrong.append(f"{form.rule}: {answers}")
        if entries[0] != entries[1] and not form.each_time:
            walk.wrong.append(f"{form.rule}: written down twice")
    assert not walk.wrong, "\n".join(walk.wrong)
