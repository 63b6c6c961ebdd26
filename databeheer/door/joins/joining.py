"""A join in two turns: the intent is recorded before anything is opened, the outcome before anything leaves.

1. Under the ledger's head row: is the signed list in force, is the wish on it, may each point be given; record
   the intent, or the refusal, as one entry whose subjects are all occupancies concerned. Where the case asks for more
   people, it waits for them (`intents.py`); asked once more, all of this is decided anew.
2. After the commit: open the sealed month totals of exactly those stretches.
3. In a second turn: record what came of it; hand over.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import text

from databeheer.access.explain import Language, citation_text
from databeheer.brussels import day_of
from databeheer.door.facts.of_requests import FactBook, read_facts
from databeheer.door.house import House
from databeheer.door.joins import intents
from databeheer.door.joins.intents import Waiting
from databeheer.door.joins.lists import adopt
from databeheer.door.joins.necessity import with_record
from databeheer.door.joins.scope import JoinAsked, PointStretches, may_leave, whole
from databeheer.door.keys.seals import derive
from databeheer.door.names import ean_hash
from databeheer.door.proofs import Asker, AskerKind
from databeheer.door.reads.opening import Stretch, open_totals
from databeheer.door.statement import Record, Statement, Subject
from databeheer.door.turn import Turn
from databeheer.errors import ConflictError
from databeheer.joins.cases import JoinCase, Shape
from databeheer.joins.gate import JoinRefusal, JoinWish, check, months_of
from databeheer.joins.reasons import JoinReason
from databeheer.joins.release import Amount
from databeheer.joins.signature import SignedJoinList
from databeheer.oversight import stop
from databeheer.values import Commodity, Role, format_instant

MOST_ATTEMPTS = 10
ATTEMPTS_WITHIN = timedelta(hours=1)
_TELL_NOBODY = (JoinReason.RATE_LIMITED, JoinReason.APPROVAL_MISSING)
"""What waits is told to whom it is about once it runs; what is asked too often, not a hundred times."""


@dataclass
class Join:
    """One attempt, decided and recorded: `reason` is None where it may run.

    `waiting`: of a case that asks for more people, how many agree.
    """

    asked: JoinAsked
    party_id: UUID
    operator: int
    list_version: int
    case: JoinCase | None
    reason: JoinReason | None
    parts: tuple[PointStretches, ...]
    record: Record
    as_of: int
    waiting: Waiting | None = None
    release_id: UUID = field(default_factory=uuid4)


def attempt(house: House, turn: Turn, asker: Asker, asked: JoinAsked, signed: SignedJoinList | None) -> Join:
    """Decide one attempt and record it in this turn.

    Raises:
        ConflictError: an inspector asks, and the regulator is not registered as a party.
    """
    party = _requester(turn, asker)
    found = _listed(house, turn, asked)
    points = found.values() if asked.eans is not None else _area(turn, party)
    book = read_facts(turn.connection, turn.now, points=points, permissions=(), parties={party.party_id})
    facts = book.parties[party.party_id].facts
    signed = with_record(house, turn, signed, asked.case_id)
    role = facts.role
    by = intents.mark_of(asker)
    wish = intents.wish_hash(house, asked, by, signed) if signed else b""
    waiting = intents.find(turn, wish)
    case, reason = _case(turn, asked, signed, role, party.party_id, waiting.agreed if waiting else 1)
    parts: tuple[PointStretches, ...] = ()
    if case is not None and reason in (None, JoinReason.APPROVAL_MISSING):
        complete = _is_complete(asked, found)
        parts, objection = may_leave(house, turn, book, facts, case, asked, complete=complete)
        reason = objection or reason
    concerned = [] if reason in _TELL_NOBODY else _subjects(asked, book, parts, reason)
    operator = party.operator or 1
    index = turn.next_index
    if waiting is not None and reason is None:
        intents.end(turn, waiting.intent_id, "run")
    elif (
        waiting is None and case is not None and signed is not None and reason is JoinReason.APPROVAL_MISSING
    ):
        about = {"operator": operator, "party": party.party_id, "version": signed.joins.version}
        waiting = intents.begin(turn, wish, by, case.approvals, **about)
    record = turn.record(
        _statement(asked, signed, case, reason, parts, concerned, party.party_id, operator, waiting)
    )
    turn.connection.execute(
        _ATTEMPT,
        {
            "operator": operator,
            "party": party.party_id,
            "reason": reason.value if reason else "",
            "index": index,
            "now": turn.now,
        },
    )
    return Join(
        asked,
        party.party_id,
        operator,
        signed.joins.version if signed else 0,
        case,
        reason,
        parts,
        record,
        turn.size,
        waiting,
    )


def open_amounts(house: House, join: Join) -> list[Amount]:
    """Open the month totals of a recorded join, under pseudonyms of this release; nothing else is opened."""
    if join.case is None or join.reason is not None:
        return []
    case, key = join.case, house.release_key(join.party_id, join.release_id)
    pairs = [(part, stretch) for part in join.parts for stretch in _stretches(case, part)]
    opened = open_totals(house, [stretch for _, stretch in pairs], join.as_of)
    return [
        Amount(
            _pseudonym(case, *pairs[number], key),
            Commodity(pairs[number][0].point.commodity),
            channel.direction,
            channel.unit,
            day_of(slot.start).replace(day=1),
            slot.value,
            slot.missing,
            _customer(*pairs[number], key),
        )
        for number, channel, slots in opened
        for slot in slots
    ]


def close(
    turn: Turn, join: Join, case: JoinCase, rows: int, suppressed: int
) -> tuple[Record, JoinReason | None]:
    """Record what came of a join, in a turn of its own; a stop that came in between withholds everything."""
    said = {
        "case": case.id,
        "list": join.list_version,
        "intent": join.record.index,
        "points": len(join.parts),
        "rows": rows,
        "suppressed": suppressed,
        "agreed": join.waiting.agreed if join.waiting else 1,
    }
    if stop.current(turn.connection) is not None:
        said |= {"rows": 0, "reason": JoinReason.STOPPED.value}
        statement = Statement("join.withheld", said, party_id=join.party_id, operator=join.operator)
        return turn.record(statement), JoinReason.STOPPED
    index = turn.next_index
    record = turn.record(
        Statement("join.released", said, ground=_ground(case), party_id=join.party_id, operator=join.operator)
    )
    turn.connection.execute(
        _RELEASE,
        {
            "id": join.release_id,
            "operator": join.operator,
            "case": case.id,
            "version": str(join.list_version),
            "party": join.party_id,
            "intent": join.record.index,
            "outcome": index,
            "points": len(join.parts),
            "now": turn.now,
        },
    )
    return record, None


# ---- who asks, of what -------------------------------------------------------------------------------------


def _requester(turn: Turn, asker: Asker) -> Any:
    """The party that asks; an inspector asks for the regulator, which is a party like any other."""
    if asker.kind is AskerKind.INSPECTOR:
        row = turn.connection.execute(_REGULATOR).one_or_none()
        if row is None:
            raise ConflictError("the regulator is not registered as a party")
        return row
    return turn.connection.execute(_PARTY, {"party": asker.party_id}).one()


def _listed(house: House, turn: Turn, asked: JoinAsked) -> dict[bytes, UUID]:
    if asked.eans is None:
        return {}
    hashes = {ean_hash(house, ean) for ean in asked.eans}
    rows = turn.connection.execute(_BY_EAN, {"hashes": list(hashes)})
    return {bytes(row.ean_hash): row.access_point_id for row in rows}


def _is_complete(asked: JoinAsked, found: dict[bytes, UUID]) -> bool:
    return asked.eans is None or len(found) == len(set(asked.eans))


def _area(turn: Turn, party: Any) -> set[UUID]:
    """All points of the grid operator's own area; of every area for the regulator, of none for anybody else."""
    if party.role == Role.REGULATOR:
        operator = None
    elif party.role == Role.DSO and party.operator is not None:
        operator = party.operator
    else:
        return set()
    return {row.access_point_id for row in turn.connection.execute(_AREA, {"operator": operator})}


