"""Domain values, parsed once at the edge; whoever holds one may trust it."""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from typing import Self

from stdnum import ean as _ean

from databeheer.brussels import day_bounds, midnight
from databeheer.errors import MalformedRequestError


class Code(enum.StrEnum):
    """A text from a closed list, that equals its spelling and hashes like it.

    An enumeration's own hash is Python code of its name; decisions look little else up than these.
    """

    __hash__ = str.__hash__


class Commodity(Code):
    """What flows through the meter."""

    ELECTRICITY = "electricity"
    GAS = "gas"


class ProfileType(Code):
    """What kind of customer an access point has: a published closed list, by which statistics are told apart."""

    HOUSEHOLD = "household"
    HOUSEHOLD_PRODUCTION = "household_production"
    """A household that also injects, from solar panels for the most part: of electricity only."""
    BUSINESS = "business"
    PUBLIC = "public"
    """Public buildings, services and lighting."""


class Direction(Code):
    """Which way it flows, seen from the grid user (afname, injectie)."""

    OFFTAKE = "offtake"
    INJECTION = "injection"


class Granularity(Code):
    """How fine values are; ordered from finest to coarsest."""

    QUARTER_HOUR = "quarter_hour"
    HOUR = "hour"
    DAY = "day"
    MONTH = "month"

    @cached_property
    def rank(self) -> int:
        """0 for the finest."""
        return list(Granularity).index(self)

    def is_finer_than(self, other: Granularity) -> bool:
        return self.rank < other.rank


class Purpose(Code):
    """Why data are asked for: a closed list; a new purpose needs a new consent (R18)."""

    ENERGY_ADVICE = "energy_advice"
    ENERGY_MONITORING = "energy_monitoring"
    FLEXIBILITY = "flexibility"
    BILLING = "billing"
    GRID_MANAGEMENT = "grid_management"
    SUPPLY_QUALITY = "supply_quality"
    """A grid operator judges how well electricity is supplied (3.1.45, §3)."""
    FRAUD_DETECTION = "fraud_detection"
    OWN_INSIGHT = "own_insight"
    SUPERVISION = "supervision"
    DATA_MANAGEMENT = "data_management"
    """The tasks of 4.1.8/2 themselves: read, validate, keep, correct."""
    DYNAMIC_PRICE_BILLING = "dynamic_price_billing"
    SUPPLY_OFFER = "supply_offer"
    """A supplier that the customer does not have yet makes an offer, with a written mandate (R34)."""
    BALANCING = "balancing"
    MARKET_FACILITATION = "market_facilitation"
    ENERGY_SHARING = "energy_sharing"
    PUBLIC_TASK = "public_task"
    SOCIAL_ASSISTANCE = "social_assistance"
    PRICE_COMPARISON = "price_comparison"
    PROCESSING = "processing"
    """What a processor does on written instruction (GDPR 28)."""
    CASE_HANDLING = "case_handling"
    DATA_PROTECTION = "data_protection"
    """Supervision by the data protection authority (GDPR 58)."""


class Role(Code):
    """Actor roles: the closed list of article 4.1.22/5, and those who ask and get nothing (R2).

    The catalogue of legal bases says of each what it may have. A company in two roles is two parties (R2).
    """

    GRID_USER = "grid_user"
    PERSON_CONCERNED = "person_concerned"
    """Lives at the access point and is not the contract holder."""
    REPRESENTATIVE = "representative"
    """Acts for a grid user because a court said so."""
    SUPPLIER = "supplier"
    SUPPLIER_SERVICE = "supplier_service"
    """A supplier as energy service provider: apart from its role of supplier."""
    ENERGY_SERVICE = "energy_service"
    AGGREGATOR = "aggregator"
    """Aggregator or flexibility service provider."""
    BALANCE_RESPONSIBLE = "balance_responsible"
    SHIPPER = "shipper"
    DATA_MANAGER = "data_manager"
    """A grid operator or its working company at data management: a role, not a company."""
    DSO = "dso"
    TRANSMISSION_OPERATOR = "transmission_operator"
    """Transmission, gas transport, local transport."""
    OTHER_GRID_OPERATOR = "other_grid_operator"
    """Another distribution system operator, or that of a closed system."""
    INTERMEDIARY = "intermediary"
    """Producers and intermediaries."""
    ENERGY_COMMUNITY = "energy_community"
    AUTHORITY = "authority"
    PUBLIC_BODY = "public_body"
    """A body or person with a task of public interest."""
    WELFARE_CENTRE = "welfare_centre"
    """OCMW."""
    REGULATOR = "regulator"
    COMPARISON_TOOL = "comparison_tool"
    DATA_PROTECTION_AUTHORITY = "data_protection_authority"
    PROCESSOR = "processor"
    STAFF = "staff"
    """Contact centre and back office of the data manager."""
    RESEARCH = "research"
    PORT_APP = "port_app"
    """An app or device at the local user port."""
    LANDLORD = "landlord"
    GOVERNANCE_COMMITTEE = "governance_committee"


