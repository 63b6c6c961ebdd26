"""Read the facts of many requests at once, under the ledger's lock: one query a kind of fact.

Source: design.md, Access decisions ("Facts of a whole portfolio come in one query; decide() runs in memory").
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from databeheer.access.facts import (
    Capacity,
    Facts,
    Invalidation,
    Occupancy,
    Permission,
    PermissionState,
    PersonConcerned,
    Signer,
    WrittenMandate,
)
from databeheer.access.intervals import Interval
from databeheer.brussels import midnight
from databeheer.door.facts.of_parties import KnownParty, ask_parties, days, parties_of
from databeheer.door.facts.of_points import PointFacts, ask_point_facts
from databeheer.permissions import signers
from databeheer.permissions.timing import state_at
from databeheer.registry.meters import Place
from databeheer.storage.look import Look, Work, uuids
from databeheer.values import Direction, Granularity, Purpose


@dataclass(frozen=True)
class Channel:
    """A channel of an access point: commodity and unit, direction, meter, and what the meter's values hang on."""

    meter_id: UUID
    number_sealed: bytes
    direction: Direction
    unit: str
    place: Place = field(default=Place.METER, compare=False)
    sub_number: int | None = field(default=None, compare=False)
    sub_type: str | None = field(default=None, compare=False)
    sub_vreg_sealed: bytes | None = field(default=None, compare=False)


@dataclass(frozen=True)
class Point:
    """An access point as the door needs it to decide and to open."""

    access_point_id: UUID
    operator: int
    commodity: str
    ean_sealed: bytes
    grid_operator_id: UUID | None
    data_manager_id: UUID | None = None
    municipality: str | None = None
    roots: Mapping[str, UUID] = field(default_factory=dict)
    """Under which name in the key store each occupancy's readings are."""
    occupancies: tuple[Occupancy, ...] = ()
    channels: tuple[Channel, ...] = ()
    """What counts once: of its meters, or where it has none, of the head point itself."""
    profile_type: str | None = None
    parts: tuple[Channel, ...] = ()
    """What tells the same energy again: of the head point beside its meters, and of head points below it."""

    def channels_of(self, *, parts: bool) -> tuple[Channel, ...]:
        """Return the channels that a read is about, with those that tell the same energy again where it wants them."""
        return self.channels + self.parts if parts else self.channels


@dataclass
class FactBook:
    """Everything that was read for one batch of requests."""

    points: dict[UUID, Point] = field(default_factory=dict)
    permissions: dict[UUID, Permission] = field(default_factory=dict)
    permission_points: dict[UUID, UUID | None] = field(default_factory=dict)
    # Whose a permission is: the occupancy that granted it, else the one whose portal shows the request.
    permission_homes: dict[UUID, UUID | None] = field(default_factory=dict)
    parties: dict[UUID, KnownParty] = field(default_factory=dict)
    links: PointFacts = field(default_factory=PointFacts)
    own: dict[tuple[UUID, UUID], list[Permission]] = field(default_factory=lambda: defaultdict(list))
    stopped_since: datetime | None = None
    unreconciled_since: datetime | None = None

    def end_stays(self, days: Mapping[UUID, date]) -> None:
        """Take stays as ended on these days at the latest, though the database does not know it."""
        for point_id, point in self.points.items():
            ended = tuple(_ended(home, days.get(UUID(home.id))) for home in point.occupancies)
            kept = tuple(home for home in ended if home.period.start < home.period.stop)
            self.points[point_id] = replace(point, occupancies=kept)

    def facts(self, point: Point | None, party_id: UUID | None, permission_id: UUID | None) -> Facts:
        """Return the facts that concern one asker and one access point (none where the point does not exist)."""
        known = self.parties.get(party_id) if party_id else None
        party = None if known is None else known.at(point.operator) if point else known.facts
        named = self.permissions.get(permission_id) if permission_id else None
        permissions: tuple[Permission, ...] = (named,) if named else ()
        if point is not None and party_id is not None and named is None:
            permissions = tuple(self.own.get((party_id, point.access_point_id), ()))
        return Facts(
            party=party,
            occupancies=point.occupancies if point else (),
            permissions=permissions,
            authorisations=known.authorisations if known else (),
            grid_operator_id=str(point.grid_operator_id) if point and point.grid_operator_id else None,
            data_manager_id=str(point.data_manager_id) if point and point.data_manager_id else None,
            territory=point.municipality if point else None,
            stopped_since=self.stopped_since,
            unreconciled_since=self.unreconciled_since,
            **(self.links.of(point.access_point_id, party_id) if point else {}),
        )


