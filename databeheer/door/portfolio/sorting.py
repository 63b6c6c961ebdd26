"""Which reads of a request in bulk are alike and decided once, and which are decided one by one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from sqlalchemy import text

from databeheer.door.house import House
from databeheer.door.portfolio.alike import (
    Kind,
    Plain,
    holds_for_all,
    is_asked_plainly,
    is_plain_role,
    plain,
)
from databeheer.door.proofs import Asker
from databeheer.door.reads.admitting import Decider, Sought
from databeheer.door.reads.bulk_statements import stays_of
from databeheer.door.reads.request import Decided, Wanted
from databeheer.door.turn import Turn
from databeheer.values import Role

_FEWEST = 2
"""So many of one kind, at least, are decided together."""


@dataclass
class Sorted:
    """What was decided of each: `reads` by their places, one by one; the others in `kinds`, with their ledger keys."""

    reads: dict[int, Decided] = field(default_factory=dict)
    kinds: list[Kind] = field(default_factory=list)
    keys: Mapping[bytes, bytes] = field(default_factory=dict)


def sort_out(house: House, turn: Turn, asker: Asker, requests: Wanted) -> Sorted:
    """Decide on all requests of one party, which are of one window; those that are alike by one decision."""
    groups, keys = _groups(house, turn, asker, requests)
    found = Sorted(keys=keys)
    firsts = {group[0].place: group for group in groups}
    apart = set(range(len(requests))) - {one.place for group in groups for one in group}
    decided = _decided(house, turn, asker, requests, apart | firsts.keys())
    found.reads = {place: read for place, read in decided.items() if place in apart}
    stays, late = stays_of(found.reads.values()), list[int]()
    for place, group in firsts.items():
        if not holds_for_all(decided[place], group[0]):
            late += [one.place for one in group]
            continue
        # Of a stay that is told something else as well, all stands in one half.
        members = [group[0], *(one for one in group[1:] if one.occupancy not in stays)]
        late += [one.place for one in group[1:] if one.occupancy in stays]
        found.kinds.append(Kind(decided[place], members))
    if any(kind.members[0].occupancy in stays for kind in found.kinds):
        return Sorted(_decided(house, turn, asker, requests, range(len(requests))))
    found.reads |= _decided(house, turn, asker, requests, late)
    found.reads = dict(sorted(found.reads.items()))
    return found


def _groups(
    house: House, turn: Turn, asker: Asker, requests: Wanted
) -> tuple[list[list[Plain]], Mapping[bytes, bytes]]:
    """Return the groups that may be alike, and the ledger key of each stay in them."""
    asked, common = requests.permissions, requests.common
    if (
        asker.party_id is None
        or asked is None
        or len(asked) < _FEWEST
        or common.since is not None
        or not is_asked_plainly(common.period, common.granularity)
        or not is_plain_role(house.catalogue, _role_of(turn, asker))
    ):
        return [], {}
    found = plain(turn, asker.party_id, asked, common.period)
    keys = house.keys_of_subjects([one.occupancy for one in found])
    groups: dict[str, list[Plain]] = defaultdict(list)
    for one in found:
        if one.occupancy in keys:  # else nothing can be told there: it was erased, or is lost
            groups[one.kind].append(one)
    return [group for group in groups.values() if len(group) >= _FEWEST], keys


def _decided(
    house: House, turn: Turn, asker: Asker, requests: Wanted, places: Collection[int]
) -> dict[int, Decided]:
    if not places:
        return {}
    asked = {place: requests.one(place) for place in sorted(places)}
    decide_one = Decider(house, turn, Sought.now(turn, list(asked.values())), [asker])
    return {place: decide_one(request, asker) for place, request in asked.items()}


def _role_of(turn: Turn, asker: Asker) -> Role:
    return Role(turn.connection.execute(_ROLE, {"party": asker.party_id}).scalar_one())


_ROLE = text("SELECT role FROM registry.party WHERE party_id = :party")
