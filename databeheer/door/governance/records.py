"""Records at the door: sealed, recorded, and with their clocks; the same for every register."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from databeheer import clocks
from databeheer.brussels import midnight
from databeheer.door.house import House
from databeheer.door.names import open_text, seal_text
from databeheer.door.staff.asking import Doer, staff_name
from databeheer.door.statement import Record, Statement
from databeheer.door.turn import Turn
from databeheer.errors import ConflictError, NotFoundError
from databeheer.governance import keeping, titles
from databeheer.governance.keeping import APPROVED
from databeheer.governance.registers import FieldKind, Register, shipped
from databeheer.staff import accounts
from databeheer.values import parse_day

ORGANISATION = UUID(int=1)
"""Whose clocks those are that run once for the whole house."""
OF_ORGANISATION = "organisation"


@dataclass(frozen=True)
class By:
    """Who wrote or decided: `employee` is one person, by whatever account or key; `account` of who was logged in, else
    `number`, the employee number that was given under the operator's key.
    """

    employee: str
    account: str
    number: str

    @classmethod
    def of(cls, doer: Doer, number: str | None) -> By:
        """Say of somebody who acts now what a record keeps of him."""
        return cls(doer.employee.hex(), str(doer.account_id or ""), number or "")

    def is_same(self, other: By) -> bool:
        """Whether both may be one person; who came in another way may be."""
        return self.employee == other.employee or bool(self.account) is not bool(other.account)

    def shown(self, house: House, connection: Connection) -> str:
        """His name, as people read it."""
        if not self.account:
            return f"personeelsnummer {self.number}"
        return staff_name(house, accounts.by_id(connection, UUID(self.account)))


@dataclass(frozen=True)
class Version:
    """One version, opened. `outcome`: approved (it counts), refused, or None while it waits for a second person."""

    number: int
    said: dict[str, Any]
    by: By
    at: datetime
    index: int
    outcome: str | None
    decided_by: By | None
    decided_at: datetime | None
    reason: str


@dataclass(frozen=True)
class Opened:
    """A record with its versions, oldest first."""

    record_id: UUID
    register: Register
    number: int
    party_id: UUID | None
    party_name: str
    within: UUID | None
    opened_at: datetime
    outcome: str | None
    closed_at: datetime | None
    closed_by: By | None
    closing: str
    versions: tuple[Version, ...]

    @property
    def name(self) -> str:
        """How people name it."""
        return f"{self.register.code}-{self.number}"

    @property
    def title(self) -> str:
        """What it is in words: as it counts, else as it was written last."""
        said = self.says or (self.versions[-1].said if self.versions else {})
        return titles.words_of(self.register, said)

    @property
    def counting(self) -> Version | None:
        """The newest version that counts."""
        return next((one for one in reversed(self.versions) if one.outcome == APPROVED), None)

    @property
    def waiting(self) -> Version | None:
        """The version that waits for a second person."""
        return next((one for one in self.versions if one.outcome is None), None)

    @property
    def says(self) -> dict[str, Any]:
        """What it says, as it counts."""
        return self.counting.said if self.counting else {}

    @property
    def is_in_force(self) -> bool:
        return self.counting is not None and self.closed_at is None


@dataclass(frozen=True)
class Act:
    """Something that is done with a record in this turn: what rules judge, and act upon."""

    house: House
    turn: Turn
    register: Register
    record_id: UUID
    party_id: UUID | None
    within: UUID | None
    doer: Doer
    by: By
    said: dict[str, Any]
    before: Opened | None = None
    outcome: str = ""
    extra: dict[str, str] = field(default_factory=dict)
    """What its entry says besides: whose clock it moved."""
    concerned: list[Any] = field(default_factory=list)
    """The stays of the people whom it is told to."""

    @property
    def counted_before(self) -> bool:
        """Whether a version of it counted before this one."""
        return self.before is not None and self.before.counting is not None

    def opened(self, record_id: str | UUID | None) -> Opened:
        """Return another record."""
        return opened(self.house, self.turn.connection, record_id)

    def parent(self) -> Opened:
        """Return the record that this one is in."""
        return self.opened(self.within)

    def inside(self, record_id: UUID | None, register: str) -> Sequence[Opened]:
        """Return the records of a register that are in a record."""
        return listed(self.house, self.turn.connection, [register], within=record_id)

    def alike(self) -> Iterator[Opened]:
        """The other records of its register that count and are not closed."""
        for one in listed(self.house, self.turn.connection, [self.register.code]):
            if one.is_in_force and one.record_id != self.record_id:
                yield one


def opened(house: House, connection: Connection, record_id: str | UUID | None) -> Opened:
    """Return a record with all its versions.

    Raises:
        NotFoundError: there is none of that id.
    """
    row = keeping.find(connection, UUID(str(record_id))) if record_id is not None else None
    if row is None:
        raise NotFoundError("there is no such record")
    return _open(house, connection, [row])[0]


def by_ids(house: House, connection: Connection, ids: Collection[UUID]) -> Mapping[UUID, Opened]:
    """Return these records; one that is not there is not among them."""
    found = _open(house, connection, keeping.by_ids(connection, ids)) if ids else []
    return {one.record_id: one for one in found}


def listed(house: House, connection: Connection, registers: Collection[str], **of: Any) -> Sequence[Opened]:
    """Return the records of registers, the newest first; `of` as `keeping.records` has it."""
    return _open(house, connection, keeping.records(connection, registers, **of))


def write(act: Act, number: int) -> tuple[int, Record]:
    """Add a version to a record that is there; returns its number and its entry. Without a second person it counts."""
    content = _spell(act.said, act.by)
    record = note(act, "written", {"sha256": sha256(content.encode()).hexdigest(), "number": number})
    version = keeping.add_version(
        act.turn.connection,
        {
            "record_id": act.record_id,
            "said_sealed": seal_text(act.house, _place(act.turn), act.record_id, content),
            "sha256": sha256(content.encode()).digest(),
            "now": act.turn.now,
            "index": act.turn.next_index - 1,
            "outcome": None if act.register.second else APPROVED,
        },
    )
    return version, record


def decide(act: Act, version: int, outcome: str, reason: str) -> Record:
    """Write down what a second person says of a version that waits."""
    said = {"by": vars(act.by), "reason": reason}
    record = note(act, outcome, {"version": version})
    keeping.decide(
        act.turn.connection,
        {
            "record_id": act.record_id,
            "version": version,
            "outcome": outcome,
            "decided_sealed": seal_text(act.house, _place(act.turn), act.record_id, json.dumps(said)),
            "now": act.turn.now,
            "index": act.turn.next_index - 1,
        },
    )
    return record


def close(act: Act, words: str) -> Record:
    """Close a record for good; whatever clock ran on it is met."""
    if act.register.clock and clocks.shipped().get(act.register.clock).about != OF_ORGANISATION:
        _meet(act, act.turn.now)
    record = note(act, "closed", {"outcome": act.outcome})
    closed = keeping.close(
        act.turn.connection,
        {
            "record_id": act.record_id,
            "outcome": act.outcome,
            "closed_sealed": seal_text(
                act.house, _place(act.turn), act.record_id, json.dumps({"by": vars(act.by), "words": words})
            ),
            "now": act.turn.now,
            "index": act.turn.next_index - 1,
        },
    )
    if not closed:
        raise ConflictError("this record was closed before")
    return record


def note(act: Act, verb: str, more: dict[str, Any]) -> Record:
    """Record what was done: an entry of the house, and a line in the list of who did it."""
    named = {"record": str(act.record_id), "register": act.register.code}
    return act.doer.record(act.turn, Statement(f"{act.register.code}.{verb}", named | more | act.extra))


# --- clocks -----------------------------------------------------------------------------------------------


def restart(act: Act, due_at: datetime | None = None) -> None:
    """Meet the clock that its register has, and start it anew from what this version says. Call it before `note`.

    `due_at` is given where neither the catalogue nor a day of this version says when it runs out.
    """
    kind = clocks.shipped().get(act.register.clock)
    day = parse_day(act.said[act.register.from_field])
    if kind.given_by:
        started, due = act.turn.now, due_at or midnight(day + timedelta(days=1))
    else:
        started, due = midnight(day), None
    about = ORGANISATION if kind.about == OF_ORGANISATION else act.record_id
    if about == ORGANISATION and _is_older(act.turn, kind.kind, started):
        return
    _meet(act, act.turn.now)
    clocks.start(
        act.turn.connection,
        kind.kind,
        about,
        started,
        party_id=_whose(act),
        due_at=due,
        written_at=act.turn.now,
    )


def _meet(act: Act, now: datetime) -> None:
    kind = clocks.shipped().get(act.register.clock)
    about = ORGANISATION if kind.about == OF_ORGANISATION else act.record_id
    act.extra[kind.about] = str(about)
    clocks.meet(act.turn.connection, kind.kind, about, now)


def _is_older(turn: Turn, kind: str, started: datetime) -> bool:
    """Whether what runs for the whole house began later than this: an older report moves nothing."""
    running = clocks.running(turn.connection, kind, ORGANISATION)
    return running is not None and running.started_at > started


def _whose(act: Act) -> UUID | None:
    """The party that a clock concerns: the record's own, or that of the record which it is in."""
    if act.party_id is not None or act.within is None:
        return act.party_id
    return act.parent().party_id


