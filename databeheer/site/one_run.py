"""One run of a whole house, from the command to Ctrl-C: one at a time in a home, on a port that is free."""

from __future__ import annotations

import fcntl
import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from databeheer.site.home import Home
from databeheer.site.house import Site, Storage

Say = Callable[[str], None]


class Served(Protocol):
    """A house that runs until it is ended."""

    home: Home
    storage: Storage
    site: Site
    is_resetting: bool

    @property
    def say(self) -> Say:
        """Tells the person at the terminal what goes on."""

    def stop(self) -> None:
        """End everything; the data stay."""


@dataclass(frozen=True)
class Words:
    """What the person at the terminal is told; `ended` has places for a part's `name` and its `log`."""

    closing: str
    revived: str
    ended: str


@contextmanager
def alone(lock: Path) -> Iterator[bool]:
    """Say whether nobody else runs what this file locks; it is kept so for as long as this lasts."""
    lock.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with lock.open("w") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True


def is_free(port: int) -> bool:
    """Say whether nobody listens on this port of 127.0.0.1."""
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def run_until_ended(house: Served, start: Callable[[ExitStack], None], words: Words) -> int:
    """Start a house, watch it until SIGINT, SIGTERM or SIGHUP, and stop it; returns the exit status.

    What `start` puts on the stack is ended before the house is.
    """
    for number in _ENDINGS:
        signal.signal(number, _interrupt)
    before = ExitStack()
    try:
        start(before)
        while (ended := house.site.ended()) is None or house.is_resetting:
            if house.storage.revive():
                house.say(words.revived)
            time.sleep(0.5)
        house.say(words.ended.format(name=ended, log=f"{house.home.logs}/{ended}.log"))
        return 1
    except KeyboardInterrupt:
        return 0
    finally:
        _ignore_endings()
        house.say(words.closing)
        before.close()
        house.stop()


_ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def _ignore_endings() -> None:
    # A second Ctrl-C must not leave half of the house running.
    for number in _ENDINGS:
        signal.signal(number, signal.SIG_IGN)


def _interrupt(*_: object) -> None:
    _ignore_endings()
    raise KeyboardInterrupt
