"""A party's own profile: what the house knows of it, what evidence it has of it, and what is missing (R12, R114)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from databeheer.access import readiness
from databeheer.access.conditions import years_after
from databeheer.brussels import midnight
from databeheer.door.commands.base import Command, looking, schema
from databeheer.door.commands.views import party_view
from databeheer.door.facts.of_parties import ask_parties, parties_of
from databeheer.door.house import House
from databeheer.door.names import open_text
from databeheer.door.proofs import AskerKind, Proof
from databeheer.errors import UnauthenticatedError
from databeheer.onboarding.dossier import missing_in_words
from databeheer.registry.conditions import OVERVIEW_SEEN_FOR
from databeheer.storage.look import Look
from databeheer.values import format_instant

_REACH = ("name", "email", "phone")


def standing(house: House, proof: Proof, _: dict[str, Any]) -> dict[str, Any]:
    """Return a party's own profile with its evidence; a suspended one's too, which is told that it is."""
    with looking(house, proof, or_suspended=True, or_applicant=True) as (connection, asker, now):
        if asker.kind is not AskerKind.PARTY or asker.party_id is None:
            raise UnauthenticatedError("use a party's access token")
        own = {"id": asker.party_id}
        row = connection.execute(_PARTY, own).one()
        contact = _contact(house, connection, asker.party_id)
        missing = _missing(house, connection, asker.party_id, contact is not None, now)
        return {
            **party_view(row),
            "suspended_at": _instant(row.suspended_at),
            "contracts": [_contract(one) for one in connection.execute(_CONTRACTS, own)],
            "dpia": _dpia(connection.execute(_DPIA, own).one_or_none(), house.catalogue.dpia_years),
            "processing_overview": _overview(connection.execute(_OVERVIEW, own).one_or_none()),
            "doubt_contact": contact,
            "missing": _unapproved(asker.lacks) if row.awaits_approval else missing,
        }


def _missing(
    house: House, connection: Connection, party_id: UUID, has_contact: bool, now: datetime
) -> list[dict[str, Any]]:
    look = Look(connection)
    rows = ask_parties(look, [party_id])
    look.send()
    known = parties_of(rows, now)[party_id]
    found = readiness.missing_of(
        known.facts,
        known.authorisations,
        has_doubt_contact=has_contact,
        now=now,
        catalogue=house.catalogue,
    )
    return [
        {"code": one.code, "detail": one.detail, "remedy": one.remedy, "blocks": list(one.blocks)}
        for one in found
    ]


def _unapproved(lacks: Sequence[str]) -> list[dict[str, Any]]:
    """What a party lacks that nobody approved yet: everything waits for it, so nothing else is told."""
    remedy = "Log in for your organisation at /partij, put in order what is missing, and hand it in."
    return [{"code": "not_onboarded", "detail": missing_in_words(lacks), "remedy": remedy, "blocks": []}]


def _contact(house: House, connection: Connection, party_id: UUID) -> dict[str, str] | None:
    row = connection.execute(_CONTACT, {"id": party_id}).one_or_none()
    if row is None:
        return None
    return {
        one: open_text(house, f"doubt_contact_{one}", party_id, bytes(getattr(row, f"{one}_sealed")))
        for one in _REACH
    }


def _contract(row: Any) -> dict[str, Any]:
    return {
        "number": row.number,
        "grid_operator": row.name,
        "valid_from": format_instant(row.valid_from),
        "valid_until": _instant(row.valid_until),
    }


def _dpia(row: Any | None, years: int) -> dict[str, Any] | None:
    if row is None:
        return None
    return {
        "reference": row.reference,
        "assessed_on": row.assessed_on.isoformat(),
        "valid_until": format_instant(years_after(midnight(row.assessed_on), years)),
        "overtaken_at": _instant(row.overtaken_at),
    }


def _overview(row: Any | None) -> dict[str, Any] | None:
    if row is None:
        return None
    return {
        "url": row.url,
        "checked_at": format_instant(row.checked_at),
        "counts_until": format_instant(row.unreachable_from or row.checked_at + OVERVIEW_SEEN_FOR),
        "is_reachable": row.unreachable_from is None,
    }


def _instant(moment: datetime | None) -> str | None:
    return format_instant(moment) if moment else None


_PARTY = text("SELECT * FROM registry.party WHERE party_id = :id")
_CONTRACTS = text(
    "SELECT c.number, c.valid_from, c.valid_until, o.name FROM registry.contract c"
    " JOIN registry.operator o USING (operator) WHERE c.party_id = :id ORDER BY c.valid_from DESC, c.number"
)
# The newest, by its date; overtaken by the first trigger after that, as `facts.of_parties` reads it.
_DPIA = text(
    "SELECT d.reference, d.assessed_on, (SELECT min(t.at) FROM registry.dpia_trigger t WHERE t.party_id = d.party_id"
    "  AND t.at > d.assessed_on::timestamp AT TIME ZONE 'Europe/Brussels') AS overtaken_at"
    " FROM registry.dpia d WHERE d.party_id = :id ORDER BY d.assessed_on DESC, d.filed_at DESC LIMIT 1"
)
_OVERVIEW = text(
    "SELECT url, checked_at, unreachable_from FROM registry.processing_overview WHERE party_id = :id"
    " ORDER BY reachable_from DESC LIMIT 1"
)
_CONTACT = text("SELECT * FROM doubt.contact WHERE party_id = :id")

COMMANDS = (Command("party.standing", schema(), standing),)
