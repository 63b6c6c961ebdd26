"""What those who run the systems look at: services, what waits, what is due, the door and the ledger; nobody's data."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, text

from databeheer import clocks
from databeheer.clocks import Actor, Clock
from databeheer.door.commands.base import Command, looking, schema
from databeheer.door.governance import measures
from databeheer.door.house import House
from databeheer.door.proofs import AskerKind, Proof
from databeheer.door.staff.asking import require_role
from databeheer.errors import UnauthenticatedError
from databeheer.oversight import public_services, worklists
from databeheer.staff import roles
from databeheer.values import format_instant

COMING_DAYS = 14
MOST_DUE = 50


def show(house: House, proof: Proof, _: dict[str, Any]) -> dict[str, Any]:
    """The state of the house for its operator (R95): no customer, access point or reading is in it."""
    with looking(house, proof, or_staff=True) as (connection, asker, now):
        if asker.kind not in (AskerKind.STAFF, AskerKind.OPERATOR):
            raise UnauthenticatedError("log in as staff")
        require_role(asker, *roles.load().reading("systems"))
        soon = now + timedelta(days=COMING_DAYS)
        overdue = clocks.due(connection, now, actor=Actor.DATA_MANAGER, limit=MOST_DUE)
        coming = clocks.coming(connection, now, soon, actor=Actor.DATA_MANAGER, limit=MOST_DUE)
        drill = measures.last_closure(house, connection)
        head = connection.execute(_HEAD).one()
        return {
            "at": format_instant(now),
            "services": _services(connection),
            "drill": drill and {"held_on": drill.says["held_on"], "minutes": drill.says["minutes"]},
            "worklists": [_waiting(one) for one in worklists.worklists(connection)],
            "queues": [_waiting(one) for one in worklists.queues(connection)],
            "overdue": [_due(one) for one in overdue],
            "coming": [_due(one) for one in coming],
            "ledger": {"entries": head.size},
            "door": {"waiting": house.queue.waiting},
        }


def _services(connection: Connection) -> list[dict[str, Any]]:
    """Each public service: whether it is open, since when, and its last changes."""
    every = public_services.changes(connection)
    found = []
    for service in public_services.SERVICES:
        own = [one for one in every if one.service == service]
        found.append(
            {
                "service": service,
                "is_open": not own or not own[0].is_closed,
                "changes": [
                    {"is_closed": one.is_closed, "reason": one.reason, "at": format_instant(one.at)}
                    for one in own
                ],
            }
        )
    return found


def _waiting(one: worklists.Waiting) -> dict[str, Any]:
    return {
        "name": one.name,
        "waiting": one.waiting,
        "oldest_at": one.oldest_at and format_instant(one.oldest_at),
        "dead": one.dead,
    }


def _due(clock: Clock) -> dict[str, Any]:
    return {"kind": clock.kind, "due_at": format_instant(clock.due_at)}


_HEAD = text("SELECT size FROM ledger.head")

COMMANDS = (Command("systems.show", schema(), show),)
