"""A request is answered: granted by all who must, whole or in part, or refused (R18-R23, R31).

Every function works in the caller's transaction, under the ledger's head. What may follow what stands in `states`.
"""

from __future__ import annotations

import hmac
from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from databeheer.access.facts import PermissionState as State
from databeheer.brussels import day_of
from databeheer.errors import ConflictError, NotFoundError
from databeheer.permissions import signers, terms
from databeheer.permissions.content import granted_period, parts_of
from databeheer.permissions.finding import state_now
from databeheer.permissions.states import Event, after
from databeheer.registry import occupancies


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
    return state_now(connection, row.permission_id, now)


def refuse(connection: Connection, row: Any, person_id: UUID, now: datetime) -> str:
    """Refuse a waiting request, or take the own signature back while others think; as final as granting.

    Returns its state.
    """
    state = after(State(row.state), Event.REJECTED)
    connection.execute(_REFUSE, {"id": row.permission_id, "person": person_id, "now": now})
    return state.value


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
_REFUSE = text(
    "UPDATE permissions.permission SET state = 'rejected', reason = 'rejected_by_customer', person_id = :person,"
    " decided_at = :now, ended_at = :now WHERE permission_id = :id"
)