# --- reading ----------------------------------------------------------------------------------------------


def check_references(act: Act) -> None:
    """Refuse a version that names a record which is not there, of another register, or that does not count.

    Raises:
        ConflictError: names the field.
    """
    for one in act.register.fields:
        if one.kind not in (FieldKind.RECORD, FieldKind.RECORDS) or act.said[one.name] is None:
            continue
        named = act.said[one.name] if one.kind is FieldKind.RECORDS else [act.said[one.name]]
        for record_id in named:
            try:
                found = act.opened(record_id)
            except NotFoundError as error:
                raise ConflictError(f"{one.name}: there is no such record") from error
            if found.register.code != one.of or found.record_id == act.record_id:
                raise ConflictError(f"{one.name}: is a record of {one.of}")
            if found.counting is None or (found.closed_at is not None and not one.or_closed):
                raise ConflictError(
                    f"{one.name}: {found.name} does not count: it waits, was refused or is closed"
                )


def _spell(said: dict[str, Any], by: By) -> str:
    """One spelling of a version, whose hash is in the ledger."""
    return json.dumps({"said": said, "by": vars(by)}, sort_keys=True, ensure_ascii=False)


def _place(turn: Turn) -> str:
    """What is sealed belongs to the entry that was noted last: no version passes for another one."""
    return _at(turn.next_index - 1)


