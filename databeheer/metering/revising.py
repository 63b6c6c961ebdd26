"""What a stored day becomes when it was judged anew: its slots with their registers, and its totals."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from databeheer.metering.coherence import Known
from databeheer.metering.plan.tariff_periods import PERIODS, periods_of
from databeheer.metering.profile import DayProfile
from databeheer.metering.states import MARKS, STATE_CODES, Register, State
from databeheer.metering.totals import DayTotal, total_of
from databeheer.metering.unpacking import Day
from databeheer.metering.validation import Outcome

_STATES = {code: state for state, code in STATE_CODES.items()}


def revised(day: date, known: Known, outcome: Outcome, row: int) -> tuple[DayProfile | None, DayTotal]:
    """Return a row of an outcome as it is stored: its slots, where it has any, and its totals with its registers."""
    if known.slots is None:
        state = _STATES[int(outcome.states[row, 0])]
        return None, replace(known.total, states=((state, known.total.slots),))
    profile = _profile(day, known.slots, outcome.values[row].tolist(), outcome.states[row].tolist())
    return profile, replace(total_of(profile), readings=known.total.readings)


def _profile(day: date, before: Day, values: list[int], codes: list[int]) -> DayProfile:
    marks = [MARKS[mark] for mark in before.marks.tolist()]
    states = tuple(_STATES[code] for code in codes)
    kinds = {mark.register for mark in marks if mark.register is not None}
    periods = periods_of(day, before.minutes)
    registers: tuple[Register | None, ...] = tuple(
        None
        if state is State.ABSENT
        else mark.register or (period if kinds & set(PERIODS) else next(iter(kinds), Register.TOTAL))
        for state, mark, period in zip(states, marks, periods, strict=True)
    )
    conversions = tuple(
        None if state is State.ABSENT else mark.conversion for state, mark in zip(states, marks, strict=True)
    )
    return DayProfile(
        before.minutes,
        tuple(value if state.has_value else None for value, state in zip(values, states, strict=True)),
        states,
        registers,
        conversions if any(conversions) else None,
    )
