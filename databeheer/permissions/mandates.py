"""Written mandates: a hash, a check of the signature, a sample now and then, and no document longer than needed.

Source: R34, R35. A party registers the hash of the document that a person signed. It hands the document over for
the check, or when it is drawn in a sample; the operator judges it, and then it is destroyed here. What was
drawn and not handed over in time blocks the permission.
"""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from databeheer.brussels import day_of
from databeheer.errors import ConflictError, MalformedRequestError, NotFoundError

NOT_PRODUCED = "mandate_not_produced"
REJECTED = "mandate_rejected"
LONGEST_DOCUMENT = 700_000
"""In bytes: a few scanned pages."""
_YEAR = timedelta(days=365)


@dataclass(frozen=True)
class Drawn:
    """A mandate that was drawn in a sample; its party hands it over before `due_at` (aware UTC)."""

    permission_id: UUID
    party_id: UUID
    due_at: datetime


def register(
    connection: Connection, row: Any, document_sha256: bytes, signed_on: date, now: datetime
) -> None:
    """Write down that a permission rests on a document with this hash.

    Raises:
        MalformedRequestError: it would have been signed in the future.
        ConflictError: a mandate is registered already; it is not replaced.
    """
    if signed_on > day_of(now):
        raise MalformedRequestError("signed_on: not in the future")
    added = connection.execute(
        _REGISTER,
        {
            "id": row.permission_id,
            "operator": row.operator,
            "hash": document_sha256,
            "signed_on": signed_on,
            "now": now,
        },
    ).one_or_none()
    if added is None:
        raise ConflictError("a mandate is registered for this permission already")


def get(connection: Connection, permission_id: UUID) -> Any:
    """Return the mandate of a permission, held to the end of the transaction; raises NotFoundError."""
    row = connection.execute(_GET, {"id": permission_id}).one_or_none()
    if row is None:
        raise NotFoundError("there is no mandate registered for this permission")
    return row


def find(connection: Connection, permission_id: UUID) -> Any | None:
    """Return the mandate of a permission, if one is registered."""
    return connection.execute(_FIND, {"id": permission_id}).one_or_none()


def produce(connection: Connection, mandate: Any, document: bytes, sealed: bytes, now: datetime) -> None:
    """Take the document in, sealed, until somebody judged it.

    Raises:
        MalformedRequestError: it is not the document that was registered.
        ConflictError: nobody waits for it. In the same words whether it lies here or was found good: which of the
            two would tell of others who have yet to sign.
    """
    if not hmac.compare_digest(sha256(document).digest(), bytes(mandate.document_sha256)):
        raise MalformedRequestError("document: it is not the one whose hash was registered")
    is_asked = mandate.due_at is not None and mandate.produced_at is None
    if mandate.document_sealed is not None or (mandate.accepted and not is_asked):
        raise ConflictError("the document was handed over already, and nobody asks for it again")
    connection.execute(_PRODUCE, {"id": mandate.permission_id, "sealed": sealed, "now": now})


def judge(connection: Connection, mandate: Any, *, accepted: bool, by: str, now: datetime) -> None:
    """Write down whether the signature is good; the document is destroyed here, its hash stays.

    Raises:
        ConflictError: the document is not here, so nobody can have looked at it.
    """
    if mandate.document_sealed is None:
        raise ConflictError("the party has not handed the document over")
    judged = {"id": mandate.permission_id, "accepted": accepted, "by": by, "now": now}
    connection.execute(_JUDGE, judged)
    connection.execute(_PASS if accepted else _FAIL, judged)


