"""A batch cut into chunks of one day and one slot length, in no order: each is judged, packed and sealed as arrays."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from typing import Any, Self, TypeVar

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import sliding_window_view

from databeheer.door.client import DoorClient, Proof
from databeheer.metering.batches.checking import DIRECTIONS, TARIFFS, UNITS, codes_of, kinds_of
from databeheer.metering.batches.midnights import REACTIVE, midnight_readings
from databeheer.metering.batches.problems import RowProblem
from databeheer.metering.batches.reading import Integers, Table
from databeheer.metering.batches.two_registers import TwoRegisters, two_registers
from databeheer.metering.channel import DAY_MINUTES
from databeheer.metering.originals import Original
from databeheer.metering.packing import Bytes
from databeheer.metering.plan.tariff_periods import periods_of
from databeheer.metering.plan.wanted import INTERVAL_MINUTES
from databeheer.metering.states import REGISTER_CODES, STATE_CODES, Register, State, Unit
from databeheer.metering.validation import (
    COMMODITY_CODES,
    DIRECTION_CODES,
    GRADE_CODES,
    UNIT_CODES,
    UNKNOWN,
    Block,
    Grade,
    Outcome,
    Reason,
    Registers,
    difference,
    shipped,
    validate,
)
from databeheer.metering.validation.rules.base import limits_of
from databeheer.values import Commodity, Direction

ROWS_AT_ONCE = 4096
_FIRST_CUTS = (ROWS_AT_ONCE // 4,)
FINEST_OF_GAS = INTERVAL_MINUTES[Commodity.GAS]
_ROW = np.dtype([("device", "<u2"), ("direction", "u1"), ("unit", "u1"), ("intervals", "u1")])
_READ, _EST, _ABSENT = (STATE_CODES[state] for state in (State.READ, State.EST, State.ABSENT))
_UNIT_CODES = np.array([UNIT_CODES[unit] for unit in Unit], np.uint8)
_DIRECTION_CODES = np.array([DIRECTION_CODES[one] for one in Direction], np.uint8)

Rows = npt.NDArray[np.intp]
_Item = TypeVar("_Item", bound=np.generic)


@dataclass(frozen=True)
class Chunk:
    """Rows of a table, all of one day and slot length."""

    table: Table
    rows: Rows
    day: date
    slot_minutes: int

    def directions(self) -> Bytes:
        return codes_of(self.table.direction, DIRECTIONS)[self.rows]

    def units(self) -> Bytes:
        return codes_of(self.table.unit, UNITS)[self.rows]


def chunks_of(table: Table, chosen: npt.NDArray[np.bool_]) -> Iterator[Chunk]:
    """Yield the chosen rows in chunks: days ascending; which devices come together is chance, not the file's order.

    The rows of one device stay together, so that it is looked up once; they have one pseudonym in any case.
    """
    places = np.random.default_rng().permutation(len(table.device.names))[table.device.codes]
    for day, minutes in kinds_of(table, chosen):
        rows = np.flatnonzero(chosen & (table.day == day) & (table.slot_minutes == minutes))
        rows = rows[np.argsort(places[rows])]
        for some in np.split(rows, _cuts(len(rows))):
            yield Chunk(table, some, date.fromordinal(day), minutes)


def _cuts(rows: int) -> list[int]:
    """Where chunks end: the first are small, so that there is something to judge while others' keys are derived."""
    return [*(cut for cut in _FIRST_CUTS if cut < rows), *range(ROWS_AT_ONCE, rows, ROWS_AT_ONCE)]


@dataclass(frozen=True)
class ChunkKeys:
    """What the door handed out for the rows of a chunk; arrays of bytes, a row each."""

    problems: Bytes
    gas: Bytes
    pseudonyms: Bytes
    channels: Bytes
    versions: Bytes
    values: Bytes
    totals: Bytes
    sameness: Bytes
    fingerprints: Bytes
    stored: Bytes

    @classmethod
    def of(cls, answer: dict[str, Any], rows: int) -> Self:
        widths = {"problems": 0, "gas": 0, "stored": 0, "pseudonyms": 16, "channels": 8, "versions": 2}
        parts = {}
        for name in cls.__dataclass_fields__:
            data = np.frombuffer(b64decode(answer[name]), np.uint8)
            width = widths.get(name, 16 if name == "fingerprints" else 32)
            parts[name] = data.reshape(rows, width) if width else data
        return cls(**parts)


