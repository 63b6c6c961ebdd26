"""Commands of accounts and roles: who works here, what he may, given by two people (R156 to R162, R166)."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

from marshmallow import ValidationError, fields, validate

from databeheer import clocks
from databeheer.door.commands.base import (
    Command,
    Day,
    Instant,
    flag,
    found,
    identifier,
    looking,
    one_of,
    schema,
    short_text,
    without_ean,
)
from databeheer.door.commands.login import subject_hash
from databeheer.door.house import House
from databeheer.door.names import open_text, seal_text
from databeheer.door.proofs import Asker, AskerKind, Proof
from databeheer.door.staff import leaving
from databeheer.door.staff.asking import (
    doer_of,
    employee_hash,
    require_role,
    seal_staff_name,
    staff_name,
)
from databeheer.door.staff.leaving import REVIEW, role_said
from databeheer.door.statement import Statement
from databeheer.door.turn_queue import TurnLane
from databeheer.errors import ConflictError, MalformedRequestError, UnauthenticatedError
from databeheer.staff import accounts, grants, roles
from databeheer.staff.numbers import one_number
from databeheer.values import format_instant

GIVERS = ("manager", "security_officer")
"""Who approves a role, and sees who has which; they and the administrator ask for one."""
ASKERS = (*GIVERS, "administrator")
REVIEWERS = ("manager",)
HR_CHECK, THE_CHECK = "staff_hr_check", UUID(int=84)
"""The weekly clock, and what it is about: there is one check, of all accounts."""
_ROLE_CODES = tuple(roles.load().by_code)


def me(house: House, proof: Proof, _: dict[str, Any]) -> dict[str, Any]:
    """Who of the house is logged in, with the roles that count now and what keeps the others from counting."""
    with looking(house, proof, or_staff=True) as (connection, asker, _now):
        one = _staff(asker)
        account = accounts.by_id(connection, found(one.account_id, "account"))
        held = grants.of_account(connection, found(one.account_id, "account"))
        return {
            "name": staff_name(house, account),
            "account_id": str(one.account_id),
            "team": one.team,
            "is_external": one.is_external,
            "roles": sorted(one.roles),
            "writes": sorted(one.writes),
            "lacks": list(one.lacks),
            "grants": [_grant_view(house, grant) for grant in held],
        }


def add_account(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Make an account of somebody who works here; it has no role yet.

    `employee` is the number that HR has for this person, and `subject` what the identity provider calls him: both are
    kept as keyed hashes.

    Raises:
        ConflictError: this person, or this log-in, has a live account: nobody shares one (R162).
    """
    account_id = uuid4()
    with house.turn() as turn:
        doer = doer_of(turn, house, proof, "administrator", writing=True, by=arguments["by"])
        accounts.add(
            turn.connection,
            accounts.Newcomer(
                account_id,
                subject_hash(house, arguments["subject"]),
                employee_hash(house, arguments["employee"]),
                seal_staff_name(house, account_id, arguments["name"]),
                arguments["team"],
                arguments["external"],
                arguments["clause_signed_on"],
                arguments["trained_until"],
            ),
            turn.now,
        )
        clocks.start(
            turn.connection, HR_CHECK, THE_CHECK, turn.now
        )  # once; from then on it is done each week
        said = {
            "account": str(account_id),
            "team": arguments["team"],
            "external": arguments["external"],
            "check": str(THE_CHECK),
        }
        record = doer.record(turn, Statement("staff.account.added", said))
    return record.answer() | {"account_id": str(account_id)}


