"""Which of many permissions are alike: where the same facts hold but for names, one decision holds for all.

A permission is plain where every fact that its decision looks at says yes with room to spare: given by the grid user
alone, who lives there during all of the asked day and now, alive, without a case of doubt; in force; of data from well
before to well after; at a point with one meter. Plain permissions of one party that have one kind (purpose, data,
grid operator, channels) differ in their names only. Whatever is not plain is decided by itself, as ever.

No decision is taken here: `decide()` decides on one of each kind, and what it says is said of the others only where it
gives all that was asked, by that permission, of that stay. Times count as well before or after in whole Brussels days,
so no slot that a fact cuts in two is plain.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple
from uuid import UUID

from databeheer.access.bases import Catalogue, Requirement
from databeheer.brussels import day_bounds, day_of
from databeheer.door.keys.write_keys import DIRECTIONS, UNITS
from databeheer.door.portfolio.crowd import array_of
from databeheer.door.reads.request import Decided
from databeheer.door.turn import Turn
from databeheer.permissions.timing import STATE_AT
from databeheer.storage.engine import driver
from databeheer.values import Granularity, Period, Role

_NEEDED = {Requirement.OCCUPANCY, Requirement.GRID_USER_CONSENT}
_LOOKS_FURTHER = {Requirement.HISTORY, Requirement.WRITTEN_MANDATE}


class Plain(NamedTuple):
    """One plain permission: its place in the request, and its names. UUIDs are 16 bytes where not text.

    `stay` is the occupancy as text. `kind` is equal for those that are alike; `channels` has a bit for each of
    them, as `write_keys.channel_bits` has.
    """

    place: int
    permission: str
    stay: str
    occupancy: bytes
    root: bytes
    person: bytes
    meter: bytes
    number_sealed: bytes
    operator: int
    commodity: str
    channels: int
    kind: str


def is_asked_plainly(period: Period, granularity: Granularity) -> bool:
    """Whether the quarter-hours of one whole Brussels day are asked for: what is opened for many at once."""
    return granularity is Granularity.QUARTER_HOUR and day_bounds(day_of(period.start)) == (
        period.start,
        period.end,
    )


def is_plain_role(catalogue: Catalogue, role: Role) -> bool:
    """Whether consents of this role look at nothing but what `plain` looks at, and not at the class of readings."""
    rows = catalogue.plan(role).by_consent
    return bool(rows) and all(
        row.requires >= _NEEDED
        and row.requires.isdisjoint(_LOOKS_FURTHER)
        and not (row.is_limited or row.is_for_bills)
        for row in rows
    )


def plain(turn: Turn, party_id: UUID, permissions: Sequence[UUID], period: Period) -> list[Plain]:
    """Return those of a party's permissions that are plain for a day; of two of one stay neither."""
    asked = {
        "ids": array_of(one.hex for one in permissions),
        "party": party_id,
        "now": turn.now,
        "start": period.start,
        "end": period.end,
        "day": day_of(period.start),
        "today": day_of(turn.now),
    }
    with driver(turn.connection).cursor(binary=True) as cursor:
        found = [Plain._make(row) for row in cursor.execute(_PLAIN, asked)]
    stays = Counter(one.occupancy for one in found)  # one of two meters is there twice too
    return [one for one in found if stays[one.occupancy] == 1 and 0 < one.channels < _UNKNOWN]


@dataclass(frozen=True)
class AlikeChannel:
    """A channel of one kind of points: how its handle is derived, and how its JSON begins, up to the meter's number."""

    coordinates: bytes
    head: bytes


@dataclass(frozen=True, eq=False)
class Kind:
    """Plain permissions that are alike. The first was decided, and `read` is what came of it."""

    read: Decided
    members: Sequence[Plain]

    @cached_property
    def states(self) -> frozenset[str]:
        """The validation states whose values may leave."""
        return self.read.leaving[0].states

    @cached_property
    def channels(self) -> tuple[AlikeChannel, ...]:
        """Those of the directions that were asked, in the order of an answer."""
        first, asked = self.members[0], {one.value for one in self.read.directions}
        return tuple(
            AlikeChannel(_part(direction) + _part(unit), _head(direction, unit, first.commodity))
            for direction, unit in _channels(first.channels)
            if direction in asked
        )


