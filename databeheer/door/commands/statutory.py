"""Who may see a person's data by law, without his consent: kept apart from his consents (R40)."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from databeheer.access.bases import Category, Row
from databeheer.access.explain import Language, citation_text
from databeheer.access.intervals import Interval
from databeheer.access.standing import roles_with_standing, standing_by_law
from databeheer.door.commands.base import Command, looking, schema
from databeheer.door.commands.statements import require_customer
from databeheer.door.commands.views import party_view
from databeheer.door.facts.of_requests import standing_facts_of
from databeheer.door.house import House
from databeheer.door.proofs import Asker, Proof
from databeheer.storage.look import Look, Work
from databeheer.values import format_instant


def statutory(house: House, proof: Proof, _: dict[str, Any]) -> dict[str, Any]:
    """List each party with standing by law on an own access point, with its ground, article and days."""
    with looking(house, proof, or_attorney=True) as (connection, asker, now):
        require_customer(asker)
        look = Look(connection)
        return {"parties": look.do(by_law(house, look, asker, now))}


def by_law(house: House, look: Look, asker: Asker, now: datetime) -> Work[list[dict[str, Any]]]:
    """Return what `statutory.list` answers a customer.

    Derived from the catalogue and the facts that decisions are made of, so that nobody with a ground is left out.
    """
    homes = look.ask(_STAYS, {"person": asker.person_id})
    known = look.ask(_PARTIES, {"roles": sorted(roles_with_standing(house.catalogue))})
    yield
    stays: dict[UUID, UUID] = {
        row.occupancy_id: row.access_point_id for row in homes if asker.reaches(row.occupancy_id)
    }
    parties = {row.party_id: row for row in known}
    book = yield from standing_facts_of(look, now, points=set(stays.values()), parties=set(parties))
    found: list[dict[str, Any]] = []
    for occupancy_id, point_id in stays.items():
        point = book.points[point_id]
        home = next((one for one in point.occupancies if one.id == str(occupancy_id)), None)
        if home is None:  # it ended on the day it began
            continue
        for party_id, party in parties.items():
            facts = book.facts(point, party_id, None)
            for row, period in standing_by_law(facts, home, now, house.catalogue):
                if point.commodity == "electricity" or not row.categories <= _OF_ELECTRICITY:
                    found.append(_view(party, row, occupancy_id, period))
    return found


def _view(party: Any, row: Row, occupancy_id: UUID, period: Interval) -> dict[str, Any]:
    return {
        "party": party_view(party),
        "ground": row.code,
        "sentence_nl": row.sentence_nl,
        "citation": citation_text(row.citation, Language.DUTCH),
        "occupancy_id": str(occupancy_id),
        "from": format_instant(period.start),
        "until": format_instant(period.end) if period.end else None,
    }


_OF_ELECTRICITY = frozenset({Category.SUPPLY_QUALITY})
"""The law speaks of electricity alone (3.1.45, paragraph 3, draft 2018), and no gas meter registers it."""

_STAYS = text(
    "SELECT occupancy_id, access_point_id FROM registry.occupancy WHERE person_id = :person ORDER BY from_day DESC"
)
_PARTIES = text(
    "SELECT * FROM registry.party WHERE role = ANY(:roles) AND NOT awaits_approval ORDER BY name, party_id"
)

COMMANDS = (Command("statutory.list", schema(), statutory),)
