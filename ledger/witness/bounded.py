"""Reads requests from a socket so that no client can hold a place: a total time and a total size for each."""

from __future__ import annotations

import io
import socket
from collections.abc import Callable

IDLE_SECONDS = 10.0
"""Without a byte for so long, a connection ends."""
REQUEST_SECONDS = 20.0
"""From the moment in which a request is waited for until it is there, however steadily bytes drip in."""
MAX_HEAD_LENGTH = 16_384


class BoundedReader(io.RawIOBase):
    """The reading side of one connection; `begin` starts the time and the size of the next request.

    `clock` gives seconds that only grow (`time.monotonic`). What is read ahead of a request counts for it.

    Raises, from `readinto`:
        TimeoutError: no byte came for IDLE_SECONDS, or the request took more than REQUEST_SECONDS in all.
        ConnectionAbortedError: the request has more bytes than it may have.
    """

    def __init__(self, connection: socket.socket, clock: Callable[[], float], max_length: int) -> None:
        super().__init__()
        self._connection = connection
        self._clock = clock
        self._max_length = max_length
        self.begin()

    def begin(self) -> None:
        """Begin to wait for a request."""
        self._deadline = self._clock() + REQUEST_SECONDS
        self._left = self._max_length

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        rest = self._deadline - self._clock()
        if rest <= 0:
            raise TimeoutError("the request takes too long")
        if self._left <= 0:
            raise ConnectionAbortedError("the request is too long")
        self._connection.settimeout(min(rest, IDLE_SECONDS))
        count = self._connection.recv_into(buffer)
        self._left -= count
        return count
