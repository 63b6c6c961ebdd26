"""What is asked of the loop of reads, and what came of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from databeheer.access.bases import Category
from databeheer.access.decision import Decision, Granted
from databeheer.access.judged import Judged
from databeheer.door.facts.of_requests import Point
from databeheer.door.proofs import Asker, Proof
from databeheer.door.statement import Record
from databeheer.errors import DatabeheerError
from databeheer.values import Direction, Granularity, Period, Purpose


@dataclass(frozen=True)
class Since:
    """What the asker has: all that was stored before entry `index`, of the stretches that were granted then."""

    index: int
    granted: tuple[Period, ...] = ()


@dataclass(frozen=True)
class ReadRequest:
    """One question: these values of this access point, please. Exactly one of the three names a target.

    `ean_hash` is the keyed hash under which the registry finds an access point.
    """

    proof: Proof
    period: Period
    granularity: Granularity
    directions: frozenset[Direction] | None
    """None: those of the permission; by law and for one's own data, both."""
    strict: bool
    purpose: Purpose | None = None
    permission_id: UUID | None = None
    ean_hash: bytes | None = None
    occupancy_id: UUID | None = None
    registers: bool = False
    """With what the cumulative registers showed at the ends of what is granted."""
    category: str = Category.READINGS
    task: str | None = None
    """Of the quality of supply: for which task of the grid operator (R66)."""
    inserted: Period | None = None
    """Only what came in this time; the decision is about `period` all the same."""
    parts: bool = False
    """With what tells the same energy again: of the head point beside its meters, and of head points below it."""
    per_year: bool = False
    """Month totals, added up to calendar years."""
    as_of: int | None = None
    """Values as they stood when the ledger had so many entries; None, or more than it has: as of now."""
    since: Since | None = None
    """Only what was stored since then, or was not granted then."""


@dataclass(frozen=True)
class Wanted:
    """Many questions that differ in their target only: permissions, or keyed hashes of access points."""

    common: ReadRequest
    permissions: Sequence[UUID] | None
    points: Sequence[bytes] | None = None
    known: Sequence[tuple[Period, ...]] | None = None
    """Of each, what was granted at the entry that the common request names as `since`."""

    def __len__(self) -> int:
        return len(self.permissions or self.points or ())

    def one(self, place: int) -> ReadRequest:
        """Return the question at a place."""
        common = self.common
        if common.since is not None and self.known is not None:
            common = replace(common, since=replace(common.since, granted=self.known[place]))
        if self.permissions is not None:
            return replace(common, permission_id=self.permissions[place])
        return replace(common, ean_hash=(self.points or ())[place])

    def part(self, places: range) -> Wanted:
        """Return some that follow one another."""
        some = slice(places.start, places.stop)
        return replace(
            self,
            permissions=self.permissions and self.permissions[some],
            points=self.points and self.points[some],
            known=self.known and self.known[some],
        )


@dataclass(frozen=True)
class Decided:
    """One request, decided: what may leave of which access point. Nothing of it is recorded by this alone.

    `home` is whose the named permission is: the occupancy that granted it, or the one that it asks.
    """

    request: ReadRequest
    asker: Asker
    point: Point | None
    home: UUID | None
    judged: Judged
    leaving: tuple[Granted, ...]

    @property
    def decision(self) -> Decision:
        return self.judged.decision

    @property
    def directions(self) -> frozenset[Direction]:
        return self.judged.wish.directions

    @property
    def event(self) -> str:
        return "data.read" if self.leaving else "data.refused"

    @property
    def ground(self) -> str:
        """The ground of the first that leaves; of a refusal, the reason."""
        return self.leaving[0].basis if self.leaving else self.decision.main_reason().value

    def refusal(self) -> DatabeheerError | None:
        """The decision's own error where nothing may leave."""
        if self.leaving:
            return None
        try:
            self.decision.strict() if self.request.strict else self.decision.clipped()
        except DatabeheerError as error:
            return error
        return None


@dataclass(frozen=True)
class Admitted:
    """What was decided and recorded about one request; `record.index` is durable once it is handed back.

    `as_of`: how many entries the ledger had, and with that which stored readings are meant.
    """

    decided: Decided
    record: Record
    as_of: int

    @property
    def versions(self) -> int:
        """Which stored readings are handed over: those before this entry."""
        return versions_of(self.decided.request, self.as_of)


def versions_of(request: ReadRequest, as_of: int) -> int:
    """Return before which entry readings count that a request is handed, recorded when the ledger had `as_of`."""
    return as_of if request.as_of is None else min(request.as_of, as_of)
