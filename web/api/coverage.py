"""How much there is of what was granted: all, part, nothing yet, or nothing any more; and how much is estimated.

"No data yet" is no refusal, and an estimate is no reading: who asks sees at a glance which of them came.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from databeheer.metering.series import Series
from databeheer.metering.states import State
from databeheer.values import parse_instant

STATES = ["complete", "partial", "not_yet", "erased"]


def coverage(answer: Mapping[str, Any], *, is_of_changes: bool = False) -> dict[str, Any] | None:
    """Return what there is of one that was asked; None where nothing was granted.

    Of changes, `state` is null: what is not among them has not changed, and is not missing.
    """
    if not answer["granted"]:
        return None
    channels = [[Series.parse(view) for view in channel["series"]] for channel in answer["channels"]]
    every = [series for found in channels for series in found]
    return {
        "state": None if is_of_changes else _state(answer, channels),
        "values": sum(len(one) - _count_of_none(one) for one in every),
        "estimated": sum(count for one in every for count, state, *_ in one.marks if state == State.EST),
        "missing": sum(count * number for one in every for count, number in one.missing),
    }


def _state(answer: Mapping[str, Any], channels: list[list[Series]]) -> str:
    if not any(channels):
        return "erased" if answer.get("erased") else "not_yet"
    every = [series for found in channels for series in found]
    if not any(state != State.ABSENT for one in every for _, state, *_ in one.marks):
        return "not_yet"
    granted = sum(
        (parse_instant(one["until"]) - parse_instant(one["from"]) for one in answer["granted"]), timedelta()
    )
    whole = all(_covered(found) >= granted for found in channels)
    lacks = any(number for one in every for _, number in one.missing)
    return "complete" if whole and not lacks else "partial"


def _covered(found: Iterable[Series]) -> timedelta:
    """How long these series last together; those of two registers lie over each other."""
    total, reached = timedelta(), None
    for start, end in sorted(_span(one) for one in found):
        begins = start if reached is None else max(start, reached)
        if end > begins:
            total += end - begins
            reached = end
    return total


def _span(series: Series) -> tuple[datetime, datetime]:
    return series.start, series.start + len(series) * timedelta(seconds=series.step)


def _count_of_none(series: Series) -> int:
    return list(series.values).count(None)