def _channels(bits: int) -> list[tuple[str, str]]:
    """Direction and unit of each channel, in the order in which they are handed over."""
    names = [(direction.value, unit.value) for direction in DIRECTIONS for unit in UNITS]
    given = sorted(name for number, name in enumerate(names) if bits >> number & 1)
    return sorted(given, key=lambda name: name[0], reverse=True)


def _part(value: str) -> bytes:
    """A part of what `seals.derive` derives from."""
    spelled = value.encode()
    return len(spelled).to_bytes(4, "big") + spelled


def _head(direction: str, unit: str, commodity: str) -> bytes:
    members = {"direction": direction, "unit": unit, "commodity": commodity}
    return json.dumps(members, separators=(",", ":")).encode()[:-1] + b',"meter":'


def holds_for_all(read: Decided, first: Plain) -> bool:
    """Whether a decision gives all that was asked, by the permission alone, of its own stay alone."""
    if read.decision.refused or len(read.leaving) != 1 or read.point is None:
        return False
    [granted] = read.leaving
    return (
        granted.interval == read.request.period
        and granted.fact_id == first.permission
        and granted.occupancy_id == first.stay
    )


_UNKNOWN = 1 << len(DIRECTIONS) * len(UNITS)
_STATE = STATE_AT.replace(":now", "%(now)s")
# Names of columns and states alone; what a caller gives are parameters. `OFFSET 0`: one look at the index for each,
# where the planner would go through all permissions for these; and what a look finds is reckoned once.
_PLAIN = (
    "SELECT CAST(w.n - 1 AS int4), CAST(p.permission_id AS text), CAST(o.occupancy_id AS text),"  # noqa: S608  parts of our own
    " uuid_send(o.occupancy_id), uuid_send(o.root_id), uuid_send(o.person_id), uuid_send(m.meter_id), m.number_sealed,"
    " a.operator, a.commodity, ch.bits, concat_ws('|', a.operator, a.commodity, ch.bits, p.purpose, p.category,"
    " p.directions, p.granularity, p.state_now) FROM unnest(CAST(%(ids)s AS uuid[])) WITH ORDINALITY AS w (id, n)"
    f" CROSS JOIN LATERAL (SELECT p.*, {_STATE} AS state_now FROM permissions.permission p"
    "  WHERE p.permission_id = w.id OFFSET 0) p"
    " JOIN registry.occupancy o ON o.occupancy_id = p.occupancy_id"
    " JOIN registry.access_point a ON a.access_point_id = o.access_point_id"
    " JOIN registry.meter m ON m.access_point_id = o.access_point_id AND m.place IN ('meter', 'headpoint')"
    " CROSS JOIN LATERAL (SELECT coalesce((SELECT bit_or(1 << coalesce((c.direction = 'injection')::int * 5"
    "  + array_position(ARRAY['kWh', 'm3', 'kVArh', 'kVArh-inductive', 'kVArh-capacitive'], c.unit) - 1, 10))"
    "  FROM registry.channel c WHERE c.meter_id = m.meter_id), 0) AS bits OFFSET 0) ch"
    " WHERE p.party_id = %(party)s AND p.person_id = o.person_id AND NOT p.more_signers"
    " AND p.state_now IN ('active', 'to_be_renewed') AND p.granularity <> 'month'"
    " AND coalesce(p.decided_at, p.requested_at) <= %(now)s"
    " AND coalesce(p.ends_at, p.valid_until, 'infinity') > %(now)s"
    " AND p.data_from <= %(start)s AND coalesce(p.data_until, 'infinity') >= %(end)s"
    " AND o.from_day <= %(day)s AND o.from_day <= %(today)s"
    " AND coalesce(o.until_day, 'infinity') > greatest(CAST(%(day)s AS date), CAST(%(today)s AS date))"
    " AND NOT EXISTS (SELECT FROM permissions.mandate d WHERE d.permission_id = p.permission_id)"
    " AND NOT EXISTS (SELECT FROM registry.person_concerned c WHERE c.occupancy_id = o.occupancy_id)"
    " AND NOT EXISTS (SELECT FROM identity.death d WHERE d.person_id = o.person_id AND d.refuted_at IS NULL)"
    " AND NOT EXISTS (SELECT FROM doubt.doubt_case d WHERE d.access_point_id = o.access_point_id"
    "  AND d.party_id = p.party_id) ORDER BY w.n"
)
