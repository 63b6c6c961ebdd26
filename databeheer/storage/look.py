"""Several queries in one trip to the database: each with a snapshot of its own, as if they were sent one by one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from psycopg.rows import namedtuple_row
from sqlalchemy import Connection

from databeheer.storage.engine import driver


class Look:
    """Queries of one transaction that do not wait for each other's answers.

    Most of what a query by a key costs is the way there and back, and what is made around it. The queries are
    psycopg's (`%(name)s`); the database prepares those that come again.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._asked: list[tuple[str, Mapping[str, Any], list[Any]]] = []

    def ask(self, query: str, parameters: Mapping[str, Any]) -> list[Any]:
        """Return the place of a query's rows, which are there after `send`; each has its columns as attributes."""
        rows: list[Any] = []
        self._asked.append((query, parameters, rows))
        return rows

    def send(self) -> None:
        """Send what was asked, and fill its places."""
        if not self._asked:
            return
        connection = driver(self._connection)
        with connection.pipeline():
            cursors = []
            for query, parameters, _ in self._asked:
                cursor = connection.cursor(row_factory=namedtuple_row)
                cursors.append(cursor.execute(query.encode(), parameters))
            for cursor, (_, _, rows) in zip(cursors, self._asked, strict=True):
                rows += cursor.fetchall()
        self._asked.clear()


def uuids(names: Iterable[UUID]) -> str:
    """Spell an array of UUIDs: where the database knows that it is one, that saves the driver most of its work."""
    return "{" + ",".join(one.hex for one in names) + "}"


def look(connection: Connection, query: str, parameters: Mapping[str, Any]) -> list[Any]:
    """Return the rows of one query."""
    with driver(connection).cursor(row_factory=namedtuple_row) as cursor:
        return cursor.execute(query.encode(), parameters).fetchall()
