"""The decision: which stretches of the asked period this asker may have, on which ground; which not, why.

A pure function over values. Its caller looks up the facts and the time of day under the ledger's lock, and
records the decision before acting on it.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from databeheer.access.bases import Catalogue
from databeheer.access.decision import Decision, Granted, Refused, Wish
from databeheer.access.facts import Facts, Occupancy
from databeheer.access.grounds import Ground, grounds
from databeheer.access.intervals import NOTHING, IntervalSet
from databeheer.access.reasons import ReasonCode
from databeheer.access.slots import cut_slots

__all__ = ["Decision", "Granted", "ReasonCode", "Refused", "Wish", "decide"]


def decide(wish: Wish, facts: Facts, now: datetime, catalogue: Catalogue) -> Decision:
    """Decide one wish on one access point at `now` (aware UTC).

    Total and deterministic: every instant of `wish.period` lies in exactly one granted or refused interval,
    and the order in which facts come does not matter. Where several grounds would do, one is recorded (R1):
    the earlier row of the catalogue, then the one that covers most of the wish, then the lower id.

    An outsider is told no_legal_basis for the whole period, whatever exists there (R98). Who has a fact of
    his own on the point hears what stands in its way (R46).
    """
    standing = grounds(wish, facts, now, catalogue)
    open_, granted = IntervalSet.of(wish.period), list[Granted]()
    for ground in _in_order_of_choice(standing, wish, catalogue):
        for occupancy in _in_order_of_time(ground.home):
            piece = _gives(ground, occupancy, wish, now) & open_
            open_ = open_ - piece
            granted.extend(_granted(ground, occupancy, piece, catalogue))
    refused = _explained(open_, standing, wish)
    return Decision(
        granted=tuple(sorted(granted, key=lambda part: part.interval.start)),
        refused=tuple(sorted(refused, key=lambda part: part.interval.start)),
        catalogue_version=catalogue.version,
    )


def _gives(ground: Ground, occupancy: Occupancy, wish: Wish, now: datetime) -> IntervalSet:
    """The instants of the wish that this ground opens in one occupancy."""
    reach = IntervalSet.of(ground.claim).clip(occupancy.period)
    wanted = reach.clip(wish.period)
    if not wanted or ground.finest is None:
        return wanted
    return wanted - cut_slots(ground.finest, reach, wish.period, now)


def _in_order_of_choice(standing: list[Ground], wish: Wish, catalogue: Catalogue) -> list[Ground]:
    def rank(ground: Ground) -> tuple[int, float, str]:
        covered = IntervalSet.of(ground.claim).clip(wish.period).duration()
        return catalogue.rows.index(ground.row), -covered.total_seconds(), ground.fact_id

    able = [ground for ground in standing if ground.problem is None]
    return sorted(able, key=rank) if len(able) > 1 else able


def _in_order_of_time(home: tuple[Occupancy, ...]) -> list[Occupancy]:
    return sorted(home, key=lambda occupancy: (occupancy.period.start, occupancy.id))


def _granted(ground: Ground, home: Occupancy, piece: IntervalSet, catalogue: Catalogue) -> Iterator[Granted]:
    row = ground.row
    for period in piece.periods():
        yield Granted(period, row.code, row.citation, ground.fact_id, home.id, row.states, catalogue.version)


# --- why not ----------------------------------------------------------------------------------------------

_NEAREST_FIRST = (
    # Of several explanations the one that came nearest to a grant is given: it names what to put right.
    ReasonCode.STOPPED,
    ReasonCode.SLOT_NOT_WHOLE,
    ReasonCode.GRANULARITY_TOO_FINE,
    ReasonCode.DIRECTION_NOT_GRANTED,
    ReasonCode.CATEGORY_NOT_GRANTED,
    ReasonCode.PURPOSE_NOT_ALLOWED,
    ReasonCode.NO_DATA_ACCESS_CONTRACT,
    ReasonCode.PARTY_SUSPENDED,
    ReasonCode.BLOCKED,
    ReasonCode.NOT_OCCUPANT,
    ReasonCode.OUTSIDE_DATA_PERIOD,
    ReasonCode.NO_CONTRACT,
    ReasonCode.NOT_YET_VALID,
    ReasonCode.REQUESTED,
    ReasonCode.EXPIRED,
    ReasonCode.FULFILLED,
    ReasonCode.WITHDRAWN,
    ReasonCode.TERMINATED,
    ReasonCode.INVALIDATED_BY_MOVE,
    ReasonCode.REJECTED,
    ReasonCode.NO_LEGAL_BASIS,
)


def _explained(refused: IntervalSet, standing: list[Ground], wish: Wish) -> Iterator[Refused]:
    """Give every refused instant one reason; touching stretches with the same reason become one."""
    if not refused:
        return
    found: dict[ReasonCode, IntervalSet] = {}
    objections = [objection for ground in standing for objection in _objections(ground, wish)]
    for _, reason, instants in sorted(objections, key=lambda objection: objection[0]):
        piece = instants & refused
        refused = refused - piece
        found[reason] = found.get(reason, NOTHING) | piece
    found[ReasonCode.NO_LEGAL_BASIS] = found.get(ReasonCode.NO_LEGAL_BASIS, NOTHING) | refused
    for reason, instants in found.items():
        for period in instants.periods():
            yield Refused(period, reason)


_Objection = tuple[tuple[bool, bool, int], ReasonCode, IntervalSet]


def _objections(ground: Ground, wish: Wish) -> Iterator[_Objection]:
    """Why a ground does not give what it does not give: first where it speaks of the data, then elsewhere."""
    asked = IntervalSet.of(wish.period)
    claimed = asked.clip(ground.claim)
    if ground.problem is not None:
        yield _objection(ground, False, ground.problem, claimed)
        yield _objection(ground, True, ground.problem, asked - claimed)
        return
    at_home = claimed & IntervalSet.of(*(occupancy.period for occupancy in ground.home))
    # What it reaches and yet does not give is a slot cut in two.
    yield _objection(ground, False, ReasonCode.SLOT_NOT_WHOLE, at_home)
    yield _objection(ground, False, ground.outside_home, claimed - at_home)
    yield _objection(ground, True, ground.outside_claim, asked - claimed)


def _objection(ground: Ground, elsewhere: bool, reason: ReasonCode, instants: IntervalSet) -> _Objection:
    return (not ground.suits, elsewhere, _NEAREST_FIRST.index(reason)), reason, instants
