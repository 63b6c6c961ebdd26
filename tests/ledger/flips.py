"""Logs in memory, and the flipping of bits in them: what the processes of `test_every_byte` do."""

from __future__ import annotations

from collections.abc import Iterable

from ledger.errors import LedgerError, NotPublishedError
from ledger.note import VerifierKey
from ledger.verifier import verify

Files = dict[str, bytes]


class InMemory:
    """A log in memory, one file of which can be put aside for another."""

    def __init__(self, files: Files) -> None:
        self.files = files
        self.path, self.data = "", b""

    def fetch(self, path: str, limit: int) -> bytes:
        if path == self.path:
            return self.data
        try:
            return self.files[path]
        except KeyError:
            raise NotPublishedError(path) from None


def unseen_flips(files: Files, vkey: str, path: str, places: Iterable[int]) -> list[int]:
    """Flip one bit in one of these bytes of a file, verify the whole log; return the bytes where nothing was seen."""
    source, keys, good = InMemory(files), [VerifierKey.parse(vkey)], files[path]
    source.path = path
    unseen = []
    for at in places:
        source.data = good[:at] + bytes([good[at] ^ (1 << at % 8)]) + good[at + 1 :]
        try:
            verify(source, keys, full=True, processes=1)
        except LedgerError:
            continue
        unseen.append(at)
    return unseen
