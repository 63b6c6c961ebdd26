"""The file in which a party brings its mandates along: one line each, in the words of the hub that it comes from.

CSV in UTF-8, a comma or a semicolon between the fields, a header with exactly `COLUMNS` in any order. It is read whole
or refused whole: every line that is wrong is named, with its number (the header is line 1), its field and a code from
a closed list; never with what stands in it.
"""

from __future__ import annotations

import csv
import enum
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import sha256
from typing import Any, TypeVar

from databeheer.brussels import day_of, midnight
from databeheer.errors import DatabeheerError, MalformedRequestError, TooLargeError
from databeheer.sandbox.codes import SandboxCode
from databeheer.values import EAN, Granularity, parse_day, parse_instant

LARGEST_FILE = 1_000_000
"""In bytes."""
MOST_ROWS = 2000
MOST_OF_ONE_POINT = 5
"""How many mandates of one party may wait for one access point: each is a message to whoever lives there."""
MOST_TOLD = 100
"""How many problems a refusal names; it says how many there are."""
LONGEST_REFERENCE = 100
COLUMNS = (
    "referenceNumber",
    "ean",
    "dataServiceType",
    "dataPeriodFrom",
    "dataPeriodTo",
    "mandateExpirationDate",
    "signedOn",
    "documentSha256",
)
SERVICES = {"VH_kwartier_uur": Granularity.QUARTER_HOUR, "VH_dag": Granularity.DAY}
"""What is served of the other hub's data services, and how fine each is."""
_MAY_BE_EMPTY = ("dataPeriodTo", "mandateExpirationDate")
_REFERENCE = re.compile(rf"[A-Za-z0-9._:/-]{{1,{LONGEST_REFERENCE}}}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_EAN = re.compile(r"[0-9]{18}")
_STRANGE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_Value = TypeVar("_Value")


class RowProblem(enum.StrEnum):
    """Why a line is refused; interfaces show the value, so it never changes."""

    NOT_TEXT = "not_text"
    """Not UTF-8, or with control characters in it."""
    NOT_A_TABLE = "not_a_table"
    """Quotes that do not close, or another number of fields than the header has."""
    NO_ROWS = "no_rows"
    UNKNOWN_COLUMN = "unknown_column"
    MISSING_COLUMN = "missing_column"
    MISSING = "missing"
    MALFORMED = "malformed"
    WRONG_CHECK_DIGIT = "wrong_check_digit"
    NOT_SERVED = "not_served"
    NO_SUCH_DAY = "no_such_day"
    """It is not in the calendar, or outside the years that anything here may be about."""
    IN_THE_FUTURE = "in_the_future"
    ENDS_BEFORE_IT_BEGINS = "ends_before_it_begins"
    ENDED_ALREADY = "ended_already"
    TWICE = "twice"
    """The same reference and data service stand on an earlier line."""
    USED_BEFORE = "used_before"
    """The party has a request or a mandate with this reference here already."""
    TOO_MANY_FOR_ONE_POINT = "too_many_for_one_point"


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong: on which line (from 1), in which column (empty: the line as a whole), and what."""

    line: int
    column: str
    code: RowProblem

    def view(self) -> dict[str, Any]:
        return {"line": self.line, "column": self.column, "code": self.code.value}


class MandatesRefusedError(DatabeheerError):
    """A file of mandates is refused as a whole; `problems` says why, line by line."""

    code = "mandates-refused"

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__(f"{len(problems)} things are wrong in this file; nothing of it was taken")
        self.problems = tuple(sorted(problems, key=lambda one: (one.line, one.column)))

    @property
    def members(self) -> dict[str, Any]:
        """What the refusal says beside its words."""
        return {
            "problems": [one.view() for one in self.problems[:MOST_TOLD]],
            "problem_count": len(self.problems),
        }


@dataclass(frozen=True)
class Row:
    """One mandate as its line says it. Moments are aware UTC; `data_until` None: new data too."""

    line: int
    reference: str
    ean: EAN
    service: str
    data_from: datetime
    data_until: datetime | None
    valid_until: datetime | None
    signed_on: date
    document_sha256: bytes

    @property
    def granularity(self) -> Granularity:
        return SERVICES[self.service]


def sha256_of(content: bytes) -> bytes:
    """Return what a file is known by: its bytes as they came."""
    return sha256(content).digest()


def read(content: bytes, now: datetime, *, sandbox: bool = False) -> list[Row]:
    """Read a whole file.

    `sandbox`: the codes of a sandbox, whose check digits are wrong, are read as what they stand for.

    Raises:
        TooLargeError: more than LARGEST_FILE bytes or MOST_ROWS rows.
        MandatesRefusedError: anything in it is wrong.
    """
    if len(content) > LARGEST_FILE:
        raise TooLargeError(f"a file of mandates has at most {LARGEST_FILE} bytes; send it in parts")
    problems: list[Problem] = []
    rows = []
    for line, fields in _table(content):
        found: list[Problem] = []
        row = _row(line, fields, now, found, sandbox)
        problems += found
        if row is not None and not found:
            rows.append(row)
    problems += _twice(rows)
    if problems:
        raise MandatesRefusedError(problems)
    return rows


def _table(content: bytes) -> list[tuple[int, dict[str, str]]]:
    """The lines behind the header, by column; each with its number."""
    try:
        lines = content.decode("utf-8-sig").replace("\r\n", "\n").split("\n")
    except UnicodeDecodeError as error:
        place = content[: error.start].count(b"\n") + 1
        raise MandatesRefusedError([Problem(place, "", RowProblem.NOT_TEXT)]) from error
    while lines and not lines[-1]:
        lines.pop()
    if len(lines) > MOST_ROWS + 1:
        raise TooLargeError(f"a file of mandates has at most {MOST_ROWS} lines; send it in parts")
    strange = [number for number, line in enumerate(lines, start=1) if _STRANGE.search(line)]
    if strange:
        raise MandatesRefusedError([Problem(number, "", RowProblem.NOT_TEXT) for number in strange])
    header, separator = _header(lines[0] if lines else "")
    if len(lines) == 1:
        raise MandatesRefusedError([Problem(2, "", RowProblem.NO_ROWS)])
    table, problems = [], []
    for number, line in enumerate(lines[1:], start=2):
        cells = _cells(line, separator)
        if cells is None or len(cells) != len(header):
            problems.append(Problem(number, "", RowProblem.NOT_A_TABLE))
        else:
            table.append((number, dict(zip(header, cells, strict=True))))
    if problems:
        raise MandatesRefusedError(problems)
    return table


def _header(line: str) -> tuple[list[str], str]:
    separator = ";" if ";" in line else ","
    names = _cells(line, separator) or []
    problems = [Problem(1, name, RowProblem.MISSING_COLUMN) for name in COLUMNS if name not in names]
    # Not by its name: what stands there may be anything.
    if set(names) - set(COLUMNS) or len(set(names)) != len(names):
        problems.append(Problem(1, "", RowProblem.UNKNOWN_COLUMN))
    if problems:
        raise MandatesRefusedError(problems)
    return names, separator


def _cells(line: str, separator: str) -> list[str] | None:
    """The fields of one line; None where quotes do not close. No field holds a line's end, so each line is whole."""
    try:
        return next(csv.reader([line], delimiter=separator, strict=True), None)
    except csv.Error:
        return None


def _row(
    line: int, fields: dict[str, str], now: datetime, problems: list[Problem], sandbox: bool
) -> Row | None:
    def wrong(column: str, code: RowProblem) -> None:
        problems.append(Problem(line, column, code))

    def read_as(column: str, parse: Callable[[str], _Value]) -> _Value | None:
        try:
            return parse(fields[column])
        except _WrongError as error:
            wrong(column, error.code)
            return None

    for column in COLUMNS:
        if not fields[column] and column not in _MAY_BE_EMPTY:
            wrong(column, RowProblem.MISSING)
    if problems:
        return None
    reference = read_as("referenceNumber", _matching(_REFERENCE))
    service = read_as("dataServiceType", _service)
    ean = read_as("ean", lambda text: _ean(text, sandbox))
    data_from = read_as("dataPeriodFrom", _moment)
    data_until = read_as("dataPeriodTo", _moment) if fields["dataPeriodTo"] else None
    valid_until = read_as("mandateExpirationDate", _moment) if fields["mandateExpirationDate"] else None
    signed_on = read_as("signedOn", _day)
    digest = read_as("documentSha256", _matching(_SHA256))
    if data_from is not None and data_until is not None and data_until <= data_from:
        wrong("dataPeriodTo", RowProblem.ENDS_BEFORE_IT_BEGINS)
    if valid_until is not None and valid_until <= now:
        wrong("mandateExpirationDate", RowProblem.ENDED_ALREADY)
    if signed_on is not None and signed_on > day_of(now):
        wrong("signedOn", RowProblem.IN_THE_FUTURE)
    if reference is None or service is None or ean is None or data_from is None or signed_on is None:
        return None
    if digest is None:
        return None
    return Row(
        line,
        reference,
        ean,
        service,
        data_from,
        data_until,
        valid_until,
        signed_on,
        bytes.fromhex(digest),
    )


class _WrongError(Exception):
    """A field that cannot be read; never leaves this module."""

    def __init__(self, code: RowProblem) -> None:
        super().__init__(code)
        self.code = code


def _matching(pattern: re.Pattern[str]) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if pattern.fullmatch(text) is None:
            raise _WrongError(RowProblem.MALFORMED)
        return text

    return parse


def _service(text: str) -> str:
    if text not in SERVICES:
        raise _WrongError(RowProblem.NOT_SERVED)
    return text


def _ean(text: str, sandbox: bool) -> EAN:
    code = SandboxCode.parse(text) if sandbox else None
    if code is not None:
        return code.ean
    if _EAN.fullmatch(text) is None:
        raise _WrongError(RowProblem.MALFORMED)
    try:
        return EAN(text)
    except MalformedRequestError as error:
        raise _WrongError(RowProblem.WRONG_CHECK_DIGIT) from error


def _day(text: str) -> date:
    try:
        return parse_day(text)
    except MalformedRequestError as error:
        raise _WrongError(RowProblem.NO_SUCH_DAY) from error


def _moment(text: str) -> datetime:
    """A day is its midnight in Brussels, as everywhere in the other hub's API."""
    if len(text) == len("2026-11-20"):
        return midnight(_day(text))
    try:
        return parse_instant(text)
    except MalformedRequestError as error:
        raise _WrongError(RowProblem.NO_SUCH_DAY) from error


def _twice(rows: Sequence[Row]) -> Iterator[Problem]:
    named: set[tuple[str, str]] = set()
    of_point: dict[str, int] = {}
    for row in rows:
        # With and without dashes it is one reference to the other hub's clients.
        name = (row.reference.replace("-", "").casefold(), row.service)
        if name in named:
            yield Problem(row.line, "referenceNumber", RowProblem.TWICE)
        named.add(name)
        of_point[row.ean.digits] = of_point.get(row.ean.digits, 0) + 1
        if of_point[row.ean.digits] > MOST_OF_ONE_POINT:
            yield Problem(row.line, "ean", RowProblem.TOO_MANY_FOR_ONE_POINT)
