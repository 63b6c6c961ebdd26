"""Every access point of docs/reference/sandbox.md, asked about over HTTP in both interfaces, answers as it says."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import cache
from typing import Any
from uuid import uuid4

import pytest
from flask import Flask
from joserfc import jws
from joserfc.jwk import RSAKey

import web
from databeheer.access.facts import PermissionState
from databeheer.brussels import day_of
from databeheer.sandbox import story
from databeheer.sandbox.access_points import ACCESS_POINTS, AccessPoint, Answer, Life
from databeheer.sandbox.filling import Means
from databeheer.sandbox.keys import PartyKey, make_key
from databeheer.sandbox.page import page
from databeheer.site.storytelling import Teller
from databeheer.values import Granularity, format_instant
from tests.databases import Databases
from tests.doors import CHECKOUT
from tests.house import PUBLIC_URL, Party, TheHouse, open_house, this_morning
from tests.web.facade.calling import get
from tests.web.programs import Caller, caller, make_app
from web.problems import PROBLEMS

FACADE_AUDIENCE = "https://login.microsoftonline.com/sandbox/v2.0"
PAGE = CHECKOUT / "docs" / "reference" / "sandbox.md"
OF_SANDBOX = "ledger.example/sandbox/walk"


@dataclass
class Sandbox:
    """A sandbox in which the story was told, and who asks there."""

    house: TheHouse
    app: Flask
    permissions: dict[str, str]
    parties: dict[str, dict[str, Any]]
    callers: dict[tuple[str, str], Caller] = field(default_factory=dict)

    keys: dict[str, PartyKey] = field(default_factory=dict)

    @property
    def last_day(self) -> date:
        return day_of(self.house.clock.now()) - timedelta(days=1)

    def caller(self, party: str, interface: str) -> Caller:
        """A program of that party, with a token of that interface: by its secret, by its key where it has no other."""
        if (party, interface) not in self.callers:
            self.callers[party, interface] = self._get_token(self.parties[party], party, interface)
        return self.callers[party, interface]

    def _get_token(self, facts: dict[str, Any], party: str, interface: str) -> Caller:
        if "client_secret" in facts:
            return caller(self.app, as_party(self.house, facts), interface)
        path = "/oauth2/token" if interface == "own" else "/tenant/oauth2/v2.0/token"
        client = as_party(self.house, facts | facts["signing"])
        http = self.app.test_client()
        form = {
            "grant_type": "client_credentials",
            "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            "client_assertion": self.assertion(client.client_id, party, interface),
        }
        answer = http.post(path, data=form)
        assert answer.status_code == 200, answer.get_data(as_text=True)
        return Caller(http, client, answer.get_json()["access_token"])

    def assertion(self, client_id: str, party: str, interface: str) -> str:
        """What a program signs instead of showing a secret (RFC 7523)."""
        now = int(self.house.clock.now().timestamp())
        audience = PUBLIC_URL if interface == "own" else FACADE_AUDIENCE
        claims = {
            "iss": client_id,
            "sub": client_id,
            "aud": audience,
            "iat": now,
            "nbf": now,
            "exp": now + 60,
        }
        claims["jti"] = secrets.token_hex(16)
        algorithm = "PS256" if interface == "own" else "RS256"
        key = opened(self.keys[party].private_pem)
        header = {"alg": algorithm, "typ": "JWT"}
        return str(jws.serialize_compact(header, json.dumps(claims).encode(), key, algorithms=[algorithm]))


@cache
def opened(pem: str) -> RSAKey:
    """A key to sign with: each time it is read, its primes are tried."""
    return RSAKey.import_key(pem)


def as_party(house: TheHouse, facts: dict[str, Any]) -> Party:
    secret = facts.get("client_secret", "")
    return Party(
        house, facts["party_id"], facts["name"], facts["client_id"], secret, facts["subscription_key"], ""
    )


@pytest.fixture(scope="module")
def sandbox(databases: Databases) -> Iterator[Sandbox]:
    now = this_morning()  # row-level security goes by the database's own hour: the story ends there
    begin = now - story.YEARS - timedelta(days=1)
    with databases.clone() as database, open_house(database, now=begin, origin=OF_SANDBOX) as house:
        house.service.house = replace(house.house, facade_audience=FACADE_AUDIENCE)
        means = Means(house.client, house.operator_key, house.intake_key, house.engine("intake"))

        def log_in(subject: str, name: str, enterprise: str | None = None, /) -> str:
            if enterprise is None:
                return house.log_in(subject, name)
            nonce = house.client.call("login.begin")["nonce"]
            answer = house.signed_answer(subject, name, nonce, role="party", enterprise=enterprise)
            return str(house.client.call("login.finish", answer=answer, nonce=nonce)["session"])

        teller = Teller(house.client, house.clock, house.operator_key, log_in)
        today = day_of(now)
        keys = {party: make_key() for party in story.PARTIES}
        permissions = story.tell(
            teller, means, today, [], 2, {name: one.public for name, one in keys.items()}
        )
        house.clock.set(now)
        app = make_app(house)
        yield Sandbox(house, app, permissions, teller.parties, keys=keys)
        web.close(app)


def test_the_page_has_the_tables_as_they_are_declared() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert text == page(text), "python -m databeheer.sandbox.page docs/reference/sandbox.md"


OF_PEOPLE = {
    "attorney-code-unknown",
    "forbidden",
    "erasure-refused",
    "no-right-to-object",
    "representation-ended",
    "not-for-representatives",
}
"""What programs are never told: of the portal, the oversight pages and the operator's command line."""


