"""What a street is made of, before any load is computed."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import date

from stdnum import ean as _ean

from databeheer.values import EAN, Commodity, ProfileType

_PREFIX = "54144889998"


class Rhythm(enum.Enum):
    """When somebody uses energy."""

    FAMILY = enum.auto()
    WORKER = enum.auto()
    RETIRED = enum.auto()
    OFFICE = enum.auto()
    HOLIDAY_HOME = enum.auto()
    NOBODY = enum.auto()


class Quality(enum.Enum):
    """How well a meter is read; `ORDINARY` is with a few estimates and a few slots without value."""

    ORDINARY = enum.auto()
    FLAWLESS = enum.auto()
    ESTIMATED = enum.auto()
    """Every value is an estimate."""
    GAPS = enum.auto()
    """Six hours of every day have no value."""


class Style(enum.Enum):
    """Which variant of the export a point's file has."""

    DUTCH_2021 = enum.auto()
    DUTCH_2024 = enum.auto()
    ENGLISH_2023 = enum.auto()


@dataclass(frozen=True)
class PlannedPerson:
    """Somebody invented: `key` names them in the plan, `name` and `email` are what the registry seals."""

    key: str
    name: str
    email: str
    birth_year: int | None = None


@dataclass(frozen=True)
class PlannedAddress:
    """Where an access point is."""

    street: str
    number: str
    postcode: str
    municipality: str

    def __str__(self) -> str:
        return f"{self.street} {self.number}, {self.postcode} {self.municipality}"


@dataclass(frozen=True)
class PlannedPoint:
    """An access point with one meter.

    `slot_minutes` 1440 means that its quarter-hours are not read: its file has day totals only.
    `has_two_registers`: day and night (electricity); else one total.
    """

    key: str
    ean: EAN
    commodity: Commodity
    meter_number: str
    address: PlannedAddress
    style: Style
    slot_minutes: int = 15
    solar_kw: float = 0.0
    profile_type: ProfileType = ProfileType.HOUSEHOLD
    has_two_registers: bool = True
    quality: Quality = Quality.ORDINARY

    @property
    def is_dutch(self) -> bool:
        return self.style is not Style.ENGLISH_2023


@dataclass(frozen=True)
class Load:
    """How somebody uses energy: kWh of an ordinary year without the parts named after it."""

    rhythm: Rhythm
    annual_kwh: float
    standby_w: float = 60.0
    has_electric_car: bool = False
    heat_pump_kwh: float = 0.0


@dataclass(frozen=True)
class PlannedOccupancy:
    """Who lives at a point from `first_day` up to but not including `until`; nobody when `person` is None."""

    point: str
    person: str | None
    first_day: date
    until: date | None
    load: Load


@dataclass(frozen=True)
class PlannedContract:
    """A supply contract at a point, [first_day, until); `supplier` is a key of the caller's parties."""

    point: str
    supplier: str
    first_day: date
    until: date | None


@dataclass(frozen=True)
class StreetPlan:
    """A whole street. Readings run from `first_day` up to and including `last_day`; `nis_code` is its municipality."""

    municipality: str
    nis_code: str
    first_day: date
    last_day: date
    seed: int
    people: tuple[PlannedPerson, ...]
    points: tuple[PlannedPoint, ...]
    occupancies: tuple[PlannedOccupancy, ...]
    contracts: tuple[PlannedContract, ...]

    def person(self, key: str) -> PlannedPerson:
        """Return the person of that key; KeyError when there is none."""
        return {person.key: person for person in self.people}[key]

    def point(self, key: str) -> PlannedPoint:
        """Return the point of that key; KeyError when there is none."""
        return {point.key: point for point in self.points}[key]

    def occupancies_of(self, point: str) -> list[PlannedOccupancy]:
        """Return the occupancies of a point, oldest first."""
        return sorted((o for o in self.occupancies if o.point == point), key=lambda o: o.first_day)


def invented_ean(serial: int) -> EAN:
    """Return number `serial` (0 to 999 999) of the block of invented access points."""
    if not 0 <= serial <= 999_999:
        raise ValueError("the block has a million numbers")
    digits = f"{_PREFIX}{serial:06d}"
    return EAN(digits + _ean.calc_check_digit(digits))
