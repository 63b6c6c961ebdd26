"""What a grid operator or supplier can look up of its messages: those taken, announcements, contracts of its own."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from databeheer.door.access_register.receiving import view
from databeheer.door.access_register.sender import sender_of
from databeheer.door.commands.base import looking
from databeheer.door.house import House
from databeheer.door.names import open_text
from databeheer.door.proofs import AskerKind, Proof
from databeheer.errors import MalformedRequestError, NoLegalBasisError, UnauthenticatedError
from databeheer.registry import announcements, messages, supply
from databeheer.values import Role, format_instant

Place = TypeVar("Place")


def list_messages(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """A page of the asker's own messages that were taken, newest first."""
    limit = arguments["limit"]
    with looking(house, proof) as (connection, asker, _):
        party_id = _sender(connection, asker).party_id
        rows = messages.page(connection, party_id, _place(arguments, int), limit + 1)
    return {
        "messages": [view(house, row) for row in rows[:limit]],
        "next_cursor": str(rows[limit - 1].message_no) if len(rows) > limit else None,
    }


def list_announcements(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """A page of announced switches: a supplier's own, newest first; of a grid operator those that wait, oldest first.

    The grid operator sees who announces, where and from when; its term is 24 hours from the announcement.
    """
    limit = arguments["limit"]
    with looking(house, proof) as (connection, asker, now):
        sender, place = _sender(connection, asker), _place(arguments, UUID)
        if sender.operator is not None:
            rows = announcements.page_that_waits(connection, sender.operator, place, limit + 1)
        else:
            rows = announcements.page_of_party(connection, sender.party_id, place, limit + 1)
    is_grid = sender.operator is not None
    return {
        "announcements": [_announcement(house, row, now, is_grid=is_grid) for row in rows[:limit]],
        "next_cursor": str(rows[limit - 1].supply_request_id) if len(rows) > limit else None,
    }


def list_contracts(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """A page of a supplier's own contracts, in an order of their own: access point, from when, until when."""
    limit = arguments["limit"]
    with looking(house, proof) as (connection, asker, _):
        sender = _sender(connection, asker)
        if sender.role is not Role.SUPPLIER:
            raise NoLegalBasisError("supply contracts are listed for their supplier")
        rows = supply.page_of(connection, sender.party_id, _place(arguments, UUID), limit + 1)
    return {
        "contracts": [
            {
                "contract_id": str(row.supply_contract_id),
                "ean": open_text(house, "ean", row.access_point_id, bytes(row.ean_sealed)),
                "from": row.from_day.isoformat(),
                "until": row.until_day.isoformat() if row.until_day else None,
            }
            for row in rows[:limit]
        ],
        "next_cursor": str(rows[limit - 1].supply_contract_id) if len(rows) > limit else None,
    }


def _sender(connection: Any, asker: Any) -> Any:
    if asker.kind is not AskerKind.PARTY:
        raise UnauthenticatedError("use a grid operator's or supplier's access token")
    return sender_of(connection, asker)


def _announcement(house: House, row: Any, now: datetime, *, is_grid: bool) -> dict[str, Any]:
    due_at = row.received_at + announcements.TERM
    seen = {
        "announcement_id": str(row.supply_request_id),
        "state": row.state,
        "from": row.from_day.isoformat(),
        "received_at": format_instant(row.received_at),
        "due_at": format_instant(due_at),
        "decided_at": format_instant(row.decided_at) if row.decided_at else None,
    }
    if not is_grid:
        return seen
    return seen | {
        "ean": open_text(house, "ean", row.access_point_id, bytes(row.ean_sealed)),
        "supplier": {"party_id": str(row.party_id), "name": row.supplier},
        "is_overdue": due_at <= now,
    }


def _place(arguments: dict[str, Any], read: Callable[[str], Place]) -> Place | None:
    """Where in a list to go on: what was given as `next_cursor` of the page before."""
    if arguments["cursor"] is None:
        return None
    try:
        return read(arguments["cursor"])
    except ValueError as error:
        raise MalformedRequestError("cursor: of no list") from error