class FirstLook:
    """What is asked before it is known which access points are meant: permissions, and whether anything may leave."""

    def __init__(self, look: Look, permissions: Collection[UUID]) -> None:
        self.permissions = look.ask(_PERMISSIONS, {"ids": uuids(permissions)}) if permissions else []
        self._standing = look.ask(_STANDING, {})

    @property
    def stopped_since(self) -> datetime | None:
        """Since when the emergency stop stands."""
        since: datetime | None = self._standing[0].stopped_since
        return since

    @property
    def unreconciled_since(self) -> datetime | None:
        """Since when a gap in the ledger's bodies stands (`oversight.gaps`)."""
        since: datetime | None = self._standing[0].unreconciled_since
        return since


def read_facts(
    connection: Connection,
    now: datetime,
    *,
    points: Collection[UUID],
    permissions: Collection[UUID],
    parties: Collection[UUID],
    first: FirstLook | None = None,
) -> FactBook:
    """Read the facts about these access points, permissions and parties, in two looks whatever their number.

    `first` is what was looked up of these permissions already, in the same transaction and under the same lock.
    """
    look = Look(connection)
    return look.do(facts_of(look, now, points=points, permissions=permissions, parties=parties, first=first))


def facts_of(
    look: Look,
    now: datetime,
    *,
    points: Collection[UUID],
    permissions: Collection[UUID],
    parties: Collection[UUID],
    first: FirstLook | None = None,
) -> Work[FactBook]:
    """The same, beside other work; where no permission is named, in one look."""
    if first is None:
        first = FirstLook(look, permissions)
        if permissions:
            yield
    book = FactBook()
    wanted = set(points)
    more: list[UUID] = []
    for row in first.permissions:
        book.permissions[row.permission_id] = permission_of(row, now)
        more += [row.permission_id] if row.more_signers else []
        book.permission_points[row.permission_id] = row.access_point_id
        book.permission_homes[row.permission_id] = row.home
        if row.access_point_id:
            wanted.add(row.access_point_id)
    found_parties = ask_parties(look, parties)
    found_points = _Points(look, wanted)
    links = ask_point_facts(look, wanted, parties)
    # Who names a permission is judged by that one alone: others of the same point matter where the point is named.
    asked = {"points": uuids(points), "parties": uuids(parties)}
    own = look.ask(_OWN_PERMISSIONS, asked) if points and parties else []
    yield
    book.stopped_since, book.unreconciled_since = first.stopped_since, first.unreconciled_since
    book.parties = parties_of(found_parties, now)
    book.points = yield from found_points.read(look)
    book.links = PointFacts(links)
    for row in own:
        book.own[row.party_id, row.access_point_id].append(permission_of(row, now))
        more += [row.permission_id] if row.more_signers else []
    if more:
        _add_signers(look.connection, book, more)
    return book


def _ended(home: Occupancy, day: date | None) -> Occupancy:
    if day is None or midnight(day) >= home.period.stop:
        return home
    return replace(home, period=Interval(home.period.start, max(midnight(day), home.period.start)))


