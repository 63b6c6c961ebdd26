"""Blocks of days for tests: an ordinary day, and what is changed in it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np

from databeheer.brussels import slots_in_day
from databeheer.metering.states import STATE_CODES, State, Unit
from databeheer.metering.validation import (
    COMMODITY_CODES,
    DIRECTION_CODES,
    GRADE_CODES,
    UNIT_CODES,
    UNKNOWN,
    Block,
    Grade,
    History,
    Outcome,
    Reason,
    Registers,
    reasons_in,
)
from databeheer.values import Commodity, Direction

MONDAY = date(2026, 3, 2)
SPRING = date(2026, 3, 29)
AUTUMN = date(2026, 10, 25)
USUAL = 200
"""Watt-hours of every quarter-hour of the ordinary day."""


def ordinary(
    rows: int = 1,
    *,
    day: date = MONDAY,
    minutes: int = 15,
    value: int = USUAL,
    commodity: Commodity = Commodity.ELECTRICITY,
    direction: Direction = Direction.OFFTAKE,
    unit: Unit = Unit.KWH,
    grade: Grade = Grade.BILLING,
    **others: Any,
) -> Block:
    """Return rows on which every slot was measured and is the same."""
    shape = rows, slots_in_day(day, minutes)
    return Block.of_measured(
        day=day,
        slot_minutes=minutes,
        values=np.full(shape, value, np.int64),
        present=np.ones(shape, np.bool_),
        commodities=np.full(rows, COMMODITY_CODES[commodity], np.uint8),
        directions=np.full(rows, DIRECTION_CODES[direction], np.uint8),
        units=np.full(rows, UNIT_CODES[unit], np.uint8),
        grades=np.full(rows, GRADE_CODES[grade], np.uint8),
        **others,
    )


def each(*numbers: int | None) -> np.ndarray:
    """Return what is known of each row."""
    return np.array([UNKNOWN if number is None else number for number in numbers], np.int64)


def put(block: Block, changes: dict[int, int | State | None], row: int = 0) -> Block:
    """Return the block with other values in some slots of a row: None for a slot that was not delivered."""
    values, states = block.values.copy(), block.states.copy()
    for slot, change in changes.items():
        if isinstance(change, State):
            states[row, slot] = STATE_CODES[change]
            values[row, slot] = values[row, slot] if change.has_value else 0
        else:
            values[row, slot] = change or 0
            states[row, slot] = STATE_CODES[State.ABSENT if change is None else State.READ]
    return replace(block, values=values, states=states)


def with_register(block: Block, *used: int | None, begin: int = 5_000_000, **others: Any) -> Block:
    """Return the block with a register that counted this much in each row."""
    ends = each(*(None if one is None else begin + one for one in used))
    return replace(block, registers=Registers(begin=np.full(block.rows, begin, np.int64), end=ends, **others))


def with_past(block: Block, value: int = USUAL, *, weeks: int = 4, state: State = State.READ) -> Block:
    """Return the block with like days of one value each slot, and as many totals before."""
    shape = (block.rows, weeks, block.slots)
    totals = np.full((block.rows, 4 * weeks), value * block.slots, np.int64)
    return replace(
        block,
        history=History(
            np.full(shape, value, np.int64), np.full(shape, STATE_CODES[state], np.uint8), totals
        ),
    )


def stored(block: Block, outcome: Outcome) -> Block:
    """Return what was stored of a block, to be judged anew beside the same things."""
    return replace(block, values=outcome.values, states=outcome.states, reasons=outcome.main_reasons)


_STATES = {code: state for state, code in STATE_CODES.items()}


def states(outcome: Outcome, row: int = 0) -> list[State]:
    """Return the states of a row."""
    return [_STATES[code] for code in outcome.states[row].tolist()]


def why(outcome: Outcome, slot: int, row: int = 0) -> set[Reason]:
    """Return the reasons of a slot."""
    return set(reasons_in(int(outcome.reasons[row, slot])))


def said(outcome: Outcome, row: int = 0) -> set[Reason]:
    """Return the reasons of a row."""
    return set(reasons_in(int(outcome.profile_reasons[row])))
