"""The decision: which stretches of the asked period this asker may have, on which ground; which not, why.

A pure function over values. Its caller looks up the facts and the time of day under the ledger's lock, and
records the decision before acting on it.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from databeheer.access.bases import Catalogue
from databeheer.access.decision import Decision, Granted, Refused, Wish
from databeheer.access.facts import Facts, Occupancy
from databeheer.access.ground import Case, case_of
from databeheer.access.grounds import Ground, grounds
from databeheer.access.intervals import Pairs, meet, merged, minus
from databeheer.access.reasons import NEAREST_FIRST, ReasonCode
from databeheer.access.slots import cut_slots, may_sever, severed_slots
from databeheer.values import Period

__all__ = ["Decision", "Granted", "ReasonCode", "Refused", "Wish", "decide"]


def decide(wish: Wish, facts: Facts, now: datetime, catalogue: Catalogue) -> Decision:
    """Decide one wish on one access point at `now` (aware UTC).

    Total and deterministic: every instant of `wish.period` lies in exactly one granted or refused interval,
    and the order in which facts come does not matter. Where several grounds would do, one is recorded (R1):
    the earlier row of the catalogue, then the one that covers most of the wish, then the lower id.

    An outsider is told no_legal_basis for the whole period, whatever exists there (R98). Who has a fact of
    his own on the point hears what stands in its way (R46). Who asks in a role that gets nothing is told so,
    whatever the facts.
    """
    refusal = catalogue.plan(wish.asker_role).excluded
    if refusal is not None:
        excluded = Refused(wish.period, ReasonCode.ROLE_GETS_NOTHING, refusal.code)
        return Decision((), (excluded,), catalogue.version)
    case = case_of(wish, facts, now, catalogue)
    standing = grounds(case)
    open_ = case.asked
    granted: list[Granted] = []
    able = [ground for ground in standing if ground.problem is None]
    for ground in able if len(able) < 2 else _in_order_of_choice(able, wish, catalogue):
        homes = ground.homes if len(ground.homes) < 2 else sorted(ground.homes, key=_begin)
        for home in homes:
            piece = meet(_gives(ground, home, case), open_)
            if piece:
                open_ = minus(open_, piece)
                granted.extend(_granted(ground, home, piece, wish.period, catalogue))
    if len(granted) > 1:
        granted.sort(key=lambda part: part.interval.start)
    refused = _refused(open_, standing, wish) if open_ else ()
    return Decision(tuple(granted), refused, catalogue.version)


def _gives(ground: Ground, home: Occupancy, case: Case) -> Pairs:
    """The instants of the wish that this ground opens in one occupancy."""
    reach = ground.reach(home)
    wanted = meet(case.asked, reach)
    if not wanted or ground.finest is None:
        return wanted
    cut = cut_slots(ground.finest, reach, case.wish.period, case.now)
    wanted = minus(wanted, cut) if cut else wanted
    if may_sever(ground.finest, reach):
        wanted = minus(wanted, severed_slots(ground.finest, reach, ground.left_out(home, reach)))
    return wanted


def _in_order_of_choice(able: list[Ground], wish: Wish, catalogue: Catalogue) -> list[Ground]:
    def rank(ground: Ground) -> tuple[int, float, str, list[str], Pairs]:
        covered = meet(ground.claim, ((wish.period.start, wish.period.end),))
        seconds = sum((stop - start for start, stop in covered), timedelta()).total_seconds()
        homes = sorted(home.id for home in ground.homes)  # one fact may reach several, each as a ground
        return catalogue.rows.index(ground.row), -seconds, ground.fact_id, homes, ground.claim

    return sorted(able, key=rank)


def _begin(occupancy: Occupancy) -> tuple[datetime, str]:
    return occupancy.period.start, occupancy.id


def _granted(
    ground: Ground, home: Occupancy, piece: Pairs, asked: Period, catalogue: Catalogue
) -> Iterator[Granted]:
    row = ground.row
    for start, stop in piece:
        period = asked if start is asked.start and stop is asked.end else Period(start, stop)
        yield Granted(
            period, row.code, ground.citation, ground.fact_id, home.id, row.states, catalogue.version
        )


# --- why not ----------------------------------------------------------------------------------------------


def _refused(refused: Pairs, standing: list[Ground], wish: Wish) -> tuple[Refused, ...]:
    """Give every refused instant one reason; touching stretches with the same reason become one."""
    asked = wish.period
    if not standing:
        return (Refused(asked, ReasonCode.NO_LEGAL_BASIS),)
    if len(standing) == 1 and (problem := standing[0].problem) is not None:
        return (Refused(asked, problem),)
    found: dict[ReasonCode, Pairs] = {}
    objections = [objection for ground in standing for objection in _objections(ground, wish)]
    objections.sort(key=lambda objection: objection[0])
    for _, reason, instants in objections:
        piece = meet(instants, refused)
        if piece:
            refused = minus(refused, piece)
            found[reason] = merged((*found.get(reason, ()), *piece))
    if refused:
        found[ReasonCode.NO_LEGAL_BASIS] = merged((*found.get(ReasonCode.NO_LEGAL_BASIS, ()), *refused))
    parts = [(start, stop, reason) for reason, pairs in found.items() for start, stop in pairs]
    if len(parts) == 1 and parts[0][:2] == (asked.start, asked.end):
        return (Refused(asked, parts[0][2]),)
    return tuple(Refused(Period(start, stop), reason) for start, stop, reason in sorted(parts))


_Objection = tuple[tuple[bool, bool, int], ReasonCode, Pairs]


def _objections(ground: Ground, wish: Wish) -> Iterator[_Objection]:
    """Why a ground does not give what it does not give: first where it speaks of the data, then elsewhere."""
    asked: Pairs = ((wish.period.start, wish.period.end),)
    claimed = meet(asked, ground.claim)
    elsewhere = minus(asked, claimed)
    if ground.problem is not None:
        yield _objection(ground, False, ground.problem, claimed)
        yield _objection(ground, True, ground.problem, elsewhere)
        return
    yield _objection(ground, True, ground.outside_claim, elsewhere)
    left = claimed
    at_home = merged((home.period.start, home.period.stop) for home in ground.homes)
    for reason, allowed in ((ground.outside_homes, at_home), *ground.limits):
        kept = meet(left, allowed)
        yield _objection(ground, False, reason, minus(left, kept))
        left = kept
    # What it reaches and yet does not give is a slot cut in two.
    yield _objection(ground, False, ReasonCode.SLOT_NOT_WHOLE, left)


def _objection(ground: Ground, elsewhere: bool, reason: ReasonCode, instants: Pairs) -> _Objection:
    return (not ground.suits, elsewhere, NEAREST_FIRST[reason]), reason, instants
