"""What the door shows of a permission: to its party as much as it may know, to its customer all."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from databeheer.brussels import day_of
from databeheer.door.commands.views import party_view
from databeheer.door.house import House
from databeheer.door.names import open_text
from databeheer.permissions import history, life, signers, terms, timing
from databeheer.registry import occupancies
from databeheer.values import format_instant


def permission_view(
    house: House,
    connection: Connection,
    row: Any,
    now: datetime,
    *,
    person_id: UUID | None = None,
    for_party: bool,
    with_return_urls: bool = True,
) -> dict[str, Any]:
    """Return a permission as its customer, or its party, sees it.

    The EAN, and which part of the data was granted, show only once all granted: before that, the party does not
    know whether the access point exists, nor whether its request stands in somebody's portal, or who signed.
    """
    party = connection.execute(_PARTY, {"party": row.party_id}).one()
    is_granted = row.occupancy_id is not None
    ean = commodity = None
    if is_granted:
        point = connection.execute(_POINT_OF, {"occupancy": row.occupancy_id}).one()
        ean = open_text(house, "ean", point.access_point_id, bytes(point.ean_sealed))
        commodity = point.commodity
    state, reason = timing.state_at(row, now)
    tells_all = is_granted or not for_party
    data_from, data_until = life.granted_period(row) if tells_all else (row.data_from, row.data_until)
    view = {
        "permission_id": str(row.permission_id),
        "reference": open_text(house, "reference", row.permission_id, bytes(row.reference_sealed)),
        "service": row.service,
        "party": party_view(party),
        "purpose": row.purpose,
        "category": row.category,
        "granularity": row.granularity,
        "directions": list(row.directions),
        "data_from": format_instant(data_from),
        "data_until": _instant(data_until),
        "split_at": _instant(row.split_at),
        "refused_part": row.refused_part if tells_all else None,
        "withdrawn_part": row.withdrawn_part,
        "valid_from": _instant(row.decided_at) if is_granted else None,
        "valid_until": _instant(row.valid_until),
        "until_withdrawn": row.valid_until is None,
        "ends_at": _instant(row.ends_at),
        "state": state,
        "reason": reason,
        "requested_at": format_instant(row.requested_at),
        "request_expires_at": format_instant(row.link_expires_at),
        "decided_at": _instant(row.decided_at),
        "ended_at": _instant(timing.ended_at(row, now)),
        "delete_by": _instant(timing.delete_by(row, now)),
        "deletion_confirmed_at": _instant(row.deletion_confirmed_at),
        "renews": str(row.renews) if row.renews else None,
        "renewed_by": _renewed_by(connection, row),
        "ean": ean,
        "commodity": commodity,
    }
    if not for_party:  # the house's own name of who lives where, when: no party's business
        view |= _for_people(connection, row, now, person_id)
    if with_return_urls:
        view |= {
            what: open_text(house, what, row.permission_id, bytes(sealed)) if sealed is not None else None
            for what, sealed in (
                ("return_url_success", row.return_url_success_sealed),
                ("return_url_failed", row.return_url_failed_sealed),
            )
        }
    return view


def history_view(
    connection: Connection, row: Any, person_id: UUID | None, *, for_party: bool
) -> dict[str, Any]:
    """Return what happened step by step; to people also the text that was read at the grant."""
    steps = history.of(connection, row.permission_id, for_party=for_party)
    if for_party:
        return {"history": steps}
    read = signers.notice_of(connection, row.permission_id, person_id)
    return {
        "history": steps,
        "notice": {
            "text": read.text,
            "language": read.language,
            "sha256": bytes(read.sha256).hex(),
            "read_at": format_instant(read.signed_at),
        }
        if read is not None
        else None,
    }


def _for_people(connection: Connection, row: Any, now: datetime, person_id: UUID | None) -> dict[str, Any]:
    signed = signers.of(connection, [row.permission_id])
    view: dict[str, Any] = {
        "occupancy_id": str(row.occupancy_id) if row.occupancy_id else None,
        "addressed_to": str(row.addressed_to) if row.addressed_to else None,
        "parts": list(life.parts_of(row)),
        "longest_days": terms.in_force(connection).longest,
        "signers": [
            {
                "capacity": one.capacity,
                "is_you": one.for_person_id == person_id,
                "method": one.method,
                "at": format_instant(one.signed_at),
            }
            for one in signed
        ],
        "waits_for": [],
        "waits_for_you": False,
        "by_applicant": row.applicant_id is not None,
        "is_renewable": False,
        "ended_by_representative": row.state in ("rejected", "revoked")
        and history.was_ended_by_representative(connection, row.permission_id),
    }
    if row.state == "requested":
        view |= _waiting(connection, row, now, person_id, {one.for_person_id for one in signed})
    elif person_id is not None:
        renewable = timing.state_at(row, now)[0] == "to_be_renewed" and row.person_id == person_id
        view["is_renewable"] = renewable and view["occupancy_id"] is not None
    return view


def _waiting(
    connection: Connection, row: Any, now: datetime, person_id: UUID | None, signed: set[UUID]
) -> dict[str, Any]:
    """Who still has to answer; to who moved out, that nobody there can any more (a party is not told)."""
    if row.addressed_to is None:
        return {"waits_for_you": row.named_hash is None}
    occupancy = occupancies.by_id(connection, row.addressed_to)
    if occupancy.until_day is not None and occupancy.until_day <= day_of(now):
        return {"state": "invalidated", "reason": "moved_out"}
    missing = signers.required(connection, occupancy, day_of(now)) - signed
    capacities = {"grid_user" if one == occupancy.person_id else "natural_person" for one in missing}
    return {"waits_for": sorted(capacities), "waits_for_you": person_id in missing}


def _renewed_by(connection: Connection, row: Any) -> str | None:
    """The permission that took this one's place, once it was granted."""
    found = connection.execute(_RENEWED_BY, {"id": row.permission_id}).scalar_one_or_none()
    return str(found) if found else None


def _instant(value: datetime | None) -> str | None:
    return format_instant(value) if value else None


_PARTY = text("SELECT * FROM registry.party WHERE party_id = :party")
_POINT_OF = text(
    "SELECT a.* FROM registry.access_point a JOIN registry.occupancy o USING (access_point_id)"
    " WHERE o.occupancy_id = :occupancy"
)
_RENEWED_BY = text(
    "SELECT permission_id FROM permissions.permission WHERE renews = :id AND occupancy_id IS NOT NULL"
)
