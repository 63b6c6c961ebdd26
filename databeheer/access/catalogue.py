"""The legal bases as data: `catalogue.toml`, read once at start and checked whole.

A malformed catalogue stops the start: half a rule is worse than none.
"""

from __future__ import annotations

import enum
import hashlib
import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from databeheer.access.bases import (
    BasisKind,
    Carrier,
    Catalogue,
    CatalogueError,
    Category,
    CeilingBy,
    Citation,
    CitationStatus,
    Refusal,
    Requirement,
    Row,
)
from databeheer.access.sense import check_row, check_whole
from databeheer.values import Direction, Granularity, Purpose, Role

__all__ = ["Catalogue", "CatalogueError", "Category", "Citation", "Refusal", "Row", "load", "parse"]

SHIPPED = Path(__file__).with_name("catalogue.toml")


@cache
def load(path: Path = SHIPPED) -> Catalogue:
    """Read and check the catalogue, once in the life of a process.

    Raises:
        CatalogueError: anything at all is missing, unknown, of the wrong type or against the law it cites.
    """
    return parse(path.read_bytes())


def parse(content: bytes) -> Catalogue:
    """Read a catalogue from the bytes of its file; raises CatalogueError as `load` does."""
    try:
        table = tomllib.loads(content.decode())
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise CatalogueError("the catalogue is not TOML in UTF-8") from error
    _refuse_unknown(table, {"version", "dpia_years", "row", "refusal"}, "the catalogue")
    rows, refusals = table.get("row"), table.get("refusal", [])
    if not isinstance(rows, list) or not rows or not isinstance(refusals, list):
        raise CatalogueError("the catalogue has no rows")
    parsed = tuple(_row(row) for row in rows)
    denied = tuple(_refusal(refusal) for refusal in refusals)
    check_whole(parsed, denied)
    version = f"{_text(table, 'version', 'the catalogue')}-{hashlib.sha256(content).hexdigest()[:12]}"
    return Catalogue(version, parsed, denied, _number(table, "dpia_years", 1, 10, "the catalogue"))


VALIDATION_STATES = frozenset({"READ", "VAL", "EST", "NONE"})
"""What a row may name. NVAL is missing on purpose: a value that is not validated never leaves (R63)."""

_ROW_KEYS = frozenset(Row.__dataclass_fields__)
_REFUSAL_KEYS = frozenset(Refusal.__dataclass_fields__)
_CITATION_KEYS = frozenset(Citation.__dataclass_fields__)

_Member = TypeVar("_Member", bound=enum.StrEnum)


def _row(table: object) -> Row:
    if not isinstance(table, dict):
        raise CatalogueError("a row of the catalogue is not a table")
    code = _text(table, "code", "a row of the catalogue")
    where = f"row {code}"
    _refuse_unknown(table, _ROW_KEYS, where)
    free = table.get("ceiling_without_necessity")
    row = Row(
        number=_number(table, "number", 1, 28, where),
        code=code,
        actor_role=_member(Role, table.get("actor_role"), where),
        basis=_member(BasisKind, table.get("basis"), where),
        carrier=_member(Carrier, table.get("carrier"), where),
        purposes=_members(Purpose, table, "purposes", where),
        categories=frozenset(str(c) for c in _members(Category, table, "categories", where)),
        directions=_members(Direction, table, "directions", where),
        ceiling=_member(Granularity, table.get("ceiling"), where),
        ceiling_by=_member(CeilingBy, table.get("ceiling_by"), where),
        ceiling_without_necessity=None if free is None else _member(Granularity, free, where),
        requires=_members(Requirement, table, "requires", where, may_be_empty=True),
        states=_states(table, where),
        sentence_nl=_text(table, "sentence_nl", where),
        sentence_en=_text(table, "sentence_en", where),
        citations=_citations(table, where),
        register_states=_states(table, where, "register_states")
        if "register_states" in table
        else frozenset(),
        without_notice=_text(table, "without_notice", where) if "without_notice" in table else "",
    )
    check_row(row, where)
    return row


def _refusal(table: object) -> Refusal:
    if not isinstance(table, dict):
        raise CatalogueError("a refusal of the catalogue is not a table")
    code = _text(table, "code", "a refusal of the catalogue")
    where = f"refusal {code}"
    _refuse_unknown(table, _REFUSAL_KEYS, where)
    of_role = table.get("of_role")
    if not isinstance(of_role, bool):
        raise CatalogueError(f"{where}: of_role is not true or false")
    return Refusal(
        number=_number(table, "number", 1, 28, where),
        code=code,
        actor_role=_member(Role, table.get("actor_role"), where),
        of_role=of_role,
        sentence_nl=_text(table, "sentence_nl", where),
        sentence_en=_text(table, "sentence_en", where),
        citations=_citations(table, where, may_be_empty=True),
    )


def _citations(table: Mapping[str, Any], where: str, *, may_be_empty: bool = False) -> tuple[Citation, ...]:
    entries = table.get("citations")
    if not isinstance(entries, list) or not (entries or may_be_empty):
        raise CatalogueError(f"{where} cites no article")
    return tuple(_citation(entry, where) for entry in entries)


def _citation(entry: object, where: str) -> Citation:
    if not isinstance(entry, dict):
        raise CatalogueError(f"{where}: a citation is not a table")
    _refuse_unknown(entry, _CITATION_KEYS, where)
    status = _member(CitationStatus, entry.get("status"), where)
    act, version, article = (_text(entry, key, where) for key in ("act", "version", "article"))
    return Citation(act, version, article, status)


def _states(table: Mapping[str, Any], where: str, key: str = "states") -> frozenset[str]:
    states = _list(table, key, where)
    for state in states:
        if state == "NVAL":
            raise CatalogueError(f"{where}: values that are not validated never leave")
        if state not in VALIDATION_STATES:
            raise CatalogueError(f"{where}: {state!r} is no validation state")
    return frozenset(states)


def _members(
    kind: type[_Member], table: Mapping[str, Any], key: str, where: str, *, may_be_empty: bool = False
) -> frozenset[_Member]:
    entries = _list(table, key, where, may_be_empty=may_be_empty)
    return frozenset(_member(kind, entry, where) for entry in entries)


def _member(kind: type[_Member], entry: object, where: str) -> _Member:
    for member in kind:
        if member.value == entry:
            return member
    raise CatalogueError(f"{where}: {entry!r} is no {kind.__name__}")


def _list(table: Mapping[str, Any], key: str, where: str, *, may_be_empty: bool = False) -> list[Any]:
    entries = table.get(key)
    if not isinstance(entries, list) or not (entries or may_be_empty):
        raise CatalogueError(f"{where}: {key} is not a list of at least one")
    if any(not isinstance(entry, str) for entry in entries) or len(set(entries)) < len(entries):
        raise CatalogueError(f"{where}: {key} holds something twice, or something other than text")
    return entries


def _number(table: Mapping[str, Any], key: str, least: int, most: int, where: str) -> int:
    number = table.get(key)
    if type(number) is not int or not least <= number <= most:
        raise CatalogueError(f"{where}: {key} is not a number from {least} to {most}")
    return number


def _text(table: Mapping[str, Any], key: str, where: str) -> str:
    text = table.get(key)
    if not isinstance(text, str) or not text.strip():
        raise CatalogueError(f"{where}: {key} is not a text")
    return text


def _refuse_unknown(table: Mapping[str, Any], known: frozenset[str] | set[str], where: str) -> None:
    unknown = sorted(set(table) - known)
    if unknown:
        raise CatalogueError(f"{where} has an unknown key {unknown[0]}")
