"""The weather over the street: one temperature and one sky for everybody."""

from __future__ import annotations

import numpy as np

from databeheer.metering.street.calendar import Calendar, Floats

_LATITUDE = np.radians(51.0)
_LONGITUDE_HOURS = 4.4 / 15


class Weather:
    """Outdoor temperature (degrees Celsius) and sunshine on a sloping roof, per quarter-hour."""

    def __init__(self, calendar: Calendar, seed: int) -> None:
        rng = np.random.default_rng([seed, 1])
        days = len(calendar.days)
        self.day_temperature: Floats = 10.8 - 7.6 * np.cos(calendar.season) + _wandering(rng, days, 2.6, 0.8)
        swing = 3.0 - 1.5 * np.cos(calendar.season)
        self.temperature: Floats = self.day_temperature[calendar.day] - swing[calendar.day] * np.cos(
            2 * np.pi * (calendar.wall / 96 - 3 / 24)
        )
        self.sunshine = self._sunshine(calendar, rng)

    def _sunshine(self, calendar: Calendar, rng: np.random.Generator) -> Floats:
        """Return the share of a panel's rated power that the sky gives."""
        declination = np.radians(23.45) * np.sin(calendar.season - np.radians(66))
        hour_angle = np.radians(15.0) * (calendar.utc_hour + _LONGITUDE_HOURS + 0.125 - 12)
        height = np.sin(_LATITUDE) * np.sin(declination)[calendar.day] + np.cos(_LATITUDE) * np.cos(
            declination
        )[calendar.day] * np.cos(hour_angle)
        sky = np.clip(0.62 + _wandering(rng, len(calendar.days), 0.3, 0.4), 0.08, 1.0)[calendar.day]
        clouds = np.clip(1 + _wandering(rng, calendar.size, 0.35, 0.85) * (1 - sky), 0.15, 1.3)
        return np.asarray(0.9 * np.clip(height, 0, None) ** 1.1 * sky * clouds, np.float64)


def _wandering(rng: np.random.Generator, count: int, spread: float, memory: float) -> Floats:
    """Return noise around zero that remembers the step before."""
    length = 40
    weights = memory ** np.arange(length)
    noise = rng.standard_normal(count + length - 1)
    return np.asarray(np.convolve(noise, weights, "valid") * spread * np.sqrt(1 - memory**2), np.float64)
