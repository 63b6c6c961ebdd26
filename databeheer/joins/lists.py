"""Read a list of lawful joins: TOML, checked whole. A list with one wrong line is no list.

What it says counts only under the regulator's signature (`signature.py`).
"""

from __future__ import annotations

import enum
import hashlib
import re
import tomllib
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

from databeheer.access.bases import Citation, CitationStatus
from databeheer.errors import MalformedRequestError
from databeheer.joins.cases import Domain, JoinCase, JoinList, JoinListError, JoinPurpose, Scope, Shape
from databeheer.statistics.rules import LARGEST_SHARE_PERCENT, SMALLEST_CELL
from databeheer.statistics.table import COLUMNS
from databeheer.values import NO_PARTY_ROLES, Direction, Granularity, Role, parse_day

SHIPPED = Path(__file__).with_name("lawful_joins.toml")
LARGEST = 256 * 1024
FORMAT = 1
_COLUMNS = {
    Shape.POINTS: ("pseudonym", "commodity", "direction", "unit", "month", "value", "missing"),
    Shape.AGGREGATE: ("commodity", "direction", "unit", "month", "points", "value"),
    Shape.TABLE: COLUMNS,
}
_GRANULARITY = {
    Shape.POINTS: Granularity.MONTH,
    Shape.AGGREGATE: Granularity.MONTH,
    Shape.TABLE: Granularity.HOUR,
}
MOST_OF_ONE_ENTRY = 30_000
"""Points of a case that is one entry; a table has an entry for each batch of points."""
_ANONYMOUS = {JoinPurpose.STATISTICS, JoinPurpose.RESEARCH}
_CASE_KEYS = frozenset(JoinCase.__dataclass_fields__)
_CITATION_KEYS = frozenset(Citation.__dataclass_fields__)
_ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_Member = TypeVar("_Member", bound=enum.StrEnum)


def parse(content: bytes) -> JoinList:
    """Read a list from the bytes of its file.

    Raises:
        JoinListError: anything at all is missing, unknown, of the wrong type, or more than the law gives.
    """
    if len(content) > LARGEST:
        raise JoinListError("the list of lawful joins is too long")
    try:
        table = tomllib.loads(content.decode())
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise JoinListError("the list of lawful joins is not TOML in UTF-8") from error
    require_keys(table, {"format", "version", "issued", "publisher", "case"}, "the list")
    if read_number(table, "format", "the list", 1, 1 << 15) != FORMAT:
        raise JoinListError("the list of lawful joins is of another format than 1")
    rows = table["case"]
    if not isinstance(rows, list) or not rows:
        raise JoinListError("the list has no cases")
    cases = tuple(read_case(row) for row in rows)
    if len({case.id for case in cases}) < len(cases):
        raise JoinListError("two cases of the list have the same id")
    return JoinList(
        version=read_number(table, "version", "the list", 1, 1 << 31),
        issued=read_day(table, "issued", "the list"),
        publisher=read_text(table, "publisher", "the list"),
        cases=cases,
        sha256=hashlib.sha256(content).digest(),
    )


def read_case(table: object, ids: re.Pattern[str] = _ID) -> JoinCase:
    """Read one case, whose id is in the form of `ids`.

    Raises:
        JoinListError: anything at all is missing, unknown, of the wrong type, or more than the law gives.
    """
    if not isinstance(table, dict):
        raise JoinListError("a case of the list is not a table")
    case_id = read_text(table, "id", "a case of the list")
    where = f"case {case_id}"
    if not ids.fullmatch(case_id) or len(case_id) > 60:
        raise JoinListError(f"{where}: an id is lower-case words and hyphens")
    require_keys(table, _CASE_KEYS, where)
    case = JoinCase(
        id=case_id,
        title_nl=read_text(table, "title_nl", where),
        title_en=read_text(table, "title_en", where),
        sentence_nl=read_text(table, "sentence_nl", where),
        sentence_en=read_text(table, "sentence_en", where),
        citations=_citations(table, where),
        from_domain=_member(Domain, table["from_domain"], where),
        to_domain=_member(Domain, table["to_domain"], where),
        purpose=_member(JoinPurpose, table["purpose"], where),
        roles=_members(Role, table, "roles", where),
        basis=read_text(table, "basis", where, may_be_empty=True),
        shape=_member(Shape, table["shape"], where),
        scope=_member(Scope, table["scope"], where),
        columns=tuple(_words(table, "columns", where)),
        granularity=_member(Granularity, table["granularity"], where),
        directions=_members(Direction, table, "directions", where),
        min_points=read_number(table, "min_points", where, 1, 100_000),
        max_points=read_number(table, "max_points", where, 1, 20_000_000),
        max_months=read_number(table, "max_months", where, 1, 36),
        max_share_percent=read_number(table, "max_share_percent", where, 1, 100),
        approvals=read_number(table, "approvals", where, 1, 5),
        retention_days=read_number(table, "retention_days", where, 1, 36_500),
    )
    _check_sense(case, where)
    return case


