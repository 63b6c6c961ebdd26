"""The rules and methods as data: `catalogue.toml`, read once and checked whole. A malformed one stops the start."""

from __future__ import annotations

import enum
import hashlib
import re
import string
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from databeheer.metering.states import MeteringError
from databeheer.metering.validation.reasons import Reason
from databeheer.metering.validation.rules import RULES

SHIPPED = Path(__file__).with_name("catalogue.toml")
LARGEST_PARAMETER = 1_000_000


class ValidationCatalogueError(MeteringError):
    """The catalogue of validation cannot be relied on; the message names the rule and what is wrong."""

    code = "malformed-catalogue"


class Severity(enum.StrEnum):
    """What a finding does: see the head of `catalogue.toml`."""

    REFUSED = "refused"
    INVALID = "invalid"
    DOUBTFUL = "doubtful"
    NOTICE = "notice"


@dataclass(frozen=True)
class RuleEntry:
    """A rule as published; `needs` names the members of `Block` without which it judges nothing."""

    reason: Reason
    severity: Severity
    settled_by_register: bool
    judges: str
    needs: str
    title_nl: str
    title_en: str
    says_nl: str
    says_en: str
    requirements: tuple[str, ...]
    parameters: Mapping[str, int]

    def sentence(self, language: str) -> str:
        """Return what it says, in `nl` or `en`, with its parameters filled in."""
        return (self.says_nl if language == "nl" else self.says_en).format_map(
            spelled(self.parameters, language)
        )


@dataclass(frozen=True)
class MethodEntry:
    """A method of substitution as published."""

    reason: Reason
    title_nl: str
    title_en: str
    says_nl: str
    says_en: str


@dataclass(frozen=True)
class Estimation:
    """When a gap is short, and what like days are."""

    gap_hours: int
    like_weeks: int
    least_like_days: int


@dataclass(frozen=True)
class Catalogue:
    """The whole catalogue; `version` names its bytes, and stands in the report of each batch."""

    version: str
    rules: tuple[RuleEntry, ...]
    methods: tuple[MethodEntry, ...]
    estimation: Estimation

    @cached_property
    def _by_reason(self) -> Mapping[Reason, RuleEntry]:
        return {entry.reason: entry for entry in self.rules}

    def get(self, reason: Reason) -> RuleEntry:
        """Return the entry of a rule."""
        return self._by_reason[reason]

    def of_severity(self, severity: Severity) -> tuple[RuleEntry, ...]:
        """Return the rules of one severity, in the order of the catalogue."""
        return tuple(entry for entry in self.rules if entry.severity is severity)

    def method_sentence(self, entry: MethodEntry, language: str) -> str:
        """Return what a method says, in `nl` or `en`."""
        text = entry.says_nl if language == "nl" else entry.says_en
        return text.format_map(spelled(vars(self.estimation), language))


def spelled(parameters: Mapping[str, int], language: str) -> dict[str, str]:
    """Write numbers as a language does: `400.000` in Dutch, `400,000` in English."""
    point = "." if language == "nl" else ","
    return {name: f"{value:,}".replace(",", point) for name, value in parameters.items()}


@lru_cache(maxsize=1)
def shipped() -> Catalogue:
    """Return the catalogue of this release.

    Raises:
        ValidationCatalogueError: anything is missing, unknown or of the wrong type, or a rule of the code has
            no entry.
    """
    return parse(SHIPPED.read_bytes())


def parse(content: bytes) -> Catalogue:
    """Read a catalogue from the bytes of its file; raises ValidationCatalogueError as `shipped` does."""
    try:
        table = tomllib.loads(content.decode())
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ValidationCatalogueError("the catalogue of validation is not TOML in UTF-8") from error
    _keys(table, {"version", "estimation", "rule", "method"}, "the catalogue of validation")
    rules = tuple(_rule(row) for row in _tables(table, "rule"))
    methods = tuple(_method(row) for row in _tables(table, "method"))
    _require_all({rule.reason for rule in RULES}, [entry.reason for entry in rules], "rule")
    _require_all({reason for reason in Reason if reason >= 32}, [one.reason for one in methods], "method")
    version = _text(table, "version", "the catalogue of validation")
    catalogue = Catalogue(
        f"{version}-{hashlib.sha256(content).hexdigest()[:12]}",
        rules,
        methods,
        _estimation(table["estimation"]),
    )
    for method in methods:
        _require_fields(method.says_nl + method.says_en, vars(catalogue.estimation), method.reason.slug)
    return catalogue


_PARAMETERS = {rule.reason: rule.parameters for rule in RULES}
_REQUIREMENT = re.compile(r"R[1-9][0-9]{0,2}")
_TEXTS = ("title_nl", "title_en", "says_nl", "says_en")


