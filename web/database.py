"""The web's own database login: role `web`, which writes nothing but the web's bookkeeping."""

from __future__ import annotations

from typing import Any

import psycopg
from flask import Flask, current_app
from sqlalchemy import Engine, event

from databeheer.storage.engine import make_engine
from web.settings import WebSettings

_EXTENSION = "web.database"


def register(app: Flask) -> None:
    """Make the engine; it connects when it is first used."""
    settings: WebSettings = app.config["WEB_SETTINGS"]
    made = make_engine(
        settings.database_url,
        # Fewer connections than threads, and little patience: where the database hangs, a thread is left over for
        # whoever needs none, such as /health/live.
        pool_size=4,
        max_overflow=2,
        pool_seconds=2,
        statement_seconds=5,
        durable=False,  # counts of requests: nothing that is missed
    )
    event.listen(made, "connect", _stand_alone)
    app.extensions[_EXTENSION] = made


def engine() -> Engine:
    """The engine of this application."""
    found: Engine = current_app.extensions[_EXTENSION]
    return found


def _stand_alone(connection: psycopg.Connection[Any], *_: object) -> None:
    """Let each statement be a transaction of its own: one trip to the database instead of three."""
    connection.autocommit = True


def dispose(app: Flask) -> None:
    """Close its connections."""
    found: Engine = app.extensions[_EXTENSION]
    found.dispose()
