"""What a customer with an active budget function is told of the credit, once a day, and at once where it runs out.

Source: 3.1.53, fourth paragraph (draft 2018); R179 to R181.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, time

from databeheer.brussels import day_of
from databeheer.errors import MalformedRequestError
from databeheer.metering.credit.state import MOST_CENTS, CreditState
from databeheer.values import Commodity

LAST_HOUR = time(18)
"""On the clock of Brussels: of whom nothing came by then is told what was known last."""


class Notice(enum.StrEnum):
    """The kinds of messages; their names stand in clear in the outbox, so they say nothing of a budget meter."""

    DAILY = "meter.daily"
    TOP_UP = "meter.today"


@dataclass(frozen=True)
class AverageDay:
    """What an average customer's day costs, in euro cents, by commodity: one for each month of the year."""

    cents: Mapping[Commodity, Sequence[int]]

    def __post_init__(self) -> None:
        for months in self.cents.values():
            if len(months) != 12 or any(not 0 < one <= MOST_CENTS for one in months):
                raise MalformedRequestError("an average day: twelve months, each more than nothing")

    def of(self, commodity: Commodity, day: date) -> int:
        return self.cents[commodity][day.month - 1]


def runs_out(state: CreditState, commodity: Commodity, day: date, average: AverageDay) -> bool:
    """Say whether the credit lasts at most one more day for an average customer (R180).

    Emergency credit is none: who lives on it is to top up.
    """
    return bool(state.emergency_is_active) or state.credit <= average.of(commodity, day)


def said(state: CreditState | None, *, is_low: bool) -> dict[str, str]:
    """Return what a message of this state says beside its kind, as codes; `post.credit_words` has the words."""
    if state is None:
        return {"credit": "", "emergency": "", "limiter": "", "advice": ""}
    return {
        "credit": f"{state.credit}",
        "until": day_of(state.read_at).isoformat(),
        "emergency": ""
        if state.emergency_is_active is None
        else f"{'on' if state.emergency_is_active else 'off'}:{state.emergency_left}",
        "limiter": "" if state.ten_ampere is None else ("on" if state.ten_ampere else "off"),
        "advice": "top_up" if is_low else "",
    }
