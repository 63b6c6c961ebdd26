"""Many subjects of one entry of whom the same is said but for their names: each its own half, sealed in one loop.

What a half says is spelled once, with gaps for what is each one's own; the result is byte for byte what a half of
its own would be (a test holds the two together).
"""

from __future__ import annotations

import os
import secrets
from binascii import b2a_base64
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from hmac import digest
from typing import Any, NamedTuple
from uuid import UUID

import numpy as np
import psycopg

from databeheer.byte_rows import KEY_LENGTH, rows_of
from databeheer.door.bodies.halves import canonical, subject_names
from databeheer.metering.sealing import NONCE_LENGTH, TAG_LENGTH
from databeheer.metering.sealing_rows import seal_many
from ledger.commitment import SUBJECT_LABEL
from ledger.entry import GENESIS_PREVIOUS

_SALT = 32
_NAME = 16
_AT_ONCE = 128
_EPOCH = date(2000, 1, 1).toordinal()
_GAPS = {
    "counter": ('"@counter@"', "%d"),
    "facts": ('"@fact@"', '"%b"'),
    "item": ('"@item@"', "%d"),
    "permission": ('"@permission@"', '"%b"'),
    "previous": ('"@previous@"', '"%b"'),
    "subject": ('"@subject@"', '"%b"'),
}
"""What is each one's own, in the order in which canonical JSON has it; how the gap is spelled, and how it is filled."""
_COPY = (
    "COPY ledger.statement (handle, counter, index, leaf, month, operator, day, party_id, ground, event, half,"
    " key_sealed, subject_sealed) FROM STDIN (FORMAT BINARY)"
)
_COPY_HEAD = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_COPY_TAIL = b"\xff\xff"


def template_of(own: Mapping[str, Any]) -> bytes:
    """Return a half's body with gaps for counter, fact, item, permission, back-link and subject.

    `own` is what a half of this kind says; the fact that carries it is its permission.
    """
    said = {**own, "v": 1, **{name: gap.strip('"') for name, (gap, _) in _GAPS.items()}}
    said["facts"] = [_GAPS["facts"][0].strip('"')]
    spelled = canonical(said).decode().replace("%", "%%")
    for gap, filling in _GAPS.values():
        if spelled.count(gap) != 1:
            raise ValueError("a half cannot be spelled with gaps")
        spelled = spelled.replace(gap, filling)
    return spelled.encode()


class Member(NamedTuple):
    """One subject: its occupancy, its ledger key and the handle from it, its permission, its place in the request."""

    occupancy: bytes
    key: bytes
    handle: bytes
    permission: bytes
    item: int


@dataclass(frozen=True)
class Alike:
    """Members of whom the same is said; event, ground and operator are also columns."""

    template: bytes
    event: str
    ground: str
    operator: int
    members: Sequence[Member]


@dataclass(frozen=True)
class Entry:
    """What the rows of all subjects of an entry have in common."""

    index: int
    month: date
    day: date
    party_id: UUID


@dataclass
class Sealed:
    """The halves by their leaves, and each subject's new counter by its handle."""

    halves: dict[int, bytes]
    counters: dict[bytes, int]


Write = Callable[[bytes], None]
"""Takes rows as COPY has them."""


def seal_alike(
    alike: Alike,
    leaves: Sequence[int],
    entry: Entry,
    last: Mapping[bytes, tuple[int, bytes]],
    house_key: bytes,
    write: Write,
) -> Sealed:
    """Seal the halves of all members, at these leaves, and write their rows.

    `last` is the newest statement under each handle. Rows are written as they are made: the database takes some in
    while the next are sealed.
    """
    sealed = Sealed({}, {})
    for start in range(0, len(alike.members), _AT_ONCE):
        some = slice(start, start + _AT_ONCE)
        write(_rows(alike, alike.members[some], leaves[some], entry, last, house_key, sealed))
    return sealed


