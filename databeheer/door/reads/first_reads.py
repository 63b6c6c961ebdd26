"""Tell people when a party reads their data for the first time, under a permission or by law (R8).

Each read asks whether it is the first, so the answer is remembered: a door looks once per party, ground and home.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from uuid import UUID

from databeheer.access.facts import Occupancy
from databeheer.door.house import House
from databeheer.door.portfolio.alike import Kind
from databeheer.door.post.telling import Telling, compose, write
from databeheer.door.proofs import AskerKind
from databeheer.door.reads.request import Decided
from databeheer.door.reads.told_reads import First
from databeheer.door.turn import Turn
from databeheer.post import outbox

KIND = "data.first_read"


def tell_first_reads(house: House, turn: Turn, decided: Iterable[Decided]) -> set[First]:
    """Tell of the reads that this turn recorded last; returns what `house.told_reads` keeps after the commit."""
    messages, found = [], set[First]()
    for one in decided:
        for first, occupancy in _firsts(one):
            if first in found or first in house.told_reads:
                continue
            found.add(first)
            wanted = _telling(one, first, occupancy)
            composed = (
                compose(house, turn, wanted, outbox.customer(who)) for who in _people(occupancy, turn)
            )
            messages += [message for message in composed if message is not None]
    write(house, turn, messages)
    return found


def tell_first_of(house: House, turn: Turn, kinds: Iterable[Kind], found: AbstractSet[First]) -> set[First]:
    """The same of reads that are alike: of each the grid user alone is told, for nobody else is concerned there."""
    messages, more = [], set[First]()
    for kind in kinds:
        party_id = kind.read.asker.party_id
        if party_id is None:
            continue
        for one in kind.members:
            first = party_id, one.stay, one.permission
            if first in house.told_reads or first in found:
                continue
            more.add(first)
            wanted = Telling(
                kind=KIND,
                operator=one.operator,
                about=UUID(one.permission),
                said={"party": str(party_id)},
                key="|".join((str(party_id), one.stay, one.permission)),
                occupancy_id=UUID(one.stay),
            )
            messages.append(compose(house, turn, wanted, outbox.customer(UUID(bytes=one.person))))
    write(house, turn, [message for message in messages if message is not None])
    return more


def _firsts(decided: Decided) -> Iterator[tuple[First, Occupancy]]:
    if decided.asker.kind is not AskerKind.PARTY or decided.asker.party_id is None or decided.point is None:
        return
    homes = {one.id: one for one in decided.point.occupancies}
    for granted in decided.leaving:
        under = str(decided.request.permission_id or granted.basis)
        yield (decided.asker.party_id, granted.occupancy_id, under), homes[granted.occupancy_id]


def _telling(decided: Decided, first: First, occupancy: Occupancy) -> Telling:
    operator = decided.point.operator if decided.point is not None else 1
    return Telling(
        kind=KIND,
        operator=operator,
        about=decided.request.permission_id,
        said={"party": str(first[0])},
        key="|".join((str(first[0]), first[1], first[2])),
        occupancy_id=UUID(occupancy.id),
    )


def _people(occupancy: Occupancy, turn: Turn) -> list[UUID]:
    """Whose home it is, and who lives there with that person now."""
    people = [occupancy.person_id] if occupancy.person_id is not None else []
    people += [one.person_id for one in occupancy.concerned if turn.now in one.period]
    return [UUID(person_id) for person_id in people]
