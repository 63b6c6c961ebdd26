"""Every address for programs, by every kind of client: the answer is the table's, and a dead proof changes nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from flask import Flask
from werkzeug.test import TestResponse

import web
from databeheer.values import NO_PARTY_ROLES, Role, format_instant
from tests.conftest import LOTTES_EAN, MARIAS_EAN
from tests.databases import Databases
from tests.databeheer.door.conftest import export
from tests.databeheer.mandate_imports.importing import csv_of, line, take
from tests.doors import execute, query
from tests.house import Party, TheHouse, open_house
from tests.web.programs import make_app, publish
from tests.web.route_client_table import OPEN, ROWS, WRITES_REFUSED, Row, World

PROGRAMS = ("/api/", "/esco/", "/oauth2/", "/.well-known/")
FACADE = "/esco/"


@dataclass
class Town:
    """A house with everything that there is to call about, and one of every kind of client."""

    house: TheHouse
    app: Flask
    world: World
    owners: dict[str, Party]
    strangers: dict[str, Party]
    dead: dict[str, dict[str, str]]
    sandbox: TheHouse
    sandbox_app: Flask
    counters: dict[str, psycopg.Connection[Any]]
    """Where the web counts how often was asked: forgotten at each call."""
    minted: dict[str, dict[str, str]] = field(default_factory=dict)

    def call(
        self, row: Row, tokens: dict[str, str], subscription: str | None, *, in_sandbox: bool = False
    ) -> TestResponse:
        app = self.sandbox_app if in_sandbox else self.app
        self.counters["sandbox" if in_sandbox else "house"].execute("DELETE FROM web.rate")
        is_facade = row.rule.startswith(FACADE)
        headers = dict(row.headers)
        token = tokens.get("facade" if is_facade else "own")
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        if is_facade:
            headers["Ocp-Apim-Subscription-Key"] = subscription or "x" * 32
        body = None if row.body is None else row.body(self.world)
        return app.test_client().open(
            row.path(self.world) if row.path else row.rule,
            method=row.method,
            query_string=row.query(self.world) if row.query else None,
            headers=headers,
            data=body if isinstance(body, bytes) else (None if body is None else json.dumps(body)),
            content_type=row.content_type if body is not None else None,
        )

    def tokens(self, party: Party) -> dict[str, str]:
        return {
            profile: self.house.token(party.client_id, party.client_secret, profile)
            for profile in ("own", "facade")
        }

    def once(self, party: Party) -> dict[str, str]:
        """The tokens of a party, minted when they are first asked for: the house's clock stands still."""
        if party.client_id not in self.minted:
            self.minted[party.client_id] = self.tokens(party)
        return self.minted[party.client_id]

    def size(self) -> Any:
        return query(self.house, "SELECT size FROM ledger.head")


def permission(house: TheHouse, lotte: Any, bram: Party, **changes: Any) -> str:
    asked = bram.ask(**changes)
    lotte.grant(asked)
    return str(asked["permission_id"])


@pytest.fixture(scope="module")
def town(databases: Databases) -> Iterator[Town]:
    with (
        databases.clone() as database,
        open_house(database) as house,
        databases.clone() as other_database,
        open_house(other_database, origin="ledger.example/sandbox/beside") as sandbox,
    ):
        app, sandbox_app = make_app(house), make_app(sandbox)
        counters = {
            name: psycopg.connect(one.database.url("superuser"), autocommit=True)
            for name, one in (("house", house), ("sandbox", sandbox))
        }
        yield build(house, sandbox, app, sandbox_app, counters)
        for one in counters.values():
            one.close()
        web.close(app)
        web.close(sandbox_app)


def build(
    house: TheHouse,
    sandbox: TheHouse,
    app: Flask,
    sandbox_app: Flask,
    counters: dict[str, psycopg.Connection[Any]],
) -> Town:
    lotte = house.customer("lotte", "Lotte Peeters")
    house.point(LOTTES_EAN, lotte)
    house.ingest(export())
    bram, net = house.party("Bram Energieadvies", "energy_service"), house.party("Net", "dso", operator=1)
    active = permission(house, lotte, bram)
    fluvius = bram.ask(purpose="energy_monitoring", granularity="quarter_hour", reference="a-mandate")
    lotte.grant(fluvius)
    ended, to_end = (permission(house, lotte, bram) for _ in range(2))
    # Doubt blocks Bram at a stay: at Maria's, where he is asked nothing else.
    maria = house.customer("maria", "Maria Janssens")
    house.point(MARIAS_EAN, maria)
    doubted, doubtful = (permission(house, maria, bram) for _ in range(2))
    case = bram.call(
        "doubt.report_own",
        permission_id=doubted,
        concern="not_given",
        customer="unsatisfied",
        received_at=format_instant(house.clock.now()),
        words="She says that she never signed.",
    )["case"]["case_id"]
    bram.call("webhook.put", url="https://party.example/hook")
    bram.call("webhook.test")
    delivery = bram.call("webhook.deliveries")["deliveries"][0]["delivery_id"]
    lotte.withdraw(ended)
    waiting = bram.ask()["permission_id"]
    job, job_to_cancel = (
        bram.call(
            "job.hand_in",
            permission_ids=[active],
            granularity=granularity,
            **{"from": "2023-10-28T22:00:00Z", "until": "2023-10-29T23:00:00Z"},
        )["job_id"]
        for granularity in ("quarter_hour", "hour")
    )
    while house.service.jobs.step():
        pass
    index = bram.read(active)["index"]
    publish(house)
    fitted = house.operator(
        "registry.meter.install", ean=LOTTES_EAN, meter="1SAG1", digital=True, ports=["P1", "S1"]
    )
    order = lotte.call(
        "port.open",
        occupancy_id=lotte.occupancy(),
        meter_id=fitted["meter_id"],
        port="P1",
        seen=0,
        notice="x",
        language="nl",
    )["order_id"]
    world = World(
        ean=LOTTES_EAN,
        active=active,
        ended=ended,
        to_end=to_end,
        waiting=waiting,
        job=job,
        job_to_cancel=job_to_cancel,
        index=index,
        case=case,
        doubtful=doubtful,
        delivery=delivery,
        order=order,
        mandate_import=take(bram, csv_of([line("in-town")]))["import"]["import_id"],
    )
    strangers = {"joris": house.party("Joris Buitenstaander", "energy_service")}
    strangers |= {
        role.value: house.party(f"Een {role.value}", role.value)
        for role in Role
        if role not in NO_PARTY_ROLES
    }
    town = Town(house, app, world, {"bram": bram, "net": net}, strangers, {}, sandbox, sandbox_app, counters)
    town.dead = dead_proofs(town, sandbox)
    return town


