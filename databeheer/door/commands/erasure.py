"""Erasure as commands: the customer asks, the operator decides and executes, custodians destroy their copies.

Each is in the ledger. A refusal is recorded too: the customer gets its reason and the day from which it may be.
"""

from __future__ import annotations

from dataclasses import asdict
from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid4

from marshmallow import fields
from sqlalchemy import Connection, text

from databeheer import clocks, documents
from databeheer.brussels import day_of
from databeheer.door.commands.base import (
    SHA256,
    Command,
    Day,
    Instant,
    asker_of,
    found,
    identifier,
    looking,
    one_of,
    schema,
    short_text,
    without_ean,
)
from databeheer.door.erasure.erasing import execute, weigh
from databeheer.door.house import House
from databeheer.door.keys.store import KeyStoreError
from databeheer.door.post.telling import tell
from databeheer.door.proofs import AskerKind, Proof
from databeheer.door.statement import Record, Statement, Subject
from databeheer.door.turn import Turn
from databeheer.door.turn_queue import TurnLane
from databeheer.errors import ConflictError, DatabeheerError, MalformedRequestError, UnauthenticatedError
from databeheer.oversight import erasures, retention
from databeheer.oversight.erasures import Target
from databeheer.oversight.retention import DataClass, Obstacle, Reason, Verdict
from databeheer.post import outbox
from databeheer.values import format_instant

_MOST_DUE = 500
SENTENCES = {
    Obstacle.IN_USE: "the stay lasts: what is in use is not erased",
    Obstacle.TERM: "the term for which it must be kept has not ended",
    Obstacle.OTHER_EVIDENCE: "it is evidence for data that are still kept",
    Obstacle.CO_OCCUPANT: "somebody else's data would go with it",
    Obstacle.HOUSE: "the house's own bodies are evidence for all others; they go with the house",
}


class ErasureRefusedError(DatabeheerError):
    """An erasure that may not be, recorded by now: why, from which day on, and where it was recorded."""

    code = "erasure-refused"

    def __init__(self, verdict: Verdict, record: Record) -> None:
        obstacle = verdict.obstacle or Obstacle.IN_USE
        when = f"; it may go from {verdict.earliest} on" if verdict.earliest else ""
        super().__init__(f"{SENTENCES[obstacle]}{when}; recorded as entry {record.index}")
        self.verdict, self.record, self.obstacle = verdict, record, obstacle

    @property
    def members(self) -> dict[str, Any]:
        """What goes with the error's code and detail."""
        return {
            "reason": self.obstacle.value,
            "earliest": _day(self.verdict.earliest),
            **self.record.answer(),
        }


def mine(house: House, proof: Proof, _: dict[str, Any]) -> dict[str, Any]:
    """For each class of the customer's data: whether it may be erased now, later and why, or was.

    `wrong_person`: it may be asked now by who says that it is not his. `taken_back`: the newest request that he took
    back.
    """
    with looking(house, proof) as (connection, asker, now):
        if asker.kind is not AskerKind.CUSTOMER or asker.person_id is None:
            raise UnauthenticatedError("log in as a customer")
        rows = erasures.listed(connection, asker.person_id)
        known = {
            (row.data_class, row.occupancy_id): erasures.view(row)
            for row in rows
            if row.state not in ("refused", "withdrawn")
        }
        taken_back = {
            (row.data_class, row.occupancy_id): erasures.view(row)
            for row in reversed(rows)
            if row.state == "withdrawn"
        }
        classes: list[dict[str, Any]] = []
        for target in _own_targets(connection, asker.person_id):
            name = (target.data_class.value, target.occupancy_id)
            erasure = known.get(name)
            verdict, is_others = Verdict(None, None), False
            if erasure is None or erasure["state"] == "asked":
                verdict = weigh(house, connection, target, Reason.SUBJECT_REQUEST, now)
            if erasure is None and verdict.obstacle is not None:
                is_others = weigh(house, connection, target, Reason.WRONG_PERSON, now).obstacle is None
            classes.append(
                {
                    "data_class": target.data_class.value,
                    "occupancy_id": str(target.occupancy_id) if target.occupancy_id else None,
                    "obstacle": verdict.obstacle.value if verdict.obstacle else None,
                    "earliest": _day(verdict.earliest),
                    "wrong_person": is_others,
                    "erasure": erasure,
                    "taken_back": taken_back.get(name),
                }
            )
    return {"classes": classes}


