"""Readings in the format of a Mijn Fluvius export, both languages, row for row as the real files have them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import chain, pairwise
from typing import Protocol

import numpy as np

from databeheer.metering.street.calendar import Calendar, Integers, local_slots
from databeheer.metering.street.plan import PlannedPoint
from databeheer.metering.street.spelling import SPELLINGS, Spelling
from databeheer.values import Commodity

NO_VALUE = 2
_DAY = 1440
_PROVISIONAL_DAYS = 10
_GAS_DAY_BEGINS = 6


class ReadingsLike(Protocol):
    """What the writer needs of readings; see `street.Readings`."""

    @property
    def offtake(self) -> Integers: ...
    @property
    def injection(self) -> Integers | None: ...
    @property
    def volume(self) -> Integers | None: ...
    @property
    def quality(self) -> Integers: ...


class ExportWriter:
    """Writes exports over one calendar; what all points share is spelled once."""

    def __init__(self, calendar: Calendar) -> None:
        self._calendar = calendar
        self._times: dict[tuple[str, int], list[str]] = {}
        self._orders = {minutes: self._order(minutes) for minutes in (15, 60)}

    def write(self, point: PlannedPoint, readings: ReadingsLike) -> tuple[str, bytes]:
        """Return the name and the bytes of the export of one point."""
        spelling = SPELLINGS[point.style]
        is_gas = point.commodity is Commodity.GAS
        rows: Iterable[str]
        if point.slot_minutes == _DAY:
            rows = self._day_rows(point, readings, spelling)
        elif is_gas:
            rows = self._gas_rows(point, readings, spelling)
        else:
            rows = self._electricity_rows(point, readings, spelling)
        text = spelling.header(is_gas) + spelling.newline + "".join(rows)
        if not spelling.has_final_newline:
            text = text.removesuffix(spelling.newline)
        days = self._calendar.days
        name = spelling.file_name(is_gas, point.slot_minutes, point.ean.digits, days[0], days[-1])
        return name, text.encode("utf-8-sig")

    def _electricity_rows(
        self, point: PlannedPoint, readings: ReadingsLike, spelling: Spelling
    ) -> Iterable[str]:
        minutes = point.slot_minutes
        order = self._orders[minutes]
        quality = readings.quality[order]
        tails = _choose([spelling.tail("kWh", kind, "", False) for kind in range(3)], quality)
        registers = self._registers(point)[order]
        channels = [(readings.offtake, spelling.offtake)]
        if readings.injection is not None:
            channels.append((readings.injection, spelling.injection))
        rows = [
            self._rows(
                spelling,
                minutes,
                _choose(_heads(point, spelling, direction), registers),
                _volumes(values[order], quality),
                tails,
            )
            for values, direction in channels
        ]
        return rows[0] if len(rows) == 1 else chain.from_iterable(zip(*rows, strict=True))

    def _gas_rows(self, point: PlannedPoint, readings: ReadingsLike, spelling: Spelling) -> Iterable[str]:
        """Two rows an hour, kWh and m3; the first day begins at 06:00."""
        if readings.volume is None:
            raise ValueError("gas has a volume")
        order = self._orders[60]
        quality = readings.quality[order]
        provisional = self._calendar.day[::4][order] >= len(self._calendar.days) - _PROVISIONAL_DAYS
        firmness = [spelling.definitive, spelling.provisional]
        tails = [
            spelling.tail("kWh", kind, "" if kind == NO_VALUE else firm, True)
            for firm in firmness
            for kind in range(3)
        ]
        head = [_heads(point, spelling, spelling.offtake)[2]] * len(order)
        energy = self._rows(
            spelling,
            60,
            head,
            _volumes(readings.offtake[order], quality),
            _choose(tails, quality + 3 * provisional),
        )
        volume = self._rows(
            spelling,
            60,
            head,
            _volumes(readings.volume[order], quality),
            _choose([spelling.tail("m³", kind, "", True) for kind in range(3)], quality),
        )
        pair = (energy, volume) if point.is_dutch else (volume, energy)
        return chain.from_iterable(zip(*(rows[_GAS_DAY_BEGINS:] for rows in pair), strict=True))

    def _day_rows(self, point: PlannedPoint, readings: ReadingsLike, spelling: Spelling) -> list[str]:
        """One row per day, register that ran on that day, and channel; nothing finer leaves the meter."""
        is_gas = point.commodity is Commodity.GAS
        begins = self._calendar.begins // (4 if is_gas else 1)
        registers = np.full(begins[-1], 2, np.int64) if is_gas else self._registers(point)
        channels = [(readings.offtake, spelling.offtake, "kWh")]
        if readings.injection is not None:
            channels.append((readings.injection, spelling.injection, "kWh"))
        if readings.volume is not None:
            channels.append((readings.volume, spelling.offtake, "m³"))
        rows = []
        times = self._spelled_times(spelling.separator, _DAY)
        for index, (begin, end) in enumerate(pairwise(begins)):
            part = slice(int(begin), int(end))
            kind = int((readings.quality[part] == 1).any())
            is_late = index >= len(self._calendar.days) - _PROVISIONAL_DAYS
            firm = spelling.provisional if is_late else spelling.definitive
            for values, direction, unit in channels:
                used = np.where(readings.quality[part] == NO_VALUE, 0, values[part])
                heads = _heads(point, spelling, direction)
                tail = spelling.tail(unit, kind, firm if is_gas and unit == "kWh" else "", is_gas)
                for register in np.unique(registers[part]).tolist():
                    total = int(used[registers[part] == register].sum())
                    rows.append(times[index] + heads[register] + _volume(total) + tail)
        return rows

    def _rows(
        self,
        spelling: Spelling,
        minutes: int,
        heads: list[str],
        volumes: list[str],
        tails: list[str],
    ) -> list[str]:
        times = self._spelled_times(spelling.separator, minutes)
        return [
            time + head + volume + tail
            for time, head, volume, tail in zip(times, heads, volumes, tails, strict=True)
        ]

    def _registers(self, point: PlannedPoint) -> Integers:
        """Return per quarter-hour the index of its head: 0 day, 1 night, 2 the one register there is."""
        if not point.has_two_registers:
            return np.full(self._calendar.size, 2, np.int64)
        return np.where(self._calendar.is_day_tariff, 0, 1)

    def _order(self, minutes: int) -> Integers:
        """Return the slots in the order of the file, as indexes in real time."""
        per_slot = minutes // 15
        parts = [
            begin // per_slot + np.array([slot[0] for slot in local_slots(int(count), minutes)], np.int64)
            for begin, count in zip(self._calendar.begins, self._calendar.counts, strict=False)
        ]
        return np.concatenate(parts)

    def _spelled_times(self, separator: str, minutes: int) -> list[str]:
        key = separator, minutes
        if key not in self._times:
            self._times[key] = self._spell_times(separator, minutes)
        return self._times[key]

    def _spell_times(self, separator: str, minutes: int) -> list[str]:
        pattern = f"%d{separator}%m{separator}%Y"
        days = self._calendar.days
        written = [day.strftime(pattern) for day in days]
        written.append(days[-1].fromordinal(days[-1].toordinal() + 1).strftime(pattern))
        if minutes == _DAY:
            return [f"{written[i]};00:00:00;{written[i + 1]};00:00:00;" for i in range(len(days))]
        return [
            f"{written[day]};{begin};{written[day + next_day]};{end};"
            for day, count in enumerate(self._calendar.counts.tolist())
            for _, begin, end, next_day in local_slots(count, minutes)
        ]


def _heads(point: PlannedPoint, spelling: Spelling, direction: str) -> list[str]:
    """Return what stands between times and volume for the day register, the night register and the only one."""
    meter = f'="{point.ean.digits}";{point.meter_number};{spelling.meter_type};{direction}'
    return [f"{meter}{register};" for register in (spelling.day, spelling.night, "")]


def _choose(texts: Sequence[str], codes: Integers) -> list[str]:
    chosen: list[str] = np.array(texts, dtype=object)[codes].tolist()
    return chosen


def _volumes(values: Integers, quality: Integers) -> list[str]:
    table = _volume_table(1 << int(values.max()).bit_length())
    return [table[value] for value in np.where(quality == NO_VALUE, -1, values).tolist()]


@lru_cache(maxsize=32)
def _volume_table(size: int) -> list[str]:
    """Return all volumes below `size` as they are written, and last the empty one."""
    return [*map(_volume, range(size)), ""]


def _volume(thousandths: int) -> str:
    return f"{thousandths // 1000},{thousandths % 1000:03d}"
