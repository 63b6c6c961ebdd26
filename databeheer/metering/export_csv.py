"""A customer's own readings as the CSV that Mijn Fluvius gives: what intake reads, it writes.

UTF-8 with byte-order mark, CRLF, semicolons, decimal comma, local times without offset, `="EAN"`. On the day with 25
hours the two passes of the repeated hour are interleaved, summer time first, as in the real files. A slot that is not
there at all has no row. The layout is in docs/reference/exports.md.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import lru_cache, partial
from itertools import groupby
from typing import NamedTuple

from databeheer.brussels import BRUSSELS, day_of, slots_in_day
from databeheer.metering.aggregate import Slot
from databeheer.metering.columns import DELIMITER, Column
from databeheer.metering.export_words import REGISTER_OF_UNIT, UNITS, Words
from databeheer.metering.measured import Measured
from databeheer.metering.states import State, worst_state
from databeheer.values import EAN, Commodity, Granularity

_HOUR = timedelta(hours=1)
_LONG_DAY = 25
_ROWS_AT_ONCE = 500


class _Row(NamedTuple):
    channel: int
    slot: Slot


def write_csv(
    ean: EAN, channels: Sequence[Measured], granularity: Granularity, words: Words
) -> Iterator[bytes]:
    """Yield the file of one access point in parts; holds one day at a time.

    The slots of each channel are in order of their start, and of one commodity all.
    """
    has_conversion = any(channel.commodity is Commodity.GAS for channel in channels)
    lines = [DELIMITER.join(_header(words, has_conversion=has_conversion))]
    yield b"\xef\xbb\xbf"
    constants = [_constant(ean, channel, words) for channel in channels]
    for rows in _days(channels, granularity):
        for row in rows:
            cells = _cells(channels[row.channel], row.slot, words, has_conversion=has_conversion)
            period = _period(row.slot.start, row.slot.end, words.date)
            lines.append(f"{period};{constants[row.channel]};{cells}")
        if len(lines) >= _ROWS_AT_ONCE:
            yield _joined(lines)
            lines = []
    yield _joined(lines)


def _joined(lines: list[str]) -> bytes:
    return "".join(f"{line}\r\n" for line in lines).encode()


def _header(words: Words, *, has_conversion: bool) -> list[str]:
    return [
        name for column, name in words.header.items() if has_conversion or column is not Column.CONVERSION
    ]


def _constant(ean: EAN, channel: Measured, words: Words) -> str:
    return f'="{ean.digits}";{_quoted(channel.meter or "")};{words.meter_type}'


def _quoted(text: str) -> str:
    """A meter number is letters and digits; one that is not neither opens a cell nor becomes a formula."""
    plain = text.lstrip("=+-@\t\r")
    return '"' + plain.replace('"', '""') + '"' if set(plain) & set(';"\r\n') else plain


def _cells(channel: Measured, slot: Slot, words: Words, *, has_conversion: bool) -> str:
    # Also a value that may not leave: what has no volume is Geen verbruik, or no reader takes the row.
    state = State.NONE if slot.value is None else slot.state
    cells = [
        words.register(channel.direction, slot.register or REGISTER_OF_UNIT[channel.unit]),
        "" if slot.value is None else f"{slot.value // 1000},{slot.value % 1000:03d}",
        UNITS[channel.unit],
        words.states[state],
        *([words.conversions[slot.conversion]] if has_conversion else ()),
        "" if slot.value is None else words.missing(slot.missing),
    ]
    return DELIMITER.join(cells)


@lru_cache(maxsize=512)
def _period(start: datetime, end: datetime, date_format: str) -> str:
    local = start.astimezone(BRUSSELS), end.astimezone(BRUSSELS)
    return DELIMITER.join(at.strftime(form) for at in local for form in (date_format, "%H:%M:%S"))


def _days(channels: Sequence[Measured], granularity: Granularity) -> Iterator[list[_Row]]:
    """Yield the rows of each Brussels day in the order of the file: by local time, then by channel."""
    rows = heapq.merge(
        *(
            map(partial(_Row, number), _slots(channel, granularity))
            for number, channel in enumerate(channels)
        ),
        key=lambda row: row.slot.start,
    )
    for day, found in groupby(rows, key=lambda row: day_of(row.slot.start)):
        of_day = list(found)
        yield _interleaved(of_day) if slots_in_day(day, 60) == _LONG_DAY else of_day


def _slots(channel: Iterable[Slot], granularity: Granularity) -> Iterator[Slot]:
    """Hours are whole hours in this layout: one of which quarters are not there says so in its remark."""
    if granularity is not Granularity.HOUR:
        yield from channel
        return
    for hour, group in groupby(channel, key=lambda slot: slot.start.replace(minute=0)):
        parts = list(group)
        yield parts[0] if len(parts) == 1 and _is_whole(parts[0]) else _whole(hour, parts)


def _is_whole(slot: Slot) -> bool:
    return slot.end - slot.start == _HOUR


def _whole(hour: datetime, parts: Sequence[Slot]) -> Slot:
    valued = [part for part in parts if part.value is not None]
    covered = sum((part.end - part.start for part in parts), timedelta())
    first = (valued or parts)[0]
    return Slot(
        hour,
        hour + _HOUR,
        sum(part.value for part in valued if part.value is not None) if valued else None,
        worst_state(part.state for part in valued or parts),
        first.register,
        first.conversion,
        sum(part.missing for part in parts) + (_HOUR - covered) // timedelta(minutes=15),
    )


def _interleaved(rows: list[_Row]) -> list[_Row]:
    """Put the rows of the day with 25 hours by the clock on the wall; sorting is stable, so summer time is first.

    Two slots that read the same are told apart by their order only. Where one of the two is not there, it is written
    as having no value: else nobody could tell which one the other is.
    """
    known = {_place(row) for row in rows}
    rows = rows + [
        twin
        for row in rows
        for twin in (_moved(row, _HOUR), _moved(row, -_HOUR))
        if _reads_as(twin.slot) == _reads_as(row.slot) and _place(twin) not in known
    ]
    return sorted(rows, key=lambda row: (_wall(row.slot.start), row.slot.start, row.channel))


def _place(row: _Row) -> tuple[int, datetime]:
    return row.channel, row.slot.start


def _moved(row: _Row, by: timedelta) -> _Row:
    slot = row.slot
    return row._replace(
        slot=replace(slot, start=slot.start + by, end=slot.end + by, value=None, state=State.NONE, missing=1)
    )


def _reads_as(slot: Slot) -> tuple[datetime, datetime]:
    return _wall(slot.start), _wall(slot.end)


def _wall(at: datetime) -> datetime:
    return at.astimezone(BRUSSELS).replace(tzinfo=None, fold=0)