def show_papers(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Keep that somebody signed the clause, and until when his training counts; nobody does so for himself (R166)."""
    with house.turn() as turn:
        doer = doer_of(
            turn, house, proof, "confidentiality_coordinator", "manager", writing=True, by=arguments["by"]
        )
        account = found(accounts.by_id(turn.connection, arguments["account_id"]), "account")
        if account.ended_at is not None:
            raise ConflictError("this account has ended")
        if bytes(account.employee_hash) == doer.employee:
            raise ConflictError("somebody else keeps what you signed and learned")
        signed, trained = arguments["clause_signed_on"], arguments["trained_until"]
        accounts.show_papers(turn.connection, account.account_id, signed, trained)
        said = {
            "account": str(account.account_id),
            "clause_signed_on": signed and signed.isoformat(),
            "trained_until": trained and trained.isoformat(),
        }
        record = doer.record(turn, Statement("staff.account.papers", said))
    return record.answer()


def ask_role(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Ask for a role for somebody; it counts once another person approved it (R159)."""
    grant_id = uuid4()
    with house.turn() as turn:
        doer = doer_of(turn, house, proof, *ASKERS, writing=True, by=arguments["by"])
        account = found(accounts.by_id(turn.connection, arguments["account_id"]), "account")
        if account.ended_at is not None:
            raise ConflictError("this account has ended")
        grants.ask(
            turn.connection,
            account,
            arguments["role"],
            writes=arguments["writes"],
            until=arguments["until"],
            reason_sealed=seal_text(house, "staff-role", grant_id, arguments["reason"]),
            grant_id=grant_id,
            by=doer.employee,
            now=turn.now,
            index=turn.next_index,
        )
        grant = grants.find(turn.connection, grant_id)
        record = doer.record(turn, Statement("staff.role.asked", role_said(grant)))
    return record.answer() | {"grant_id": str(grant_id)}


def approve_role(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Let a role count: neither who asked for it, nor who gets it, under whatever account (R156).

    Raises:
        ConflictError: the same person; a role that goes not with it (R168); a period that is too long (R157).
    """
    with house.turn() as turn:
        doer = doer_of(turn, house, proof, *GIVERS, writing=True, by=arguments["by"])
        grant = found(grants.find(turn.connection, arguments["grant_id"]), "role that was asked")
        grants.approve(turn.connection, grant, doer.employee, turn.now, turn.next_index)
        clocks.start(turn.connection, REVIEW, grant.grant_id, turn.now)
        record = doer.record(turn, Statement("staff.role.given", role_said(grant)))
    return record.answer()


def confirm_role(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """A manager says that a role of somebody else is still needed: it counts for half a year more (R160, R161).

    Raises:
        ConflictError: it is the manager's own, under whatever account, or is none that counted.
    """
    with house.turn() as turn:
        doer = doer_of(turn, house, proof, *REVIEWERS, writing=True, by=arguments["by"])
        grant = found(grants.find(turn.connection, arguments["grant_id"]), "role")
        grants.confirm(turn.connection, grant, doer.employee, turn.now)
        clocks.meet(turn.connection, REVIEW, grant.grant_id, turn.now)
        clocks.start(turn.connection, REVIEW, grant.grant_id, turn.now)
        record = doer.record(turn, Statement("staff.role.confirmed", role_said(grant)))
    return record.answer()


def end_role(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """End a role now, or what was asked; it takes one person: what narrows access waits for nobody."""
    with house.turn(TurnLane.ENDS) as turn:
        doer = doer_of(turn, house, proof, *ASKERS, writing=True, by=arguments["by"])
        grant = found(grants.find(turn.connection, arguments["grant_id"]), "role")
        record = leaving.end_role(turn, grant, "ended", doer.record)
        if record is None:
            raise ConflictError("this role has ended already")
    return record.answer()


def list_accounts(house: House, proof: Proof, _: dict[str, Any]) -> dict[str, Any]:
    """Everybody with an account, and which roles each has or waits for."""
    with looking(house, proof, or_staff=True) as (connection, asker, _now):
        if asker.kind not in (AskerKind.STAFF, AskerKind.OPERATOR, AskerKind.INSPECTOR):
            raise UnauthenticatedError("log in as staff")
        if asker.kind is not AskerKind.INSPECTOR:
            require_role(asker, *roles.load().reading("staff"))
        held: dict[Any, list[Any]] = {}
        for grant in grants.every(connection):
            held.setdefault(grant.account_id, []).append(grant)
        known = accounts.every(connection)
        names = {bytes(row.employee_hash): staff_name(house, row) for row in reversed(known)}
        return {
            "accounts": [
                {
                    "account_id": str(row.account_id),
                    "name": staff_name(house, row),
                    "team": row.team,
                    "is_external": row.is_external,
                    "clause_signed_on": row.clause_signed_on and row.clause_signed_on.isoformat(),
                    "trained_until": row.trained_until and row.trained_until.isoformat(),
                    "last_used_at": format_instant(row.last_used_at),
                    "blocked": row.block_reason,
                    "ended": row.end_reason,
                    "is_yours": row.account_id == asker.account_id,
                    "grants": [
                        _grant_view(house, grant)
                        | {
                            "asked_by": names.get(bytes(grant.asked_by), ""),
                            "is_yours_to_approve": bytes(grant.asked_by) != asker.employee
                            and bytes(grant.employee_hash) != asker.employee,
                            "is_yours_to_confirm": grant.approved_at is not None
                            and bytes(grant.employee_hash) != asker.employee,
                        }
                        for grant in held.get(row.account_id, [])
                    ],
                }
                for row in known
            ]
        }


def _staff(asker: Asker) -> Asker:
    if asker.kind is not AskerKind.STAFF:
        raise UnauthenticatedError("log in as staff")
    return asker


def _grant_view(house: House, grant: Any) -> dict[str, Any]:
    return {
        "grant_id": str(grant.grant_id),
        "role": grant.role,
        "writes": grant.writes,
        "reason": open_text(house, "staff-role", grant.grant_id, bytes(grant.reason_sealed)),
        "until": format_instant(grant.until_at) if grant.until_at else None,
        "asked_at": format_instant(grant.asked_at),
        "approved_at": format_instant(grant.approved_at) if grant.approved_at else None,
        "suspended_at": format_instant(grant.suspended_at) if grant.suspended_at else None,
        "confirmed_at": format_instant(grant.confirmed_at) if grant.confirmed_at else None,
    }


def by() -> fields.String:
    """The employee number of who gives a command under the operator's key; a session names nobody."""
    return fields.String(load_default=None, allow_none=True, validate=_is_number)


def employee_number() -> fields.String:
    """The number that HR has for a person."""
    return fields.String(required=True, validate=_is_number)


def _is_number(written: str) -> None:
    try:
        one_number(written)
    except MalformedRequestError as error:
        raise ValidationError(str(error)) from error


def optional_day() -> Day:
    return Day(load_default=None, allow_none=True)


TEAM = validate.Regexp(
    r"[a-z][a-z0-9_-]{0,39}\Z", error="a team is named in small letters, digits and dashes"
)

COMMANDS = (
    Command("staff.me", schema(), me),
    Command(
        "staff.account.add",
        schema(
            employee=employee_number(),
            subject=short_text(),
            name=without_ean(short_text()),
            team=fields.String(required=True, validate=TEAM),
            external=flag(),
            clause_signed_on=optional_day(),
            trained_until=optional_day(),
            by=by(),
        ),
        add_account,
    ),
    Command(
        "staff.account.papers",
        schema(
            account_id=identifier(),
            clause_signed_on=optional_day(),
            trained_until=optional_day(),
            by=by(),
        ),
        show_papers,
    ),
    Command("staff.account.list", schema(), list_accounts),
    Command(
        "staff.role.ask",
        schema(
            account_id=identifier(),
            role=one_of(*_ROLE_CODES),
            writes=flag(),
            until=Instant(load_default=None, allow_none=True),
            reason=without_ean(short_text(longest=300)),
            by=by(),
        ),
        ask_role,
    ),
    Command("staff.role.approve", schema(grant_id=identifier(), by=by()), approve_role),
    Command("staff.role.confirm", schema(grant_id=identifier(), by=by()), confirm_role),
    Command("staff.role.end", schema(grant_id=identifier(), by=by()), end_role),
)
