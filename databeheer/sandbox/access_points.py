"""The access points of a sandbox that show one state each, and what both interfaces answer about them.

Data only: `story` brings each about by the commands and the intake of production, and a test asks about each over HTTP
and compares with this table, which docs/reference/sandbox.md prints.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import NamedTuple

from databeheer.metering.street.plan import Quality
from databeheer.sandbox.codes import SandboxCode
from databeheer.values import Commodity, Granularity

SHORT_DAYS = 8
"""Of how many days up to yesterday there are readings where nothing needs more: a week can be asked."""
_MONTH = 35


class Life(enum.Enum):
    """What became of the permission that a party asked for this access point."""

    NEVER_ASKED = enum.auto()
    GRANTED = enum.auto()
    WAITS = enum.auto()
    REFUSED = enum.auto()
    NOT_ANSWERED = enum.auto()
    WITHDRAWN = enum.auto()
    GIVEN_UP = enum.auto()
    EXPIRED = enum.auto()
    FULFILLED = enum.auto()
    MOVED_OUT = enum.auto()
    DOUBTED = enum.auto()
    TO_BE_RENEWED = enum.auto()


class Window(enum.Enum):
    """Of which days the table's question asks."""

    LAST_WEEK = "the seven days up to the last one with readings"
    SPRING = "the day on which the clock goes forward"
    AUTUMN = "the day on which the clock goes back"
    LAST_YEAR = "the seven days before the permission's data begin"


class Answer(NamedTuple):
    """A status, and what stands in the answer: of 200 `coverage.state` or what `headpoint` is, else the problem."""

    status: int
    says: str


@dataclass(frozen=True)
class AccessPoint:
    """One access point, the party that asks, and what it is answered in the own API and in the facade.

    `granted` is the granularity of the permission, `asked` that of the question.
    """

    key: str
    about: str
    code: SandboxCode
    own: Answer
    facade: Answer
    life: Life = Life.GRANTED
    party: str = "ready"
    quality: Quality = Quality.FLAWLESS
    days: int = SHORT_DAYS
    granted: Granularity = Granularity.QUARTER_HOUR
    asked: Granularity = Granularity.QUARTER_HOUR
    window: Window = Window.LAST_WEEK

    @property
    def reference(self) -> str:
        """Under which the party asked for its permission, in both interfaces."""
        return f"sandbox-{self.key}"

    @property
    def is_registered(self) -> bool:
        """Whether it exists at all: one of them does not."""
        return self.code.number != _UNREGISTERED


_COMPLETE, _PARTIAL, _NOT_YET = Answer(200, "complete"), Answer(200, "partial"), Answer(200, "not_yet")
_VALUES, _NULL = Answer(200, "values"), Answer(200, "null")
_ENDED, _NOT_ACTIVE = Answer(403, "permission-ended"), Answer(403, "permission-not-active")
_NO_BASIS, _HELD_BACK = Answer(403, "no-legal-basis"), Answer(503, "held-back")
_UNREGISTERED = 199
_TWO_YEARS = 400
"""Days of readings that have both changes of the clock."""


def _quarters(number: int, *, injection: bool = False) -> SandboxCode:
    return SandboxCode(Commodity.ELECTRICITY, injection, True, number)


def _days(
    number: int, commodity: Commodity = Commodity.ELECTRICITY, *, injection: bool = False
) -> SandboxCode:
    return SandboxCode(commodity, injection, False, number)


