"""The street at work: from plan to readings to export files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from databeheer.metering.street.calendar import Calendar, Floats, Integers
from databeheer.metering.street.loads import electricity, gas
from databeheer.metering.street.plan import PlannedPoint, Quality, StreetPlan
from databeheer.metering.street.weather import Weather
from databeheer.metering.street.writer import ExportWriter
from databeheer.values import Commodity

READ, ESTIMATED, NO_VALUE = 0, 1, 2
_GAP_HOURS = 6
_GAS_DAY_BEGINS = 6  # local hour; a gas export begins there on its first day


@dataclass(frozen=True)
class Readings:
    """What a point's meter counted, per slot in real time, in thousandths (Wh, litres).

    `injection` is None without panels, `volume` (litres) None without gas; `quality` is READ, ESTIMATED or
    NO_VALUE per slot. Slots are quarter-hours, for gas hours; also where the file has days only.
    """

    offtake: Integers
    injection: Integers | None
    volume: Integers | None
    quality: Integers


class Street:
    """All readings of a plan; the same plan gives the same bytes."""

    def __init__(self, plan: StreetPlan) -> None:
        self.plan = plan
        self.calendar = Calendar(plan.first_day, plan.last_day)
        self._weather = Weather(self.calendar, plan.seed)
        self._writer = ExportWriter(self.calendar)

    def readings(self, point: PlannedPoint) -> Readings:
        """Compute the readings of one point."""
        rng = np.random.default_rng([self.plan.seed, 2, self.plan.points.index(point)])
        use = self._use(point, rng)
        if point.commodity is Commodity.GAS:
            return self._gas_readings(use, rng, point.quality)
        quality = self._quality(self.calendar.size, 4, rng, point.quality)
        if not point.solar_kw:
            return Readings(_whole(use), None, None, quality)
        made = self._weather.sunshine * point.solar_kw * 250
        # Within a quarter-hour sun and use do not meet exactly, so that both ways can count.
        unmet = 0.06 * np.minimum(use, made)
        return Readings(
            _whole(np.clip(use - made, 0, None) + unmet),
            _whole(np.clip(made - use, 0, None) + unmet),
            None,
            quality,
        )

    def export(self, point: PlannedPoint) -> tuple[str, bytes]:
        """Return the name and the bytes of the export of one point."""
        return self._writer.write(point, self.readings(point))

    def write_export(self, point: PlannedPoint, folder: Path) -> Path:
        """Write the export of one point into `folder` and return where."""
        name, data = self.export(point)
        path = folder / name
        path.write_bytes(data)
        return path

    def _use(self, point: PlannedPoint, rng: np.random.Generator) -> Floats:
        compute = gas if point.commodity is Commodity.GAS else electricity
        use = np.zeros(self.calendar.size)
        for occupancy in self.plan.occupancies_of(point.key):
            begin = self.calendar.index_of(occupancy.first_day)
            end = self.calendar.index_of(occupancy.until) if occupancy.until else len(self.calendar.days)
            part = slice(int(self.calendar.begins[begin]), int(self.calendar.begins[end]))
            if begin < end:
                use[part] = compute(occupancy.load, self.calendar, self._weather, rng)[part]
        return use

    def _gas_readings(self, use: Floats, rng: np.random.Generator, wanted: Quality) -> Readings:
        """Return hours in kWh and in m3, with a caloric value that differs a little from day to day."""
        per_hour = use.reshape(-1, 4).sum(axis=1)
        factor = (11.33 + 0.05 * rng.standard_normal(len(self.calendar.days)))[self.calendar.day[::4]]
        litres = _whole(per_hour / factor)
        quality = self._quality(self.calendar.size // 4, 1, rng, wanted)
        return Readings(_whole(litres * factor), None, litres, quality)

    def _quality(self, size: int, per_hour: int, rng: np.random.Generator, wanted: Quality) -> Integers:
        """Return how each slot was read; ordinarily a few stretches of estimates and a few slots without value."""
        quality = np.full(size, ESTIMATED if wanted is Quality.ESTIMATED else READ, np.int64)
        if wanted is Quality.GAPS:
            quality[(np.arange(size) // per_hour) % 24 < _GAP_HOURS] = NO_VALUE
        if wanted is not Quality.ORDINARY:
            return quality
        for begin in rng.integers(0, size, 5):
            quality[begin : begin + int(rng.integers(2, 30)) * per_hour] = ESTIMATED
        for begin in rng.integers(0, size, 3):
            quality[begin : begin + int(rng.integers(1, 3 * per_hour + 1))] = NO_VALUE
        quality[0 if per_hour > 1 else _GAS_DAY_BEGINS] = NO_VALUE
        return quality


def _whole(energy: Floats) -> Integers:
    return np.rint(energy).astype(np.int64)