def _rows(
    alike: Alike,
    members: Sequence[Member],
    leaves: Sequence[int],
    entry: Entry,
    last: Mapping[bytes, tuple[int, bytes]],
    house_key: bytes,
    sealed: Sealed,
) -> bytes:
    salts = os.urandom(_SALT * len(members))
    label, template, genesis = SUBJECT_LABEL + b"\x00", alike.template, (0, GENESIS_PREVIOUS)
    keys = [member.key for member in members]
    subjects = subject_names(rows_of(keys, KEY_LENGTH))
    halves, plains, counters = list[bytes](), list[bytes](), list[int]()
    for place, (member, leaf, subject) in enumerate(zip(members, leaves, subjects, strict=True)):
        _, _, handle, permission, item = member
        counter, previous = last.get(handle, genesis)
        body = template % (
            counter + 1,
            permission,
            item,
            permission,
            b2a_base64(previous, newline=False),
            b2a_base64(subject, newline=False),
        )
        salt = salts[_SALT * place : _SALT * place + _SALT]
        half = digest(salt, label + body, "sha256")
        plains.append(salt + body)
        halves.append(half)
        counters.append(counter + 1)
        sealed.halves[leaf] = half
        sealed.counters[handle] = counter + 1
    index = entry.index
    names = seal_many(
        [house_key] * len(members),
        [member.occupancy for member in members],
        [b"body/v1|key|%d|%d" % (index, leaf) for leaf in leaves],
    )
    bodies = seal_many(keys, plains, [b"body/v1|subject|%d|%d" % (index, leaf) for leaf in leaves])
    heads = _heads(alike, members, leaves, entry, counters, halves, names)
    width = len(heads) // len(members)
    parts: list[bytes] = []
    for place, own in enumerate(bodies):
        parts += (heads[width * place : width * place + width], len(own).to_bytes(4, "big"), own)
    return b"".join(parts)


def _heads(
    alike: Alike,
    members: Sequence[Member],
    leaves: Sequence[int],
    entry: Entry,
    counters: Sequence[int],
    halves: Sequence[bytes],
    names: Sequence[bytes],
) -> bytes:
    """Return all columns of the rows but the last, as COPY takes them."""
    name_length = NONCE_LENGTH + _NAME + TAG_LENGTH
    ground, event = alike.ground.encode(), alike.event.encode()
    fields: list[tuple[str, str, Any]] = [
        ("handle", "V16", [member.handle for member in members]),
        ("counter", ">i8", counters),
        ("index", ">i8", entry.index),
        ("leaf", ">i2", leaves),
        ("month", ">i4", entry.month.toordinal() - _EPOCH),
        ("operator", ">i2", alike.operator),
        ("day", ">i4", entry.day.toordinal() - _EPOCH),
        ("party", "V16", entry.party_id.bytes),
        ("ground", f"V{len(ground)}", ground),
        ("event", f"V{len(event)}", event),
        ("half", "V32", halves),
        ("name", f"V{name_length}", names),
    ]
    kind = np.dtype(
        [("columns", ">i2")]
        + [pair for name, form, _ in fields for pair in ((f"{name}#", ">i4"), (name, form))]
    )
    rows = np.zeros(len(members), kind)
    rows["columns"] = len(fields) + 1
    for name, form, given in fields:
        rows[f"{name}#"] = kind[name].itemsize
        if form[0] != "V":
            rows[name] = given
        elif isinstance(given, bytes):
            rows[name] = np.frombuffer(given, form)[0]
        else:
            rows[name] = np.frombuffer(b"".join(given), form)
    return rows.tobytes()


@contextmanager
def writing(connection: psycopg.Connection[Any]) -> Iterator[Write]:
    """Write rows of subjects in the caller's transaction; they are in when the block ends."""
    with connection.cursor() as cursor, cursor.copy(_COPY) as copy:
        copy.write(_COPY_HEAD)
        yield copy.write
        copy.write(_COPY_TAIL)


def newest(connection: psycopg.Connection[Any], handles: Iterable[bytes]) -> dict[bytes, tuple[int, bytes]]:
    """Return the counter of the newest statement under each handle, and the leaf of its entry; of many as bytes."""
    with connection.cursor(binary=True) as cursor:
        asked = {"handles": array_of(f'"\\\\x{handle.hex()}"' for handle in handles)}
        [found] = cursor.execute(_NEWEST, asked).fetchone() or (None,)
    blob = found or b""
    return {
        blob[at : at + 16]: (int.from_bytes(blob[at + 16 : at + 24], "big"), blob[at + 24 : at + 56])
        for at in range(0, len(blob), 56)
    }


def array_of(names: Iterable[str]) -> str:
    """Spell an array of hexadecimal names for the database; a list of as many takes the driver ten times as long."""
    return "{" + ",".join(names) + "}"


_NEWEST = (
    "SELECT string_agg(wanted.handle || int8send(s.counter) || e.leaf, '')"
    " FROM unnest(CAST(%(handles)s AS bytea[])) AS wanted (handle)"
    " CROSS JOIN LATERAL (SELECT one.counter, one.index FROM ledger.statement one"
    "  WHERE one.handle = wanted.handle ORDER BY one.counter DESC LIMIT 1) s"
    " JOIN ledger.entry e ON e.index = s.index"
)


def places(free: range, count: int) -> list[int]:
    """Return so many places out of these, in no order: chosen by random bytes that nobody knows."""
    dice = np.frombuffer(secrets.token_bytes(8 * len(free)), np.uint64)
    chosen: list[int] = (np.argsort(dice)[:count] + free.start).tolist()
    return chosen
