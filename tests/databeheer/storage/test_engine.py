"""The engine for looks: planned by key, each statement by itself, few at once, and gone with the one beside it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from sqlalchemy import Connection, Engine, exc, text

from databeheer.storage.engine import (
    LOOKS_AT_ONCE,
    PLAN_BY_KEY,
    driver,
    looking_engine,
    make_engine,
)
from databeheer.storage.look import look
from tests.databases import Databases
from tests.house import TheHouse


@pytest.fixture(scope="module")
def engine(databases: Databases) -> Iterator[Engine]:
    with databases.clone() as database:
        made = make_engine(database.url("door"))
        yield made
        made.dispose()


@pytest.fixture
def lookers(engine: Engine) -> Iterator[Engine]:
    made = looking_engine(engine, patience_seconds=0.01)
    yield made
    made.dispose()


def shown(connection: Connection, setting: str) -> str:
    [row] = look(connection, "SELECT current_setting(%(setting)s) AS value", {"setting": setting})
    return str(row.value)


def test_a_look_is_planned_by_key_and_the_commands_beside_it_are_not(engine: Engine, lookers: Engine) -> None:
    with lookers.connect() as looking, engine.connect() as other:
        assert {name: shown(looking, name) for name in PLAN_BY_KEY} == PLAN_BY_KEY
        assert all(shown(other, name) != value for name, value in PLAN_BY_KEY.items())
        assert shown(looking, "synchronous_commit") == shown(other, "synchronous_commit") == "on"


def test_a_look_leaves_no_transaction_open_and_what_fails_in_one_spoils_nothing(lookers: Engine) -> None:
    with lookers.connect() as connection, connection.begin():
        assert shown(connection, "transaction_isolation") == "read committed"
        assert driver(connection).info.transaction_status.name == "IDLE"
        with pytest.raises(Exception, match="division by zero"):
            look(connection, "SELECT 1 / CAST(%(none)s AS int) AS n", {"none": 0})
        assert shown(connection, "transaction_isolation") == "read committed"


def test_few_look_at_once_and_the_next_one_waits_for_a_connection(lookers: Engine) -> None:
    with ExitStack() as held:
        for _ in range(LOOKS_AT_ONCE):
            held.enter_context(lookers.connect())
        with pytest.raises(exc.TimeoutError):
            lookers.connect()
    with lookers.connect() as connection:
        assert connection.execute(text("SELECT 1")).scalar_one() == 1


def test_the_lookers_of_a_house_end_with_its_engine(house: TheHouse) -> None:
    with house.house.lookers.connect() as connection:
        open_one = driver(connection)
    assert not open_one.closed
    house.house.engine.dispose()
    assert open_one.closed
