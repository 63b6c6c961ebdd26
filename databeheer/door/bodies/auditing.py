"""Find and open what an inspector asked to see: every half of it, leaf by leaf. The look itself is an entry."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from databeheer.door.bodies.halves import (
    HOUSE_LEAF,
    all_halves,
    key_coordinates,
    open_house_half,
    subject_handle,
)
from databeheer.door.bodies.opened import half_of, shared_body, subject_body
from databeheer.door.erasure.checking import records
from databeheer.door.house import House
from databeheer.door.keys.store import KeyStoreError
from databeheer.door.restore import kept_openings
from databeheer.metering.opening import SealError, unseal
from databeheer.oversight.erasures import Erased, begun_of
from databeheer.oversight.retention import DataClass
from databeheer.values import format_instant
from ledger.commitment import Opening, subject_half
from ledger.encoding import decode_base64

MOST_HALVES = 10_000
"""Halves of reads in bulk that one page of an audit holds, unless one entry alone has more."""


@dataclass(frozen=True)
class Scope:
    """What an inspector asks for: Brussels days up to and including `last`, below the published size.

    With neither party nor point the period is whole: every entry of it is given.
    """

    first: date
    last: date
    below: int
    party_id: UUID | None = None
    point_hash: bytes | None = None

    @property
    def is_whole(self) -> bool:
        return self.party_id is None and self.point_hash is None


@dataclass(frozen=True)
class Page:
    """The indexes of one page, those of the permissions that its reads rest on, and whom they concern."""

    indexes: Sequence[int]
    support: Sequence[int]
    subjects: Sequence[UUID]
    span: tuple[int, int]
    next: int | None


def find(house: House, connection: Connection, scope: Scope, cursor: int, limit: int) -> Page:
    """Find one page of a scope, from index `cursor` on; nothing is opened yet but whose halves they are."""
    asked: dict[str, Any] = {
        "first": scope.first,
        "last": scope.last,
        "below": scope.below,
        "party": scope.party_id,
        "cursor": cursor,
        "limit": limit + 1,
    }
    bounds = connection.execute(_BOUNDS, asked).one()
    span = (bounds.lowest, bounds.highest + 1) if bounds.lowest is not None else (0, 0)
    if scope.is_whole:
        rows = connection.execute(_WHOLE, asked | {"start": max(cursor, span[0]), "stop": span[1]})
    elif scope.point_hash is None:
        rows = connection.execute(_OF_PARTY, asked)
    else:
        handles = _handles_of_point(house, connection, scope.point_hash)
        rows = connection.execute(_OF_SUBJECTS, asked | {"handles": handles})
    found = list(rows.scalars())
    indexes = _fitting(connection, found[:limit])
    following = found[len(indexes)] if len(found) > len(indexes) else None
    support = list(connection.execute(_SUPPORT, {"indexes": indexes, "below": scope.below}).scalars())
    names: set[UUID] = set()
    statements: Iterable[Any] = connection.execute(_STATEMENTS, {"indexes": [*indexes, *support]})
    for row in statements:
        try:
            sealed = unseal(house.ledger_key, bytes(row.key_sealed), key_coordinates(row.index, row.leaf))
        except SealError:  # moved here or changed: the opening shows it
            continue
        names.add(UUID(bytes=sealed))
    return Page(indexes, support, sorted(names), span, following)


def _fitting(connection: Connection, indexes: Sequence[int]) -> Sequence[int]:
    """As many of these entries, at least the first, as one page holds: a read in bulk has many halves."""
    halves = {index: int(count) for index, count in connection.execute(_HALVES, {"indexes": list(indexes)})}
    total = 0
    for place, index in enumerate(indexes):
        total += halves.get(index, 1)
        if total > MOST_HALVES and place:
            return indexes[:place]
    return indexes


def _handles_of_point(house: House, connection: Connection, point_hash: bytes) -> list[bytes]:
    stays = list(connection.execute(_STAYS, {"hash": point_hash}).scalars())
    gone = begun_of(connection, DataClass.LEDGER, stays)
    return [subject_handle(house.keys_of_subject(stay)) for stay in stays if stay not in gone]


def open_entries(house: House, connection: Connection, indexes: Sequence[int]) -> list[dict[str, Any]]:
    """Open entries for an inspector, in the form of `oversight.audited`."""
    wanted = {"indexes": list(indexes)}
    entries: Sequence[Any] = connection.execute(_ENTRIES, wanted).all()
    bodies = {row.index: row for row in connection.execute(_BODIES, wanted)}
    statements, left = (
        _by_index(connection.execute(_STATEMENTS, wanted)),
        _by_index(connection.execute(_ERASED, wanted)),
    )
    put_back = connection.execute(_PUT_BACK, wanted).scalars().all()
    kept = kept_openings.between(house, connection, min(put_back), max(put_back) + 1) if put_back else {}
    return [
        _put_back(row, kept[row.index])
        if row.index in kept
        else _open_entry(
            house, row, bodies.get(row.index), statements.get(row.index, []), left.get(row.index, [])
        )
        for row in entries
    ]


def erasures_of(
    house: House, connection: Connection, indexes: Sequence[int], below: int
) -> list[dict[str, Any]]:
    """The erasures that took a half of these entries, or that these entries record: see `oversight.erasure_claims`.

    Of their own entries the shared half alone is opened: whose readings went is not looked at. One that is not below
    the published size is left out: nobody can check it yet.
    """
    batches: Sequence[Any] = connection.execute(_BATCHES, {"indexes": list(indexes)}).all()
    wanted = {
        index for row in batches for index in (row.begun_index, row.executed_index) if index is not None
    }
    told = {one["index"]: one for one in _shared_only(house, connection, [i for i in wanted if i < below])}
    return [
        {
            "begun": told.get(row.begun_index),
            "executed": told.get(row.executed_index),
            "halves": _text(records(connection, row.batch)),
        }
        for row in batches
    ]


def _shared_only(house: House, connection: Connection, indexes: Sequence[int]) -> list[dict[str, Any]]:
    """Entries whose subjects' halves stay closed."""
    opened = open_entries(house, connection, indexes)
    for one in opened:
        if isinstance(one["leaves"], list):
            one["leaves"] = [_closed(leaf) for leaf in one["leaves"]]
    return opened


