"""The stay that an EAN code and a meter number point to, whether it can be linked, and the linking itself."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text


def pointed_to(
    connection: Connection, ean_hash: bytes, meter_hashes: Sequence[bytes], person_id: UUID, today: date
) -> Any | None:
    """Return who lives there today: the stay, `has_meter` and `is_free`; None where nobody does, or no such point is.

    `is_free`: its person never logged in, lives, had no administrator, and `person_id` is nobody there yet.
    """
    asked = {"ean": ean_hash, "meters": list(meter_hashes), "person": person_id, "today": today}
    return connection.execute(_POINTED_TO, asked).one_or_none()


def link(connection: Connection, stay: Any, person_id: UUID) -> None:
    """Let a stay be of another person of the register from its own first day on; of no other stay anything changes.

    Permissions that were signed on paper for this stay go along: the same human being gave them.
    """
    moved = {"occupancy": stay.occupancy_id, "reported": stay.person_id, "person": person_id}
    for statement in (_STAY, _SIGNATURES, _PERMISSIONS):
        connection.execute(statement, moved)


_POINTED_TO = text(
    """
    SELECT o.*, EXISTS (SELECT FROM registry.meter m WHERE m.access_point_id = o.access_point_id
            AND m.number_hash = ANY(:meters) AND m.removed_on IS NULL) AS has_meter,
        o.person_id <> :person
        AND NOT EXISTS (SELECT FROM identity.session s WHERE s.person_id = o.person_id)
        AND NOT EXISTS (SELECT FROM identity.death d WHERE d.person_id = o.person_id AND d.refuted_at IS NULL)
        AND NOT EXISTS (SELECT FROM identity.representation r WHERE r.person_id = o.person_id)
        AND NOT EXISTS (SELECT FROM registry.person_concerned c
            WHERE c.occupancy_id = o.occupancy_id AND c.person_id = :person) AS is_free
    FROM registry.occupancy o JOIN registry.access_point a USING (access_point_id)
    WHERE a.ean_hash = :ean AND o.person_id IS NOT NULL AND o.from_day <= :today
        AND (o.until_day IS NULL OR o.until_day > :today)
    """
)
_STAY = text(
    "UPDATE registry.occupancy SET person_id = :person, reported_person_id = :reported"
    " WHERE occupancy_id = :occupancy AND person_id = :reported"
)
_SIGNATURES = text(
    "UPDATE permissions.signature s SET person_id = :person, for_person_id = :person"
    " FROM permissions.permission p WHERE p.permission_id = s.permission_id AND p.occupancy_id = :occupancy"
    " AND s.person_id = :reported AND s.for_person_id = :reported"
)
_PERMISSIONS = text(
    "UPDATE permissions.permission SET person_id = :person"
    " WHERE occupancy_id = :occupancy AND person_id = :reported"
)
