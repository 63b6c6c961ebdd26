"""What the door shows of occupancies and parties: opened for whom they belong to, and for nobody else."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from databeheer.brussels import day_of
from databeheer.door.house import House
from databeheer.door.keys import seals
from databeheer.door.keys.at_hand import AtHand
from databeheer.door.names import open_text
from databeheer.oversight import erasures
from databeheer.oversight.retention import DataClass
from databeheer.registry import interval_choices
from databeheer.registry.interval_choices import ASKED
from databeheer.registry.residents import RESIDENTS
from databeheer.storage.look import Look, Work, many_bytes, together, uuids


def occupancies_of(
    house: House, connection: Connection, person_id: UUID | None, now: datetime
) -> list[dict[str, Any]]:
    """Return a person's access points, with EAN, address and meters opened: they are the person's own."""
    look = Look(connection)
    return look.do(own_places(house, look, person_id, now))


def own_places(house: House, look: Look, person_id: UUID | None, now: datetime) -> Work[list[dict[str, Any]]]:
    """The same, beside other work."""
    rows = look.ask(_OCCUPANCIES, {"person": person_id, "day": day_of(now)})
    yield
    stays = [row.occupancy_id for row in rows]
    intervals, meters, gone, days = yield from together(
        interval_choices.stretches(look, rows),
        _meters(house, look, stays),
        erasures.begun(look, (DataClass.READINGS, DataClass.LEDGER), stays),
        _reading_days(house, look, [row.root_id for row in rows]),
    )
    keys = AtHand(house)
    return [
        {
            "occupancy_id": str(row.occupancy_id),
            "ean": open_text(keys, "ean", row.access_point_id, bytes(row.ean_sealed)),
            "address": open_text(keys, "address", row.access_point_id, bytes(row.address_sealed))
            if row.address_sealed
            else "",
            "commodity": row.commodity,
            "meters": meters.get(row.occupancy_id, []),
            "from": row.from_day.isoformat(),
            "until": row.until_day.isoformat() if row.until_day else None,
            "interval_reading": row.reads_intervals,
            "intervals": [
                [first.isoformat(), until and until.isoformat()]
                for first, until in intervals[row.occupancy_id]
            ],
            **_first_and_last(
                None if row.occupancy_id in gone[DataClass.READINGS] else days.get(row.root_id)
            ),
            "erased": {
                data_class.value: erased[row.occupancy_id].view()
                for data_class, erased in gone.items()
                if row.occupancy_id in erased
            },
        }
        for row in rows
    ]


def places_of(house: House, connection: Connection, person_id: UUID, now: datetime) -> list[dict[str, Any]]:
    """Return the access points that a person can sign for: his own, and where he lives beside the contract holder."""
    own = [place | {"capacity": "grid_user"} for place in occupancies_of(house, connection, person_id, now)]
    shared = connection.execute(_SHARED, {"person": person_id, "today": day_of(now), "day": day_of(now)})
    return own + [
        {
            "occupancy_id": str(row.occupancy_id),
            "ean": open_text(house, "ean", row.access_point_id, bytes(row.ean_sealed)),
            "address": open_text(house, "address", row.access_point_id, bytes(row.address_sealed))
            if row.address_sealed
            else "",
            "commodity": row.commodity,
            "meters": [],
            "from": row.from_day.isoformat(),
            "until": None,
            "interval_reading": row.reads_intervals,
            "intervals": [[row.from_day.isoformat(), None]] if row.reads_intervals else [],
            **_first_and_last(None),
            "erased": {},
            "capacity": "natural_person",
        }
        for row in shared
    ]


def _meters(house: House, look: Look, stays: Collection[UUID]) -> Work[dict[UUID, list[str]]]:
    """The numbers of the meters of each stay."""
    rows = look.ask(_METERS, {"stays": uuids(stays)})
    yield
    keys, found = AtHand(house), dict[UUID, list[str]]()
    for row in rows:
        number = open_text(keys, "meter", row.meter_id, bytes(row.number_sealed))
        found.setdefault(row.occupancy_id, []).append(number)
    return found


def _reading_days(
    house: House, look: Look, root_ids: Collection[UUID]
) -> Work[dict[UUID, tuple[date, date]]]:
    """The oldest and the newest day that anything is stored of, by root: where a customer's own look can be."""
    held = house.roots_held([root_id.bytes for root_id in root_ids])  # without those that were erased
    roots = {seals.pseudonym(root): UUID(bytes=root_id) for root_id, root in held.items()}
    rows = look.ask(_READING_DAYS, {"pseudonyms": many_bytes(roots)})
    yield
    return {roots[bytes(row.pseudonym)]: (row.first, row.last) for row in rows if row.last}


def _first_and_last(days: tuple[date, date] | None) -> dict[str, str | None]:
    first, last = (day.isoformat() for day in days) if days else (None, None)
    return {"first_reading_day": first, "last_reading_day": last}


def party_view(row: Any) -> dict[str, Any]:
    """What everybody may know of a party (R5)."""
    return {
        "id": str(row.party_id),
        "name": row.name,
        "role": row.role,
        "about": row.about,
        "website": row.website,
    }


def party_person_view(connection: Connection, party_id: UUID | None) -> dict[str, Any]:
    """Who is logged in for a party: its name, where one was chosen; the person's own is nowhere kept."""
    name = connection.execute(_NAME, {"party": party_id}).scalar_one_or_none()
    return {"role": "party", "name": name or "", "occupancies": []}


_NAME = text("SELECT name FROM registry.party WHERE party_id = :party")
_OCCUPANCIES = text(
    f"SELECT o.*, {ASKED} AS reads_intervals, a.ean_sealed, a.address_sealed, a.commodity"  # noqa: S608  parts of our own
    " FROM registry.occupancy o"
    " JOIN registry.access_point a USING (access_point_id) WHERE o.person_id = :person"
    " AND (o.until_day IS NULL OR o.from_day < o.until_day)"
    " ORDER BY o.until_day DESC NULLS FIRST, a.commodity, o.from_day"
)
_OF_RESIDENT = (
    f"SELECT r.from_day, o.occupancy_id, {ASKED} AS reads_intervals, a.* FROM resident r"  # noqa: S608  parts of our own
    " JOIN registry.occupancy o USING (occupancy_id) JOIN registry.access_point a USING (access_point_id)"
    " WHERE r.person_id = :person AND r.capacity = 'natural_person' ORDER BY a.commodity, r.from_day"
)
_SHARED = text(RESIDENTS + _OF_RESIDENT)
_READING_DAYS = text(
    "SELECT own.pseudonym, kept.first, kept.last FROM unnest(CAST(:pseudonyms AS bytea[])) AS own (pseudonym)"
    " CROSS JOIN LATERAL (SELECT min(p.day) AS first, max(p.day) AS last"
    "  FROM metering.profile p JOIN metering.batch b USING (batch)"
    "  WHERE p.pseudonym = own.pseudonym AND b.stored_index IS NOT NULL) AS kept"
)
# Of each stay those that hung there meanwhile: the number of the next one's meter is half of what links (R82, R91).
_METERS = text(
    """
    SELECT o.occupancy_id, m.meter_id, m.number_sealed
    FROM registry.occupancy o JOIN registry.meter m USING (access_point_id)
    WHERE o.occupancy_id = ANY(:stays)
        AND (m.installed_on IS NULL OR o.until_day IS NULL OR m.installed_on < o.until_day)
        AND (m.removed_on IS NULL OR m.removed_on > o.from_day)
    """
)
