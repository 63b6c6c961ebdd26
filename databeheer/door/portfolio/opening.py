"""Open one day of everybody in a portfolio who may be read: the text of each one's channels.

Only for what was decided and recorded durably. What `databeheer.door.reads.opening` does for each read is done here for
all of them: roots, pseudonyms and keys in one loop, the rows by one query, unsealing and unpacking as arrays.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence
from datetime import date
from hashlib import blake2b
from typing import NamedTuple
from uuid import UUID

import numpy as np
import structlog
from sqlalchemy import Connection

from databeheer.brussels import day_of, slots_in_day
from databeheer.door.house import House
from databeheer.door.keys import seals
from databeheer.door.keys.store import KeyStoreError
from databeheer.door.names import Names
from databeheer.door.portfolio import text
from databeheer.door.portfolio.alike import Kind, Plain
from databeheer.door.portfolio.crowd import array_of
from databeheer.door.reads.opening import erased_readings
from databeheer.metering.day_series import pieces, series_of_pieces
from databeheer.metering.opening import SealError, unseal_profile
from databeheer.metering.opening_rows import open_rows
from databeheer.metering.packing import Bytes
from databeheer.metering.profile import HEADER_LENGTH, SIZES
from databeheer.metering.sealing import TAG_LENGTH, Coordinates
from databeheer.metering.sealing_rows import coordinates
from databeheer.metering.unpacking import Block, Day, Truths, unpack_block
from databeheer.storage.engine import driver
from databeheer.values import format_instant

_log = structlog.get_logger("door")
_NAME = 24
"""Pseudonym and channel, with which a stored row begins."""
_VERSION = slice(24, 26)
_MARK = slice(26, 42)
_HEAD = 42
_PLAIN_SIZES = frozenset(size + TAG_LENGTH for size in SIZES)


class _Home(NamedTuple):
    """One plain permission with what opens its channels: `handles` in the order of the kind's channels."""

    kind: Kind
    one: Plain
    root: bytes
    pseudonym: bytes
    handles: tuple[bytes, ...]


class _Rows(NamedTuple):
    """Rows that are stored, of one length, one after the other."""

    blob: bytes
    width: int


def open_day(house: House, kinds: Sequence[Kind], as_of: int) -> dict[int, bytes]:
    """Return the JSON of the channels of each member, by its place in the request; `[]` where nothing is stored.

    Versions are those stored before entry `as_of`. A row that does not open gives no channel, and a line in the log.

    Raises:
        KeyStoreError: a root is lost that no erasure took.
    """
    wanted = [(kind, one) for kind in kinds for one in kind.members]
    found: dict[int, bytes] = {}
    if not wanted:
        return found
    day = day_of(wanted[0][0].read.request.period.start)
    with house.engine.connect() as connection:
        while wanted:
            roots = house.roots_held({one.root for _, one in wanted})
            homes = [_home(kind, one, roots[one.root]) for kind, one in wanted if one.root in roots]
            rows = _fetch(connection, [home.pseudonym for home in homes], day, as_of)
            # A late move re-seals rows under another root, perhaps since: then they are looked for there.
            now = _roots_now(connection, [one.occupancy for _, one in wanted])
            moved = [(kind, one) for kind, one in wanted if now[one.occupancy] != one.root]
            stays = {one.occupancy for _, one in moved}
            found |= _texts(house, [home for home in homes if home.one.occupancy not in stays], rows, day)
            _require_erased(
                house,
                [one for _, one in wanted if one.root not in roots and one.occupancy not in stays],
                found,
            )
            wanted = [(kind, one._replace(root=now[one.occupancy])) for kind, one in moved]
    return found


def _home(kind: Kind, one: Plain, root: bytes) -> _Home:
    handles = []
    for channel in kind.channels:
        message = _SIXTEEN + one.meter + channel.coordinates
        handles.append(blake2b(message, key=root, person=b"channel", digest_size=8).digest())
    return _Home(kind, one, root, seals.pseudonym(root), tuple(handles))


def _require_erased(house: House, gone: Collection[Plain], found: dict[int, bytes]) -> None:
    if not gone:
        return
    erased = erased_readings(house, [UUID(bytes=one.occupancy) for one in gone])
    for one in gone:
        if UUID(bytes=one.occupancy) not in erased:
            raise KeyStoreError("the key is not there: erased, or never made")
        found[one.place] = b"[]"


# --- what is stored -------------------------------------------------------------------------------------------


