"""SQLAlchemy engines on psycopg 3, and the row-level security context."""

from __future__ import annotations

import select
from typing import Any, cast

import psycopg
from sqlalchemy import Connection, Engine, create_engine, event, exc
from sqlalchemy.engine import URL, make_url

CONNECT_SECONDS = 5
PREPARED = 400


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
    return _connecting(
        parsed.update_query_dict({"options": options.strip()}),
        isolation_level="READ COMMITTED",
        pool_size=pool_size,
        max_overflow=max_overflow,
        pool_timeout=pool_seconds,
    )


def _connecting(url: URL, **settings: Any) -> Engine:
    engine = create_engine(
        url,
        pool_use_lifo=True,  # the warmest first: it has the statements prepared that come again
        connect_args={"connect_timeout": CONNECT_SECONDS},
        hide_parameters=True,  # an error message in a log line must not hold what was looked for
        **settings,
    )
    event.listen(engine, "connect", _keep_prepared)
    event.listen(engine, "checkout", _require_open)
    return engine


def _keep_prepared(connection: psycopg.Connection[Any], *_: object) -> None:
    """Keep more prepared than the driver does: a door asks some hundred queries in turn, and one more drops one."""
    connection.prepared_max = PREPARED


def _require_open(connection: psycopg.Connection[Any], *_: object) -> None:
    """Take no connection that the server closed meanwhile; seen without a trip to it.

    On one that nobody uses nothing is on its way: what can be read there is the end, or the reason for it.
    """
    if connection.closed or _has_news(connection.pgconn.socket):
        raise exc.InvalidatePoolError


def _has_news(socket: int) -> bool:
    looked = select.poll()
    looked.register(socket, select.POLLIN)
    return bool(looked.poll(0))


PLAN_BY_KEY = {"plan_cache_mode": "force_generic_plan", "enable_bitmapscan": "off", "enable_seqscan": "off"}
"""Plan each query once a connection, for any values, and by an index alone.

For queries that find a few rows by a key. Planned for its values anew, one over the months of a ledger takes longer
to plan than to answer; and where the planner takes who has tens of thousands of rows for somebody with five, it
fetches and sorts them all to give the newest few.
"""
LOOKS_AT_ONCE = 3
"""More of them would share one interpreter and go no faster; who comes then waits for a connection that is warm."""


def looking_engine(engine: Engine, *, patience_seconds: float = 30.0) -> Engine:
    """Return an engine beside another, for looks that find what they need by a key (`PLAN_BY_KEY`).

    Who waits longer than that for one of its few connections gets an error.

    Each statement is a transaction of its own: in READ COMMITTED it has a snapshot of its own anyhow, and a page saves
    the way to the database that begins one and the way that ends it. What writes here commits at once.
    """
    planned = " ".join(f"-c {name}={value}" for name, value in PLAN_BY_KEY.items())
    url = engine.url.update_query_dict({"options": f"{engine.url.query['options']} {planned}"})
    return _connecting(
        url,
        isolation_level="AUTOCOMMIT",
        pool_size=LOOKS_AT_ONCE,
        max_overflow=0,
        pool_timeout=patience_seconds,
    )


def driver(connection: Connection) -> psycopg.Connection[Any]:
    """Return the psycopg connection beneath, in the same transaction: what `ledger.postgres` works on."""
    return cast("psycopg.Connection[Any]", connection.connection.driver_connection)
