"""What somebody of the house did, by time, from the ledger itself: for a manager and the inspector (R163)."""

from __future__ import annotations

from typing import Any

from marshmallow import fields
from sqlalchemy import text

from databeheer.brussels import day_bounds
from databeheer.door.bodies.opened import shared_body
from databeheer.door.commands.base import Command, Day, found, identifier, looking, schema
from databeheer.door.house import House
from databeheer.door.keys.at_hand import AtHand
from databeheer.door.keys.store import KeyStoreError
from databeheer.door.proofs import AskerKind, Proof
from databeheer.door.staff import paging
from databeheer.door.staff.asking import require_role, staff_name
from databeheer.errors import MalformedRequestError, UnauthenticatedError
from databeheer.staff import accounts, roles
from databeheer.values import format_instant

MOST = 500
_SAID = ("case", "kind", "role", "writes", "category", "purpose", "task", "what", "reason", "team")
"""What of an entry is shown of what somebody did; no name and no access point is among it."""


def show(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Show what one person of the house did in a span of Brussels days, the newest first; `MOST` a page.

    `before` is the line of the ledger that a page begins before, and `next` that of the page that follows; with
    `looks` what he looked at, or was refused to, and nothing else.

    Each line is opened from its entry of the ledger: when it happened, and with what. Of an entry that was erased with
    its customer's, it says that alone.
    """
    first, last = arguments["first"], arguments["last"]
    if last < first:
        raise MalformedRequestError("last: lies before first")
    with looking(house, proof, or_staff=True) as (connection, asker, _now):
        if asker.kind not in (AskerKind.STAFF, AskerKind.INSPECTOR):
            raise UnauthenticatedError("log in as an inspector")
        if asker.kind is AskerKind.STAFF:
            require_role(asker, *roles.load().reading("trail"))
        account = found(accounts.by_id(connection, arguments["account_id"]), "account")
        span = {
            "account": account.account_id,
            "start": day_bounds(first)[0],
            "stop": day_bounds(last)[1],
            "most": MOST + 1,
            "before": paging.beyond(arguments["before"]),
            "looks": arguments["looks"],
        }
        rows, following = paging.cut(list(connection.execute(_DEEDS, span)), MOST, "index")
        keys = AtHand(house)
        return {
            "name": staff_name(house, account),
            "lines": [
                {"index": row.index, "at": format_instant(row.at), "event": row.event}
                | {"case": row.reference, "said": _said(keys, row)}
                for row in rows
            ],
            "next": following,
        }


def people(house: House, proof: Proof, _: dict[str, Any]) -> dict[str, Any]:
    """Whose actions there are to see, and how many: for the inspector and who sees trails."""
    with looking(house, proof, or_staff=True) as (connection, asker, _now):
        if asker.kind not in (AskerKind.STAFF, AskerKind.INSPECTOR):
            raise UnauthenticatedError("log in as an inspector")
        if asker.kind is AskerKind.STAFF:
            require_role(asker, *roles.load().reading("trail"))
        return {
            "people": [
                {
                    "account_id": str(row.account_id),
                    "name": staff_name(house, row),
                    "team": row.team,
                    "looks": row.looks,
                    "refused": row.refused,
                    "deeds": row.deeds,
                }
                for row in connection.execute(_PEOPLE)
            ]
        }


def _said(keys: AtHand, row: Any) -> dict[str, Any]:
    try:
        said = shared_body(keys, row).said
    except KeyStoreError:
        return {"erased": True}
    return {name: said[name] for name in _SAID if said.get(name) not in (None, "")}


_DEEDS = text(
    "SELECT b.index, b.key_sealed, b.shared_sealed, d.at, d.event, c.reference FROM staff.deed d"
    " JOIN ledger.body b ON b.index = d.entry_index LEFT JOIN staff.case_file c USING (case_id)"
    " WHERE d.account_id = :account AND d.at >= :start AND d.at < :stop AND d.entry_index < :before"
    " AND (NOT :looks OR d.event IN ('data.read', 'data.refused')) ORDER BY d.entry_index DESC LIMIT :most"
)
_PEOPLE = text(
    "SELECT a.*, (SELECT count(*) FROM staff.deed d WHERE d.account_id = a.account_id) AS deeds,"
    " (SELECT count(*) FROM staff.deed d WHERE d.account_id = a.account_id AND d.event = 'data.read') AS looks,"
    " (SELECT count(*) FROM staff.refusal r WHERE r.account_id = a.account_id) AS refused"
    " FROM staff.account a ORDER BY a.created_at, a.account_id"
)

COMMANDS = (
    Command(
        "staff.trail",
        schema(
            account_id=identifier(),
            first=Day(required=True),
            last=Day(required=True),
            before=paging.before(),
            looks=fields.Boolean(load_default=False, truthy={True}, falsy={False}),
        ),
        show,
    ),
    Command("staff.trail.people", schema(), people),
)
