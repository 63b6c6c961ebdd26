"""What HR says counts at once: leavers lose their account; weekly, accounts are held against who works here."""

from __future__ import annotations

from typing import Any

from marshmallow import fields, validate
from sqlalchemy import text

from databeheer import clocks
from databeheer.brussels import day_of
from databeheer.door.commands.base import Command, found, identifier, schema
from databeheer.door.house import House
from databeheer.door.proofs import Proof
from databeheer.door.staff.asking import doer_of, employee_hash
from databeheer.door.staff.leaving import end_account
from databeheer.door.staff.people import ASKERS, HR_CHECK, THE_CHECK, by
from databeheer.door.statement import Statement
from databeheer.door.turn_queue import TurnLane
from databeheer.errors import ConflictError
from databeheer.staff import accounts, hr


def take_leavers(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Take a file of leavers: account, roles and live sessions of each end now (R158); all of it, or nothing.

    `unknown` counts who had no live account here: not everybody at HR has one.

    Raises:
        HrFileError: a line is wrong; nothing was taken.
    """
    with house.turn(TurnLane.ENDS) as turn:
        doer = doer_of(turn, house, proof, *ASKERS, writing=True, by=arguments["by"])
        leavers = hr.read_leavers(arguments["content"], day_of(turn.now))
        ended = unknown = 0
        for leaver in leavers:
            account = accounts.live_by_employee(turn.connection, employee_hash(house, leaver.employee))
            if account is None:
                unknown += 1
                continue
            end_account(turn, account, "left", doer.record, {"on": leaver.on.isoformat()})
            ended += 1
        said = {"leavers": len(leavers), "ended": ended, "unknown": unknown}
        record = doer.record(turn, Statement("staff.leavers.taken", said))
    return record.answer() | said


def reconcile(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Hold the accounts against who works here by HR, each week; whoever HR does not know loses his account (R160).

    `ends` is how many that will be: a file that was cut off would lock everybody out, so a number that is not right
    ends nobody, and says the right one.

    Raises:
        HrFileError: a line is wrong; nothing was done.
        ConflictError: another number of accounts would end; nothing was done.
    """
    with house.turn(TurnLane.ENDS) as turn:
        doer = doer_of(turn, house, proof, *ASKERS, writing=True, by=arguments["by"])
        numbers = hr.read_in_service(arguments["content"])
        known = {employee_hash(house, number) for number in numbers}
        living = [one for one in accounts.every(turn.connection) if one.ended_at is None]
        gone = [one for one in living if bytes(one.employee_hash) not in known]
        if len(gone) != arguments["ends"]:
            raise ConflictError(
                f"ends: {len(gone)} accounts would end, not {arguments['ends']}; nothing was done"
            )
        for account in gone:
            end_account(turn, account, "not_at_hr", doer.record)
        clocks.meet(turn.connection, HR_CHECK, THE_CHECK, turn.now)
        clocks.start(turn.connection, HR_CHECK, THE_CHECK, turn.now)
        said = {
            "check": str(THE_CHECK),
            "in_service": len(numbers),
            "with_account": len(living) - len(gone),
            "ended": len(gone),
        }
        report = {name: value for name, value in said.items() if name != "check"}
        turn.connection.execute(
            _REPORT, report | {"index": turn.next_index, "now": turn.now, "by": doer.employee}
        )
        record = doer.record(turn, Statement("staff.hr_checked", said))
    return record.answer() | report


def end(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """End one account at once, with its roles and sessions; it takes one person. A new one takes roles by two again."""
    with house.turn(TurnLane.ENDS) as turn:
        doer = doer_of(turn, house, proof, *ASKERS, writing=True, by=arguments["by"])
        account = found(accounts.by_id(turn.connection, arguments["account_id"]), "account")
        if not end_account(turn, account, "ended", doer.record):
            raise ConflictError("this account has ended already")
    return {}


_REPORT = text(
    "INSERT INTO staff.hr_check (entry_index, at, done_by, in_service, with_account, ended)"
    " VALUES (:index, :now, :by, :in_service, :with_account, :ended)"
)
_CONTENT = fields.String(required=True, validate=validate.Length(1, hr.LARGEST))

COMMANDS = (
    Command("staff.hr.leavers", schema(content=_CONTENT, by=by()), take_leavers),
    Command(
        "staff.hr.check",
        schema(
            content=_CONTENT,
            ends=fields.Integer(required=True, strict=True, validate=validate.Range(0, hr.MOST_ROWS)),
            by=by(),
        ),
        reconcile,
    ),
    Command("staff.account.end", schema(account_id=identifier(), by=by()), end),
)
