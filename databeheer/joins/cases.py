"""A lawful join as a value: who may combine which data, on which article, within which limits.

Source: Energiebesluit 3.1.83, par. 3 (draft 2018; R130, R131).
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import date

from databeheer.access.bases import Citation
from databeheer.errors import DatabeheerError
from databeheer.values import Direction, Granularity, Role


class JoinsError(DatabeheerError):
    """Base of what can go wrong with the list of lawful joins."""

    code = "unavailable"


class JoinListError(JoinsError):
    """The list cannot be relied on: malformed, unsigned, changed or older than one that was in force.

    The message says which; every join stops until the regulator's newest list is back.
    """


class Domain(enum.StrEnum):
    """A pseudonymisation domain: where a person is known under one name only."""

    REGISTRY = "registry"
    METERING = "metering"
    STATISTICS = "statistics"
    RESEARCH = "research"


class JoinPurpose(enum.StrEnum):
    """What joins can be for; a purpose that is not here cannot be on a list."""

    FRAUD_DETECTION = "fraud_detection"
    STATISTICS = "statistics"
    RESEARCH = "research"


class Shape(enum.StrEnum):
    """What leaves: rows per point under pseudonyms of one release, or sums over many points."""

    POINTS = "points"
    AGGREGATE = "aggregate"
    TABLE = "table"
    """Sums by municipality, profile type and hour, published for everybody at once (`databeheer.statistics`)."""


class Scope(enum.StrEnum):
    """Of which points: those that the requester lists, or the whole grid area."""

    LISTED = "listed"
    AREA = "area"


@dataclass(frozen=True)
class JoinCase:
    """One lawful join. `citations[0]` is the one recorded with a run."""

    id: str
    title_nl: str
    title_en: str
    sentence_nl: str
    sentence_en: str
    citations: tuple[Citation, ...]
    from_domain: Domain
    to_domain: Domain
    purpose: JoinPurpose
    roles: frozenset[Role]
    basis: str
    shape: Shape
    scope: Scope
    columns: tuple[str, ...]
    granularity: Granularity
    directions: frozenset[Direction]
    min_points: int
    max_points: int
    max_months: int
    max_share_percent: int
    approvals: int
    retention_days: int

    @property
    def citation(self) -> Citation:
        return self.citations[0]


@dataclass(frozen=True)
class JoinList:
    """A whole list: `version` counts up, `sha256` names the content to the byte."""

    version: int
    issued: date
    publisher: str
    cases: tuple[JoinCase, ...]
    sha256: bytes

    def case(self, case_id: str) -> JoinCase | None:
        """Return the case of that id; None where the list has none."""
        return next((case for case in self.cases if case.id == case_id), None)
