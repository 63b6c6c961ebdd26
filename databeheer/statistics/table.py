"""The published table: CSV, a line for each figure that is shown. What is not in it is not told.

A sum is at least `kwh_from` and less than `kwh_below`; households are at least so many. `all` is a total, `rest` what
is not shown apart. The lines of a municipality stand together, then by direction and hour.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from databeheer.brussels import BRUSSELS
from databeheer.errors import DatabeheerError, MalformedRequestError
from databeheer.statistics.suppression import Line
from databeheer.statistics.windows import Window
from databeheer.values import Direction, format_instant, parse_instant

COLUMNS = (
    "hour_utc",
    "hour_brussels",
    "direction",
    "municipality",
    "profile_type",
    "households_at_least",
    "kwh_from",
    "kwh_below",
)
UNKNOWN = "unknown"
"""In the place of a municipality or a profile type that nobody said."""
HEAD = ",".join(COLUMNS) + "\n"


class TableError(DatabeheerError):
    """A published table does not say what its report says of it, or is no such table."""

    code = "statistics-table"


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table: an hour by its UTC start, a direction, and what is told of it."""

    hour: datetime
    direction: Direction
    line: Line


def lines_of(rows: Iterable[Row]) -> str:
    """Write rows, in their order."""
    return "".join(
        f"{format_instant(row.hour)},{row.hour.astimezone(BRUSSELS).isoformat(timespec='minutes')},"
        f"{row.direction.value},{row.line.municipality},{row.line.profile_type},{row.line.households},"
        f"{_kwh(row.line.window.low)},{_kwh(row.line.window.high)}\n"
        for row in rows
    )


def read(text: str) -> Iterator[Row]:
    """Read lines without their head.

    Raises:
        TableError: a line is not written as `lines_of` writes it.
    """
    for number, fields in enumerate(csv.reader(io.StringIO(text)), start=1):
        try:
            hour, _, direction, municipality, profile_type, households, low, high = fields
            line = Line(municipality, profile_type, int(households), Window(_wh(low), _wh(high)))
            row = Row(parse_instant(hour), Direction(direction), line)
        except (ValueError, MalformedRequestError) as error:
            raise TableError(f"line {number} is no line of such a table") from error
        if lines_of([row]) != ",".join(fields) + "\n":
            raise TableError(f"line {number} is spelled in another way")
        yield row


def digest(parts: Mapping[str, str]) -> bytes:
    """Return the SHA-256 of the whole table: its head, and its parts in the order of their municipalities."""
    hashed = sha256(HEAD.encode())
    for _, lines in sorted(parts.items()):
        hashed.update(lines.encode())
    return hashed.digest()


def _kwh(watt_hours: int) -> str:
    return f"{watt_hours // 1000}.{watt_hours % 1000 // 100}"


def _wh(kwh: str) -> int:
    whole, tenth = kwh.split(".")
    return int(whole) * 1000 + int(tenth) * 100