def ask(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """The customer asks to erase a class of the own data; what must be kept is refused with the reason.

    Who says that what is kept under his name is another's (`reason`) asks that: the data manager finds out whose.
    """
    with house.turn(TurnLane.CUSTOMER) as turn:
        asker = asker_of(turn, house, proof, AskerKind.CUSTOMER)
        record, verdict = _ask(house, turn, found(asker.person_id, "person"), arguments)
    if verdict.obstacle is not None:
        raise ErasureRefusedError(verdict, record)
    return record.answer()


def enter(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Write down a request to erase that came on paper: the same events as in the portal (R43), with its scan's hash.

    Its month counts from `received_at` (aware UTC), by default now.
    """
    with house.turn(TurnLane.CUSTOMER) as turn:
        asker_of(turn, house, proof, AskerKind.OPERATOR)
        found(turn.connection.execute(_PERSON, {"id": arguments["person_id"]}).first(), "person")
        record, verdict = _ask(
            house,
            turn,
            arguments["person_id"],
            arguments,
            said={"channel": "paper", "document": arguments["document_sha256"]},
            received_at=arguments["received_at"],
        )
    if verdict.obstacle is not None:
        raise ErasureRefusedError(verdict, record)
    return record.answer()


def _ask(
    house: House,
    turn: Turn,
    person_id: UUID,
    wish: dict[str, Any],
    *,
    said: dict[str, Any] | None = None,
    received_at: datetime | None = None,
) -> tuple[Record, Verdict]:
    """Write a request of this person down, or its refusal; the verdict says which."""
    reason = Reason(wish["reason"] or Reason.SUBJECT_REQUEST)
    wanted = (DataClass(wish["data_class"]), wish["occupancy_id"])
    targets = _own_targets(turn.connection, person_id)
    target = found(
        next((one for one in targets if (one.data_class, one.occupancy_id) == wanted), None),
        "data of yours",
    )
    asked_at = received_at or turn.now
    if asked_at > turn.now:
        raise MalformedRequestError("received_at: not in the future")
    if erasures.standing(turn.connection, target) is not None:
        raise ConflictError("this erasure was asked, decided or done already")
    verdict = weigh(house, turn.connection, target, reason, turn.now)
    if verdict.obstacle is not None:
        return _refusal(house, turn, target, verdict.obstacle.value, verdict, reason, said=said), verdict
    erasure_id = uuid4()
    erasures.ask(turn.connection, erasure_id, target, reason.value, asked_at, turn.next_index)
    clocks.start(
        turn.connection,
        CLOCK,
        erasure_id,
        asked_at,
        occupancy_id=target.occupancy_id,
        written_at=turn.now,
    )
    about = {"class": target.data_class.value, "erasure": str(erasure_id), "reason": reason.value}
    record = turn.record(statement_of("erasure.asked", target, about | (said or {})))
    tell_whose(house, turn, "erasure.asked", target, {})
    return record, verdict


def decide(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """The operator decides: a class of an occupancy or a person is erased from a day on, or a request is refused."""
    data_class, reason = DataClass(arguments["data_class"]), Reason(arguments["reason"])
    refused_by_hand = arguments["refusal"]
    with house.turn() as turn:
        asker_of(turn, house, proof, AskerKind.OPERATOR)
        target = _target(turn.connection, data_class, arguments["occupancy_id"], arguments["person_id"])
        standing = None if data_class is DataClass.HOUSE else erasures.standing(turn.connection, target)
        if standing is not None and standing.state != "asked":
            raise ConflictError("this erasure was decided or done already")
        if standing is None and refused_by_hand is not None:
            raise ConflictError("nobody asked for this erasure")
        planned = erasures.planned(turn.connection)
        verdict = weigh(house, turn.connection, target, reason, turn.now, planned)
        not_before = max(arguments["not_before"] or date.min, verdict.earliest or day_of(turn.now))
        refusal = refused_by_hand or (verdict.obstacle.value if verdict.obstacle else None)
        erasure_id: UUID | None = standing.erasure_id if standing is not None else None
        if standing is not None or refusal is None:
            erasure_id = erasures.decide(
                turn.connection,
                uuid4(),
                target,
                state="refused" if refusal else "decided",
                reason=refusal or reason.value,
                by=arguments["decided_by"],
                now=turn.now,
                index=turn.next_index,
                not_before=None if refusal else not_before,
            )
            clocks.meet(turn.connection, CLOCK, erasure_id, turn.now)
        if refusal is not None:
            record = _refusal(house, turn, target, refusal, verdict, reason, erasure_id)
        else:
            said = {
                "class": data_class.value,
                "reason": reason.value,
                "legal_basis": retention.LEGAL_BASES[reason],
                "by": arguments["decided_by"],
                "not_before": not_before.isoformat(),
                "erasure": str(erasure_id),
            }
            record = turn.record(statement_of("erasure.decided", target, said))
            tell_whose(house, turn, "erasure.decided", target, {"until": not_before.isoformat()})
    if refusal is not None and refused_by_hand is None:
        raise ErasureRefusedError(verdict, record)
    return {
        "erasure_id": str(erasure_id) if erasure_id else None,
        "state": "refused" if refusal else "decided",
        "legal_basis": retention.LEGAL_BASES[reason],
        "not_before": None if refusal else not_before.isoformat(),
        "index": record.index,
    }


def run(house: House, proof: Proof, _: dict[str, Any]) -> dict[str, Any]:
    """Execute what was decided and is due; names the copies of the old epoch that custodians must destroy."""
    with looking(house, proof) as (_connection, asker, _now):
        _require_operator(asker.kind)
    outcome = execute(house)
    with house.engine.connect() as connection:
        return asdict(outcome) | {"destroy": copies(connection, outcome.epoch_ended)}


def list_all(house: House, proof: Proof, _: dict[str, Any]) -> dict[str, Any]:
    """What was asked, what was decided, what was done, what has reached its term, which copies there are."""
    with looking(house, proof) as (connection, asker, now):
        _require_operator(asker.kind)
        rows = [
            erasures.view(row) | {"person_id": str(row.person_id) if row.person_id else None}
            for row in erasures.listed(connection)
        ]
        due = _due(house, connection, now)
        return {
            "erasures": rows,
            "due": due,
            "documents": documents.waiting(connection),
            "epoch": house.keys.epoch,
            "destroy": ended_copies(connection),
        }


def copy_made(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Write down that a custodian holds a copy of the key store as it is now."""
    copy_id = uuid4()
    with house.turn() as turn:
        asker_of(turn, house, proof, AskerKind.OPERATOR)
        epoch = house.keys.epoch
        members = {"id": copy_id, "epoch": epoch, "now": turn.now}
        turn.connection.execute(_COPY_MADE, arguments | members)
        record = turn.record(Statement("key_copy.made", {"copy": str(copy_id), "epoch": epoch}))
    return {"copy_id": str(copy_id), "epoch": epoch, "index": record.index}


def copy_destroyed(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Write down that a custodian destroyed a copy, and who confirms it."""
    with house.turn() as turn:
        asker_of(turn, house, proof, AskerKind.OPERATOR)
        row = found(turn.connection.execute(_COPY, {"id": arguments["copy_id"]}).one_or_none(), "copy")
        if row.destroyed_at is not None:
            raise ConflictError("this copy was destroyed already")
        by = arguments["confirmed_by"]
        said = {"copy": str(row.copy_id), "epoch": row.epoch, "by": by}
        turn.connection.execute(
            _COPY_DESTROYED, {"id": row.copy_id, "now": turn.now, "index": turn.next_index, "by": by}
        )
        record = turn.record(Statement("key_copy.destroyed", said))
    return {"index": record.index}


def _own_targets(connection: Connection, person_id: UUID) -> list[Target]:
    """Everything of a person that can be erased apart: the readings and the ledger of each stay, and the person."""
    rows = connection.execute(_OWN, {"person": person_id}).all()
    targets = [
        Target(data_class, row.operator, person_id, row.occupancy_id)
        for row in rows
        for data_class in (DataClass.READINGS, DataClass.LEDGER)
    ]
    operator = rows[0].operator if rows else _FIRST_OPERATOR
    return [*targets, Target(DataClass.PERSON, operator, person_id, None)]


def _target(
    connection: Connection, data_class: DataClass, occupancy_id: UUID | None, person_id: UUID | None
) -> Target:
    if data_class is DataClass.HOUSE and occupancy_id is None and person_id is None:
        return Target(data_class, _FIRST_OPERATOR, None, None)
    if data_class is DataClass.PERSON and occupancy_id is None and person_id is not None:
        found(connection.execute(_PERSON, {"id": person_id}).one_or_none(), "person")
        return _own_targets(connection, person_id)[-1]
    if (
        data_class in (DataClass.READINGS, DataClass.LEDGER)
        and occupancy_id is not None
        and person_id is None
    ):
        rows = erasures.stays_of(connection, [occupancy_id])
        row = found(rows.get(occupancy_id), "occupancy")
        return Target(data_class, row.operator, row.person_id, occupancy_id)
    raise MalformedRequestError(
        "name the occupancy_id of readings or a ledger, the person_id of a person, neither of the house"
    )


def statement_of(event: str, target: Target, said: dict[str, Any]) -> Statement:
    """What the ledger says of an erasure, in the book of the stay that it is about."""
    subjects = [Subject(target.occupancy_id)] if target.occupancy_id else []
    return Statement(event, said, operator=target.operator, subjects=subjects)


def _refusal(
    house: House,
    turn: Turn,
    target: Target,
    refusal: str,
    verdict: Verdict,
    reason: Reason,
    erasure_id: UUID | None = None,
    said: dict[str, Any] | None = None,
) -> Record:
    about = {
        "class": target.data_class.value,
        "reason": reason.value,
        "refusal": refusal,
        "earliest": _day(verdict.earliest) or "",
    } | ({"erasure": str(erasure_id)} if erasure_id else {})
    record = turn.record(statement_of("erasure.refused", target, about | (said or {})))
    tell_whose(house, turn, "erasure.refused", target, {"reason": refusal})
    return record


def tell_whose(house: House, turn: Turn, kind: str, target: Target, said: dict[str, str]) -> None:
    """Tell the person whose data it is, and the data manager."""
    to = [outbox.customer(target.person_id)] if target.person_id is not None else []
    tell(house, turn, kind, to=[*to, outbox.DATA_MANAGER], operator=target.operator, said=said)


def _due(house: House, connection: Connection, now: Any) -> list[dict[str, Any]]:
    """What has reached its term and is not decided yet, by class; the newest terms are not all looked for."""
    today = day_of(now)
    due: list[dict[str, Any]] = []
    for row in connection.execute(_ENDED, {"before": today, "limit": _MOST_DUE}):
        for data_class in (DataClass.READINGS, DataClass.LEDGER):
            target = Target(data_class, row.operator, row.person_id, row.occupancy_id)
            try:
                verdict = weigh(house, connection, target, Reason.RETENTION_ENDED, now)
            except KeyStoreError:  # lost: the audit tells
                continue
            if verdict.obstacle is None and data_class.value not in row.standing:
                name = {"data_class": data_class.value, "occupancy_id": str(row.occupancy_id)}
                due.append(name | {"since": _day(verdict.earliest)})
    return due


def ended_copies(connection: Connection) -> list[dict[str, Any]]:
    """The copies that an erasure or a rotation has left behind and nobody confirmed to be destroyed."""
    return copies(connection, connection.execute(_ENDED_EPOCH).scalar_one())


def copies(connection: Connection, epoch: int) -> list[dict[str, Any]]:
    """The copies of epochs that have ended which nobody confirmed to be destroyed."""
    return [
        {
            "copy_id": str(row.copy_id),
            "custodian": row.custodian,
            "place": row.place,
            "epoch": row.epoch,
            "made_at": format_instant(row.made_at),
        }
        for row in connection.execute(_COPIES, {"epoch": epoch})
    ]


def _require_operator(kind: AskerKind) -> None:
    if kind is not AskerKind.OPERATOR:
        raise UnauthenticatedError("this proof does not give this command")


def _day(day: date | None) -> str | None:
    return day.isoformat() if day else None


_FIRST_OPERATOR = 1
CLOCK = "erasure_request"
_PERSON = text("SELECT 1 FROM identity.person WHERE person_id = :id")
_OWN = text("SELECT * FROM registry.occupancy WHERE person_id = :person ORDER BY from_day DESC, occupancy_id")
_PERSON = text("SELECT 1 FROM identity.person WHERE person_id = :id")
_ENDED = text(
    "SELECT o.*, ARRAY(SELECT e.data_class FROM oversight.erasure e WHERE e.occupancy_id = o.occupancy_id"
    "  AND e.state NOT IN ('refused', 'withdrawn')) AS standing FROM registry.occupancy o WHERE o.until_day < :before"
    " AND (SELECT count(*) FROM oversight.erasure e WHERE e.occupancy_id = o.occupancy_id"
    "  AND e.state IN ('decided', 'executed')) < 2 ORDER BY o.until_day LIMIT :limit"
)
# By an erasure or by a rotation: either way a copy of the key store opens what it should not.
_ENDED_EPOCH = text(
    "SELECT coalesce(greatest((SELECT max(epoch_ended) FROM oversight.erasure_batch),"
    " (SELECT max(epoch_ended) FROM oversight.key_rotation WHERE finished_at IS NOT NULL)), 0)"
)
_COPY_MADE = text(
    "INSERT INTO oversight.key_copy (copy_id, custodian, place, epoch, made_at)"
    " VALUES (:id, :custodian, :place, :epoch, :now)"
)
_COPY = text("SELECT * FROM oversight.key_copy WHERE copy_id = :id FOR UPDATE")
_COPY_DESTROYED = text(
    "UPDATE oversight.key_copy SET destroyed_at = :now, destroyed_index = :index, confirmed_by = :by"
    " WHERE copy_id = :id"
)
_COPIES = text(
    "SELECT * FROM oversight.key_copy WHERE epoch <= :epoch AND destroyed_at IS NULL ORDER BY made_at, copy_id"
)

COMMANDS = (
    Command("erasure.mine", schema(), mine),
    Command(
        "erasure.ask",
        schema(
            data_class=one_of("person", "readings", "ledger"),
            occupancy_id=identifier(required=False),
            reason=one_of(*(one.value for one in erasures.ASKED_BECAUSE), required=False),
        ),
        ask,
    ),
    Command(
        "erasure.enter",
        schema(
            person_id=identifier(),
            data_class=one_of("person", "readings", "ledger"),
            occupancy_id=identifier(required=False),
            reason=one_of(*(one.value for one in erasures.ASKED_BECAUSE), required=False),
            document_sha256=fields.String(required=True, validate=SHA256),
            received_at=Instant(load_default=None, allow_none=True),
        ),
        enter,
    ),
    Command(
        "erasure.decide",
        schema(
            data_class=one_of(*(one.value for one in DataClass)),
            occupancy_id=identifier(required=False),
            person_id=identifier(required=False),
            reason=one_of(*(one.value for one in Reason)),
            decided_by=short_text(),
            not_before=Day(load_default=None, allow_none=True),
            refusal=without_ean(short_text(required=False)),
        ),
        decide,
    ),
    Command("erasure.execute", schema(), run),
    Command("erasure.list", schema(), list_all),
    Command("key_copy.made", schema(custodian=short_text(), place=short_text()), copy_made),
    Command("key_copy.destroyed", schema(copy_id=identifier(), confirmed_by=short_text()), copy_destroyed),
)