def _closed(leaf: dict[str, str]) -> dict[str, str]:
    if "half" in leaf:
        return leaf
    salt, body = (decode_base64(leaf[part], part) for part in ("salt", "body"))
    return {"half": _text(subject_half(salt, body))}


def _put_back(entry: Any, opening: Opening) -> dict[str, Any]:
    """An entry whose body was lost and put back from a receipt: of its subjects the root alone is known."""
    return {
        "index": entry.index,
        "entry": _text(entry.entry),
        "shared": {"salt": _text(opening.shared_salt), "body": _text(opening.shared_body)},
        "leaves": {"root": _text(opening.subject_root)},
        "erased": None,
    }


def _open_entry(
    house: House, entry: Any, body: Any | None, statements: Sequence[Any], left: Sequence[Any]
) -> dict[str, Any]:
    given = {"index": entry.index, "entry": _text(entry.entry), "shared": None, "leaves": [], "erased": None}
    erased = {row.leaf: row for row in left}
    if body is None:
        return given
    try:
        said: dict[str, Any] = {}
        if -1 in erased:
            shared = {"half": _text(erased[-1].half)}
        else:
            opened = shared_body(house, body)
            said, shared = opened.said, {"salt": _text(opened.salt), "body": _text(opened.content)}
        halves = {row.leaf: half_of(house, row) for row in statements}
        halves |= {leaf: bytes(row.half) for leaf, row in erased.items() if leaf >= 0}
        every = all_halves(
            house.ledger_key,
            entry.index,
            halves,
            said.get("leaves"),
            has_party=body.party_id is not None,
            house_half=body.house_half,
        )
        leaves = [{"half": _text(half)} for half in every]
        if body.house_half is not None:
            salt, content = open_house_half(house.ledger_key, entry.index, body.house_half)
            leaves[HOUSE_LEAF] = {"salt": _text(salt), "body": _text(content)}
        for row in statements:
            own = subject_body(house, row)
            leaves[row.leaf] = {"salt": _text(own.salt), "body": _text(own.content)}
    except (KeyStoreError, SealError, IndexError):  # lost or damaged: given as what it is, never passed over
        return given
    if left:
        by = Erased(left[0].at, left[0].by, left[0].reason)
        given["erased"] = {"reason": by.reason, "index": by.index, "at": format_instant(by.at)}
    return given | {"shared": shared, "leaves": leaves}


