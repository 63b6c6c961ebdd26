"""Access points chosen by a file: CSV with a column EAN, taken whole or not at all, and each fault by its line.

Of a point that is not the business's own nothing is said but that: not whether it exists (R98).
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass

from databeheer.errors import MalformedRequestError
from databeheer.values import EAN
from web.language import _

MOST_BYTES = 64 * 1024
MOST_ROWS = 1000
MOST_FAULTS = 50
_COLUMN = "ean"
_FORMULA = tuple("=+-@\t\r")
_LONGEST_CELL = 64


@dataclass(frozen=True)
class Fault:
    """What is wrong, in words, and in which line of the file; 0: in the file as a whole."""

    line: int
    words: str


@dataclass(frozen=True)
class Taken:
    """What a file says: the ids of the chosen points, or what is wrong with it; never both."""

    chosen: frozenset[str] = frozenset()
    faults: tuple[Fault, ...] = ()


def take(content: bytes, own: Mapping[str, str]) -> Taken:
    """Read a file; `own` are the ids of the business's access points by their EAN code."""
    if len(content) > MOST_BYTES:
        return _refused(
            _("Het bestand is te groot. Het mag ten hoogste %(kb)s kB zijn.", kb=MOST_BYTES // 1024)
        )
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return _refused(_("Het bestand is geen tekst in UTF-8. Bewaar het in uw programma als „CSV UTF-8”."))
    if "\0" in text:
        return _refused(_("Het bestand is geen tekst in UTF-8. Bewaar het in uw programma als „CSV UTF-8”."))
    lines = text.splitlines()
    if not lines or not text.strip():
        return _refused(_("Het bestand is leeg."))
    if len(lines) > MOST_ROWS + 1:
        return _refused(
            _("Het bestand telt te veel regels. Het mogen er ten hoogste %(most)s zijn.", most=MOST_ROWS)
        )
    delimiter = ";" if ";" in lines[0] else ","
    try:
        rows = [
            (reader.line_num, row)
            for reader in [csv.reader(io.StringIO(text), delimiter=delimiter, strict=True)]
            for row in reader
        ]
    except csv.Error:
        return _refused(
            _("Het bestand is geen CSV die wij kunnen lezen. Kijk na of elk aanhalingsteken gesloten is.")
        )
    header = [cell.strip().casefold() for cell in rows[0][1]]
    if header.count(_COLUMN) != 1:
        return _refused(
            _("De eerste regel moet de namen van de kolommen geven, en één daarvan moet „EAN” zijn."), 1
        )
    return _read(rows[1:], header.index(_COLUMN), len(header), own)


def _read(rows: list[tuple[int, list[str]]], column: int, width: int, own: Mapping[str, str]) -> Taken:
    faults: list[Fault] = []
    seen: dict[str, int] = {}
    for line, row in rows:
        if not any(cell.strip() for cell in row):
            continue
        if len(row) != width:
            faults.append(Fault(line, _("Deze regel heeft een ander aantal kolommen dan de eerste regel.")))
            continue
        words, digits = _fault_of(row[column]), _digits(row[column])
        if words is None and digits in seen:
            words = _("Deze EAN-code staat al op regel %(line)s.", line=seen[digits])
        if words is None and digits not in own:
            words = _("Deze EAN-code is niet van een aansluiting van uw onderneming.")
        seen.setdefault(digits, line)
        if words is not None:
            faults.append(Fault(line, words))
    if faults:
        return Taken(faults=tuple(faults))
    if not seen:
        return _refused(_("Het bestand noemt geen enkele aansluiting."))
    return Taken(frozenset(own[digits] for digits in seen))


def _digits(cell: str) -> str:
    return "".join(cell[:_LONGEST_CELL].split())


def _fault_of(cell: str) -> str | None:
    """What is wrong with a cell as an EAN code; None where nothing is."""
    digits = _digits(cell)
    if not digits:
        return _("Hier ontbreekt de EAN-code.")
    if cell.startswith(_FORMULA):
        return _("Hier staat een formule. Zet er de 18 cijfers van de EAN-code.")
    if "e+" in digits.casefold():
        return _(
            "Uw rekenblad maakte hier een afgerond getal van. Maak de kolom op als tekst, en vul de code opnieuw in."
        )
    try:
        EAN(digits)
    except MalformedRequestError:
        return _("Dit is geen EAN-code. Ze telt 18 cijfers, en het laatste is een controlecijfer.")
    return None


def _refused(words: str, line: int = 0) -> Taken:
    return Taken(faults=(Fault(line, words),))