def test_every_problem_that_a_program_can_be_told_is_on_the_page() -> None:
    told = set(re.findall(r"`([a-z-]+)`", PAGE.read_text(encoding="utf-8")))
    assert set(PROBLEMS) - told == OF_PEOPLE


@pytest.mark.requirement("R48")
def test_every_access_point_answers_in_both_interfaces_as_the_table_says(sandbox: Sandbox) -> None:
    told = {point.key: (own(sandbox, point), facade(sandbox, point)) for point in ACCESS_POINTS}
    assert told == {point.key: (point.own, point.facade) for point in ACCESS_POINTS}


def own(sandbox: Sandbox, point: AccessPoint) -> Answer:
    """Ask about it as a client of the own API does: by the permission, else by the access point."""
    party = sandbox.caller(point.party, "own")
    start, end = story.window(point, sandbox.last_day)
    asked = {"from": format_instant(start), "until": format_instant(end), "granularity": point.asked.value}
    if point.key in sandbox.permissions:
        answer = party.get(f"/api/v1/permissions/{sandbox.permissions[point.key]}/readings", **asked)
    else:
        body = asked | {"ean": point.code.ean.digits, "purpose": "energy_monitoring"}
        answer = party.post("/api/v1/readings/query", body)
    said = answer.get_json()
    if answer.status_code == 200:
        return Answer(200, said["coverage"]["state"])
    return Answer(answer.status_code, said["type"].removeprefix("/problems/"))


def facade(sandbox: Sandbox, point: AccessPoint) -> Answer:
    """Ask about it as a client of the Fluvius API does: by the code and the reference."""
    party = sandbox.caller(point.party, "facade")
    start, end = story.window(point, sandbox.last_day)
    query = {
        "ean": point.code.text,
        "periodType": "readTime",
        "referenceNumber": point.reference,
        "granularity": "daily" if point.asked is Granularity.DAY else "hourly_quarterhourly",
        "from": format_instant(start),
        "to": format_instant(end),
    }
    answer = get(party, "/esco-sbx/v3/api/mandate/energy", query)
    said = answer.get_json()
    if answer.status_code == 200:
        return Answer(200, "null" if said["data"]["headpoint"] is None else "values")
    if answer.status_code == 503:
        assert int(answer.headers["Retry-After"]) > 0
    return Answer(answer.status_code, said["Code"])


@pytest.mark.requirement("R48")
def test_the_permissions_have_the_states_that_their_lives_gave_them(sandbox: Sandbox) -> None:
    states = set()
    for point in ACCESS_POINTS:
        if point.key in sandbox.permissions:
            listed = sandbox.caller(point.party, "own").get("/api/v1/permissions", reference=point.reference)
            [permission] = listed.get_json()["permissions"]
            states.add(permission["state"])
    assert states == {state.value for state in PermissionState} - {"lapsed"}


@pytest.mark.requirement("R48")
def test_the_facade_lists_the_mandates_in_all_their_states(sandbox: Sandbox) -> None:
    party = sandbox.caller("ready", "facade")
    listed: dict[str, str] = {}
    for query in ({}, {"status": "Requested"}):
        answer = get(party, "/esco-sbx/v3/api/mandate", query).get_json()
        listed |= {one["referenceNumber"]: one["status"] for one in answer["data"]["mandates"]}
    ready = [one for one in ACCESS_POINTS if one.party == "ready" and one.life is not Life.NEVER_ASKED]
    assert listed == {one.reference: _STATUSES.get(one.life, "Finished") for one in ready}


