"""Parties and the regulator: the contact group, regular offenders, improvement, reports, and the figures."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from marshmallow import fields, validate
from sqlalchemy import Connection, text

from databeheer.brussels import midnight
from databeheer.door.commands.base import (
    Command,
    Day,
    asker_of,
    identifier,
    long_text,
    looking,
    one_of,
    schema,
    short_text,
)
from databeheer.door.commands.doubt import LONGEST_WORDS
from databeheer.door.commands.views import party_view
from databeheer.door.doubts.views import STAFF
from databeheer.door.house import House
from databeheer.door.names import open_text, seal_text
from databeheer.door.proofs import AskerKind, Proof
from databeheer.door.statement import Record, Statement
from databeheer.door.turn import Turn
from databeheer.doubt import cases, conduct, figures
from databeheer.doubt.conduct import Threshold
from databeheer.errors import MalformedRequestError, UnauthenticatedError
from databeheer.registry import parties
from databeheer.values import format_instant

_REACH = ("name", "email", "phone")


def set_contact(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """A party, or the operator for it, says whom others reach about doubt (R111)."""
    with house.turn() as turn:
        asker = asker_of(turn, house, proof, AskerKind.PARTY, AskerKind.OPERATOR)
        named = arguments["party_id"]
        if (asker.kind is AskerKind.OPERATOR) is (named is None):
            raise MalformedRequestError("party_id: the operator names the party, a party speaks for itself")
        party_id: UUID = asker.party_id or named
        parties.get(turn.connection, party_id)
        record = take_contact(house, turn, party_id, arguments)
    return record.answer()


def take_contact(house: House, turn: Turn, party_id: UUID, contact: Mapping[str, str]) -> Record:
    """Keep, and record, whom others reach at a party about doubt: name, email, phone."""
    sealed = {one: seal_text(house, f"doubt_contact_{one}", party_id, contact[one]) for one in _REACH}
    conduct.put_contact(turn.connection, party_id, sealed, turn.now)
    return turn.record(Statement("doubt.contact_named", {}, party_id=party_id))


def contacts(house: House, proof: Proof, _: dict[str, Any]) -> dict[str, Any]:
    """The contact group: open to every party, to the operator and to the inspector, and to nobody else."""
    with looking(house, proof) as (connection, asker, _now):
        if asker.kind not in (AskerKind.PARTY, *STAFF):
            raise UnauthenticatedError("this proof does not give this command")
        rows = conduct.contacts(connection)
    return {"contacts": [{"party": party_view(row)} | _reach(house, row) for row in rows]}


def reach_of(house: House, connection: Connection, party_id: UUID) -> dict[str, str] | None:
    """Return whom others reach at a party about doubt; None where it named nobody, or is suspended."""
    rows = conduct.contacts(connection, party_id)
    return _reach(house, rows[0]) if rows else None


def _reach(house: House, row: Any) -> dict[str, str]:
    return {
        one: open_text(house, f"doubt_contact_{one}", row.party_id, bytes(getattr(row, f"{one}_sealed")))
        for one in _REACH
    }


def set_threshold(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Set when a party counts as one that is doubted regularly; recorded."""
    given = {name: value for name, value in arguments.items() if value is not None}
    if not given:
        raise MalformedRequestError("name threshold, window_days or both")
    with house.turn() as turn:
        asker_of(turn, house, proof, AskerKind.OPERATOR)
        rule = Threshold(**(vars(conduct.in_force(turn.connection)) | given))
        conduct.put(turn.connection, rule, turn.now, turn.next_index)
        record = turn.record(Statement("doubt_terms.set", vars(rule)))
    return {"terms": vars(rule)} | record.answer()


