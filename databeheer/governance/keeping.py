"""Records and their versions in the database: what they say is sealed by the door; here are places and states."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

APPROVED, REFUSED = "approved", "refused"


def open_record(connection: Connection, members: Mapping[str, Any]) -> int:
    """Begin a record: record_id, register, party_id, within, now; returns its number in its register, from 1 on."""
    number: int = connection.execute(_OPEN, members).scalar_one()
    return number


def add_version(connection: Connection, members: Mapping[str, Any]) -> int:
    """Add a version that counts, or waits for a second person; returns its number, from 1 on."""
    number: int = connection.execute(_VERSION, members).scalar_one()
    return number


def decide(connection: Connection, members: Mapping[str, Any]) -> None:
    """Write down what a second person said of a version that waits: record_id, version, outcome, by_sealed, now."""
    connection.execute(_DECIDE, members)


def close(connection: Connection, members: Mapping[str, Any]) -> bool:
    """Close a record: record_id, outcome, closed_sealed, now, index; False where it was closed before."""
    return connection.execute(_CLOSE, members).one_or_none() is not None


def find(connection: Connection, record_id: UUID) -> Any | None:
    """Return a record."""
    return connection.execute(_FIND, {"id": record_id}).one_or_none()


def by_ids(connection: Connection, ids: Collection[UUID]) -> Sequence[Any]:
    """Return these records, in no order."""
    return connection.execute(_BY_IDS, {"ids": list(ids)}).all()


def records(
    connection: Connection,
    registers: Collection[str],
    *,
    party_id: UUID | None = None,
    within: UUID | None = None,
    limit: int | None = None,
    before: int | None = None,
) -> Sequence[Any]:
    """Return records of these registers, the newest first; of one party, or inside one record, where that is given.

    `before`: only those with a smaller number.
    """
    asked = {
        "registers": list(registers),
        "party": party_id,
        "within": within,
        "limit": limit,
        "before": before,
    }
    return connection.execute(_RECORDS, asked).all()


def versions(connection: Connection, ids: Collection[UUID]) -> Sequence[Any]:
    """Return every version of these records, oldest first."""
    return connection.execute(_VERSIONS, {"ids": list(ids)}).all()


def waiting(connection: Connection, registers: Collection[str]) -> list[UUID]:
    """Return the open records of these registers of which a version waits for a second person."""
    return list(connection.execute(_WAITING, {"registers": list(registers)}).scalars())


def counts(connection: Connection) -> Mapping[str, Any]:
    """Return of each register how many records are open, of how many a version waits, how many are closed."""
    return {row.register: row for row in connection.execute(_COUNTS)}


def written_between(connection: Connection, since: datetime, until: datetime) -> Sequence[Any]:
    """Return the versions that were written in [since, until), with their records, in the order of the ledger."""
    return connection.execute(_BETWEEN, {"since": since, "until": until}).all()


_OPEN = text(
    "INSERT INTO governance.record (record_id, register, number, party_id, within, opened_at)"
    " SELECT :record_id, :register, coalesce(max(number), 0) + 1, :party_id, :within, :now"
    " FROM governance.record WHERE register = :register RETURNING number"
)
_VERSION = text(
    "INSERT INTO governance.version (record_id, version, said_sealed, sha256, written_at, written_index, outcome)"
    " SELECT :record_id, coalesce(max(version), 0) + 1, :said_sealed, :sha256, :now, :index, :outcome"
    " FROM governance.version WHERE record_id = :record_id RETURNING version"
)
_DECIDE = text(
    "UPDATE governance.version SET outcome = :outcome, decided_sealed = :decided_sealed, decided_at = :now,"
    " decided_index = :index WHERE record_id = :record_id AND version = :version AND outcome IS NULL"
)
_CLOSE = text(
    "UPDATE governance.record SET outcome = :outcome, closed_sealed = :closed_sealed, closed_at = :now,"
    " closed_index = :index WHERE record_id = :record_id AND closed_at IS NULL RETURNING 1"
)
_SELECT = (
    "SELECT r.*, p.name AS party_name FROM governance.record r LEFT JOIN registry.party p USING (party_id) "
)
_FIND = text(_SELECT + "WHERE r.record_id = :id")
_BY_IDS = text(_SELECT + "WHERE r.record_id = ANY(:ids)")
_RECORDS = text(
    _SELECT + "WHERE r.register = ANY(:registers)"
    " AND (CAST(:party AS uuid) IS NULL OR r.party_id = :party)"
    " AND (CAST(:within AS uuid) IS NULL OR r.within = :within)"
    " AND (CAST(:before AS integer) IS NULL OR r.number < :before)"
    " ORDER BY r.register, r.number DESC LIMIT :limit"
)
_VERSIONS = text("SELECT * FROM governance.version WHERE record_id = ANY(:ids) ORDER BY record_id, version")
_WAITING = text(
    "SELECT r.record_id FROM governance.record r WHERE r.register = ANY(:registers) AND r.closed_at IS NULL"
    " AND EXISTS (SELECT FROM governance.version v WHERE v.record_id = r.record_id AND v.outcome IS NULL)"
    " ORDER BY r.opened_at, r.record_id"
)
_BETWEEN = text(
    "SELECT r.register, r.number, r.party_id, r.within, r.closed_at, v.* FROM governance.version v"
    " JOIN governance.record r USING (record_id) WHERE v.written_at >= :since AND v.written_at < :until"
    " ORDER BY v.written_index"
)
_COUNTS = text(
    "SELECT r.register, count(*) FILTER (WHERE r.closed_at IS NULL) AS open,"
    " count(*) FILTER (WHERE r.closed_at IS NULL AND EXISTS (SELECT FROM governance.version v"
    "  WHERE v.record_id = r.record_id AND v.outcome IS NULL)) AS waiting,"
    " count(r.closed_at) AS closed FROM governance.record r GROUP BY r.register"
)
