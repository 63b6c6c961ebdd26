"""What the door shows of permissions and occupancies: opened for whom they belong to, and for nobody else."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from databeheer.door import seals
from databeheer.door.house import House
from databeheer.door.names import open_text
from databeheer.oversight import erasures
from databeheer.oversight.retention import DataClass
from databeheer.permissions.life import state_at
from databeheer.values import format_instant


def occupancies_of(house: House, connection: Connection, person_id: UUID | None) -> list[dict[str, Any]]:
    """Return a person's access points, with EAN, address and meters opened: they are the person's own."""
    rows = connection.execute(_OCCUPANCIES, {"person": person_id}).all()
    meters: dict[UUID, list[str]] = {}
    for meter in connection.execute(_METERS, {"points": [row.access_point_id for row in rows]}):
        meters.setdefault(meter.access_point_id, []).append(
            open_text(house, "meter", meter.meter_id, bytes(meter.number_sealed))
        )
    gone = {
        data_class: erasures.begun_of(connection, data_class, [row.occupancy_id for row in rows])
        for data_class in (DataClass.READINGS, DataClass.LEDGER)
    }
    return [
        {
            "occupancy_id": str(row.occupancy_id),
            "ean": open_text(house, "ean", row.access_point_id, bytes(row.ean_sealed)),
            "address": open_text(house, "address", row.access_point_id, bytes(row.address_sealed))
            if row.address_sealed
            else "",
            "commodity": row.commodity,
            "meters": meters.get(row.access_point_id, []),
            "from": row.from_day.isoformat(),
            "until": row.until_day.isoformat() if row.until_day else None,
            "interval_reading": row.interval_reading,
            "last_reading_day": None
            if row.occupancy_id in gone[DataClass.READINGS]
            else _last_reading_day(house, connection, row.occupancy_id),
            "erased": {
                data_class.value: erased[row.occupancy_id].view()
                for data_class, erased in gone.items()
                if row.occupancy_id in erased
            },
        }
        for row in rows
    ]


def _last_reading_day(house: House, connection: Connection, occupancy_id: UUID) -> str | None:
    """The newest day that anything is stored of: where a customer's own look begins."""
    pseudonym = seals.pseudonym(house.readings_root(occupancy_id))
    day = connection.execute(_LAST_READING_DAY, {"pseudonym": pseudonym}).scalar_one()
    return day.isoformat() if day else None


def permission_view(
    house: House,
    connection: Connection,
    row: Any,
    now: datetime,
    *,
    for_party: bool,
    with_return_urls: bool = True,
) -> dict[str, Any]:
    """Return a permission as its customer, or its party, sees it.

    The EAN shows only once the customer granted: before that, the party does not know whether it exists, nor
    whether its request stands in somebody's portal.
    """
    party = connection.execute(_PARTY, {"party": row.party_id}).one()
    ean = commodity = None
    if row.occupancy_id is not None:
        point = connection.execute(_POINT_OF, {"occupancy": row.occupancy_id}).one()
        ean = open_text(house, "ean", point.access_point_id, bytes(point.ean_sealed))
        commodity = point.commodity
    state, reason = state_at(row, now)
    view = {
        "permission_id": str(row.permission_id),
        "reference": open_text(house, "reference", row.permission_id, bytes(row.reference_sealed)),
        "service": row.service,
        "party": party_view(party),
        "purpose": row.purpose,
        "category": row.category,
        "granularity": row.granularity,
        "directions": list(row.directions),
        "data_from": format_instant(row.data_from),
        "data_until": _instant(row.data_until),
        "valid_from": _instant(row.decided_at) if row.occupancy_id else None,
        "valid_until": _instant(row.valid_until),
        "until_withdrawn": row.valid_until is None,
        "state": state,
        "reason": reason,
        "requested_at": format_instant(row.requested_at),
        "request_expires_at": format_instant(row.link_expires_at),
        "decided_at": _instant(row.decided_at),
        "ended_at": _instant(row.ended_at or (row.valid_until if state == "expired" else None)),
        "ean": ean,
        "commodity": commodity,
    }
    if not for_party:  # the house's own name of who lives where, when: no party's business
        view |= {
            "occupancy_id": str(row.occupancy_id) if row.occupancy_id else None,
            "addressed_to": str(row.addressed_to) if row.addressed_to else None,
        }
    if with_return_urls:
        view |= {
            what: open_text(house, what, row.permission_id, bytes(sealed)) if sealed is not None else None
            for what, sealed in (
                ("return_url_success", row.return_url_success_sealed),
                ("return_url_failed", row.return_url_failed_sealed),
            )
        }
    return view


def party_view(row: Any) -> dict[str, Any]:
    """What everybody may know of a party (R5)."""
    return {
        "id": str(row.party_id),
        "name": row.name,
        "role": row.role,
        "about": row.about,
        "website": row.website,
    }


def _instant(value: datetime | None) -> str | None:
    return format_instant(value) if value else None


_OCCUPANCIES = text(
    "SELECT o.*, a.ean_sealed, a.address_sealed, a.commodity FROM registry.occupancy o"
    " JOIN registry.access_point a USING (access_point_id) WHERE o.person_id = :person"
    " ORDER BY o.until_day DESC NULLS FIRST, a.commodity, o.from_day"
)
_LAST_READING_DAY = text(
    "SELECT max(p.day) FROM metering.profile p JOIN metering.batch b USING (batch)"
    " WHERE p.pseudonym = :pseudonym AND b.stored_index IS NOT NULL"
)
_METERS = text("SELECT * FROM registry.meter WHERE access_point_id = ANY(:points)")
_PARTY = text("SELECT * FROM registry.party WHERE party_id = :party")
_POINT_OF = text(
    "SELECT a.* FROM registry.access_point a JOIN registry.occupancy o USING (access_point_id)"
    " WHERE o.occupancy_id = :occupancy"
)