def _at(index: int) -> str:
    return f"governance|{index}"


def _open(house: House, connection: Connection, rows: Sequence[Any]) -> list[Opened]:
    versions: dict[UUID, list[Version]] = {row.record_id: [] for row in rows}
    for row in keeping.versions(connection, list(versions)):
        versions[row.record_id].append(_version(house, row))
    return [_opened(house, row, versions[row.record_id]) for row in rows]


def _version(house: House, row: Any) -> Version:
    content = json.loads(open_text(house, _at(row.written_index), row.record_id, bytes(row.said_sealed)))
    decided: dict[str, Any] = {}
    if row.decided_sealed is not None:
        place = _at(row.decided_index)
        decided = json.loads(open_text(house, place, row.record_id, bytes(row.decided_sealed)))
    return Version(
        number=row.version,
        said=content["said"],
        by=By(**content["by"]),
        at=row.written_at,
        index=row.written_index,
        outcome=row.outcome,
        decided_by=By(**decided["by"]) if decided else None,
        decided_at=row.decided_at,
        reason=decided.get("reason", ""),
    )


def _opened(house: House, row: Any, versions: Sequence[Version]) -> Opened:
    closed: dict[str, Any] = {}
    if row.closed_sealed is not None:
        place = _at(row.closed_index)
        closed = json.loads(open_text(house, place, row.record_id, bytes(row.closed_sealed)))
    return Opened(
        record_id=row.record_id,
        register=shipped().get(row.register),
        number=row.number,
        party_id=row.party_id,
        party_name=row.party_name or "",
        within=row.within,
        opened_at=row.opened_at,
        outcome=row.outcome,
        closed_at=row.closed_at,
        closed_by=By(**closed["by"]) if closed else None,
        closing=closed.get("words", ""),
        versions=tuple(versions),
    )
