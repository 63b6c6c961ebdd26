"""The roles of staff: `roles.toml`, read once and checked whole. A malformed one stops the start (R155, R162, R168)."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

from databeheer.errors import DatabeheerError
from databeheer.staff.cases import KINDS

SHIPPED = Path(__file__).with_name("roles.toml")
_ROLE = {"code", "name", "task", "reads", "writes", "incompatible"}
_MORE = {"longest_days", "opens"}


class RolesError(DatabeheerError):
    """The list of roles cannot be relied on; the message names the role and what is wrong."""

    code = "malformed-catalogue"


@dataclass(frozen=True)
class StaffRole:
    """One role. `name` and `task` are Dutch; `longest`: given for a period only, no longer than this (R157).

    `opens`: the kinds of case that it opens by an EAN code, without anybody having been identified.
    """

    code: str
    name: str
    task: str
    reads: frozenset[str]
    writes: frozenset[str]
    incompatible: frozenset[str]
    longest: timedelta | None = None
    opens: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Roles:
    """All roles, by code, and the topics that they open, in Dutch."""

    version: str
    topics: Mapping[str, str]
    by_code: Mapping[str, StaffRole]

    def named(self, codes: Iterable[str]) -> list[str]:
        """The Dutch names of these roles."""
        return [self.by_code[code].name for code in codes]

    def reading(self, topic: str) -> frozenset[str]:
        """Which roles may look at a topic; raises KeyError for an unknown one."""
        self.topics[topic]
        return frozenset(role.code for role in self.by_code.values() if topic in role.reads)

    def writing(self, topic: str) -> frozenset[str]:
        """Which roles, given to write, may change what a topic holds; raises KeyError for an unknown one."""
        self.topics[topic]
        return frozenset(role.code for role in self.by_code.values() if topic in role.writes)

    def opening(self, kind: str) -> frozenset[str]:
        """Which roles open a case of a kind by an EAN code, without anybody having been identified."""
        return frozenset(role.code for role in self.by_code.values() if kind in role.opens)

    def conflicts(self, code: str, held: Iterable[str]) -> list[str]:
        """Which of the roles that somebody holds go not together with another, in order."""
        return sorted(self.by_code[code].incompatible & set(held))


@cache
def load(path: Path = SHIPPED) -> Roles:
    """Read and check the roles, once in the life of a process; raises RolesError."""
    return parse(path.read_bytes())


def parse(content: bytes) -> Roles:
    """Read the roles from the bytes of their file.

    Raises:
        RolesError: something is missing, unknown or of the wrong type; a role that is incompatible one way only.
    """
    try:
        table = tomllib.loads(content.decode())
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise RolesError("the roles of staff are not TOML in UTF-8") from error
    if set(table) != {"version", "topics", "role"} or not isinstance(table["role"], list):
        raise RolesError("the roles of staff have version, topics and role")
    topics = table["topics"]
    if not isinstance(topics, dict) or not all(isinstance(one, str) and one for one in topics.values()):
        raise RolesError("topics: each has its words")
    roles = [_role(one, frozenset(topics)) for one in table["role"]]
    by_code = {one.code: one for one in roles}
    if len(by_code) != len(roles):
        raise RolesError("a role stands there twice")
    for one in roles:
        for other in one.incompatible:
            if other not in by_code or one.code not in by_code[other].incompatible:
                raise RolesError(f"{one.code}: incompatible with {other}, and not the other way round")
    return Roles(_text(table, "version", "the roles"), topics, by_code)


def _role(one: Any, topics: frozenset[str]) -> StaffRole:
    if not isinstance(one, dict) or not _ROLE <= set(one) <= _ROLE | _MORE:
        raise RolesError(f"a role has {', '.join(sorted(_ROLE))}, and may have {', '.join(sorted(_MORE))}")
    code = _text(one, "code", "a role")
    reads, writes = _codes(one, "reads", code), _codes(one, "writes", code)
    if not reads <= topics or not writes <= reads:
        raise RolesError(f"{code}: a topic that there is not, or written without being read")
    incompatible = _codes(one, "incompatible", code)
    if code in incompatible:
        raise RolesError(f"{code}: incompatible with itself")
    opens = _codes(one, "opens", code) if "opens" in one else frozenset()
    if not opens <= set(KINDS) or (opens and not {"people", "cases"} <= reads):
        raise RolesError(f"{code}: opens a kind of case that there is not, or that it may not look at")
    days = one.get("longest_days")
    if days is not None and (type(days) is not int or not 0 < days <= 366):
        raise RolesError(f"{code}: longest_days is a number of days, of a year at most")
    longest = None if days is None else timedelta(days=days)
    return StaffRole(
        code, _text(one, "name", code), _text(one, "task", code), reads, writes, incompatible, longest, opens
    )


def _text(table: dict[str, Any], name: str, where: str) -> str:
    value = table[name]
    if not isinstance(value, str) or not value.strip():
        raise RolesError(f"{where}: {name} is a text")
    return value


def _codes(table: dict[str, Any], name: str, where: str) -> frozenset[str]:
    value = table[name]
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise RolesError(f"{where}: {name} is a list of codes")
    if len(set(value)) != len(value):
        raise RolesError(f"{where}: {name} names one twice")
    return frozenset(value)
