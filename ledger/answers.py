"""HTTP answers that come to an end: a server that drips must not hold whoever asked, not with its headers either."""

from __future__ import annotations

import time
from collections.abc import Callable
from http.client import HTTPResponse
from io import BufferedReader, RawIOBase
from socket import socket
from typing import Any

Clock = Callable[[], float]
"""Seconds that only grow."""


class OverdueError(TimeoutError):
    """An answer that was not there, whole, when its time was over."""


def answers_within(seconds: float, clock: Clock = time.monotonic) -> type[HTTPResponse]:
    """Return the class of answers that raise OverdueError where they are still being read after so long.

    A timeout on the socket bounds the wait for the next byte only. `http.client` waits for many of them: lines of
    headers, sizes of chunks, any number of 100 Continue.
    """

    class Answer(HTTPResponse):
        def __init__(self, sock: socket, *arguments: Any, **named: Any) -> None:
            super().__init__(sock, *arguments, **named)
            self.fp = BufferedReader(_Until(self.fp.detach(), sock, clock() + seconds, clock))

    return Answer


class _Until(RawIOBase):
    """What comes over a socket, up to a moment."""

    def __init__(self, raw: RawIOBase, sock: socket, ends: float, clock: Clock) -> None:
        self._raw = raw
        self._sock = sock
        self._ends = ends
        self._clock = clock

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left = self._ends - self._clock()
        if left <= 0:
            raise OverdueError("the answer takes too long")
        patience = self._sock.gettimeout()
        if patience is not None and patience <= left:
            return self._raw.readinto(buffer)
        self._sock.settimeout(left)
        try:
            return self._raw.readinto(buffer)
        except TimeoutError as error:
            raise OverdueError("the answer takes too long") from error
        finally:
            self._sock.settimeout(patience)  # of a connection that is kept

    def close(self) -> None:
        self._raw.close()
        super().close()
