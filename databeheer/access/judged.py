"""A decision with what it was made of, so that each whom it concerns is told of it what is his to know.

A party's past with somebody who lived there before, or its contract with who comes after, is nobody else's: the
reason that the party hears can tell of it, the one that an occupant hears does not (TRDE 5.3.13 §3; R29, R98).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from databeheer.access.bases import Catalogue
from databeheer.access.decide import decide
from databeheer.access.decision import Decision, Granted, Refused, Wish
from databeheer.access.facts import Facts, Occupancy
from databeheer.access.ground import begins_in
from databeheer.access.intervals import Interval, Pairs, meet, minus, pairs_of
from databeheer.access.reasons import ReasonCode
from databeheer.values import Period


@dataclass(frozen=True)
class Judged:
    """One wish, decided, with the facts, the moment and the catalogue that it was decided by."""

    wish: Wish
    facts: Facts
    now: datetime
    catalogue: Catalogue
    decision: Decision

    def refused_of(self, home: Occupancy) -> tuple[Refused, ...]:
        """What was refused of one stay, for reasons that come from facts about that stay only."""
        found: list[Refused] = []
        for start, stop in meet(self._asked, pairs_of(home.period)):
            wish = replace(self.wish, period=Period(start, stop))
            found += decide(wish, about(self.facts, home), self.now, self.catalogue).refused
        return tuple(found)

    def outside(self, home: Occupancy) -> tuple[Refused, ...]:
        """What was asked outside one stay, as refused: of that its occupant is not told more."""
        apart = minus(self._asked, pairs_of(home.period))
        return tuple(Refused(Period(start, stop), ReasonCode.NOT_OCCUPANT) for start, stop in apart)

    @property
    def _asked(self) -> Pairs:
        return ((self.wish.period.start, self.wish.period.end),)


def judge(wish: Wish, facts: Facts, now: datetime, catalogue: Catalogue) -> Judged:
    """Decide a wish, and keep what it was decided by."""
    return Judged(wish, facts, now, catalogue, decide(wish, facts, now, catalogue))


def about(facts: Facts, home: Occupancy) -> Facts:
    """The facts that are about one occupancy: contracts and registrations made in it, records that reach into it."""

    def touches(period: Interval) -> bool:
        return period.start < home.period.stop and home.period.start < period.stop

    return replace(
        facts,
        occupancies=(home,),
        permissions=tuple(one for one in facts.permissions if one.occupancy_id == home.id),
        supply_contracts=tuple(one for one in facts.supply_contracts if begins_in(one.period, home)),
        regimes=tuple(one for one in facts.regimes if one.occupancy_id == home.id),
        registrations=tuple(one for one in facts.registrations if begins_in(one.period, home)),
        participations=tuple(one for one in facts.participations if one.occupancy_id == home.id),
        necessities=tuple(one for one in facts.necessities if touches(one.data_period)),
        notices=tuple(one for one in facts.notices if one.occupancy_id == home.id),
        gaps=tuple(one for one in facts.gaps if touches(one.period)),
        objections=tuple(one for one in facts.objections if one.occupancy_id == home.id),
    )


def joined(granted: Iterable[Granted]) -> tuple[Granted, ...]:
    """Make one of touching stretches on one basis: where they meet, somebody moved, and that is not the asker's (R76).

    Of what was joined the first one's fact and occupancy stand.
    """
    found: list[Granted] = []
    for one in sorted(granted, key=lambda part: part.interval.start):
        last = found[-1] if found else None
        if last and last.interval.end == one.interval.start and _is_alike(last, one):
            found[-1] = last._replace(interval=Period(last.interval.start, one.interval.end))
        else:
            found.append(one)
    return tuple(found)


def _is_alike(one: Granted, other: Granted) -> bool:
    return (one.basis, one.citation) == (other.basis, other.citation)
