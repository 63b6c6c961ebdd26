"""Who has standing by law on one stay: what its occupant may be shown beforehand (R40).

Whether a party has its papers in order, and whether it has given notice, changes from day to day; that the law names it
does not. What rests on a task hangs on a record of necessity, and of that the customer learns when it is used.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from databeheer.access.bases import BasisKind, Carrier, Catalogue, Row
from databeheer.access.by_law import statutory
from databeheer.access.decision import Wish
from databeheer.access.facts import Facts, Occupancy
from databeheer.access.ground import case_of, objection_limit
from databeheer.access.intervals import FOREVER, Interval, meet, merged, pairs_of
from databeheer.access.judged import about
from databeheer.values import Direction, Period, Role


def roles_with_standing(catalogue: Catalogue) -> frozenset[Role]:
    """The roles that can have standing on an access point by law alone."""
    return frozenset(row.actor_role for row in catalogue.rows if _is_shown(row))


def standing_by_law(
    facts: Facts, home: Occupancy, now: datetime, catalogue: Catalogue
) -> Iterator[tuple[Row, Interval]]:
    """Yield each legal basis of the party of `facts` for data of one occupancy, with the stretches it speaks of.

    What an accepted objection stopped is none of them.
    """
    party = facts.party
    if party is None:
        return
    known = replace(about(facts, home), necessities=())
    for row in catalogue.plan(party.role).statutory:
        if not _is_shown(row):
            continue
        wish = Wish(
            asker_role=party.role,
            party_id=party.id,
            person_id=None,
            purpose=min(row.purposes),
            category=min(row.categories),
            directions=frozenset(Direction),
            granularity=row.ceiling_without_necessity or row.ceiling,
            period=Period(now - now.resolution, now),  # a standing holds whatever is asked
        )
        case = case_of(wish, known, now, catalogue)
        claims = merged(pair for ground in statutory(case, row) for pair in ground.claim)
        for _, left_open in objection_limit(case, row):
            claims = meet(claims, left_open)
        for start, stop in meet(claims, pairs_of(home.period)):
            yield row, Interval(start, None if stop == FOREVER else stop)


def _is_shown(row: Row) -> bool:
    return row.basis is BasisKind.LAW and row.carrier is not Carrier.TASK
