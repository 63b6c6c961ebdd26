"""A bar that shows a person how far a long verification is, on standard error and only on a terminal."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO

_WIDTH = 30
_PAUSE = 0.1  # between two drawings, in seconds


@contextmanager
def progress_bar(
    shown: bool = True, stream: TextIO | None = None, now: Callable[[], float] = time.monotonic
) -> Iterator[Callable[[int, int], None] | None]:
    """Give a function to be told (entries done, entries in all), which draws the bar; None where nobody looks."""
    stream = stream or sys.stderr
    if not shown or not stream.isatty():
        yield None
        return
    bar = _Bar(stream, now)
    try:
        yield bar
    finally:
        bar.end()


class _Bar:
    def __init__(self, stream: TextIO, now: Callable[[], float]) -> None:
        self._stream = stream
        self._now = now
        self._started = self._drawn = now()
        self._first: int | None = None
        self._is_open = False

    def __call__(self, done: int, total: int) -> None:
        moment = self._now()
        if self._first is None:  # a verification that goes on where it was did the rest earlier
            self._first, self._started = done, moment
        elif done < total and moment - self._drawn < _PAUSE:
            return
        self._drawn, self._is_open = moment, True
        filled = "#" * (_WIDTH * done // total)
        rate = (done - self._first) / max(moment - self._started, 1e-6)
        left = f", {_duration((total - done) / rate)} left" if rate > 0 and done < total else ""
        self._stream.write(
            f"\r[{filled:.<{_WIDTH}}] {100 * done // total:3} %  {done:,} of {total:,} entries{left}\x1b[K"
        )
        self._stream.flush()

    def end(self) -> None:
        if self._is_open:
            self._stream.write("\n")
            self._stream.flush()


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
