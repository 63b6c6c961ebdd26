"""What people use, per quarter-hour: electricity in Wh, heat in Wh of gas."""

from __future__ import annotations

import numpy as np

from databeheer.metering.street.calendar import Booleans, Calendar, Floats
from databeheer.metering.street.plan import Load, Rhythm
from databeheer.metering.street.weather import Weather

# Per rhythm: (hour, width in hours, height) of the bumps of a weekday, then of a weekend day.
_BUMPS = {
    Rhythm.FAMILY: (
        ((7.2, 0.8, 1.0), (19.0, 2.0, 2.2)),
        ((10.0, 1.8, 1.1), (13.0, 1.5, 0.9), (19.2, 2.2, 1.9)),
    ),
    Rhythm.WORKER: (((6.8, 0.6, 0.9), (19.5, 1.8, 2.0)), ((10.8, 1.6, 1.0), (19.0, 2.4, 1.6))),
    Rhythm.RETIRED: (
        ((8.5, 1.2, 0.9), (12.2, 0.9, 1.5), (18.4, 1.8, 1.3)),
        ((8.8, 1.2, 0.9), (12.4, 0.9, 1.7), (18.4, 1.8, 1.3)),
    ),
    Rhythm.OFFICE: (((10.2, 1.7, 2.4), (14.8, 2.0, 2.5)), ((12.0, 3.0, 0.05),)),
    Rhythm.HOLIDAY_HOME: (((9.5, 1.5, 1.0), (19.0, 2.5, 2.0)), ((9.5, 1.5, 1.2), (19.0, 2.5, 2.2))),
    Rhythm.NOBODY: ((), ()),
}
_CAR_WH_PER_QUARTER = 1840.0
_HEATING_LIMIT = 15.5


def electricity(load: Load, calendar: Calendar, weather: Weather, rng: np.random.Generator) -> Floats:
    """Return what the load draws behind the meter, before any solar panels."""
    here = _presence(load, calendar, rng)
    days = len(calendar.days)
    use = _shape(load.rhythm, calendar) * (1 + 0.18 * np.cos(calendar.season))[calendar.day]
    use *= rng.lognormal(0, 0.2, days)[calendar.day] * rng.gamma(2.5, 1 / 2.5, calendar.size)
    if load.rhythm not in (Rhythm.OFFICE, Rhythm.NOBODY):
        use += _appliances(calendar, rng)
    use *= here[calendar.day]
    standby = load.standby_w / 4 * (0.85 + 0.3 * rng.random(calendar.size))
    yearly = use.sum() / days * 365.25
    wanted = max(load.annual_kwh * 1000 - load.standby_w * 8766, 0)
    total = standby + use * (wanted / yearly if yearly > 0 else 0)
    if load.has_electric_car:
        total += _car(calendar, rng) * here[calendar.day]
    if load.heat_pump_kwh:
        cold = np.clip(_HEATING_LIMIT - weather.temperature, 0, None) * (1.15 - 0.015 * weather.temperature)
        total += cold * (load.heat_pump_kwh * 1000 / (cold.sum() / days * 365.25))
    return np.asarray(total, np.float64)


def gas(load: Load, calendar: Calendar, weather: Weather, rng: np.random.Generator) -> Floats:
    """Return the gas of heating and hot water; the boiler burns in stretches and then rests."""
    here = _presence(load, calendar, rng)[calendar.day]
    awake = _shape(load.rhythm, calendar)
    comfort = np.where(awake > np.quantile(awake, 0.45), 1.0, 0.35) * np.where(here, 1.0, 0.3)
    cold = np.clip(_HEATING_LIMIT - weather.temperature, 0, None) * comfort
    hours = calendar.size // 4
    burning = np.repeat(rng.random(hours) < 0.62, 4)
    water = np.repeat((rng.random(hours) < 0.09) * rng.uniform(0.6, 2.5, hours), 4) * here
    use = cold * burning * rng.gamma(6, 1 / 6, calendar.size) + 2.2 * water * (awake > 0.1)
    return np.asarray(use * (load.annual_kwh * 1000 / (use.sum() / len(calendar.days) * 365.25)), np.float64)


def _shape(rhythm: Rhythm, calendar: Calendar) -> Floats:
    weekday, weekend = (_bumps(bumps) for bumps in _BUMPS[rhythm])
    off = ~calendar.works if rhythm is Rhythm.OFFICE else calendar.weekday >= 5
    return np.where(off[calendar.day], weekend[calendar.wall], weekday[calendar.wall])


def _bumps(bumps: tuple[tuple[float, float, float], ...]) -> Floats:
    hours = (np.arange(96) + 0.5) / 4
    shape = np.zeros(96)
    for hour, width, height in bumps:
        shape += height * np.exp(-(((hours - hour) / width) ** 2))
    return shape


def _presence(load: Load, calendar: Calendar, rng: np.random.Generator) -> Booleans:
    """Return per day whether anybody is there: two holidays a year, or the other way round."""
    days = len(calendar.days)
    at_home = np.full(days, load.rhythm is not Rhythm.HOLIDAY_HOME)
    if load.rhythm in (Rhythm.OFFICE, Rhythm.NOBODY):
        return at_home
    for year in range(calendar.days[0].year, calendar.days[-1].year + 1):
        for month_day, length in ((95, 7), (190 + int(rng.integers(0, 40)), 14), (300, 5)):
            offset = (calendar.days[0].replace(year=year, month=1, day=1) - calendar.days[0]).days
            begin = offset + month_day
            at_home[max(begin, 0) : max(begin + length, 0)] = load.rhythm is Rhythm.HOLIDAY_HOME
    if load.rhythm is Rhythm.HOLIDAY_HOME:
        weekends = rng.random(days // 7 + 2) < 0.18
        week = (np.arange(days) + calendar.weekday[0]) // 7
        at_home |= weekends[week] & (calendar.weekday >= 5)
    return at_home


def _appliances(calendar: Calendar, rng: np.random.Generator) -> Floats:
    """Return washing, drying and cooking: some stretches a day, in parts of an average quarter-hour."""
    use = np.zeros(calendar.size + 8)
    count = int(rng.poisson(1.6 * len(calendar.days)))
    begins = calendar.begins[rng.integers(0, len(calendar.days), count)] + rng.integers(28, 86, count)
    strength = rng.uniform(1.5, 5.0, count)
    length = rng.integers(1, 7, count)
    for step in range(6):
        still = length > step
        np.add.at(use, begins[still] + step, strength[still])
    return use[: calendar.size]


def _car(calendar: Calendar, rng: np.random.Generator) -> Floats:
    """Return the charging of a car in Wh: about four evenings a week, from when it comes home."""
    use = np.zeros(calendar.size + 40)
    days = np.flatnonzero(rng.random(len(calendar.days)) < 0.55)
    begins = calendar.begins[days] + rng.integers(70, 88, days.size)
    quarters = rng.integers(5, 22, days.size)
    for step in range(22):
        use[begins[quarters > step] + step] = _CAR_WH_PER_QUARTER
    return use[: calendar.size]
