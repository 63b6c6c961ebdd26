"""A ground: one fact under one row of the catalogue, and what every ground is held against."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from databeheer.access.bases import Catalogue, Category, Citation, Requirement, Row
from databeheer.access.conditions import party_checks
from databeheer.access.decision import Wish
from databeheer.access.facts import Facts, Occupancy
from databeheer.access.intervals import ALL_TIME, Interval, Pairs, meet, merged, minus, pairs_of
from databeheer.access.reasons import ReasonCode
from databeheer.values import Direction, Granularity

Limit = tuple[ReasonCode, Pairs]
"""What the data must lie in, and why nothing is given outside it."""


@dataclass(slots=True, eq=False)
class Ground:
    """One fact under one row: `claim` is the data it speaks of, `homes` the occupancies it reaches.

    `limits` narrow that down, in order. `finest` is the finest granularity it gives, None where granularity has
    no meaning. `problem` is why it gives nothing at all; `outside_claim` and `outside_homes` are why it gives
    nothing elsewhere. `suits` says that it is about the asked purpose and category: only then is it a good
    explanation. `citation` is the article that carries it. `untold` are those of the homes whose occupant was given no
    notice: should stays overlap, a limit in time alone would open them. `is_chosen`: the claim is as long as somebody
    asked for, no fact of living there or of a contract; so where it ends, it cuts no slot in two.
    """

    row: Row
    fact_id: str
    claim: Pairs
    homes: tuple[Occupancy, ...]
    limits: tuple[Limit, ...]
    outside_claim: ReasonCode
    outside_homes: ReasonCode
    finest: Granularity | None
    problem: ReasonCode | None
    suits: bool
    citation: Citation
    untold: frozenset[str] = field(default=frozenset())
    is_chosen: bool = False

    def reach(self, home: Occupancy) -> Pairs:
        """All that it opens in one of its homes, asked for or not."""
        period = home.period
        if period.start >= period.stop or home.id in self.untold:
            return ()
        pairs = meet(self.claim, ((period.start, period.stop),))
        for _, allowed in self.limits:
            pairs = meet(pairs, allowed)
        return pairs

    def left_out(self, home: Occupancy, reach: Pairs) -> Pairs:
        """What living there and contracts leave of a home, and this ground does not reach."""
        period = home.period
        whole: Pairs = ((period.start, period.stop),)
        if reach == whole:
            return ()
        if not self.is_chosen:
            whole = meet(self.claim, whole)
        for reason, allowed in self.limits:
            if reason not in _CUTS_NO_SLOT:
                whole = meet(whole, allowed)
        return minus(whole, reach)


_CUTS_NO_SLOT = frozenset({ReasonCode.SECOND_SIGNATURE_MISSING, ReasonCode.DOUBT_GAP, ReasonCode.OBJECTED})
"""Limits that come of what somebody did or left undone: a slot that one of them cuts is not given at all."""


@dataclass(slots=True, eq=False)
class Case:
    """One wish with everything that it is decided by."""

    wish: Wish
    facts: Facts
    now: datetime
    catalogue: Catalogue
    asked: Pairs
    is_of_readings: bool


READINGS = str(Category.READINGS)


def case_of(wish: Wish, facts: Facts, now: datetime, catalogue: Catalogue) -> Case:
    period = wish.period
    return Case(wish, facts, now, catalogue, ((period.start, period.end),), wish.category == READINGS)


def party_problem(case: Case, row: Row) -> ReasonCode | None:
    """What is not in order with the party itself, whatever point it asks of."""
    party = case.facts.party
    if party is None or case.wish.person_id is not None:
        return None
    now = case.now
    # A party that no longer meets the conditions loses access on all its points at once (R13).
    for suspension in party.suspensions:
        if now in suspension:
            return ReasonCode.PARTY_SUSPENDED
    for holds, reason in party_checks(row.requires):
        if not holds(party, case.facts, now, case.catalogue):
            return reason
    return None


def measure_problem(case: Case, directions: frozenset[Direction], finest: Granularity) -> ReasonCode | None:
    if not case.is_of_readings:
        return None
    if not case.wish.directions <= directions:
        return ReasonCode.DIRECTION_NOT_GRANTED
    return ReasonCode.GRANULARITY_TOO_FINE if case.wish.granularity.rank < finest.rank else None


def stop_problem(case: Case) -> ReasonCode | None:
    stopped = case.facts.stopped_since
    return ReasonCode.STOPPED if stopped is not None and stopped <= case.now else None


def restore_problem(case: Case) -> ReasonCode | None:
    """What a backup brought back may have ended since: a consent, a contract, a task, a representative's office."""
    return ReasonCode.UNRECONCILED if case.facts.unreconciled_since is not None else None


def is_dead(case: Case, person_id: str | None) -> bool:
    return any(death.person_id == person_id and death.at <= case.now for death in case.facts.deaths)


def untold(case: Case, row: Row, homes: tuple[Occupancy, ...]) -> frozenset[str]:
    """The homes of occupants who were not told beforehand (R7); in a vacancy there is nobody to tell."""
    if Requirement.NOTICE not in row.requires:
        return frozenset()
    told = {
        notice.occupancy_id
        for notice in case.facts.notices
        if notice.party_id == case.wish.party_id
        and notice.given_at <= case.now
        and not notice.purposes.isdisjoint(row.purposes)
    }
    return frozenset(home.id for home in homes if home.person_id is not None and home.id not in told)


def notice_limit(row: Row, homes: tuple[Occupancy, ...], silent: frozenset[str]) -> tuple[Limit, ...]:
    """When the occupants of these homes were told, for the reason of what is refused."""
    if Requirement.NOTICE not in row.requires:
        return ()
    allowed = (home.period for home in homes if home.id not in silent)
    return ((ReasonCode.NO_NOTICE, merged((period.start, period.stop) for period in allowed)),)


def objection_limit(case: Case, row: Row) -> tuple[Limit, ...]:
    """What the people who lived there left open on this basis: all, but for those whose objection was accepted."""
    objected = [
        one.period for one in case.facts.objections if one.basis == row.code and one.since <= case.now
    ]
    return ((ReasonCode.OBJECTED, minus(ALL_TIME, pairs_of(*objected))),) if objected else ()


def begins_in(period: Interval, home: Occupancy) -> bool:
    """Whether something began in this stay: a contract is one with whoever lived there then."""
    return period.start in home.period


def coarser(one: Granularity, other: Granularity) -> Granularity:
    return other if one.rank < other.rank else one


def validity_problem(valid: Interval, now: datetime) -> ReasonCode | None:
    if now < valid.start:
        return ReasonCode.NOT_YET_VALID
    return ReasonCode.EXPIRED if valid.stop <= now else None
