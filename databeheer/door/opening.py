"""Open, and keep only what was granted and recorded: the one place where readings become plain.

A wish for day or month totals opens the sealed totals only, never the quarter-hours beneath.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import Connection, text

from databeheer.access.decision import Granted
from databeheer.brussels import day_bounds, day_of, slot_starts
from databeheer.door import seals
from databeheer.door.facts import Channel, Point
from databeheer.door.house import House
from databeheer.door.keystore import KeyStoreError
from databeheer.door.names import open_text
from databeheer.door.read_request import Admitted
from databeheer.metering.aggregate import Slot, aggregate, months_by_register, slots_of
from databeheer.metering.opening import SealError, unseal
from databeheer.metering.profile import ProfileError, unpack
from databeheer.metering.sealing import profile_coordinates
from databeheer.metering.states import State
from databeheer.metering.totals import DayTotal, unpack_total
from databeheer.oversight.erasures import Erased, begun_of
from databeheer.oversight.retention import DataClass
from databeheer.values import Granularity, Period, format_instant

_log = structlog.get_logger("door")
_TOTALS = (Granularity.DAY, Granularity.MONTH)


def open_channels(house: House, admitted: Admitted) -> list[dict[str, Any]]:
    """Return the values that may leave, a channel at a time.

    Each channel: direction, unit, commodity, meter number and its slots, in thousandths of the unit, start and
    end in UTC. Versions are those stored before the read was recorded, so that what was handed over can be
    found again from the entry alone.
    """
    if admitted.point is None or not admitted.leaving:
        return []
    point, granularity = admitted.point, admitted.request.granularity
    channels = [channel for channel in point.channels if channel.direction in admitted.directions]
    slots: dict[Channel, list[Slot]] = defaultdict(list)
    for granted in admitted.leaving:
        for channel, found in _open_granted(house, admitted, granted, channels):
            slots[channel].extend(found)
    return [
        {
            "direction": channel.direction.value,
            "unit": channel.unit,
            "commodity": point.commodity,
            "meter": open_text(house, "meter", channel.meter_id, channel.number_sealed),
            "slots": [_view(slot) for slot in _gathered(slots[channel], granularity)],
        }
        for channel in channels
        if slots[channel]
    ]


def _open_granted(
    house: House, admitted: Admitted, granted: Granted, channels: list[Channel]
) -> Iterable[tuple[Channel, list[Slot]]]:
    root_id = admitted.point.roots[granted.occupancy_id] if admitted.point else UUID(int=0)
    stretch = Stretch(UUID(granted.occupancy_id), root_id, granted.interval, granted.states)
    return open_stretch(house, stretch, channels, admitted.request.granularity, admitted.as_of)


@dataclass(frozen=True)
class Stretch:
    """What may leave of one occupancy: when, and of which validation states."""

    occupancy_id: UUID
    root_id: UUID
    interval: Period
    states: frozenset[str]


def open_stretch(
    house: House, stretch: Stretch, channels: list[Channel], granularity: Granularity, as_of: int
) -> Iterable[tuple[Channel, list[Slot]]]:
    """Yield the slots of each channel-day of a stretch, as stored before the ledger had `as_of` entries.

    Only for what was decided and recorded durably. For days and months the sealed totals are opened, and the
    slots are days; else the finest slots there are.

    A row that does not open (changed, moved, or written as nobody should) gives no value and hinders no other
    day: a log line says that there is one, a day total in its place says that it is missing.
    """
    stored = _stored(house, stretch, channels, as_of)
    if stored is None:
        return
    root, pseudonym = stored.root, seals.pseudonym(stored.root)
    totals = granularity in _TOTALS
    part = "total" if totals else "values"
    for row in stored.rows:
        handle, sealed = bytes(row.channel), row.total_sealed if totals else row.values_sealed
        if sealed is None:  # only totals are kept of this day: its quarter-hours are not read
            continue
        key = seals.profile_key(root, part, handle, row.day, row.version)
        where = profile_coordinates(part, pseudonym, handle, row.day, row.version)
        try:
            plain = unseal(key, bytes(sealed), where)
            found = (
                _slots_of_total(row.day, unpack_total(plain), stretch.states)
                if totals
                else slots_of(row.day, unpack(plain))
            )
        except (SealError, ProfileError) as error:
            _log.error("a stored value does not open", part=part, error=type(error).__name__)
            found = [_hole(row.day)] if totals else []
        kept = [
            _withheld(slot, stretch.states)
            for slot in found
            if stretch.interval.start <= slot.start
            and slot.end <= stretch.interval.end
            and slot.state is not State.ABSENT
        ]
        yield stored.channels[handle], kept


@dataclass(frozen=True)
class _Stored:
    """Rows as they are stored, and what opens them."""

    root: bytes
    channels: dict[bytes, Channel]
    """By their handles under this root."""
    rows: Sequence[Any]


def _stored(house: House, stretch: Stretch, channels: list[Channel], as_of: int) -> _Stored | None:
    """Return what is stored of a stretch; None where it was erased.

    A move that is reported late re-seals rows under another root, perhaps since the facts were read. So the root is
    looked at once more after the rows: none ever comes back, hence where it is the same the rows are whole.
    """
    root_id, found, missing = stretch.root_id, None, None
    with house.engine.connect() as connection:
        while True:
            try:
                found = _rows_under(connection, house.readings_root(root_id), stretch, channels, as_of)
            except KeyStoreError as error:
                missing = error
            now = connection.execute(_ROOT, {"occupancy": stretch.occupancy_id}).scalar_one()
            if now == root_id:
                break
            root_id, found = now, None
    if found is None and missing and not erased_readings(house, [stretch.occupancy_id]):
        raise missing
    return found


def _rows_under(
    connection: Connection, root: bytes, stretch: Stretch, channels: list[Channel], as_of: int
) -> _Stored:
    handles = {
        seals.channel_handle(root, channel.meter_id, channel.direction, channel.unit): channel
        for channel in channels
    }
    asked = {
        "pseudonym": seals.pseudonym(root),
        "channels": list(handles),
        "first": day_of(stretch.interval.start),
        "last": day_of(stretch.interval.end - timedelta(microseconds=1)),
        "as_of": as_of,
    }
    return _Stored(root, handles, connection.execute(_PROFILES, asked).all())


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


def _withheld(slot: Slot, states: frozenset[str]) -> Slot:
    if slot.value is None or slot.state.value in states:
        return slot
    return Slot(slot.start, slot.end, None, slot.state, slot.register, None, slot.missing + 1)


def _gathered(slots: list[Slot], granularity: Granularity) -> list[Slot]:
    """Add up to the asked granularity; registers stay apart where totals are asked."""
    in_order = sorted(slots, key=lambda slot: (slot.start, slot.register or ""))
    if granularity is Granularity.MONTH:
        return months_by_register(in_order)
    return aggregate(in_order, granularity) if granularity is Granularity.HOUR else in_order


def _view(slot: Slot) -> dict[str, Any]:
    return {
        "start": format_instant(slot.start),
        "end": format_instant(slot.end),
        "value": slot.value,
        "state": slot.state.value,
        "register": slot.register.value if slot.register else None,
        "conversion": slot.conversion.value if slot.conversion else None,
        "missing": slot.missing,
    }


def ean_of(house: House, point: Point) -> str:
    """Open the EAN of an access point."""
    return open_text(house, "ean", point.access_point_id, point.ean_sealed)


_ROOT = text("SELECT root_id FROM registry.occupancy WHERE occupancy_id = :occupancy")
_PROFILES = text(
    "SELECT DISTINCT ON (p.channel, p.day) p.channel, p.day, p.version, p.values_sealed, p.total_sealed"
    " FROM metering.profile p JOIN metering.batch b ON b.batch = p.batch"
    " WHERE p.pseudonym = :pseudonym AND p.channel = ANY(:channels) AND p.day BETWEEN :first AND :last"
    " AND b.stored_index < :as_of ORDER BY p.channel, p.day, p.version DESC"
)