def ask_keys(door: DoorClient, proof: Proof, batch: int, chunk: Chunk) -> ChunkKeys:
    """Get the keys of a chunk."""
    used, places = np.unique(chunk.table.device.codes[chunk.rows], return_inverse=True)
    asked = np.zeros(len(chunk.rows), _ROW)
    asked["device"], asked["direction"], asked["unit"] = places, chunk.directions(), chunk.units()
    asked["intervals"] = chunk.slot_minutes != DAY_MINUTES
    answer = door.call(
        "batch.keys",
        proof,
        batch=batch,
        day=chunk.day.isoformat(),
        devices="\n".join(chunk.table.device.names[code] for code in used.tolist()),
        rows=b64encode(asked.tobytes()).decode(),
    )
    return ChunkKeys.of(answer, len(chunk.rows))


@dataclass(frozen=True)
class Judged:
    """A chunk after validation: `problems` of rows that are refused, and what is to be stored of the others.

    `readings`, (n, 32), are the bytes of the register readings at midnight of the rows that `have_readings`.
    """

    outcome: Outcome
    marks: Bytes
    problems: Bytes
    readings: Bytes
    have_readings: npt.NDArray[np.bool_]
    originals: Mapping[int, tuple[Original, ...]]
    """By the rows that have any: what was measured where something else is stored."""
    apart: TwoRegisters | None = None

    def parts(self, chosen: Rows) -> Iterator[tuple[Rows, Integers, Bytes]]:
        """Yield the chosen rows with values and marks: those first whose day stands in one piece, then the others."""
        values, marks = self.outcome.values, self.marks
        if self.apart is None or marks.shape[1] != 1:
            yield chosen, values[chosen], marks[chosen]
            return
        divides = self.apart.divides(values[chosen, 0], marks[chosen, 0], chosen)
        yield chosen[~divides], values[chosen[~divides]], marks[chosen[~divides]]
        rows = chosen[divides]
        yield rows, self.apart.values(rows), self.apart.marks(marks[rows, 0])


def judge(chunk: Chunk, keys: ChunkKeys, grade: Grade) -> Judged:
    """Validate and estimate the rows of a chunk."""
    block, impossible, apart = _block(chunk, keys, grade)
    outcome = validate(block)
    problems = np.where(impossible, np.uint8(RowProblem.NO_CONSUMPTION), np.uint8(0))
    problems[~outcome.accepted & ~impossible] = RowProblem.REFUSED_BY_A_RULE
    if chunk.slot_minutes < FINEST_OF_GAS:
        problems[keys.gas == 1] = RowProblem.FINER_THAN_PLANNED
    readings = midnight_readings(chunk.table, chunk.rows, _most(block))
    originals = _originals(block, outcome)
    return Judged(outcome, _marks(chunk, outcome.states), problems, *readings, originals, apart)


def _originals(block: Block, outcome: Outcome) -> dict[int, tuple[Original, ...]]:
    """Return of each row what was measured where something else is stored: the value, its rule, and the method."""
    if block.slot_minutes == DAY_MINUTES:  # a day's use is the difference of its registers, which are kept
        return {}
    estimated = outcome.states == _EST
    return {
        row: tuple(
            Original(
                slot,
                int(block.values[row, slot]),
                int(outcome.rules[row, slot]),
                int(outcome.main_reasons[row, slot]) if estimated[row, slot] else 0,
            )
            for slot in np.flatnonzero(outcome.originals[row]).tolist()
        )
        for row in np.flatnonzero(outcome.originals.any(axis=1)).tolist()
    }


