"""The log's rows in PostgreSQL, over a psycopg 3 connection.

The functions work within the caller's transaction and never commit, so that a decision and its entry become
durable together. Isolation is READ COMMITTED. The order that keeps a log honest:

1. `lock_head`, and only then, in later statements, read the clock and the facts that decide;
2. `append`, last and all at once;
3. commit. Whoever waited for the head sees all of it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import psycopg
from psycopg.rows import tuple_row

from ledger.entry import chain
from ledger.errors import InconsistentError, LedgerError, StaleHeadError, UnreachableError
from ledger.storage import Head

_T = TypeVar("_T")

SCHEMA = (Path(__file__).parent / "schema.sql").read_text(encoding="utf-8")
"""The DDL, one string without parameters, for a migration to run as the owner."""

_LOCK = "SELECT size, last_leaf FROM ledger.head WHERE id = 1 FOR UPDATE"
_HEAD = "SELECT size, last_leaf FROM ledger.head WHERE id = 1"
_READ = "SELECT index, entry FROM ledger.entry WHERE index >= %s AND index < %s ORDER BY index"
# One statement: the head moves and the entries land together, or, if the head is another, neither does.
_APPEND = """
WITH moved AS (
    UPDATE ledger.head SET size = size + %(count)s, last_leaf = %(last)b
    WHERE id = 1 AND size = %(size)s AND last_leaf = %(previous)b
    RETURNING size - %(count)s AS start
)
INSERT INTO ledger.entry (index, entry, leaf)
SELECT moved.start + item.place - 1, item.entry, item.leaf
FROM moved, unnest(%(entries)b::bytea[], %(leaves)b::bytea[]) WITH ORDINALITY AS item (entry, leaf, place)
"""


@dataclass(frozen=True, slots=True)
class Appended:
    """One entry as it was appended: where it stands, its leaf hash, its 109 bytes."""

    index: int
    leaf: bytes
    entry: bytes


def lock_head(connection: psycopg.Connection[Any]) -> Head:
    """Lock the head row until the caller's transaction ends, and return it.

    Waits for any other holder; what that one committed is visible to every later statement.

    Raises:
        LedgerError: the schema has no head row.
    """
    return _head(connection, _LOCK)


def ask_head(connection: psycopg.Connection[Any]) -> Callable[[], Head]:
    """As `lock_head`, in a pipeline of the caller's: ask now, and return what gives the head once it was answered."""
    cursor = connection.cursor(row_factory=tuple_row).execute(_LOCK, binary=True)
    return lambda: _head_in(cursor)


def read_head(connection: psycopg.Connection[Any]) -> Head:
    """Return the head without locking it: for reading only, never to append to."""
    return _head(connection, _HEAD)


def append(connection: psycopg.Connection[Any], head: Head, commitments: Sequence[bytes]) -> list[Appended]:
    """Append one entry for each commitment behind the locked `head`, in order, in one statement.

    To append again in the same transaction, lock the head again.

    Raises:
        MalformedError: a commitment is not 32 bytes; nothing was sent.
        StaleHeadError: `head` is not the head now; nothing was appended.
    """
    return ask_to_append(connection, head, commitments)() if commitments else []


def ask_to_append(
    connection: psycopg.Connection[Any], head: Head, commitments: Sequence[bytes]
) -> Callable[[], list[Appended]]:
    """As `append` of at least one, in a pipeline of the caller's: what is returned says what came of it.

    It must be called before the transaction commits.
    """
    linked = chain(commitments, head.last_leaf)
    parameters = {
        "count": len(linked),
        "size": head.size,
        "previous": head.last_leaf,
        "last": linked[-1][1],
        "entries": [entry for entry, _ in linked],
        "leaves": [leaf for _, leaf in linked],
    }
    cursor = connection.cursor(row_factory=tuple_row).execute(_APPEND, parameters)

    def appended() -> list[Appended]:
        if cursor.rowcount != len(linked):
            raise StaleHeadError(
                f"the ledger does not end at entry {head.size}: lock its head before appending"
            )
        return [Appended(index, leaf, entry) for index, (entry, leaf) in enumerate(linked, start=head.size)]

    return appended


def read_entries(connection: psycopg.Connection[Any], start: int, limit: int) -> list[bytes]:
    """Return at most `limit` entries from index `start` on.

    Raises:
        InconsistentError: the rows have a gap; the missing index is named.
    """
    with connection.cursor(row_factory=tuple_row) as cursor:
        cursor.execute(_READ, (start, start + limit), binary=True)
        entries: list[bytes] = []
        for expected, (index, entry) in enumerate(cursor, start=start):
            if index != expected:
                raise InconsistentError(f"the database lacks entry {expected}", expected)
            entries.append(bytes(entry))
    return entries


def size(connection: psycopg.Connection[Any]) -> int:
    """Return how many entries the log has, as this transaction sees it."""
    return read_head(connection).size


class PostgresEntries:
    """The committed entries of a database, for the publisher and the auditor; reconnects when it must.

    `connect` makes a connection of a role that may read the schema `ledger`. It is used in autocommit mode,
    so that no snapshot is held between two looks.
    """

    def __init__(self, connect: Callable[[], psycopg.Connection[Any]]) -> None:
        self._connect = connect
        self._connection: psycopg.Connection[Any] | None = None

    def read_head(self) -> Head:
        return self._read(read_head)

    def read_entries(self, start: int, limit: int) -> list[bytes]:
        return self._read(lambda connection: read_entries(connection, start, limit))

    def close(self) -> None:
        """Close the connection, if one is open."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _read(self, read: Callable[[psycopg.Connection[Any]], _T]) -> _T:
        try:
            if self._connection is None or self._connection.closed:
                self._connection = self._connect()
                self._connection.autocommit = True
            return read(self._connection)
        except (psycopg.OperationalError, psycopg.InterfaceError) as error:
            self.close()
            raise UnreachableError("the database of the ledger does not answer") from error
        except psycopg.Error as error:
            self.close()
            raise LedgerError(f"the database does not let the ledger be read: {error}") from error


def _head(connection: psycopg.Connection[Any], query: str) -> Head:
    with connection.cursor(row_factory=tuple_row) as cursor:
        return _head_in(cursor.execute(query, binary=True))


def _head_in(cursor: psycopg.Cursor[Any]) -> Head:
    row = cursor.fetchone()
    if row is None:
        raise LedgerError("the ledger has no head row: was its schema made?")
    return Head(int(row[0]), bytes(row[1]))
