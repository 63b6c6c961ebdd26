"""Access points with their meters and channels."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from databeheer.errors import ConflictError
from databeheer.values import Commodity, ProfileType


def find(connection: Connection, ean_hash: bytes) -> Any | None:
    """Return an access point by the keyed hash of its EAN."""
    return connection.execute(
        text("SELECT * FROM registry.access_point WHERE ean_hash = :hash"), {"hash": ean_hash}
    ).one_or_none()


def count_known(connection: Connection, ean_hashes: list[bytes]) -> int:
    """Count how many of these are registered."""
    known: int = connection.execute(
        text("SELECT count(*) FROM registry.access_point WHERE ean_hash = ANY(:hashes)"),
        {"hashes": ean_hashes},
    ).scalar_one()
    return known


def add(
    connection: Connection,
    point_id: UUID,
    *,
    ean_hash: bytes,
    ean_sealed: bytes,
    commodity: str,
    operator: int,
    now: datetime,
    profile_type: str | None = None,
) -> int | None:
    """Add an access point and return its number; None where its EAN is known already."""
    number: int | None = connection.execute(
        text(
            "INSERT INTO registry.access_point"
            " (access_point_id, operator, ean_hash, ean_sealed, commodity, registered_at, profile_type)"
            " VALUES (:id, :operator, :hash, :sealed, :commodity, :now, :profile_type)"
            " ON CONFLICT (ean_hash) DO NOTHING RETURNING access_point_no"
        ),
        {
            "id": point_id,
            "operator": operator,
            "hash": ean_hash,
            "sealed": ean_sealed,
            "commodity": commodity,
            "now": now,
            "profile_type": profile_type,
        },
    ).scalar_one_or_none()
    return number


def set_address(connection: Connection, point_id: UUID, address_sealed: bytes) -> None:
    """Keep the address of an access point, sealed."""
    connection.execute(
        text("UPDATE registry.access_point SET address_sealed = :address WHERE access_point_id = :id"),
        {"address": address_sealed, "id": point_id},
    )


def by_id(connection: Connection, point_id: UUID) -> Any | None:
    """Return an access point, if it exists."""
    return connection.execute(
        text("SELECT * FROM registry.access_point WHERE access_point_id = :id"), {"id": point_id}
    ).one_or_none()


def set_municipality(connection: Connection, point_id: UUID, municipality: str | None) -> None:
    """Keep the NIS code of the municipality that an access point lies in; in clear, for thousands share it.

    None: nobody says any more where it lies, and no territory reaches it.
    """
    connection.execute(
        text("UPDATE registry.access_point SET municipality = :code WHERE access_point_id = :id"),
        {"code": municipality, "id": point_id},
    )


def set_profile_type(connection: Connection, point_id: UUID, profile_type: str) -> None:
    """Keep what kind of customer an access point has; in clear, for thousands are of one kind."""
    connection.execute(
        text("UPDATE registry.access_point SET profile_type = :type WHERE access_point_id = :id"),
        {"type": profile_type, "id": point_id},
    )


def require_fitting(profile_type: str | None, commodity: str) -> None:
    """Raise ConflictError where no access point of this commodity can have such a customer."""
    if profile_type == ProfileType.HOUSEHOLD_PRODUCTION and commodity != Commodity.ELECTRICITY:
        raise ConflictError("a household with production of its own is one of electricity")


def find_meter(connection: Connection, point_id: UUID, number_hash: bytes) -> UUID | None:
    """Return the meter of that number on this access point."""
    meter: UUID | None = connection.execute(
        text("SELECT meter_id FROM registry.meter WHERE access_point_id = :point AND number_hash = :hash"),
        {"point": point_id, "hash": number_hash},
    ).scalar_one_or_none()
    return meter


def add_meter(
    connection: Connection, meter_id: UUID, point: Any, *, number_hash: bytes, number_sealed: bytes
) -> None:
    """Add a meter to an access point."""
    connection.execute(
        text(
            "INSERT INTO registry.meter (meter_id, operator, access_point_id, number_hash, number_sealed)"
            " VALUES (:id, :operator, :point, :hash, :sealed)"
        ),
        {
            "id": meter_id,
            "operator": point.operator,
            "point": point.access_point_id,
            "hash": number_hash,
            "sealed": number_sealed,
        },
    )


def ensure_channel(connection: Connection, meter_id: UUID, direction: str, unit: str, operator: int) -> None:
    """Make a meter's channel known, where it is not."""
    connection.execute(
        text(
            "INSERT INTO registry.channel (meter_id, direction, unit, operator)"
            " VALUES (:id, :direction, :unit, :operator) ON CONFLICT DO NOTHING"
        ),
        {"id": meter_id, "direction": direction, "unit": unit, "operator": operator},
    )
