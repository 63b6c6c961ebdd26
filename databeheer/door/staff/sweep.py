"""What time did to accounts and roles of staff, written down by the clerk (R157, R160, R161, R169)."""

from __future__ import annotations

from typing import Any

from marshmallow import fields, validate

from databeheer.door.commands.base import Command, clerk_or_operator, schema
from databeheer.door.house import House
from databeheer.door.proofs import Proof
from databeheer.door.staff.leaving import end_account, end_role, role_said
from databeheer.door.statement import Statement
from databeheer.door.sweeping import SKIP, sweep_each
from databeheer.door.turn import Turn
from databeheer.identity import sessions
from databeheer.staff import accounts, grants

MOST = 200
UNUSED = "unused"


def sweep(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Suspend roles that nobody confirmed, end those whose period is over; block, end and forget unused accounts.

    Nothing of it widens what anybody may do: for who asks, time did it already.
    """
    with house.turn() as turn:
        clerk_or_operator(turn, house, proof)
        skip, limit = arguments["skip"], arguments["limit"]
        due = [(f"role_{step}", row) for step, row in grants.over(turn.connection, turn.now, skip + limit)]
        due += [
            (f"account_{step}", row) for step, row in accounts.unused(turn.connection, turn.now, skip + limit)
        ]
        due = due[skip : skip + limit]
        return sweep_each(turn, due, limit, lambda one: _write_down(turn, *one))


def _write_down(turn: Turn, step: str, row: Any) -> str:
    if step == "role_ended":
        end_role(turn, row, "period_over")
    elif step == "role_suspended":
        grants.suspend(turn.connection, row.grant_id, turn.now)
        turn.record(Statement("staff.role.suspended", role_said(row)))
    elif step == "account_ended":
        end_account(turn, row, UNUSED)
    elif step == "account_blocked":
        accounts.block(turn.connection, row.account_id, UNUSED, turn.now)
        sessions.end_of_staff(turn.connection, bytes(row.subject_hash), turn.now)
        said = {"account": str(row.account_id), "why": UNUSED}
        turn.record(Statement("staff.account.blocked", said))
    else:
        accounts.delete(turn.connection, row.account_id, turn.now)
        turn.record(Statement("staff.account.deleted", {"account": str(row.account_id)}))
    return f"staff_{step}"


COMMANDS = (
    Command(
        "staff.sweep",
        schema(
            skip=SKIP,
            limit=fields.Integer(load_default=MOST, strict=True, validate=validate.Range(1, MOST)),
        ),
        sweep,
    ),
)
