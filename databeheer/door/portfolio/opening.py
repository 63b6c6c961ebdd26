"""Open one day of everybody in a portfolio who may be read: the text of each one's channels.

Only for what was decided and recorded durably. What `databeheer.door.reads.opening` does for each read is done here for
all of them: roots, pseudonyms and keys in one loop, the rows by one query, unsealing and unpacking as arrays.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple
from uuid import UUID

import numpy as np
import structlog
from sqlalchemy import Connection

from databeheer.brussels import day_of, slots_in_day
from databeheer.byte_rows import Bytes, beside, hash_rows, rows_of, whole
from databeheer.door.house import House
from databeheer.door.keys.store import KeyStoreError
from databeheer.door.names import open_texts
from databeheer.door.portfolio import text
from databeheer.door.portfolio.alike import Kind, Plain
from databeheer.door.portfolio.crowd import array_of
from databeheer.door.reads.opening import erased_readings
from databeheer.metering.day_series import pieces, series_of_pieces
from databeheer.metering.opening import SealError, unseal_profile
from databeheer.metering.opening_rows import open_rows
from databeheer.metering.profile import HEADER_LENGTH, SIZES
from databeheer.metering.sealing import KEY_LENGTH, TAG_LENGTH, Coordinates
from databeheer.metering.sealing_rows import coordinates
from databeheer.metering.unpacking import Block, Day, Truths, unpack_block
from databeheer.storage.engine import driver
from databeheer.values import Period, format_instant

_log = structlog.get_logger("door")
_PSEUDONYM, _NAME, _VERSION, _MARK, _SEALED = (
    slice(16),
    slice(24),
    slice(24, 26),
    slice(26, 42),
    slice(42, None),
)
"""Where in a stored row they stand; its name is its pseudonym and its channel's handle."""
_HANDLE = slice(16, 24)
_PLAIN_SIZES = frozenset(size + TAG_LENGTH for size in SIZES)
_Member = tuple[Kind, Plain]
_Slot = tuple[int, int]
"""A place in the request, and which of its kind's channels."""


class _Channels(NamedTuple):
    """The channels of all homes: an item and a row each."""

    slots: list[_Slot]
    states: list[frozenset[str]]
    """Of which states values may leave."""
    roots: Bytes
    names: Bytes


class _Found(NamedTuple):
    """Stored rows of one length, the newest of its channel each, and the number of that channel."""

    rows: Bytes
    numbers: list[int]


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
    period = wanted[0][0].read.request.period
    with house.engine.connect() as connection:
        while wanted:
            roots = house.roots_held({one.root for _, one in wanted})
            there = [(kind, one) for kind, one in wanted if one.root in roots]
            channels = _channels(there, roots)
            stored = _fetch(connection, channels, day_of(period.start), as_of)
            # A late move re-seals rows under another root, perhaps since: then they are looked for there.
            now = _roots_now(connection, [one.occupancy for _, one in wanted])
            moved = [(kind, one) for kind, one in wanted if now[one.occupancy] != one.root]
            stays = {one.occupancy for _, one in moved}
            series = _series(channels, _newest(channels, stored), period)
            found |= _texts(house, [one for one in there if one[1].occupancy not in stays], series)
            _require_erased(
                house,
                [one for _, one in wanted if one.root not in roots and one.occupancy not in stays],
                found,
            )
            wanted = [(kind, one._replace(root=now[one.occupancy])) for kind, one in moved]
    return found


def _channels(members: Sequence[_Member], roots: Mapping[bytes, bytes]) -> _Channels:
    """Derive the names of all channels, as `seals.pseudonym` and `seals.channel_handle` do of one."""
    slots, states = list[_Slot](), list[frozenset[str]]()
    keys, names = [np.empty((0, KEY_LENGTH), np.uint8)], [np.empty((0, _NAME.stop), np.uint8)]
    for kind, group in groupby(members, itemgetter(0)):
        ones = [one for _, one in group]
        own = rows_of([roots[one.root] for one in ones], KEY_LENGTH)
        pseudonyms = hash_rows(own, own[:, :0], _PSEUDONYM.stop, b"pseudonym")
        meters = rows_of([one.meter for one in ones], 16)
        for number, channel in enumerate(kind.channels):
            message = beside(len(ones), _SIXTEEN, meters, channel.coordinates)
            handles = hash_rows(own, message, _NAME.stop - _PSEUDONYM.stop, b"channel")
            slots += [(one.place, number) for one in ones]
            states += [kind.states] * len(ones)
            keys.append(own)
            names.append(beside(len(ones), pseudonyms, handles))
    return _Channels(slots, states, np.concatenate(keys), np.concatenate(names))


