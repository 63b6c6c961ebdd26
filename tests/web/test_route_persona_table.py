"""Every page of the site, by every persona: the answer is the table's; outsiders read and change nothing of hers."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from flask import Flask

import web
from databeheer.brussels import day_of
from tests.conftest import LOTTES_EAN
from tests.databases import Databases
from tests.databeheer.door.access_register.sending import ean_of
from tests.databeheer.metering.builders import day_rows, english
from tests.databeheer.onboarding.people import MAAN, officer
from tests.house import Customer, Party, TheHouse, open_house
from tests.web.portal.visiting import BASE_URL, Page, Visitor
from tests.web.programs import publish
from tests.web.route_client_table import ROWS as PROGRAM_ROWS
from tests.web.route_persona_table import (
    DEMO_ONLY,
    INSIDERS,
    OUTSIDERS,
    PERSONAS,
    ROWS,
    STRANGERS,
    P,
    Row,
    Things,
)
from tests.web.sites import make_whole_site
from tests.web.test_route_client_table import PROGRAMS

pytestmark = pytest.mark.walk

ADDRESS = "Kerkstraat 1, 9000 Gent"
METER = "1SAG9770000001"
OLD = ean_of(7), ean_of(8)
DANA = "Dana Diensten"
AUTUMN = date(2023, 10, 29)
KNOWN = {"former_occupant": {LOTTES_EAN, ADDRESS}}
"""What a persona knows by himself: he lived there."""
UNKNOWN = "00000000-0000-4000-8000-00000000beef"
UNKNOWN_INDEX = "987654"
_ID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}|(?<=/)Z[0-9]{4}-[0-9]+")
"""An id, or the number of a case."""


@dataclass
class Street:
    """A house, its site, a browser for each persona, and what each insider has to act on."""

    house: TheHouse
    app: Flask
    lotte: Customer
    browsers: dict[str, Visitor]
    things: Mapping[str, Things]
    secrets: frozenset[str]
    guards: dict[str, str] = field(default_factory=dict)

    def walk(self, persona: str, rows: Sequence[Row]) -> list[str]:
        """Ask for every page in turn; returns what is otherwise than the table says, in words.

        Outsiders try what is the owner's. What is hers is on no page of theirs, and is answered as if it were nothing.
        """
        things = self.things.get(persona, self.things["owner"])
        wrong = []
        for row in rows:
            path, sent = row.path(things), {} if row.method == "GET" else row.sends(things)
            page = self.ask(persona, row, path, sent)
            if answer_of(page) != row.answers[persona]:
                wrong.append(f"{row.name} as {persona}: {answer_of(page)}, not {row.answers[persona]}")
            if persona not in OUTSIDERS:
                continue
            told = page.response.get_data().decode(errors="replace")
            # What he typed himself may come back; whom she deals with stands in the public register of parties too.
            typed = {path, *sent.values()}
            secrets = (
                self.secrets
                - KNOWN.get(persona, set())
                - (set() if row.rule.startswith("/mijn") and "kiezen" not in row.rule else {DANA})
            )
            wrong += [
                f"{row.name} as {persona}: tells of hers, {one}"
                for one in sorted(secrets)
                if one in told and not any(one in each for each in typed)
            ]
            elsewhere = self.elsewhere(path)
            if persona in STRANGERS and elsewhere != path:
                other = self.ask(persona, row, elsewhere, sent)
                if (bare(other), other.status) != (bare(page), page.status):
                    wrong.append(f"{row.name} as {persona}: tells that it exists")
        return wrong

    def elsewhere(self, path: str) -> str:
        """The same path, of what does not exist."""
        hers = self.things["owner"]
        ids = [
            hers.occupancy,
            hers.meter,
            hers.permission,
            hers.to_doubt,
            hers.to_withdraw,
            hers.asked_directly,
        ]
        for one in [
            *ids,
            hers.power,
            hers.invitation,
            hers.case,
            hers.right,
            hers.erasure,
            hers.representation,
        ]:
            path = path.replace(one, UNKNOWN)
        return path.replace(f"/{hers.index}", f"/{UNKNOWN_INDEX}")

    def call_as_a_program(self, persona: str) -> None:
        """No address for programs takes what a person has, as a cookie or as a token."""
        browser = self.browsers[persona]
        cookie = browser.cookie("session")
        if cookie is None or persona == "partys_token":
            return
        headers = {"Authorization": f"Bearer {cookie.value}"}
        for row in PROGRAM_ROWS:
            rule = re.sub("<uuid:[a-z_]+>", UNKNOWN, re.sub("<ledger_index:[a-z]+>", "0", row.rule))
            for brought in ({}, headers):
                answer = browser.http.open(
                    rule, method=row.method, headers=brought, json={}, base_url=BASE_URL
                )
                assert answer.status_code == 401, (persona, row.name)

    def ask(self, persona: str, row: Row, path: str, fields: Mapping[str, str]) -> Page:
        browser = self.browsers[persona]
        if row.method == "GET":
            page = browser.get(path)
        else:
            page = browser.send(path, {**fields, "csrf_token": self.guard(persona)})
        page.response.get_data()
        page.response.close()
        return page

    def guard(self, persona: str) -> str:
        """A guard of this browser's own: any page with a form has one."""
        if persona not in self.guards:
            page = self.browsers[persona].get("/brief")
            self.guards[persona] = page.form("/brief").fields["csrf_token"]
        return self.guards[persona]

    def standing(self) -> dict[str, Any]:
        """How everything of hers stands, as she sees it herself; when a log-in was used does not matter."""
        call = self.lotte.call
        log_ins = [one["session_id"] for one in call("session.list")["sessions"]]
        commands = (
            "permission.list",
            "port.list",
            "doubt.list",
            "erasure.mine",
            "rights.mine",
            "contact.show",
            "representation.show",
            "attorney.show",
        )
        return {"me": call("me"), "log-ins": sorted(log_ins)} | {each: call(each) for each in commands}


