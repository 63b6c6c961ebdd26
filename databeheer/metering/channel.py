"""One day of one channel, as intake hands it on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from databeheer.brussels import slots_in_day
from databeheer.metering.states import Conversion, MeteringError, Register, State, Unit
from databeheer.values import EAN, Commodity, Direction

DAY_MINUTES = 1440


class ChannelDayError(MeteringError):
    """The values of a channel-day do not fit its day."""


@dataclass(frozen=True, slots=True)
class ChannelDay:
    """All values of one channel (meter, direction, unit) on one Brussels day.

    `values` are thousandths of the unit (Wh, litres, varh), None where there is no value.
    With `slot_minutes` 15 or 60, slot i begins i slots after local midnight in real time: 92, 96 or 100
    quarter-hours, 23, 24 or 25 hours. With 1440 there is no slot to tell apart but one entry per register
    (a day register and a night register, say). `states` and `registers` run beside the values; a register is
    None exactly where the state is ABSENT. `conversions` is None for a channel that has none at all.
    """

    ean: EAN
    meter_number: str
    commodity: Commodity
    direction: Direction
    unit: Unit
    day: date
    slot_minutes: int
    values: tuple[int | None, ...]
    states: tuple[State, ...]
    registers: tuple[Register | None, ...]
    conversions: tuple[Conversion | None, ...] | None = None

    def __post_init__(self) -> None:
        count = len(self.values)
        if len(self.states) != count or len(self.registers) != count:
            raise ChannelDayError("values, states and registers differ in number")
        if self.conversions is not None and len(self.conversions) != count:
            raise ChannelDayError("values and conversions differ in number")
        if self.slot_minutes == DAY_MINUTES:
            if not 1 <= count <= len(Register):
                raise ChannelDayError("a day total has one value per register")
        elif self.slot_minutes not in (15, 60) or count != slots_in_day(self.day, self.slot_minutes):
            raise ChannelDayError("the number of values does not fit the day")
