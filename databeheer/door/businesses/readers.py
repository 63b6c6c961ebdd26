"""Who may read at a business's access points: for a page of them at a time, and how many there are of each party."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from marshmallow import fields, validate
from sqlalchemy import text

from databeheer.door.businesses.many import require_business
from databeheer.door.commands.base import Command, identifier, looking, schema
from databeheer.door.commands.permission_views import views_of
from databeheer.door.commands.statements import require_customer
from databeheer.door.commands.statutory import by_law
from databeheer.door.commands.views import party_view
from databeheer.door.house import House
from databeheer.door.proofs import Proof
from databeheer.identity.representations import Power
from databeheer.permissions import finding
from databeheer.permissions.finding import Viewer
from databeheer.permissions.states import LIVE
from databeheer.permissions.timing import IS_LIVE, state_at
from databeheer.storage.look import Look, Work, together

MOST_AT_ONCE = 100


def show(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Return who may read at these own access points, by consent and by law, as `overview.show` has them.

    `given`: every party with a live permission of the business, and for how many of all its access points.
    """
    with looking(house, proof) as (connection, asker, now):
        require_customer(asker)
        require_business(asker)
        stays: frozenset[UUID] = frozenset(arguments["occupancy_ids"])
        look = Look(connection)
        given = look.ask(_GIVEN, {"person": asker.person_id, "now": now})
        permissions, lawful = look.do(
            together(
                _live(house, look, Viewer(asker.person_id, None, stays), now),
                by_law(house, look, replace(asker, power=Power(decides=False, stays=stays)), now),
            )
        )
        return {
            "permissions": permissions,
            "statutory": lawful,
            "given": [{"party": party_view(row), "points": row.points} for row in given],
        }


def _live(house: House, look: Look, viewer: Viewer, now: datetime) -> Work[list[dict[str, Any]]]:
    rows = finding.ask_all_of(look, viewer, now=now) if viewer.stays else []
    yield
    live = [row for row in rows if state_at(row, now)[0] in LIVE]
    return (
        yield from views_of(
            house, look, live, now, person_id=viewer.person_id, for_party=False, with_return_urls=False
        )
    )


def show_given(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Return what a party has of the business now: each live permission, for which access point, why and how finely."""
    with looking(house, proof) as (connection, asker, now):
        require_customer(asker)
        require_business(asker)
        asked = {"person": asker.person_id, "party": arguments["party_id"], "now": now}
        return {
            "permissions": [
                {
                    "permission_id": str(row.permission_id),
                    "occupancy_id": str(row.occupancy_id),
                    "purpose": row.purpose,
                    "granularity": row.granularity,
                    "party": party_view(row),
                }
                for row in connection.execute(_OF_PARTY, asked)
            ]
        }


# `IS_LIVE` is a text of ours; what a caller gives is a parameter (S608).
_GIVEN = text(
    "SELECT y.party_id, y.name, y.role, y.about, y.website, count(DISTINCT p.occupancy_id) AS points"  # noqa: S608  our own
    f" FROM permissions.permission p JOIN registry.party y USING (party_id) WHERE p.person_id = :person AND {IS_LIVE}"
    " GROUP BY y.party_id ORDER BY lower(y.name), y.party_id"
)
_OF_PARTY = text(
    "SELECT p.permission_id, p.occupancy_id, p.purpose, p.granularity, y.party_id, y.name, y.role, y.about, y.website"  # noqa: S608  our own
    " FROM permissions.permission p JOIN registry.party y USING (party_id)"
    f" WHERE p.person_id = :person AND p.party_id = :party AND {IS_LIVE} ORDER BY p.purpose, p.permission_id"
)

COMMANDS = (
    Command(
        "business.readers",
        schema(
            occupancy_ids=fields.List(identifier(), required=True, validate=validate.Length(max=MOST_AT_ONCE))
        ),
        show,
    ),
    Command("business.given", schema(party_id=identifier()), show_given),
)
