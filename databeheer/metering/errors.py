"""The errors of intake: where a file is wrong, what is wrong, what to do about it."""

from __future__ import annotations

import re

from databeheer.errors import DatabeheerError
from databeheer.metering.states import MeteringError

# An EAN in a file name, an EAN or meter number that slipped into another column: never repeated in a message.
_LONG_NUMBER = re.compile(r"[0-9A-Za-z]*[0-9]{6,}[0-9A-Za-z]*")
_EAN_IN_NAME = re.compile(r"[0-9]{12,}")
_SHOWN = 40


class IntakeError(MeteringError):
    """A file cannot be taken in; nothing of it was.

    `line` counts from 1 (the header) and `column` is the header's own name; None where the whole file or
    the whole line is meant. `str()` is one line for a person, without EAN or meter number.
    """

    code = "intake-refused"

    def __init__(
        self, file: str, problem: str, remedy: str, *, line: int | None = None, column: str | None = None
    ):
        self.file = hide_identifiers(file)
        self.line = line
        self.column = column
        self.problem = problem
        self.remedy = remedy
        where = self.file
        if line is not None:
            where += f", line {line}"
        if column is not None:
            where += f', column "{column}"'
        super().__init__(f"{where}: {problem}. {remedy}.")


class UnknownAccessPointError(DatabeheerError):
    """The file speaks of an access point that is not registered; nothing was stored."""

    code = "unknown-access-point"


class FutureDaysError(DatabeheerError):
    """The file speaks of days that are still to come; nothing was stored."""

    code = "future-days"


def hide_identifiers(name: str) -> str:
    """Return a file name for a message: without the EAN that an export has in its name."""
    return _EAN_IN_NAME.sub("(EAN)", "".join(c if c.isprintable() else "?" for c in name))


def shown(raw: str) -> str:
    """Return a cell's text for a message: short, printable, long numbers hidden."""
    text = "".join(c if c.isprintable() else "?" for c in raw)
    text = _LONG_NUMBER.sub("…", text)
    return f"“{text[:_SHOWN]}…”" if len(text) > _SHOWN else f"“{text}”"
