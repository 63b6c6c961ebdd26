"""Queries that go to the database in one write and come back in one wait, over the driver's own libpq.

The driver's pipeline makes a cursor for each query, and sends and looks for answers after each. Here all of a trip is
written at once: the server is woken once for it, and so are we. Statements are prepared in the driver's own book
(`_prepared`): it knows when a rollback or a `DROP` made the server forget them.
"""

from __future__ import annotations

import re
from collections import namedtuple
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import lru_cache, partial
from typing import Any, NamedTuple, TypeAlias

import psycopg
from psycopg._preparing import Prepare
from psycopg.abc import PQGen
from psycopg.adapt import PyFormat, Transformer
from psycopg.errors import error_from_result
from psycopg.generators import fetch_many, send
from psycopg.pq import ConnStatus, ExecStatus, Format, TransactionStatus
from psycopg.pq.abc import PGconn, PGresult

_GOOD = (ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK)
_PLACE = re.compile(r"%\((\w+)\)s")
Asked: TypeAlias = tuple["Statement", Mapping[str, Any]]
"""A query and its parameters."""


class Statement(NamedTuple):
    """A query as the server takes it, its parameters numbered; and their names in that order."""

    query: bytes
    names: tuple[str, ...]

    @classmethod
    def of(cls, query: str) -> Statement:
        """Read psycopg's spelling: `%(name)s`, and `%%` for a percent sign."""
        names = tuple(dict.fromkeys(_PLACE.findall(query)))
        numbered = _PLACE.sub(lambda found: f"${1 + names.index(found[1])}", query)
        return cls(numbered.replace("%%", "%").encode(), names)


class _Filled(NamedTuple):
    """A query with its parameters spelled; by the first two the driver's book knows it."""

    query: bytes
    types: tuple[int, ...]
    values: Sequence[Any]
    formats: Sequence[int]


class _Awaited(NamedTuple):
    """A result to come: of which query, if of any, and whether of running it; else of preparing it."""

    one: _Filled | None
    has_rows: bool


class Trips:
    """The trips of one transaction; what is known of how its values are spelled is kept between them."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self._connection = connection
        self._spelling = Transformer.from_context(connection)

    def fetch(self, asked: Collection[Asked]) -> list[list[Any]]:
        """Return the rows of each query as named tuples; each sees what was committed when its turn came.

        Begins the transaction where there is none yet, but on a connection that commits each statement. Values come
        as the database keeps them, not spelled out.

        Raises:
            psycopg.Error: one of them failed; those after it did not run, and the transaction is to be rolled back.
        """
        filled = [self._filled(*one) for one in asked]  # what cannot be spelled is found before any is sent
        with self._connection.lock:
            server = self._connection.pgconn
            expected: list[_Awaited] = []
            results: list[PGresult] = []
            server.enter_pipeline_mode()
            try:
                expected = self._send(server, filled)
                results = self._connection.wait(_received(server, len(expected)))
            finally:
                self._forget(expected, results)
                if server.status == ConnStatus.OK:
                    server.exit_pipeline_mode()
            return self._read(expected, results)

    def _filled(self, statement: Statement, parameters: Mapping[str, Any]) -> _Filled:
        spelling = self._spelling
        given = [parameters[name] for name in statement.names]
        values = spelling.dump_sequence(given, [PyFormat.AUTO] * len(given))
        return _Filled(statement.query, spelling.types or (), values, spelling.formats or ())

    def _send(self, server: PGconn, filled: Collection[_Filled]) -> list[_Awaited]:
        """Put everything into what is to be written; returns of what each result will be."""
        book: Any = self._connection._prepared
        expected: list[_Awaited] = []
        if server.transaction_status == TransactionStatus.IDLE and not self._connection.autocommit:
            server.send_query_params(self._connection._get_tx_start_command(), None)
            expected.append(_Awaited(None, has_rows=False))
        for one in filled:
            known, name = book.get(one)
            if known is Prepare.SHOULD:
                server.send_prepare(name, one.query, one.types)
                expected.append(_Awaited(one, has_rows=False))
            if known is Prepare.NO:
                server.send_query_params(one.query, one.values, one.types, one.formats, Format.BINARY)
            else:
                server.send_query_prepared(name, one.values, one.formats, Format.BINARY)
            expected.append(_Awaited(one, has_rows=True))
            book.maybe_add_to_cache(one, known, name)
            book._rotate()
        server.pipeline_sync()
        return expected

    def _forget(self, expected: Collection[_Awaited], results: Sequence[PGresult]) -> None:
        """Take out of the driver's book what the server did not prepare, or could not run.

        A rollback would do so, but where each statement commits there is none, and whoever has the connection next
        would name a statement that is not there. It is prepared anew then, under a name that was never used.
        """
        book: Any = self._connection._prepared
        for number, (one, has_rows) in enumerate(expected):
            status = results[number].status if number < len(results) else ExecStatus.FATAL_ERROR
            stands = status in _GOOD or (has_rows and status == ExecStatus.PIPELINE_ABORTED)
            if one is not None and not stands:
                book._names.pop(book.key(one), None)

    def _read(self, expected: Collection[_Awaited], results: Collection[PGresult]) -> list[list[Any]]:
        found: list[list[Any]] = []
        for (_, has_rows), result in zip(expected, results, strict=True):
            if result.status not in _GOOD:
                raise error_from_result(result)
            if has_rows:
                names = tuple(map(result.fname, range(result.nfields)))
                self._spelling.set_pgresult(result)
                found.append(self._spelling.load_rows(0, result.ntuples, _row_of(names)))
        return found


def _received(server: PGconn, number: int) -> PQGen[list[PGresult]]:
    """Write what is to be written, and take as many results, then the word that those were all."""
    yield from send(server)
    results: list[PGresult] = []
    for _ in range(number):
        results += yield from fetch_many(server)
    yield from fetch_many(server)
    return results


@lru_cache(maxsize=1024)
def _row_of(names: tuple[bytes, ...]) -> Callable[[Sequence[Any]], Any]:
    """Return what makes a row with these columns."""
    row = namedtuple("Row", [name.decode() for name in names], rename=True)  # type: ignore[misc]  # they are found
    return partial(tuple.__new__, row)
