"""The life of a permission: its states, and what may follow what.

Source: EU 2023/1162 annex III; R18-R29. Every function works in the caller's transaction, under the ledger's head
where it changes something.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from databeheer.access.bases import BasisKind
from databeheer.access.catalogue import Catalogue
from databeheer.brussels import day_of
from databeheer.errors import ConflictError, MalformedRequestError, NoLegalBasisError, NotFoundError
from databeheer.values import Direction, Granularity, Purpose, Role, format_instant

LINK_TERM = timedelta(days=30)
"""How long a request waits for its answer."""
MOST_WAITING = 5
"""How many requests of one party for one access point may wait at once."""
STATES = (
    "requested",
    "rejected",
    "timed_out",
    "active",
    "revoked",
    "expired",
    "terminated",
    "invalidated",
    "lapsed",
)


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


def ground_of(catalogue: Catalogue, purpose: str) -> str:
    """Return the code of the catalogue's row that a consent for this purpose rests on."""
    rows = [row for row in catalogue.rows if row.basis is BasisKind.CONSENT]
    rows.sort(key=lambda row: row.actor_role is not Role.ENERGY_SERVICE)
    return next((row.code for row in rows if purpose in row.purposes), rows[0].code)


def ask(connection: Connection, request: Request, link_hash: bytes, now: datetime) -> None:
    """Write a request down; it waits LINK_TERM for its answer.

    Raises:
        ConflictError: the party has used this reference before, or MOST_WAITING of its requests for the same
            access point wait already; counted by the name, so that it does not tell whether the point exists.
    """
    if request.named_hash is not None:
        asked = {"party": request.party_id, "named": request.named_hash, "now": now}
        if connection.execute(_COUNT_WAITING, asked).scalar_one() >= MOST_WAITING:
            raise ConflictError(
                f"{MOST_WAITING} of your requests for this access point wait for an answer already;"
                " wait for one, or terminate one of them, before you ask again"
            )
    inserted = connection.execute(
        _INSERT,
        {
            **vars(request),
            "directions": sorted(request.directions),
            "link": link_hash,
            "link_expires": now + LINK_TERM,
            "now": now,
        },
    ).one_or_none()
    if inserted is None:
        raise ConflictError("you have used this reference before; choose another")


def waiting(
    connection: Connection,
    permission_id: UUID,
    person_id: UUID | None,
    link_hash: bytes | None,
    now: datetime,
) -> Any:
    """Return a request that this person may answer now, locked.

    A request that named an access point is its grid user's alone, with or without the link, and nobody's where
    that point has none or does not exist: whoever holds the link learns nothing of it (R98). A link counts for
    a request that named nobody.

    Raises:
        NotFoundError: there is no such request for this person.
        ConflictError: it has been answered, or waited too long.
    """
    row = connection.execute(_WAITING, {"id": permission_id}).one_or_none()
    if row is None or person_id is None:
        raise NotFoundError("there is no such request for you")
    has_link = link_hash is not None and hmac.compare_digest(link_hash, bytes(row.link_hash))
    if not (row.addressee == person_id if row.named_hash is not None else has_link):
        raise NotFoundError("there is no such request for you")
    if row.state != "requested":
        raise ConflictError("this request has been answered already")
    if row.link_expires_at <= now:
        raise ConflictError("this request has expired; the organisation can ask again")
    return row


def grant(
    connection: Connection,
    row: Any,
    occupancy: Any,
    person_id: UUID,
    *,
    notice_sha256: bytes,
    language: str,
    now: datetime,
) -> None:
    """Grant a waiting request for an occupancy of the person; active from now on.

    Raises:
        ConflictError: the person does not live there now, the request is for another point, or its end has passed.
    """
    today = day_of(now)
    if (occupancy.until_day is not None and occupancy.until_day <= today) or occupancy.from_day > today:
        raise ConflictError("you do not live there (any more), so you cannot give this permission")
    if row.addressed_to not in (None, occupancy.occupancy_id):
        raise ConflictError("this request is for another access point")
    if row.valid_until is not None and row.valid_until <= now:
        raise ConflictError("this request asks for a permission that would have ended by now")
    connection.execute(
        _GRANT,
        {
            "id": row.permission_id,
            "operator": occupancy.operator,
            "occupancy": occupancy.occupancy_id,
            "person": person_id,
            "notice": notice_sha256,
            "language": language,
            "now": now,
        },
    )


