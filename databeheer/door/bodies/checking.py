"""Whether what is kept beside the log still says what its entries commit to.

The published tiles guard the entries, and an entry's `c` guards its body; but nobody without the keys can
compute `c` from sealed halves. So whoever may write the database could remove a statement, which then vanishes
from a customer's list, or change a column that the inspector's figures are counted from, and no check of the
tiles would see it. This one opens every half, inside the door, and tells nothing of what it read.
"""

from __future__ import annotations

import hmac
from base64 import b64encode
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from databeheer.brussels import day_of
from databeheer.door.bodies.halves import HOUSE_LEAF, all_halves, leaves_of, subject_handle, subject_name
from databeheer.door.bodies.opened import Body, key_of_statement, shared_body, subject_body
from databeheer.door.erasure.checking import unlike_erasures
from databeheer.door.house import House
from databeheer.door.keys.store import KeyStoreError
from databeheer.door.restore import kept_openings
from databeheer.errors import MalformedRequestError
from databeheer.metering.opening import SealError
from databeheer.storage.engine import driver
from databeheer.values import parse_instant
from ledger.commitment import Opening, commit, shared_half, subject_half
from ledger.entry import GENESIS_PREVIOUS, parse
from ledger.errors import LedgerError, MalformedError
from ledger.postgres import size


@dataclass(frozen=True)
class Problem:
    """Where what is kept is not what the ledger says, and in which way; names nobody."""

    index: int
    what: str


@dataclass(frozen=True)
class ErasedHalf:
    """An entry of which a half was erased: why, and in which entry that stands."""

    index: int
    reason: str
    by: int


@dataclass(frozen=True)
class Checked:
    """What a look at a stretch of entries found.

    `next` is the index to go on from, None at the end of the ledger. `erased` are entries of which a half was
    erased: the 32 bytes that it left lead to the entry all the same. `unopened` are entries of which a half
    cannot be opened because its key is not in the key store, and no erasure says so: of those only the rest
    was compared. `lost` are the stretches, first and last index, whose bodies are gone since a restore that was
    reconciled.
    """

    checked: int
    next: int | None
    unopened: tuple[int, ...]
    erased: tuple[ErasedHalf, ...]
    problems: tuple[Problem, ...]
    lost: tuple[tuple[int, int], ...] = ()


def check_bodies(house: House, start: int, limit: int) -> Checked:
    """Compare at most `limit` entries from index `start` on with their bodies and statements.

    Raises:
        KeyStoreError: the house's own key is not there, so nothing can be opened.
    """
    _ = house.ledger_key  # without it every body would count as erased
    # One snapshot: a body that commits between two queries is no body without an entry.
    with house.engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection:
        end = size(driver(connection))
        until = min(start + limit, end)
        kept = _Kept(house, connection, start, until)
        checks = [_EntryCheck(house, index, kept) for index in range(start, until)]
        problems = [problem for check in checks for problem in check.problems()]
        if until >= end:
            strays = connection.execute(_STRAYS, {"size": end}).scalars()
            problems.extend(Problem(index, "there is a body or statement, but no entry") for index in strays)
            problems.extend(Problem(index, what) for index, what in unlike_erasures(house, connection))
    unopened = tuple(check.index for check in checks if check.is_unopened)
    erased = tuple(check.erased for check in checks if check.erased is not None)
    lost = tuple(_stretches([check.index for check in checks if check.is_lost]))
    return Checked(len(checks), until if until < end else None, unopened, erased, tuple(problems), lost)


