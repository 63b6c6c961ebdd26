"""Every role of staff at every page of `/dienst`: each opens what its row says, and nothing else (R155, R162)."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest
from flask import Flask

from databeheer.staff import roles
from tests.databases import Databases
from tests.house import Colleague, TheHouse, open_house
from tests.web.portal.visiting import BASE_URL, Visitor
from tests.web.sites import make_whole_site
from tests.web.staff_role_table import ROWS, Row
from web import close


@pytest.fixture(scope="module")
def house(databases: Databases) -> Iterator[TheHouse]:
    with databases.clone() as database, open_house(database) as house:
        yield house


@pytest.fixture(scope="module")
def app(house: TheHouse) -> Iterator[Flask]:
    app = make_whole_site(house, base_url=BASE_URL)
    yield app
    close(app)


@pytest.fixture(scope="module")
def people(house: TheHouse) -> dict[str, Colleague]:
    """One of the house for each role, to read and to write; one who only reads; one without any role."""
    found = {code: house.colleague(f"w-{code}", code) for code in roles.load().by_code}
    readers = {f"{code} to read": house.colleague(f"r-{code}", code, writes=False) for code in found}
    return found | readers | {"no role": house.colleague("norole")}


def expected(row: Row, who: str) -> int:
    code, _, mode = who.partition(" to ")
    if row.also_without:
        return row.answer
    may = code in row.roles and not (row.to_write and mode)
    return row.answer if may else 403


@pytest.mark.requirement("R155", "R162")
def test_each_role_opens_what_the_table_says_and_nothing_else(
    house: TheHouse, app: Flask, people: dict[str, Colleague]
) -> None:
    wrong = []
    for who, colleague in people.items():
        with psycopg.connect(house.database.url("superuser")) as connection:
            connection.execute("DELETE FROM web.rate")  # all come from one address, in one minute
        visitor = Visitor(app, house)
        visitor.http.set_cookie("session", colleague.session, domain="localhost")
        guard = visitor.get("/dienst").form("/afmelden").fields["csrf_token"]
        code, _, mode = who.partition(" to ")
        for row in ROWS:
            if mode and code not in row.roles:
                continue  # whoever has the role to write too is refused there already
            sent = {"csrf_token": guard}
            path = row.at or row.rule
            page = visitor.get(path) if row.method == "GET" else visitor.send(path, sent)
            if page.status != expected(row, who):
                wrong.append(f"{row.name} as {who}: {page.status}, not {expected(row, who)}")
    assert wrong == []


def test_every_page_of_staff_has_a_row(app: Flask) -> None:
    known = {
        f"{method} {rule.rule}"
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith("/dienst")
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert known == {row.name for row in ROWS}
