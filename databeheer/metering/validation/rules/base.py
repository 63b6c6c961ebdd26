"""What a rule is: a name with a permanent reason, the parameters it wants, and a function over a whole block."""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from databeheer.metering.states import Unit
from databeheer.metering.validation.arrays import (
    ABSENT,
    UNIT_CODES,
    UNKNOWN,
    Booleans,
    Integers,
    any_of,
    is_measured,
)
from databeheer.metering.validation.block import Block
from databeheer.metering.validation.reasons import Reason
from databeheer.metering.validation.registers import Differences, difference

Parameters = Mapping[str, int]


class Phase(enum.IntEnum):
    """When a rule looks: at values alone; at what those leave, beside other values; at the register."""

    ALONE = 1
    BESIDE = 2
    REGISTER = 3


@dataclass(frozen=True)
class Finding:
    """What a rule found: (n, s) slots, or (n,) whole profiles; and of which rows it could judge at all.

    A rule that lacks what it needs has judged nothing, and what was stored of an earlier look stands.
    """

    found: Booleans
    judged: Booleans


@dataclass(frozen=True)
class Case:
    """What a rule looks at: the block, and what earlier phases left of it.

    `usable` (n, s): has a value that no rule so far found invalid. `doubted` (n, s): slots that the register may
    settle. `limits` (n,): the most that can flow in one slot. `most` (n,): the most in the row's whole time.
    """

    block: Block
    usable: Booleans
    limits: Integers
    doubted: Booleans | None = None

    @cached_property
    def expected(self) -> Booleans:
        """The slots that each row's meter served."""
        mask = self.block.expected()
        return np.ones(self.block.values.shape, np.bool_) if mask is None else mask

    @cached_property
    def measured(self) -> Booleans:
        """Usable, and measured rather than estimated."""
        return self.usable & is_measured(self.block.states)

    @cached_property
    def used(self) -> Integers:
        """The sum of each row's usable values."""
        used: Integers = np.where(self.usable, self.block.values, 0).sum(axis=1, dtype=np.int64)
        return used

    @cached_property
    def is_whole(self) -> Booleans:
        """Whether each row has a usable value, or the word that there is none, in every slot it should."""
        gaps = self.expected & ((self.block.states == ABSENT) | (self.has_value & ~self.usable))
        return ~any_of(gaps)

    @cached_property
    def has_value(self) -> Booleans:
        """Whether a slot came with a value at all."""
        return self.block.has_value

    @cached_property
    def differences(self) -> Differences | None:
        """What the registers say, where there are any."""
        return differences_of(self.block, self.limits)

    def per_slot(self, per_hour: int) -> int:
        """Turn an amount per hour into one per slot."""
        return per_hour * self.block.slot_length // 60

    def nothing(self) -> Finding:
        """Return that nothing was judged."""
        nobody = np.zeros(self.block.rows, np.bool_)
        return Finding(nobody, nobody)

    def everywhere(self) -> Booleans:
        """Return that every row was judged."""
        return np.ones(self.block.rows, np.bool_)


@dataclass(frozen=True)
class Glance:
    """What is seen of each row without looking at each slot, where every slot was read: its least, most and sum."""

    block: Block
    limits: Integers

    @cached_property
    def used(self) -> Integers:
        """The sum of each row's values."""
        used: Integers = self.block.values.sum(axis=1, dtype=np.int64)
        return used

    @cached_property
    def differences(self) -> Differences | None:
        """What the registers say, where there are any."""
        return differences_of(self.block, self.limits)

    def unless_given(self, *what: object) -> Booleans:
        """Return every row where none of this is given, and else no row."""
        return np.full(self.block.rows, all(one is None for one in what))


Look = Callable[[Case, Parameters], Finding]
Spare = Callable[[Glance, Parameters], Booleans]


@dataclass(frozen=True)
class Rule:
    """One rule; what it says, how severe it is and its parameters' values stand in the catalogue.

    `spares` says of which rows it would surely find nothing, provided that every slot was read: `look` need not look
    at them. It may say of none.
    """

    reason: Reason
    phase: Phase
    parameters: frozenset[str]
    look: Look
    spares: Spare


def differences_of(block: Block, limits: Integers) -> Differences | None:
    """Return what the registers of a block counted; more than `limits` (n,) in each slot is impossible."""
    registers = block.registers
    if registers is None:
        return None
    return difference(
        registers.begin,
        registers.end,
        limits * block.slots,
        digits=registers.digits,
        final=registers.final,
        initial=registers.initial,
    )


def limits_of(block: Block, parameters: Parameters) -> Integers:
    """Return the most that can flow in one slot of each row, thousandths of its unit.

    The connection's capacity with its margin where that is known, and never more than any connection carries.
    """
    per_hour = np.full(block.rows, parameters["kilowatt"] * 1000)
    per_hour[block.units == UNIT_CODES[Unit.M3]] = parameters["cubic_metres_per_hour"] * 1000
    if block.capacity is not None:
        known = block.capacity != UNKNOWN
        own = np.where(known, block.capacity, 0) * parameters["margin_percent"] // 100
        per_hour = np.where(known, np.minimum(per_hour, own), per_hour)
    return per_hour * block.slot_length // 60