def bare(page: Page) -> str:
    """A page without what its asker typed or its form carries."""
    return re.sub(r'(value|href|action)="[^"]*"', "", page.html)


def answer_of(page: Page) -> str:
    """The status, and where a redirect leads, ids as `*`."""
    if page.status not in (301, 302, 303, 307, 308):
        return str(page.status)
    place = _ID.sub("*", page.location.partition("?")[0])
    return f"{page.status} {re.sub(r'//[^/]+', '//*', place)}"


@pytest.fixture(scope="module")
def street(databases: Databases) -> Iterator[Street]:
    with databases.clone() as database, open_house(database) as house:
        app = make_whole_site(house, base_url=BASE_URL)
        yield build(house, app)
        web.close(app)


def build(house: TheHouse, app: Flask) -> Street:
    today = day_of(house.clock.now())
    karel, lotte = house.customer("karel", "Karel Vorige"), house.customer("lotte", "Lotte Janssens")
    house.point(LOTTES_EAN, karel, since=date(2020, 1, 1), address=ADDRESS)
    house.operator("registry.occupancy.end", ean=LOTTES_EAN, until_day="2022-01-01")
    begun = {"person_id": str(lotte.person_id), "interval_reading": True}
    home = house.operator("registry.occupancy.begin", ean=LOTTES_EAN, from_day="2022-01-01", **begun)[
        "occupancy_id"
    ]
    second = str(house.point(ean_of(9), lotte, address="Zeedijk 1, 8400 Oostende"))
    # Where she lived long ago: of there can be erased.
    forgotten, left = (
        str(house.point(ean, lotte, since=date(2015, 1, 1), address="Oude Weg 1, 9000 Gent")) for ean in OLD
    )
    for ean in OLD:
        house.operator("registry.occupancy.end", ean=ean, until_day="2018-01-01")
    sam, theo, wout = (house.customer(one, f"{one.title()} Anders") for one in ("sam", "theo", "wout"))
    maria = house.customer("maria", "Maria Peeters")
    house.point("541448899990000015", maria, address="Dorpsplein 3, 9000 Gent")
    power, invitation = give_powers(house, lotte, home, today)
    appointed, ended = (appoint(house, lotte, one, today) for one in (theo, wout))
    fitted = house.operator(
        "registry.meter.install",
        ean=LOTTES_EAN,
        meter=METER,
        digital=True,
        ports=["P1", "S1"],
        from_day="2022-01-01",
    )
    house.ingest(english(*day_rows(AUTUMN)))
    nora, stijn = officer(house), officer(house, "stijn", MAAN)
    party = nora.apply()
    program, _ = nora.program()
    nora.call("webhook.put", url="https://zon.example/hook")
    nora.call("webhook.test")
    publish(house)
    tiles = house.folder / "public" / "tile"
    tile = next(str(one.relative_to(house.folder / "public")) for one in tiles.rglob("*") if one.is_file())
    browsers = {}
    for number, persona in enumerate(PERSONAS):
        browser = browsers[persona] = Visitor(app, house)
        browser.http.environ_base["REMOTE_ADDR"] = f"192.0.2.{number}"
    bram, dana = (house.party(name, "energy_service") for name in ("Bram Energieadvies", DANA))
    doubted = granted(lotte, dana, home)
    dana.read(doubted)
    read = lotte.statements(kind="reads", limit=1)[0]["index"]
    case = lotte.call("doubt.raise", permission_id=doubted, concern="not_given", words="")["case"]["case_id"]
    right = lotte.call(
        "rights.ask", kind="rectification", fact="name", words="Dit klopt niet.", occupancy_id=home
    )["request_id"]
    wish = {"data_class": "readings", "occupancy_id": forgotten, "reason": "data_subject_request"}
    lotte.call("erasure.ask", **wish)
    erasures = (one["erasure"] for one in lotte.call("erasure.mine")["classes"])
    erasure = next(one["erasure_id"] for one in erasures if one)
    things: dict[str, Things] = {}
    for number, insider in enumerate(INSIDERS):
        several = granted(lotte, bram, home, up_to=2)
        dora = house.party(f"Dora {number}", "energy_service")
        things[insider] = Things(
            visitor=browsers["delegate" if insider == "delegate" else "owner"],
            occupancy=home,
            second=second,
            left=left,
            ean=LOTTES_EAN,
            meter_number=METER,
            permission=several,
            to_doubt=granted(lotte, dora, home),
            to_withdraw=granted(lotte, bram, home),
            to_send_on=bram.ask(),
            asked=bram.ask(),
            asked_directly=bram.ask(ean=LOTTES_EAN)["permission_id"],
            case=case,
            index=read,
            meter=fitted["meter_id"],
            port=("P1", "P1", "S1")[number],
            right=str(right),
            fact=("meter", "address", "stay")[number],
            erasure=str(erasure),
            log_in=lotte.call("session.list")["sessions"][0]["session_id"],
            representation=appointed,
            invitation=invitation,
            new_invitation=str(uuid4()),
            power=power,
            offering=bram.party_id,
            program=program,
            key=nora.show()["programs"][0]["keys"][0]["key_id"],
            delivery=nora.call("webhook.deliveries")["deliveries"][0]["delivery_id"],
            party=party,
            tile=tile,
        )
    for one, representation in ((theo, appointed), (wout, ended)):
        one.call("representation.take_up", representation_id=representation)
    house.operator("registry.representation.end", id=ended, until_day=today.isoformat())
    house.operator(
        "registry.concerned.begin", ean=LOTTES_EAN, person_id=str(sam.person_id), from_day=today.isoformat()
    )
    sessions = {who.subject: who.session for who in house.people} | {
        "officer": nora.session,
        "other_officer": stijn.session,
        "inspector": house.inspector(),
        "colleague": house.colleague("petra", "desk", "manager", "confidentiality_coordinator").session,
        "operators_key": house.operator_key,
        "partys_token": bram.token,
    }
    for persona, visitor in browsers.items():
        session = sessions.get(SUBJECTS.get(persona, persona))
        if session is not None:
            visitor.http.set_cookie("session", session, domain="localhost")
    publish(house)
    secrets = frozenset(
        {LOTTES_EAN, ADDRESS, METER, "Lotte Janssens", things["owner"].permission, "Dana Diensten"}
    )
    return Street(house, app, lotte, browsers, things, secrets)


