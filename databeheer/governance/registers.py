"""The registers as data: `registers.toml`, read once and checked whole. A malformed one stops the start."""

from __future__ import annotations

import enum
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from databeheer import clocks
from databeheer.errors import DatabeheerError, NotFoundError
from databeheer.governance.labels import Label
from databeheer.staff import roles

SHIPPED = Path(__file__).with_name("registers.toml")
_NAME = re.compile("[a-z][a-z0-9_]{1,39}")


class RegistersError(DatabeheerError):
    """The registers cannot be relied on; the message names the register and what is wrong."""

    code = "malformed-catalogue"


class FieldKind(enum.StrEnum):
    """What a field holds; `registers.toml` says it of each."""

    TEXT = "text"
    LONG = "long"
    DAY = "day"
    INSTANT = "instant"
    NUMBER = "number"
    FLAG = "flag"
    YES = "yes"
    CHOICE = "choice"
    SHA256 = "sha256"
    COUNTRY = "country"
    RECORD = "record"
    RECORDS = "records"
    UUID = "uuid"
    EANS = "eans"


@dataclass(frozen=True)
class Field:
    """One thing that a version says. `most`: signs of a text, or the largest number; `of`: the register named."""

    name: str
    kind: FieldKind
    nl: str
    is_optional: bool
    past: bool
    future: bool
    after: str
    of: str
    or_closed: bool
    least: int
    most: int
    within_months: int
    choices: Mapping[str, str]


@dataclass(frozen=True)
class Register:
    """One register. `clock` is the kind of clock that a version starts anew, from the day in the field `from_field`."""

    code: str
    nl: str
    en: str
    requirements: tuple[str, ...]
    label: Label
    topic: str
    second: bool
    about: str
    within: str
    clock: str
    from_field: str
    outcomes: Mapping[str, str]
    fields: tuple[Field, ...]

    @property
    def writers(self) -> frozenset[str]:
        """The roles of staff that write in it, and decide as the second person."""
        return roles.load().writing(self.topic)

    @property
    def readers(self) -> frozenset[str]:
        """The roles of staff that read it."""
        return roles.load().reading(self.topic)

    @property
    def label_nl(self) -> str:
        """Its label, with who may have it."""
        return self.label.nl_for(roles.load().named(self.readers))

    @property
    def readers_nl(self) -> str:
        """Who may have it, in Dutch."""
        return self.label.readers_nl(roles.load().named(self.readers))

    @property
    def counts_by(self) -> str:
        """The event from which a version counts."""
        return f"{self.code}.approved" if self.second else f"{self.code}.written"

    def field(self, name: str) -> Field:
        """Return a field by its name."""
        return next(one for one in self.fields if one.name == name)


@dataclass(frozen=True)
class Registers:
    """All of them, by code, in the order of the file."""

    version: str
    by_code: Mapping[str, Register]

    def get(self, code: str) -> Register:
        """Return a register; raises NotFoundError where there is none of that code."""
        found = self.by_code.get(code)
        if found is None:
            raise NotFoundError("there is no such register")
        return found

    def inside(self, code: str) -> tuple[Register, ...]:
        """The registers whose records belong to one of this register."""
        return tuple(one for one in self.by_code.values() if one.within == code)


@cache
def shipped() -> Registers:
    """Return the registers of this version.

    Raises:
        RegistersError: the file is malformed.
    """
    return load(SHIPPED.read_text(encoding="utf-8"))


def load(content: str) -> Registers:
    """Read registers and check them whole: names, kinds, what names another register, clock or field.

    Raises:
        RegistersError: the message names the register.
    """
    try:
        table = tomllib.loads(content)
    except tomllib.TOMLDecodeError as error:
        raise RegistersError(f"registers: {error}") from error
    found: dict[str, Register] = {}
    for members in table.get("register", ()):
        code = str(members.get("code", ""))
        try:
            one = _register(members)
        except (KeyError, TypeError, ValueError) as error:
            raise RegistersError(f"{code or 'a register'}: {error!r}") from error
        if code in found:
            raise RegistersError(f"{code}: twice")
        found[code] = one
    for one in found.values():
        _check(one, found)
    return Registers(str(table.get("version", "")), found)


def _register(members: dict[str, Any]) -> Register:
    known = {
        "code",
        "nl",
        "en",
        "requirements",
        "label",
        "topic",
        "second",
        "about",
        "within",
        "clock",
        "from",
    }
    if unknown := members.keys() - known - {"outcomes", "fields"}:
        raise ValueError(f"unknown: {sorted(unknown)}")
    return Register(
        code=members["code"],
        nl=members["nl"],
        en=members["en"],
        requirements=tuple(members["requirements"]),
        label=Label(members["label"]),
        topic=members["topic"],
        second=members.get("second", False),
        about=members["about"],
        within=members.get("within", ""),
        clock=members.get("clock", ""),
        from_field=members.get("from", ""),
        outcomes=members.get("outcomes", {}),
        fields=tuple(_field(one) for one in members["fields"]),
    )


def _field(members: dict[str, Any]) -> Field:
    known = {
        "name",
        "kind",
        "nl",
        "optional",
        "past",
        "future",
        "after",
        "of",
        "closed",
        "least",
        "most",
        "within_months",
    }
    if unknown := members.keys() - known - {"choices"}:
        raise ValueError(f"{members.get('name')}: unknown: {sorted(unknown)}")
    kind = FieldKind(members["kind"])
    longest = {FieldKind.TEXT: 200, FieldKind.LONG: 4000}.get(kind, 0)
    return Field(
        name=members["name"],
        kind=kind,
        nl=members["nl"],
        is_optional=members.get("optional", False),
        past=members.get("past", False),
        future=members.get("future", False),
        after=members.get("after", ""),
        of=members.get("of", ""),
        or_closed=members.get("closed", False),
        least=members.get("least", 0),
        most=members.get("most", longest),
        within_months=members.get("within_months", 0),
        choices=members.get("choices", {}),
    )


def _check(one: Register, all_: Mapping[str, Register]) -> None:
    names = [each.name for each in one.fields]
    wrong = [
        not _NAME.fullmatch(one.code),
        one.topic not in roles.load().topics or not one.requirements or not one.fields,
        one.about not in ("house", "party", "either"),
        bool(one.within) and one.within not in all_,
        len(set(names)) != len(names) or not all(_NAME.fullmatch(name) for name in names),
        bool(one.clock) is not bool(one.from_field),
        bool(one.from_field) and one.from_field not in names,
    ]
    if any(wrong):
        raise RegistersError(f"{one.code}: its {_ASPECTS[wrong.index(True)]} cannot be")
    if one.clock:
        clocks.shipped().get(one.clock)
    for each in one.fields:
        refers = each.kind in (FieldKind.RECORD, FieldKind.RECORDS)
        if (
            refers is not bool(each.of)
            or (each.of and each.of not in all_)
            or (each.kind is FieldKind.CHOICE) is not bool(each.choices)
            or (each.after and each.after not in names)
        ):
            raise RegistersError(f"{one.code}: {each.name} cannot be")


_ASPECTS = ("code", "topic, requirements or fields", "about", "within", "names of fields", "clock", "from")
