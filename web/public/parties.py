"""`/register`: who may ask for data, on which legal basis, how and on what conditions (R5); from the live registry."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

from flask import Blueprint, current_app, render_template
from flask.typing import ResponseReturnValue
from sqlalchemy import text

from databeheer.access.bases import BasisKind, Row
from databeheer.brussels import day_of
from databeheer.clock import Clock
from databeheer.values import Role, format_instant
from web.database import engine
from web.public.bases import citation_members, legal_bases
from web.public.serving import public_json

blueprint = Blueprint("parties", __name__)

PROCEDURE = (
    "Een rol uit artikel 4.1.22/5 van het Energiedecreet",
    "Een datatoegangscontract met de netbeheerder, waar de rol dat vraagt",
    "Een gegevensbeschermingseffectbeoordeling van hoogstens twee jaar oud, en een overzicht van verwerkingen",
    "Een eigen sleutel of geheim waarmee haar programma zich aanmeldt",
)
"""How a party gets in, in Dutch; the page says the same at more length."""

_PARTIES = text(
    "SELECT p.party_id, p.name, p.role, p.about, p.website, p.processing_url, p.created_at, p.suspended_at,"
    " p.contact_people, p.contact_authority,"
    " o.name AS operator FROM registry.party p LEFT JOIN registry.operator o ON o.operator = p.operator"
    " ORDER BY p.role, p.name"
)
# What is in force today: which law lets an authority know (R14), where a welfare centre has its mandate (R39).
_LAWS = text(
    "SELECT party_id, act, version, article FROM registry.authorisation"
    " WHERE from_day <= :today AND (until_day IS NULL OR until_day > :today) ORDER BY act, article"
)
_TERRITORIES = text(
    "SELECT party_id, municipality FROM registry.territory"
    " WHERE from_day <= :today AND (until_day IS NULL OR until_day > :today) ORDER BY municipality"
)


# What still stands: an overview that was looked for and not found is none.
_OVERVIEWS = text(
    "SELECT party_id, url, checked_at FROM registry.processing_overview WHERE unreachable_from IS NULL"
)


@dataclass(frozen=True)
class Law:
    """A law, decree or ordinance that authorises a party to know data."""

    act: str
    version: str
    article: str


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
    contact_people: str
    contact_authority: str
    bases: tuple[Row, ...]
    authorised_by: tuple[Law, ...] = ()
    municipalities: tuple[str, ...] = ()
    overview_seen_at: datetime | None = None
    """When somebody last saw its overview of processing where it says that it is; None where nobody did (R6)."""

    @property
    def by_law(self) -> tuple[Row, ...]:
        return tuple(row for row in self.bases if row.basis is BasisKind.LAW)

    @property
    def by_consent(self) -> tuple[Row, ...]:
        return tuple(row for row in self.bases if row.basis is BasisKind.CONSENT)


@blueprint.get("/register")
def page() -> ResponseReturnValue:
    """Show the register."""
    parties = registered()
    return render_template(
        "public/register.html",
        parties=parties,
        version=legal_bases().version,
        own_version=version([_members(party) for party in parties]),
        today=_clock().now(),
    )


@blueprint.get("/register.json")
def as_json() -> ResponseReturnValue:
    """The register for programs."""
    parties = [_members(party) for party in registered()]
    return public_json(
        {
            "version": version(parties),
            "catalogue_version": legal_bases().version,
            "generated_at": format_instant(_clock().now()),
            "procedure": PROCEDURE,
            "parties": parties,
        }
    )


def registered() -> list[RegisteredParty]:
    """Return every party of the registry, by role and name."""
    today = {"today": day_of(_clock().now())}
    laws: dict[UUID, list[Law]] = defaultdict(list)
    places: dict[UUID, list[str]] = defaultdict(list)
    with engine().connect() as connection:
        rows = connection.execute(_PARTIES).all()
        for row in connection.execute(_LAWS, today):
            laws[row.party_id].append(Law(row.act, row.version, row.article))
        for row in connection.execute(_TERRITORIES, today):
            places[row.party_id].append(row.municipality)
        seen = {row.party_id: row for row in connection.execute(_OVERVIEWS)}
    return [
        RegisteredParty(
            party_id=str(row.party_id),
            name=row.name,
            role=row.role,
            about=row.about or "",
            website=row.website if _is_web_address(row.website) else "",
            processing_url=_overview(row, seen.get(row.party_id)),
            since=row.created_at,
            suspended_at=row.suspended_at,
            contact_people=row.contact_people or "",
            contact_authority=row.contact_authority or "",
            bases=legal_bases().rows_of(Role(row.role)),
            authorised_by=tuple(laws[row.party_id]),
            municipalities=tuple(places[row.party_id]),
            overview_seen_at=seen[row.party_id].checked_at if row.party_id in seen else None,
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
        "processing_overview_seen_at": format_instant(party.overview_seen_at)
        if party.overview_seen_at
        else None,
        "since": format_instant(party.since),
        "suspended": party.suspended_at is not None,
        "contact_for_people": party.contact_people or None,
        "contact_for_authority": party.contact_authority or None,
        "authorised_by": [asdict(law) for law in party.authorised_by],
        "municipalities": list(party.municipalities),
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


def _overview(party: Any, seen: Any | None) -> str:
    """Where its overview of processing was seen, or else where the party says that it is."""
    address = party.processing_url if seen is None else seen.url
    return str(address) if _is_web_address(address) else ""


def version(parties: Sequence[Mapping[str, Any]]) -> str:
    """Name what the register says: whatever changes in it gives it another version (R5)."""
    made_of = {"catalogue": legal_bases().version, "parties": list(parties)}
    return sha256(json.dumps(made_of, sort_keys=True).encode()).hexdigest()[:12]


def _is_web_address(address: str | None) -> bool:
    """Only these become links: a party's own words never make a `javascript:` one."""
    return bool(address) and str(address).startswith(("https://", "http://"))


def _clock() -> Clock:
    clock: Clock = current_app.config["WEB_CLOCK"]
    return clock
