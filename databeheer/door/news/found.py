"""Which days of which permissions were stored since: seen from the rows there are; nothing is opened for it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from databeheer.door.house import House
from databeheer.door.keys import seals
from databeheer.storage.look import look, uuids
from databeheer.values import Granularity

PAGE = 1000
_DAY = timedelta(days=1)
_FIRST = UUID(int=0)


@dataclass(frozen=True)
class Came:
    """Of one permission: how fine it goes, on which Brussels days something came, which of them were there before."""

    permission_id: UUID
    granularity: Granularity
    days: frozenset[date]
    corrected: frozenset[date]


@dataclass(frozen=True)
class Found:
    """A page of a party's permissions: of which something came, and the last one looked at; None: no more."""

    came: Sequence[Came]
    after: UUID | None


def since(
    house: House, connection: Connection, party_id: UUID, after: UUID | None, first: int, until: int
) -> Found:
    """Find what was stored by entries from `first` on, before `until`, of a party's live permissions after one."""
    asked = {"party": party_id, "after": after or _FIRST, "limit": PAGE, "first": first, "until": until}
    days = look(connection, _DAYS, asked)[0]
    if days.first_day is None:
        return Found([], None)
    page = look(connection, _PERMISSIONS, asked)
    handles = _handles(house, connection, page)
    rows = look(
        connection,
        _ROWS,
        asked
        | {"first_day": days.first_day, "last_day": days.last_day}
        | {"pseudonyms": [name for name, _ in handles], "channels": [handle for _, handle in handles]},
    )
    came: dict[UUID, set[date]] = defaultdict(set)
    corrected: dict[UUID, set[date]] = defaultdict(set)
    for row in rows:
        for permission_id in handles.get((bytes(row.pseudonym), bytes(row.channel)), ()):
            came[permission_id].add(row.day)
            if row.is_correction:
                corrected[permission_id].add(row.day)
    found = [
        Came(
            row.permission_id,
            Granularity(row.granularity),
            frozenset(came[row.permission_id]),
            frozenset(corrected[row.permission_id]),
        )
        for row in page
        if row.permission_id in came
    ]
    return Found(found, page[-1].permission_id if len(page) == PAGE else None)


def _handles(
    house: House, connection: Connection, page: Sequence[Any]
) -> dict[tuple[bytes, bytes], list[UUID]]:
    """By pseudonym and handle of a channel the permissions that are about it; of an erased stay there is none."""
    roots = house.roots_held([row.root_id.bytes for row in page])
    channels: dict[UUID, list[Any]] = defaultdict(list)
    for row in look(connection, _CHANNELS, {"points": uuids({row.access_point_id for row in page})}):
        channels[row.access_point_id].append(row)
    found: dict[tuple[bytes, bytes], list[UUID]] = defaultdict(list)
    for row in page:
        root = roots.get(row.root_id.bytes)
        if root is None:
            continue
        pseudonym = seals.pseudonym(root)
        for one in channels[row.access_point_id]:
            if one.direction in row.directions:
                handle = seals.channel_handle(root, one.meter_id, one.direction, one.unit)
                found[pseudonym, handle].append(row.permission_id)
    return found


_DAYS = (
    "SELECT min(first_day) AS first_day, max(last_day) AS last_day FROM metering.batch"
    " WHERE stored_index >= %(first)s AND stored_index < %(until)s"
)
_PERMISSIONS = (
    "SELECT p.permission_id, p.granularity, p.directions, o.root_id, o.access_point_id"
    " FROM permissions.permission p JOIN registry.occupancy o USING (occupancy_id)"
    " WHERE p.party_id = %(party)s AND p.state IN ('active', 'to_be_renewed') AND p.permission_id > %(after)s"
    " ORDER BY p.permission_id LIMIT %(limit)s"
)
_CHANNELS = (
    "SELECT m.access_point_id, c.meter_id, c.direction, c.unit FROM registry.channel c"
    " JOIN registry.meter m USING (meter_id) WHERE m.access_point_id = ANY(%(points)s)"
)
_ROWS = (
    "SELECT p.pseudonym, p.channel, p.day, bool_or(EXISTS (SELECT FROM metering.profile e"
    "  JOIN metering.batch eb ON eb.batch = e.batch WHERE e.pseudonym = p.pseudonym AND e.channel = p.channel"
    "  AND e.day = p.day AND e.version < p.version AND eb.stored_index < %(first)s)) AS is_correction"
    " FROM metering.profile p JOIN metering.batch b ON b.batch = p.batch"
    " WHERE p.pseudonym = ANY(%(pseudonyms)s) AND p.channel = ANY(%(channels)s)"
    " AND p.day BETWEEN %(first_day)s AND %(last_day)s"
    " AND b.stored_index >= %(first)s AND b.stored_index < %(until)s GROUP BY p.pseudonym, p.channel, p.day"
)