def _rule(table: Mapping[str, Any]) -> RuleEntry:
    reason = _reason(table)
    where = f"rule {reason.slug}"
    _keys(table, frozenset(RuleEntry.__dataclass_fields__), where)
    if reason not in _PARAMETERS:
        raise ValidationCatalogueError(f"{where}: no rule of the code finds it")
    entry = RuleEntry(
        reason=reason,
        severity=_severity(table, where),
        settled_by_register=_boolean(table, "settled_by_register", where),
        judges=_text(table, "judges", where),
        needs=_text(table, "needs", where, may_be_empty=True),
        requirements=_requirements(table["requirements"], where),
        parameters=_parameters(table["parameters"], _PARAMETERS[reason], where),
        **{name: _text(table, name, where) for name in _TEXTS},
    )
    if entry.judges not in ("value", "profile"):
        raise ValidationCatalogueError(f"{where}: judges is value or profile")
    if entry.settled_by_register and entry.severity is not Severity.DOUBTFUL:
        raise ValidationCatalogueError(f"{where}: the register settles doubts only")
    _require_fields(entry.says_nl + entry.says_en, entry.parameters, where)
    return entry


def _method(table: Mapping[str, Any]) -> MethodEntry:
    reason = _reason(table)
    where = f"method {reason.slug}"
    _keys(table, frozenset(MethodEntry.__dataclass_fields__), where)
    return MethodEntry(reason=reason, **{name: _text(table, name, where) for name in _TEXTS})


def _estimation(table: object) -> Estimation:
    where = "the estimation"
    if not isinstance(table, dict):
        raise ValidationCatalogueError(f"{where} is not a table")
    names = frozenset(Estimation.__dataclass_fields__)
    _keys(table, names, where)
    return Estimation(**_parameters(table, names, where))


def _reason(table: Mapping[str, Any]) -> Reason:
    name = table.get("reason")
    found = [reason for reason in Reason if reason.slug == name]
    if not found:
        raise ValidationCatalogueError("an entry of the catalogue has a reason that is none")
    return found[0]


def _severity(table: Mapping[str, Any], where: str) -> Severity:
    try:
        return Severity(table["severity"])
    except ValueError as error:
        raise ValidationCatalogueError(f"{where}: severity is none of those that exist") from error


def _parameters(entry: object, names: frozenset[str], where: str) -> dict[str, int]:
    if not isinstance(entry, dict):
        raise ValidationCatalogueError(f"{where}: its parameters are not a table")
    _keys(entry, names, where)
    for name, value in entry.items():
        if type(value) is not int or not 0 < value <= LARGEST_PARAMETER:
            raise ValidationCatalogueError(f"{where}: {name} is not a number from 1 to {LARGEST_PARAMETER}")
    return dict(entry)


def _requirements(entry: object, where: str) -> tuple[str, ...]:
    if not isinstance(entry, list) or not entry:
        raise ValidationCatalogueError(f"{where} serves no requirement")
    if any(not isinstance(one, str) or not _REQUIREMENT.fullmatch(one) for one in entry):
        raise ValidationCatalogueError(f"{where}: requirements holds something that is none")
    return tuple(entry)


def _tables(table: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
    entries = table[key]
    if not isinstance(entries, list) or any(not isinstance(entry, dict) for entry in entries):
        raise ValidationCatalogueError(f"{key} is not a list of tables")
    return entries


def _require_all(expected: set[Reason], found: list[Reason], kind: str) -> None:
    if len(set(found)) < len(found):
        raise ValidationCatalogueError(f"a {kind} stands twice in the catalogue")
    if missing := sorted(expected - set(found)):
        raise ValidationCatalogueError(f"the catalogue lacks the {kind} {missing[0].slug}")
    if unknown := sorted(set(found) - expected):
        raise ValidationCatalogueError(f"{unknown[0].slug} is no {kind}")


def _require_fields(text: str, parameters: Mapping[str, int], where: str) -> None:
    """Refuse a sentence that names a parameter that is not there: it would fail only when it is shown."""
    try:
        named = {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}
    except ValueError as error:
        raise ValidationCatalogueError(f"{where}: a brace in its sentences is not closed") from error
    if unknown := sorted(named - parameters.keys()):
        raise ValidationCatalogueError(f"{where}: its sentence names {unknown[0]}, which is no parameter")


def _keys(table: Mapping[str, Any], known: frozenset[str] | set[str], where: str) -> None:
    if missing := sorted(known - set(table)):
        raise ValidationCatalogueError(f"{where} lacks {missing[0]}")
    if unknown := sorted(set(table) - known):
        raise ValidationCatalogueError(f"{where} has an unknown key {unknown[0]}")


def _boolean(table: Mapping[str, Any], key: str, where: str) -> bool:
    found = table[key]
    if not isinstance(found, bool):
        raise ValidationCatalogueError(f"{where}: {key} is not true or false")
    return found


def _text(table: Mapping[str, Any], key: str, where: str, *, may_be_empty: bool = False) -> str:
    text = table.get(key)
    if not isinstance(text, str) or not (text.strip() or (may_be_empty and text == "")):
        raise ValidationCatalogueError(f"{where}: {key} is not a text")
    return text
