"""The life of a permission: asked, granted by all who must, refused, renewed, blocked, ended.

Source: EU 2023/1162 annex III; R18-R29. What may follow what stands in `states`, what time does in `timing`. Every
function works in the caller's transaction, under the ledger's head where it changes something.
"""

from __future__ import annotations

import hmac
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from databeheer.access.bases import BasisKind
from databeheer.access.catalogue import Catalogue
from databeheer.access.facts import PermissionState as State
from databeheer.brussels import day_of, midnight
from databeheer.errors import ConflictError, MalformedRequestError, NoLegalBasisError, NotFoundError
from databeheer.permissions import finding, signers, terms
from databeheer.permissions.states import Event, after
from databeheer.permissions.timing import IS_LIVE, state_at
from databeheer.registry import occupancies
from databeheer.values import Direction, Granularity, Purpose, Role, format_instant

LINK_TERM = timedelta(days=30)
"""How long a request waits for its answer."""
MOST_WAITING = 5
"""How many requests of one party for one access point may wait at once."""
MOST_ASKED = ((timedelta(days=1), 10), (timedelta(days=30), 20))
"""How often one party may ask for one access point in a time, whatever became of it: each request is a message."""
STATES = tuple(state.value for state in State)
PARTS = ("past", "future")
"""Data that are there already when a party asks, and data that are still to come: each has its own answer (R31)."""


@dataclass(frozen=True)
class Request:
    """What a party asks for. `addressed_to` is whose portal shows it, where it names an access point.

    `named_hash` is the keyed hash of the EAN that it names, whether or not that exists. `data_until` None: new
    data too. `valid_until` None: until withdrawn (R23). `service` is the word of the facade's client for what
    it asks, else empty. What the party writes freely comes sealed, the reference with a keyed hash to find it by.
    """

    permission_id: UUID
    party_id: UUID
    operator: int
    reference_hash: bytes
    reference_sealed: bytes
    service: str
    purpose: Purpose
    category: str
    directions: frozenset[Direction]
    granularity: Granularity
    data_from: datetime
    data_until: datetime | None
    valid_until: datetime | None
    named_hash: bytes | None = None
    addressed_to: UUID | None = None
    return_url_success_sealed: bytes | None = None
    return_url_failed_sealed: bytes | None = None

    def check(self, now: datetime) -> None:
        """Refuse periods that can give nothing; raises MalformedRequestError."""
        if self.data_until is not None and self.data_until <= self.data_from:
            raise MalformedRequestError("data_until: must lie after data_from")
        if self.valid_until is not None and self.valid_until <= now:
            raise MalformedRequestError("valid_until: must lie in the future")


def may_ask(
    connection: Connection, catalogue: Catalogue, party_id: UUID | None, purpose: Purpose, now: datetime
) -> int:
    """Return the grid operator of the contract under which a party may ask.

    Raises:
        NoLegalBasisError: not an energy service with a data access contract in force (R12), or a purpose
            that is not open to it.
    """
    row = connection.execute(_CONTRACT, {"party": party_id, "now": now}).one()
    rows = [one for one in catalogue.rows_of(Role(row.role)) if one.basis is BasisKind.CONSENT]
    if not rows:
        raise NoLegalBasisError("your role gets data by law, not by permission; ask as an energy service")
    if row.suspended_at is not None or row.operator is None:
        raise NoLegalBasisError("your organisation has no data access contract in force")
    if not any(purpose in one.purposes for one in rows):
        raise NoLegalBasisError("this purpose is not open to an energy service")
    operator: int = row.operator
    return operator


def ground_of(connection: Connection, catalogue: Catalogue, row: Any) -> str:
    """Return the code of the catalogue's row that a permission rests on; one purpose can be of several roles."""
    role = Role(connection.execute(_ROLE, {"party": row.party_id}).scalar_one())
    rows = catalogue.plan(role).by_consent
    return next((one.code for one in rows if row.purpose in one.purposes), rows[0].code if rows else "")


