"""Intake of Mijn Fluvius exports: a file becomes channel-days, whole or not at all.

`read_export` parses and checks; it stores nothing and seals nothing. The four real files it must read are
described in the documentation of the formats; what varies between them is matched by meaning.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import NamedTuple

import numpy as np

from databeheer.metering.channel import ChannelDay
from databeheer.metering.columns import read_header
from databeheer.metering.errors import IntakeError
from databeheer.metering.fold import Fold
from databeheer.metering.rows import MAX_LINE_LENGTH, Rows
from databeheer.metering.states import Unit
from databeheer.values import EAN, Commodity, Direction

__all__ = ["ExportFile", "ExportPoint", "IntakeError", "RegisterTotal", "read_export"]

MAX_FILE_BYTES = 64 * 1024 * 1024
_DOWNLOAD = "Download the history from Mijn Fluvius again, as CSV"
Progress = Callable[[int, int], None]


class RegisterTotal(NamedTuple):
    """The sum of all values of one register, named as the file names it, in thousandths of the unit."""

    register: str
    unit: Unit
    thousandths: int


@dataclass(frozen=True)
class ExportPoint:
    """An access point in an export. `slot_minutes` are the slot lengths its rows have, ascending."""

    ean: EAN
    commodity: Commodity
    meter_numbers: tuple[str, ...]
    directions: tuple[Direction, ...]
    slot_minutes: tuple[int, ...]


@dataclass(frozen=True)
class ExportFile:
    """One export, read and checked.

    `name` is the file's own, with the EAN it may hold: for no log. `sha256` is over the bytes as they came.
    `days` has one entry per channel and Brussels day: channels in the order of the file, days ascending.
    """

    name: str
    sha256: str
    rows: int
    points: dict[EAN, ExportPoint]
    days: list[ChannelDay]
    first_day: date
    last_day: date
    totals: list[RegisterTotal]


def read_export(
    source: Path | str | bytes,
    name: str | None = None,
    *,
    progress: Progress | None = None,
    max_bytes: int = MAX_FILE_BYTES,
) -> ExportFile:
    """Read one Mijn Fluvius export (electricity or gas; quarter-hours, hours or days; Dutch or English).

    `progress` is called now and then with rows and bytes done.

    Raises:
        IntakeError: with file, line, column, problem and remedy; nothing of the file is returned.
    """
    data = source if isinstance(source, bytes) else _load(Path(source), max_bytes)
    file = name or ("export" if isinstance(source, bytes) else Path(source).name)
    if len(data) > max_bytes:
        raise _too_large(file, max_bytes)
    rows = _read_rows(file, data, progress)
    fold = Fold(rows)
    days = list(fold.channel_days())
    return ExportFile(
        name=file,
        sha256=hashlib.sha256(data).hexdigest(),
        rows=rows.count,
        points=_points(fold, days),
        days=days,
        first_day=date.fromordinal(int(fold.ordinals.min())),
        last_day=date.fromordinal(int(fold.ordinals.max())),
        totals=_totals(rows, fold),
    )


def _load(path: Path, max_bytes: int) -> bytes:
    try:
        with path.open("rb") as stream:
            return stream.read(max_bytes + 1)
    except OSError as error:
        raise IntakeError(
            path.name, f"the file cannot be opened ({error.strerror})", "Check its name and place"
        ) from error


def _too_large(file: str, max_bytes: int) -> IntakeError:
    return IntakeError(
        file,
        f"the file is larger than {max_bytes // (1024 * 1024)} MiB",
        "Download a shorter period per file",
    )


def _read_rows(file: str, data: bytes, progress: Progress | None) -> Rows:
    lines = _lines(file, data)
    if len(lines[0]) > MAX_LINE_LENGTH:
        raise IntakeError(file, "the first line is not the header of an export", _DOWNLOAD, line=1)
    rows = Rows(file, read_header(file, lines[0]))
    if len(lines) == 1:
        raise IntakeError(file, "the file has a header but no rows", _DOWNLOAD)
    report = progress or (lambda _rows, _bytes: None)
    rest = lines[1:]
    characters = sum(map(len, rest)) + len(rest)
    rows.read(rest, lambda count, done: report(count, len(data) * done // characters))
    return rows


def _lines(file: str, data: bytes) -> list[str]:
    text = _decode(file, data).rstrip("\r\n")
    if not text.strip():
        raise IntakeError(file, "the file is empty", _DOWNLOAD)
    newlines, returns = text.count("\n"), text.count("\r")
    lines = text.split("\r\n" if returns else "\n")
    if returns and not newlines == returns == len(lines) - 1:
        lines = text.replace("\r\n", "\n").split("\n")
        stray = next((number for number, line in enumerate(lines, 1) if "\r" in line), None)
        if stray is not None:
            raise IntakeError(file, "the line has a carriage return inside", _DOWNLOAD, line=stray)
    return lines


def _decode(file: str, data: bytes) -> str:
    null = data.find(b"\0")
    if null >= 0:
        raise IntakeError(file, "the file is not text (it has a NUL byte)", _DOWNLOAD, line=_line(data, null))
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise IntakeError(
            file, "the line is not UTF-8 text", _DOWNLOAD, line=_line(data, error.start)
        ) from error


def _line(data: bytes, offset: int) -> int:
    return data.count(b"\n", 0, offset) + 1


def _points(fold: Fold, days: list[ChannelDay]) -> dict[EAN, ExportPoint]:
    minutes: dict[EAN, set[int]] = {}
    for day in days:
        minutes.setdefault(day.ean, set()).add(day.slot_minutes)
    return {
        ean: ExportPoint(
            ean=ean,
            commodity=commodity,
            meter_numbers=tuple(dict.fromkeys(c[1] for c in fold.channels if c[0] == ean)),
            directions=tuple(dict.fromkeys(c[2] for c in fold.channels if c[0] == ean)),
            slot_minutes=tuple(sorted(minutes[ean])),
        )
        for ean, commodity in fold.commodities.items()
    }


def _totals(rows: Rows, fold: Fold) -> list[RegisterTotal]:
    sums: dict[tuple[str, Unit], int] = {}
    values = np.maximum(fold.values, 0)
    for index, series in enumerate(rows.series):
        key = series.label, series.unit
        sums[key] = sums.get(key, 0) + int(values[fold.series == index].sum())
    return [RegisterTotal(label, unit, total) for (label, unit), total in sums.items()]