def _block(
    chunk: Chunk, keys: ChunkKeys, grade: Grade
) -> tuple[Block, npt.NDArray[np.bool_], TwoRegisters | None]:
    """Return the block, which rows of registers give no consumption, and what two registers say apart."""
    table, rows = chunk.table, chunk.rows
    about: dict[str, Any] = {
        "day": chunk.day,
        "slot_minutes": chunk.slot_minutes,
        "commodities": np.where(
            keys.gas == 1,
            np.uint8(COMMODITY_CODES[Commodity.GAS]),
            np.uint8(COMMODITY_CODES[Commodity.ELECTRICITY]),
        ),
        "directions": _DIRECTION_CODES[chunk.directions()],
        "units": _UNIT_CODES[chunk.units()],
        "grades": np.full(len(rows), GRADE_CODES[grade], np.uint8),
        "clock_offset": None if table.clock_offset_s is None else table.clock_offset_s[rows],
    }
    nothing = np.zeros((len(rows), 1), np.int64), np.full((len(rows), 1), _ABSENT, np.uint8)
    values, states = nothing if chunk.slot_minutes == DAY_MINUTES else _slots(table, rows)
    registers, apart = _registers(table, rows), None
    if table.register_low_begin is not None:
        # What can flow is asked of a block; there is one without its slots.
        apart = two_registers(table, rows, registers, _most(Block(values=values, states=states, **about)))
    together = registers if apart is None else apart.together
    block = Block(values=values, states=states, registers=together, **about)
    if chunk.slot_minutes == DAY_MINUTES:
        return *_of_registers(block), apart
    return block, np.zeros(len(rows), np.bool_), apart


def _slots(table: Table, rows: Rows) -> tuple[Integers, Bytes]:
    starts = table.values.offsets[rows]
    count = int(table.values.offsets[rows[0] + 1] - starts[0])

    def of(flat: npt.NDArray[_Item]) -> npt.NDArray[_Item]:
        return sliding_window_view(flat, count)[starts]  # copies whole rows

    values, known = of(table.values.flat), of(table.values.known)
    if table.states is None:
        return values, np.where(known, np.uint8(_READ), np.uint8(_ABSENT))
    return values, np.array([_ABSENT, _READ, _EST], np.uint8)[of(table.states)]


def _registers(table: Table, rows: Rows) -> Registers | None:
    if table.register_begin is None or table.register_end is None:
        return None
    digits = None if table.register_digits is None else table.register_digits[rows]
    return Registers(begin=table.register_begin[rows], end=table.register_end[rows], digits=digits)


def _most(block: Block) -> Integers:
    """Return of each row what can flow in its day at all."""
    most: Integers = limits_of(block, shipped().get(Reason.ABOVE_CEILING).parameters) * block.values.shape[1]
    return most


def _of_registers(empty: Block) -> tuple[Block, npt.NDArray[np.bool_]]:
    """Consumption is the difference of the day's two register readings (R58)."""
    registers = empty.registers
    if registers is None:
        return empty, np.ones(len(empty.values), np.bool_)
    used = difference(registers.begin, registers.end, _most(empty), digits=registers.digits).used
    impossible = used == UNKNOWN
    values = np.where(impossible, 0, used)[:, None]
    states = np.where(impossible, np.uint8(_ABSENT), np.uint8(_READ))[:, None]
    return replace(empty, values=values, states=states), impossible


def _marks(chunk: Chunk, states: Bytes) -> Bytes:
    """Return the mark of each slot: its state, and the register that counted it."""
    units = chunk.units()
    registers = np.full(states.shape, REGISTER_CODES[Register.TOTAL], np.uint8)
    for unit, register in REACTIVE.items():
        registers[units == UNITS[unit.value]] = REGISTER_CODES[register]
    if chunk.table.tariff is not None and chunk.slot_minutes != DAY_MINUTES:
        is_dual = codes_of(chunk.table.tariff, TARIFFS)[chunk.rows] == TARIFFS["dual"]
        registers[is_dual & (units == UNITS[Unit.KWH.value])] = _tariffs(chunk.day, chunk.slot_minutes)
    marks: Bytes = np.where(states == _ABSENT, np.uint8(0), states | registers << 3)
    return marks


@lru_cache(maxsize=64)
def _tariffs(day: date, minutes: int) -> Bytes:
    return np.array([REGISTER_CODES[period] for period in periods_of(day, minutes)], np.uint8)
