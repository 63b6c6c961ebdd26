"""How an account or a role ends, whoever ends it: at once, with its sessions, and in the journal of ends."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from databeheer import clocks
from databeheer.door.restore.ends import Ending
from databeheer.door.statement import Record, Statement
from databeheer.door.turn import Turn
from databeheer.identity import sessions
from databeheer.staff import accounts, cases, grants

REVIEW = "staff_role_review"
"""The clock of a role: a manager says within half a year that it is still needed."""

Recording = Callable[[Turn, Statement], Record]


def recorded(turn: Turn, statement: Statement) -> Record:
    """Record what nobody of the house did: time, or what HR said."""
    return turn.record(statement)


def end_account(
    turn: Turn, account: Any, why: str, record: Recording = recorded, said: dict[str, Any] | None = None
) -> bool:
    """End an account with its roles and live sessions, in the middle of one; its cases are its team's (R158).

    False where it had ended.
    """
    if not accounts.end(turn.connection, account.account_id, why, turn.now):
        return False
    held = grants.of_account(turn.connection, account.account_id)
    for grant in held:
        clocks.drop(turn.connection, REVIEW, grant.grant_id, turn.now)
    grants.end_of_account(turn.connection, account.account_id, why, turn.now)
    ended = sessions.end_of_staff(turn.connection, bytes(account.subject_hash), turn.now)
    left = cases.leave_to_team(turn.connection, account.account_id, account.team)
    turn.end(Ending.STAFF_ACCOUNT, account.account_id)
    members = {
        "account": str(account.account_id),
        "why": why,
        "roles": len(held),
        "sessions": ended,
        "cases": left,
    }
    record(turn, Statement("staff.account.ended", members | (said or {})))
    return True


def end_role(
    turn: Turn, grant: Any, why: str, record: Recording = recorded, said: dict[str, Any] | None = None
) -> Record | None:
    """End a role, or what was asked; None where it had ended."""
    if not grants.end(turn.connection, grant.grant_id, why, turn.now):
        return None
    clocks.drop(turn.connection, REVIEW, grant.grant_id, turn.now)
    turn.end(Ending.STAFF_ROLE, grant.grant_id)
    members = role_said(grant) | {"why": why}
    return record(turn, Statement("staff.role.ended", members | (said or {})))


def role_said(grant: Any) -> dict[str, Any]:
    """What an entry says of a role."""
    return {
        "role": grant.role,
        "writes": grant.writes,
        "account": str(grant.account_id),
        "grant": str(grant.grant_id),
    }