def permission_of(row: Any, now: datetime) -> Permission:
    """Build the domain value of a permission row, in the state that it has now."""
    state, reason = state_at(row, now)
    return Permission(
        id=str(row.permission_id),
        party_id=str(row.party_id),
        occupancy_id=str(row.occupancy_id) if row.occupancy_id else None,
        purpose=Purpose(row.purpose),
        category=row.category,
        directions=frozenset(Direction(direction) for direction in row.directions),
        granularity=Granularity(row.granularity),
        data_period=Interval(row.data_from, row.data_until),
        valid_period=_valid(row),
        state=PermissionState(state),
        signers=_signers(row),
        mandate=WrittenMandate(bytes(row.document_sha256), row.checked_at if row.accepted else None)
        if row.document_sha256 is not None
        else None,
        invalidated_by=Invalidation(reason)
        if state == PermissionState.INVALIDATED
        else Invalidation.MOVED_OUT,
    )


def _signers(row: Any) -> tuple[Signer, ...]:
    """Who gave it, where the grid user gave it alone; `_add_signers` knows the others."""
    if row.occupancy_id is None or row.person_id is None or row.more_signers:
        return ()
    return (Signer(str(row.person_id), Capacity.GRID_USER, row.decided_at),)


def _add_signers(connection: Connection, book: FactBook, permissions: Sequence[UUID]) -> None:
    signed: dict[str, list[Signer]] = defaultdict(list)
    for row in signers.counting(connection, permissions):
        signed[str(row.permission_id)].append(
            Signer(str(row.person_id), Capacity(row.capacity), row.signed_at, str(row.for_person_id))
        )

    def complete(permission: Permission) -> Permission:
        found = signed.get(permission.id)
        return replace(permission, signers=tuple(found)) if found else permission

    for name, permission in book.permissions.items():
        book.permissions[name] = complete(permission)
    for own in book.own.values():
        own[:] = [complete(permission) for permission in own]


def _valid(row: Any) -> Interval:
    start = row.decided_at or row.requested_at
    until = row.ends_at or row.valid_until
    return Interval(start, max(until, start) if until else None)


def standing_facts_of(
    look: Look, now: datetime, *, points: Collection[UUID], parties: Collection[UUID]
) -> Work[FactBook]:
    """Read what standing by law hangs on: no permission, no channel, and nothing that stops what may leave."""
    found_parties = ask_parties(look, parties)
    found_points = _Points(look, points, with_channels=False)
    links = ask_point_facts(look, points, parties)
    yield
    found = yield from found_points.read(look)
    return FactBook(found, parties=parties_of(found_parties, now), links=PointFacts(links))


class _Points:
    """What is asked of access points: themselves, their occupancies, their channels."""

    def __init__(self, look: Look, wanted: Collection[UUID], *, with_channels: bool = True) -> None:
        ids = {"ids": uuids(wanted)}
        self._points, self._homes = (
            look.ask(query, ids) if wanted else [] for query in (_POINTS, _OCCUPANCIES)
        )
        self._channels = look.ask(_CHANNELS, ids) if wanted and with_channels else []

    def read(self, look: Look) -> Work[dict[UUID, Point]]:
        """Return the points; asks who else lives there, where anybody does."""
        occupancies: dict[UUID, list[Occupancy]] = defaultdict(list)
        roots: dict[UUID, dict[str, UUID]] = defaultdict(dict)
        concerned = yield from self._concerned(look)
        for row in self._homes:
            roots[row.access_point_id][str(row.occupancy_id)] = row.root_id
            occupancies[row.access_point_id].append(
                Occupancy(
                    str(row.occupancy_id),
                    str(row.person_id) if row.person_id else None,
                    days(row.from_day, row.until_day),
                    tuple(concerned[row.occupancy_id]),
                )
            )
        channels: dict[UUID, list[Channel]] = defaultdict(list)
        for row in self._channels:
            channels[row.access_point_id].append(
                Channel(
                    row.meter_id,
                    row.number_sealed,
                    Direction(row.direction),
                    row.unit,
                    Place(row.place),
                    row.sub_number,
                    row.sub_type,
                    row.sub_vreg_sealed,
                )
            )
        once = {point_id: _counted_once(found) for point_id, found in channels.items()}
        return {
            row.access_point_id: Point(
                row.access_point_id,
                row.operator,
                row.commodity,
                row.ean_sealed,
                row.grid_operator_id,
                row.data_manager_id,
                row.municipality,
                roots[row.access_point_id],
                tuple(occupancies[row.access_point_id]),
                tuple(once.get(row.access_point_id, ())),
                row.profile_type,
                tuple(one for one in channels[row.access_point_id] if one not in once[row.access_point_id]),
            )
            for row in self._points
        }

    def _concerned(self, look: Look) -> Work[dict[UUID, list[PersonConcerned]]]:
        found: dict[UUID, list[PersonConcerned]] = defaultdict(list)
        if any(row.has_concerned for row in self._homes):
            rows = look.ask(_CONCERNED, {"ids": uuids(row.occupancy_id for row in self._homes)})
            yield
            for row in rows:
                found[row.occupancy_id].append(
                    PersonConcerned(str(row.person_id), days(row.from_day, row.until_day))
                )
        return found


