"""One connection that appends: a transaction under the head, and what becomes of it when the database goes away."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from select import select
from typing import Any

import psycopg

from ledger import postgres
from ledger.errors import StaleHeadError, UnknownOutcomeError, UnreachableError
from ledger.postgres import Appended
from ledger.storage import Head

_LOST = (psycopg.OperationalError, psycopg.InterfaceError)
_UNKNOWN = "the database of the ledger broke off in the commit: the entries may be there, or not"


class Appender:
    """Appends over a connection that it makes with `connect`, anew after a fault. For one thread."""

    def __init__(self, connect: Callable[[], psycopg.Connection[Any]]) -> None:
        self._connect = connect
        self._connection: psycopg.Connection[Any] | None = None
        self._last: Head | None = None
        self._alone_behind: Head | None = None

    @contextmanager
    def turn(self) -> Iterator[tuple[psycopg.Connection[Any], Head]]:
        """Open a transaction with the head locked; commit at the end of the block.

        Raises:
            UnreachableError: the database was lost before the commit: nothing was appended.
            UnknownOutcomeError: it was lost in the commit: it may have been appended.
        """
        connection, head = self._locked()
        try:
            yield connection, head
        except _LOST as error:
            self.close()
            raise UnreachableError("the database of the ledger broke off; nothing was appended") from error
        except BaseException:
            self.close()  # rolls back
            raise
        try:
            connection.commit()
        except _LOST as error:
            self.close()
            raise UnknownOutcomeError(_UNKNOWN) from error
        except psycopg.Error:
            self.close()
            raise

    def appended(self, head: Head, appended: Sequence[Appended]) -> None:
        """Note where the log ends by us, behind the `head` that was locked: is nobody else appending?"""
        ours = Head(appended[-1].index + 1, appended[-1].leaf) if appended else head
        self._alone_behind = ours if head == self._last else None
        self._last = ours

    @property
    def is_alone(self) -> bool:
        """Whether nobody else appended between our last two transactions."""
        return self._alone_behind is not None

    def append_alone(self, commitments: Sequence[bytes]) -> list[Appended] | None:
        """Append behind our own last entry, in one statement that is its own transaction.

        That saves three round trips. None where somebody else appended meanwhile: nothing was appended then.

        Raises:
            UnknownOutcomeError: as `turn`.
        """
        connection, head = self._connection, self._alone_behind
        self._alone_behind = None
        # Between two statements nothing is on its way to us: readable means that the server is gone.
        if head is None or connection is None or connection.closed or select([connection], [], [], 0)[0]:
            return None
        try:
            connection.autocommit = True
            appended = postgres.append(connection, head, commitments)
            connection.autocommit = False
        except StaleHeadError:
            connection.autocommit = False
            return None
        except _LOST as error:
            self.close()
            raise UnknownOutcomeError(_UNKNOWN) from error
        except BaseException:
            self.close()
            raise
        self.appended(head, appended)
        return appended

    def close(self) -> None:
        """Close the connection; what was not committed is rolled back."""
        if self._connection is not None:
            with suppress(psycopg.Error):
                self._connection.close()
            self._connection = None

    def _locked(self) -> tuple[psycopg.Connection[Any], Head]:
        # A connection that was lost while nothing was asked of it shows only now; a new one may serve.
        if self._connection is not None:
            try:
                return self._connection, postgres.lock_head(self._connection)
            except _LOST:
                self.close()
        try:
            self._connection = self._connect()
            return self._connection, postgres.lock_head(self._connection)
        except _LOST as error:
            self.close()
            raise UnreachableError("the database of the ledger does not answer") from error
