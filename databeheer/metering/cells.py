"""One cell of an export at a time: from the file's spelling to a value, or to what is wrong with it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import TypeVar

from databeheer.errors import MalformedRequestError
from databeheer.metering.columns import CONVERSIONS, REGISTERS, STATES, UNITS, Column, fold
from databeheer.metering.errors import shown
from databeheer.metering.local_time import parse_date, parse_quarter
from databeheer.metering.states import Conversion, Register, State, Unit
from databeheer.values import EAN, Direction

_VOLUME = re.compile(r"(0|[1-9][0-9]{0,11})(?:,([0-9]{1,3}))?")
_METER = re.compile(r"[0-9A-Za-z][0-9A-Za-z./-]{0,29}|")
_EXCEL = re.compile(r'=?"?([0-9]*)"?')
_DOWNLOAD = "Download the file again"
_Word = TypeVar("_Word")

_REACTIVE_UNITS = {
    Register.REACTIVE: Unit.KVARH,
    Register.INDUCTIVE: Unit.KVARH_INDUCTIVE,
    Register.CAPACITIVE: Unit.KVARH_CAPACITIVE,
}


class CellError(Exception):
    """A cell is wrong; whoever knows file and line makes an `IntakeError` of it."""

    def __init__(self, column: Column | None, problem: str, remedy: str = _DOWNLOAD) -> None:
        super().__init__(problem)
        self.column = column
        self.problem = problem
        self.remedy = remedy


@dataclass(frozen=True, slots=True)
class Series:
    """What a row says beside time and volume; many rows say the same. `label`: the register as written."""

    ean: EAN
    meter_number: str
    direction: Direction
    unit: Unit
    register: Register
    label: str
    state: State
    conversion: Conversion | None


def read_date(raw: str, column: Column) -> date:
    try:
        return parse_date(raw.strip('"'))
    except ValueError:
        raise CellError(
            column, f"{shown(raw)} is not a date", "A date looks like 29-10-2023 or 29/10/2023"
        ) from None


def read_quarter(raw: str, column: Column) -> int:
    try:
        return parse_quarter(raw.strip('"'))
    except ValueError:
        raise CellError(
            column, f"{shown(raw)} is not a time on the quarter-hour", "A time looks like 13:45:00"
        ) from None


def read_series(cells: Mapping[Column, str]) -> Series:
    """Read all cells of a row but its times and its volume."""
    label = " ".join(cells[Column.REGISTER].split())
    direction, register = _word(REGISTERS, label, Column.REGISTER)
    return Series(
        ean=_access_point(cells[Column.EAN]),
        meter_number=_meter(cells[Column.METER]),
        direction=direction,
        unit=_unit(cells[Column.UNIT], register),
        register=register,
        label=label,
        state=_word(STATES, cells[Column.STATE], Column.STATE),
        conversion=_word(CONVERSIONS, cells.get(Column.CONVERSION, ""), Column.CONVERSION),
    )


def read_volume(raw: str, state: State) -> int | None:
    """Read a volume in thousandths of its unit; None exactly where the state says that there is no value."""
    text = raw.strip()
    if not text:
        if state.has_value:
            raise CellError(
                Column.VOLUME,
                "the volume is empty, but the state says that there is one",
                "An empty volume goes with Geen verbruik or No consumption",
            )
        return None
    match = _VOLUME.fullmatch(text)
    if match is None:
        raise CellError(Column.VOLUME, *_why_no_volume(text))
    if not state.has_value:
        raise CellError(
            Column.VOLUME,
            f"there is a volume, {shown(text)}, but the state says that there is none",
            "Geen verbruik or No consumption goes with an empty volume",
        )
    return int(match[1]) * 1000 + int((match[2] or "").ljust(3, "0"))


def _word(words: Mapping[str, _Word], raw: str, column: Column) -> _Word:
    try:
        return words[fold(raw)]
    except KeyError:
        known = ", ".join(word for word in words if word)
        raise CellError(column, f"{shown(raw)} is unknown", f"Known are: {known}") from None


def _access_point(raw: str) -> EAN:
    match = _EXCEL.fullmatch(raw.strip())
    if match is None:
        spreadsheet = "E+" in raw.upper()
        remedy = (
            "A spreadsheet has rounded it; download the file again and do not save it from a spreadsheet"
            if spreadsheet
            else 'An EAN code has 18 digits, bare or as ="…"'
        )
        raise CellError(Column.EAN, "this is not an EAN code", remedy)
    digits = match[1]
    if len(digits) != 18:
        raise CellError(
            Column.EAN, f"the EAN code has {len(digits)} digits instead of 18", "Compare it with the bill"
        )
    try:
        return EAN(digits)
    except MalformedRequestError as error:
        raise CellError(
            Column.EAN,
            "the check digit of the EAN code is wrong",
            "Compare it with the bill and correct the file",
        ) from error


def _meter(raw: str) -> str:
    number = raw.strip()
    if _METER.fullmatch(number) is None:
        raise CellError(Column.METER, "this is not a meter number", "It has letters and digits, or is empty")
    return number


def _unit(raw: str, register: Register) -> Unit:
    unit = _word(UNITS, raw, Column.UNIT)
    reactive = _REACTIVE_UNITS.get(register)
    if (reactive is not None) is not (unit is Unit.KVARH):
        raise CellError(Column.UNIT, f"{shown(raw)} does not fit this register")
    return reactive or unit


def _why_no_volume(text: str) -> tuple[str, str]:
    if re.fullmatch(r"[-−][0-9.,]+", text):
        return f"the volume {shown(text)} is negative", "Injection has rows of its own; " + _DOWNLOAD.lower()
    if "." in text:
        return (
            f"the volume {shown(text)} has a dot",
            "The decimal sign is the comma, in every row; " + _DOWNLOAD.lower(),
        )
    if re.fullmatch(r"[0-9]+,[0-9]{4,}", text):
        return f"the volume {shown(text)} has more than three decimals", _DOWNLOAD
    if re.fullmatch(r"[0-9]{13,}(,[0-9]*)?", text):
        return "the volume is larger than any meter can count", _DOWNLOAD
    return f"{shown(text)} is not a volume", "A volume looks like 0,173, or is empty where there is no value"
