"""What the ledger says to a party, as a list: its reads and refusals, and every other entry of which it has a receipt.

Each is opened as its receipt opens it: the half that party and subjects share, and nothing of a subject's own.
"""

from __future__ import annotations

from typing import Any

from marshmallow import fields, validate
from sqlalchemy import text

from databeheer.door.bodies.opened import shared_body
from databeheer.door.commands.base import Command, Day, looking, one_of, schema
from databeheer.door.commands.explaining import DECISIONS
from databeheer.door.house import House
from databeheer.door.keys.store import KeyStoreError
from databeheer.door.proofs import AskerKind, Proof
from databeheer.door.reads.bulk_statements import EVENT as BULK_EVENT
from databeheer.errors import UnauthenticatedError

KINDS = {"reads": ["data.read", BULK_EVENT], "refusals": ["data.refused"]}
"""What the list can be narrowed to. A read of many at once is among the reads, whatever came of each."""
_SAID = ("granularity", "directions", "mode", "slots", "points")


def list_own(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """List the entries that name the asking party, newest first, by pages; a suspended party's too.

    `first` and `last` are Brussels days, both included.
    """
    limit = arguments["limit"]
    with looking(house, proof, or_suspended=True) as (connection, asker, _now):
        if asker.kind is not AskerKind.PARTY:
            raise UnauthenticatedError("use a party's access token")
        rows = connection.execute(
            _OWN,
            {
                "party": asker.party_id,
                "events": KINDS[arguments["kind"]] if arguments["kind"] else None,
                "first": arguments["first"],
                "last": arguments["last"],
                "before": arguments["cursor"],
                "limit": limit + 1,
            },
        ).all()
        shown = [_view(house, row) for row in rows[:limit]]
    return {"entries": shown, "next_cursor": shown[-1]["index"] if len(rows) > limit else None}


def _view(house: House, row: Any) -> dict[str, Any]:
    """One entry: what stands in clear beside it, and what its shared half says; that is None where it was erased."""
    try:
        said: dict[str, Any] | None = shared_body(house, row).said
    except KeyStoreError:
        said = None
    return {
        "index": row.index,
        "event": row.event,
        "day": row.day.isoformat(),
        "at": said and said["at"],
        "ground": row.ground or None,
        "permission": (said or {}).get("permission") or None,
        "asked": (said or {}).get("asked"),
        **{name: (said or {}).get(name) for name in _SAID},
        "is_decision": row.event in DECISIONS and said is not None,
        "is_erased": said is None,
    }


_OWN = text(
    "SELECT index, day, ground, event, key_sealed, shared_sealed FROM ledger.body WHERE party_id = :party"
    " AND (CAST(:before AS bigint) IS NULL OR index < :before)"
    " AND (CAST(:events AS text[]) IS NULL OR event = ANY(CAST(:events AS text[])))"
    " AND (CAST(:first AS date) IS NULL OR day >= :first AND month >= date_trunc('month', CAST(:first AS date)) - "
    "interval '1 month')"
    " AND (CAST(:last AS date) IS NULL OR day <= :last)"
    " ORDER BY index DESC LIMIT :limit"
)

COMMANDS = (
    Command(
        "entries.list",
        schema(
            kind=one_of(*KINDS, required=False),
            first=Day(load_default=None, allow_none=True),
            last=Day(load_default=None, allow_none=True),
            cursor=fields.Integer(
                load_default=None, allow_none=True, strict=True, validate=validate.Range(0, 2**53)
            ),
            limit=fields.Integer(load_default=50, strict=True, validate=validate.Range(1, 200)),
        ),
        list_own,
    ),
)
