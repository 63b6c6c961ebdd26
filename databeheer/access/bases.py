"""What a legal basis is: a row of the catalogue, its citations, and the closed lists they are written in."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from databeheer.errors import DatabeheerError
from databeheer.values import Direction, Granularity, Purpose, Role


class CatalogueError(DatabeheerError):
    """The catalogue of legal bases cannot be relied on; the message names the row and what is wrong."""

    code = "malformed-catalogue"


class Category(enum.StrEnum):
    """The three legal kinds of data (decree of 26 April 2019, art. 2, 9°, 15°, 19°)."""

    READINGS = "readings"
    TECHNICAL = "technical"
    RELATIONAL = "relational"


class BasisKind(enum.StrEnum):
    """What a ground is, as the customer sees them kept apart (R40)."""

    OWN = "own"
    CONSENT = "consent"
    LAW = "law"


class Carrier(enum.StrEnum):
    """Which fact ties a ground to one access point."""

    OCCUPANCY = "occupancy"
    PERMISSION = "permission"
    SUPPLY_CONTRACT = "supply_contract"
    GRID_OPERATOR = "grid_operator"
    TASK = "task"


class Requirement(enum.StrEnum):
    """What must hold besides, at the moment of asking."""

    DATA_ACCESS_CONTRACT = "data_access_contract"
    NECESSITY = "necessity"


class CitationStatus(enum.StrEnum):
    """Whether an article is law, or stood in the draft of 2018 only."""

    ENACTED = "enacted"
    DRAFT = "draft"


class CeilingBy(enum.StrEnum):
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


@dataclass(frozen=True)
class Row:
    """One legal basis. `citations[0]` is the one recorded with a release; sentences are for the customer."""

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

    @property
    def citation(self) -> Citation:
        return self.citations[0]

    def needs_necessity(self, granularity: Granularity) -> bool:
        """Say whether values this fine need a necessity record."""
        if Requirement.NECESSITY in self.requires:
            return True
        limit = self.ceiling_without_necessity
        return limit is not None and granularity.is_finer_than(limit)


@dataclass(frozen=True)
class Catalogue:
    """All rows in their order; an earlier row is recorded where two would do.

    `version` names the content to the byte: the number in the file and the beginning of its SHA-256.
    """

    version: str
    rows: tuple[Row, ...]

    def row(self, code: str) -> Row:
        """Return the row of that code.

        Raises:
            CatalogueError: there is none.
        """
        for row in self.rows:
            if row.code == code:
                return row
        raise CatalogueError(f"the catalogue has no row {code}")

    def rows_of(self, role: Role) -> tuple[Row, ...]:
        return tuple(row for row in self.rows if row.actor_role is role)
