"""What the log asks of the storage behind it. The docstrings are the contract."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from ledger.entry import GENESIS_PREVIOUS


@dataclass(frozen=True, slots=True)
class Head:
    """Where the log ends: how many entries it has, and its last leaf hash (32 zero bytes before any)."""

    size: int
    last_leaf: bytes


EMPTY_HEAD = Head(0, GENESIS_PREVIOUS)


class EntrySource(Protocol):
    """Committed entries, for the publisher and the auditor.

    Only committed entries show. Once an entry shows, it shows for ever, unchanged and at the same index; its
    index is one more than that of the entry that committed before it.
    """

    def read_head(self) -> Head:
        """Return the committed head. All entries below its size can be read afterwards.

        Raises:
            UnreachableError: the storage does not answer now; asking again later may help.
        """
        ...

    def read_entries(self, start: int, limit: int) -> list[bytes]:
        """Return at most `limit` committed entries from index `start` on, without a gap.

        Fewer come only at the end.

        Raises:
            InconsistentError: an index is missing between entries; it is named.
            UnreachableError: as above.
        """
        ...
