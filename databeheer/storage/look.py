"""Queries that go to the database together: each with a snapshot of its own, as if they were sent one by one.

    look = Look(connection)
    stays, permissions = look.do(together(stays_of(look, person), permissions_of(look, person)))

`stays_of` is a piece of work: it asks what it wants to know, yields until that was sent, asks what follows from the
answers, and returns what it found. Pieces that go on together share their trips: a page makes as many as its longest.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Mapping
from functools import lru_cache
from typing import Any, TypeAlias, TypeVar
from uuid import UUID

from sqlalchemy import Connection, TextClause
from sqlalchemy.dialects.postgresql.psycopg import dialect

from databeheer.storage.engine import driver
from databeheer.storage.trip import Asked, Statement, Trips

Query: TypeAlias = str | TextClause
"""In psycopg's spelling (`%(name)s`), or a constant of SQLAlchemy's `text`."""
Found = TypeVar("Found")
Work: TypeAlias = Generator[None, None, Found]
"""Something to find out in steps; at each `yield` what it asked is sent, and its places are filled."""


class Look:
    """Queries of one transaction that do not wait for each other's answers.

    Most of what a query by a key costs is the way there and back, and what is made around it. The database prepares
    those that come again.
    """

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self._trips = Trips(driver(connection))
        self._asked: list[tuple[Asked, list[Any]]] = []

    def ask(self, query: Query, parameters: Mapping[str, Any]) -> list[Any]:
        """Return the place of a query's rows, which are there after `send`; each has its columns as attributes."""
        rows: list[Any] = []
        self._asked.append(((_statement(query), parameters), rows))
        return rows

    def send(self) -> None:
        """Send what was asked, and fill its places."""
        asked, self._asked = self._asked, []
        if asked:
            found = self._trips.fetch([one for one, _ in asked])
            for (_, rows), those in zip(asked, found, strict=True):
                rows += those

    def do(self, work: Work[Found]) -> Found:
        """Do a piece of work to its end; what was asked before it began goes with its first questions."""
        while True:
            try:
                next(work)
            except StopIteration as end:
                found: Found = end.value
                return found
            self.send()


def together(*works: Work[Any]) -> Work[tuple[Any, ...]]:
    """Do pieces of work side by side, and return what each found: as many trips as the longest makes alone."""
    found: dict[int, Any] = {}
    while True:
        for place, work in enumerate(works):
            if place not in found:
                try:
                    next(work)
                except StopIteration as end:
                    found[place] = end.value
        if len(found) == len(works):
            return tuple(found[place] for place in range(len(works)))
        yield


def uuids(names: Iterable[UUID]) -> str:
    """Spell an array of UUIDs: where the database knows that it is one, that saves the driver most of its work."""
    return "{" + ",".join(one.hex for one in names) + "}"


def many_bytes(values: Iterable[bytes]) -> str:
    """Spell an array of bytes, for the same reason."""
    return "{" + ",".join(f'"\\\\x{one.hex()}"' for one in values) + "}"


def look(connection: Connection, query: Query, parameters: Mapping[str, Any]) -> list[Any]:
    """Return the rows of one query."""
    [rows] = Trips(driver(connection)).fetch([(_statement(query), parameters)])
    return rows


@lru_cache(maxsize=1024)
def _statement(query: Query) -> Statement:
    """A query as the server takes it: the same each time, which it knows again."""
    return Statement.of(query if isinstance(query, str) else str(query.compile(dialect=_DIALECT)))


_DIALECT = dialect()  # type: ignore[no-untyped-call]
