"""What can be seen wrong in a batch's rows without knowing any device: one look over all of them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import numpy as np
import numpy.typing as npt

from databeheer.brussels import slots_in_day
from databeheer.metering.batches.manifest import Manifest
from databeheer.metering.batches.problems import RowProblem
from databeheer.metering.batches.reading import Lists, Table, Texts
from databeheer.metering.channel import DAY_MINUTES
from databeheer.metering.states import Unit
from databeheer.metering.validation import LARGEST, UNKNOWN
from databeheer.registry.meters import is_number
from databeheer.values import Direction

DIRECTIONS = {direction.value: code for code, direction in enumerate(Direction)}
UNITS = {unit.value: code for code, unit in enumerate(Unit)}
TARIFFS = {"single": 0, "dual": 1}
_NUMBERS = (
    *("register_begin", "register_end", "register_digits"),
    *("register_low_begin", "register_low_end", "clock_offset_s"),
)
GIVEN_STATES = (0, 1, 2)
"""ABSENT, READ and EST: what a head-end can say; the rest is for validation."""

Codes = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]


class _Problems:
    """The first problem of each row."""

    def __init__(self, rows: int) -> None:
        self.codes = np.zeros(rows, np.uint8)

    def add(self, problem: RowProblem, where: Mask) -> None:
        self.codes[where & (self.codes == 0)] = problem


def check_rows(table: Table, manifest: Manifest) -> Codes:
    """Return of each row 0, or the first `RowProblem` that it has."""
    found = _Problems(table.rows)
    for name in ("device", "direction", "unit"):
        found.add(RowProblem.NOTHING_IN_FIELD, getattr(table, name).codes < 0)
    for numbers in (table.day, table.slot_minutes):
        found.add(RowProblem.NOTHING_IN_FIELD, numbers == UNKNOWN)
    found.add(RowProblem.BAD_DEVICE, ~_are(table.device, is_number))
    found.add(RowProblem.BAD_DIRECTION, ~_are(table.direction, DIRECTIONS.__contains__))
    found.add(RowProblem.BAD_UNIT, ~_are(table.unit, UNITS.__contains__))
    if table.tariff is not None:
        found.add(
            RowProblem.BAD_TARIFF, ~_are(table.tariff, TARIFFS.__contains__) & (table.tariff.codes >= 0)
        )
    found.add(RowProblem.BAD_TARIFF, _has_low_register(table) & ~_is_dual(table))
    _check_days(found, table, manifest)
    _check_states(found, table)
    _check_numbers(found, table)
    _check_order(found, table)
    return found.codes


def codes_of(texts: Texts, codes: dict[str, int]) -> Codes:
    """Return of each row the code of its text; of texts that were checked. Nothing is code 0."""
    table = np.array([*(codes.get(name, 0) for name in texts.names), 0], np.uint8)
    found: Codes = table[texts.codes]
    return found


def _are(texts: Texts, is_good: Callable[[str], object]) -> Mask:
    table = np.array([*(bool(is_good(name)) for name in texts.names), False])
    found: Mask = table[texts.codes]
    return found


def _has_low_register(table: Table) -> Mask:
    has = np.zeros(table.rows, np.bool_)
    for numbers in (table.register_low_begin, table.register_low_end):
        if numbers is not None:
            has |= numbers != UNKNOWN
    return has


def _is_dual(table: Table) -> Mask:
    if table.tariff is None:
        return np.zeros(table.rows, np.bool_)
    return _are(table.tariff, "dual".__eq__)


def _check_days(found: _Problems, table: Table, manifest: Manifest) -> None:
    minutes = table.slot_minutes
    found.add(RowProblem.BAD_SLOT_MINUTES, (minutes != 15) & (minutes != 60) & (minutes != DAY_MINUTES))
    first, last = manifest.first_day.toordinal(), manifest.last_day.toordinal()
    found.add(RowProblem.DAY_OUTSIDE, (table.day < first) | (table.day > last))
    lengths = table.values.lengths
    for day, slot_minutes in kinds_of(table, found.codes == 0):
        rows = (table.day == day) & (minutes == slot_minutes)
        slots = 0 if slot_minutes == DAY_MINUTES else slots_in_day(date.fromordinal(day), slot_minutes)
        found.add(RowProblem.WRONG_SLOT_COUNT, rows & (lengths != slots))


def kinds_of(table: Table, chosen: Mask) -> list[tuple[int, int]]:
    """Return the days (as ordinals) with slot minutes that the chosen rows have."""
    pairs = np.unique(table.day[chosen] * 2048 + table.slot_minutes[chosen]).tolist()
    return [divmod(pair, 2048) for pair in pairs]


def _check_states(found: _Problems, table: Table) -> None:
    states = table.states
    if states is None:
        return
    found.add(RowProblem.BAD_STATE, table.misfit_states)
    wrong = (states < GIVEN_STATES[0]) | (states > GIVEN_STATES[-1]) | ((states != 0) != table.values.known)
    found.add(RowProblem.BAD_STATE, _any_in(table.values, wrong))


def _check_numbers(found: _Problems, table: Table) -> None:
    flat = table.values.flat
    found.add(RowProblem.NUMBER_TOO_LARGE, _any_in(table.values, (flat > LARGEST) | (flat < -LARGEST)))
    for name in _NUMBERS:
        numbers = getattr(table, name)
        if numbers is not None:
            beyond = (numbers > LARGEST) | (numbers < -LARGEST)
            found.add(RowProblem.NUMBER_TOO_LARGE, beyond & (numbers != UNKNOWN))


def _any_in(lists: Lists, wrong: Mask) -> Mask:
    """Say of each row whether any item of its list is wrong."""
    found = np.zeros(len(lists.offsets) - 1, np.bool_)
    places = np.flatnonzero(wrong)
    found[np.searchsorted(lists.offsets, places, side="right") - 1] = True
    return found


def _check_order(found: _Problems, table: Table) -> None:
    series = (table.device.codes.astype(np.int64) * 8 + codes_of(table.direction, DIRECTIONS)) * 8
    series += codes_of(table.unit, UNITS)
    order = np.argsort(series, kind="stable")
    same = series[order][1:] == series[order][:-1]
    step = np.diff(table.day[order])
    twice = np.zeros(table.rows, np.bool_)
    back = np.zeros(table.rows, np.bool_)
    twice[order[1:]] = same & (step == 0)
    back[order[1:]] = same & (step < 0)
    found.add(RowProblem.DUPLICATE, twice)
    found.add(RowProblem.OUT_OF_ORDER, back)