def _counted_once(channels: Sequence[Channel]) -> list[Channel]:
    of_meters = [one for one in channels if one.place is Place.METER]
    return of_meters or [one for one in channels if one.place is Place.HEADPOINT]


_PERMISSIONS = (
    "SELECT p.*, o.occupancy_id AS home, o.access_point_id, m.document_sha256, m.checked_at, m.accepted"
    " FROM permissions.permission p LEFT JOIN permissions.mandate m USING (permission_id)"
    " LEFT JOIN registry.occupancy o ON o.occupancy_id = coalesce(p.occupancy_id, p.addressed_to)"
    " WHERE p.permission_id = ANY(%(ids)s)"
)
_OWN_PERMISSIONS = (
    "SELECT p.*, o.access_point_id, m.document_sha256, m.checked_at, m.accepted FROM permissions.permission p"
    " JOIN registry.occupancy o USING (occupancy_id) LEFT JOIN permissions.mandate m USING (permission_id)"
    " WHERE o.access_point_id = ANY(%(points)s) AND p.party_id = ANY(%(parties)s)"
)
_POINTS = (
    "SELECT a.*, g.party_id AS grid_operator_id, m.party_id AS data_manager_id FROM registry.access_point a"
    " LEFT JOIN registry.party g ON g.operator = a.operator AND g.role = 'dso'"
    " LEFT JOIN registry.party m ON m.operator = a.operator AND m.role = 'data_manager'"
    " WHERE a.access_point_id = ANY(%(ids)s)"
)
_OCCUPANCIES = (
    "SELECT o.*, EXISTS (SELECT FROM registry.person_concerned c WHERE c.occupancy_id = o.occupancy_id)"
    " AS has_concerned FROM registry.occupancy o WHERE access_point_id = ANY(%(ids)s)"
    " AND (until_day IS NULL OR from_day < until_day) ORDER BY access_point_id, from_day"
)
_CONCERNED = (
    "SELECT * FROM registry.person_concerned WHERE occupancy_id = ANY(%(ids)s)"
    " AND (until_day IS NULL OR from_day < until_day)"
)
_CHANNELS = (
    "SELECT m.access_point_id, c.meter_id, m.number_sealed, c.direction, c.unit, m.place, m.sub_number,"
    " m.sub_type, m.sub_vreg_sealed FROM registry.channel c"
    " JOIN registry.meter m USING (meter_id) WHERE m.access_point_id = ANY(%(ids)s)"
    " ORDER BY m.access_point_id, c.meter_id, c.direction DESC, c.unit"
)
_STANDING = (
    "SELECT (SELECT CASE WHEN stopped THEN at END FROM oversight.stop ORDER BY stop_no DESC LIMIT 1) AS stopped_since,"
    " (SELECT min(found_at) FROM oversight.gap WHERE reconciled_index IS NULL) AS unreconciled_since"
)
