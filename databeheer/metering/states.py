"""What travels with each value: validation state, tariff register, unit, gas conversion (R62).

The names of `State` and `Conversion` are those of the Fluvius energy-service API v3; each also has a
permanent code, since these codes are stored in sealed profiles: never renumber, only add.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable
from typing import NamedTuple

from databeheer.errors import DatabeheerError


class MeteringError(DatabeheerError):
    """Base of what can go wrong with metering data."""

    code = "metering"


class State(enum.StrEnum):
    """How a value came about; `NONE` and `ABSENT` carry no value.

    `NONE`: the file has the slot and says there is no value (Geen verbruik): not a measured zero.
    `ABSENT`: the file does not have the slot at all (a gas export begins at 06:00 on its first day).
    """

    READ = "READ"
    EST = "EST"
    VAL = "VAL"
    NVAL = "NVAL"
    NONE = "NONE"
    ABSENT = "ABSENT"

    @property
    def has_value(self) -> bool:
        return self not in _VALUELESS


class Register(enum.StrEnum):
    """Which register of the meter counted; day is Monday to Friday 07:00 to 22:00, holidays included."""

    TOTAL = "total"
    DAY = "day"
    NIGHT = "night"
    REACTIVE = "reactive"
    INDUCTIVE = "inductive"
    CAPACITIVE = "capacitive"


class Conversion(enum.StrEnum):
    """How firm the caloric value is with which m3 of gas became kWh (Calorische Bovenwaarde)."""

    PROVISIONAL = "P"
    DEFINITIVE = "D"
    CONSTANT = "C"


class Unit(enum.StrEnum):
    """Unit of a channel. Inductive and capacitive energy are counted side by side, so each is its own."""

    KWH = "kWh"
    M3 = "m3"
    KVARH = "kVArh"
    KVARH_INDUCTIVE = "kVArh-inductive"
    KVARH_CAPACITIVE = "kVArh-capacitive"


_VALUELESS = frozenset({State.NONE, State.ABSENT})

STATE_CODES = {
    State.ABSENT: 0,
    State.READ: 1,
    State.EST: 2,
    State.VAL: 3,
    State.NVAL: 4,
    State.NONE: 5,
}
REGISTER_CODES = {
    Register.TOTAL: 1,
    Register.DAY: 2,
    Register.NIGHT: 3,
    Register.REACTIVE: 4,
    Register.INDUCTIVE: 5,
    Register.CAPACITIVE: 6,
}
CONVERSION_CODES = {Conversion.PROVISIONAL: 1, Conversion.DEFINITIVE: 2, Conversion.CONSTANT: 3}

# From firm to loose: the state of a sum is the loosest of its parts.
_LOOSENESS = {
    State.READ: 0,
    State.VAL: 1,
    State.EST: 2,
    State.NVAL: 3,
    State.NONE: 4,
    State.ABSENT: 5,
}


def worst_state(states: Iterable[State]) -> State:
    """Return the loosest of `states`, `ABSENT` where there are none: READ, VAL, EST, NVAL, NONE, ABSENT."""
    return max(states, key=_LOOSENESS.__getitem__, default=State.ABSENT)


class Mark(NamedTuple):
    """What one slot carries beside its value; `register` is None exactly where the slot is absent."""

    state: State
    register: Register | None
    conversion: Conversion | None


ABSENT_MARK = Mark(State.ABSENT, None, None)


def _code(mark: Mark) -> int:
    register = REGISTER_CODES[mark.register] if mark.register else 0
    conversion = CONVERSION_CODES[mark.conversion] if mark.conversion else 0
    return STATE_CODES[mark.state] | register << 3 | conversion << 6


def _all_marks() -> Iterable[Mark]:
    yield ABSENT_MARK
    for state in State:
        if state is State.ABSENT:
            continue
        for register in Register:
            for conversion in (None, *Conversion):
                yield Mark(state, register, conversion)


# One byte a mark: bits 0-2 state, 3-5 register, 6-7 conversion; what is not a key here does not exist.
MARKS: dict[int, Mark] = {_code(mark): mark for mark in _all_marks()}
WITHOUT_CONVERSION = 0b00111111
"""The bits of a mark that are kept where the value is withheld, and with it how it was converted."""
MARK_CODES: dict[tuple[State, Register | None, Conversion | None], int] = {
    (mark.state, mark.register, mark.conversion): code for code, mark in MARKS.items()
}
