"""Exports written by hand for tests, and where the real ones are."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from databeheer.brussels import BRUSSELS, slot_starts

DIGITS = "541448899990000039"
METER = "1SAG9990000003"

DUTCH_2021 = "Van datum;Van tijdstip;Tot datum;Tot tijdstip;EAN;Meter;Metertype;Register;Volume;Eenheid;Validatiestatus"
DUTCH_CAPITALS = DUTCH_2021.replace("Van datum", "Van Datum").replace("Tot datum", "Tot Datum")
DUTCH_2024 = (
    "Van (datum);Van (tijdstip);Tot (datum);Tot (tijdstip);EAN-code;Meter;Metertype;Register;Volume;Eenheid;"
    "Validatiestatus;Omschrijving"
)
DUTCH_GAS = DUTCH_2021.replace("EAN", "EAN-code") + ";Calorische Bovenwaarde"
ENGLISH = (
    "From (date);From (time);Until (date);Until (time);EAN code;Meter;Meter type;Register;Volume;Unit;"
    "Validation status;Description"
)
ENGLISH_GAS = ENGLISH.replace(";Description", ";Caloric upper value;Description")


def real_files() -> Path:
    """Return the folder with the real exports, or skip the test and say so."""
    checkout = Path(__file__).resolve().parents[3]
    shared = Path(os.environ.get("DATABEHEER_SHARED", checkout.parent / "shared"))
    folder = shared / "data" / "real" / "fluvius"
    if not folder.is_dir():
        pytest.skip(
            "the real exports are not here: set DATABEHEER_SHARED to the folder that has data/real/fluvius"
        )
    return folder


@dataclass(frozen=True)
class Row:
    """A row in English, of a quarter-hour on an ordinary Monday."""

    begin: str = "16/10/2023"
    begin_time: str = "12:00:00"
    end: str = "16/10/2023"
    end_time: str = "12:15:00"
    ean: str = f'="{DIGITS}"'
    meter: str = METER
    meter_type: str = "Digital meter"
    register: str = "Offtake Day"
    volume: str = "0,173"
    unit: str = "kWh"
    state: str = "Read"

    def but(self, **changes: str) -> Row:
        return replace(self, **changes)

    def fields(self) -> list[str]:
        return [*vars(self).values()]


def text(header: str, rows: Iterable[Row], *, tail: Iterable[str] = ("",), newline: str = "\n") -> bytes:
    """Return a file; `tail` are the cells after the state."""
    lines = [header, *(";".join([*row.fields(), *tail]) for row in rows)]
    return (newline.join(lines) + newline).encode("utf-8-sig")


def english(*rows: Row) -> bytes:
    """Return an English file with these rows."""
    return text(ENGLISH, rows)


def day_rows(day: date, minutes: int = 15, *, row: Row | None = None) -> list[Row]:
    """Return a row for every slot of a day, in the order of an export, with volumes 0,001 0,002 … in real time."""
    row = row or Row()
    rows = []
    for index, start in enumerate(slot_starts(day, minutes)):
        begin = start.astimezone(BRUSSELS)
        end = (start + timedelta(minutes=minutes)).astimezone(BRUSSELS)
        rows.append(
            row.but(
                begin=f"{begin:%d/%m/%Y}",
                begin_time=f"{begin:%H:%M:%S}",
                end=f"{end:%d/%m/%Y}",
                end_time=f"{end:%H:%M:%S}",
                volume=f"0,{index + 1:03d}",
            )
        )
    return sorted(rows, key=lambda r: r.begin_time)
