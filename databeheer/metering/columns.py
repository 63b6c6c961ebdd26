"""The header and vocabulary of a Mijn Fluvius export, Dutch and English, matched by meaning.

Names differ by export date and language (capitals, parentheses, hyphens), so they are compared after folding.
Source: exports of 2021 to 2024, Dutch and English.
"""

from __future__ import annotations

import csv
import enum
import re
from dataclasses import dataclass

from databeheer.metering.errors import IntakeError, shown
from databeheer.metering.states import Conversion, Register, State, Unit
from databeheer.values import Direction

DELIMITER = ";"


class Column(enum.Enum):
    """What a column means."""

    FROM_DATE = enum.auto()
    FROM_TIME = enum.auto()
    UNTIL_DATE = enum.auto()
    UNTIL_TIME = enum.auto()
    EAN = enum.auto()
    METER = enum.auto()
    METER_TYPE = enum.auto()
    REGISTER = enum.auto()
    VOLUME = enum.auto()
    UNIT = enum.auto()
    STATE = enum.auto()
    CONVERSION = enum.auto()
    DESCRIPTION = enum.auto()


TIME_COLUMNS = (Column.FROM_DATE, Column.FROM_TIME, Column.UNTIL_DATE, Column.UNTIL_TIME)
_OPTIONAL = {Column.METER_TYPE, Column.CONVERSION, Column.DESCRIPTION}

HEADERS = {
    "van datum": Column.FROM_DATE,
    "from date": Column.FROM_DATE,
    "van tijdstip": Column.FROM_TIME,
    "from time": Column.FROM_TIME,
    "tot datum": Column.UNTIL_DATE,
    "until date": Column.UNTIL_DATE,
    "tot tijdstip": Column.UNTIL_TIME,
    "until time": Column.UNTIL_TIME,
    "ean": Column.EAN,
    "ean code": Column.EAN,
    "meter": Column.METER,
    "metertype": Column.METER_TYPE,
    "meter type": Column.METER_TYPE,
    "register": Column.REGISTER,
    "volume": Column.VOLUME,
    "eenheid": Column.UNIT,
    "unit": Column.UNIT,
    "validatiestatus": Column.STATE,
    "validation status": Column.STATE,
    "calorische bovenwaarde": Column.CONVERSION,
    "caloric upper value": Column.CONVERSION,
    "omschrijving": Column.DESCRIPTION,
    "description": Column.DESCRIPTION,
}

STATES = {
    "uitgelezen": State.READ,
    "gelezen": State.READ,
    "read": State.READ,
    "geschat": State.EST,
    "estimated": State.EST,
    "gevalideerd": State.VAL,
    "validated": State.VAL,
    # Not seen in an export; the market messages have it, and it must be told apart if it comes.
    "niet gevalideerd": State.NVAL,
    "not validated": State.NVAL,
    "geen verbruik": State.NONE,
    "no consumption": State.NONE,
}

CONVERSIONS = {
    "": None,
    "voorlopig": Conversion.PROVISIONAL,
    "provisional": Conversion.PROVISIONAL,
    "definitief": Conversion.DEFINITIVE,
    "definitive": Conversion.DEFINITIVE,
    "constant": Conversion.CONSTANT,
}

UNITS = {"kwh": Unit.KWH, "m³": Unit.M3, "m3": Unit.M3, "kvarh": Unit.KVARH}

_DIRECTIONS = {
    "afname": Direction.OFFTAKE,
    "offtake": Direction.OFFTAKE,
    "injectie": Direction.INJECTION,
    "injection": Direction.INJECTION,
}
_KINDS = {
    "": Register.TOTAL,
    "totaal": Register.TOTAL,
    "total": Register.TOTAL,
    "actief": Register.TOTAL,
    "active": Register.TOTAL,
    "dag": Register.DAY,
    "day": Register.DAY,
    "nacht": Register.NIGHT,
    "night": Register.NIGHT,
    "reactief": Register.REACTIVE,
    "reactive": Register.REACTIVE,
    "inductief": Register.INDUCTIVE,
    "inductive": Register.INDUCTIVE,
    "capacitief": Register.CAPACITIVE,
    "capacitive": Register.CAPACITIVE,
}
REGISTERS = {
    f"{direction_name} {kind_name}".rstrip(): (direction, kind)
    for direction_name, direction in _DIRECTIONS.items()
    for kind_name, kind in _KINDS.items()
}


def fold(text: str) -> str:
    """Return `text` as it is compared: small letters, no quotes, parentheses, hyphens or double spaces."""
    return " ".join(re.sub(r'[()"\-_\s]+', " ", text).casefold().split())


@dataclass(frozen=True)
class Layout:
    """Where each meaning stands in this file, and what the file calls it."""

    names: tuple[str, ...]
    positions: dict[Column, int]

    @property
    def width(self) -> int:
        return len(self.names)

    @property
    def begins_with_times(self) -> bool:
        """Whether the four times are the first four columns, as in every export seen so far."""
        return all(self.positions[column] == index for index, column in enumerate(TIME_COLUMNS))

    @property
    def is_gas(self) -> bool:
        """Whether the file has the caloric value, which only gas exports have."""
        return Column.CONVERSION in self.positions

    def name(self, column: Column) -> str:
        return self.names[self.positions[column]]


def read_header(file: str, line: str) -> Layout:
    """Read the first line of an export.

    Raises:
        IntakeError: a column is unknown, double or missing, or the separator is not the semicolon.
    """
    if DELIMITER not in line:
        raise IntakeError(
            file,
            "the first line is not the header of an export",
            "Download the history from Mijn Fluvius again, as CSV with semicolons",
            line=1,
        )
    try:
        names = tuple(name.strip() for name in next(csv.reader([line], delimiter=DELIMITER, strict=True)))
    except csv.Error as error:
        raise IntakeError(
            file, "the header has a quote that does not close", "Download the file again", line=1
        ) from error
    positions: dict[Column, int] = {}
    for index, name in enumerate(names):
        column = HEADERS.get(fold(name))
        if column is None:
            raise _header_error(file, f"column {index + 1} of the header, {shown(name)}, is unknown")
        if column in positions:
            raise _header_error(file, f"column {index + 1} of the header, {shown(name)}, is there twice")
        positions[column] = index
    _require(file, positions)
    return Layout(names, positions)


def _header_error(file: str, problem: str) -> IntakeError:
    return IntakeError(file, problem, "Download the file again and do not change its first line", line=1)


def _require(file: str, positions: dict[Column, int]) -> None:
    missing = [column for column in Column if column not in positions and column not in _OPTIONAL]
    if missing:
        raise _header_error(file, "the header lacks " + ", ".join(_english(column) for column in missing))


def _english(column: Column) -> str:
    return column.name.lower().replace("_", " ")
