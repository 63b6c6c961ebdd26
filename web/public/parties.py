"""`/register`: who may ask for data, on which legal basis, how and on what conditions (R5); from the live registry."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Blueprint, current_app, render_template
from flask.typing import ResponseReturnValue
from sqlalchemy import text

from databeheer.access.bases import BasisKind, Row
from databeheer.clock import Clock
from databeheer.values import Role, format_instant
from web.database import engine
from web.public.bases import citation_members, legal_bases
from web.public.serving import public_json

blueprint = Blueprint("parties", __name__)

_PARTIES = text(
    "SELECT p.party_id, p.name, p.role, p.about, p.website, p.processing_url, p.created_at, p.suspended_at,"
    " o.name AS operator FROM registry.party p LEFT JOIN registry.operator o ON o.operator = p.operator"
    " ORDER BY p.role, p.name"
)


@dataclass(frozen=True)
class RegisteredParty:
    """A party as everybody may know it, with the rows of the catalogue for its role."""

    party_id: str
    name: str
    role: str
    about: str
    website: str
    processing_url: str
    since: datetime
    suspended_at: datetime | None
    bases: tuple[Row, ...]

    @property
    def by_law(self) -> tuple[Row, ...]:
        return tuple(row for row in self.bases if row.basis is BasisKind.LAW)

    @property
    def by_consent(self) -> tuple[Row, ...]:
        return tuple(row for row in self.bases if row.basis is BasisKind.CONSENT)


@blueprint.get("/register")
def page() -> ResponseReturnValue:
    """Show the register."""
    return render_template(
        "public/register.html", parties=registered(), version=legal_bases().version, today=_clock().now()
    )


@blueprint.get("/register.json")
def as_json() -> ResponseReturnValue:
    """The register for programs."""
    return public_json(
        {
            "catalogue_version": legal_bases().version,
            "generated_at": format_instant(_clock().now()),
            "parties": [_members(party) for party in registered()],
        }
    )


def registered() -> list[RegisteredParty]:
    """Return every party of the registry, by role and name."""
    with engine().connect() as connection:
        rows = connection.execute(_PARTIES).all()
    return [
        RegisteredParty(
            party_id=str(row.party_id),
            name=row.name,
            role=row.role,
            about=row.about or "",
            website=row.website if _is_web_address(row.website) else "",
            processing_url=row.processing_url if _is_web_address(row.processing_url) else "",
            since=row.created_at,
            suspended_at=row.suspended_at,
            bases=legal_bases().rows_of(Role(row.role)),
        )
        for row in rows
    ]


def _members(party: RegisteredParty) -> dict[str, Any]:
    return {
        "party_id": party.party_id,
        "name": party.name,
        "role": party.role,
        "about": party.about,
        "website": party.website or None,
        "processing_overview": party.processing_url or None,
        "since": format_instant(party.since),
        "suspended": party.suspended_at is not None,
        "legal_bases": [
            {
                "code": row.code,
                "basis": row.basis.value,
                "requires": sorted(row.requires),
                "citations": [citation_members(citation) for citation in row.citations],
            }
            for row in party.bases
        ],
    }


def _is_web_address(address: str | None) -> bool:
    """Only these become links: a party's own words never make a `javascript:` one."""
    return bool(address) and str(address).startswith(("https://", "http://"))


def _clock() -> Clock:
    clock: Clock = current_app.config["WEB_CLOCK"]
    return clock