def ask(connection: Connection, request: Request, link_hash: bytes, now: datetime) -> str:
    """Write a request down; it waits LINK_TERM for its answer. Returns its state.

    Raises:
        ConflictError: the party has used this reference before, or MOST_WAITING of its requests for the same
            access point wait already, or it asked MOST_ASKED times; counted by the name, so that it does not tell
            whether the point exists.
    """
    if request.named_hash is not None:
        why = _too_many(connection, request.party_id, request.named_hash, now, is_forwarded=False)
        if why is not None:
            raise ConflictError(why)
    inserted = connection.execute(
        _INSERT,
        {
            **vars(request),
            "directions": sorted(request.directions),
            "link": link_hash,
            "link_expires": now + LINK_TERM,
            "split_at": split_of(request.data_from, request.data_until, now),
            "now": now,
        },
    ).one_or_none()
    if inserted is None:
        raise ConflictError("you have used this reference before; choose another")
    return State.REQUESTED.value


def waiting(
    connection: Connection,
    permission_id: UUID,
    person_id: UUID | None,
    link_hash: bytes | None,
    now: datetime,
    *,
    or_signed: bool = False,
) -> Any:
    """Return a request that this person may answer now, locked; `or_signed`: or under which his signature stands.

    A request that is addressed to an access point, because it named one or because somebody there has signed it,
    is for those who must sign there, with or without the link, and nobody's where that point has none, does not
    exist or they have moved: whoever holds the link learns nothing of it (R98). Else the link counts.

    Raises:
        NotFoundError: there is no such request for this person.
        ConflictError: it has been answered, or waited too long.
    """
    row = connection.execute(_WAITING, {"id": permission_id}).one_or_none()
    if row is None or person_id is None:
        raise NotFoundError("there is no such request for you")
    has_signed = or_signed and any(
        one.for_person_id == person_id for one in signers.of(connection, [permission_id])
    )
    if not has_signed and not _is_for(connection, row, person_id, link_hash, now):
        raise NotFoundError("there is no such request for you")
    if row.state != State.REQUESTED:
        raise ConflictError("this request has been answered already")
    if row.link_expires_at <= now:
        raise ConflictError("this request has expired; the organisation can ask again")
    return row


def _is_for(
    connection: Connection, row: Any, person_id: UUID, link_hash: bytes | None, now: datetime
) -> bool:
    if row.named_hash is None and row.addressed_to is None:
        return link_hash is not None and hmac.compare_digest(link_hash, bytes(row.link_hash))
    if row.state != State.REQUESTED and person_id in (row.person_id, row.addressee):
        return True  # to be told that it was answered already
    if row.addressed_to is None:
        return False
    occupancy = occupancies.by_id(connection, row.addressed_to)
    return person_id in signers.required(connection, occupancy, day_of(now))


def grantable(row: Any, occupancy: Any, now: datetime) -> None:
    """Refuse a grant that can give nothing.

    Raises:
        ConflictError: nobody lives there now, the request is for another point, or its end has passed.
    """
    today = day_of(now)
    if (occupancy.until_day is not None and occupancy.until_day <= today) or occupancy.from_day > today:
        raise ConflictError("you do not live there (any more), so you cannot give this permission")
    if row.addressed_to not in (None, occupancy.occupancy_id):
        raise ConflictError("this request is for another access point")
    if row.valid_until is not None and row.valid_until <= now:
        raise ConflictError("this request asks for a permission that would have ended by now")


def split_of(data_from: datetime, data_until: datetime | None, now: datetime) -> datetime | None:
    """Return where data of before end and data to come begin, in a request made now for both; else None."""
    today = midnight(day_of(now))
    return today if data_from < today and (data_until is None or data_until > today) else None


def granted_period(row: Any) -> tuple[datetime, datetime | None]:
    """Return the data period without the part that was not granted."""
    start = row.split_at if row.refused_part == "past" else row.data_from
    return start, row.split_at if row.refused_part == "future" else row.data_until


def parts_of(row: Any) -> tuple[str, ...]:
    """Return of which time data are asked, or granted: past, future or both."""
    split = row.split_at or midnight(day_of(row.requested_at))
    start, until = granted_period(row)
    is_in = (start < split, until is None or until > split)
    return tuple(part for part, granted in zip(PARTS, is_in, strict=True) if granted)


def narrow(connection: Connection, row: Any, parts: Collection[str]) -> None:
    """Take the part that was not granted out of a request; its party learns of it when it is granted.

    Raises:
        ConflictError: nothing of what is asked would be granted.
    """
    asked = parts_of(row)
    refused = [part for part in asked if part not in parts]
    if len(refused) == len(asked):
        raise ConflictError("nothing of what is asked would be granted; refuse it instead")
    if refused:
        connection.execute(_NARROW, {"id": row.permission_id, "part": refused[0]})


