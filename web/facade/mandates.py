"""From our permissions to Fluvius' mandates: plain functions over rows and a moment."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from databeheer.values import parse_instant
from web.facade.names import (
    ENERGY_TYPE,
    GIVES_ACCESS,
    STATUS_OF_STATE,
    DataService,
    MandateStatus,
    services_of,
)

RENEWAL_NOTICE = timedelta(days=92)


@dataclass(frozen=True)
class MandateFilter:
    """Which mandates are asked for; None leaves a filter out. Moments are aware UTC.

    Undecided rows are left out unless asked for by status, or `with_undecided`: EDDIE takes an undecided row
    for an accepted one that it cannot fulfil.
    """

    ean: str | None = None
    services: frozenset[DataService] | None = None
    energy_type: str | None = None
    status: MandateStatus | None = None
    renewal_status: str | None = None
    expires_by: datetime | None = None
    updated_from: datetime | None = None
    updated_to: datetime | None = None
    with_undecided: bool = False


def mandates(rows: Iterable[dict[str, Any]], wanted: MandateFilter, now: datetime) -> list[dict[str, Any]]:
    """Return one mandate per data service of each permission that the filter lets through, in the order of the rows."""
    shown = []
    for row in rows:
        for service in services_of(row):
            mandate = _mandate(row, service, now)
            if _fits(row, mandate, wanted):
                shown.append(mandate)
    return shown


def _mandate(row: dict[str, Any], service: DataService, now: datetime) -> dict[str, Any]:
    return {
        "referenceNumber": row.get("reference"),
        "status": STATUS_OF_STATE[row["state"]].value,
        "ean": row.get("ean"),
        "energyType": ENERGY_TYPE.get(row.get("commodity") or ""),
        "dataPeriodFrom": row.get("data_from"),
        "dataPeriodTo": row.get("data_until"),
        "dataServiceType": service.value,
        "mandateExpirationDate": row.get("ends_at") or row.get("valid_until"),
        "renewalStatus": _renewal_status(row, now),
    }


def _renewal_status(row: dict[str, Any], now: datetime) -> str | None:
    if row["state"] == "expired":
        return "Expired"
    ends = row.get("ends_at") or row.get("valid_until")
    if row["state"] not in GIVES_ACCESS or not ends:
        return None
    return "ToBeRenewed" if parse_instant(ends) - now <= RENEWAL_NOTICE else None


def _fits(row: dict[str, Any], mandate: dict[str, Any], wanted: MandateFilter) -> bool:
    if wanted.status is None:
        if mandate["status"] == MandateStatus.REQUESTED and not wanted.with_undecided:
            return False
    elif mandate["status"] != wanted.status:
        return False
    changed = max(parse_instant(row[name]) for name in _MOMENTS if row.get(name))
    expires = row.get("ends_at") or row.get("valid_until")
    return (
        (wanted.ean is None or mandate["ean"] == wanted.ean)
        and (wanted.services is None or mandate["dataServiceType"] in wanted.services)
        and (wanted.energy_type is None or mandate["energyType"] == wanted.energy_type)
        and (wanted.renewal_status is None or mandate["renewalStatus"] == wanted.renewal_status)
        and (
            wanted.expires_by is None or (expires is not None and parse_instant(expires) <= wanted.expires_by)
        )
        and (wanted.updated_from is None or changed >= wanted.updated_from)
        and (wanted.updated_to is None or changed <= wanted.updated_to)
    )


_MOMENTS = ("requested_at", "decided_at", "ended_at")
