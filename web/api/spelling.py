"""A channel's readings as JSON text, spelled by the run and not by the object: byte for byte what `shapes` says.

A month of quarter-hours is some 3,000 readings that differ in two times and a number. To make an object of each and
give those to the encoder takes longer than to find out who may read them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from itertools import chain, pairwise, repeat
from typing import Any

import numpy as np

from databeheer.metering.series import Series
from databeheer.metering.states import Conversion, Register, State
from web.api import shapes


def spelled(members: object) -> str:
    """Return JSON: ASCII only, in the order given, no spaces."""
    return json.dumps(members, ensure_ascii=True, separators=(",", ":"))


def channel(one: Mapping[str, Any]) -> str:
    """Return the text of `shapes.channel`.

    Raises:
        SeriesError: the door's answer has something else in the place of a series.
    """
    found = sorted((Series.parse(view) for view in one["series"]), key=lambda series: series.start)
    if any(_overlap(*both) for both in pairwise(found)):  # as the totals of two registers do: told in turns
        return spelled(shapes.channel(one))
    begin = spelled(shapes.channel_head(one))
    end = spelled({"readings": [], **shapes.registers_of(one)})
    return f'{begin[:-1]},"readings":[{",".join(chain.from_iterable(map(_readings, found)))}]{end[14:]}'


def _overlap(one: Series, other: Series) -> bool:
    return (other.start - one.start).total_seconds() < one.step * len(one)


def _readings(series: Series) -> Iterator[str]:
    instants = (
        _instants if len(series) <= _OF_A_MONTH else _instants.__wrapped__
    )  # years of them are not kept
    starts = instants(series.start, series.step, len(series))
    values = map(_value, series.values)
    marks = chain.from_iterable(repeat(_mark(*mark), count) for count, *mark in series.marks)
    lacks = chain.from_iterable(repeat(number, count) for count, number in series.missing)
    for (start, end), value, mark, lack in zip(pairwise(starts), values, marks, lacks, strict=True):
        yield f'{{"start":"{start}Z","end":"{end}Z","value":{value},{mark},"missing":{lack}}}'


_OF_A_MONTH = 31 * 100

# What follows is the same for many customers, of whom it keeps nothing: the slots of a month, numbers, states.


@lru_cache(maxsize=32)
def _instants(start: datetime, step: int, count: int) -> Sequence[str]:
    """When each value begins, and when the last one ends; without the sign of UTC."""
    first = np.datetime64(start.replace(tzinfo=None), "s")
    found: list[str] = np.datetime_as_string(first + step * np.arange(count + 1)).tolist()
    return found


@lru_cache(maxsize=8192)
def _value(thousandths: int | None) -> str:
    return "null" if thousandths is None else f'"{shapes.decimal(thousandths)}"'


@lru_cache(maxsize=64)
def _mark(state: str, register: str | None, conversion: str | None) -> str:
    members = {
        "state": State(state).value,
        "register": Register(register).value if register else None,
        "conversion": Conversion(conversion).value if conversion else None,
    }
    return spelled(members)[1:-1]