_STATUSES = {
    Life.GRANTED: "Approved",
    Life.TO_BE_RENEWED: "Approved",
    Life.DOUBTED: "Approved",  # it stands
    Life.WAITS: "Requested",
    Life.REFUSED: "Rejected",
    Life.NOT_ANSWERED: "Rejected",
}


def test_days_on_which_the_clock_changes_have_23_and_25_hours(sandbox: Sandbox) -> None:
    for key, quarters in (("spring", 92), ("autumn", 100)):
        [point] = [one for one in ACCESS_POINTS if one.key == key]
        start, end = story.window(point, sandbox.last_day)
        assert end - start == quarters * timedelta(minutes=15)
        asked = {"from": format_instant(start), "until": format_instant(end), "granularity": "quarter_hour"}
        path = f"/api/v1/permissions/{sandbox.permissions[key]}/readings"
        said = sandbox.caller("ready", "own").get(path, **asked, direction="offtake").get_json()
        assert said["coverage"]["values"] == quarters
        assert said["coverage"]["estimated"] == said["coverage"]["missing"] == 0


def test_estimates_and_gaps_are_said_in_numbers(sandbox: Sandbox) -> None:
    for key, estimated, missing in (
        ("estimated", True, False),
        ("gaps", False, True),
        ("quarters", False, False),
    ):
        [point] = [one for one in ACCESS_POINTS if one.key == key]
        start, end = story.window(point, sandbox.last_day)
        asked = {"from": format_instant(start), "until": format_instant(end), "granularity": "quarter_hour"}
        path = f"/api/v1/permissions/{sandbox.permissions[key]}/readings"
        coverage = sandbox.caller("ready", "own").get(path, **asked).get_json()["coverage"]
        assert (coverage["estimated"] > 0, coverage["missing"] > 0) == (estimated, missing), coverage


@pytest.mark.requirement("R134")
def test_no_party_of_a_sandbox_reads_what_another_was_granted(sandbox: Sandbox) -> None:
    for party in ("lapsed", "suspended"):
        stranger = sandbox.caller(party, "own")
        for key in ("quarters", "blocked", "withdrawn"):
            answer = stranger.get(f"/api/v1/permissions/{sandbox.permissions[key]}")
            assert answer.status_code == 404


def test_what_cannot_stand_still_is_brought_about_as_the_page_says(sandbox: Sandbox) -> None:
    party, facts = sandbox.caller("ready", "own"), sandbox.permissions
    readings = f"/api/v1/permissions/{facts['quarters']}/readings"
    told = {
        "malformed-request": party.get(readings),
        "unauthenticated": party.http.get("/api/v1/me"),
        "not-found": party.get(f"/api/v1/permissions/{uuid4()}"),
        "method-not-allowed": party.http.patch("/api/v1/me", headers=party.headers()),
        "not-acceptable": party.get(readings, headers={"Accept": "image/png"}, **last_week(sandbox)),
        "unsupported-media-type": party.http.post(
            "/api/v1/readings/query", data="x", headers=party.headers({"Content-Type": "text/plain"})
        ),
        "too-large": party.http.post(
            "/api/v1/readings/query",
            data=b" " * 2_000_000,
            headers=party.headers({"Content-Type": "application/json"}),
        ),
        "conflict": party.delete(f"/api/v1/permissions/{facts['withdrawn']}"),
    }
    sandbox.house.operator("stop.set", reason="try")
    told["stopped"] = party.get(readings, **last_week(sandbox))
    [point] = [one for one in ACCESS_POINTS if one.key == "quarters"]
    assert facade(sandbox, point) == Answer(503, "stopped")
    sandbox.house.operator("stop.lift", reason="try")
    assert own(sandbox, point) == point.own
    for slug, answer in told.items():
        assert (answer.status_code, answer.get_json()["type"]) == (PROBLEMS[slug].status, f"/problems/{slug}")


def test_who_asks_too_often_is_told_when_to_come_back(sandbox: Sandbox) -> None:
    form = {"grant_type": "client_credentials", "client_id": "client-of-nobody", "client_secret": "x"}
    http = sandbox.app.test_client()
    answers = [http.post("/oauth2/token", data=form) for _ in range(61)]
    assert answers[0].status_code == 401
    assert answers[-1].status_code == 429
    assert int(answers[-1].headers["Retry-After"]) > 0


def last_week(sandbox: Sandbox) -> dict[str, str]:
    start, end = story.window(ACCESS_POINTS[0], sandbox.last_day)
    return {"from": format_instant(start), "until": format_instant(end)}