def _by_index(rows: Iterable[Any]) -> dict[int, list[Any]]:
    found: dict[int, list[Any]] = {}
    for row in rows:
        found.setdefault(row.index, []).append(row)
    return found


def _text(value: Any) -> str:
    return b64encode(bytes(value)).decode()


_BOUNDS = text(
    "SELECT min(index) AS lowest, max(index) AS highest FROM ledger.body"
    " WHERE day BETWEEN :first AND :last AND index < :below"
)
_WHOLE = text(
    "SELECT index FROM ledger.entry WHERE index >= :start AND index < :stop ORDER BY index LIMIT :limit"
)
_OF_PARTY = text(
    "SELECT index FROM ledger.body WHERE party_id = :party AND day BETWEEN :first AND :last"
    " AND index >= :cursor AND index < :below ORDER BY index LIMIT :limit"
)
_OF_SUBJECTS = text(
    "SELECT DISTINCT index FROM ledger.statement WHERE handle = ANY(:handles) AND day BETWEEN :first AND :last"
    " AND (CAST(:party AS uuid) IS NULL OR party_id = :party) AND index >= :cursor AND index < :below"
    " ORDER BY index LIMIT :limit"
)
# What the ledger says of permissions between the same subject and the same party, whenever that was; of what was
# lost and put back nobody knows the subject.
_SUPPORT = text(
    "SELECT DISTINCT p.index FROM ledger.statement s JOIN ledger.statement p"
    " ON p.handle = s.handle AND p.party_id = s.party_id"
    " WHERE s.index = ANY(:indexes) AND s.event = 'data.read' AND p.event LIKE 'permission.%'"
    " AND p.index < :below AND p.index <> ALL(:indexes)"
    " UNION SELECT b.index FROM oversight.evidence v JOIN ledger.body b ON b.index = v.index"
    " JOIN ledger.body r ON r.party_id = b.party_id WHERE r.index = ANY(:indexes)"
    " AND r.event IN ('data.read', 'data.asked')"
    " AND b.event LIKE 'permission.%' AND b.index < :below AND b.index <> ALL(:indexes) ORDER BY 1"
)
_HALVES = text(
    "SELECT index, house_half->'leaves' FROM ledger.body"
    " WHERE index = ANY(:indexes) AND jsonb_typeof(house_half->'leaves') = 'number'"
)
_STAYS = text(
    "SELECT o.occupancy_id FROM registry.occupancy o JOIN registry.access_point a USING (access_point_id)"
    " WHERE a.ean_hash = :hash"
)
_BATCHES = text(
    "SELECT * FROM oversight.erasure_batch b WHERE b.begun_index = ANY(:indexes) OR b.executed_index = ANY(:indexes)"
    " OR EXISTS (SELECT FROM ledger.erased e WHERE e.batch = b.batch AND e.index = ANY(:indexes)) ORDER BY batch"
)
_ENTRIES = text("SELECT index, entry FROM ledger.entry WHERE index = ANY(:indexes) ORDER BY index")
_BODIES = text("SELECT * FROM ledger.body WHERE index = ANY(:indexes)")
_STATEMENTS = text("SELECT * FROM ledger.statement WHERE index = ANY(:indexes) ORDER BY index, leaf")
_PUT_BACK = text("SELECT index FROM oversight.evidence WHERE index = ANY(:indexes)")
_ERASED = text(
    "SELECT e.*, coalesce(b.executed_index, b.begun_index) AS by, coalesce(b.executed_at, b.begun_at) AS at"
    " FROM ledger.erased e JOIN oversight.erasure_batch b USING (batch) WHERE e.index = ANY(:indexes)"
    " ORDER BY e.index, e.leaf"
)
