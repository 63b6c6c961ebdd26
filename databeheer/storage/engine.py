"""SQLAlchemy engines on psycopg 3, and the row-level security context."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

import psycopg
from sqlalchemy import Connection, Engine, create_engine, text
from sqlalchemy.engine import make_url

CONNECT_SECONDS = 5


def make_engine(
    url: str,
    pool_size: int = 5,
    max_overflow: int = 10,
    *,
    pool_seconds: float = 30.0,
    statement_seconds: int | None = None,
    durable: bool = True,
) -> Engine:
    """Return an engine for a libpq-style `postgresql://` URL.

    Isolation is READ COMMITTED: the door locks the ledger's head first and reads facts in a later statement,
    which must see what committed in between (design.md, Order is truth). A commit returns once it is durable,
    whatever the database or the role is set to: the door promises what is in the ledger. `durable=False` is for
    who writes nothing that may not be lost.

    Whoever waits longer than `CONNECT_SECONDS` for the server, `pool_seconds` for a connection of this engine or
    `statement_seconds` for an answer gets an error. The door sets no limit to a statement: it waits its turn
    behind the ledger's head.
    """
    parsed = make_url(url).set(drivername="postgresql+psycopg")
    options = f"{parsed.query.get('options', '')} -c synchronous_commit={'on' if durable else 'off'}"
    if statement_seconds is not None:
        options += f" -c statement_timeout={statement_seconds}s"
    return create_engine(
        parsed.update_query_dict({"options": options.strip()}),
        pool_size=pool_size,
        max_overflow=max_overflow,
        pool_timeout=pool_seconds,
        pool_pre_ping=True,
        connect_args={"connect_timeout": CONNECT_SECONDS},
        isolation_level="READ COMMITTED",
        hide_parameters=True,  # an error message in a log line must not hold what was looked for
    )


def driver(connection: Connection) -> psycopg.Connection[Any]:
    """Return the psycopg connection beneath, in the same transaction: what `ledger.postgres` works on."""
    return cast("psycopg.Connection[Any]", connection.connection.driver_connection)


@contextmanager
def in_context(engine: Engine, proof: str) -> Iterator[Connection]:
    """Open a transaction whose row-level security context is a live session or access token.

    The policies look the token up by its hash in a table that only the door writes; an unknown, ended or
    expired one sees no row.
    """
    with engine.begin() as connection:
        connection.execute(text("SELECT set_config('databeheer.proof', :proof, true)"), {"proof": proof})
        yield connection