def ask_improvement(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Write down that a party was asked, for all grid operators together, how it will improve (R108)."""
    party_id, improvement_id = arguments["party_id"], uuid4()
    with house.turn() as turn:
        asker_of(turn, house, proof, AskerKind.OPERATOR)
        parties.get(turn.connection, party_id)
        sealed = seal_text(house, "doubt_improvement", improvement_id, arguments["words"])
        conduct.ask_improvement(turn.connection, improvement_id, party_id, sealed, arguments["by"], turn.now)
        said = {"improvement": str(improvement_id)}
        record = turn.record(Statement("doubt.improvement_asked", said, party_id=party_id))
    return {"id": str(improvement_id)} | record.answer()


def judge_improvement(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Say whether what a party did is enough; if not, the regulator is told (`doubt.report`)."""
    sufficient, party_id = arguments["sufficient"], arguments["party_id"]
    with house.turn() as turn:
        asker_of(turn, house, proof, AskerKind.OPERATOR)
        conduct.judge_improvement(
            turn.connection, party_id, sufficient=sufficient, by=arguments["by"], now=turn.now
        )
        said = {"sufficient": int(sufficient)}
        record = turn.record(Statement("doubt.improvement_judged", said, party_id=party_id))
    return record.answer()


def report(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Tell the regulator about a party: for want of improvement (R108), or at any time (R109)."""
    party_id, case_id = arguments["party_id"], arguments["case_id"]
    with house.turn() as turn:
        asker_of(turn, house, proof, AskerKind.OPERATOR)
        parties.get(turn.connection, party_id)
        if case_id is not None and cases.get(turn.connection, case_id).party_id != party_id:
            raise MalformedRequestError("case_id: this case is about another party")
        report_id = conduct.report(
            turn.connection,
            party_id=party_id,
            case_id=case_id,
            reason=arguments["reason"],
            seal=lambda name: seal_text(house, "doubt_report", name, arguments["words"]),
            by=arguments["by"],
            now=turn.now,
            index=turn.next_index,
        )
        said = {"report": str(report_id), "reason": arguments["reason"], "about": str(party_id)}
        # Not the party's: that the regulator looks at it is not its to know from us.
        record = turn.record(Statement("doubt.reported", said))
    return {"id": str(report_id)} | record.answer()


def show_figures(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """What the regulator sees, of cases opened on these Brussels days (`last` included)."""
    with looking(house, proof) as (connection, asker, now):
        if asker.kind not in STAFF:
            raise UnauthenticatedError("log in as an inspector")
        first, until = _span(arguments)
        counted = figures.figures(connection, first, until)
        return {
            "from": format_instant(first),
            "until": format_instant(until),
            "signals": counted.signals,
            "late_reports": counted.late_reports,
            "by_origin": counted.by_origin,
            "by_state": counted.by_state,
            "blocked_at_once": counted.within_turn,
            "slowest_block_seconds": int(counted.slowest_block.total_seconds()),
            "longest_case_seconds": int(counted.longest_case.total_seconds()),
            "undecided_breach": counted.undecided_breach,
            "threshold": vars(conduct.in_force(connection)),
            "offenders": _offenders(connection, now),
            "reports": _reports(house, connection, first, until),
            "without_contact": [party_view(row) for row in connection.execute(_WITHOUT_CONTACT)],
            "cases": [_row(row, now) for row in figures.rows(connection, first, until)],
        }


def _span(arguments: dict[str, Any]) -> tuple[datetime, datetime]:
    first, last = arguments["first"], arguments["last"]
    if last < first:
        raise MalformedRequestError("last: not before first")
    return midnight(first), midnight(last + timedelta(days=1))


def _offenders(connection: Connection, now: datetime) -> list[dict[str, Any]]:
    found = conduct.offenders(connection, now)
    named = {row.party_id: party_view(row) for row in _parties(connection, [one.party_id for one in found])}
    asked = {row.party_id: row for row in conduct.improvements(connection)}
    return [
        {
            "party": named[one.party_id],
            "cases": one.cases,
            "unproven": one.unproven,
            "newest_at": format_instant(one.newest_at),
            "improvement": _improvement(asked.get(one.party_id)),
        }
        for one in found
    ]


def _improvement(row: Any | None) -> dict[str, Any] | None:
    if row is None:
        return None
    return {
        "asked_at": format_instant(row.asked_at),
        "outcome": row.outcome,
        "judged_at": format_instant(row.judged_at) if row.judged_at else None,
    }


def _reports(house: House, connection: Connection, first: datetime, until: datetime) -> list[dict[str, Any]]:
    rows = conduct.reports(connection, first, until)
    named = {row.party_id: party_view(row) for row in _parties(connection, [one.party_id for one in rows])}
    return [
        {
            "party": named[row.party_id],
            "case_id": str(row.case_id) if row.case_id else None,
            "reason": row.reason,
            "words": open_text(house, "doubt_report", row.report_id, bytes(row.words_sealed)),
            "by": row.reported_by,
            "at": format_instant(row.at),
            "index": row.index,
        }
        for row in rows
    ]


def _row(row: Any, now: datetime) -> dict[str, Any]:
    """One case in the regulator's file: no customer, no access point."""
    course = cases.course_of(row).at(now)
    return {
        "case_id": str(row.case_id),
        "party_id": str(row.party_id),
        "party": row.party_name,
        "origin": row.origin,
        "concern": row.concern,
        "signals": row.signals,
        "known_at": format_instant(row.known_at) if row.known_at else None,
        "blocked_at": format_instant(row.opened_at),
        "contacted_at": format_instant(row.contacted_at) if row.contacted_at else None,
        "documents": row.documents,
        "state": course.state.value,
        "closed_at": format_instant(course.closed_at) if course.closed_at else None,
        "breach": row.breach,
    }


def _parties(connection: Connection, ids: list[UUID]) -> list[Any]:
    return list(connection.execute(_PARTIES, {"ids": ids}))


_PARTIES = text("SELECT * FROM registry.party WHERE party_id = ANY(:ids)")
_WITHOUT_CONTACT = text(
    "SELECT p.* FROM registry.party p WHERE p.suspended_at IS NULL AND EXISTS (SELECT FROM permissions.permission q"
    " WHERE q.party_id = p.party_id) AND NOT EXISTS (SELECT FROM doubt.contact c WHERE c.party_id = p.party_id)"
    " ORDER BY p.name, p.party_id"
)


def _number(most: int) -> fields.Integer:
    return fields.Integer(load_default=None, allow_none=True, strict=True, validate=validate.Range(1, most))


_BY = short_text(longest=100)
_PARTY = {"party_id": identifier()}
_WORDS = long_text(longest=LONGEST_WORDS)

EMAIL = (validate.Email(), validate.Length(max=200))
_PHONE = "a telephone number: 6 to 30 digits, spaces and ( ) / . -, with or without + before it"
PHONE = validate.Regexp(r"\+?[0-9 ()/.-]{6,30}\Z", error=_PHONE)

COMMANDS = (
    Command(
        "doubt.contact.set",
        schema(
            party_id=identifier(required=False),
            name=short_text(longest=100),
            email=fields.String(required=True, validate=EMAIL),
            phone=fields.String(required=True, validate=PHONE),
        ),
        set_contact,
    ),
    Command("doubt.contacts", schema(), contacts),
    Command("doubt.terms.set", schema(threshold=_number(1000), window_days=_number(3660)), set_threshold),
    Command("doubt.improvement.ask", schema(**_PARTY, words=_WORDS, by=_BY), ask_improvement),
    Command(
        "doubt.improvement.judge",
        schema(**_PARTY, sufficient=fields.Boolean(required=True, truthy={True}, falsy={False}), by=_BY),
        judge_improvement,
    ),
    Command(
        "doubt.report",
        schema(
            **_PARTY,
            case_id=identifier(required=False),
            reason=one_of("ad_hoc", "no_improvement"),
            words=_WORDS,
            by=_BY,
        ),
        report,
    ),
    Command("doubt.figures", schema(first=Day(required=True), last=Day(required=True)), show_figures),
)
