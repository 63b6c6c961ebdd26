"""Who is told of a step in the life of a permission: its people, its party, the data manager (R8, R27)."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text

from databeheer.brussels import day_of
from databeheer.door.house import House
from databeheer.door.post.telling import tell
from databeheer.door.turn import Turn
from databeheer.permissions import finding
from databeheer.post import catalogue, outbox
from databeheer.post.catalogue import Kind, Recipient
from databeheer.post.outbox import Addressee
from databeheer.registry.residents import RESIDENTS

_ADDRESSED = frozenset(
    {
        "permission.requested",
        "permission.renewal_requested",
        "permission.signed",
        "permission.forwarded",
        "permission.rejected",
        "permission.timed_out",
        "mandate.registered",
        "mandate.imported",
    }
)
"""Steps of a request, which concern all who would have to sign it; later ones concern who did."""
_NOT_AGAIN = frozenset({"permission.signed", "permission.forwarded"})
"""Steps that ask the others: who signed, or sent it on, has done what there was to do."""


def tell_step(
    house: House,
    turn: Turn,
    permission_id: UUID,
    event: str,
    *,
    reason: str,
    for_party: bool,
    until: date | None = None,
) -> None:
    """Tell of the step that this turn recorded last; nothing where the catalogue has no message of it.

    `for_party` False: the party is not told, for it would tell who lives where (R98). `until` is the day that it names,
    where that is not the permission's own end.
    """
    kind = catalogue.load().get(event)
    if kind is None:
        return
    row = finding.by_id(turn.connection, permission_id)
    to: list[Addressee] = []
    if Recipient.CUSTOMER in kind.recipients:
        to += [outbox.customer(person_id) for person_id in _people(turn, row, event)]
    if Recipient.PARTY in kind.recipients and for_party:
        to.append(outbox.party(row.party_id))
    if Recipient.DATA_MANAGER in kind.recipients:
        to.append(outbox.DATA_MANAGER)
    tell(
        house,
        turn,
        event,
        to=to,
        operator=row.operator,
        about=permission_id,
        said=_said(kind, row, reason, until),
        occupancy_id=row.occupancy_id or row.addressed_to,
    )


def _people(turn: Turn, row: Any, event: str) -> list[UUID]:
    asked = {
        "id": row.permission_id,
        "addressed": row.addressed_to if event in _ADDRESSED else None,
        "today": day_of(turn.now),
        "not_again": event in _NOT_AGAIN,
    }
    return list(turn.connection.execute(_PEOPLE, asked).scalars())


def _said(kind: Kind, row: Any, reason: str, until: date | None) -> dict[str, str]:
    day = until.isoformat() if until is not None else _until(row)
    said = {"party": str(row.party_id), "reason": reason, "until": day}
    return {name: value for name, value in said.items() if name in kind.says and value}


def _until(row: Any) -> str:
    """The first Brussels day without the permission, or that on which a request cannot be answered all day.

    A permission that ends at noon has that day as its last one, as the portal has it.
    """
    if row.ends_at is not None:
        return (day_of(row.ends_at - _A_MOMENT) + timedelta(days=1)).isoformat()
    return day_of(row.link_expires_at).isoformat() if row.link_expires_at is not None else ""


_A_MOMENT = timedelta(microseconds=1)
_WHO = """
    SELECT person_id FROM (
        SELECT p.person_id FROM permissions.permission p WHERE p.permission_id = :id AND NOT :not_again
        UNION SELECT s.for_person_id FROM permissions.signature s WHERE s.permission_id = :id AND NOT :not_again
        UNION SELECT r.person_id FROM resident r WHERE r.occupancy_id = CAST(:addressed AS uuid)
    ) concerned
    WHERE person_id IS NOT NULL
      AND NOT (:not_again AND (
          EXISTS (SELECT FROM permissions.signature s
              WHERE s.permission_id = :id AND s.for_person_id = concerned.person_id)
          OR EXISTS (SELECT FROM permissions.permission p
              WHERE p.permission_id = :id AND p.applicant_id = concerned.person_id)))
    ORDER BY person_id
"""
_PEOPLE = text(RESIDENTS + _WHO)
