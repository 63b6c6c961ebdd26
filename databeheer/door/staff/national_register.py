"""Consultations of the national register: a signed reason, a superior's word before the answer counts, a review (R161).

The register itself is not in this house, and no extract of it is kept: what is here is who asked, under which case,
why, who let it be answered, and that it was.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

from marshmallow import fields, validate
from sqlalchemy import Connection, text

from databeheer import clocks
from databeheer.door.commands.base import (
    Command,
    found,
    identifier,
    looking,
    same_name,
    schema,
    short_text,
    without_ean,
)
from databeheer.door.house import House
from databeheer.door.names import open_text, seal_text
from databeheer.door.proofs import AskerKind, Proof
from databeheer.door.staff import paging
from databeheer.door.staff.asking import Doer, NotYoursError, doer_of, require_role, staff_name, tries_listed
from databeheer.door.statement import Statement
from databeheer.door.turn import Turn
from databeheer.errors import ConflictError, MalformedRequestError, NotFoundError, UnauthenticatedError
from databeheer.staff import accounts, cases, roles
from databeheer.values import format_instant

REVIEW = "staff_register_review"
THE_LIST = UUID(int=161)
"""What the half-yearly clock is about: there is one list of consultations."""
ASKED = "staff.register.asked"
LEFT = "staff.register.left"
"""What a review left is the first that nobody reviewed: the half year runs from when that was signed."""
MOST = 500
_SEALED = "register-reason"


def ask(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Ask for a consultation, with a reason that the person signs with his name, in a session of his own.

    Only for the house's own people, and under an open case of theirs. While no manager reviewed the list within half a
    year, nobody asks. The same `consultation_id` twice is one consultation, as of a button pressed twice.

    Raises:
        MalformedRequestError: `signed_as` is not the name of who asks.
        ConflictError: somebody external asks, or the list waits for its review; or there is another consultation of
            that `consultation_id`.
        NotYoursError: no open case of who asks; recorded, and on the inspector's list.
    """
    consultation_id: UUID = arguments["consultation_id"] or uuid4()
    with tries_listed(house, proof, "register"), house.turn() as turn:
        doer = doer_of(turn, house, proof, *roles.load().writing("cases"), writing=True)
        require_role(doer.asker, *roles.load().reading("people"))
        account = found(accounts.by_id(turn.connection, found(doer.account_id, "account")), "account")
        if account.is_external:
            raise ConflictError("only the house's own people consult the national register")
        if not same_name(arguments["signed_as"], staff_name(house, account)):
            raise MalformedRequestError("signed_as: sign with your own name")
        case = cases.by_reference(turn.connection, arguments["reference"])
        if case is None or not cases.is_open(case, turn.now):
            raise NotYoursError("no_such_case" if case is None else "closed")
        if not cases.is_handled_by(case, account.account_id, account.team, turn.now):
            raise NotYoursError("not_yours")
        before = _find(turn.connection, consultation_id)
        if before is not None:
            if (before.account_id, before.case_id) != (account.account_id, case.case_id):
                raise ConflictError("this consultation is another")
            return {"consultation_id": str(consultation_id), "index": before.signed_index}
        if _is_review_overdue(turn):
            raise ConflictError("nobody consults the register before a manager reviewed the list")
        values = {
            "id": consultation_id,
            "case": case.case_id,
            "account": account.account_id,
            "employee": doer.employee,
            "reason": seal_text(house, _SEALED, consultation_id, arguments["reason"]),
            "now": turn.now,
            "index": turn.next_index,
        }
        turn.connection.execute(_ASK, values)
        clocks.start(turn.connection, REVIEW, THE_LIST, turn.now)
        said = _said(consultation_id) | {"case": case.reference, "list": str(THE_LIST)}
        record = doer.record(turn, Statement(ASKED, said), case_id=case.case_id)
    return record.answer() | {"consultation_id": str(consultation_id)}


