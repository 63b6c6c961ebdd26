"""Callers of the programs' interfaces, over a real house."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from flask import Flask

import web
from databeheer.door.tokens.ring import FACADE
from tests.copies import beside, setting_up
from tests.databases import Databases
from tests.house import Customer, Party, TheHouse, open_house
from tests.web.programs import EXPECTED_2023, EXPORT_2023, GAS_2023, Caller, caller, make_app, shared_file


@pytest.fixture
@beside
def program_app(house: TheHouse) -> Iterator[Flask]:
    """The web's interfaces for programs."""
    app = make_app(house)
    yield app
    web.close(app)


@pytest.fixture
@beside
def bram_calls(program_app: Flask, bram: Party) -> Caller:
    """Bram's program at the own API."""
    return caller(program_app, bram)


@pytest.fixture
@beside
def joris_calls(program_app: Flask, joris: Party) -> Caller:
    """The outsider's program."""
    return caller(program_app, joris)


@pytest.fixture
@setting_up
def facade_key(house: TheHouse) -> None:
    """The key that signs the facade's tokens, made before the house is copied: looking for its primes takes long."""
    with house.house.engine.begin() as connection:
        house.house.token_ring.in_force(connection, FACADE, house.clock.now())


@pytest.fixture
@beside
def bram_fluvius(program_app: Flask, bram: Party, facade_key: None) -> Caller:
    """Bram's Fluvius client, as far as its token."""
    return caller(program_app, bram, "facade")


@pytest.fixture
@setting_up
def measured(house: TheHouse, lotte: Customer) -> Customer:
    """Lotte, with the real export of autumn 2023 taken in."""
    house.ingest(shared_file(EXPORT_2023))
    return lotte


@pytest.fixture
@setting_up
def gas_measured(house: TheHouse, lotte: Customer) -> Customer:
    """Lotte, with her real gas export of autumn 2023."""
    path = shared_file(GAS_2023)
    house.point("541448899990000046", lotte, commodity="gas")
    house.ingest(path)
    return lotte


@pytest.fixture
def expected_2023() -> Path:
    return shared_file(EXPECTED_2023)


@pytest.fixture(scope="session")
def standing_app(databases: Databases) -> Iterator[Flask]:
    """One house for all tests that change nothing in it: requests that are refused at the edge."""
    with databases.clone() as database, open_house(database) as house:
        app = make_app(house)
        app.extensions["standing_house"] = house
        app.extensions["standing_party"] = house.party("Bram Energieadvies", "energy_service")
        yield app
        web.close(app)


@pytest.fixture(autouse=True)
def _fresh_minute(request: pytest.FixtureRequest) -> None:
    """Forget how often the callers of the standing house have asked: its clock stands still."""
    if "standing_app" not in request.fixturenames:
        return
    standing_app: Flask = request.getfixturevalue("standing_app")
    house: TheHouse = standing_app.extensions["standing_house"]
    with psycopg.connect(house.database.url("superuser")) as connection:
        connection.execute("DELETE FROM web.rate")


@pytest.fixture(scope="session")
def standing_calls(standing_app: Flask) -> Caller:
    """Bram's program at the own API of the standing house."""
    return caller(standing_app, standing_app.extensions["standing_party"])


@pytest.fixture(scope="session")
def standing_fluvius(standing_app: Flask) -> Caller:
    """Bram's Fluvius client at the standing house."""
    return caller(standing_app, standing_app.extensions["standing_party"], "facade")