def _check_sense(case: JoinCase, where: str) -> None:
    """Refuse what no list may say, whoever signed it."""
    if case.min_points > case.max_points:
        raise JoinListError(f"{where}: it asks for more points than it allows")
    if case.granularity is not _GRANULARITY[case.shape]:
        raise JoinListError(f"{where}: this gate gives month totals, and hours in a table only")
    if case.shape is not Shape.TABLE and case.max_points > MOST_OF_ONE_ENTRY:
        raise JoinListError(f"{where}: one entry speaks of at most {MOST_OF_ONE_ENTRY} points")
    if case.columns != _COLUMNS[case.shape]:
        raise JoinListError(f"{where}: what leaves is not what this shape gives")
    if not NO_PARTY_ROLES.isdisjoint(case.roles):
        raise JoinListError(f"{where}: joins are for parties with a task")
    # Research and statistics get anonymous data only: pseudonymised is not anonymised (4.1.8/2, 9°; R11).
    if case.purpose in _ANONYMOUS and case.shape is Shape.POINTS:
        raise JoinListError(f"{where}: {case.purpose} gets aggregates only, no pseudonymised rows")
    if case.shape is not Shape.POINTS:
        if case.min_points < SMALLEST_CELL:
            raise JoinListError(f"{where}: an aggregate is over at least {SMALLEST_CELL} points")
        # Whoever chooses the points of two sums gets one point by subtraction.
        if case.scope is not Scope.AREA:
            raise JoinListError(f"{where}: an aggregate is of a whole area, not of chosen points")
        if case.basis:
            raise JoinListError(f"{where}: an aggregate gives nothing of one person, so it names no basis")
        if case.shape is Shape.TABLE and case.max_share_percent > LARGEST_SHARE_PERCENT:
            raise JoinListError(f"{where}: what everybody sees has no share above {LARGEST_SHARE_PERCENT} %")
        if case.shape is Shape.TABLE and case.purpose not in _ANONYMOUS:
            raise JoinListError(f"{where}: what everybody sees is for statistics and research")
    elif not case.basis:
        raise JoinListError(f"{where}: rows of single points need a row of the catalogue of legal bases")


def _citations(table: Mapping[str, Any], where: str) -> tuple[Citation, ...]:
    entries = table["citations"]
    if not isinstance(entries, list) or not entries:
        raise JoinListError(f"{where} cites no article")
    return tuple(read_citation(entry, where) for entry in entries)


def read_citation(entry: object, where: str) -> Citation:
    if not isinstance(entry, dict):
        raise JoinListError(f"{where}: a citation is not a table")
    require_keys(entry, _CITATION_KEYS, where)
    act, version, article = (read_text(entry, key, where) for key in ("act", "version", "article"))
    return Citation(act, version, article, _member(CitationStatus, entry["status"], where))


def require_keys(table: Mapping[str, Any], known: frozenset[str] | set[str], where: str) -> None:
    if missing := sorted(known - set(table)):
        raise JoinListError(f"{where} lacks {missing[0]}")
    if unknown := sorted(set(table) - known):
        raise JoinListError(f"{where} has an unknown key {unknown[0]}")


def _members(kind: type[_Member], table: Mapping[str, Any], key: str, where: str) -> frozenset[_Member]:
    return frozenset(_member(kind, word, where) for word in _words(table, key, where))


def _member(kind: type[_Member], entry: object, where: str) -> _Member:
    for member in kind:
        if member.value == entry:
            return member
    raise JoinListError(f"{where}: {entry!r} is no {kind.__name__}")


def _words(table: Mapping[str, Any], key: str, where: str) -> list[str]:
    words = table[key]
    if not isinstance(words, list) or not words or any(not isinstance(word, str) for word in words):
        raise JoinListError(f"{where}: {key} is not a list of words")
    if len(set(words)) < len(words):
        raise JoinListError(f"{where}: {key} holds something twice")
    return words


def read_text(table: Mapping[str, Any], key: str, where: str, *, may_be_empty: bool = False) -> str:
    text = table.get(key)
    if not isinstance(text, str) or not (text.strip() or (may_be_empty and text == "")):
        raise JoinListError(f"{where}: {key} is not a text")
    return text


def read_number(table: Mapping[str, Any], key: str, where: str, least: int, most: int) -> int:
    number = table.get(key)
    if type(number) is not int or not least <= number <= most:
        raise JoinListError(f"{where}: {key} is not a number from {least} to {most}")
    return number


def read_day(table: Mapping[str, Any], key: str, where: str) -> date:
    try:
        return parse_day(read_text(table, key, where))
    except MalformedRequestError as error:
        raise JoinListError(f"{where}: {key} is not a day") from error