SUBJECTS = {
    "owner": "lotte",
    "delegate": "theo",
    "co_occupant": "sam",
    "former_occupant": "karel",
    "ended_delegate": "wout",
    "other_customer": "maria",
}


def appoint(house: TheHouse, person: Customer, representative: Customer, today: date) -> str:
    added = house.operator(
        "registry.representation.add",
        person_id=str(person.person_id),
        representative_id=str(representative.person_id),
        reference="vrederechter Gent 2026/17",
        from_day=(today - timedelta(days=5)).isoformat(),
    )
    return str(added["id"])


def give_powers(house: TheHouse, lotte: Customer, home: str, today: date) -> tuple[str, str]:
    """Lotte gives Wim a power, and asks one more; returns the power and the invitation that waits."""
    wim = house.customer("wim", "Wim Anders")
    what = {"stays": [home], "decides": True, "until_day": (today + timedelta(days=30)).isoformat()}
    lotte.call("attorney.invite", invitation_id=str(uuid4()), name=wim.name, **what)
    wim.call("attorney.take_up", code=lotte.call("attorney.show")["invitations"][0]["code"])
    lotte.call("attorney.invite", invitation_id=str(uuid4()), name="Nog iemand", **what)
    shown = lotte.call("attorney.show")
    return shown["given"][0]["representation_id"], shown["invitations"][0]["invitation_id"]


