"""A series: values of one channel that follow one another in steps of one length; what a read hands over.

A month of quarter-hours is one series of some 2976 integers, and so one stretch of text in the door's answer. Which
local day and quarter a value is of, and how it is written, is for whoever shows it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain, groupby, repeat
from typing import Any

from databeheer.errors import MalformedRequestError
from databeheer.metering.aggregate import Slot
from databeheer.metering.states import Conversion, MeteringError, Register, State
from databeheer.values import format_instant, parse_instant

Marked = tuple[int, str, str | None, str | None]
"""How many values in a row carry one state, register and conversion, by their names."""
Missing = tuple[int, int]
"""How many values in a row lack how many finest slots each."""
_MEMBERS = frozenset({"start", "step", "values", "marks", "missing"})


class SeriesError(MeteringError):
    """What came in the place of a series is none."""


@dataclass(frozen=True, slots=True)
class Series:
    """Value i is of the stretch that begins i steps after `start` (UTC) and lasts one step.

    `step` is in seconds. `values` are thousandths of the channel's unit, None where there is no value. `marks` and
    `missing` are runs beside them, as `Slot` means them.
    """

    start: datetime
    step: int
    values: Sequence[int | None]
    marks: Sequence[Marked]
    missing: Sequence[Missing]

    def __post_init__(self) -> None:
        for runs in (self.marks, self.missing):
            if sum(run[0] for run in runs) != len(self.values):
                raise SeriesError("the runs of a series do not add up to its values")

    def __len__(self) -> int:
        return len(self.values)

    def view(self) -> dict[str, Any]:
        """Return the members of its JSON."""
        return {
            "start": format_instant(self.start),
            "step": self.step,
            "values": self.values,
            "marks": self.marks,
            "missing": self.missing,
        }

    @classmethod
    def parse(cls, view: Mapping[str, Any]) -> Series:
        """Read what `view` gave, from JSON too.

        Raises:
            SeriesError: it is something else.
        """
        if view.keys() != _MEMBERS:
            raise SeriesError("a series has other members")
        try:
            marks = [
                (count, state, register, conversion) for count, state, register, conversion in view["marks"]
            ]
            missing = [(count, number) for count, number in view["missing"]]
            return cls(parse_instant(view["start"]), view["step"], view["values"], marks, missing)
        except (TypeError, ValueError, MalformedRequestError) as error:
            raise SeriesError("the members of a series are not what they should be") from error

    def slots(self) -> Iterator[Slot]:
        """Yield each value with its stretch of time."""
        step, start = timedelta(seconds=self.step), self.start
        marks = chain.from_iterable(
            repeat(
                (State(state), Register(register) if register else None, _conversion(conversion)),
                count,
            )
            for count, state, register, conversion in self.marks
        )
        missing = chain.from_iterable(repeat(number, count) for count, number in self.missing)
        for value, (state, register, conversion), lacks in zip(self.values, marks, missing, strict=True):
            end = start + step
            yield Slot(start, end, value, state, register, conversion, lacks)
            start = end


def series_of(slots: Iterable[Slot]) -> list[Series]:
    """Return the series of the slots of one channel, which come in order of their starts.

    Where two begin at the same moment, as the totals of two registers do, each register has series of its own.
    """
    given = list(slots)
    are_apart = len({slot.start for slot in given}) < len(given)
    open_: dict[Register | None, list[Slot]] = {}
    groups: list[list[Slot]] = []
    for slot in given:
        key = slot.register if are_apart else None
        group = open_.get(key)
        if group is None or not _follows(slot, group[-1]):
            group = open_[key] = []
            groups.append(group)
        group.append(slot)
    return [_joined(group) for group in groups]


def slots_of_channel(channel: Mapping[str, Any]) -> list[Slot]:
    """Return all slots of one channel of the door's answer, by their starts and then by their registers.

    Raises:
        SeriesError: the answer has something else in the place of a series.
    """
    found = [Series.parse(view) for view in channel["series"]]
    slots = [slot for one in found for slot in one.slots()]
    return slots if len(found) == 1 else sorted(slots, key=by_start)


def by_start(slot: Slot) -> tuple[datetime, str]:
    """The order of slots of one channel."""
    return slot.start, slot.register or ""


def runs(items: Iterable[Any]) -> list[tuple[int, Any]]:
    """Return how often each item comes in a row."""
    return [(sum(1 for _ in same), item) for item, same in groupby(items)]


def _follows(slot: Slot, last: Slot) -> bool:
    return slot.start == last.end and slot.end - slot.start == last.end - last.start


def _joined(group: Sequence[Slot]) -> Series:
    return Series(
        group[0].start,
        int((group[0].end - group[0].start).total_seconds()),
        [slot.value for slot in group],
        [(count, *mark) for count, mark in runs(_mark(slot) for slot in group)],
        runs(slot.missing for slot in group),
    )


def _mark(slot: Slot) -> tuple[str, str | None, str | None]:
    return (
        slot.state.value,
        slot.register.value if slot.register else None,
        slot.conversion.value if slot.conversion else None,
    )


def _conversion(name: str | None) -> Conversion | None:
    return Conversion(name) if name else None
