"""Open one day of everybody in a portfolio who may be read: the text of each one's channels.

Only for what was decided and recorded durably. What `databeheer.door.opening` does for each read is done here for all
of them: roots, pseudonyms and keys in one loop, the rows by one query, unsealing and unpacking as arrays.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from datetime import date
from hashlib import blake2b
from typing import NamedTuple
from uuid import UUID

import numpy as np
import structlog
from sqlalchemy import Connection

from databeheer.brussels import day_of
from databeheer.door.house import House
from databeheer.door.keys import seals
from databeheer.door.keys.store import KeyStoreError
from databeheer.door.names import Names
from databeheer.door.opening import erased_readings
from databeheer.door.portfolio import text
from databeheer.door.portfolio.alike import Kind, Plain
from databeheer.door.portfolio.crowd import array_of
from databeheer.metering.day_series import fits, pieces, series_of_pieces
from databeheer.metering.opening import SealError, unseal_profile
from databeheer.metering.opening_rows import open_rows
from databeheer.metering.packing import Bytes
from databeheer.metering.profile import SIZES
from databeheer.metering.sealing import TAG_LENGTH, Coordinates
from databeheer.metering.sealing_rows import coordinates
from databeheer.metering.unpacking import Day, unpack_rows
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


class _Wanted(NamedTuple):
    """A row to be opened, by where it begins; whose it is and of which of the kind's channels."""

    at: int
    home: _Home
    channel: int
    key: bytes


def _texts(house: House, homes: Sequence[_Home], stored: Sequence[_Rows], day: date) -> dict[int, bytes]:
    newest, names = _newest(stored), Names(house)
    wanted: list[list[_Wanted]] = [[] for _ in stored]
    spelled_day = _TEN + day.isoformat().encode() + _TWO
    for home in homes:
        for channel, handle in enumerate(home.handles):
            place = newest.get(home.pseudonym + handle)
            if place is not None:
                number, at = place
                version = stored[number].blob[at + _NAME : at + _MARK.start]
                message = _EIGHT + handle + spelled_day + version
                key = blake2b(message, key=home.root, person=b"values", digest_size=32).digest()
                wanted[number].append(_Wanted(at, home, channel, key))
    series: dict[tuple[int, int], bytes] = {}
    for rows, some in zip(stored, wanted, strict=True):
        if some:
            days = unpack_rows(_opened(rows, some, day))
            series |= _series(some, days, day)
    return {home.one.place: _channels(home, names, series) for home in homes}


def _opened(rows: _Rows, wanted: Sequence[_Wanted], day: date) -> list[bytes]:
    """Return what these rows hold; nothing of one that does not open."""
    if rows.width - _HEAD not in _PLAIN_SIZES:
        return [_opened_alone(rows, one, day) for one in wanted]
    data = np.frombuffer(rows.blob, np.uint8).reshape(-1, rows.width)[
        [one.at // rows.width for one in wanted]
    ]
    keys = np.frombuffer(b"".join(one.key for one in wanted), np.uint8).reshape(-1, 32)
    where = coordinates(data[:, :16], data[:, 16:_NAME], day, data[:, _VERSION], "values")
    plain, opens = open_rows(keys, data[:, _HEAD:], data[:, _MARK], where)
    size, text_ = plain.shape[1], plain.tobytes()
    found = [text_[size * row : size * row + size] for row in range(len(wanted))]
    for row in np.flatnonzero(~opens).tolist():
        _does_not_open("SealError")
        found[row] = b""
    return found


def _opened_alone(rows: _Rows, one: _Wanted, day: date) -> bytes:
    """Open a row as they were sealed before."""
    row = rows.blob[one.at : one.at + rows.width]
    where = Coordinates(row[:16], row[16:_NAME], day, int.from_bytes(row[_VERSION], "big"))
    try:
        return unseal_profile(one.key, row[_HEAD:], row[_MARK], where, "values")
    except SealError:
        _does_not_open("SealError")
        return b""


def _does_not_open(error: str) -> None:
    _log.error("a stored value does not open", part="values", error=error)


def _series(wanted: Sequence[_Wanted], days: Sequence[Day | None], day: date) -> dict[tuple[int, int], bytes]:
    """Return the JSON of the series of each row that opened, by place and channel."""
    found: dict[tuple[int, int], bytes] = {}
    together: dict[tuple[int, frozenset[str]], list[int]] = defaultdict(list)
    for number, (one, opened) in enumerate(zip(wanted, days, strict=True)):
        if opened is None or not fits(day, opened):
            _does_not_open("ProfileError")
        else:
            together[opened.minutes, one.home.kind.states].append(number)
    for (minutes, states), numbers in together.items():
        some = [found_day for number in numbers if (found_day := days[number]) is not None]
        values, marks = np.stack([one.values for one in some]), np.stack([one.marks for one in some])
        whole = text.leave_whole(marks, states).tolist()
        head = _head(wanted[numbers[0]], minutes)
        rendered = zip(numbers, text.values_text(values), whole, _rows_of(marks), strict=True)
        for number, spelled, is_whole, row in rendered:
            one = wanted[number]
            place = one.home.one.place, one.channel
            if spelled is not None and is_whole:
                found[place] = b"".join((head, spelled, b"]", text.marks_text(row), b"}]"))
            else:
                found[place] = _with_care(one, days[number], day)
    return found


def _rows_of(marks: Bytes) -> Iterator[bytes]:
    length, whole = marks.shape[1], marks.tobytes()
    return (whole[at : at + length] for at in range(0, len(whole), length))


def _head(one: _Wanted, minutes: int) -> bytes:
    start = format_instant(one.home.kind.read.request.period.start)
    return f'[{{"start":"{start}","step":{60 * minutes},"values":['.encode()


def _with_care(one: _Wanted, opened: Day | None, day: date) -> bytes:
    """The series of a day with slots that are absent or withheld, or with large values."""
    if opened is None:
        return b""
    kind = one.home.kind
    kept = series_of_pieces(pieces([(day, opened)], kind.read.request.period, kind.states))
    return json.dumps([one.view() for one in kept], separators=(",", ":")).encode() if kept else b""


def _channels(home: _Home, names: Names, series: dict[tuple[int, int], bytes]) -> bytes:
    found: list[bytes] = []
    meter: bytes | None = None
    for number, channel in enumerate(home.kind.channels):
        spelled = series.get((home.one.place, number))
        if spelled:
            if meter is None:
                number_ = names.open("meter", home.one.meter, home.one.number_sealed)
                meter = json.dumps(number_).encode()
            found += [b"," if found else b"[", channel.head, meter, b',"series":', spelled, b"}"]
    return b"".join([*found, b"]"]) if found else b"[]"


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