def await_others(connection: Connection, row: Any, occupancy: Any) -> str:
    """Address a request that somebody signed to all who must sign it too; returns its state."""
    state = after(State(row.state), Event.SIGNED)
    connection.execute(_ADDRESS, {"id": row.permission_id, "occupancy": occupancy.occupancy_id})
    return state.value


@dataclass(frozen=True)
class Forwarded:
    """What became of a request that was sent on; `too_often` where it reached nobody, and nobody is told so."""

    state: str
    too_often: bool


def forward(
    connection: Connection, row: Any, named_hash: bytes, addressed: Any | None, applicant: UUID, now: datetime
) -> Forwarded:
    """Send a request on to the contract holder of the access point that its applicant names (R36).

    Where that party's requests were sent on to that point as often as it may ask there itself, it reaches nobody; to
    refuse it would tell who sends it on what others did. These are counted apart from what the party asks itself, for
    its own counts tell it.

    Raises:
        ConflictError: it is addressed already.
    """
    state = after(State(row.state), Event.FORWARDED)
    if row.named_hash is not None or row.addressed_to is not None:
        raise ConflictError("this request was sent on already")
    too_often = _too_many(connection, row.party_id, named_hash, now, is_forwarded=True) is not None
    connection.execute(
        _FORWARD,
        {
            "id": row.permission_id,
            "named": named_hash,
            "occupancy": addressed.occupancy_id if addressed is not None and not too_often else None,
            "applicant": applicant,
        },
    )
    return Forwarded(state.value, too_often)


def activate(
    connection: Connection,
    row: Any,
    occupancy: Any,
    *,
    notice_sha256: bytes | None,
    language: str | None,
    more_signers: bool,
    now: datetime,
) -> str:
    """Make a request active that all have granted; its clocks run under the terms in force now.

    `row` as it is after narrowing. Returns its state, which the clock may have moved on already.
    """
    after(State(row.state), Event.GRANTED)
    rule = terms.in_force(connection)
    data_from, data_until = granted_period(row)
    clocks = terms.clocks(rule, granted_at=now, valid_until=row.valid_until, data_until=data_until)
    connection.execute(
        _GRANT,
        {
            "id": row.permission_id,
            "operator": occupancy.operator,
            "occupancy": occupancy.occupancy_id,
            "person": occupancy.person_id,
            "notice": notice_sha256,
            "language": language,
            "more_signers": more_signers,
            "deletion_days": rule.deletion,
            "reminder_days": rule.reminder,
            "collection_days": rule.collection,
            "data_from": data_from,
            "data_until": data_until,
            "now": now,
            **vars(clocks),
        },
    )
    return _state_now(connection, row.permission_id, now)


def refuse(connection: Connection, row: Any, person_id: UUID, now: datetime) -> str:
    """Refuse a waiting request, or take the own signature back while others think; as final as granting.

    Returns its state.
    """
    state = after(State(row.state), Event.REJECTED)
    connection.execute(_REFUSE, {"id": row.permission_id, "person": person_id, "now": now})
    return state.value


def end(connection: Connection, row: Any, *, by_party: bool, now: datetime) -> str:
    """End a permission that is not over, locked before; a party may give up a waiting request too.

    Returns the new state.

    Raises:
        ConflictError: it has ended already.
    """
    event = Event.TERMINATED if by_party else Event.REVOKED
    return end_as(connection, row, event, _REASON_OF_EVENT[event], now)


def end_part(connection: Connection, row: Any, part: str, now: datetime) -> str:
    """End one part, past or future, of a permission that has both, locked before; returns the state, as it was.

    Raises:
        ConflictError: it is not in force, or that part is not all that it has besides the other.
    """
    state = after(State(state_at(row, now)[0]), Event.NARROWED)
    parts = parts_of(row)
    if part not in parts:
        raise ConflictError("this part was not granted, or ended already")
    if len(parts) == 1:
        raise ConflictError("this is all that is left of the permission; end it whole")
    _cut_off(connection, row, part, now)
    return state.value