def judge(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """A superior lets a consultation be answered, or not: another person than who asked, under whatever account."""
    with house.turn() as turn:
        doer, row = _for_manager(house, turn, proof, arguments["consultation_id"])
        if row.judged_at is not None:
            raise ConflictError("this was decided before")
        values = {
            "id": row.consultation_id,
            "by": doer.employee,
            "now": turn.now,
            "valid": arguments["valid"],
        }
        turn.connection.execute(_JUDGE, values)
        said = _said(row.consultation_id) | {"valid": arguments["valid"]}
        record = doer.record(turn, Statement("staff.register.judged", said))
    return record.answer()


def note_outcome(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Who asked notes that it was answered: only what a superior validated counts."""
    with house.turn() as turn:
        doer = doer_of(turn, house, proof, *roles.load().writing("cases"), writing=True)
        row = _find(turn.connection, arguments["consultation_id"])
        if row is None or row.account_id != doer.account_id:
            raise NotFoundError("there is no such consultation of yours")
        if not row.is_valid or row.outcome_at is not None:
            raise ConflictError("it waits for your superior, was not allowed, or was answered before")
        values = {
            "id": row.consultation_id,
            "outcome": seal_text(house, "register-outcome", row.consultation_id, arguments["outcome"]),
            "now": turn.now,
        }
        turn.connection.execute(_OUTCOME, values)
        record = doer.record(turn, Statement("staff.register.answered", _said(row.consultation_id)))
    return record.answer()


def review(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """A manager reviews consultations of the list, as they were shown to him, none of them his own.

    Every half year from the first that nobody reviewed: what is left, or came since, keeps a half year of its own.

    Raises:
        ConflictError: one of them is not there, or was reviewed before; or is the manager's own: another does it.
    """
    with house.turn() as turn:
        doer = doer_of(turn, house, proof, "manager", writing=True, by=arguments["by"])
        reviewed = arguments["consultation_ids"]
        waiting = list(turn.connection.execute(_UNREVIEWED, {"ids": reviewed}))
        if len(waiting) != len(reviewed):
            raise ConflictError("the list is another by now: look at it again")
        if any(bytes(row.employee_hash) == doer.employee for row in waiting):
            raise ConflictError("a consultation of yours stands in it: another manager reviews it")
        turn.connection.execute(_REVIEW, {"ids": reviewed, "by": doer.employee, "now": turn.now})
        left = turn.connection.execute(_FIRST_LEFT).one_or_none()
        said: dict[str, Any] = {"consultations": len(waiting)}
        is_met = left is None or left.signed_index > min(row.signed_index for row in waiting)
        if is_met:
            clocks.meet(turn.connection, REVIEW, THE_LIST, turn.now)
            said |= {"list": str(THE_LIST)}
        record = doer.record(turn, Statement("staff.register.reviewed", said))
        if is_met and left is not None:
            clocks.start(turn.connection, REVIEW, THE_LIST, left.signed_at, written_at=turn.now)
            since = {"list": str(THE_LIST), "since": format_instant(left.signed_at)}
            turn.record(Statement(LEFT, since))
    return record.answer()


def show(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """The register of consultations, the newest first: managers', the privacy officer's and the inspector's.

    `MOST` a page; `before` is the line of the ledger that a page begins before, `next` that of the page that follows.
    """
    with looking(house, proof, or_staff=True) as (connection, asker, _now):
        if asker.kind not in (AskerKind.STAFF, AskerKind.INSPECTOR, AskerKind.OPERATOR):
            raise UnauthenticatedError("log in as staff")
        if asker.kind is not AskerKind.INSPECTOR:
            require_role(asker, *roles.load().reading("national_register"))
        span = {"before": paging.beyond(arguments["before"]), "most": MOST + 1}
        rows, following = paging.cut(list(connection.execute(_LIST, span)), MOST, "signed_index")
        return {
            "consultations": [
                {
                    "consultation_id": str(row.consultation_id),
                    "case": row.reference,
                    "name": staff_name(house, accounts.by_id(connection, row.account_id)),
                    "reason": open_text(house, _SEALED, row.consultation_id, bytes(row.reason_sealed)),
                    "signed_at": format_instant(row.signed_at),
                    "index": row.signed_index,
                    "is_valid": row.is_valid,
                    "is_answered": row.outcome_at is not None,
                    "reviewed_at": row.reviewed_at and format_instant(row.reviewed_at),
                    "is_yours": bytes(row.employee_hash) == asker.employee,
                }
                for row in rows
            ],
            "next": following,
        }


def _for_manager(house: House, turn: Turn, proof: Proof, consultation_id: UUID) -> tuple[Doer, Any]:
    doer = doer_of(turn, house, proof, "manager", writing=True)
    row = found(_find(turn.connection, consultation_id), "consultation")
    if bytes(row.employee_hash) == doer.employee:
        raise ConflictError("somebody else than who asked decides (four eyes)")
    return doer, row


def _find(connection: Connection, consultation_id: UUID) -> Any | None:
    return connection.execute(_FIND, {"id": consultation_id}).one_or_none()


def _is_review_overdue(turn: Turn) -> bool:
    return bool(clocks.due(turn.connection, turn.now, kind=REVIEW, limit=1))


def _said(consultation_id: UUID) -> dict[str, Any]:
    return {"consultation": str(consultation_id)}


_ASK = text(
    "INSERT INTO staff.register_consultation (consultation_id, case_id, account_id, employee_hash, reason_sealed,"
    " signed_at, signed_index) VALUES (:id, :case, :account, :employee, :reason, :now, :index)"
)
_FIND = text("SELECT * FROM staff.register_consultation WHERE consultation_id = :id")
_JUDGE = text(
    "UPDATE staff.register_consultation SET judged_by = :by, judged_at = :now, is_valid = :valid"
    " WHERE consultation_id = :id"
)
_OUTCOME = text(
    "UPDATE staff.register_consultation SET outcome_sealed = :outcome, outcome_at = :now WHERE consultation_id = :id"
)
_UNREVIEWED = text(
    "SELECT * FROM staff.register_consultation WHERE reviewed_at IS NULL AND consultation_id = ANY(:ids)"
)
_FIRST_LEFT = text(
    "SELECT * FROM staff.register_consultation WHERE reviewed_at IS NULL ORDER BY signed_index LIMIT 1"
)
_REVIEW = text(
    "UPDATE staff.register_consultation SET reviewed_by = :by, reviewed_at = :now WHERE consultation_id = ANY(:ids)"
)
_LIST = text(
    "SELECT r.*, c.reference FROM staff.register_consultation r JOIN staff.case_file c USING (case_id)"
    " WHERE r.signed_index < :before ORDER BY r.signed_index DESC LIMIT :most"
)

COMMANDS = (
    Command(
        "staff.register.ask",
        schema(
            reference=short_text(longest=40),
            reason=without_ean(short_text(longest=500)),
            signed_as=short_text(),
            consultation_id=identifier(required=False),
        ),
        ask,
    ),
    Command(
        "staff.register.judge",
        schema(
            consultation_id=identifier(), valid=fields.Boolean(required=True, truthy={True}, falsy={False})
        ),
        judge,
    ),
    Command(
        "staff.register.answered",
        schema(consultation_id=identifier(), outcome=without_ean(short_text(longest=200))),
        note_outcome,
    ),
    Command(
        "staff.register.review",
        schema(
            consultation_ids=fields.List(
                fields.UUID(), required=True, validate=validate.Length(min=1, max=MOST)
            ),
            by=short_text(required=False, longest=40),
        ),
        review,
    ),
    Command("staff.register.list", schema(before=paging.before()), show),
)