def refuse(connection: Connection, row: Any, person_id: UUID, now: datetime) -> None:
    """Refuse a waiting request; as final as granting."""
    connection.execute(_REFUSE, {"id": row.permission_id, "person": person_id, "now": now})


def end(connection: Connection, row: Any, *, by_party: bool, now: datetime) -> str:
    """End an active permission, locked before; a party may give up a waiting request too. Returns the new state.

    Raises:
        ConflictError: it has ended already.
    """
    state_now, _ = state_at(row, now)
    if state_now != "active" and not (by_party and state_now == "requested"):
        raise ConflictError("this permission has ended already")
    state = "terminated" if by_party else "revoked"
    reason = "terminated_by_party" if by_party else "withdrawn_by_customer"
    connection.execute(_END, {"id": row.permission_id, "state": state, "reason": reason, "now": now})
    return state


def end_again(connection: Connection, permission_id: UUID, state: str, at: datetime) -> Any | None:
    """End a permission once more that ended `at` a time which the database lost; returns its row, locked.

    None where there is nothing to end: it is not there, has ended, or was granted after that time.
    """
    ended = {"id": permission_id, "state": state, "reason": _REASON_OF_END[state], "at": at}
    return connection.execute(_END_AGAIN, ended).one_or_none()


def lapse(connection: Connection, before: datetime, now: datetime) -> list[Any]:
    """End every active permission that was granted before a time; returns the ended rows.

    For a restored database of which nobody knows which consents were withdrawn after the backup.
    """
    return list(connection.execute(_LAPSE, {"before": before, "now": now}))


def count_lapsing(connection: Connection, before: datetime, now: datetime) -> int:
    """Return how many permissions `lapse` would end."""
    count: int = connection.execute(_COUNT_LAPSING, {"before": before, "now": now}).scalar_one()
    return count


def end_by_move(connection: Connection, occupancy_id: UUID, now: datetime) -> list[Any]:
    """End all permissions and requests of an occupancy whose person leaves (R29); returns the ended rows."""
    return list(connection.execute(_MOVE, {"occupancy": occupancy_id, "now": now}))


def end_by_death(connection: Connection, person_id: UUID, now: datetime) -> list[Any]:
    """End all permissions and requests that hang on a person who died; returns the ended rows."""
    return list(connection.execute(_DEATH, {"person": person_id, "now": now}))


def state_at(row: Any, now: datetime) -> tuple[str, str]:
    """The state at this moment, and why: an end that passed shows at once, though nobody wrote it down."""
    if row.state == "active" and row.valid_until is not None and row.valid_until <= now:
        return "expired", "expired"
    if row.state == "requested" and row.link_expires_at <= now:
        return "timed_out", "not_answered_in_time"
    return row.state, row.reason


def said(permission_id: UUID, members: Mapping[str, Any]) -> dict[str, Any]:
    """What the ledger says of a permission, from a row's or a request's members; no subject is named."""

    def instant(value: datetime | None) -> str:
        return format_instant(value) if value else ""

    return {
        "permission": str(permission_id),
        "purpose": str(members["purpose"]),
        "category": members["category"],
        "directions": sorted(members["directions"]),
        "granularity": str(members["granularity"]),
        "data": [instant(members["data_from"]), instant(members["data_until"])],
        "valid_until": instant(members["valid_until"]),
    }