def _case(
    turn: Turn, asked: JoinAsked, signed: SignedJoinList | None, role: Role, party_id: UUID, agreed: int
) -> tuple[JoinCase | None, JoinReason | None]:
    if _attempts(turn, party_id) >= MOST_ATTEMPTS:
        return None, JoinReason.RATE_LIMITED
    if signed is None or not adopt(turn, signed):
        return None, JoinReason.LIST_NOT_IN_FORCE
    listed = len(set(asked.eans)) if asked.eans is not None else None
    found = check(signed.joins, JoinWish(asked.case_id, role, asked.purpose, listed, asked.period, agreed))
    case = signed.joins.case(asked.case_id)
    reason = found.reason if isinstance(found, JoinRefusal) else None
    # Where nothing but people is missing it may wait for them; what else is wrong, no approval mends.
    if case is None or reason not in (None, JoinReason.APPROVAL_MISSING):
        return case, reason
    if case.shape is Shape.TABLE:
        return case, JoinReason.PUBLISHED_ONLY
    # A month that is not over would be told again, larger: by subtraction, the days in between.
    if asked.period.end > turn.now:
        return case, JoinReason.NOT_WHOLE_MONTHS
    return case, reason


def _attempts(turn: Turn, party_id: UUID) -> int:
    count: int = turn.connection.execute(
        _ATTEMPTS,
        {"party": party_id, "since": turn.now - ATTEMPTS_WITHIN, "limited": JoinReason.RATE_LIMITED.value},
    ).scalar_one()
    return count


