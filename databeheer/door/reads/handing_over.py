"""What a read hands over: the granted values of each channel, as series of the granularity that was asked for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

from databeheer.door.facts.of_requests import Channel
from databeheer.door.house import House
from databeheer.door.names import open_text
from databeheer.door.reads.opening import Stretch, open_pieces, open_totals
from databeheer.door.reads.registers import Found, open_registers
from databeheer.door.reads.request import Decided, ReadRequest
from databeheer.door.reads.versions import parts_of, together_of
from databeheer.metering.aggregate import Slot, Span, aggregate, spans_by_register
from databeheer.metering.day_series import Piece, series_of_pieces
from databeheer.metering.series import Series, by_start, series_of
from databeheer.values import Granularity

_TOTALS = (Granularity.DAY, Granularity.MONTH)


def open_channels(house: House, reads: Sequence[Decided], as_of: int) -> list[list[dict[str, Any]]]:
    """Return the values that may leave of each read, a channel at a time; all of one granularity.

    Each channel: direction, unit, commodity, meter number and its series (`metering.series`); where that was asked,
    what its registers showed (`reads.registers`). Versions are those
    stored before the reads were recorded (when the ledger had `as_of` entries), so that what was handed over can be
    found again from the entry alone.
    """
    if not reads:
        return []
    pairs = [(number, stretch) for number, read in enumerate(reads) for stretch in _stretches(house, read)]
    series: list[dict[Channel, list[Series]]] = [{} for _ in reads]
    for number, channel, found in _series(house, pairs, reads[0].request, as_of):
        series[number][channel] = found
    registers = open_registers(house, reads, as_of)
    return [
        _channels(house, read, found, shown if read.request.registers else None)
        if read.point and (found or shown)
        else []
        for read, found, shown in zip(reads, series, registers, strict=True)
    ]


def _series(
    house: House, pairs: Sequence[tuple[int, Stretch]], asked: ReadRequest, as_of: int
) -> Iterator[tuple[int, Channel, list[Series]]]:
    """Yield the series of each channel of each read, by the read's number."""
    granularity = asked.granularity
    stretches = [stretch for _, stretch in pairs]
    if granularity in _TOTALS:
        slots: dict[tuple[int, Channel], list[Slot]] = defaultdict(list)
        for place, channel, totals in open_totals(house, stretches, as_of):
            slots[pairs[place][0], channel] += totals
        for (number, channel), days in slots.items():
            in_order = sorted(days, key=by_start)
            if granularity is Granularity.MONTH:
                in_order = spans_by_register(in_order, Span.YEAR if asked.per_year else Span.MONTH)
            yield number, channel, series_of(in_order)
        return
    pieces: dict[tuple[int, Channel], list[Piece]] = defaultdict(list)
    for place, channel, found in open_pieces(house, stretches, as_of):
        pieces[pairs[place][0], channel] += found
    for (number, channel), of_channel in pieces.items():
        finest = series_of_pieces(of_channel)
        if granularity is Granularity.HOUR:
            quarters = [slot for one in finest for slot in one.slots()]
            yield number, channel, series_of(aggregate(quarters, Granularity.HOUR))
        else:
            yield number, channel, finest


def _stretches(house: House, read: Decided) -> list[Stretch]:
    point = read.point
    if point is None:
        return []
    wanted = point.channels_of(parts=read.request.parts)
    channels = tuple(channel for channel in wanted if channel.direction in read.directions)
    return [
        Stretch(
            UUID(granted.occupancy_id),
            point.roots[granted.occupancy_id],
            interval,
            granted.states,
            channels,
            read.request.inserted,
            for_bills=house.catalogue.row(granted.basis).is_for_bills,
            since=since,
            together=together_of(read.request),
        )
        for granted in read.leaving
        for interval, since in parts_of(read.request, granted.interval)
    ]


def _channels(
    house: House, read: Decided, series: Mapping[Channel, list[Series]], registers: Found | None
) -> list[dict[str, Any]]:
    point = read.point
    if point is None:
        return []
    return [
        {
            "direction": channel.direction.value,
            "unit": channel.unit,
            "commodity": point.commodity,
            "meter": open_text(house, "meter", channel.meter_id, channel.number_sealed),
            "series": [one.view() for one in series.get(channel, ())],
            **({} if registers is None else {"registers": registers.get(channel, [])}),
            **({"place": _place(house, channel)} if read.request.parts else {}),
        }
        for channel in point.channels_of(parts=read.request.parts)
        if series.get(channel) or (registers and registers.get(channel))
    ]


def _place(house: House, channel: Channel) -> dict[str, Any]:
    """What a meter's values hang on; of a head point below, its number, installation and VREG's identifier."""
    sealed = channel.sub_vreg_sealed
    return {
        "kind": channel.place.value,
        "number": channel.sub_number,
        "installation": channel.sub_type,
        "vreg_id": open_text(house, "vreg", channel.meter_id, bytes(sealed)) if sealed else None,
    }
