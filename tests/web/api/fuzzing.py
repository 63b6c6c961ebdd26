"""schemathesis over the whole API, with state: every check, and that a refused call changes nothing but its record."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any
from zlib import crc32

import hypothesis
import psycopg
import schemathesis
from flask import Flask
from hypothesis import HealthCheck, Phase, settings
from hypothesis.errors import Flaky
from hypothesis.stateful import run_state_machine_as_test
from schemathesis.checks import CHECKS

import web
from tests.conftest import LOTTES_EAN
from tests.databases import Databases
from tests.databeheer.door.conftest import export
from tests.house import TheHouse, open_house
from tests.web.programs import make_app, publish

NOT_ASKED = {"positive_data_acceptance", "max_response_time"}
"""What is well formed may be refused all the same (a day in 1900, somebody else's order); speed is the bench's."""
RECORDS = ("ledger.", "web.rate", "identity.assertion", "oversight.")
"""Where a refusal may leave something: that it was asked is an entry, and asking is counted."""
TABLES = """
    SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND n.nspname NOT IN ('pg_catalog', 'information_schema')
    ORDER BY 1
"""
# Few runs at a time: what the house answers depends on what was made before, and hypothesis wants it not to.
SETTINGS = settings(
    max_examples=2,
    stateful_step_count=20,
    deadline=None,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
    report_multiple_bugs=False,
)


@dataclass
class World:
    """A house with what there is to call about, the tokens that call, and names of things that exist."""

    house: TheHouse
    app: Flask
    tokens: list[str]
    names: dict[str, list[str]]
    calls: Counter[str] = field(default_factory=Counter)
    found: list[BaseException] = field(default_factory=list)
    before: dict[str, tuple[int, int]] = field(default_factory=dict)
    _connection: psycopg.Connection[Any] | None = None
    _query: bytes = b""

    def state(self) -> dict[str, tuple[int, int]]:
        """Of each table how many rows there are, and which transaction wrote last."""
        if self._connection is None:
            self._connection = psycopg.connect(self.house.database.url("superuser"), autocommit=True)
            tables = [row[0] for row in self._connection.execute(TABLES).fetchall()]
            self._query = " UNION ALL ".join(
                f"SELECT '{name}', count(*), coalesce(max(xmin::text::bigint), 0) FROM {name}"
                for name in tables
                if not name.startswith(RECORDS)
            ).encode()
        rows = self._connection.execute(self._query, prepare=True).fetchall()
        return {name: (count, last) for name, count, last in rows}

    def forget_rate(self) -> None:
        """The house's clock stands still, so a minute never ends."""
        self.state()
        assert self._connection is not None
        self._connection.execute("DELETE FROM web.rate")

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()


@contextmanager
def open_world(databases: Databases) -> Iterator[World]:
    """An energy service and a grid operator, and somebody who granted, was read, and took one permission back."""
    with databases.clone() as database, open_house(database) as house:
        house.service.jobs.stop()
        app = make_app(house)
        lotte = house.customer("lotte", "Lotte Janssens")
        house.point(LOTTES_EAN, lotte)
        house.ingest(export())
        bram, net = house.party("Bram Energieadvies", "energy_service"), house.party("Net", "dso", operator=1)
        permissions = []
        for _ in range(3):
            asked = bram.ask()
            lotte.grant(asked)
            permissions.append(asked["permission_id"])
        lotte.withdraw(permissions[-1])
        index = bram.read(permissions[0])["index"]
        bram.call("webhook.put", url="https://bram.example/hooks")
        deliveries = [one["delivery_id"] for one in bram.call("webhook.deliveries")["deliveries"]]
        publish(house)
        names = {"permission_id": permissions, "index": [str(index), "0"], "delivery_id": deliveries}
        world = World(house, app, [bram.token, net.token], names)
        yield world
        world.close()
        web.close(app)


def run(world: World, seed: int, calls: int) -> None:
    """Make so many calls at least, in runs of twenty of which each may use what others made, with one of the tokens.

    Raises:
        AssertionError, or what schemathesis raises: an answer that is no good, with how to send it again.
    """
    machine = _machine(world, world.tokens[seed % len(world.tokens)])
    goal = world.calls["all"] + calls
    number = seed * 1_000_000
    while world.calls["all"] < goal:
        number += 1
        with suppress(Flaky):
            run_state_machine_as_test(hypothesis.seed(number)(machine), settings=SETTINGS)
        if world.found:
            raise world.found[0]


def _machine(world: World, token: str) -> Any:
    document = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", world.app)
    checks = [check for check in CHECKS.get_all() if check.__name__ not in NOT_ASKED]
    # The test client unpacks nothing; tests/web/api/test_reading_forms.py looks at what is packed.
    headers = {"Authorization": f"Bearer {token}", "Accept-Encoding": "identity"}

    @document.hook
    def map_path_parameters(_context: Any, path_parameters: dict[str, Any] | None) -> dict[str, Any] | None:
        """Half of what is named exists."""
        if not path_parameters:
            return path_parameters
        return {name: known(name, value) for name, value in path_parameters.items()}

    def known(name: str, value: Any) -> Any:
        choice = crc32(str(value).encode())
        there = world.names.get(name)
        return there[choice // 2 % len(there)] if there and choice % 2 else value

    class Machine(document.as_state_machine()):  # type: ignore[misc]
        def get_call_kwargs(self, case: Any) -> dict[str, Any]:
            return {"headers": headers}

        def before_call(self, case: Any) -> None:
            world.calls["all"] += 1
            if world.calls["all"] % 400 == 1:
                world.forget_rate()
            # Its worker is stopped, for what it does is nobody's call; a job goes on here.
            if world.house.service.jobs.step() or not world.before:
                world.before = world.state()

        def validate_response(self, response: Any, case: Any, **_: Any) -> None:
            world.calls[f"{response.status_code // 100}xx"] += 1
            try:
                before, world.before = world.before, world.state()
                if response.status_code >= 400:
                    changed = {name for name, seen in world.before.items() if seen != before[name]}
                    assert not changed, f"refused ({response.status_code}), and it changed {sorted(changed)}"
                case.validate_response(response, checks=checks, headers=headers)
            except BaseException as error:
                error.add_note(case.as_curl_command())
                world.found.append(error)  # hypothesis would try again, in a house that is another by then
                raise

    return Machine
