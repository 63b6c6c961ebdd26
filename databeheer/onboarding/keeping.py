"""Parties that applied, what they are filling in and what they handed in, as stored: contents are sealed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Connection, text

from databeheer.errors import ConflictError


def apply(
    connection: Connection, enterprise: str, name: str, role: str, about: str, website: str, now: datetime
) -> UUID:
    """Make a party that waits for approval: it is in no register, and its programs get nothing.

    Raises:
        ConflictError: the enterprise is a party in this role.
    """
    party_id = uuid4()
    added = connection.execute(
        _APPLY,
        {
            "id": party_id,
            "enterprise": enterprise,
            "name": name,
            "role": role,
            "about": about,
            "website": website,
            "now": now,
        },
    ).one_or_none()
    if added is None:
        raise ConflictError("this enterprise is a party in this role already")
    return party_id


def name_enterprise(connection: Connection, party_id: UUID, enterprise: str) -> None:
    """Say whose people act for a party that was there before.

    Raises:
        ConflictError: the enterprise is another party in the same role.
    """
    if connection.execute(_TAKEN, {"id": party_id, "enterprise": enterprise}).first() is not None:
        raise ConflictError("this enterprise is another party in this role")
    connection.execute(_NAME, {"id": party_id, "enterprise": enterprise})


def draft(connection: Connection, party_id: UUID) -> Any | None:
    """Return what a party is filling in, held to the end of the transaction."""
    return connection.execute(_DRAFT, {"id": party_id}).one_or_none()


def put_draft(
    connection: Connection, party_id: UUID, sealed: bytes, lacks: Sequence[str], now: datetime
) -> None:
    """Keep what a party filled in, and what it lacks."""
    connection.execute(_PUT, {"id": party_id, "sealed": sealed, "lacks": list(lacks), "now": now})


def hand_in(
    connection: Connection,
    party_id: UUID,
    number: UUID,
    sha256: bytes,
    sealed: bytes,
    now: datetime,
    index: int,
) -> None:
    """Keep what a party hands in; what waited before is overtaken, and its content gone."""
    moment = {"party": party_id, "now": now, "index": index}
    connection.execute(_OVERTAKE, moment)
    connection.execute(_HAND_IN, moment | {"id": number, "sha256": sha256, "sealed": sealed})


def newest(connection: Connection, party_id: UUID) -> Any | None:
    """Return what a party handed in last, decided or not."""
    return connection.execute(_NEWEST, {"party": party_id}).one_or_none()


def waiting(connection: Connection) -> list[Any]:
    """Return everything that waits for the operator, the oldest first, with the party's name and role."""
    return list(connection.execute(_WAITING))


def waiting_of(connection: Connection, party_id: UUID) -> Any | None:
    """Return what of a party waits, held to the end of the transaction."""
    return connection.execute(_WAITING_OF, {"party": party_id}).one_or_none()


def approve(connection: Connection, row: Any, now: datetime, index: int) -> None:
    """What was handed in counts; what was approved before is overtaken by it, and the party waits no more."""
    moment = {"party": row.party_id, "id": row.handed_in_id, "now": now, "index": index}
    connection.execute(_CLEAR_BEFORE, moment)
    connection.execute(_APPROVE, moment)
    connection.execute(_IN, moment)


def decline(connection: Connection, row: Any, reason_sealed: bytes, now: datetime, index: int) -> None:
    """What was handed in does not count, and is not kept; the party reads why."""
    connection.execute(
        _DECLINE, {"id": row.handed_in_id, "reason": reason_sealed, "now": now, "index": index}
    )


_APPLY = text(
    "INSERT INTO registry.party (party_id, name, role, about, website, processing_url, enterprise, awaits_approval,"
    " created_at) VALUES (:id, :name, :role, :about, :website, '', :enterprise, true, :now)"
    " ON CONFLICT (enterprise, role) DO NOTHING RETURNING 1"
)
_TAKEN = text(
    "SELECT 1 FROM registry.party o JOIN registry.party p ON p.role = o.role WHERE p.party_id = :id"
    " AND o.enterprise = :enterprise AND o.party_id <> :id"
)
_NAME = text("UPDATE registry.party SET enterprise = :enterprise WHERE party_id = :id")
_DRAFT = text("SELECT * FROM registry.dossier WHERE party_id = :id FOR UPDATE")
_PUT = text(
    "INSERT INTO registry.dossier (party_id, draft_sealed, lacks, changed_at) VALUES (:id, :sealed, :lacks, :now)"
    " ON CONFLICT (party_id) DO UPDATE SET draft_sealed = :sealed, lacks = :lacks, changed_at = :now"
)
_OVERTAKE = text(
    "UPDATE registry.handed_in SET outcome = 'overtaken', outcome_at = :now, outcome_index = :index,"
    " content_sealed = NULL WHERE party_id = :party AND outcome IS NULL"
)
_HAND_IN = text(
    "INSERT INTO registry.handed_in (handed_in_id, party_id, sha256, content_sealed, handed_in_at, handed_in_index)"
    " VALUES (:id, :party, :sha256, :sealed, :now, :index)"
)
_NEWEST = text(
    "SELECT * FROM registry.handed_in WHERE party_id = :party ORDER BY handed_in_index DESC LIMIT 1"
)
_WAITING = text(
    "SELECT h.*, p.name, p.role, p.enterprise, p.awaits_approval FROM registry.handed_in h"
    " JOIN registry.party p USING (party_id) WHERE h.outcome IS NULL ORDER BY h.handed_in_index"
)
_WAITING_OF = text("SELECT * FROM registry.handed_in WHERE party_id = :party AND outcome IS NULL FOR UPDATE")
_CLEAR_BEFORE = text(
    "UPDATE registry.handed_in SET content_sealed = NULL WHERE party_id = :party AND outcome = 'approved'"
)
_APPROVE = text(
    "UPDATE registry.handed_in SET outcome = 'approved', outcome_at = :now, outcome_index = :index"
    " WHERE handed_in_id = :id"
)
_IN = text("UPDATE registry.party SET awaits_approval = false WHERE party_id = :party")
_DECLINE = text(
    "UPDATE registry.handed_in SET outcome = 'declined', outcome_at = :now, outcome_index = :index,"
    " content_sealed = NULL, reason_sealed = :reason WHERE handed_in_id = :id"
)