PERSON_ROLES = frozenset({Role.GRID_USER, Role.PERSON_CONCERNED, Role.REPRESENTATIVE})
"""Those who ask as a person; all others ask as a party."""

NO_PARTY_ROLES = PERSON_ROLES | {
    Role.STAFF,
    Role.RESEARCH,
    Role.PORT_APP,
    Role.LANDLORD,
    Role.GOVERNANCE_COMMITTEE,
}
"""Roles in which nobody is onboarded as a market party: people, our own staff, and who gets nothing here."""


@dataclass(frozen=True)
class EAN:
    """The 18-digit GSRN that names an access point, check digit verified.

    `repr` hides the digits, so that a forgotten log line or traceback does not show them.
    """

    digits: str = field(repr=False)

    def __post_init__(self) -> None:
        text = self.digits
        if len(text) != 18 or not text.isascii() or not text.isdigit():
            raise MalformedRequestError("an EAN code has 18 digits")
        if _ean.calc_check_digit(text[:-1]) != text[-1]:
            raise MalformedRequestError(
                "the check digit of this EAN code is wrong; compare it with your bill"
            )


@dataclass(frozen=True, order=True)
class Period:
    """A half-open stretch of time [start, end), both aware UTC."""

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        for instant in (self.start, self.end):
            if instant.tzinfo is None or instant.utcoffset() != UTC.utcoffset(None):
                raise MalformedRequestError("a period is given in UTC")
        if not self.start < self.end:
            raise MalformedRequestError("a period ends after it starts")

    @classmethod
    def of_days(cls, first: date, last: date) -> Self:
        """The Brussels days from `first` up to and including `last`."""
        return cls(day_bounds(first)[0], day_bounds(last)[1])


HORIZON = (date(1990, 1, 1), date(2100, 12, 31))
"""The first and the last Brussels day that anything here may be about; a stretch may end with the last."""
_EARLIEST, _LATEST = midnight(HORIZON[0]), midnight(HORIZON[1] + timedelta(days=1))
_WITHIN = f"between the years {HORIZON[0].year} and {HORIZON[1].year}"


_FLEMISH_ARRONDISSEMENTS = frozenset(
    (
        *("11", "12", "13", "23", "24", "31", "32", "33", "34", "35", "36", "37", "38"),
        *("41", "42", "43", "44", "45", "46", "71", "72", "73"),
    )
)


def parse_municipality(text: str) -> str:
    """Read the NIS code of a Flemish municipality: two digits of its arrondissement, three of itself.

    It has no check digit, so this is what can be told of a code by itself: another region's, an arrondissement's own
    (`44000`) or one with digits swapped into no arrondissement is refused.

    Raises:
        MalformedRequestError: it is none.
    """
    if len(text) != 5 or not text.isascii() or not text.isdigit():
        raise MalformedRequestError("the NIS code of a municipality has five digits")
    if text[:2] not in _FLEMISH_ARRONDISSEMENTS or text.endswith("000"):
        raise MalformedRequestError("this is not the NIS code of a municipality in Flanders")
    return text


def is_within_horizon(day: date) -> bool:
    """Say whether anything here may be about this day."""
    return HORIZON[0] <= day <= HORIZON[1]


def parse_instant(text: str) -> datetime:
    """Read an RFC 3339 instant with an offset into aware UTC.

    Raises:
        MalformedRequestError: no offset, impossible date, or outside the years of `HORIZON` (in Brussels).
    """
    try:
        instant = datetime.fromisoformat(text)
    except (ValueError, TypeError) as error:
        raise MalformedRequestError("a time looks like 2026-11-20T23:00:00Z") from error
    if instant.tzinfo is None:
        raise MalformedRequestError("a time needs its offset from UTC, for example Z")
    try:
        instant = instant.astimezone(UTC)
    except OverflowError as error:
        raise MalformedRequestError(f"a time lies {_WITHIN}") from error
    if not _EARLIEST <= instant <= _LATEST:
        raise MalformedRequestError(f"a time lies {_WITHIN}")
    return instant


def format_instant(instant: datetime) -> str:
    """Write an aware instant as RFC 3339 UTC: seconds, or milliseconds where there are any."""
    if instant.tzinfo is not UTC:
        instant = instant.astimezone(UTC)
    return f"{instant.isoformat(timespec='milliseconds' if instant.microsecond else 'seconds')[:-6]}Z"


_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def parse_day(text: str) -> date:
    """Read an ISO day within `HORIZON`; MalformedRequestError otherwise."""
    if not _DAY.fullmatch(str(text)):
        raise MalformedRequestError("a day looks like 2026-11-20")
    try:
        day = date.fromisoformat(text)
    except (ValueError, TypeError) as error:
        raise MalformedRequestError(
            "there is no such day in the calendar; a day looks like 2026-11-20"
        ) from error
    if not is_within_horizon(day):
        raise MalformedRequestError(f"a day lies {_WITHIN}")
    return day
