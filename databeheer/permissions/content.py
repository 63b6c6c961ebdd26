"""What a permission is about, read from its row: its parts, its period, its ground, and the ledger's words for it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from databeheer.access.catalogue import Catalogue
from databeheer.access.facts import PermissionState as State
from databeheer.brussels import day_of, midnight
from databeheer.values import Role, format_instant

STATES = tuple(state.value for state in State)
PARTS = ("past", "future")
"""Data that are there already when a party asks, and data that are still to come: each has its own answer (R31)."""


def ground_of(connection: Connection, catalogue: Catalogue, row: Any) -> str:
    """Return the code of the catalogue's row that a permission rests on; one purpose can be of several roles."""
    role = Role(connection.execute(_ROLE, {"party": row.party_id}).scalar_one())
    rows = catalogue.plan(role).by_consent
    return next((one.code for one in rows if row.purpose in one.purposes), rows[0].code if rows else "")


def split_of(data_from: datetime, data_until: datetime | None, now: datetime) -> datetime | None:
    """Return where data of before end and data to come begin, in a request made now for both; else None."""
    today = midnight(day_of(now))
    return today if data_from < today and (data_until is None or data_until > today) else None


def granted_period(row: Any) -> tuple[datetime, datetime | None]:
    """Return the data period without the part that was not granted."""
    start = row.split_at if row.refused_part == "past" else row.data_from
    return start, row.split_at if row.refused_part == "future" else row.data_until


def parts_of(row: Any) -> tuple[str, ...]:
    """Return of which time data are asked, or granted: past, future or both."""
    split = row.split_at or midnight(day_of(row.requested_at))
    start, until = granted_period(row)
    is_in = (start < split, until is None or until > split)
    return tuple(part for part, granted in zip(PARTS, is_in, strict=True) if granted)


def said(permission_id: UUID, members: Mapping[str, Any]) -> dict[str, Any]:
    """What the ledger says of a permission, from a row's or a request's members; no subject is named.

    Of one that was granted, `valid_until` is when it ends at the latest, the longest term included.
    """
    return {
        "permission": str(permission_id),
        "purpose": str(members["purpose"]),
        "category": members["category"],
        "directions": sorted(members["directions"]),
        "granularity": str(members["granularity"]),
        "data": [instant(members["data_from"]), instant(members["data_until"])],
        "valid_until": instant(members.get("ends_at") or members["valid_until"]),
    }


def instant(value: datetime | None) -> str:
    """A moment as the ledger writes it; empty for none."""
    return format_instant(value) if value else ""


_ROLE = text("SELECT role FROM registry.party WHERE party_id = :party")
