"""The kinds of clocks as data: `catalogue.toml`, read once and checked whole. A malformed one stops the start."""

from __future__ import annotations

import enum
import hashlib
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, TypeVar

from databeheer.clocks.terms import Term, Unit
from databeheer.errors import DatabeheerError

SHIPPED = Path(__file__).with_name("catalogue.toml")
MOST = 10_000
"""No term is of more units than this."""


class ClockCatalogueError(DatabeheerError):
    """The catalogue of clocks cannot be relied on; the message names the clock and what is wrong."""

    code = "malformed-catalogue"


class UnknownClockError(DatabeheerError):
    """There is no clock of this kind in the catalogue; nothing was started or met."""

    code = "unknown-clock"


class Actor(enum.StrEnum):
    """Who must act before a clock runs out, and whom a missed one counts against."""

    DATA_MANAGER = "data_manager"
    GRID_OPERATOR = "grid_operator"
    PARTY = "party"


class SourceStatus(enum.StrEnum):
    """How much a source binds."""

    ENACTED = "enacted"
    DRAFT = "draft"
    PRACTICE = "practice"
    """Of Fluvius, of a neighbouring country, of a report: followed here, binding nobody."""
    DESIGN = "design"
    """Ours, where no source says how long."""


@dataclass(frozen=True)
class Source:
    """Where it stands; `article` is a place in the act."""

    act: str
    version: str
    article: str
    status: SourceStatus


@dataclass(frozen=True)
class ClockKind:
    """One kind of clock.

    `about` says whose id a clock of it bears, as the member of the ledger's bodies that holds it. `given_by` names
    the setting that says how long it is in earnest, where the operator or another catalogue sets that; then `start`
    is given the due moment, and `term` is what it is unless set otherwise. `started_by`, `met_by` and `dropped_by`
    are the ledger's events that tell of it, by which anybody who may open them derives the clock anew; none where no
    process starts it yet. `settled_by` are events that tell of one that was started and met in the same turn.
    """

    kind: str
    requirements: tuple[str, ...]
    actor: Actor
    term: Term
    given_by: str
    about: str
    task_nl: str
    task_en: str
    from_nl: str
    from_en: str
    missed_nl: str
    missed_en: str
    started_by: tuple[str, ...]
    met_by: tuple[str, ...]
    dropped_by: tuple[str, ...]
    settled_by: tuple[str, ...]
    sources: tuple[Source, ...]

    @property
    def has_process(self) -> bool:
        """Whether anything starts it yet."""
        return bool(self.started_by or self.settled_by)


@dataclass(frozen=True)
class Clocks:
    """The whole catalogue; `version` names its bytes."""

    version: str
    kinds: tuple[ClockKind, ...]

    @cached_property
    def _by_name(self) -> Mapping[str, ClockKind]:
        return {kind.kind: kind for kind in self.kinds}

    def get(self, kind: str) -> ClockKind:
        """Return a kind; raises UnknownClockError."""
        found = self._by_name.get(kind)
        if found is None:
            raise UnknownClockError("there is no clock of this kind")
        return found


@lru_cache(maxsize=1)
def shipped() -> Clocks:
    """Return the catalogue of this release.

    Raises:
        ClockCatalogueError: anything at all is missing, unknown or of the wrong type.
    """
    return parse(SHIPPED.read_bytes())


def parse(content: bytes) -> Clocks:
    """Read a catalogue from the bytes of its file; raises ClockCatalogueError as `shipped` does."""
    try:
        table = tomllib.loads(content.decode())
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ClockCatalogueError("the catalogue of clocks is not TOML in UTF-8") from error
    _keys(table, {"version", "clock"}, "the catalogue of clocks")
    rows = table["clock"]
    if not isinstance(rows, list) or not rows:
        raise ClockCatalogueError("the catalogue has no clocks")
    kinds = tuple(_kind(row) for row in rows)
    if len({kind.kind for kind in kinds}) < len(kinds):
        raise ClockCatalogueError("two clocks of the catalogue have the same name")
    version = _text(table, "version", "the catalogue of clocks")
    return Clocks(f"{version}-{hashlib.sha256(content).hexdigest()[:12]}", kinds)


_KEYS = frozenset(ClockKind.__dataclass_fields__)
_NAME = re.compile(r"[a-z]+(_[a-z]+)*")
_EVENT = re.compile(r"[a-z_]+(\.[a-z_]+)+")
_REQUIREMENT = re.compile(r"R[1-9][0-9]{0,2}")
_Member = TypeVar("_Member", bound=enum.StrEnum)


