"""Where a party stands: what of it is in force, what it lacks, which programs and keys it has, what it handed in."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from databeheer.access.conditions import years_after
from databeheer.brussels import day_of, midnight
from databeheer.door.commands.doubt_conduct import reach_of
from databeheer.door.house import House
from databeheer.door.names import open_text
from databeheer.identity import client_keys, clients
from databeheer.onboarding import keeping
from databeheer.onboarding.dossier import Contact, Part
from databeheer.registry.conditions import OVERVIEW_SEEN_FOR
from databeheer.values import format_instant


def evidence_in_force(house: House, connection: Connection, party_id: UUID) -> dict[str, Any]:
    """Return what the register has of a party, as a dossier to begin from where it never filled one in."""
    evidence: dict[str, Any] = {}
    party = {"party": party_id}
    if (contract := connection.execute(_CONTRACT, party).one_or_none()) is not None:
        until = contract.valid_until
        evidence[Part.CONTRACT.value] = {
            "operator": contract.operator,
            "number": contract.number,
            "from_day": day_of(contract.valid_from).isoformat(),
            "until_day": day_of(until).isoformat() if until else None,
        }
    if (dpia := connection.execute(_DPIA, party).one_or_none()) is not None:
        said = {"reference": dpia.reference, "assessed_on": dpia.assessed_on.isoformat()}
        evidence[Part.DPIA.value] = said
    if (overview := connection.execute(_OVERVIEW, party).one_or_none()) is not None:
        evidence[Part.OVERVIEW.value] = {"url": overview.url}
    if (doubt := reach_of(house, connection, party_id)) is not None:
        evidence[Part.CONTACTS.value] = {Contact.DOUBT.value: doubt}
    return evidence


def in_force(house: House, connection: Connection, party_id: UUID, now: datetime) -> dict[str, Any]:
    """Return what counts now, with until when; None for what does not."""
    party = {"party": party_id, "now": now, "seen_for": OVERVIEW_SEEN_FOR}
    contract = connection.execute(_CONTRACT_NOW, party).one_or_none()
    dpia = connection.execute(_DPIA_NOW, party).one_or_none()
    overview = connection.execute(_OVERVIEW_NOW, party).one_or_none()
    dpia_until = years_after(midnight(dpia.assessed_on), house.catalogue.dpia_years) if dpia else None
    return {
        Part.CONTRACT.value: contract
        and {
            "number": contract.number,
            "until": contract.valid_until and format_instant(contract.valid_until),
        },
        Part.DPIA.value: {"reference": dpia.reference, "until": format_instant(dpia_until)}
        if dpia and dpia_until and now < dpia_until
        else None,
        Part.OVERVIEW.value: overview and {"url": overview.url},
        Part.CONTACTS.value: reach_of(house, connection, party_id),
    }


def programs_of(connection: Connection, party_id: UUID, now: datetime) -> list[dict[str, Any]]:
    """Return the programs of a party, each with the prints of the keys that it has not ended."""
    return [
        {
            "client_id": one.client_id,
            "profiles": sorted(one.profiles),
            "by": "key" if one.secret_hash is None else "secret",
            "keys": sorted(
                row.thumbprint
                for row in client_keys.of_client(connection, one.client_id)
                if row.valid_until is None or row.valid_until > now
            ),
        }
        for one in clients.of_party(connection, party_id)
    ]


def handed_in_view(house: House, connection: Connection, party_id: UUID) -> dict[str, Any] | None:
    """Return what a party handed in last, and what became of it."""
    row = keeping.newest(connection, party_id)
    if row is None:
        return None
    return {
        "sha256": bytes(row.sha256).hex(),
        "at": format_instant(row.handed_in_at),
        "index": row.handed_in_index,
        "state": row.outcome or "waiting",
        "decided_at": format_instant(row.outcome_at) if row.outcome_at else None,
        "reason": open_text(house, "declined", row.handed_in_id, bytes(row.reason_sealed))
        if row.reason_sealed
        else "",
    }


_CONTRACT = text("SELECT * FROM registry.contract WHERE party_id = :party ORDER BY valid_from DESC LIMIT 1")
_DPIA = text(
    "SELECT reference, assessed_on FROM registry.dpia WHERE party_id = :party ORDER BY assessed_on DESC LIMIT 1"
)
_OVERVIEW = text(
    "SELECT url FROM registry.processing_overview WHERE party_id = :party ORDER BY reachable_from DESC LIMIT 1"
)
_CONTRACT_NOW = text(
    "SELECT number, valid_until FROM registry.contract WHERE party_id = :party AND valid_from <= :now"
    " AND (valid_until IS NULL OR valid_until > :now) ORDER BY valid_until DESC NULLS FIRST LIMIT 1"
)
_DPIA_NOW = text(
    "SELECT reference, assessed_on FROM registry.dpia d WHERE party_id = :party AND NOT EXISTS ("
    "SELECT FROM registry.dpia_trigger t WHERE t.party_id = d.party_id"
    " AND t.at > d.assessed_on::timestamp AT TIME ZONE 'Europe/Brussels' AND t.at <= :now)"
    " ORDER BY assessed_on DESC LIMIT 1"
)
_OVERVIEW_NOW = text(
    "SELECT url FROM registry.processing_overview WHERE party_id = :party AND reachable_from <= :now"
    " AND unreachable_from IS NULL AND checked_at + CAST(:seen_for AS interval) > :now"
)