def _fetch(connection: Connection, pseudonyms: Sequence[bytes], day: date, as_of: int) -> list[_Rows]:
    with driver(connection).cursor(binary=True) as cursor:
        names = array_of('"\\\\x' + one.hex() + '"' for one in pseudonyms)
        asked = {"pseudonyms": names, "day": day, "as_of": as_of}
        return [_Rows(blob, _HEAD + length) for length, blob in cursor.execute(_STORED, asked)]


def _roots_now(connection: Connection, homes: Sequence[bytes]) -> dict[bytes, bytes]:
    with driver(connection).cursor(binary=True) as cursor:
        asked = {"homes": array_of(one.hex() for one in homes)}
        [blob] = cursor.execute(_ROOTS, asked).fetchone() or (b"",)
    connection.rollback()  # the next look must see what committed since
    return {blob[at : at + 16]: blob[at + 16 : at + 32] for at in range(0, len(blob), 32)}


def _newest(stored: Sequence[_Rows]) -> dict[bytes, tuple[int, int]]:
    """Return where the newest version of each channel of each pseudonym stands: in which rows, from where on."""
    found: dict[bytes, tuple[int, int]] = {}
    for number, (blob, width) in enumerate(stored):
        for at in range(0, len(blob), width):
            name = blob[at : at + _NAME]
            if name in found:
                other, there = found[name]
                if (
                    stored[other].blob[there + _NAME : there + _MARK.start]
                    > blob[at + _NAME : at + _MARK.start]
                ):
                    continue
            found[name] = number, at
    return found


# --- opened ---------------------------------------------------------------------------------------------------


class _Wanted:
    """Rows of one length that are to be opened: where each begins, its key, its place and channel, whose kind it is."""

    def __init__(self) -> None:
        self.starts: list[int] = []
        self.keys: list[bytes] = []
        self.slots: list[_Slot] = []
        self.kinds: list[Kind] = []


def _texts(house: House, homes: Sequence[_Home], stored: Sequence[_Rows], day: date) -> dict[int, bytes]:
    names, series = Names(house), dict[_Slot, bytes]()
    for rows, wanted in zip(stored, _wanted(homes, stored, day), strict=True):
        if not wanted.starts:
            continue
        if rows.width - _HEAD in _PLAIN_SIZES:
            plain, opens = _opened(rows, wanted, day)
            for numbers in _of_one_header(plain, opens):
                series |= _series(wanted, numbers, unpack_block(plain[numbers]), day)
        else:
            for number, held in enumerate(_opened_one_by_one(rows, wanted, day)):
                block = unpack_block(np.frombuffer(held, np.uint8)[None, :]) if held else None
                series |= _series(wanted, [number], block, day) if held else {}
    return {home.one.place: _channels(home, names, series) for home in homes}


def _wanted(homes: Sequence[_Home], stored: Sequence[_Rows], day: date) -> list[_Wanted]:
    newest, wanted = _newest(stored), [_Wanted() for _ in stored]
    spelled_day = _TEN + day.isoformat().encode() + _TWO
    for kind, one, root, pseudonym, handles in homes:
        for channel, handle in enumerate(handles):
            place = newest.get(pseudonym + handle)
            if place is None:
                continue
            number, start = place
            version = stored[number].blob[start + _NAME : start + _MARK.start]
            message = _EIGHT + handle + spelled_day + version
            some = wanted[number]
            some.starts.append(start)
            some.keys.append(blake2b(message, key=root, person=b"values", digest_size=32).digest())
            some.slots.append((one.place, channel))
            some.kinds.append(kind)
    return wanted


def _opened(rows: _Rows, wanted: _Wanted, day: date) -> tuple[Bytes, Truths]:
    """Return what these rows hold, and which of them open."""
    chosen = np.array(wanted.starts) // rows.width
    data = np.frombuffer(rows.blob, np.uint8).reshape(-1, rows.width)[chosen]
    keys = np.frombuffer(b"".join(wanted.keys), np.uint8).reshape(-1, 32)
    where = coordinates(data[:, :16], data[:, 16:_NAME], day, data[:, _VERSION], "values")
    plain, opens = open_rows(keys, data[:, _HEAD:], data[:, _MARK], where)
    for _ in range(int((~opens).sum())):
        _does_not_open("SealError")
    return plain, opens