def _kind(table: object) -> ClockKind:
    if not isinstance(table, dict):
        raise ClockCatalogueError("a clock of the catalogue is not a table")
    name = _name(table, "kind", "a clock of the catalogue")
    where = f"clock {name}"
    _keys({"settled_by": []} | table, _KEYS, where)
    kind = ClockKind(
        kind=name,
        requirements=_words(table, "requirements", _REQUIREMENT, where),
        actor=_member(Actor, table["actor"], where),
        term=_term(table["term"], where),
        given_by=_text(table, "given_by", where, may_be_empty=True),
        about=_name(table, "about", where),
        **{key: _text(table, key, where) for key in _TEXTS},
        started_by=_words(table, "started_by", _EVENT, where),
        met_by=_words(table, "met_by", _EVENT, where),
        dropped_by=_words(table, "dropped_by", _EVENT, where),
        settled_by=_words({"settled_by": []} | table, "settled_by", _EVENT, where),
        sources=_sources(table["sources"], where),
    )
    _check_sense(kind, where)
    return kind


_TEXTS = ("task_nl", "task_en", "from_nl", "from_en", "missed_nl", "missed_en")


def _check_sense(kind: ClockKind, where: str) -> None:
    if (kind.met_by and not kind.started_by) or (kind.started_by and not (kind.met_by or kind.settled_by)):
        raise ClockCatalogueError(f"{where}: what is started can be met, and the other way round")
    if kind.dropped_by and not kind.started_by:
        raise ClockCatalogueError(f"{where}: what nothing starts cannot be dropped")
    if set(kind.met_by) & set(kind.dropped_by):
        raise ClockCatalogueError(f"{where}: an event meets it or drops it, not both")
    if set(kind.settled_by) & {*kind.started_by, *kind.met_by, *kind.dropped_by}:
        raise ClockCatalogueError(f"{where}: what starts and meets it at once does nothing else to it")


def _term(entry: object, where: str) -> Term:
    if not isinstance(entry, dict):
        raise ClockCatalogueError(f"{where}: its term is not a table")
    _keys(entry, {"amount", "unit"}, f"the term of {where}")
    amount = entry["amount"]
    if type(amount) is not int or not 0 < amount <= MOST:
        raise ClockCatalogueError(f"{where}: amount is not a number from 1 to {MOST}")
    return Term(amount, _member(Unit, entry["unit"], where))


def _sources(entries: object, where: str) -> tuple[Source, ...]:
    if not isinstance(entries, list) or not entries:
        raise ClockCatalogueError(f"{where} cites nothing")
    return tuple(_source(entry, where) for entry in entries)


def _source(entry: object, where: str) -> Source:
    if not isinstance(entry, dict):
        raise ClockCatalogueError(f"{where}: a source is not a table")
    _keys(entry, frozenset(Source.__dataclass_fields__), where)
    act, version, article = (_text(entry, key, where) for key in ("act", "version", "article"))
    return Source(act, version, article, _member(SourceStatus, entry["status"], where))


def _keys(table: Mapping[str, Any], known: frozenset[str] | set[str], where: str) -> None:
    if missing := sorted(known - set(table)):
        raise ClockCatalogueError(f"{where} lacks {missing[0]}")
    if unknown := sorted(set(table) - known):
        raise ClockCatalogueError(f"{where} has an unknown key {unknown[0]}")


def _member(kind: type[_Member], entry: object, where: str) -> _Member:
    for member in kind:
        if member.value == entry:
            return member
    raise ClockCatalogueError(f"{where}: {entry!r} is no {kind.__name__}")


def _words(table: Mapping[str, Any], key: str, form: re.Pattern[str], where: str) -> tuple[str, ...]:
    words = table[key]
    if not isinstance(words, list) or any(
        not isinstance(one, str) or not form.fullmatch(one) for one in words
    ):
        raise ClockCatalogueError(f"{where}: {key} holds something that is none")
    if len(set(words)) < len(words):
        raise ClockCatalogueError(f"{where}: {key} holds something twice")
    return tuple(words)


def _name(table: Mapping[str, Any], key: str, where: str) -> str:
    name = _text(table, key, where)
    if not _NAME.fullmatch(name) or len(name) > 40:
        raise ClockCatalogueError(f"{where}: {key} is lower-case words with _ between them")
    return name


def _text(table: Mapping[str, Any], key: str, where: str, *, may_be_empty: bool = False) -> str:
    text = table.get(key)
    if not isinstance(text, str) or not (text.strip() or (may_be_empty and text == "")):
        raise ClockCatalogueError(f"{where}: {key} is not a text")
    return text
