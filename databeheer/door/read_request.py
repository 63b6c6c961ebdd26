"""What is asked of the loop of reads, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from databeheer.access.decision import Decision, Granted
from databeheer.door.facts import Point
from databeheer.door.proofs import Asker, Proof
from databeheer.door.turn import Record
from databeheer.values import Direction, Granularity, Period, Purpose


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


@dataclass
class Admitted:
    """What was decided and recorded about one request; `record.index` is durable once it is handed back."""

    request: ReadRequest
    directions: frozenset[Direction]
    asker: Asker
    point: Point | None
    decision: Decision
    leaving: tuple[Granted, ...]
    record: Record
    as_of: int

    def raise_if_refused(self) -> None:
        """Raise the decision's own error where nothing may leave; the refusal is recorded by now."""
        if not self.leaving:
            self.decision.strict() if self.request.strict else self.decision.clipped()
