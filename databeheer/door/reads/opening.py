"""Open, and keep only what was granted and recorded: the one place where readings become plain.

A wish for day or month totals opens the sealed totals only, never the quarter-hours beneath.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cached_property
from typing import Any, Literal
from uuid import UUID

from databeheer.brussels import day_bounds, day_of, slot_starts
from databeheer.door.facts.of_requests import Channel
from databeheer.door.house import House
from databeheer.door.keys import seals
from databeheer.door.keys.store import KeyStoreError
from databeheer.door.reads.unsealing import SealedRow, does_not_open, unseal_values
from databeheer.metering.aggregate import Slot
from databeheer.metering.day_series import Piece, fits, pieces
from databeheer.metering.opening import SealError, unseal_profile
from databeheer.metering.profile import ProfileError
from databeheer.metering.sealing import Coordinates
from databeheer.metering.states import State
from databeheer.metering.totals import DayTotal, unpack_total
from databeheer.metering.unpacking import Day, unpack_rows
from databeheer.oversight.erasures import Erased, begun_of
from databeheer.oversight.retention import DataClass
from databeheer.storage.look import Look, uuids
from databeheer.values import Period

LONGEST_INTAKE = timedelta(days=1)
"""How long after it was begun a batch may be stored; what is not stored by then is given up."""
_AT_ONCE = 128
"""Stretches whose profiles are fetched by one query: enough to save most of the round trips, few enough to hold."""


@dataclass(frozen=True)
class Stretch:
    """What may leave of one occupancy: when, of which channels, and of which validation states."""

    occupancy_id: UUID
    root_id: UUID
    interval: Period
    states: frozenset[str]
    channels: tuple[Channel, ...] = ()
    inserted: Period | None = None
    """Only days whose newest values came in this stretch of time, or up to `LONGEST_INTAKE` before it; None: all."""
    for_bills: bool = False
    """Only billing-grade days: no bill rests on informative ones (R61)."""
    since: int = 0
    """Only days, or as `together` says months or years, of which something was stored at or after this entry."""
    together: Literal["day", "month", "year"] = "day"

    @property
    def days(self) -> tuple[date, date]:
        """Its first and its last Brussels day."""
        return day_of(self.interval.start), day_of(self.interval.end - timedelta(microseconds=1))


def open_totals(
    house: House, stretches: Sequence[Stretch], as_of: int
) -> Iterator[tuple[int, Channel, list[Slot]]]:
    """Yield the day totals of each channel-day, with the number of its stretch, as stored before entry `as_of`.

    Only for what was decided and recorded durably. Quarter-hours are not opened for it.

    A row that does not open (changed, moved, or written as nobody should) gives no value and hinders no other day: a
    log line says that there is one, and a slot in its place that the day is missing.
    """
    for some in _stored_in_parts(house, stretches, "total", as_of):
        for one in some:
            for handle, row in _granted(one):
                yield one.number, one.channels[handle], _totals_of(one, handle, row)


def open_days(
    house: House, stretches: Sequence[Stretch], as_of: int
) -> Iterator[tuple[int, Channel, dict[date, DayTotal]]]:
    """Yield the whole totals of each channel by day, with the number of its stretch; for the door alone.

    They hold what the granted states withhold, and what registers showed: the caller hands over what follows from
    them and was granted. A row that does not open is not there.
    """
    for some in _stored_in_parts(house, stretches, "total", as_of):
        for one in some:
            days: dict[Channel, dict[date, DayTotal]] = defaultdict(dict)
            for handle, row in _granted(one):
                plain = _unsealed(one, handle, row, "total")
                try:
                    if plain is not None:
                        days[one.channels[handle]][row.day] = unpack_total(plain)
                except ProfileError as error:
                    does_not_open("total", type(error))
            for channel, totals in days.items():
                yield one.number, channel, totals


def open_pieces(
    house: House, stretches: Sequence[Stretch], as_of: int
) -> Iterator[tuple[int, Channel, list[Piece]]]:
    """Yield what there is of each channel in the finest slots, with the number of its stretch.

    As `open_totals`; a row that does not open leaves nothing in its place.
    """
    for some in _stored_in_parts(house, stretches, "values", as_of):
        granted = [(one, handle, row) for one in some for handle, row in _granted(one)]
        plains = unseal_values(
            [
                SealedRow(one.root, one.pseudonym, handle, row.day, row.version, row.fingerprint, row.sealed)
                for one, handle, row in granted
            ]
        )
        opened = [
            (one, handle, row.day, plain)
            for (one, handle, row), plain in zip(granted, plains, strict=True)
            if plain is not None
        ]
        days: dict[tuple[int, bytes], list[tuple[date, Day]]] = defaultdict(list)
        unpacked = unpack_rows([plain for *_, plain in opened])
        for (one, handle, on, _), day in zip(opened, unpacked, strict=True):
            if day is None or not fits(on, day):
                does_not_open("values", ProfileError)
            else:
                days[one.number, handle].append((on, day))
        for one in some:
            interval, states = one.stretch.interval, one.stretch.states
            for handle, channel in one.channels.items():
                kept = list(pieces(days.get((one.number, handle), ()), interval, states))
                if kept:
                    yield one.number, channel, kept


@dataclass(frozen=True)
class _Stored:
    """A stretch, with the rows that are stored of its occupancy, and what opens them."""

    number: int
    stretch: Stretch
    root: bytes
    channels: Mapping[bytes, Channel]
    """By their handles under this root."""
    rows: list[Any]

    @cached_property
    def pseudonym(self) -> bytes:
        return seals.pseudonym(self.root)


def _stored_in_parts(
    house: House, stretches: Sequence[Stretch], part: str, as_of: int
) -> Iterator[list[_Stored]]:
    for start in range(0, len(stretches), _AT_ONCE):
        yield list(_stored(house, list(enumerate(stretches[start : start + _AT_ONCE], start)), part, as_of))


def _stored(house: House, wanted: Sequence[tuple[int, Stretch]], part: str, as_of: int) -> Iterator[_Stored]:
    """Yield what is stored of each stretch; nothing of one that was erased.

    A move that is reported late re-seals rows under another root, perhaps since the facts were read. So the roots are
    looked at once more after the rows: none ever comes back, hence where it is the same the rows are whole.
    """
    # Without a transaction: nothing is written, and after a ROLLBACK the driver prepares all its statements anew.
    with house.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        while wanted:
            found, missing = _with_roots(house, wanted)
            look = Look(connection)
            rows = _ask(look, list(found.values()), part, as_of)
            homes = look.ask(_ROOTS, {"homes": uuids(stretch.occupancy_id for _, stretch in wanted)})
            look.send()  # each with a snapshot of its own, in this order
            _put_in_places(rows, found.values())
            now = {row.occupancy_id: row.root_id for row in homes}
            again = []
            for number, stretch in wanted:
                if now[stretch.occupancy_id] != stretch.root_id:
                    again.append((number, replace(stretch, root_id=now[stretch.occupancy_id])))
                elif number in found:
                    yield found[number]
                elif not erased_readings(house, [stretch.occupancy_id]):
                    raise missing[number]
            wanted = again


def _granted(one: _Stored) -> Iterator[tuple[bytes, Any]]:
    """Yield the rows of a stretch, each with its channel's handle.

    Others are of another stretch of this occupancy, have not changed, are kept as totals only, or no ground of a bill:
    they are not opened.
    """
    first, last = one.stretch.days
    for row in one.rows:
        handle = row.channel
        if not first <= row.day <= last or handle not in one.channels or row.sealed is None:
            continue
        if one.stretch.since and row.latest < one.stretch.since:
            continue
        if not (one.stretch.for_bills and row.is_informative):
            yield handle, row


def _with_roots(
    house: House, wanted: Sequence[tuple[int, Stretch]]
) -> tuple[dict[int, _Stored], dict[int, KeyStoreError]]:
    """Find the roots of stretches, by their numbers; and those that are not there."""
    found: dict[int, _Stored] = {}
    missing: dict[int, KeyStoreError] = {}
    for number, stretch in wanted:
        try:
            root = house.readings_root(stretch.root_id)
        except KeyStoreError as error:
            missing[number] = error
            continue
        handles = {
            seals.channel_handle(root, channel.meter_id, channel.direction, channel.unit): channel
            for channel in stretch.channels
        }
        found[number] = _Stored(number, stretch, root, handles, [])
    return found, missing


def _ask(look: Look, stored: Sequence[_Stored], part: str, as_of: int) -> list[Any]:
    """Ask for the rows of all of them."""
    if not stored:
        return []
    days = [one.stretch.days for one in stored]
    asked = {
        "pseudonyms": list({one.pseudonym for one in stored}),
        "channels": list({handle for one in stored for handle in one.channels}),
        "first": min(first for first, _ in days),
        "last": max(last for _, last in days),
        "as_of": as_of,
        "totals": part == "total",
    }
    inserted = stored[0].stretch.inserted
    if inserted is not None:
        begun = {"since": inserted.start - LONGEST_INTAKE, "before": inserted.end}
        return look.ask(_INSERTED, asked | begun)
    if any(one.stretch.since for one in stored):
        least = min(one.stretch.since for one in stored)
        return look.ask(_CHANGED, asked | {"since": least, "together": stored[0].stretch.together})
    return look.ask(_PROFILES, asked)


def _put_in_places(rows: Iterable[Any], stored: Iterable[_Stored]) -> None:
    places: dict[bytes, list[_Stored]] = defaultdict(list)
    for one in stored:
        places[one.pseudonym].append(one)
    for row in rows:
        for one in places[row.pseudonym]:
            one.rows.append(row)


def _totals_of(one: _Stored, handle: bytes, row: Any) -> list[Slot]:
    interval, states = one.stretch.interval, one.stretch.states
    plain = _unsealed(one, handle, row, "total")
    try:
        slots = [_hole(row.day)] if plain is None else _slots_of_total(row.day, unpack_total(plain), states)
    except ProfileError as error:
        does_not_open("total", type(error))
        slots = [_hole(row.day)]
    return [
        slot
        for slot in slots
        if interval.start <= slot.start and slot.end <= interval.end and slot.state is not State.ABSENT
    ]


def _unsealed(one: _Stored, handle: bytes, row: Any, part: str) -> bytes | None:
    """Open one part of a row; None where it does not open."""
    key = seals.profile_key(one.root, part, handle, row.day, row.version)
    where = Coordinates(one.pseudonym, handle, row.day, row.version)
    try:
        return unseal_profile(key, row.sealed, row.fingerprint, where, part)
    except SealError as error:
        does_not_open(part, type(error))
        return None


def erased_readings(house: House, occupancies: Iterable[UUID]) -> dict[UUID, Erased]:
    """Which of these occupancies have their readings erased, when and by which entry."""
    with house.engine.connect() as connection:
        return begun_of(connection, DataClass.READINGS, list(occupancies))


def _slots_of_total(day: date, total: DayTotal, states: frozenset[str]) -> list[Slot]:
    """A day's totals, a slot for each register; withheld whole where a value in it may not leave."""
    start, end = day_bounds(day)
    if any(state.has_value and state.value not in states for state, _ in total.states):
        return [Slot(start, end, None, total.worst, missing=total.slots)]
    if not total.registers:
        return [Slot(start, end, None, total.worst, missing=total.missing)]
    return [
        Slot(start, end, amount, total.worst, register, missing=total.missing)
        for register, amount in total.registers
    ]


