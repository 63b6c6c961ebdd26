"""What gunicorn may write into the log of the web: that something happened, never who asked for what.

Its own lines quote malformed requests, addresses of callers and the paths of requests that failed.
`web.gunicorn_settings` puts it in place.
"""

from __future__ import annotations

import signal
import sys
import traceback
from pathlib import Path
from typing import Any

from gunicorn.glogging import Logger

AT_THE_START = "Exception in worker process"
"""What gunicorn says where the application cannot be loaded: nobody has asked anything yet."""
_SIGNALS = frozenset(each.name for each in signal.Signals)


class QuietLogger(Logger):  # type: ignore[misc]  # untyped library
    """Lets through what the master says of its processes; of requests only that one was refused or failed."""

    def warning(self, msg: object, *args: Any, **kwargs: Any) -> None:
        """Say that something was refused, or how it is with a process."""
        super().warning(_without_callers(msg, args, "a request was refused that is not proper HTTP"))

    def error(self, msg: object, *args: Any, **kwargs: Any) -> None:
        """Say that something failed, or how it is with a process."""
        super().error(_without_callers(msg, args, "something failed"))

    def critical(self, msg: object, *args: Any, **kwargs: Any) -> None:
        """Say how it is with a process: one that was silent for too long."""
        super().critical(_without_callers(msg, args, "something failed"))

    def exception(self, msg: object, *args: Any, **kwargs: Any) -> None:
        """Say the kind of the error and where it came up; all of it only where the application does not start."""
        if msg == AT_THE_START:
            super().exception(msg)
            return
        super().error(f"an unexpected {_kind_and_place()}")

    def debug(self, msg: object, *args: Any, **kwargs: Any) -> None:
        """Say nothing: these lines hold addresses, and whole configurations with their secrets."""

    def access(self, resp: object, req: object, environ: object, request_time: object) -> None:
        """Keep no list of who asked what, whatever is configured."""


def _without_callers(msg: object, args: tuple[Any, ...], otherwise: str) -> str:
    # Lines about processes hold numbers of processes and exits and names of signals, and nothing else.
    of_processes = bool(args) and all(isinstance(each, int) or each in _SIGNALS for each in args)
    return str(msg) % args if of_processes else otherwise


def _kind_and_place() -> str:
    error = sys.exception()
    if error is None:
        return "fault"
    frames = reversed(traceback.extract_tb(error.__traceback__)[-8:])
    place = " < ".join(f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames)
    return f"{type(error).__name__} at {place}"