ACCESS_POINTS: tuple[AccessPoint, ...] = (
    # ---- what there is to read --------------------------------------------------------------------------------
    AccessPoint(
        "quarters",
        "electricity by quarter-hours, offtake",
        _quarters(101),
        _COMPLETE,
        _VALUES,
        days=_MONTH,
    ),
    AccessPoint(
        "injection",
        "electricity by quarter-hours, offtake and injection",
        _quarters(102, injection=True),
        _COMPLETE,
        _VALUES,
    ),
    AccessPoint(
        "gas-hours",
        "gas by hours, in m3 and kWh",
        SandboxCode(Commodity.GAS, False, True, 103),
        _COMPLETE,
        _VALUES,
        asked=Granularity.HOUR,
    ),
    AccessPoint(
        "days",
        "electricity of which only days are read",
        _days(104),
        _COMPLETE,
        _VALUES,
        granted=Granularity.DAY,
        asked=Granularity.DAY,
    ),
    AccessPoint(
        "injection-days",
        "the same, with injection",
        _days(105, injection=True),
        _COMPLETE,
        _VALUES,
        granted=Granularity.DAY,
        asked=Granularity.DAY,
    ),
    AccessPoint(
        "gas-days",
        "gas of which only days are read",
        _days(106, Commodity.GAS),
        _COMPLETE,
        _VALUES,
        granted=Granularity.DAY,
        asked=Granularity.DAY,
    ),
    AccessPoint(
        "quarters-of-days",
        "quarter-hours, granted, of a meter of which only days are read",
        _days(107),
        _NOT_YET,
        _NULL,
    ),
    AccessPoint(
        "not-yet", "no readings came yet", _quarters(108), _NOT_YET, _NULL, quality=Quality.FLAWLESS, days=0
    ),
    AccessPoint(
        "estimated",
        "every value is an estimate",
        _quarters(109),
        _COMPLETE,
        _VALUES,
        quality=Quality.ESTIMATED,
    ),
    AccessPoint(
        "gaps", "six hours of each day have no value", _quarters(110), _PARTIAL, _VALUES, quality=Quality.GAPS
    ),
    AccessPoint(
        "spring",
        "the day of 92 quarter-hours",
        _quarters(111),
        _COMPLETE,
        _VALUES,
        days=_TWO_YEARS,
        window=Window.SPRING,
    ),
    AccessPoint(
        "autumn",
        "the day of 100 quarter-hours",
        _quarters(111),
        _COMPLETE,
        _VALUES,
        days=_TWO_YEARS,
        window=Window.AUTUMN,
    ),
    # ---- what the permission allows ----------------------------------------------------------------------------
    AccessPoint(
        "requested",
        "nobody has answered yet",
        _quarters(121),
        _NOT_ACTIVE,
        Answer(404, "not-found"),
        Life.WAITS,
    ),
    AccessPoint("refused", "the customer refused", _quarters(122), _NOT_ACTIVE, _NO_BASIS, Life.REFUSED),
    AccessPoint(
        "not-answered",
        "nobody answered in thirty days",
        _quarters(123),
        _ENDED,
        _NO_BASIS,
        Life.NOT_ANSWERED,
    ),
    AccessPoint("withdrawn", "the customer withdrew it", _quarters(124), _ENDED, _ENDED, Life.WITHDRAWN),
    AccessPoint("given-up", "you gave it up", _quarters(125), _ENDED, _ENDED, Life.GIVEN_UP),
    AccessPoint("expired", "its last day has passed", _quarters(126), _ENDED, _ENDED, Life.EXPIRED),
    AccessPoint(
        "fulfilled",
        "all of the data that it was about are there",
        _quarters(127),
        _ENDED,
        _ENDED,
        Life.FULFILLED,
    ),
    AccessPoint("moved-out", "the customer moved out", _quarters(128), _ENDED, _ENDED, Life.MOVED_OUT),
    AccessPoint(
        "blocked",
        "the customer says that he never gave it, and that is examined",
        _quarters(129),
        Answer(403, "blocked"),
        Answer(503, "blocked"),
        Life.DOUBTED,
    ),
    AccessPoint(
        "to-be-renewed",
        "it ends within weeks; the customer can renew it",
        _quarters(130),
        _COMPLETE,
        _VALUES,
        Life.TO_BE_RENEWED,
    ),
    AccessPoint(
        "too-fine",
        "days are granted, and quarter-hours are asked",
        _quarters(131),
        Answer(403, "granularity-too-fine"),
        _NULL,
        granted=Granularity.DAY,
    ),
    AccessPoint(
        "before-its-data",
        "days from before the granted data are asked",
        _quarters(132),
        Answer(403, "outside-granted-period"),
        _NULL,
        window=Window.LAST_YEAR,
    ),
    AccessPoint(
        "never-asked", "you never asked for it", _quarters(133), _NO_BASIS, _NO_BASIS, Life.NEVER_ASKED
    ),
    AccessPoint(
        "unknown",
        "an access point that does not exist",
        _quarters(_UNREGISTERED),
        _NO_BASIS,
        _NO_BASIS,
        Life.NEVER_ASKED,
    ),
    # ---- what the party lacks ----------------------------------------------------------------------------------
    AccessPoint(
        "dpia-lapsed",
        "your DPIA has lapsed",
        _quarters(141),
        _NO_BASIS,
        _HELD_BACK,
        Life.TO_BE_RENEWED,
        "lapsed",
    ),
    AccessPoint(
        "suspended",
        "your organisation is suspended",
        _quarters(142),
        _ENDED,
        Answer(401, "unauthenticated"),
        party="suspended",
    ),
    AccessPoint(
        "not-onboarded",
        "your organisation is not approved yet",
        _quarters(143),
        Answer(403, "not-onboarded"),
        Answer(503, "not-onboarded"),
        Life.NEVER_ASKED,
        "applicant",
    ),
)
