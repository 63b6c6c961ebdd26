"""What the party pages show: where the party stands, its programs, how often its programs called."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from marshmallow import fields, validate
from sqlalchemy import Connection, text

from databeheer.brussels import day_of, midnight
from databeheer.door.commands.base import Command, schema
from databeheer.door.commands.views import party_view
from databeheer.door.house import House
from databeheer.door.onboarding.acting import looking_for_party, party_of
from databeheer.door.onboarding.filling import OPEN_ROLES, draft
from databeheer.door.onboarding.standing import handed_in_view, in_force
from databeheer.door.proofs import Proof
from databeheer.identity import client_keys, clients, sessions
from databeheer.onboarding import keeping
from databeheer.onboarding.dossier import APPROVAL, HAND_IN, lacking
from databeheer.values import format_instant

MOST_DAYS = 92


def show(house: House, proof: Proof, _: dict[str, Any]) -> dict[str, Any]:
    """Everything of the party that its people look after; without a party, what to begin with."""
    with looking_for_party(house, proof) as (connection, asker, now):
        own = sessions.parties_of(connection, asker.enterprise)
        answer: dict[str, Any] = {
            "enterprise": asker.enterprise,
            "parties": [_party(row) for row in own],
            "party": None,
            "roles": [role for role in OPEN_ROLES if role not in {row.role for row in own}],
            "operators": [
                {"operator": row.operator, "name": row.name} for row in connection.execute(_OPERATORS)
            ],
        }
        row = next((row for row in own if row.party_id == asker.party_id), None)
        if row is None:
            return answer
        evidence = draft(house, connection, row.party_id)
        return answer | {
            "party": _party(row),
            "evidence": evidence,
            "unfilled": lacking(evidence, now, house.catalogue.dpia_years),
            "in_force": in_force(house, connection, row.party_id, now),
            "lacks": lacks_of(house, connection, row, now),
            "handed_in": handed_in_view(house, connection, row.party_id),
            "programs": _programs(connection, row.party_id),
        }


def lacks_of(house: House, connection: Connection, row: Any, now: datetime) -> list[str]:
    """Return what a party lacks: before its approval of what it hands in, later of what has to be in force."""
    if not row.awaits_approval:
        counts = in_force(house, connection, row.party_id, now)
        return [part for part, fact in counts.items() if fact is None]
    if keeping.waiting_of(connection, row.party_id) is not None:
        return [APPROVAL]
    evidence = draft(house, connection, row.party_id)
    return lacking(evidence, now, house.catalogue.dpia_years) or [HAND_IN]


def usage(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """How often the party's programs were given readings, were refused, and got a token; a Brussels day each.

    Numbers only: of whom, its receipts say.
    """
    with looking_for_party(house, proof) as (connection, asker, now):
        party_id = party_of(asker)
        today = day_of(now)
        first = today - timedelta(days=arguments["days"] - 1)
        span = {"party": party_id, "first": first, "month": first.replace(day=1), "since": midnight(first)}
        recorded = {row.day: row for row in connection.execute(_RECORDED, span)}
        tokens = {row.day: row.tokens for row in connection.execute(_TOKENS, span)}
    days = [today - timedelta(days=back) for back in range(arguments["days"])]
    return {
        "days": [
            {
                "day": day.isoformat(),
                "given": recorded[day].given if day in recorded else 0,
                "refused": recorded[day].refused if day in recorded else 0,
                "tokens": tokens.get(day, 0),
            }
            for day in days
        ]
    }


def _party(row: Any) -> dict[str, Any]:
    return party_view(row) | {
        "awaits_approval": row.awaits_approval,
        "is_suspended": row.suspended_at is not None,
    }


def _programs(connection: Connection, party_id: UUID) -> list[dict[str, Any]]:
    return [
        {
            "client_id": one.client_id,
            "profiles": sorted(one.profiles),
            "by": "key" if one.secret_hash is None else "secret",
            "keys": [
                {
                    "key_id": str(row.key_id),
                    "kid": row.kid,
                    "thumbprint": row.thumbprint,
                    "valid_from": format_instant(row.valid_from or row.added_at),
                    "valid_until": format_instant(row.valid_until) if row.valid_until else None,
                }
                for row in client_keys.of_client(connection, one.client_id)
            ],
        }
        for one in clients.of_party(connection, party_id)
    ]


_OPERATORS = text("SELECT operator, name FROM registry.operator ORDER BY operator")
_RECORDED = text(
    "SELECT day, count(*) FILTER (WHERE event = 'data.read') AS given,"
    " count(*) FILTER (WHERE event = 'data.refused') AS refused FROM ledger.body"
    " WHERE party_id = :party AND day >= :first AND month >= :month GROUP BY day"
)
_TOKENS = text(
    "SELECT (issued_at AT TIME ZONE 'Europe/Brussels')::date AS day, count(*) AS tokens FROM identity.access_token"
    " WHERE party_id = :party AND issued_at >= :since GROUP BY 1"
)

COMMANDS = (
    Command("onboarding.show", schema(), show),
    Command(
        "party.usage",
        schema(days=fields.Integer(load_default=31, strict=True, validate=validate.Range(1, MOST_DAYS))),
        usage,
    ),
)