def draw(
    connection: Connection, party_id: UUID | None, count: int | None, days: int, now: datetime
) -> list[Drawn]:
    """Draw mandates of permissions that give access for a sample, at random.

    `count` None: one of each party, and one more for each that it failed in the last year (R35). `party_id` None:
    of all parties. `days`: how long each has to hand the document over.
    """
    due_at = now + timedelta(days=days)
    drawn: list[Drawn] = []
    for row in connection.execute(_PARTIES, {"party": party_id, "since": now - _YEAR, "now": now}).all():
        wanted = {"party": row.party_id, "count": 1 + row.failed if count is None else count, "now": now}
        chosen = connection.execute(_DRAW, wanted).scalars()
        drawn += [Drawn(permission_id, row.party_id, due_at) for permission_id in chosen]
    for one in drawn:
        connection.execute(_SAMPLE, {**vars(one), "now": now})
        connection.execute(_SAMPLED, {**vars(one), "now": now})
    return drawn


def fail_sample(connection: Connection, permission_id: UUID, now: datetime) -> None:
    """Write down that a drawn mandate was not handed over in time."""
    connection.execute(_FAIL, {"id": permission_id, "now": now})


def samples(connection: Connection, limit: int) -> Sequence[Any]:
    """Return samples, the newest first, with their permission's party."""
    return connection.execute(_SAMPLES, {"limit": limit}).all()


_REGISTER = text(
    "INSERT INTO permissions.mandate (permission_id, operator, document_sha256, signed_on, registered_at)"
    " VALUES (:id, :operator, :hash, :signed_on, :now) ON CONFLICT (permission_id) DO NOTHING RETURNING 1"
)
_GET = text("SELECT * FROM permissions.mandate WHERE permission_id = :id FOR UPDATE")
_FIND = text("SELECT * FROM permissions.mandate WHERE permission_id = :id")
_PRODUCE = text(
    "UPDATE permissions.mandate SET produced_at = :now, document_sealed = :sealed WHERE permission_id = :id"
)
_JUDGE = text(
    "UPDATE permissions.mandate SET checked_at = :now, accepted = :accepted, checked_by = :by,"
    " document_sealed = NULL WHERE permission_id = :id"
)
_PASS = text(
    "UPDATE permissions.mandate_sample SET passed_at = :now WHERE permission_id = :id AND passed_at IS NULL"
)
_FAIL = text(
    "UPDATE permissions.mandate_sample SET failed_at = :now WHERE permission_id = :id"
    " AND failed_at IS NULL AND passed_at IS NULL"
)
_PARTIES = text(
    "SELECT p.party_id, (SELECT count(*) FROM permissions.mandate_sample s WHERE s.party_id = p.party_id"
    " AND s.failed_at > :since) AS failed FROM permissions.permission p"
    " JOIN permissions.mandate m USING (permission_id)"
    " WHERE (CAST(:party AS uuid) IS NULL OR p.party_id = :party) AND p.state IN ('active', 'to_be_renewed')"
    " AND p.ends_at > :now GROUP BY p.party_id ORDER BY p.party_id"
)
# One that is being sampled is not drawn again; which are drawn nobody can foresee.
_DRAW = text(
    "SELECT p.permission_id FROM permissions.permission p JOIN permissions.mandate m USING (permission_id)"
    " WHERE p.party_id = :party AND p.state IN ('active', 'to_be_renewed') AND p.ends_at > :now"
    " AND NOT EXISTS (SELECT FROM permissions.mandate_sample s WHERE s.permission_id = p.permission_id"
    "  AND s.passed_at IS NULL) ORDER BY random() LIMIT :count"
)
_SAMPLE = text(
    "INSERT INTO permissions.mandate_sample (permission_id, operator, party_id, drawn_at, due_at)"
    " SELECT :permission_id, operator, :party_id, :now, :due_at FROM permissions.mandate"
    " WHERE permission_id = :permission_id"
)
# It is asked for anew, also where it was handed over once: what was here then is destroyed.
_SAMPLED = text(
    "UPDATE permissions.mandate SET sampled_at = :now, due_at = :due_at, produced_at = NULL"
    " WHERE permission_id = :permission_id"
)
_SAMPLES = text(
    "SELECT s.*, m.produced_at, m.checked_at FROM permissions.mandate_sample s"
    " JOIN permissions.mandate m USING (permission_id) ORDER BY s.sample_no DESC LIMIT :limit"
)
