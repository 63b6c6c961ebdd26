"""The separate channel of the public centres for social welfare (OCMW): secret, and told to one at a time (R96).

How an OCMW reaches the data manager stands in a file of the door's and nowhere else: not in the database, not in the
web, on no page and in no answer but this one. Each telling is an entry. It is told to one that has a municipality now:
there it has its permanent mandate (R39), and outside it nothing.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import text

from databeheer.brussels import day_of
from databeheer.door.commands.base import Command, asker_of, identifier, looking, schema, short_text
from databeheer.door.house import House
from databeheer.door.proofs import AskerKind, Proof
from databeheer.door.staff.asking import Doer, require_role
from databeheer.door.statement import Statement
from databeheer.errors import ConflictError, MalformedRequestError, NotFoundError, UnauthenticatedError
from databeheer.registry import parties
from databeheer.staff import roles
from databeheer.values import Role


def tell(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Give the desk, or the operator, the channel, to hand to one OCMW in person or by a letter by name.

    `by` is who gives it under the operator's key, which names nobody; a session says itself who it is.

    Raises:
        NotFoundError: this house has no such channel, or no such party.
        ConflictError: the party is no OCMW, or is competent for no municipality now.
    """
    by = arguments["by"]
    with house.turn() as turn:
        asker = asker_of(turn, house, proof, AskerKind.OPERATOR, AskerKind.STAFF)
        require_role(asker, *roles.load().writing("contacts"), writing=True)
        if (asker.kind is AskerKind.OPERATOR) is not bool(by):
            raise MalformedRequestError("by: the operator's key names who asks, and a session nobody")
        if not house.ocmw_channel:
            raise NotFoundError("no channel for OCMWs is set: DATABEHEER_OCMW_CHANNEL_FILE of the door")
        party = parties.get(turn.connection, arguments["party_id"])
        if party.role != Role.WELFARE_CENTRE:
            raise ConflictError("this channel is told to an OCMW alone")
        if not _standing(turn.connection, turn.now, party.party_id):
            raise ConflictError("this OCMW has no municipality now: register its territory first")
        said = {"party": str(arguments["party_id"])} | ({"by": by} if by else {})
        record = Doer(asker, asker.employee, asker.account_id).record(
            turn, Statement("ocmw_channel.told", said)
        )
    return {"channel": house.ocmw_channel, "index": record.index}


def list_all(house: House, proof: Proof, _: dict[str, Any]) -> dict[str, Any]:
    """The OCMWs that are competent for a municipality now, each with these (NIS codes): its mandate goes no further."""
    with looking(house, proof, or_staff=True) as (connection, asker, now):
        if asker.kind not in (AskerKind.STAFF, AskerKind.OPERATOR):
            raise UnauthenticatedError("log in as staff")
        require_role(asker, *roles.load().reading("contacts"))
        return {
            "centres": [
                {"party_id": str(row.party_id), "name": row.name, "municipalities": row.municipalities}
                for row in _standing(connection, now)
            ],
            "has_channel": bool(house.ocmw_channel),
        }


def _standing(connection: Any, now: Any, party_id: Any = None) -> list[Any]:
    return list(connection.execute(_CENTRES, {"today": day_of(now), "party": party_id}))


_CENTRES = text(
    "SELECT p.party_id, p.name, array_agg(t.municipality ORDER BY t.municipality) AS municipalities"
    " FROM registry.party p JOIN registry.territory t USING (party_id)"
    " WHERE p.role = 'welfare_centre' AND p.suspended_at IS NULL"
    " AND t.from_day <= :today AND (t.until_day IS NULL OR t.until_day > :today)"
    " AND (CAST(:party AS uuid) IS NULL OR p.party_id = :party)"
    " GROUP BY p.party_id, p.name ORDER BY p.name, p.party_id"
)

COMMANDS = (
    Command("ocmw.channel", schema(party_id=identifier(), by=short_text(required=False)), tell),
    Command("ocmw.list", schema(), list_all),
)
