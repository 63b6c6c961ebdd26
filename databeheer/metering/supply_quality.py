"""How well electricity was supplied on a day, as one meter registers it (docs/reference/supply-quality.md; R66).

Source: Energiebesluit 3.1.45, paragraph 3 (draft 2018).
"""

from __future__ import annotations

import enum
import json
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any, Self

from databeheer.brussels import day_bounds
from databeheer.errors import MalformedRequestError
from databeheer.values import Code

MOST_EVENTS = 100_000
LOWEST_VOLTAGE, HIGHEST_VOLTAGE = 0, 10_000
"""In tenths of a volt."""
SEALED_LENGTH = 256
"""What is sealed of a day is padded to this: its length tells nothing."""


class SupplyTask(Code):
    """For which of its tasks a grid operator asks (4.1.6): a closed list, so that nothing else is a reason."""

    OPERATION = "operation"
    """Running the grid safely."""
    FAULT = "fault"
    """Finding a fault and repairing it."""
    COMPLAINT = "complaint"
    """A customer's complaint about voltage or interruptions."""
    REINFORCEMENT = "reinforcement"
    """Judging where the grid has to be made stronger."""


class Event(enum.StrEnum):
    """What is counted of a day."""

    INTERRUPTIONS = "interruptions"
    SAGS = "sags"
    SWELLS = "swells"


@dataclass(frozen=True)
class QualityDay:
    """One meter's word of one Brussels day.

    `interruptions` of `interrupted_s` seconds together; voltage `sags` and `swells` of all phases; the lowest and the
    highest mean voltage of ten minutes of any phase, in tenths of a volt, None where the meter measures none.
    """

    interruptions: int
    interrupted_s: int
    sags: int
    swells: int
    lowest_dv: int | None = None
    highest_dv: int | None = None

    def __post_init__(self) -> None:
        if any(not 0 <= getattr(self, event) <= MOST_EVENTS for event in Event):
            raise MalformedRequestError("supply quality: a count that no meter gives")
        if self.interrupted_s < 0 or (self.interrupted_s > 0 and not self.interruptions):
            raise MalformedRequestError("supply quality: seconds without an interruption")
        voltages = (self.lowest_dv, self.highest_dv)
        if (self.lowest_dv is None) is not (self.highest_dv is None):
            raise MalformedRequestError("supply quality: the lowest voltage and the highest come together")
        if any(one is not None and not LOWEST_VOLTAGE <= one <= HIGHEST_VOLTAGE for one in voltages):
            raise MalformedRequestError("supply quality: a voltage that no meter measures")
        if self.lowest_dv is not None and self.highest_dv is not None and self.lowest_dv > self.highest_dv:
            raise MalformedRequestError("supply quality: the lowest voltage lies above the highest")

    def require_within(self, day: date) -> None:
        """Refuse more seconds without electricity than the day has; 23 and 25 hours when the clock changes."""
        start, end = day_bounds(day)
        if self.interrupted_s > (end - start).total_seconds():
            raise MalformedRequestError("supply quality: interrupted for longer than the day lasts")

    def to_bytes(self, meter: str) -> bytes:
        """Return it with the name of its meter, to be sealed, of one length."""
        members = asdict(self) | {"meter": meter}
        return json.dumps(members, sort_keys=True).encode().ljust(SEALED_LENGTH)

    @classmethod
    def from_bytes(cls, data: bytes) -> tuple[str, Self]:
        """Return the name of the meter, and what it said."""
        members: dict[str, Any] = json.loads(data)
        return members.pop("meter"), cls(**members)
