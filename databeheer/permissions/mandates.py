"""Written mandates: a hash, a check of the signature, a sample now and then, and no document longer than needed.

Source: R34, R35. A party registers the hash of the document that a person signed. It hands the document over for
the check, or when it is drawn in a sample; the operator judges it, and then it is destroyed here. What was
drawn and not handed over in time blocks the permission, by the clock (`timing`): `block_at` of its row is set with the
draw, and taken away by a hand-over in time, or by the judgment of one that came late.
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

from databeheer import documents
from databeheer.brussels import day_of, midnight
from databeheer.errors import ConflictError, MalformedRequestError, NotFoundError
from databeheer.permissions.timing import OVER_AT, STATE_AT

REJECTED = "mandate_rejected"
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
    """Return the mandate of a permission, held to the end of the transaction; raises NotFoundError.

    With when its document was handed over last (`produced_at`), whether it lies here (`is_here`), and what became of
    the newest sample: `sampled_at`, `due_at`, and whether that one waits for the document (`is_drawn`).
    """
    row = connection.execute(_GET, {"id": permission_id}).one_or_none()
    if row is None:
        raise NotFoundError("there is no mandate registered for this permission")
    return row


def find(connection: Connection, permission_id: UUID) -> Any | None:
    """Return the mandate of a permission, if one is registered; with what `get` says."""
    return connection.execute(_FIND, {"id": permission_id}).one_or_none()


def require_wanted(mandate: Any, content: bytes, *, is_blocked: bool) -> None:
    """Refuse a document that is not the one that was named, or that nobody waits for.

    Raises:
        MalformedRequestError: it is not the document that was registered.
        ConflictError: nobody waits for it. In the same words whether it lies here or was found good: which of the
            two would tell of others who have yet to sign.
    """
    if not hmac.compare_digest(sha256(content).digest(), bytes(mandate.document_sha256)):
        raise MalformedRequestError("document: it is not the one whose hash was registered")
    is_wanted = not mandate.accepted or mandate.is_drawn or is_blocked
    if mandate.is_here or not is_wanted:
        raise ConflictError("the document was handed over already, and nobody asks for it again")


def produce(connection: Connection, mandate: Any, document_id: UUID, now: datetime) -> None:
    """Write down that the document was handed over; in time for a sample, nothing is blocked for want of it."""
    produced = {"id": mandate.permission_id, "document": document_id, "now": now}
    for statement in (_PRODUCE, _PRODUCE_SAMPLE, _IN_TIME):
        connection.execute(statement, produced)


def judge(connection: Connection, mandate: Any, *, accepted: bool, by: str, now: datetime) -> None:
    """Write down whether the signature is good; the document is to be destroyed then, its hash stays.

    Raises:
        ConflictError: the document is not here, so nobody can have looked at it.
    """
    if not mandate.is_here:
        raise ConflictError("the party has not handed the document over")
    judged = {"id": mandate.permission_id, "accepted": accepted, "by": by, "now": now}
    connection.execute(_JUDGE, judged)
    if accepted:
        connection.execute(_PASS, judged)
        connection.execute(_NOT_DUE, judged)


def destroy(connection: Connection, permission_id: UUID, now: datetime) -> bytes | None:
    """Destroy the document of a permission; returns its hash, or None where none lies here."""
    mandate = find(connection, permission_id)
    if mandate is None or not documents.destroy(connection, mandate.document_id, now):
        return None
    return bytes(mandate.document_sha256)


def draw(
    connection: Connection, party_id: UUID | None, count: int | None, days: int, now: datetime
) -> list[Drawn]:
    """Draw mandates of permissions that give access for a sample, at random.

    `count` None: one of each party, and one more for each that it failed in the last year (R35). `party_id` None:
    of all parties. `days`: how long each has to hand the document over: whole Brussels days, that of the draw not
    counted. One whose document lies here is not drawn: it is shown already.
    """
    due_at = midnight(day_of(now) + timedelta(days=days + 1))
    drawn: list[Drawn] = []
    for row in connection.execute(_PARTIES, {"party": party_id, "since": now - _YEAR, "now": now}).all():
        wanted = {"party": row.party_id, "count": 1 + row.failed if count is None else count, "now": now}
        chosen = connection.execute(_DRAW, wanted).scalars()
        drawn += [Drawn(permission_id, row.party_id, due_at) for permission_id in chosen]
    for one in drawn:
        sample(connection, one.permission_id, one.party_id, due_at, now)
        connection.execute(_DUE, vars(one))
    return drawn


def sample(
    connection: Connection, permission_id: UUID, party_id: UUID, due_at: datetime, now: datetime
) -> None:
    """Write down that a mandate was drawn, to be handed over before `due_at`; it blocks nothing by itself."""
    drawn = {"permission_id": permission_id, "party_id": party_id, "due_at": due_at, "now": now}
    connection.execute(_SAMPLE, drawn)


def samples(connection: Connection, now: datetime, limit: int) -> Sequence[Any]:
    """Return samples, the newest first, with their permission's party, and when they failed by `now`."""
    return connection.execute(_SAMPLES, {"now": now, "limit": limit}).all()


