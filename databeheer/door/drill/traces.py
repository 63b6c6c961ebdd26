"""What a house has of those whom the next erasure takes: noted before it, searched for after it.

A trace is bytes, and a sort that says where they may still lie afterwards. The bytes are secrets themselves: they stay
in the memory of the process that searches, and no report names them.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple
from uuid import UUID

import numpy as np
from sqlalchemy import Connection, text

from databeheer.door.bodies.halves import subject_handle, subject_name
from databeheer.door.bodies.opened import subject_body
from databeheer.door.commands.login import open_name
from databeheer.door.house import House
from databeheer.door.keys import seals
from databeheer.door.keys.store import Kind
from databeheer.door.names import open_text
from databeheer.door.post.letters import open_own
from databeheer.metering.opening import unseal_profile
from databeheer.metering.profile import HEADER_LENGTH
from databeheer.metering.sealing import Coordinates
from databeheer.metering.unpacking import NO_VALUE, unpack_block
from databeheer.oversight.retention import DataClass

MOST_ROWS = 40
"""Of so many rows of one stay the content is searched for, spread over all of them."""
_LONGEST = 48
_FEWEST_KINDS = 8


class Sort(enum.StrEnum):
    """What a trace is, and with that where it may lie after an erasure."""

    PLAIN = "plain"
    """A name, an address, an EAN, a meter's number, values, the words of a ledger half: nowhere, before or after."""
    KEY = "key"
    """A key that opens something of the person: nowhere, before or after."""
    DERIVED = "derived"
    """A pseudonym, a handle, a log-in's hash: in older dumps and in WAL, until they expire; they lead nowhere."""
    SEALED = "sealed"
    """A row as it was sealed: likewise; no key opens it."""
    NUMBER = "number"
    """The number of a stay or a person: in the database; never in a log or in what is published."""


@dataclass(frozen=True)
class Trace:
    """Bytes of one person. `text` says that they are words, of which case and spelling may differ."""

    sort: Sort
    data: bytes
    is_text: bool = False


class Stored(NamedTuple):
    """One row of readings as it is stored."""

    pseudonym: bytes
    channel: bytes
    day: Any
    version: int
    mark: bytes
    values: bytes | None
    total: bytes


@dataclass(frozen=True)
class Going:
    """One decided erasure: what goes, whose it is, under which names it is stored, and its traces."""

    erasure_id: UUID
    data_class: DataClass
    pseudonym: bytes | None
    handle: bytes | None
    person_id: UUID | None
    traces: tuple[Trace, ...]


def going(house: House, connection: Connection) -> list[Going]:
    """Return what was decided to be erased and is not yet, each with what there is of it now.

    Raises:
        KeyStoreError: a key of it is not there: it was lost before, and nothing of it can be noted.
    """
    return [_going(house, connection, row) for row in connection.execute(_DECIDED).all()]


def done(connection: Connection, noted: list[Going]) -> list[Going]:
    """Return those that were carried out since."""
    ids = connection.execute(_EXECUTED, {"ids": [one.erasure_id for one in noted]}).scalars().all()
    return [one for one in noted if one.erasure_id in ids]


def _going(house: House, connection: Connection, row: Any) -> Going:
    data_class = DataClass(row.data_class)
    pseudonym = handle = None
    found = [*_of_person(house, connection, row), *_of_point(house, connection, row)]
    if data_class is DataClass.READINGS:
        root = house.readings_root(row.root_id)
        pseudonym = seals.pseudonym(root)
        found += [Trace(Sort.KEY, root), *_named(pseudonym, _of_readings(connection, root, pseudonym))]
    elif data_class is DataClass.LEDGER:
        key = house.keys_of_subject(row.occupancy_id)
        handle = subject_handle(key)
        found += [Trace(Sort.KEY, key), Trace(Sort.PLAIN, subject_name(key))]
        found += _named(handle, _of_ledger(house, connection, handle))
    else:
        found += _of_log_in(house, connection, row.person_id)
    person_id = row.person_id if data_class is DataClass.PERSON else None
    return Going(row.erasure_id, data_class, pseudonym, handle, person_id, tuple(dict.fromkeys(found)))


def _named(name: bytes, stored: Iterator[Trace]) -> list[Trace]:
    """What is stored under a name, and the name with it; of a stay of which nothing is stored the name is nowhere."""
    found = list(stored)
    return [Trace(Sort.DERIVED, name), *found] if found else []


def _of_person(house: House, connection: Connection, row: Any) -> Iterator[Trace]:
    person_id = row.person_id or row.lives_there
    if person_id is None:
        return
    person = connection.execute(_PERSON, {"id": person_id}).one_or_none()
    if person is None or not person.name_sealed:
        return
    yield _words(open_name(house, person_id, bytes(person.name_sealed)))
    if person.email_sealed:
        yield _words(open_own(house, person_id, "email", bytes(person.email_sealed)))
    yield from _number(person_id)