def end_part_again(connection: Connection, permission_id: UUID, part: str, at: datetime) -> Any | None:
    """End a part once more that ended `at` a time which the database lost; None where there is nothing to end."""
    row = connection.execute(_LIVE_BEFORE, {"id": permission_id, "at": at}).one_or_none()
    if row is None or part not in parts_of(row) or len(parts_of(row)) == 1:
        return None
    _cut_off(connection, row, part, at)
    return connection.execute(_LIVE_BEFORE, {"id": permission_id, "at": at}).one()


def _cut_off(connection: Connection, row: Any, part: str, at: datetime) -> None:
    """Take a part away; what is left without new data closes as a permission that was granted so does."""
    fulfils_at = None
    if part == "future":
        fulfils_at = terms.fulfilment(
            row.collection_days, since=at, valid_until=row.valid_until, data_until=row.split_at
        )
    connection.execute(_END_PART, {"id": row.permission_id, "part": part, "fulfils_at": fulfils_at})


def end_as(connection: Connection, row: Any, event: Event, reason: str, now: datetime) -> str:
    """End a permission, locked before, by an event and for a reason; returns the new state.

    Raises:
        ConflictError: it has ended already, by the clock too.
    """
    state = after(State(state_at(row, now)[0]), event)
    connection.execute(_END, {"id": row.permission_id, "state": state, "reason": reason, "now": now})
    return state.value


def block(connection: Connection, row: Any, reason: str, now: datetime) -> str:
    """Stop a permission's access while something about it is examined; `row` locked before. Returns its state.

    Raises:
        ConflictError: it gives no access now.
    """
    state = after(State(state_at(row, now)[0]), Event.BLOCKED)
    connection.execute(_CHANGE, {"id": row.permission_id, "state": state, "reason": reason})
    return state.value


def unblock(connection: Connection, row: Any, now: datetime) -> str:
    """Let a blocked permission go on as before; returns its state, which the clock may have moved on meanwhile.

    Raises:
        ConflictError: it is not blocked, or ended meanwhile.
    """
    state = after(State(state_at(row, now)[0]), Event.UNBLOCKED)
    connection.execute(_CHANGE, {"id": row.permission_id, "state": state, "reason": ""})
    return _state_now(connection, row.permission_id, now)


def write_down(connection: Connection, row: Any, event: Event, reason: str, at: datetime) -> str:
    """Write down what time has done to a permission; returns its state."""
    state = after(State(row.state), event)
    if event in (Event.RENEWAL_DUE, Event.BLOCKED):
        connection.execute(_CHANGE, {"id": row.permission_id, "state": state, "reason": reason})
    elif event is Event.REMINDED:
        next_at = at + timedelta(days=row.reminder_days)
        connection.execute(_REMINDED, {"id": row.permission_id, "next": next_at})
    else:
        connection.execute(_END, {"id": row.permission_id, "state": state, "reason": reason, "now": at})
    return state.value


def end_again(
    connection: Connection, permission_id: UUID, state: str, reason: str, at: datetime
) -> Any | None:
    """End a permission once more that ended `at` a time which the database lost; returns its row, locked.

    None where there is nothing to end: it is not there, has ended, or was granted after that time. A request
    that waits does not end by a move: nobody can answer it any more, and it times out as any other.
    """
    ended = {"id": permission_id, "state": state, "reason": reason, "at": at}
    return connection.execute(_END_AGAIN, ended).one_or_none()


def lapse(connection: Connection, before: datetime, now: datetime) -> list[Any]:
    """End every permission that was granted before a time and is not over; returns the ended rows.

    For a restored database of which nobody knows which consents were withdrawn after the backup.
    """
    return list(connection.execute(_LAPSE, {"before": before, "now": now}))


def count_lapsing(connection: Connection, before: datetime, now: datetime) -> int:
    """Return how many permissions `lapse` would end."""
    count: int = connection.execute(_COUNT_LAPSING, {"before": before, "now": now}).scalar_one()
    return count


def end_by_move(connection: Connection, occupancy_id: UUID, now: datetime) -> list[Any]:
    """End all permissions of an occupancy whose person leaves (R29); returns the ended rows.

    Requests that wait for an answer from there stay as they are: who left can answer them no more, nobody else
    can, and they time out. To their party they look like any request that nobody answers: that somebody moved is
    not its to know (R98).
    """
    return list(connection.execute(_MOVE, {"occupancy": occupancy_id, "now": now}))


