"""What one meter has to be read for on one day, and for which reason: this for each meter is the plan.

Registers of every digital meter: each direction, each tariff period, once a day (R58). Quarter-hours, of gas hours,
where the grid user asked (R59) or a record of necessity names the need (R60). An active budget function asks for the
registers too (R178): they are read already, so it adds a reason and no reading.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from uuid import UUID

from databeheer.metering.plan.tariff_periods import PERIODS
from databeheer.metering.states import Register, Unit
from databeheer.values import Commodity, Direction

INTERVAL_MINUTES = {Commodity.ELECTRICITY: 15, Commodity.GAS: 60}
"""The elementary period: nothing finer is read of either (3.1.53, draft 2018)."""
DIRECTIONS = {Commodity.ELECTRICITY: tuple(Direction), Commodity.GAS: (Direction.OFFTAKE,)}
"""Each is measured and kept by itself: injection is never taken off the offtake (R197)."""
UNITS = {Commodity.ELECTRICITY: (Unit.KWH,), Commodity.GAS: (Unit.KWH, Unit.M3)}
"""One of these is enough: gas is read in m3, and comes as what is billed or as what was counted."""


class Kind(enum.StrEnum):
    """What is read of a direction."""

    REGISTERS = "registers"
    INTERVALS = "intervals"


class Reason(enum.StrEnum):
    """Why it is read; permanent codes."""

    EVERY_METER = "every_meter"
    BUDGET = "budget_function"
    GRID_USER = "grid_user"
    NECESSITY = "necessity"


@dataclass(frozen=True)
class Meter:
    """A digital meter on one day, with what bears on its reading; known by a number of the house."""

    meter_id: UUID
    commodity: Commodity
    asked: bool = False
    needed: bool = False
    has_budget: bool = False


@dataclass(frozen=True)
class Wanted:
    """One thing to be read: a direction's registers, or its intervals of `minutes`."""

    direction: Direction
    kind: Kind
    reasons: frozenset[Reason]
    minutes: int = 0
    periods: tuple[Register, ...] = ()


def wanted(meter: Meter) -> tuple[Wanted, ...]:
    """Return all that has to be read of a meter on its day."""
    found = []
    for direction in DIRECTIONS[meter.commodity]:
        found.append(Wanted(direction, Kind.REGISTERS, _of_registers(meter), periods=_periods(meter)))
        if reasons := _of_intervals(meter):
            found.append(Wanted(direction, Kind.INTERVALS, reasons, INTERVAL_MINUTES[meter.commodity]))
    return tuple(found)


def _periods(meter: Meter) -> tuple[Register, ...]:
    return PERIODS if meter.commodity is Commodity.ELECTRICITY else (Register.TOTAL,)


def _of_registers(meter: Meter) -> frozenset[Reason]:
    return frozenset({Reason.EVERY_METER, Reason.BUDGET} if meter.has_budget else {Reason.EVERY_METER})


def _of_intervals(meter: Meter) -> frozenset[Reason]:
    reasons = {Reason.GRID_USER: meter.asked, Reason.NECESSITY: meter.needed}
    return frozenset(reason for reason, holds in reasons.items() if holds)
