"""Fixtures of the ledger's tests: a real PostgreSQL with the ledger's schema, keys, and logs of any size."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

from ledger import idempotency
from ledger.note import SigningKey
from ledger.postgres import SCHEMA
from tests.databases import Databases
from tests.ledger.logs import ORIGIN, PublishedLog

Connect = Callable[[], psycopg.Connection[Any]]


@pytest.fixture(scope="session")
def server_url(databases: Databases) -> str:
    """The PostgreSQL server of this test run, as its superuser."""
    return databases.superuser_url


@pytest.fixture(scope="session")
def ledger_template(server_url: str) -> Iterator[str]:
    """A database that holds the empty ledger, to be cloned per test."""
    name = f"ledger_template_{os.getpid()}"
    with psycopg.connect(server_url, autocommit=True) as server:
        server.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    with psycopg.connect(server_url, dbname=name) as connection:
        connection.execute(SCHEMA)
        connection.execute(idempotency.SCHEMA)
    yield name
    with psycopg.connect(server_url, autocommit=True) as server:
        server.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


_numbers = count()


@pytest.fixture
def connect(server_url: str, ledger_template: str) -> Iterator[Connect]:
    """Open connections to a fresh ledger of this test's own."""
    name = f"ledger_test_{os.getpid()}_{next(_numbers)}"
    names = (sql.Identifier(name), sql.Identifier(ledger_template))
    opened: list[psycopg.Connection[Any]] = []

    def open_connection() -> psycopg.Connection[Any]:
        connection = psycopg.connect(server_url, dbname=name)
        opened.append(connection)
        return connection

    with psycopg.connect(server_url, autocommit=True) as server:
        server.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(*names))
        yield open_connection
        for connection in opened:
            connection.close()
        server.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(names[0]))


@pytest.fixture
def ledger_connection(connect: Connect) -> psycopg.Connection[Any]:
    """One connection to a fresh ledger."""
    return connect()


@pytest.fixture
def log_key() -> SigningKey:
    return SigningKey(ORIGIN, bytes(range(32)))


@pytest.fixture
def door_key() -> SigningKey:
    return SigningKey(f"{ORIGIN}/door", bytes(range(32, 64)))


@pytest.fixture
def log(tmp_path: Path, log_key: SigningKey) -> PublishedLog:
    """A log without entries that was never published, in a directory of its own."""
    return PublishedLog(tmp_path / "log", log_key)