def granted(lotte: Customer, party: Party, home: str, **changes: Any) -> str:
    asked = party.ask(**changes)
    lotte.grant(asked, home)
    return str(asked["permission_id"])


def addresses(app: Flask) -> set[str]:
    """Every page and form of a site, but for what is for programs."""
    return {
        f"{method} {rule.rule}"
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if not rule.rule.lower().startswith(PROGRAMS)
    }


def test_every_page_has_its_row_for_every_persona_and_every_row_a_page(tmp_path: Path) -> None:
    names = [row.name for row in ROWS]
    assert len(set(names)) == len(names)
    in_earnest, in_a_demo = (addresses(site(tmp_path, demo=demo)) for demo in (False, True))
    assert {row.address for row in ROWS} == in_earnest
    assert in_a_demo - in_earnest == DEMO_ONLY
    assert all(set(row.answers) == set(PERSONAS) for row in ROWS)


def site(folder: Path, *, demo: bool = False) -> Flask:
    """The site with no house behind it: for its addresses."""
    return web.create_app(
        web.WebSettings(
            database_url="postgresql://nobody@127.0.0.1:1/none",
            door_socket=folder / "none",
            ledger_directory=folder,
            secret_key="a secret of forty characters for tests..",
            base_url=BASE_URL,
            demo=demo,
        )
    )


@pytest.mark.requirement("R40", "R81", "R82", "R89", "R98")
def test_each_persona_gets_at_each_page_what_the_table_says(street: Street) -> None:
    """One walk: outsiders try what is the owner's, who finds it as it was; then who may use it does."""
    check_that_a_wrong_row_is_noticed(street)
    before = street.standing()
    wrong = [each for persona in OUTSIDERS for each in street.walk(persona, ROWS)]
    assert not wrong, "\n".join(wrong)
    assert street.standing() == before
    for persona in OUTSIDERS:
        street.call_as_a_program(persona)
    for persona in INSIDERS:
        publish(street.house)
        wrong = street.walk(persona, ROWS)
        assert not wrong, "\n".join(wrong)


def check_that_a_wrong_row_is_noticed(street: Street) -> None:
    """A table that a test walks is worth what the test notices: an answer, a page that tells, a difference."""
    rows = {row.name: row for row in ROWS}
    hers, nobodys = rows[f"GET {P}"], rows["GET /mijn/gelezen"]
    for row, said in ((hers, "200"), (nobodys, "200")):
        flipped = replace(row, answers={**row.answers, "nobody": said})
        assert street.walk("nobody", [row]) == []
        assert [one.split(": ")[0] for one in street.walk("nobody", [flipped])] == [f"{row.name} as nobody"]
    # With her log-in in his browser, the page says what it must not.
    other, owner = street.browsers["other_customer"], street.browsers["owner"]
    street.browsers["other_customer"] = owner
    flipped = replace(hers, answers={**hers.answers, "other_customer": "200"})
    found = street.walk("other_customer", [flipped])
    street.browsers["other_customer"] = other
    told = {one.rpartition(": ")[2].partition(",")[0] for one in found}
    assert told == {"tells of hers", "tells that it exists"}