def _require_erased(house: House, gone: Collection[Plain], found: dict[int, bytes]) -> None:
    if not gone:
        return
    erased = erased_readings(house, [UUID(bytes=one.occupancy) for one in gone])
    for one in gone:
        if UUID(bytes=one.occupancy) not in erased:
            raise KeyStoreError("the key is not there: erased, or never made")
        found[one.place] = b"[]"


# --- what is stored -------------------------------------------------------------------------------------------


def _fetch(connection: Connection, channels: _Channels, day: date, as_of: int) -> list[Bytes]:
    """Return the day's rows of these homes, those of one length together."""
    pseudonyms = set(whole(channels.names[:, _PSEUDONYM]).tolist())
    with driver(connection).cursor(binary=True) as cursor:
        names = array_of('"\\\\x' + one.hex() + '"' for one in pseudonyms)
        asked = {"pseudonyms": names, "day": day, "as_of": as_of}
        return [
            np.frombuffer(blob, np.uint8).reshape(-1, _SEALED.start + length)
            for length, blob in cursor.execute(_STORED, asked)
        ]


def _roots_now(connection: Connection, homes: Sequence[bytes]) -> dict[bytes, bytes]:
    with driver(connection).cursor(binary=True) as cursor:
        asked = {"homes": array_of(one.hex() for one in homes)}
        [blob] = cursor.execute(_ROOTS, asked).fetchone() or (b"",)
    connection.rollback()  # the next look must see what committed since
    return {blob[at : at + 16]: blob[at + 16 : at + 32] for at in range(0, len(blob), 32)}


def _newest(channels: _Channels, stored: Sequence[Bytes]) -> list[_Found]:
    """Return the newest version of each channel of which there is one."""
    numbers = {name: number for number, name in enumerate(whole(channels.names).tolist())}
    newest: dict[int, tuple[bytes, int, int]] = {}
    for group, rows in enumerate(stored):
        names, versions = whole(rows[:, _NAME]).tolist(), whole(rows[:, _VERSION]).tolist()
        for row, (name, version) in enumerate(zip(names, versions, strict=True)):
            number = numbers.get(name)
            if number is not None and (number not in newest or newest[number][0] <= version):
                newest[number] = version, group, row
    found: list[tuple[list[int], list[int]]] = [([], []) for _ in stored]
    for number, (_, group, row) in newest.items():
        found[group][0].append(row)
        found[group][1].append(number)
    return [_Found(rows[chosen], of) for rows, (chosen, of) in zip(stored, found, strict=True) if chosen]


# --- opened ---------------------------------------------------------------------------------------------------


def _series(channels: _Channels, found: Sequence[_Found], period: Period) -> dict[_Slot, bytes]:
    """Return the JSON of the series of each channel of which something is stored that opens."""
    series, day = dict[_Slot, bytes](), day_of(period.start)
    for rows, numbers in found:
        # As `seals.profile_key` derives one.
        message = beside(
            len(rows), _EIGHT, rows[:, _HANDLE], _TEN + day.isoformat().encode() + _TWO, rows[:, _VERSION]
        )
        keys = hash_rows(channels.roots[numbers], message, KEY_LENGTH, b"values")
        if rows.shape[1] - _SEALED.start in _PLAIN_SIZES:
            plain, opens = _opened(rows, keys, day)
            for some in _of_one_header(plain, opens):
                block = unpack_block(plain[some])
                series |= _spelled(channels, [numbers[row] for row in some], block, period)
        else:
            for number, held in zip(numbers, _opened_one_by_one(rows, keys, day), strict=True):
                if held:
                    block = unpack_block(np.frombuffer(held, np.uint8)[None, :])
                    series |= _spelled(channels, [number], block, period)
    return series