def close_all(connection: Connection, party_id: UUID, now: datetime) -> int:
    """End all permissions of a party that is suspended (R13); returns how many.

    One statement, however many they are: they end by the clock, now, and each is written down after (`timing`).
    """
    return connection.execute(_CLOSE_ALL, {"party": party_id, "now": now}).rowcount


def end_by_death(connection: Connection, person_id: UUID, now: datetime) -> list[Any]:
    """End all permissions of a grid user who died; returns the ended rows.

    Requests that wait for him stay, as after a move: a party is not told of a death by a request.
    """
    return list(connection.execute(_DEATH, {"person": person_id, "now": now}))


def said(permission_id: UUID, members: Mapping[str, Any]) -> dict[str, Any]:
    """What the ledger says of a permission, from a row's or a request's members; no subject is named.

    Of one that was granted, `valid_until` is when it ends at the latest, the longest term included.
    """
    return {
        "permission": str(permission_id),
        "purpose": str(members["purpose"]),
        "category": members["category"],
        "directions": sorted(members["directions"]),
        "granularity": str(members["granularity"]),
        "data": [instant(members["data_from"]), instant(members["data_until"])],
        "valid_until": instant(members.get("ends_at") or members["valid_until"]),
    }


def instant(value: datetime | None) -> str:
    """A moment as the ledger writes it; empty for none."""
    return format_instant(value) if value else ""


def _state_now(connection: Connection, permission_id: UUID, now: datetime) -> str:
    return state_at(finding.by_id(connection, permission_id), now)[0]


def _too_many(
    connection: Connection, party_id: UUID, named_hash: bytes, now: datetime, *, is_forwarded: bool
) -> str | None:
    """Why one more request of this party for a point is one too many; None where it is not."""
    asked = {"party": party_id, "named": named_hash, "now": now, "is_forwarded": is_forwarded}
    if connection.execute(_COUNT_WAITING, asked).scalar_one() >= MOST_WAITING:
        return (
            f"{MOST_WAITING} requests of this party for this access point wait for an answer already;"
            " wait for one, or terminate one of them, before another"
        )
    for term, most in MOST_ASKED:
        since = connection.execute(_COUNT_ASKED, asked | {"since": now - term}).scalar_one()
        if since >= most:
            return (
                f"this party asked {most} times for this access point in {term.days} days, which is the most"
            )
    return None


