"""The door looks whether the ledger is longer, or shorter, than what it knows: a restored database shows here.

Entries that came back from the published tiles have no body. The door finds them by itself, whoever put them back
and whether or not he said so, and writes them down as a gap: until it is reconciled, nobody reads but
the customer himself.
"""

from __future__ import annotations

from databeheer.door.restore.ends import EndsJournal, Reach
from databeheer.door.turn import Turn
from databeheer.errors import UnavailableError
from databeheer.oversight import gaps

LOOK_EVERY = 65536
"""After how many entries it is noted how far a door has looked: so many at most are looked at again at a start."""


class LedgerSetBackError(UnavailableError):
    """The database's ledger is shorter than a door saw it committed: appending would write a second history."""


class GapWatch:
    """What one door knows of how far the ledger has bodies. Looks under the ledger's head lock only."""

    def __init__(self) -> None:
        self._whole: int | None = None  # the size up to which this door knows of every body
        self._noted = 0
        self._is_unsure = False  # what was written down of a gap may still be rolled back

    def look(self, turn: Turn, journal: EndsJournal) -> None:
        """Look at what changed since this door's last turn; free of any query where nothing did.

        Raises:
            LedgerSetBackError: the ledger is shorter than the journal says, and no restore was begun.
        """
        reach = journal.reach()
        if turn.size == self._whole and (reach is None or reach.seen <= turn.size):
            if turn.size - self._noted >= LOOK_EVERY:
                self._note(turn)
            return
        found = self._find(turn)
        # A restore of the ledger leaves a gap; without one, somebody forgot it.
        if reach is not None and reach.seen > turn.size and not gaps.standing(turn.connection):
            raise LedgerSetBackError(
                f"the database's ledger has {turn.size} entries, and {reach.seen} were there before: an older "
                "backup was put back. Nothing is recorded or handed over. Stop the door and give: databeheer "
                "ledger restore (docs/how-to/restore.md)"
            )
        measured = self._measure(turn, reach)
        if found or measured:
            self._is_unsure, self._whole = True, None

    def forget(self) -> None:
        """Look anew at the next turn: a new connection may lead to another database than the last one."""
        self._whole = None

    def passed(self, turn: Turn) -> None:
        """A turn has appended its entries, each with its body; others may follow in the same transaction."""
        if not self._is_unsure:
            self._whole = turn.size + turn.count

    def committed(self, turn: Turn) -> None:
        """A turn is durable, and with it whatever was written down of a gap."""
        if self._is_unsure:
            self._is_unsure = False
            self._whole = turn.size + turn.count

    def _find(self, turn: Turn) -> bool:
        start = gaps.looked_at(turn.connection)
        if self._whole is not None and start <= self._whole <= turn.size:
            start = self._whole
        found = gaps.bodiless(turn.connection, start, turn.size)
        for first, until in found:
            gaps.record(turn.connection, first, until, "door", turn.now)
        if found or self._whole is None:
            self._note(turn)
        return bool(found)

    def _note(self, turn: Turn) -> None:
        gaps.look_at(turn.connection, turn.size, turn.now)
        self._noted = turn.size

    @staticmethod
    def _measure(turn: Turn, reach: Reach | None) -> bool:
        """Note of each new gap whether the journal reaches over it, before this turn makes it reach further."""
        unmeasured = [gap for gap in gaps.standing(turn.connection) if gap.journal_reaches is None]
        for gap in unmeasured:
            covers = reach is not None and reach.covers(gap.first, gap.until)
            gaps.reach(turn.connection, gap, covers)
        return bool(unmeasured)
