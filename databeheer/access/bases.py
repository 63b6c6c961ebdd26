"""What a legal basis is: a row of the catalogue, its citations, and the closed lists they are written in."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from databeheer.errors import DatabeheerError
from databeheer.values import Code, Direction, Granularity, Purpose, Role


class CatalogueError(DatabeheerError):
    """The catalogue of legal bases cannot be relied on; the message names the row and what is wrong."""

    code = "malformed-catalogue"


class Category(Code):
    """The three legal kinds of data (decree of 26 April 2019, art. 2, 9°, 15°, 19°), a part of them, and records."""

    READINGS = "readings"
    TECHNICAL = "technical"
    RELATIONAL = "relational"
    SUPPLY_QUALITY = "supply_quality"
    """How well electricity was supplied, as the meter registers it (3.1.45, §3, draft 2018)."""
    RECORDS = "records"
    """Decisions and log entries: who had which data, and why (GDPR 31, 58)."""


class BasisKind(Code):
    """What a ground is, as the customer sees them kept apart (R40)."""

    OWN = "own"
    CONSENT = "consent"
    LAW = "law"


class Carrier(Code):
    """Which fact ties a ground to one access point; without it the asker has no standing there at all."""

    OCCUPANCY = "occupancy"
    CONCERNED = "concerned"
    REPRESENTATION = "representation"
    PERMISSION = "permission"
    SUPPLY_CONTRACT = "supply_contract"
    REGISTRATION = "registration"
    PARTICIPATION = "participation"
    GRID_OPERATOR = "grid_operator"
    DATA_MANAGER = "data_manager"
    TERRITORY = "territory"
    TASK = "task"


class Requirement(Code):
    """What must hold besides the carrier."""

    OCCUPANCY = "occupancy"
    """Only data of the occupancy that the ground comes from (R82)."""
    GRID_USER_CONSENT = "grid_user_consent"
    """The signature of the grid user, or his representative (4.1.22/5, 5°)."""
    PERSON_CONCERNED_CONSENT = "person_concerned_consent"
    """And, where somebody else's data they are too, that person's (R4)."""
    HISTORY = "history"
    """Only of before the day on which the consent was given (row 8; R34)."""
    WRITTEN_MANDATE = "written_mandate"
    ACCEPTED_CONTRACT = "accepted_contract"
    CONTRACT_PERIOD = "contract_period"
    DYNAMIC_PRICE = "dynamic_price"
    METERING_REGIME = "metering_regime"
    DATA_ACCESS_CONTRACT = "data_access_contract"
    DPIA = "dpia"
    PROCESSING_OVERVIEW = "processing_overview"
    NOTICE = "notice"
    NECESSITY = "necessity"
    AUTHORISATION = "authorisation"
    TERRITORY = "territory"
    PROCESSOR_AGREEMENT = "processor_agreement"


_LIMITS = frozenset(
    {
        Requirement.NOTICE,
        Requirement.ACCEPTED_CONTRACT,
        Requirement.CONTRACT_PERIOD,
        Requirement.DYNAMIC_PRICE,
        Requirement.METERING_REGIME,
    }
)


class CitationStatus(Code):
    """Whether an article is law, or stood in the draft of 2018 only."""

    ENACTED = "enacted"
    DRAFT = "draft"


class CeilingBy(Code):
    """Who fixed a granularity ceiling: a law, or our design where no law does."""

    LAW = "law"
    DESIGN = "design"


@dataclass(frozen=True)
class Citation:
    """One article, as data: the act, which version of it, the article."""

    act: str
    version: str
    article: str
    status: CitationStatus

    def __str__(self) -> str:
        """As a Dutch text cites it; a draft always says that it is one."""
        draft = " (ontwerp)" if self.status is CitationStatus.DRAFT else ""
        return f"artikel {self.article} {self.act}{draft}"


_OF_BILLS = frozenset({Purpose.BILLING, Purpose.DYNAMIC_PRICE_BILLING})


@dataclass(frozen=True)
class Row:
    """One legal basis. `citations[0]` is the one recorded with a release; sentences are for the customer.

    `number` is its row in the table of actors (requirements 1.2); one row there can be several grounds here.
    """

    number: int
    code: str
    actor_role: Role
    basis: BasisKind
    carrier: Carrier
    purposes: frozenset[Purpose]
    categories: frozenset[str]
    directions: frozenset[Direction]
    ceiling: Granularity
    ceiling_by: CeilingBy
    ceiling_without_necessity: Granularity | None
    requires: frozenset[Requirement]
    states: frozenset[str]
    sentence_nl: str
    sentence_en: str
    citations: tuple[Citation, ...]
    register_states: frozenset[str] = frozenset()
    """With totals of months: in which states the registers at the ends of what is granted may leave; empty: never."""
    without_notice: str = ""
    """Of a ground by law that waits for no notice: why none, with the article (R7)."""

    @cached_property
    def citation(self) -> Citation:
        return self.citations[0]

    @cached_property
    def is_for_bills(self) -> bool:
        """Whether bills are made of what leaves under this row: then it is billing-grade (R61)."""
        return not self.purposes.isdisjoint(_OF_BILLS)

    @cached_property
    def is_limited(self) -> bool:
        """Say whether anything but occupancy and signatures limits which data a consent opens."""
        return not self.requires.isdisjoint(_LIMITS)

    def needs_necessity(self, granularity: Granularity) -> bool:
        """Say whether values this fine need a necessity record."""
        if Requirement.NECESSITY in self.requires:
            return True
        limit = self.ceiling_without_necessity
        return limit is not None and granularity.is_finer_than(limit)


@dataclass(frozen=True)
class Refusal:
    """An actor of the table that gets nothing, and the sentence that says so.

    `of_role`: whoever asks in this role is refused, whatever else holds. Where not, the actor is somebody
    without standing in a role that others do have data in (a supplier before its registration is accepted).
    """

    number: int
    code: str
    actor_role: Role
    of_role: bool
    sentence_nl: str
    sentence_en: str
    citations: tuple[Citation, ...]


class Plan(NamedTuple):
    """The rows of one actor role: all, those that rest on a consent, the others; and whether it gets nothing."""

    rows: tuple[Row, ...]
    by_consent: tuple[Row, ...]
    statutory: tuple[Row, ...]
    excluded: Refusal | None


NO_PLAN = Plan((), (), (), None)
"""Of a role that is not known."""


@dataclass(frozen=True)
class Catalogue:
    """All rows in their order; an earlier row is recorded where two would do.

    `version` names the content to the byte: the number in the file and the beginning of its SHA-256.
    `dpia_years` is how long a DPIA is good for (3.1.83 §1, draft 2018).
    """

    version: str
    rows: tuple[Row, ...]
    refusals: tuple[Refusal, ...] = ()
    dpia_years: int = 2
    _plans: dict[Role, Plan] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        excluded = {refusal.actor_role: refusal for refusal in self.refusals if refusal.of_role}
        object.__setattr__(self, "_plans", {role: self._plan_of(role, excluded.get(role)) for role in Role})

    def _plan_of(self, role: Role, excluded: Refusal | None) -> Plan:
        rows = tuple(row for row in self.rows if row.actor_role is role)
        by_consent = tuple(row for row in rows if row.basis is BasisKind.CONSENT)
        return Plan(rows, by_consent, tuple(row for row in rows if row not in by_consent), excluded)

    def row(self, code: str) -> Row:
        """Return the row of that code.

        Raises:
            CatalogueError: there is none.
        """
        for row in self.rows:
            if row.code == code:
                return row
        raise CatalogueError(f"the catalogue has no row {code}")

    def refusal(self, code: str) -> Refusal:
        """Return the refusal of that code.

        Raises:
            CatalogueError: there is none.
        """
        for refusal in self.refusals:
            if refusal.code == code:
                return refusal
        raise CatalogueError(f"the catalogue has no refusal {code}")

    def rows_of(self, role: Role) -> tuple[Row, ...]:
        """The grounds of an actor role, in order; none for a role that is not known."""
        return self.plan(role).rows

    def plan(self, role: Role) -> Plan:
        """All that the catalogue says of an actor role."""
        return self._plans.get(role, NO_PLAN)