_CONTRACT = text(
    "SELECT p.role, p.suspended_at, c.operator FROM registry.party p LEFT JOIN registry.contract c"
    " ON c.party_id = p.party_id AND c.valid_from <= :now AND (c.valid_until IS NULL OR c.valid_until > :now)"
    " WHERE p.party_id = :party ORDER BY c.valid_from LIMIT 1"
)
_INSERT = text(
    "INSERT INTO permissions.permission (permission_id, operator, party_id, reference_hash, reference_sealed, service,"
    " purpose, category, directions, granularity, data_from, data_until, valid_until, state, named_hash,"
    " addressed_to, link_hash, link_expires_at, return_url_success_sealed, return_url_failed_sealed, requested_at)"
    " VALUES (:permission_id, :operator, :party_id, :reference_hash, :reference_sealed, :service,"
    " :purpose, :category, :directions, :granularity, :data_from, :data_until, :valid_until, 'requested', :named_hash,"
    " :addressed_to, :link, :link_expires, :return_url_success_sealed, :return_url_failed_sealed, :now)"
    " ON CONFLICT (party_id, reference_hash, service) DO NOTHING RETURNING 1"
)
_COUNT_WAITING = text(
    "SELECT count(*) FROM permissions.permission WHERE party_id = :party AND named_hash = :named"
    " AND state = 'requested' AND link_expires_at > :now"
)
_WAITING = text(
    "SELECT p.*, o.person_id AS addressee FROM permissions.permission p"
    " LEFT JOIN registry.occupancy o ON o.occupancy_id = p.addressed_to"
    " WHERE p.permission_id = :id FOR UPDATE OF p"
)
_GRANT = text(
    "UPDATE permissions.permission SET state = 'active', reason = '', operator = :operator,"
    " occupancy_id = :occupancy, person_id = :person, decided_at = :now, notice_sha256 = :notice,"
    " language = :language WHERE permission_id = :id"
)
_REFUSE = text(
    "UPDATE permissions.permission SET state = 'rejected', reason = 'rejected_by_customer', person_id = :person,"
    " decided_at = :now, ended_at = :now WHERE permission_id = :id"
)
_END = text(
    "UPDATE permissions.permission SET state = :state, reason = :reason, ended_at = :now WHERE permission_id = :id"
)
_REASON_OF_END = {
    "revoked": "withdrawn_by_customer",
    "terminated": "terminated_by_party",
    "rejected": "rejected_by_customer",
    "invalidated": "moved_out",
    "lapsed": "lost_in_restore",
}
# A ledger's body says when to the millisecond.
_END_AGAIN = text(
    "UPDATE permissions.permission SET state = :state, reason = :reason, ended_at = :at,"
    " decided_at = coalesce(decided_at, :at) WHERE permission_id = :id AND state IN ('requested', 'active')"
    " AND (decided_at IS NULL OR date_trunc('milliseconds', decided_at) <= :at) RETURNING *"
)
_LAPSE = text(
    "UPDATE permissions.permission SET state = 'lapsed', reason = 'lost_in_restore', ended_at = :now"
    " WHERE state = 'active' AND decided_at <= :before AND (valid_until IS NULL OR valid_until > :now) RETURNING *"
)
_COUNT_LAPSING = text(
    "SELECT count(*) FROM permissions.permission"
    " WHERE state = 'active' AND decided_at <= :before AND (valid_until IS NULL OR valid_until > :now)"
)
_MOVE = text(
    "UPDATE permissions.permission SET state = 'invalidated', reason = 'moved_out', ended_at = :now,"
    " decided_at = coalesce(decided_at, :now)"
    " WHERE (occupancy_id = :occupancy AND state = 'active' AND (valid_until IS NULL OR valid_until > :now)"
    " OR occupancy_id IS NULL AND addressed_to = :occupancy AND state = 'requested' AND link_expires_at > :now)"
    " RETURNING permission_id, party_id"
)
_DEATH = text(
    "UPDATE permissions.permission p SET state = 'invalidated', reason = 'holder_died', ended_at = :now,"
    " decided_at = coalesce(decided_at, :now) FROM registry.occupancy o"
    " WHERE o.occupancy_id = coalesce(p.occupancy_id, p.addressed_to) AND o.person_id = :person"
    " AND (p.state = 'active' AND (p.valid_until IS NULL OR p.valid_until > :now)"
    " OR p.state = 'requested' AND p.link_expires_at > :now)"
    " RETURNING p.permission_id, p.party_id, p.operator, p.occupancy_id, p.addressed_to, p.reason"
)
