"""A party asks for a permission; whoever holds its link sends it on to the contract holder (R12, R36).

Every function works in the caller's transaction, under the ledger's head.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from databeheer.access.bases import BasisKind
from databeheer.access.catalogue import Catalogue
from databeheer.access.facts import PermissionState as State
from databeheer.errors import ConflictError, MalformedRequestError, NoLegalBasisError
from databeheer.permissions.content import split_of
from databeheer.permissions.states import Event, after
from databeheer.values import Direction, Granularity, Purpose, Role

LINK_TERM = timedelta(days=30)
"""How long a request waits for its answer."""
MOST_WAITING = 5
"""How many requests of one party for one access point may wait at once."""
MOST_ASKED = ((timedelta(days=1), 10), (timedelta(days=30), 20))
"""How often one party may ask for one access point in a time, whatever became of it: each request is a message."""


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
    up_to: int = 1
    """For how many access points the customer may grant it, each a permission of its own (`beside`)."""

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


def ask(
    connection: Connection,
    request: Request,
    link_hash: bytes,
    now: datetime,
    *,
    term: timedelta = LINK_TERM,
    is_counted: bool = True,
) -> str:
    """Write a request down; it waits `term` for its answer. Returns its state.

    `is_counted` False: who asks was held against the limits before.

    Raises:
        ConflictError: the party has used this reference before, or brings it along, or MOST_WAITING of its requests
            for the same access point wait already, or it asked MOST_ASKED times; counted by the name, so that it does
            not tell whether the point exists.
    """
    if request.named_hash is not None and is_counted:
        why = _too_many(connection, request.party_id, request.named_hash, now, is_forwarded=False)
        if why is not None:
            raise ConflictError(why)
    if connection.execute(_BROUGHT, vars(request)).first() is not None:
        raise ConflictError(_USED)
    inserted = connection.execute(
        _INSERT,
        {
            **vars(request),
            "directions": sorted(request.directions),
            "link": link_hash,
            "link_expires": now + term,
            "split_at": split_of(request.data_from, request.data_until, now),
            "now": now,
        },
    ).one_or_none()
    if inserted is None:
        raise ConflictError(_USED)
    return State.REQUESTED.value


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


_USED = "you have used this reference before; choose another"
# What a file brings along keeps its reference while nobody announced it: else its party, who knows by then which lines
# are drawn, would take lines out of the file by asking for them.
_BROUGHT = text(
    "SELECT 1 FROM permissions.mandate_import_row WHERE party_id = :party_id AND reference_hash = :reference_hash"
    " AND service = :service AND announced_at IS NULL AND row_id <> :permission_id"
)
_CONTRACT = text(
    "SELECT p.role, p.suspended_at, c.operator FROM registry.party p LEFT JOIN registry.contract c"
    " ON c.party_id = p.party_id AND c.valid_from <= :now AND (c.valid_until IS NULL OR c.valid_until > :now)"
    " WHERE p.party_id = :party ORDER BY c.valid_from LIMIT 1"
)
_INSERT = text(
    "INSERT INTO permissions.permission (permission_id, operator, party_id, reference_hash, reference_sealed, service,"
    " purpose, category, directions, granularity, data_from, data_until, valid_until, state, named_hash,"
    " addressed_to, link_hash, link_expires_at, split_at, return_url_success_sealed, return_url_failed_sealed,"
    " requested_at, up_to)"
    " VALUES (:permission_id, :operator, :party_id, :reference_hash, :reference_sealed, :service,"
    " :purpose, :category, :directions, :granularity, :data_from, :data_until, :valid_until, 'requested', :named_hash,"
    " :addressed_to, :link, :link_expires, :split_at, :return_url_success_sealed, :return_url_failed_sealed, :now,"
    " :up_to) ON CONFLICT (party_id, reference_hash, service) WHERE renews IS NULL AND beside IS NULL"
    " DO NOTHING RETURNING 1"
)
_COUNT_WAITING = text(
    "SELECT count(*) FROM permissions.permission WHERE party_id = :party AND named_hash = :named"
    " AND state = 'requested' AND link_expires_at > :now AND (applicant_id IS NOT NULL) = :is_forwarded"
)
_COUNT_ASKED = text(
    "SELECT count(*) FROM permissions.permission WHERE party_id = :party AND named_hash = :named"
    " AND requested_at > :since AND (applicant_id IS NOT NULL) = :is_forwarded"
)
_FORWARD = text(
    "UPDATE permissions.permission SET named_hash = :named, addressed_to = :occupancy, applicant_id = :applicant"
    " WHERE permission_id = :id"
)