def _opened(rows: Bytes, keys: Bytes, day: date) -> tuple[Bytes, Truths]:
    """Return what these rows hold, and which of them open."""
    where = coordinates(rows[:, _PSEUDONYM], rows[:, _HANDLE], day, rows[:, _VERSION], "values")
    plain, opens = open_rows(keys, rows[:, _SEALED], rows[:, _MARK], where)
    for _ in range(int((~opens).sum())):
        _does_not_open("SealError")
    return plain, opens


def _opened_one_by_one(rows: Bytes, keys: Bytes, day: date) -> Iterator[bytes]:
    """Open rows as they were sealed before; nothing of one that does not open."""
    for row, key in zip(whole(rows).tolist(), whole(keys).tolist(), strict=True):
        where = Coordinates(row[_PSEUDONYM], row[_HANDLE], day, int.from_bytes(row[_VERSION], "big"))
        try:
            yield unseal_profile(key, row[_SEALED], row[_MARK], where, "values")
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


def _spelled(
    channels: _Channels, numbers: Sequence[int], block: Block | None, period: Period
) -> dict[_Slot, bytes]:
    """Return the JSON of the series of each of these channels whose row is a profile of the day."""
    if block is None or block.values.shape[1] != slots_in_day(day_of(period.start), block.minutes):
        for _ in numbers:
            _does_not_open("ProfileError")
        return {}
    found: dict[_Slot, bytes] = {}
    whole_by_states = {
        states: text.leave_whole(block.marks, states).tolist() for states in set(channels.states)
    }
    texts, length, marks = text.values_text(block.values), block.marks.shape[1], block.marks.tobytes()
    head = f'[{{"start":"{format_instant(period.start)}","step":{60 * block.minutes},"values":['.encode()
    for row, (number, right, spelled) in enumerate(zip(numbers, block.is_right.tolist(), texts, strict=True)):
        states = channels.states[number]
        if not right:
            _does_not_open("ProfileError")
        elif spelled is not None and whole_by_states[states][row]:
            runs = text.marks_text(marks[length * row : length * row + length])
            found[channels.slots[number]] = b"".join((head, spelled, b"]", runs, b"}]"))
        else:
            held = Day(block.minutes, block.values[row], block.marks[row])
            found[channels.slots[number]] = _with_care(held, period, states)
    return found


def _with_care(held: Day, period: Period, states: frozenset[str]) -> bytes:
    """The series of a day with slots that are absent or withheld, or with large values."""
    kept = series_of_pieces(pieces([(day_of(period.start), held)], period, states))
    return json.dumps([one.view() for one in kept], separators=(",", ":")).encode() if kept else b""


def _texts(house: House, members: Sequence[_Member], series: Mapping[_Slot, bytes]) -> dict[int, bytes]:
    """Return the JSON of the channels of each home; the number of a meter is opened where something leaves."""
    found, given = dict[int, bytes](), list[tuple[Plain, list[tuple[bytes, bytes]]]]()
    for kind, one in members:
        spelled = [
            (channel.head, values)
            for number, channel in enumerate(kind.channels)
            if (values := series.get((one.place, number)))
        ]
        if spelled:
            given.append((one, spelled))
        else:
            found[one.place] = b"[]"
    meters = open_texts(house, "meter", [(one.meter, one.number_sealed) for one, _ in given])
    for (one, spelled), meter in zip(given, meters, strict=True):
        named = _quoted(meter).encode() + b',"series":'
        found[one.place] = b"[" + b",".join([head + named + values + b"}" for head, values in spelled]) + b"]"
    return found


_quoted = json.JSONEncoder().encode
_TWO, _EIGHT, _TEN, _SIXTEEN = (size.to_bytes(4, "big") for size in (2, 8, 10, 16))
"""How `seals.derive` spells the length of a part."""
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