def _stretches(case: JoinCase, part: PointStretches) -> list[Stretch]:
    channels = tuple(channel for channel in part.point.channels if channel.direction in case.directions)
    return [replace(stretch, channels=channels) for stretch in part.stretches]


def _pseudonym(case: JoinCase, part: PointStretches, stretch: Stretch, key: bytes) -> str:
    # Rows of points tell occupants apart, as their readings are; sums count connections.
    named = stretch.occupancy_id if case.shape is Shape.POINTS else part.point.access_point_id
    return derive(key, "join-pseudonym", named.bytes, size=16).hex()


def _customer(part: PointStretches, stretch: Stretch, key: bytes) -> str:
    """Whose the point was: ten shops of one chain hide nobody."""
    persons = {UUID(home.id): home.person_id for home in part.point.occupancies}
    person = persons.get(stretch.occupancy_id)
    return derive(key, "join-customer", UUID(person).bytes, size=16).hex() if person else ""


# ---- what the ledger says ------------------------------------------------------------------------------------


def _statement(
    asked: JoinAsked,
    signed: SignedJoinList | None,
    case: JoinCase | None,
    reason: JoinReason | None,
    parts: Sequence[PointStretches],
    subjects: list[Subject],
    party_id: UUID,
    operator: int,
    waiting: Waiting | None,
) -> Statement:
    """One entry for all; its shared half is opened by every subject's receipt, so it names no point."""
    said: dict[str, Any] = {
        "case": asked.case_id,
        "title_nl": case.title_nl if case else "",
        "citation": citation_text(case.citation, Language.DUTCH) if case else "",
        "list": signed.joins.version if signed else 0,
        "list_sha256": signed.joins.sha256.hex() if signed else "",
        "purpose": asked.purpose,
        "note": asked.requester_note,
        "asked": [format_instant(asked.period.start), format_instant(asked.period.end)],
        "granularity": case.granularity.value if case else "month",
        "directions": sorted(case.directions) if case else [],
        "shape": case.shape.value if case else "",
        "points": len(parts) or len(set(asked.eans or ())),
    }
    event = "join.run" if reason is None else "join.refused"
    if reason is JoinReason.APPROVAL_MISSING:
        event = "join.waiting"
    elif reason is not None:
        said["reason"] = reason.value
    if waiting is not None:
        said |= {"intent": waiting.index, "agreed": waiting.agreed, "needed": waiting.needed}
    return Statement(
        event=event,
        said=said,
        ground=_ground(case) if case and reason is None else (reason.value if reason else ""),
        party_id=party_id,
        operator=operator,
        subjects=subjects,
    )


def _subjects(
    asked: JoinAsked, book: FactBook, parts: Sequence[PointStretches], reason: JoinReason | None
) -> list[Subject]:
    """Whose data it is about; of a refusal, whose it would have been, if they were named."""
    said: dict[UUID, dict[str, Any]] = {}
    if reason is not None:
        named = book.points.values() if asked.eans is not None else ()
        parts = [whole(point, asked.period) for point in named]
    months = len(months_of(asked.period) or ()) or 1
    for part in parts:
        for stretch in part.stretches:
            own = said.setdefault(stretch.occupancy_id, {"granted": [], "slots": 0})
            if reason is None:
                span = [format_instant(stretch.interval.start), format_instant(stretch.interval.end)]
                own["granted"].append(span)
                own["slots"] = months * len(part.point.channels)
    return [Subject(occupancy_id, own) for occupancy_id, own in sorted(said.items())]


def _ground(case: JoinCase) -> str:
    return case.basis or f"join:{case.id}"


_PARTY = text("SELECT * FROM registry.party WHERE party_id = :party")
_REGULATOR = text(
    "SELECT * FROM registry.party WHERE role = 'regulator' ORDER BY created_at, party_id LIMIT 1"
)
_BY_EAN = text("SELECT ean_hash, access_point_id FROM registry.access_point WHERE ean_hash = ANY(:hashes)")
_AREA = text(
    "SELECT access_point_id FROM registry.access_point"
    " WHERE CAST(:operator AS smallint) IS NULL OR operator = :operator"
)
_ATTEMPTS = text(
    "SELECT count(*) FROM joins.attempt WHERE party_id = :party AND at > :since AND reason <> :limited"
)
_ATTEMPT = text(
    "INSERT INTO joins.attempt (operator, party_id, reason, index, at)"
    " VALUES (:operator, :party, :reason, :index, :now)"
)
_RELEASE = text(
    "INSERT INTO joins.release (release_id, operator, case_id, list_version, party_id, intent_index, outcome_index,"
    " points, released_at) VALUES (:id, :operator, :case, :version, :party, :intent, :outcome, :points, :now)"
)