def _opened_one_by_one(rows: _Rows, wanted: _Wanted, day: date) -> Iterator[bytes]:
    """Open rows as they were sealed before; nothing of one that does not open."""
    for start, key in zip(wanted.starts, wanted.keys, strict=True):
        row = rows.blob[start : start + rows.width]
        where = Coordinates(row[:16], row[16:_NAME], day, int.from_bytes(row[_VERSION], "big"))
        try:
            yield unseal_profile(key, row[_HEAD:], row[_MARK], where, "values")
        except SealError:
            _does_not_open("SealError")
            yield b""


def _of_one_header(plain: Bytes, opens: Truths) -> Iterator[list[int]]:
    """Yield the numbers of the rows that opened, those of one header together."""
    heads = np.zeros((len(plain), 8), np.uint8)
    heads[:, :HEADER_LENGTH] = plain[:, :HEADER_LENGTH]
    kinds, which = np.unique(heads.view(np.uint64).reshape(-1), return_inverse=True)
    for kind in range(len(kinds)):
        numbers: list[int] = np.flatnonzero((which == kind) & opens).tolist()
        if numbers:
            yield numbers


def _does_not_open(error: str) -> None:
    _log.error("a stored value does not open", part="values", error=error)


def _series(wanted: _Wanted, numbers: Sequence[int], block: Block | None, day: date) -> dict[_Slot, bytes]:
    """Return the JSON of the series of each row that is a profile of the day."""
    if block is None or block.values.shape[1] != slots_in_day(day, block.minutes):
        for _ in numbers:
            _does_not_open("ProfileError")
        return {}
    found: dict[_Slot, bytes] = {}
    by_states: dict[frozenset[str], list[bool]] = {}
    for kind in set(wanted.kinds):
        by_states.setdefault(kind.states, text.leave_whole(block.marks, kind.states).tolist())
    texts, length, marks = text.values_text(block.values), block.marks.shape[1], block.marks.tobytes()
    head = _head(wanted.kinds[0], block.minutes)
    for row, (number, right, spelled) in enumerate(zip(numbers, block.is_right.tolist(), texts, strict=True)):
        kind = wanted.kinds[number]
        if not right:
            _does_not_open("ProfileError")
        elif spelled is not None and by_states[kind.states][row]:
            runs = text.marks_text(marks[length * row : length * row + length])
            found[wanted.slots[number]] = b"".join((head, spelled, b"]", runs, b"}]"))
        else:
            held = Day(block.minutes, block.values[row], block.marks[row])
            found[wanted.slots[number]] = _with_care(kind, held, day)
    return found


def _head(kind: Kind, minutes: int) -> bytes:
    start = format_instant(kind.read.request.period.start)
    return f'[{{"start":"{start}","step":{60 * minutes},"values":['.encode()


def _with_care(kind: Kind, held: Day, day: date) -> bytes:
    """The series of a day with slots that are absent or withheld, or with large values."""
    kept = series_of_pieces(pieces([(day, held)], kind.read.request.period, kind.states))
    return json.dumps([one.view() for one in kept], separators=(",", ":")).encode() if kept else b""


def _channels(home: _Home, names: Names, series: dict[_Slot, bytes]) -> bytes:
    kind, one, _, _, handles = home
    found: list[bytes] = []
    meter: bytes | None = None
    for number in range(len(handles)):
        spelled = series.get((one.place, number))
        if spelled:
            if meter is None:
                meter = json.dumps(names.open("meter", one.meter, one.number_sealed)).encode()
            found += (
                b"," if found else b"[",
                kind.channels[number].head,
                meter,
                b',"series":',
                spelled,
                b"}",
            )
    return b"".join(found) + b"]" if found else b"[]"


_Slot = tuple[int, int]
"""A place in the request, and which of its kind's channels."""
_TWO, _EIGHT, _TEN, _SIXTEEN = (size.to_bytes(4, "big") for size in (2, 8, 10, 16))
_STORED = (
    "SELECT length(p.values_sealed), string_agg(p.pseudonym || p.channel || int2send(p.version) || p.fingerprint"
    " || p.values_sealed, '') FROM metering.profile p JOIN metering.batch b ON b.batch = p.batch"
    " WHERE p.pseudonym = ANY(CAST(%(pseudonyms)s AS bytea[])) AND p.day = %(day)s AND b.stored_index < %(as_of)s"
    " AND p.values_sealed IS NOT NULL GROUP BY 1"
)
_ROOTS = (
    "SELECT string_agg(uuid_send(occupancy_id) || uuid_send(root_id), '') FROM registry.occupancy"
    " WHERE occupancy_id = ANY(CAST(%(homes)s AS uuid[]))"
)