_REGISTER = text(
    "INSERT INTO permissions.mandate (permission_id, operator, document_sha256, signed_on, registered_at)"
    " VALUES (:id, :operator, :hash, :signed_on, :now) ON CONFLICT (permission_id) DO NOTHING RETURNING 1"
)
_MANDATE = (
    "SELECT m.*, d.taken_at AS produced_at, d.document_id IS NOT NULL AND d.destroyed_at IS NULL AS is_here,"
    " s.drawn_at AS sampled_at, s.due_at, s.sample_no IS NOT NULL AND s.produced_at IS NULL AS is_drawn"
    " FROM permissions.mandate m LEFT JOIN documents.document d USING (document_id)"
    " LEFT JOIN LATERAL (SELECT * FROM permissions.mandate_sample WHERE permission_id = m.permission_id"
    "  ORDER BY sample_no DESC LIMIT 1) s ON true WHERE m.permission_id = :id"
)
_FIND = text(_MANDATE)
_GET = text(_MANDATE + " FOR UPDATE OF m")
_PRODUCE = text("UPDATE permissions.mandate SET document_id = :document WHERE permission_id = :id")
_PRODUCE_SAMPLE = text(
    "UPDATE permissions.mandate_sample SET produced_at = :now WHERE permission_id = :id AND produced_at IS NULL"
)
_IN_TIME = text(
    "UPDATE permissions.permission SET block_at = NULL WHERE permission_id = :id AND block_at > :now"
)
_NOT_DUE = text("UPDATE permissions.permission SET block_at = NULL WHERE permission_id = :id")
_JUDGE = text(
    "UPDATE permissions.mandate SET checked_at = :now, accepted = :accepted, checked_by = :by"
    " WHERE permission_id = :id"
)
_PASS = text(
    "UPDATE permissions.mandate_sample SET passed_at = :now WHERE permission_id = :id AND passed_at IS NULL"
)
# Failed is one that was due while its permission ran, and was not handed over before.
_FAILED_AT = f"""(CASE WHEN s.due_at <= :now AND s.due_at <= coalesce(s.produced_at, 'infinity')
    AND s.due_at < coalesce({OVER_AT}, 'infinity') THEN s.due_at END)"""
_GIVES = f"{STATE_AT} IN ('active', 'to_be_renewed')"
_PARTIES = text(
    "WITH failed AS (SELECT s.party_id, count(*) AS times FROM permissions.mandate_sample s"  # noqa: S608  parts of our own
    f" JOIN permissions.permission p USING (permission_id) WHERE {_FAILED_AT} > :since GROUP BY s.party_id)"
    " SELECT p.party_id, coalesce(max(f.times), 0) AS failed FROM permissions.permission p"
    " JOIN permissions.mandate m USING (permission_id) LEFT JOIN failed f USING (party_id)"
    f" WHERE (CAST(:party AS uuid) IS NULL OR p.party_id = :party) AND {_GIVES}"
    " GROUP BY p.party_id ORDER BY p.party_id"
)
# One that is being sampled is not drawn again; which are drawn nobody can foresee.
_DRAW = text(
    "SELECT p.permission_id FROM permissions.permission p JOIN permissions.mandate m USING (permission_id)"  # noqa: S608  parts of our own
    f" WHERE p.party_id = :party AND {_GIVES}"
    " AND NOT EXISTS (SELECT FROM documents.document d WHERE d.document_id = m.document_id AND d.destroyed_at IS NULL)"
    " AND NOT EXISTS (SELECT FROM permissions.mandate_sample s WHERE s.permission_id = p.permission_id"
    "  AND s.passed_at IS NULL) ORDER BY random() LIMIT :count"
)
_SAMPLE = text(
    "INSERT INTO permissions.mandate_sample (permission_id, operator, party_id, drawn_at, due_at)"
    " SELECT :permission_id, operator, :party_id, :now, :due_at FROM permissions.mandate"
    " WHERE permission_id = :permission_id"
)
_DUE = text("UPDATE permissions.permission SET block_at = :due_at WHERE permission_id = :permission_id")
_SAMPLES = text(
    f"SELECT s.*, m.checked_at, {_FAILED_AT} AS failed_at FROM permissions.mandate_sample s"  # noqa: S608  parts of our own
    " JOIN permissions.mandate m USING (permission_id) JOIN permissions.permission p USING (permission_id)"
    " ORDER BY s.sample_no DESC LIMIT :limit"
)
