"""A ground: one fact under one row of the catalogue, and what every ground is held against."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from databeheer.access.bases import Category, Requirement, Row
from databeheer.access.decision import Wish
from databeheer.access.facts import Facts, Occupancy
from databeheer.access.intervals import Interval
from databeheer.access.reasons import ReasonCode
from databeheer.values import Direction, Granularity, Role


@dataclass(frozen=True)
class Ground:
    """One fact under one row: `claim` is the data it speaks of, `home` the occupancies it reaches.

    `finest` is the finest granularity it gives, None where granularity has no meaning. `problem` is why it
    gives nothing at all; `outside_claim` and `outside_home` are why it gives nothing elsewhere. `suits` says
    that it is about the asked purpose and category: only then is it a good explanation.
    """

    row: Row
    fact_id: str
    claim: Interval
    home: tuple[Occupancy, ...]
    outside_claim: ReasonCode
    outside_home: ReasonCode
    finest: Granularity | None
    problem: ReasonCode | None
    suits: bool


@dataclass(frozen=True)
class Case:
    wish: Wish
    facts: Facts
    now: datetime

    @property
    def is_of_readings(self) -> bool:
        return self.wish.category == Category.READINGS


def party_problem(case: Case, row: Row) -> ReasonCode | None:
    party = case.facts.party
    if party is None or case.wish.asker_role is Role.GRID_USER:
        return None
    # A party that no longer meets the conditions loses access on all its points at once (R13).
    if any(case.now in suspension for suspension in party.suspensions):
        return ReasonCode.PARTY_SUSPENDED
    has_contract = party.contract_period is not None and case.now in party.contract_period
    if Requirement.DATA_ACCESS_CONTRACT in row.requires and not has_contract:
        return ReasonCode.NO_DATA_ACCESS_CONTRACT
    return None


def measure_problem(case: Case, directions: frozenset[Direction], finest: Granularity) -> ReasonCode | None:
    if not case.is_of_readings:
        return None
    if not case.wish.directions <= directions:
        return ReasonCode.DIRECTION_NOT_GRANTED
    return ReasonCode.GRANULARITY_TOO_FINE if case.wish.granularity.is_finer_than(finest) else None


def stop_problem(case: Case) -> ReasonCode | None:
    stopped = case.facts.stopped_since
    return ReasonCode.STOPPED if stopped is not None and stopped <= case.now else None


def coarser(one: Granularity, other: Granularity) -> Granularity:
    return other if one.is_finer_than(other) else one


def validity_problem(valid: Interval, now: datetime) -> ReasonCode | None:
    if now < valid.start:
        return ReasonCode.NOT_YET_VALID
    return ReasonCode.EXPIRED if valid.has_ended(now) else None
