"""How a log grows, for people to see: a small public file beside the tiles. Nothing is verified with it.

    growth/v1
    state publishing
    2026-11-20T21:00:00Z 5123
    2026-11-20T22:00:00Z 5301

One line per hour: how many entries were under the checkpoint when the publisher first looked in that hour. Days
that are more than eight days old keep their first line only. An hour without a line is one in which no publisher
looked. Nothing here is finer than an hour, where the checkpoints themselves come on a beat of a second. The state is
`waiting` while witnesses have yet to cosign what is new, `refused` while the publisher refuses to sign.

The file's own modification time is when the publisher looked last, whether there was news or not.
"""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from itertools import pairwise
from pathlib import Path

from ledger.errors import MalformedError
from ledger.files import write_atomically

NAME = "growth"
HOURS_KEPT_FOR = timedelta(days=8)
MAX_GROWTH_LENGTH = 1_000_000

_HEADER = "growth/v1"
_LINE = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}):00:00Z (0|[1-9][0-9]{0,14})", re.ASCII)
_log = logging.getLogger(__name__)


class State(StrEnum):
    """What the publisher is at."""

    PUBLISHING = "publishing"
    WAITING = "waiting"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Hour:
    """How many entries were published when the publisher first looked in the hour that begins at `begin` (UTC)."""

    begin: datetime
    size: int


@dataclass(frozen=True)
class Growth:
    """What the file says; `looked` is when the publisher looked last, None where the file was not read."""

    hours: tuple[Hour, ...] = ()
    state: State = State.PUBLISHING
    looked: datetime | None = None

    def to_bytes(self) -> bytes:
        """Return the file."""
        lines = [f"{hour.begin:%Y-%m-%dT%H}:00:00Z {hour.size}" for hour in self.hours]
        return "\n".join([_HEADER, f"state {self.state}", *lines, ""]).encode("ascii")

    @classmethod
    def from_bytes(cls, data: bytes, looked: datetime | None = None) -> Growth:
        """Parse the file.

        Raises:
            MalformedError: it is not in its format, or its hours do not follow each other.
        """
        header, *lines = data.decode("ascii", "replace").split("\n")
        if len(data) > MAX_GROWTH_LENGTH or header != _HEADER or len(lines) < 2 or lines.pop():
            raise MalformedError("not the growth of a log")
        state = next((one for one in State if lines[0] == f"state {one}"), None)
        if state is None:
            raise MalformedError("not the growth of a log")
        hours = tuple(map(_parse_line, lines[1:]))
        if any(later.begin <= earlier.begin for earlier, later in pairwise(hours)):
            raise MalformedError("the hours of a log's growth follow each other")
        return cls(hours, state, looked)


def read_growth(directory: Path) -> Growth | None:
    """Return the growth of the log that is published in `directory`; None where no publisher wrote any.

    Raises:
        MalformedError: what is there is something else.
    """
    try:
        with (directory / NAME).open("rb") as file:
            looked = datetime.fromtimestamp(os.fstat(file.fileno()).st_mtime, UTC)
            return Growth.from_bytes(file.read(MAX_GROWTH_LENGTH + 1), looked)
    except FileNotFoundError:
        return None


class GrowthKeeper:
    """The publisher's side: told of every look, writes once an hour."""

    def __init__(self, directory: Path, now: Callable[[], datetime]) -> None:
        """`now` gives the present as an aware datetime."""
        self._directory = directory
        self._now = now
        self._kept: Growth | None = None

    def looked(self, size: int, state: State = State.PUBLISHING) -> None:
        """Note that the publisher looked now, that `size` entries are published, and what it is at.

        Raises:
            OSError: the disk refused.
        """
        now = self._now().astimezone(UTC)
        kept = self._read()
        hour = Hour(now.replace(minute=0, second=0, microsecond=0), size)
        if not kept.hours or hour.begin > kept.hours[-1].begin:
            self._write(Growth((*_thinned(kept.hours, hour.begin - HOURS_KEPT_FOR), hour), state))
        elif kept.state is not state or not (self._directory / NAME).exists():
            self._write(Growth(kept.hours, state))
        os.utime(self._directory / NAME, (now.timestamp(), now.timestamp()))

    def refused(self) -> None:
        """Note that the publisher refuses to sign: for everybody to see, without the reason."""
        try:
            self._write(Growth(self._read().hours, State.REFUSED))
        except OSError as error:  # the refusal itself must be heard, not this
            _log.warning("the refusal could not be noted: %s", error)

    def _read(self) -> Growth:
        if self._kept is None:
            try:
                self._kept = read_growth(self._directory) or Growth()
            except MalformedError as error:  # it proves nothing: no reason to stop publishing
                _log.warning("the log's growth begins anew: %s", error)
                self._kept = Growth()
        return self._kept

    def _write(self, growth: Growth) -> None:
        write_atomically(self._directory / NAME, growth.to_bytes())
        self._kept = growth


def _parse_line(line: str) -> Hour:
    match = _LINE.fullmatch(line)
    try:
        if match is None:
            raise ValueError
        return Hour(datetime.fromisoformat(f"{match[1]}:00:00+00:00"), int(match[2]))
    except ValueError as error:
        raise MalformedError("not an hour of a log's growth") from error


def _thinned(hours: Sequence[Hour], since: datetime) -> list[Hour]:
    """Keep every hour from `since` on, and the first one of each day before."""
    kept: list[Hour] = []
    for hour in hours:
        if hour.begin >= since or not kept or kept[-1].begin.date() != hour.begin.date():
            kept.append(hour)
    return kept
