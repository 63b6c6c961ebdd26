"""How many of somebody's newest lines a choice of kind, party and days leaves: a page says what it does not show."""

from __future__ import annotations

from typing import Any

from sqlalchemy import text

from databeheer.door.commands.base import Command, Day, identifier, looking, one_of, schema
from databeheer.door.commands.statements import EVENTS, KINDS, own_handles, require_customer
from databeheer.door.house import House
from databeheer.door.proofs import Proof

MOST_COUNTED = 10_000
"""So many of the newest are looked at: whoever is read every minute does not make the page slow."""


def count_statements(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Count the person's newest `MOST_COUNTED` lines, and those among them that are chosen; none is opened.

    Answers `all`, `chosen` and `most`; where `all` is `most`, there may be more.
    """
    with looking(house, proof, or_attorney=True) as (connection, asker, _now):
        require_customer(asker)
        handles = own_handles(house, connection, asker, arguments["occupancy_id"])
        wanted = {
            "handles": list(handles),
            "events": list(EVENTS[arguments["kind"]]) if arguments["kind"] else None,
            **{name: arguments[name] for name in ("party_id", "first", "last")},
        }
        found = connection.execute(_COUNT, wanted | {"most": MOST_COUNTED}).one()
    return {"all": found.every, "chosen": found.chosen, "most": MOST_COUNTED}


_COUNT = text(
    "SELECT count(*) AS every, count(*) FILTER (WHERE"
    " (CAST(:events AS text[]) IS NULL OR event = ANY(:events))"
    " AND (CAST(:party_id AS uuid) IS NULL OR party_id = :party_id)"
    " AND (CAST(:first AS date) IS NULL OR day >= :first) AND (CAST(:last AS date) IS NULL OR day <= :last)"
    ") AS chosen FROM ("
    " SELECT one.* FROM unnest(CAST(:handles AS bytea[])) AS own (own_handle) CROSS JOIN LATERAL ("
    "  SELECT index, event, party_id, day FROM ledger.statement WHERE handle = own_handle"
    "  ORDER BY index DESC LIMIT :most) one ORDER BY one.index DESC LIMIT :most"
    ") newest"
)

COMMANDS = (
    Command(
        "statements.count",
        schema(
            occupancy_id=identifier(required=False),
            kind=one_of(*KINDS, required=False),
            party_id=identifier(required=False),
            first=Day(load_default=None, allow_none=True),
            last=Day(load_default=None, allow_none=True),
        ),
        count_statements,
    ),
)
