"""What a stored day becomes when it was judged anew: its slots with their registers, and its totals."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

import numpy as np

from databeheer.metering.coherence import Known
from databeheer.metering.originals import Original
from databeheer.metering.plan.tariff_periods import PERIODS, periods_of
from databeheer.metering.profile import DayProfile, pack, with_originals
from databeheer.metering.states import MARKS, STATE_CODES, Register, State
from databeheer.metering.totals import DayTotal, total_of
from databeheer.metering.unpacking import Day
from databeheer.metering.validation import Outcome

_STATES = {code: state for state, code in STATE_CODES.items()}


@dataclass(frozen=True)
class Revised:
    """A day as it is stored anew: the bytes of its slots, None where it has none, and its totals with its registers."""

    values: bytes | None
    total: DayTotal


def revised(day: date, known: Known, outcome: Outcome, row: int) -> Revised:
    """Return a row of an outcome as it is stored; what was measured where something else stands stays behind it."""
    states = outcome.states[row].tolist()
    if known.slots is None:
        return Revised(None, replace(known.total, states=((_STATES[states[0]], known.total.slots),)))
    profile = _profile(day, known.slots, outcome.values[row].tolist(), states)
    total = replace(total_of(profile), readings=known.total.readings)
    return Revised(with_originals(pack(profile), _originals(known, outcome, row)), total)


def _originals(known: Known, outcome: Outcome, row: int) -> list[Original]:
    """What stood behind the values, and what gives way now; each with the method of what stands in its place."""

    def method(slot: int) -> int:
        is_estimated = _STATES[int(outcome.states[row, slot])] is State.EST
        return int(outcome.main_reasons[row, slot]) if is_estimated else 0

    found = {one.slot: replace(one, method=one.method or method(one.slot)) for one in known.originals}
    for slot in np.flatnonzero(outcome.originals[row]).tolist():
        if slot not in found and known.slots is not None:
            measured = int(known.slots.values[slot])
            found[slot] = Original(slot, measured, int(outcome.rules[row, slot]), method(slot))
    return [found[slot] for slot in sorted(found)]


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
