"""A batch cut into chunks of one day and one slot length, in no order: each is judged, packed and sealed as arrays."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from databeheer.brussels import BRUSSELS, slot_starts
from databeheer.door.client import DoorClient, Proof
from databeheer.metering.batches.checking import DIRECTIONS, TARIFFS, UNITS, codes_of, kinds_of
from databeheer.metering.batches.problems import RowProblem
from databeheer.metering.batches.reading import Integers, Table
from databeheer.metering.channel import DAY_MINUTES
from databeheer.metering.packing import Bytes
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
_ROW = np.dtype([("device", "<u2"), ("direction", "u1"), ("unit", "u1"), ("intervals", "u1")])
_READ, _EST, _ABSENT = (STATE_CODES[state] for state in (State.READ, State.EST, State.ABSENT))
_UNIT_CODES = np.array([UNIT_CODES[unit] for unit in Unit], np.uint8)
_DIRECTION_CODES = np.array([DIRECTION_CODES[one] for one in Direction], np.uint8)
_REGISTERS = {
    Unit.KVARH: Register.REACTIVE,
    Unit.KVARH_INDUCTIVE: Register.INDUCTIVE,
    Unit.KVARH_CAPACITIVE: Register.CAPACITIVE,
}

Rows = npt.NDArray[np.intp]


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
    """Yield the chosen rows in chunks; which rows come together in one is chance, not the order of the file."""
    random = np.random.default_rng()
    for day, minutes in kinds_of(table, chosen):
        rows = np.flatnonzero(chosen & (table.day == day) & (table.slot_minutes == minutes))
        random.shuffle(rows)
        for start in range(0, len(rows), ROWS_AT_ONCE):
            yield Chunk(table, rows[start : start + ROWS_AT_ONCE], date.fromordinal(day), minutes)


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
    """A chunk after validation: `problems` of rows that are refused, and what is to be stored of the others."""

    outcome: Outcome
    marks: Bytes
    problems: Bytes


def judge(chunk: Chunk, keys: ChunkKeys, grade: Grade) -> Judged:
    """Validate and estimate the rows of a chunk."""
    block, impossible = _block(chunk, keys, grade)
    outcome = validate(block)
    problems = np.where(impossible, np.uint8(RowProblem.NO_CONSUMPTION), np.uint8(0))
    problems[~outcome.accepted & ~impossible] = RowProblem.REFUSED_BY_A_RULE
    return Judged(outcome, _marks(chunk, outcome.states), problems)


def _block(chunk: Chunk, keys: ChunkKeys, grade: Grade) -> tuple[Block, npt.NDArray[np.bool_]]:
    """Return the block, and which rows of registers give no consumption."""
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
        "registers": _registers(table, rows),
        "clock_offset": None if table.clock_offset_s is None else table.clock_offset_s[rows],
    }
    if chunk.slot_minutes == DAY_MINUTES:
        return _block_of_registers(about, len(rows))
    values, states = _slots(table, rows)
    return Block(values=values, states=states, **about), np.zeros(len(rows), np.bool_)


def _slots(table: Table, rows: Rows) -> tuple[Integers, Bytes]:
    starts = table.values.offsets[rows]
    count = int(table.values.offsets[rows[0] + 1] - starts[0])
    places = starts[:, None] + np.arange(count)
    values, known = table.values.flat[places], table.values.known[places]
    if table.states is None:
        return values, np.where(known, np.uint8(_READ), np.uint8(_ABSENT))
    return values, np.array([_ABSENT, _READ, _EST], np.uint8)[table.states[places]]


def _registers(table: Table, rows: Rows) -> Registers | None:
    if table.register_begin is None or table.register_end is None:
        return None
    digits = None if table.register_digits is None else table.register_digits[rows]
    return Registers(begin=table.register_begin[rows], end=table.register_end[rows], digits=digits)


def _block_of_registers(about: dict[str, Any], rows: int) -> tuple[Block, npt.NDArray[np.bool_]]:
    """Consumption is the difference of the day's two register readings (R58)."""
    nothing = np.zeros((rows, 1), np.int64)
    empty = Block(values=nothing, states=np.full((rows, 1), _ABSENT, np.uint8), **about)
    registers = empty.registers
    if registers is None:
        return empty, np.ones(rows, np.bool_)
    most = limits_of(empty, shipped().get(Reason.ABOVE_CEILING).parameters)
    used = difference(registers.begin, registers.end, most, digits=registers.digits).used
    impossible = used == UNKNOWN
    values = np.where(impossible, 0, used)[:, None]
    states = np.where(impossible, np.uint8(_ABSENT), np.uint8(_READ))[:, None]
    return Block(values=values, states=states, **about), impossible


def _marks(chunk: Chunk, states: Bytes) -> Bytes:
    """Return the mark of each slot: its state, and the register that counted it."""
    units = chunk.units()
    registers = np.full(states.shape, REGISTER_CODES[Register.TOTAL], np.uint8)
    for unit, register in _REGISTERS.items():
        registers[units == UNITS[unit.value]] = REGISTER_CODES[register]
    if chunk.table.tariff is not None and chunk.slot_minutes != DAY_MINUTES:
        is_dual = codes_of(chunk.table.tariff, TARIFFS)[chunk.rows] == TARIFFS["dual"]
        registers[is_dual & (units == UNITS[Unit.KWH.value])] = _tariffs(chunk.day, chunk.slot_minutes)
    marks: Bytes = np.where(states == _ABSENT, np.uint8(0), states | registers << 3)
    return marks


@lru_cache(maxsize=64)
def _tariffs(day: date, minutes: int) -> Bytes:
    """Return the register that counts in each slot: day from Monday to Friday, 07:00 to 22:00, holidays included."""
    hours = [start.astimezone(BRUSSELS).hour for start in slot_starts(day, minutes)]
    is_day = [day.weekday() < 5 and 7 <= hour < 22 for hour in hours]
    codes = REGISTER_CODES[Register.NIGHT], REGISTER_CODES[Register.DAY]
    return np.array([codes[one] for one in is_day], np.uint8)