def _stretches(indexes: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Yield the first and last index of each unbroken run."""
    first: int | None = None
    for place, index in enumerate(indexes):
        first = index if first is None else first
        if place + 1 == len(indexes) or indexes[place + 1] != index + 1:
            yield first, index
            first = None


class _Kept:
    """The rows of a stretch of entries."""

    def __init__(self, house: House, connection: Connection, start: int, until: int) -> None:
        stretch = {"start": start, "until": until}
        self.entries: dict[int, bytes] = {
            index: bytes(entry) for index, entry in connection.execute(_ENTRIES, stretch)
        }
        self.bodies = _by_index(connection.execute(_BODIES, stretch))
        self.statements = _by_index(connection.execute(_STATEMENTS, stretch))
        self.erased = _by_index(connection.execute(_ERASED, stretch))
        self.openings = kept_openings.between(house, connection, start, until)
        self._lost = kept_openings.lost_stretches(house, connection)

    def is_lost(self, index: int) -> bool:
        """Say whether an entry's body went in a restore that was reconciled."""
        return any(first <= index < until for first, until in self._lost)


def _by_index(rows: Iterable[Any]) -> dict[int, list[Any]]:
    found = defaultdict(list)
    for row in rows:
        found[row.index].append(row)
    return found


@dataclass
class _EntryCheck:
    """The check of one entry."""

    house: House
    index: int
    kept: _Kept
    is_unopened: bool = field(default=False, init=False)
    is_lost: bool = field(default=False, init=False)

    @property
    def left(self) -> dict[int, bytes]:
        """What erased halves left, by leaf; -1 is the shared one."""
        return {row.leaf: bytes(row.half) for row in self.kept.erased.get(self.index, [])}

    @property
    def erased(self) -> ErasedHalf | None:
        rows = self.kept.erased.get(self.index)
        return ErasedHalf(self.index, rows[0].reason, rows[0].by) if rows else None

    def problems(self) -> Iterator[Problem]:
        for what in self._found():
            yield Problem(self.index, what)

    def _found(self) -> Iterator[str]:
        bodies, statements = self.kept.bodies.get(self.index, []), self.kept.statements.get(self.index, [])
        if self.index not in self.kept.entries:
            yield "the entry is missing"
            return
        if not bodies and not statements and self.kept.is_lost(self.index):
            self.is_lost = True
            return
        if self.index in self.kept.openings and len(bodies) == 1:
            yield from self._unlike_opening(self.kept.openings[self.index], bodies[0])
            return
        if len(bodies) != 1:
            yield "there are two bodies" if bodies else "the body is missing"
            return
        if len({row.leaf for row in statements}) != len(statements):
            yield "a statement is there twice"
            return
        if not bodies[0].shared_sealed and -1 not in self.left:
            yield "the body was emptied, and no erasure says so"
            return
        try:
            shared = self._opened(shared_body, bodies[0]) if bodies[0].shared_sealed else None
            subjects = [self._opened(subject_body, row) for row in statements]
        except SealError:
            yield "a half does not open: it was changed, or moved here"
            return
        for row, subject in zip(statements, subjects, strict=True):
            if subject is not None and row.half is not None and _half(subject) != bytes(row.half):
                yield "a statement's half is not that of its body"
        if not self._leads_to_entry(bodies[0], shared, statements, subjects):
            yield "the halves do not lead to the entry: one was changed, added or removed"
            return
        said: Mapping[str, Any] = {}
        if shared is not None:
            said = shared.said
            yield from _unlike_body(bodies[0], said)
        for row, subject in zip(statements, subjects, strict=True):
            yield from _unlike_neighbours(row, bodies[0], subject.said if subject is not None else {})
            if subject is not None:
                yield from self._unlike_subject(row, said, subject.said)

    def _unlike_opening(self, opening: Opening, body: Any) -> Iterator[str]:
        """Check a body that was put back from a receipt: by the opening that the receipt had."""
        try:
            opening.verify(parse(self.kept.entries[self.index]).commitment)
            shared = shared_body(self.house, body)
        except (LedgerError, SealError):
            yield "a half does not open, or does not lead to the entry"
            return
        if shared.content != opening.shared_body:
            yield "the body is not the one that was put back"
        yield from _unlike_body(body, shared.said)

    def _opened(self, open_half: Any, row: Any) -> Body | None:
        try:
            body: Body = open_half(self.house, row)
        except KeyStoreError:
            self.is_unopened = True
            return None
        return body

    def _leads_to_entry(
        self, body: Any, shared: Body | None, rows: Sequence[Any], subjects: Sequence[Body | None]
    ) -> bool:
        """Say whether the halves lead to the entry's commitment; True where a half is lost with its key."""
        if shared is None and -1 not in self.left:
            return True
        common = shared_half(shared.salt, shared.content) if shared is not None else self.left[-1]
        halves = {leaf: half for leaf, half in self.left.items() if leaf >= 0}
        for row, subject in zip(rows, subjects, strict=True):
            if subject is None and row.half is None:
                return True
            halves[row.leaf] = bytes(row.half) if subject is None else _half(subject)
        # By what the half says, not by the columns in clear: those are compared afterwards.
        said = shared.said if shared is not None else {}
        has_party, house_half = bool(said.get("party")), body.house_half
        try:
            leaves = said.get("leaves") if house_half is None else leaves_of(house_half)
            committed = parse(self.kept.entries[self.index]).commitment
        except (SealError, MalformedError):
            return False
        first = 0 if house_half is None else HOUSE_LEAF + 1
        if not all(first <= leaf < (len(halves) if leaves is None else leaves) for leaf in halves):
            return False
        every = all_halves(
            self.house.ledger_key, self.index, halves, leaves, has_party=has_party, house_half=house_half
        )
        return hmac.compare_digest(commit(common, every), committed)

    def _unlike_subject(self, row: Any, shared: Mapping[str, Any], said: Mapping[str, Any]) -> Iterator[str]:
        key = key_of_statement(self.house, row)
        if bytes(row.handle) != subject_handle(key):
            yield "a statement stands under another handle than its subject's"
        # Statements from before subjects had a name do not say it.
        name = b64encode(subject_name(key)).decode()
        if said.get("subject", name) != name:
            yield "a statement names another subject than its key's"
        for column in ("ground", "event"):
            # What concerns this subject alone stands in its own half; else the shared half speaks for all.
            expected = said.get(column, shared.get(column))
            if shared and getattr(row, column) != expected:
                yield f"a statement's {column} is not what its body says"
        if row.counter != said.get("counter"):
            yield "a statement has another counter than it says"
        previous = GENESIS_PREVIOUS if row.leaf_before is None else bytes(row.leaf_before)
        if b64encode(previous).decode() != said.get("previous"):
            yield "a statement does not follow the one before it of the same subject"


def _unlike_body(row: Any, said: Mapping[str, Any]) -> Iterator[str]:
    """Name the columns in clear that are not what the shared half says."""
    try:
        at = parse_instant(said.get("at", ""))
    except MalformedRequestError:
        yield "the body has no time"
        return
    party = said.get("party")
    expected = {
        "party_id": UUID(party) if party else None,
        "ground": said.get("ground"),
        "event": said.get("event"),
        # Entries from before the number stood in the body say nothing of it.
        "operator": said.get("operator", row.operator),
        "day": day_of(at),
        "month": at.date().replace(day=1),
        "points": said.get("points", 1) if said.get("event") in _COUNTED else 1,
    }
    for column, value in expected.items():
        if getattr(row, column) != value:
            yield f"its {column} is not what its body says"


def _half(body: Body) -> bytes:
    return subject_half(body.salt, body.content)


def _unlike_neighbours(row: Any, body: Any, said: Mapping[str, Any]) -> Iterator[str]:
    """Compare a statement with the body of its entry, and with the statement before it of the same subject."""
    if (row.month, row.operator) != (body.month, said.get("operator", body.operator)):
        yield "a statement has another month or operator than its body"
    if (row.day, row.party_id) != (body.day, body.party_id):
        yield "a statement has another day or party than its body"
    if row.counter != (row.counter_before or 0) + 1:
        yield "statements of the same subject are missing before this one"


_COUNTED = (
    "data.read",
    "data.refused",
    "data.asked",
)  # a join says of how many points it is, and counts as one
_ENTRIES = text("SELECT index, entry FROM ledger.entry WHERE index >= :start AND index < :until")
_BODIES = text("SELECT * FROM ledger.body WHERE index >= :start AND index < :until")
_STATEMENTS = text(
    "SELECT s.*, before.counter AS counter_before, e.leaf AS leaf_before FROM ledger.statement s"
    " LEFT JOIN LATERAL (SELECT p.counter, p.index FROM ledger.statement p WHERE p.handle = s.handle"
    "  AND p.counter < s.counter ORDER BY p.counter DESC LIMIT 1) before ON true"
    " LEFT JOIN ledger.entry e ON e.index = before.index"
    " WHERE s.index >= :start AND s.index < :until ORDER BY s.index, s.leaf"
)
_ERASED = text(
    "SELECT e.*, coalesce(b.executed_index, b.begun_index) AS by FROM ledger.erased e"
    " JOIN oversight.erasure_batch b USING (batch) WHERE e.index >= :start AND e.index < :until ORDER BY e.leaf"
)
_STRAYS = text(
    "SELECT index FROM ledger.body WHERE index < 0 OR index >= :size"
    " UNION SELECT index FROM ledger.statement WHERE index < 0 OR index >= :size ORDER BY index LIMIT 100"
)
