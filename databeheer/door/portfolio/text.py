"""One day of many channels as the text of their series: what `Series.view` says, as JSON, many rows at once.

The text of a number comes out of a table of pieces of one length, so that no Python runs for each number: a portfolio
has millions.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache, lru_cache

import numpy as np
import numpy.typing as npt

from databeheer.metering.packing import Bytes, Integers
from databeheer.metering.states import MARKS, State
from databeheer.metering.unpacking import NO_VALUE

_WIDTH = 6
_LARGEST = 0xFFFF
_NULL = _LARGEST + 1
Wholes = npt.NDArray[np.bool_]


def values_text(values: Integers) -> list[bytes | None]:
    """Return the numbers of each day between commas, `null` for no value; None where one is too large for the table."""
    numbers = np.where(values == NO_VALUE, _NULL, values)
    fits: Wholes = np.all(values <= _LARGEST, axis=1)
    numbers[~fits] = 0
    spelled = np.take(_table(), numbers).view(np.uint8)
    spelled[:, -1] = ord("\n")
    rows = spelled.tobytes().translate(None, b" ").split(b"\n")
    return [row if fit else None for row, fit in zip(rows, fits.tolist(), strict=False)]


def leave_whole(marks: Bytes, states: frozenset[str]) -> Wholes:
    """Say of each day whether it may leave as it is: no slot is absent, each value has one of these states."""
    whole: Wholes = np.all(_leaving(states)[marks], axis=1)
    return whole


@lru_cache(maxsize=4096)
def marks_text(marks: bytes) -> bytes:
    """Return the runs of a day's marks, and of its missing values, as members of a series."""
    runs: list[tuple[int, int]] = []
    for code in marks:
        runs[-1:] = [(runs[-1][0] + 1, code)] if runs and runs[-1][1] == code else [*runs[-1:], (1, code)]
    told, missing = [], list[list[int]]()
    for count, code in runs:
        state, register, conversion = MARKS[code]
        told.append([count, state.value, register and register.value, conversion and conversion.value])
        lacks = int(not state.has_value)
        if missing and missing[-1][1] == lacks:
            missing[-1][0] += count
        else:
            missing.append([count, lacks])
    return b',"marks":' + _json(told) + b',"missing":' + _json(missing)


def _json(value: Sequence[object]) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


@cache
def _table() -> npt.NDArray[np.void]:
    spelled = [f"{number:>{_WIDTH - 1}}," for number in range(_LARGEST + 1)]
    return np.frombuffer("".join([*spelled, " null,"]).encode(), np.dtype((np.void, _WIDTH)))


@lru_cache(maxsize=64)
def _leaving(states: frozenset[str]) -> Wholes:
    return np.array(
        [
            code in MARKS
            and MARKS[code].state is not State.ABSENT
            and (not MARKS[code].state.has_value or MARKS[code].state.value in states)
            for code in range(256)
        ]
    )