def dead_proofs(town: Town, sandbox: TheHouse) -> dict[str, dict[str, str]]:
    """Tokens of Bram's own party that are good for nothing, each for another reason; and a stranger house's."""
    house, bram = town.house, town.owners["bram"]

    def another() -> Party:
        added = house.operator("registry.client.add", party_id=bram.party_id, profiles=["own", "facade"])
        return Party(
            house, bram.party_id, bram.name, added["client_id"], added["client_secret"], None, "no token"
        )

    good = town.tokens(bram)
    dead = {
        "none": {},
        "made up": {"own": "x" * 43, "facade": "x" * 43},
        "of the other interface": {"own": good["facade"], "facade": good["own"]},
        "the secret itself": {"own": bram.client_secret, "facade": bram.client_secret},
        "of the sandbox": {
            profile: sandbox.token(one.client_id, one.client_secret, profile)
            for one in [sandbox.party(bram.name, "energy_service")]
            for profile in ("own", "facade")
        },
    }
    for name in ("revoked", "of an ended client", "of a renewed secret", "expired", "altered"):
        client = another()
        dead[name] = town.tokens(client)
        if name == "revoked":
            for token in dead[name].values():
                shown = {"client_id": client.client_id, "client_secret": client.client_secret}
                house.client.call("token.revoke", token=token, **shown)
        elif name == "of an ended client":
            house.operator("registry.client.end", client_id=client.client_id)
        elif name == "of a renewed secret":
            house.operator("registry.client.renew", client_id=client.client_id)
        elif name == "expired":
            execute(
                house,
                "UPDATE identity.access_token SET expires_at = %s WHERE client_id = %s",
                house.clock.now() - timedelta(seconds=1),
                client.client_id,
            )
        else:
            dead[name] = {profile: token[:-2] + "AA" for profile, token in dead[name].items()}
    return dead


def addresses(app: Flask) -> set[str]:
    return {
        f"{method} {rule.rule}"
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if rule.rule.lower().startswith(PROGRAMS)
    }


def test_every_address_has_a_row_and_every_row_an_address(town: Town) -> None:
    names = [row.name for row in ROWS]
    assert len(set(names)) == len(names)
    assert set(names) | OPEN | WRITES_REFUSED == addresses(town.app)


PUT_HOOK = next(row for row in ROWS if row.name == "PUT /api/v1/webhooks")


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_a_proof_that_is_dead_gets_nothing_and_changes_nothing(town: Town, row: Row) -> None:
    before = town.size()
    subscription = town.owners["bram"].subscription_key
    statuses = {name: town.call(row, tokens, subscription).status_code for name, tokens in town.dead.items()}
    assert statuses == dict.fromkeys(town.dead, 401)
    assert town.size() == before


@pytest.mark.requirement("R134")
def test_what_is_good_in_production_opens_no_address_of_a_sandbox(town: Town) -> None:
    """The reverse of `of the sandbox` above: whoever has everything here is nobody there."""
    before = query(town.sandbox, "SELECT size FROM ledger.head")
    for party in town.owners.values():
        tokens = town.once(party)
        statuses = {
            row.name: town.call(row, tokens, party.subscription_key, in_sandbox=True).status_code
            for row in ROWS
        }
        assert statuses == dict.fromkeys(statuses, 401)
    assert query(town.sandbox, "SELECT size FROM ledger.head") == before


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_a_stranger_in_any_role_gets_what_the_table_says(town: Town, row: Row) -> None:
    for party in town.strangers.values() if row.needs_hook else ():
        assert town.call(PUT_HOOK, town.once(party), party.subscription_key).status_code == 200
    statuses = {
        name: town.call(row, town.once(party), party.subscription_key).status_code
        for name, party in town.strangers.items()
    }
    said = {
        name: row.roles.get(
            name, row.roles.get("energy_service", row.stranger) if name == "joris" else row.stranger
        )
        for name in town.strangers
    }
    assert statuses == said


def test_the_owner_gets_what_the_table_says_and_once_suspended_little(town: Town) -> None:
    """One walk, in the order of the table: some rows use up what they are called about."""
    for row in ROWS:
        owner = town.owners[row.owner]
        answer = town.call(row, town.once(owner), owner.subscription_key)
        assert answer.status_code == row.ok, (row.name, answer.get_data(as_text=True))
    bram = town.owners["bram"]
    town.house.operator(
        "registry.party.suspend", party_id=bram.party_id, reason="does not meet the conditions"
    )
    fresh = town.tokens(bram)
    for row in ROWS:
        if row.owner == "bram":
            assert town.call(row, town.once(bram), bram.subscription_key).status_code == 401, row.name
            answer = town.call(row, fresh, bram.subscription_key)
            assert answer.status_code == row.suspended, (row.name, answer.get_data(as_text=True))
