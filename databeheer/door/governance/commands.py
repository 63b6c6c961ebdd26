"""Commands on the registers: write a version, approve or refuse it as a second person, close a record, look, export.

Who writes and decides is somebody of the staff in a role that writes the register's topic, or, under the operator's
key, whose employee number it names (`by`). The inspector looks, and changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from marshmallow import fields, validate
from sqlalchemy import Connection

from databeheer.door.commands.base import (
    Command,
    asker_of,
    identifier,
    long_text,
    looking,
    one_of,
    schema,
    short_text,
    uuid_text,
    without_ean,
)
from databeheer.door.governance import breaches, measures, parsing, records, rules, terms, validity
from databeheer.door.governance.records import Act, By, Opened, Version
from databeheer.door.governance.validity import Validity
from databeheer.door.house import House
from databeheer.door.proofs import Asker, AskerKind, Proof
from databeheer.door.staff.asking import Doer, doer_of, require_role, unknown_codes_listed
from databeheer.door.turn import Turn
from databeheer.errors import ConflictError, MalformedRequestError, UnauthenticatedError
from databeheer.governance import keeping
from databeheer.governance.keeping import APPROVED, REFUSED
from databeheer.governance.registers import FieldKind, Register, shipped
from databeheer.registry import parties
from databeheer.values import format_instant

MOST_LISTED = 200
_ENDLESS: Mapping[UUID, Validity] = {}


def write(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Write a record, or a new version of one; without a second person it counts at once.

    The same `new_id` twice is one record, as of a button pressed twice: it is written, and people are told, once.

    Raises:
        MalformedRequestError: names the fields that are wrong.
        ConflictError: the register asks something that is not so, or `new_id` names another record; nothing is written.
        UnknownPointError: people at an access point that there is not would be told; recorded.
    """
    register = shipped().get(arguments["register"])
    with unknown_codes_listed(house, proof), house.turn() as turn:
        doer, by = _who(turn, house, proof, register, arguments["by"])
        said = parsing.read(register, arguments["said"], turn.now)
        record_id, new_id = arguments["record_id"], arguments["new_id"]
        if record_id and new_id:
            raise MalformedRequestError("new_id: is for a new record, record_id for a version of one")
        once = _written_before(house, turn, by, said, arguments)
        if once is not None:
            return once
        before = records.opened(house, turn.connection, record_id) if record_id else None
        if before is not None:
            _require_open(before, register)
            if (arguments["party_id"], arguments["within"]) != (None, None):
                raise MalformedRequestError("party_id, within: stay what they are")
        act = Act(
            house,
            turn,
            register,
            before.record_id if before else new_id or uuid4(),
            before.party_id if before else arguments["party_id"],
            before.within if before else arguments["within"],
            doer,
            by,
            said,
            before,
        )
        if before is None:
            _check_place(act)
        records.check_references(act)
        rule = rules.of(act)
        rule.check(act)
        number = before.number if before else _open(act)
        if not register.second:
            rule.starts(act)
        version, record = records.write(act, number)
        if not register.second:
            rule.counts(act)
    return {
        "record_id": str(act.record_id),
        "name": f"{register.code}-{number}",
        "version": version,
    } | record.answer()


