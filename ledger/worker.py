"""A process that examines stretches of a log for another one. It imports little: it should be at work at once.

The two talk through a socket: each message is its length in eight bytes, then a pickle. Both are one program, started
by one person; nothing that comes from a log is unpickled.
"""

from __future__ import annotations

import os
import pickle
from contextlib import suppress
from typing import Any

from ledger.bundle import examine, lanes_of
from ledger.tiles import TileReader

_LENGTH = 8
_PIECE = 1 << 20


class Line:
    """One end of the socket between the two, by its descriptor."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def fileno(self) -> int:
        """Return the descriptor, for those who wait for several lines."""
        return self._descriptor

    def send(self, message: object) -> None:
        """Send a message; raises OSError where the other end is gone."""
        data = pickle.dumps(message, pickle.HIGHEST_PROTOCOL)
        rest = memoryview(len(data).to_bytes(_LENGTH, "big") + data)
        while rest:
            rest = rest[os.write(self._descriptor, rest) :]

    def receive(self) -> Any:
        """Wait for a message and return it; raises EOFError where the other end is gone."""
        length = int.from_bytes(self._read(_LENGTH), "big")
        return pickle.loads(self._read(length))  # noqa: S301

    def close(self) -> None:
        os.close(self._descriptor)

    def _read(self, count: int) -> bytes:
        pieces = []
        while count:
            piece = os.read(self._descriptor, min(count, _PIECE))
            if not piece:
                raise EOFError
            pieces.append(piece)
            count -= len(piece)
        return b"".join(pieces)


def serve(descriptor: int) -> None:
    """Examine what is asked for until the socket closes."""
    caller = Line(descriptor)
    with suppress(EOFError, OSError):
        source, size, with_leaves = caller.receive()
        reader = TileReader(source, size)
        with lanes_of(source) as lanes:
            while True:
                first, count = caller.receive()
                caller.send(examine(reader, first, count, lanes, with_leaves=with_leaves))
