"""Moves that a restored database has forgotten and the journal of ends knows, until they are applied again.

A move that was reported late re-seals what was stored of the days since. The database from before it holds them
under the stay of who had left; so until the gap is reconciled, nobody reads beyond the end of his stay that the
journal knows.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from uuid import UUID

from sqlalchemy import Connection

from databeheer.door.restore.ends import Ending, EndsJournal
from databeheer.oversight import gaps


class KnownMoves:
    """The stays of which the journal says that they ended; read anew only where it has grown."""

    def __init__(self, journal: EndsJournal) -> None:
        self._journal = journal
        self._read: tuple[int, int] | None = None
        self._days: Mapping[UUID, date] = {}

    def forgotten(self, connection: Connection) -> Mapping[UUID, date]:
        """Return of each stay that ended in what the gaps lost the first day without its person; {} without a gap.

        Raises:
            JournalError: the journal is damaged.
        """
        standing = gaps.standing(connection)
        if not standing:
            return {}
        wanted = min(gap.first for gap in standing), self._journal.length()
        if wanted != self._read:
            ends = self._journal.since(wanted[0])
            self._days = {end.id: end.day for end in ends if end.ending is Ending.OCCUPANCY and end.day}
            self._read = wanted
        return self._days