def _of_point(house: House, connection: Connection, row: Any) -> Iterator[Trace]:
    if row.occupancy_id is None:
        return
    yield from _number(row.occupancy_id)
    point = connection.execute(_POINT, {"occupancy": row.occupancy_id}).one()
    yield _words(open_text(house, "ean", point.access_point_id, bytes(point.ean_sealed)))
    if point.address_sealed:
        yield _words(open_text(house, "address", point.access_point_id, bytes(point.address_sealed)))
    for meter in connection.execute(_METERS, {"point": point.access_point_id}):
        yield _words(open_text(house, "meter", meter.meter_id, bytes(meter.number_sealed)))


def _of_readings(connection: Connection, root: bytes, pseudonym: bytes) -> Iterator[Trace]:
    for row in rows_of(connection, pseudonym, MOST_ROWS):
        where = Coordinates(row.pseudonym, row.channel, row.day, row.version)
        for part, sealed in (("values", row.values), ("total", row.total)):
            if sealed is None:
                continue
            key = seals.profile_key(root, part, row.channel, row.day, row.version)
            yield Trace(Sort.KEY, key)
            yield Trace(Sort.SEALED, sealed[:_LONGEST])
            plain = unseal_profile(key, sealed, row.mark, where, part)
            yield from _told(plain[HEADER_LENGTH : HEADER_LENGTH + _LONGEST])
            if part == "values":
                yield from _spelled(plain)


def _spelled(plain: bytes) -> Iterator[Trace]:
    """The values as answers and files spell them, where they are not just any."""
    block = unpack_block(np.frombuffer(plain, np.uint8)[None, :])
    if block is None:
        return
    numbers = [str(one) for one in block.values[0].tolist() if one != NO_VALUE][:_FEWEST_KINDS]
    if len(set(numbers)) == _FEWEST_KINDS:
        for between in (",", ", ", ";"):
            yield Trace(Sort.PLAIN, between.join(numbers).encode())


def _of_ledger(house: House, connection: Connection, handle: bytes) -> Iterator[Trace]:
    for row in connection.execute(_STATEMENTS, {"handle": handle}).all():
        yield Trace(Sort.SEALED, bytes(row.subject_sealed)[:_LONGEST])
        body = subject_body(house, row)
        yield Trace(Sort.KEY, body.salt)
        yield from _told(body.content)


def _of_log_in(house: House, connection: Connection, person_id: UUID) -> Iterator[Trace]:
    yield Trace(Sort.KEY, house.keys.get(Kind.PERSON, person_id))
    person = connection.execute(_PERSON, {"id": person_id}).one()
    yield Trace(Sort.DERIVED, bytes(person.subject_hash))
    yield Trace(Sort.SEALED, bytes(person.name_sealed)[:_LONGEST])


def rows_of(connection: Connection, pseudonym: bytes, most: int) -> list[Stored]:
    """Return so many stored rows of a pseudonym, spread over all that there are."""
    total: int = connection.execute(_COUNT, {"pseudonym": pseudonym}).scalar_one()
    step = max(1, total // most)
    found = connection.execute(_ROWS, {"pseudonym": pseudonym, "step": step, "most": most})
    return [
        Stored(
            *(bytes(row[0]), bytes(row[1]), row[2], row[3], bytes(row[4])),
            None if row[5] is None else bytes(row[5]),
            bytes(row[6]),
        )
        for row in found
    ]


def _words(value: str) -> Trace:
    return Trace(Sort.PLAIN, value.encode(), is_text=True)


def _told(plain: bytes) -> Iterator[Trace]:
    """Plain bytes, where they are not such as anything might hold: a run of zeros tells nothing."""
    if len(set(plain)) >= _FEWEST_KINDS:
        yield Trace(Sort.PLAIN, plain)


def _number(identifier: UUID) -> Iterator[Trace]:
    yield Trace(Sort.NUMBER, str(identifier).encode(), is_text=True)
    yield Trace(Sort.NUMBER, identifier.bytes)


_DECIDED = text(
    "SELECT e.*, o.root_id, o.person_id AS lives_there FROM oversight.erasure e"
    " LEFT JOIN registry.occupancy o USING (occupancy_id) WHERE e.state = 'decided' ORDER BY e.erasure_id"
)
_EXECUTED = text(
    "SELECT erasure_id FROM oversight.erasure WHERE state = 'executed' AND erasure_id = ANY(:ids)"
)
_PERSON = text("SELECT * FROM identity.person WHERE person_id = :id")
_POINT = text(
    "SELECT a.* FROM registry.access_point a JOIN registry.occupancy o USING (access_point_id)"
    " WHERE o.occupancy_id = :occupancy"
)
_METERS = text("SELECT * FROM registry.meter WHERE access_point_id = :point")
_STATEMENTS = text("SELECT * FROM ledger.statement WHERE handle = :handle ORDER BY index")
_COUNT = text("SELECT count(*) FROM metering.profile WHERE pseudonym = :pseudonym")
_ROWS = text(
    "SELECT pseudonym, channel, day, version, fingerprint, values_sealed, total_sealed FROM (SELECT *,"
    " row_number() OVER (ORDER BY day, channel, version) AS place FROM metering.profile"
    " WHERE pseudonym = :pseudonym) p WHERE (place - 1) % :step = 0 ORDER BY place LIMIT :most"
)
