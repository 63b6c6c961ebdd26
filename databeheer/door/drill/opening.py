"""What of a database opens with the keys that a key store holds today: all of others, nothing of the erased."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Connection, text

from databeheer.door.bodies.halves import subject_coordinates
from databeheer.door.drill.traces import Going, Stored, rows_of
from databeheer.door.house import House
from databeheer.door.keys import seals
from databeheer.door.keys.store import Kind
from databeheer.metering.opening import SealError, unseal, unseal_profile
from databeheer.metering.sealing import Coordinates

_MOST_ROWS = 20
_MOST_OTHERS = 500


@dataclass(frozen=True)
class Tried:
    """How many things were tried, and how many of them opened."""

    count: int
    opened: int

    def __add__(self, other: Tried) -> Tried:
        return Tried(self.count + other.count, self.opened + other.opened)


NOTHING = Tried(0, 0)


def of_erased(house: House, connection: Connection, erased: Sequence[Going]) -> dict[UUID, Tried]:
    """Try every key of the store, in each way in which something opens, on what each erasure is about.

    That are rows of readings, statements of the ledger, or a name.
    """
    keys = [key for kind in Kind for key in _keys(house, kind)]
    found: dict[UUID, Tried] = {}
    for one in erased:
        rows = rows_of(connection, one.pseudonym, _MOST_ROWS) if one.pseudonym else []
        opened = [any(_opens(key, row) for key in keys) for row in rows]
        for content, where in _bodies_and_names(connection, one):
            opened.append(any(_unseals(key, content, where) for key in keys))
        found[one.erasure_id] = Tried(len(opened), sum(opened))
    return found


def of_others(house: House, connection: Connection, erased: Sequence[Going]) -> Tried:
    """Try a row of each other stay with the root of that stay."""
    gone = {one.pseudonym for one in erased if one.pseudonym}
    tried = NOTHING
    for root in _keys(house, Kind.READINGS):
        pseudonym = seals.pseudonym(root)
        if pseudonym not in gone:
            for row in rows_of(connection, pseudonym, 1):
                tried += Tried(1, _opens(root, row))
        if tried.count >= _MOST_OTHERS:
            break
    return tried


def _bodies_and_names(connection: Connection, erased: Going) -> list[tuple[bytes, bytes]]:
    """What is sealed of an erased ledger or person, each with its coordinates."""
    if erased.handle is not None:
        rows = connection.execute(_STATEMENTS, {"handle": erased.handle, "most": _MOST_ROWS})
        return [(bytes(row[2]), subject_coordinates(row[0], row[1])) for row in rows]
    if erased.person_id is not None:
        rows = connection.execute(_NAME, {"id": erased.person_id})
        where = b"person/v1|name|" + erased.person_id.bytes
        return [(bytes(row.name_sealed), where) for row in rows if row.name_sealed]
    return []


def _keys(house: House, kind: Kind) -> list[bytes]:
    with house.keys.preparing() as (_, _, records):
        names = [identifier for of, identifier in records if of is kind]
    return list(house.keys.find_many(kind, names).values())


def _opens(key: bytes, row: Stored) -> bool:
    """Whether a key opens a part of a row: as the root of its stay, or as it is."""
    where = Coordinates(row.pseudonym, row.channel, row.day, row.version)
    for part, sealed in (("values", row.values), ("total", row.total)):
        if sealed is None:
            continue
        for one in (seals.profile_key(key, part, row.channel, row.day, row.version), key):
            try:
                unseal_profile(one, sealed, row.mark, where, part)
            except SealError:
                continue
            return True
    return False


def _unseals(key: bytes, sealed: bytes, where: bytes) -> bool:
    try:
        unseal(key, sealed, where)
    except SealError:
        return False
    return True


_STATEMENTS = text(
    "SELECT index, leaf, subject_sealed FROM ledger.statement WHERE handle = :handle ORDER BY index LIMIT :most"
)
_NAME = text("SELECT name_sealed FROM identity.person WHERE person_id = :id")