_ROLE = text("SELECT role FROM registry.party WHERE party_id = :party")
_CONTRACT = text(
    "SELECT p.role, p.suspended_at, c.operator FROM registry.party p LEFT JOIN registry.contract c"
    " ON c.party_id = p.party_id AND c.valid_from <= :now AND (c.valid_until IS NULL OR c.valid_until > :now)"
    " WHERE p.party_id = :party ORDER BY c.valid_from LIMIT 1"
)
_INSERT = text(
    "INSERT INTO permissions.permission (permission_id, operator, party_id, reference_hash, reference_sealed, service,"
    " purpose, category, directions, granularity, data_from, data_until, valid_until, state, named_hash,"
    " addressed_to, link_hash, link_expires_at, split_at, return_url_success_sealed, return_url_failed_sealed,"
    " requested_at)"
    " VALUES (:permission_id, :operator, :party_id, :reference_hash, :reference_sealed, :service,"
    " :purpose, :category, :directions, :granularity, :data_from, :data_until, :valid_until, 'requested', :named_hash,"
    " :addressed_to, :link, :link_expires, :split_at, :return_url_success_sealed, :return_url_failed_sealed, :now)"
    " ON CONFLICT (party_id, reference_hash, service) WHERE renews IS NULL DO NOTHING RETURNING 1"
)
_COUNT_WAITING = text(
    "SELECT count(*) FROM permissions.permission WHERE party_id = :party AND named_hash = :named"
    " AND state = 'requested' AND link_expires_at > :now AND (applicant_id IS NOT NULL) = :is_forwarded"
)
_COUNT_ASKED = text(
    "SELECT count(*) FROM permissions.permission WHERE party_id = :party AND named_hash = :named"
    " AND requested_at > :since AND (applicant_id IS NOT NULL) = :is_forwarded"
)
_WAITING = text(
    "SELECT p.*, o.person_id AS addressee FROM permissions.permission p"
    " LEFT JOIN registry.occupancy o ON o.occupancy_id = p.addressed_to"
    " WHERE p.permission_id = :id FOR UPDATE OF p"
)
_GRANT = text(
    "UPDATE permissions.permission SET state = 'active', reason = '', operator = :operator,"
    " occupancy_id = :occupancy, person_id = :person, decided_at = :now, notice_sha256 = :notice,"
    " data_from = :data_from, data_until = :data_until,"
    " language = :language, more_signers = :more_signers, ends_at = :ends_at, renew_from = :renew_from,"
    " fulfils_at = :fulfils_at, remind_at = :remind_at, deletion_days = :deletion_days,"
    " reminder_days = :reminder_days, collection_days = :collection_days WHERE permission_id = :id"
)
_NARROW = text("UPDATE permissions.permission SET refused_part = :part WHERE permission_id = :id")
_ADDRESS = text("UPDATE permissions.permission SET addressed_to = :occupancy WHERE permission_id = :id")
_FORWARD = text(
    "UPDATE permissions.permission SET named_hash = :named, addressed_to = :occupancy, applicant_id = :applicant"
    " WHERE permission_id = :id"
)
_CHANGE = text("UPDATE permissions.permission SET state = :state, reason = :reason WHERE permission_id = :id")
_REMINDED = text("UPDATE permissions.permission SET remind_at = :next WHERE permission_id = :id")
_REFUSE = text(
    "UPDATE permissions.permission SET state = 'rejected', reason = 'rejected_by_customer', person_id = :person,"
    " decided_at = :now, ended_at = :now WHERE permission_id = :id"
)
_END = text(
    "UPDATE permissions.permission SET state = :state, reason = :reason, ended_at = :now WHERE permission_id = :id"
)
_REASON_OF_EVENT = {Event.TERMINATED: "terminated_by_party", Event.REVOKED: "withdrawn_by_customer"}
# Both have a day between them: the part that goes is cut off there.
_END_PART = text(
    "UPDATE permissions.permission SET withdrawn_part = :part,"
    " data_from = CASE WHEN :part = 'past' THEN split_at ELSE data_from END,"
    " data_until = CASE WHEN :part = 'future' THEN split_at ELSE data_until END,"
    " fulfils_at = least(fulfils_at, CAST(:fulfils_at AS timestamptz)) WHERE permission_id = :id"
)
_LIVE_BEFORE = text(
    "SELECT * FROM permissions.permission WHERE permission_id = :id"
    " AND state IN ('active', 'to_be_renewed', 'blocked')"
    " AND date_trunc('milliseconds', decided_at) <= :at FOR UPDATE"
)
# A ledger's body says when to the millisecond.
_END_AGAIN = text(
    "UPDATE permissions.permission SET state = :state, reason = :reason, ended_at = :at,"
    " decided_at = coalesce(decided_at, :at) WHERE permission_id = :id"
    " AND (state IN ('active', 'to_be_renewed', 'blocked') OR state = 'requested' AND :state <> 'invalidated')"
    " AND (decided_at IS NULL OR date_trunc('milliseconds', decided_at) <= :at) RETURNING *"
)
_LAPSE = text(
    "UPDATE permissions.permission p SET state = 'lapsed', reason = 'lost_in_restore', ended_at = :now"  # noqa: S608  parts of our own
    f" WHERE {IS_LIVE} AND p.decided_at <= :before RETURNING p.*"
)
_COUNT_LAPSING = text(
    f"SELECT count(*) FROM permissions.permission p WHERE {IS_LIVE} AND p.decided_at <= :before"  # noqa: S608  parts of our own
)
_MOVE = text(
    "UPDATE permissions.permission p SET state = 'invalidated', reason = 'moved_out', ended_at = :now"  # noqa: S608  parts of our own
    f" WHERE p.occupancy_id = :occupancy AND {IS_LIVE} RETURNING p.*"
)
_CLOSE_ALL = text(
    f"UPDATE permissions.permission p SET closes_at = :now WHERE p.party_id = :party AND {IS_LIVE}"  # noqa: S608  parts of our own
)
_DEATH = text(
    "UPDATE permissions.permission p SET state = 'invalidated', reason = 'holder_died', ended_at = :now"  # noqa: S608  parts of our own
    " FROM registry.occupancy o WHERE o.occupancy_id = p.occupancy_id AND o.person_id = :person"
    f" AND {IS_LIVE} RETURNING p.*"
)