def approve(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Let a version count, as a second person; what the register asks has to be so now, too."""
    return _decide(house, proof, arguments, APPROVED, "")


def refuse(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Say no to a version as a second person; a new one may be written."""
    return _decide(house, proof, arguments, REFUSED, arguments["reason"])


def close(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Close a record for good, with its outcome and why."""
    with house.turn() as turn:
        one = _asked_for(turn, house, proof, arguments["record_id"])
        doer, by = _who(turn, house, proof, one.register, arguments["by"])
        _require_open(one, one.register)
        if arguments["outcome"] not in one.register.outcomes:
            known = ", ".join(one.register.outcomes) or "none: a record of this register stays"
            raise MalformedRequestError(f"outcome: one of {known}")
        if one.counting is None:
            raise ConflictError("no version of this record counts, so there is nothing to close")
        act = _act(house, turn, one, (doer, by), one.says, arguments["outcome"])
        rule = rules.of(act)
        rule.closing(act)
        record = records.close(act, arguments["words"])
        rule.closed(act)
    return record.answer()


def list_records(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """The registers with how much stands in each and what is to be done when, or the records of one.

    The newest record first; `next` is for what follows. `to_decide`: what waits for whoever asks as second person;
    `lapsed_assessments`: the parties that need a new impact assessment, with since when and through what.
    """
    with looking(house, proof, or_staff=True) as (connection, asker, now):
        _require_reader(asker, arguments["register"])
        known = [one for one in shipped().by_code.values() if _may_read(asker, one)]
        if arguments["register"] is None:
            due = terms.of_registers(connection, [one.code for one in known])
            about = records.by_ids(house, connection, {UUID(one["record_id"]) for one in due})
            return {
                "at": format_instant(now),
                "registers": list(_overview(connection, known)),
                "terms": [one | _brief(about[UUID(one["record_id"])]) for one in due],
                "to_decide": [_brief(one) for one in _to_decide(house, connection, asker)],
                "lapsed_assessments": [
                    one.view() for one in validity.lapsed(connection, house.catalogue.dpia_years, now)
                ]
                if shipped().get(validity.REGISTER) in known
                else [],
            }
        register = shipped().get(arguments["register"])
        found = records.listed(
            house,
            connection,
            [register.code],
            party_id=arguments["party_id"],
            limit=MOST_LISTED + 1,
            before=arguments["before"],
        )
        shown = found[:MOST_LISTED]
        ends = validity.of_records(connection, shown, house.catalogue.dpia_years)
        return {
            "at": format_instant(now),
            "records": [
                _view(house, connection, one, now, ends, may_write=_may_write(asker, register))
                for one in shown
            ],
            "next": shown[-1].number if len(found) > MOST_LISTED else None,
        }


def show(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """One record with every version and every term, and the records that are in it.

    `named`: what the records are called that its versions name, of registers that one may read; `doubts`: the cases
    of doubt that they name.
    """
    with looking(house, proof, or_staff=True) as (connection, asker, now):
        _require_reader(asker)
        one = records.opened(house, connection, arguments["record_id"])
        _require_reader(asker, one.register.code)
        inside = [
            register.code for register in shipped().inside(one.register.code) if _may_read(asker, register)
        ]
        children = records.listed(house, connection, inside, within=one.record_id) if inside else []
        parent = records.opened(house, connection, one.within) if one.within else None
        named = records.by_ids(house, connection, set(_named(one)))
        ends = validity.of_records(connection, [one], house.catalogue.dpia_years)
        return {
            "at": format_instant(now),
            "record": _view(house, connection, one, now, ends, may_write=_may_write(asker, one.register)),
            "terms": terms.of_record(connection, one.record_id),
            "parent": _view(house, connection, parent, now) if parent else None,
            "inside": [_view(house, connection, child, now) for child in children],
            "named": {
                str(other.record_id): _brief(other)
                for other in named.values()
                if _may_read(asker, other.register)
            },
            "doubts": breaches.doubts(connection, set(_cases(one))),
            "may_add": [code for code in inside if _may_write(asker, shipped().get(code))],
        }


def export(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """A whole register with every version and every record inside its records, for who takes it elsewhere (R141)."""
    with looking(house, proof, or_staff=True) as (connection, asker, now):
        _require_reader(asker, arguments["register"])
        register = shipped().get(arguments["register"])
        found = records.listed(house, connection, [register.code])
        inside = [one.code for one in shipped().inside(register.code) if _may_read(asker, one)]
        children = records.listed(house, connection, inside) if inside else []
        ends = validity.of_records(connection, found, house.catalogue.dpia_years)
        return {
            "format": "databeheer-register/v1",
            "label": register.label.value,
            "readers": register.label_nl,
            "register": register.code,
            "at": format_instant(now),
            "records": [
                _view(house, connection, one, now, ends)
                | {
                    "inside": [
                        _view(house, connection, each, now)
                        for each in children
                        if each.within == one.record_id
                    ]
                }
                for one in found
            ],
        }


def doubts(house: House, proof: Proof, _: dict[str, Any]) -> dict[str, Any]:
    """The newest cases of doubt that a breach may come from, for who reads the register of breaches (R112)."""
    with looking(house, proof, or_staff=True) as (connection, asker, _now):
        _require_reader(asker, "breach")
        return {"doubts": breaches.doubts(connection)}


def tests(house: House, proof: Proof, _: dict[str, Any]) -> dict[str, Any]:
    """How many tests of the measures were held each calendar year, and where that is too few (R146)."""
    with looking(house, proof, or_staff=True) as (connection, asker, now):
        _require_reader(asker, "measure_test")
        return {
            "years": [
                {
                    "party": name,
                    "party_id": uuid_text(party_id),
                    "year": year,
                    "tests": held,
                    "too_few": too_few,
                }
                for name, party_id, year, held, too_few in measures.tests_by_year(house, connection, now)
            ]
        }


def _decide(
    house: House, proof: Proof, arguments: dict[str, Any], outcome: str, reason: str
) -> dict[str, Any]:
    with house.turn() as turn:
        one = _asked_for(turn, house, proof, arguments["record_id"])
        doer, by = _who(turn, house, proof, one.register, arguments["by"])
        version = one.waiting
        if version is None or version.number != arguments["version"] or one.closed_at is not None:
            raise ConflictError(
                "this version does not wait: it was decided, or another one was written since"
            )
        if by.is_same(version.by):
            raise ConflictError("somebody else than who wrote it decides, and in the same way (four eyes)")
        act = _act(house, turn, one, (doer, by), version.said)
        rule = rules.of(act)
        if outcome == APPROVED:
            records.check_references(act)
            rule.check(act)
            rule.starts(act)
        record = records.decide(act, version.number, outcome, reason)
        if outcome == APPROVED:
            rule.counts(act)
    return record.answer()


def _written_before(
    house: House, turn: Turn, by: By, said: dict[str, Any], arguments: dict[str, Any]
) -> dict[str, Any] | None:
    """What was answered when the same was written under this id; None where nothing was."""
    if arguments["new_id"] is None or keeping.find(turn.connection, arguments["new_id"]) is None:
        return None
    one = records.opened(house, turn.connection, arguments["new_id"])
    first = one.versions[0]
    # Of EAN codes only how many there were is kept.
    counted = {field.name for field in one.register.fields if field.kind is FieldKind.EANS}
    says = {name: len(value) if name in counted else value for name, value in said.items()}
    asked = (arguments["register"], arguments["party_id"], arguments["within"], by.employee, says)
    if asked != (one.register.code, one.party_id, one.within, first.by.employee, first.said):
        raise ConflictError("new_id: names another record; take a new id")
    return {
        "record_id": str(one.record_id),
        "name": one.name,
        "version": first.number,
        "index": first.index,
    }


def _act(
    house: House, turn: Turn, one: Opened, who: tuple[Doer, By], said: dict[str, Any], outcome: str = ""
) -> Act:
    return Act(house, turn, one.register, one.record_id, one.party_id, one.within, *who, said, one, outcome)


def _open(act: Act) -> int:
    return keeping.open_record(
        act.turn.connection,
        {
            "record_id": act.record_id,
            "register": act.register.code,
            "party_id": act.party_id,
            "within": act.within,
            "now": act.turn.now,
        },
    )


def _check_place(act: Act) -> None:
    """A new record is about whom its register is about, and in a record of the register that it belongs to."""
    about = act.register.about
    if (about == "party" and act.party_id is None) or (about == "house" and act.party_id is not None):
        raise MalformedRequestError(
            "party_id: " + ("of which party" if about == "party" else "is of the house")
        )
    if act.party_id is not None:
        parties.get(act.turn.connection, act.party_id)
    if bool(act.register.within) is not (act.within is not None):
        wanted = act.register.within
        raise MalformedRequestError(
            f"within: the id of a record of {wanted}" if wanted else "within: it stands by itself"
        )
    if act.within is None:
        return
    parent = act.parent()
    if parent.register.code != act.register.within or not parent.is_in_force:
        raise ConflictError(f"within: a record of {act.register.within} that counts and is not closed")


def _require_open(one: Opened, register: Register) -> None:
    if one.register != register:
        raise MalformedRequestError("record_id: is of another register")
    if one.closed_at is not None:
        raise ConflictError("this record is closed")
    if one.waiting is not None:
        raise ConflictError("a version waits for a second person: approve or refuse that one first")


def _asked_for(turn: Turn, house: House, proof: Proof, record_id: UUID) -> Opened:
    """Return the record that somebody of the house names; nobody else learns whether there is one."""
    asker_of(turn, house, proof, AskerKind.STAFF, AskerKind.OPERATOR)
    return records.opened(house, turn.connection, record_id)


def _who(turn: Turn, house: House, proof: Proof, register: Register, by: str | None) -> tuple[Doer, By]:
    """Who gives the command, if he may write in this register."""
    doer = doer_of(turn, house, proof, *register.writers, writing=True, by=by)
    return doer, By.of(doer, by)


def _may_write(asker: Asker, register: Register) -> bool:
    return asker.kind is AskerKind.STAFF and not asker.writes.isdisjoint(register.writers)


def _may_read(asker: Asker, register: Register) -> bool:
    if asker.kind is AskerKind.STAFF:
        return not asker.roles.isdisjoint(register.readers)
    return asker.kind in (AskerKind.INSPECTOR, AskerKind.OPERATOR)


def _require_reader(asker: Asker, code: str | None = None) -> None:
    """Refuse whoever reads no register, or not this one."""
    if asker.kind not in (AskerKind.INSPECTOR, AskerKind.OPERATOR, AskerKind.STAFF):
        raise UnauthenticatedError("log in as an inspector, or as staff")
    known = shipped().by_code.values() if code is None else [shipped().get(code)]
    if not any(_may_read(asker, one) for one in known):
        require_role(asker, *{role for one in known for role in one.readers})


def _overview(connection: Connection, known: Iterable[Register]) -> Iterable[dict[str, Any]]:
    counted = keeping.counts(connection)
    for one in known:
        found = counted.get(one.code)
        yield {
            "register": one.code,
            "label": one.label.value,
            "open": found.open if found else 0,
            "waiting": found.waiting if found else 0,
            "closed": found.closed if found else 0,
        }


def _to_decide(house: House, connection: Connection, asker: Asker) -> Iterator[Opened]:
    """The records of which a version waits for somebody else than its writer, where this colleague may decide."""
    if asker.kind is not AskerKind.STAFF:
        return
    mine = By(asker.employee.hex(), str(asker.account_id or ""), "")
    registers = [one.code for one in shipped().by_code.values() if _may_write(asker, one)]
    for one in records.by_ids(house, connection, keeping.waiting(connection, registers)).values():
        if one.waiting is not None and not mine.is_same(one.waiting.by):
            yield one


def _named(one: Opened) -> Iterator[UUID]:
    """The records that the versions of this one name."""
    for version in one.versions:
        for field in one.register.fields:
            value = version.said.get(field.name)
            if value is not None and field.kind in (FieldKind.RECORD, FieldKind.RECORDS):
                yield from (UUID(each) for each in (value if isinstance(value, list) else [value]))


def _cases(one: Opened) -> Iterator[UUID]:
    """The cases of doubt that the versions of a record name."""
    for version in one.versions:
        for field in one.register.fields:
            if field.kind is FieldKind.UUID and version.said.get(field.name) is not None:
                yield UUID(version.said[field.name])


def _brief(one: Opened) -> dict[str, Any]:
    """What a record is called: its code, its words, whose it is, and since when it is there."""
    return {
        "record_id": str(one.record_id),
        "register": one.register.code,
        "name": one.name,
        "title": one.title,
        "party": one.party_name or None,
        "opened_at": format_instant(one.opened_at),
    }


def _view(
    house: House,
    connection: Connection,
    one: Opened,
    now: datetime,
    ends: Mapping[UUID, Validity] = _ENDLESS,
    *,
    may_write: bool = False,
) -> dict[str, Any]:
    end = ends.get(one.record_id)
    return _brief(one) | {
        "label": one.register.label.value,
        "party_id": uuid_text(one.party_id),
        "within": uuid_text(one.within),
        "state": _state(one, now, end),
        "validity": end.view() if end else None,
        "outcome": one.outcome,
        "closed_at": _instant(one.closed_at),
        "closed_by": one.closed_by.shown(house, connection) if one.closed_by else None,
        "closing": one.closing or None,
        "says": one.says or None,
        "versions": [_version_view(house, connection, version) for version in one.versions],
        "may_write": may_write,
    }


def _state(one: Opened, now: datetime, end: Validity | None) -> str:
    if one.closed_at is not None:
        return "closed"
    if one.waiting is not None:
        return "waiting"
    if one.counting is None:
        return "refused"
    return "lapsed" if end is not None and end.until <= now else "in_force"


def _version_view(house: House, connection: Connection, one: Version) -> dict[str, Any]:
    return {
        "version": one.number,
        "said": one.said,
        "by": one.by.shown(house, connection),
        "at": format_instant(one.at),
        "index": one.index,
        "outcome": one.outcome,
        "decided_by": one.decided_by.shown(house, connection) if one.decided_by else None,
        "decided_at": _instant(one.decided_at),
        "reason": one.reason or None,
    }


def _instant(at: datetime | None) -> str | None:
    return format_instant(at) if at else None


_REGISTER = fields.String(required=True, validate=validate.Length(1, 40))
_BY = short_text(required=False, longest=100)
_RECORD = {"record_id": identifier(), "by": _BY}
_DECISION = {
    **_RECORD,
    "version": fields.Integer(required=True, strict=True, validate=validate.Range(1, 32_767)),
}

COMMANDS = (
    Command(
        "governance.write",
        schema(
            register=_REGISTER,
            record_id=identifier(required=False),
            new_id=identifier(required=False),
            party_id=identifier(required=False),
            within=identifier(required=False),
            said=fields.Dict(required=True),
            by=_BY,
        ),
        write,
    ),
    Command("governance.approve", schema(**_DECISION), approve),
    Command("governance.refuse", schema(**_DECISION, reason=without_ean(short_text(longest=500))), refuse),
    Command(
        "governance.close",
        schema(
            **_RECORD, outcome=without_ean(short_text(longest=40)), words=without_ean(long_text(longest=2000))
        ),
        close,
    ),
    Command(
        "governance.list",
        schema(
            register=one_of(*shipped().by_code, required=False),
            party_id=identifier(required=False),
            before=fields.Integer(
                load_default=None, allow_none=True, strict=True, validate=validate.Range(1, 2**31 - 1)
            ),
        ),
        list_records,
    ),
    Command("governance.show", schema(record_id=identifier()), show),
    Command("governance.export", schema(register=one_of(*shipped().by_code)), export),
    Command("governance.tests", schema(), tests),
    Command("governance.doubts", schema(), doubts),
)