def _hole(day: date) -> Slot:
    """A day of which nothing can be said: a sum over it must show that it lacks something."""
    start, end = day_bounds(day)
    return Slot(start, end, None, State.NVAL, missing=len(slot_starts(day, 15)))


_ROOTS = "SELECT occupancy_id, root_id FROM registry.occupancy WHERE occupancy_id = ANY(%(homes)s)"
# Of one part only: what is not asked does not leave the database.
_PROFILES = (
    "SELECT DISTINCT ON (p.pseudonym, p.channel, p.day) p.pseudonym, p.channel, p.day, p.version, b.opened_at,"
    " b.is_informative, b.stored_index, p.fingerprint,"
    " CASE WHEN %(totals)s THEN p.total_sealed ELSE p.values_sealed END AS sealed"
    " FROM metering.profile p JOIN metering.batch b ON b.batch = p.batch"
    " WHERE p.pseudonym = ANY(%(pseudonyms)s) AND p.channel = ANY(%(channels)s)"
    " AND p.day BETWEEN %(first)s AND %(last)s AND b.stored_index < %(as_of)s"
    " ORDER BY p.pseudonym, p.channel, p.day, p.version DESC"
)
# When a batch was begun is written down; that it was stored within a day of it holds, else it is given up.
_INSERTED = f"SELECT * FROM ({_PROFILES}) newest WHERE newest.opened_at >= %(since)s AND newest.opened_at < %(before)s"  # noqa: S608  parts of our own
# A month counts as changed with any of its days; a version that replaces one was stored after it.
_CHANGED = (
    "SELECT * FROM (SELECT *, max(stored_index) OVER (PARTITION BY pseudonym, channel,"  # noqa: S608  parts of our own
    f" date_trunc(CAST(%(together)s AS text), CAST(day AS timestamp))) AS latest FROM ({_PROFILES}) newest) changed"
    " WHERE latest >= %(since)s"
)
