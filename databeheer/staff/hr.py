"""What HR sends: who left, and who works here. A file is read whole or refused whole, with the lines that are wrong.

CSV in UTF-8, a comma or a semicolon between the fields, a header with exactly the columns named, in any order. What is
wrong is said by line number (the header is line 1) and column, never with what stands there (R158, R160).
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import date

from databeheer.errors import MalformedRequestError
from databeheer.staff.numbers import NUMBER, one_number
from databeheer.values import parse_day

LARGEST = 500_000
"""In characters."""
MOST_ROWS = 10_000
MOST_TOLD = 20


class HrFileError(MalformedRequestError):
    """A file of HR is refused as a whole; the message says on which lines something is wrong, and what."""


@dataclass(frozen=True)
class Leaver:
    """Somebody who left, by employee number; `on` is his first day away."""

    employee: str
    on: date


def read_leavers(content: str, today: date) -> list[Leaver]:
    """Read who left: columns `employee` and `left_on`, no later than today.

    Raises:
        HrFileError: anything at all is wrong with it.
    """
    wrong: list[str] = []
    leavers: list[Leaver] = []
    for line, row in _rows(content, ("employee", "left_on"), wrong):
        day = _day(line, row["left_on"], today, wrong)
        if day is not None:
            leavers.append(Leaver(row["employee"], day))
    _refuse(wrong)
    return leavers


def read_in_service(content: str) -> list[str]:
    """Read the employee numbers of who works here: one column, `employee`; raises HrFileError."""
    wrong: list[str] = []
    numbers = [row["employee"] for _, row in _rows(content, ("employee",), wrong)]
    _refuse(wrong)
    return numbers


def _rows(content: str, columns: tuple[str, ...], wrong: list[str]) -> list[tuple[int, dict[str, str]]]:
    """The lines that are a table's, each with its number; what is wrong with the others is added to `wrong`."""
    if len(content) > LARGEST:
        raise HrFileError(f"the file is larger than {LARGEST} characters")
    lines = content.removeprefix("\ufeff").splitlines()
    header = lines[0] if lines else ""
    mark = ";" if ";" in header else ","
    names = [name.strip() for name in header.split(mark)]
    if sorted(names) != sorted(columns):
        raise HrFileError(f"line 1: the columns are {', '.join(columns)}")
    if not 1 < len(lines) <= MOST_ROWS + 1:
        raise HrFileError(f"the file has between 1 and {MOST_ROWS} lines below its header")
    rows: list[tuple[int, dict[str, str]]] = []
    seen: dict[str, int] = {}
    for number, line in enumerate(lines[1:], start=2):
        try:
            fields = next(csv.reader([line], delimiter=mark, strict=True), [])
        except csv.Error:
            fields = []
        if len(fields) != len(names):
            wrong.append(f"line {number}: it has not {len(names)} fields")
            continue
        row = {name: field.strip() for name, field in zip(names, fields, strict=True)}
        if not NUMBER.fullmatch(row["employee"]):
            wrong.append(f"line {number}: employee: not an employee number")
        elif (first := seen.setdefault(one_number(row["employee"]), number)) != number:
            wrong.append(f"line {number}: employee: stands on line {first} too")
        else:
            rows.append((number, row))
    return rows


def _day(line: int, text: str, today: date, wrong: list[str]) -> date | None:
    try:
        day = parse_day(text)
    except MalformedRequestError:
        wrong.append(f"line {line}: left_on: not a day such as 2026-11-22")
        return None
    if day > today:
        wrong.append(f"line {line}: left_on: lies ahead; send it on the day itself")
        return None
    return day


def _refuse(wrong: list[str]) -> None:
    if wrong:
        more = f"; and {len(wrong) - MOST_TOLD} more" if len(wrong) > MOST_TOLD else ""
        raise HrFileError(f"nothing was taken: {'; '.join(wrong[:MOST_TOLD])}{more}")
