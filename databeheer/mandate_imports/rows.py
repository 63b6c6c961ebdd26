"""Imports and their rows as the database has them. Every function works in the caller's transaction.

A row is announced (it becomes a request that its customer sees), may be drawn, and has one outcome: its grid user's
word on paper was carried on, or it is left out, and its customer alone can still grant it.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from databeheer.brussels import day_of, midnight

NOTICE_DAYS = 14
"""How long a customer knows of a mandate before it can give anything: whole Brussels days, that of the notice not
counted."""
WAITS = timedelta(days=120)
"""How long a mandate that was brought along waits for its sample, its notice and whoever must sign besides."""
MOST_OPEN = 10
"""How many imports of one party may wait to be announced at once."""
_YEAR = timedelta(days=365)


class Outcome(enum.StrEnum):
    """What came of a row."""

    CARRIED_ON = "carried_on"
    """The grid user's signature on paper counts: it is active, or waits for who must sign besides."""
    LEFT_OUT = "left_out"
    """It rests on no paper that counts: only the customer himself can still grant it."""


class HeldReason(enum.StrEnum):
    """Why an import goes no further; stands in ledger bodies, so a value never changes."""

    NOT_HANDED_IN = "not_handed_in"
    DOES_NOT_FIT = "does_not_fit"


@dataclass(frozen=True)
class NewRow:
    """A row to keep until it is announced; `row_id` is the permission's id from then on."""

    row_id: UUID
    line: int
    reference_hash: bytes
    service: str
    sealed: bytes


def add(connection: Connection, members: dict[str, Any], rows: Sequence[NewRow]) -> None:
    """Write a new import down, with its rows."""
    connection.execute(_ADD, members)
    common = {name: members[name] for name in ("id", "operator", "party")}
    connection.execute(_ADD_ROW, [vars(row) | common for row in rows])


def alike(connection: Connection, party_id: UUID, file_sha256: bytes) -> Any | None:
    """Return the party's import of the same file, if it was taken before."""
    return connection.execute(_ALIKE, {"party": party_id, "hash": file_sha256}).one_or_none()


def open_of(connection: Connection, party_id: UUID) -> int:
    """Return how many imports of a party are not announced yet."""
    count: int = connection.execute(_OPEN, {"party": party_id}).scalar_one()
    return count


def used(connection: Connection, party_id: UUID, hashes: Sequence[bytes]) -> set[tuple[bytes, str]]:
    """Return which of these references the party has used, each with its service: asked before, or brought along."""
    rows = connection.execute(_USED, {"party": party_id, "hashes": list(hashes)})
    return {(bytes(row.reference_hash), row.service) for row in rows}


def waiting_at(
    connection: Connection, party_id: UUID, named: Sequence[bytes], now: datetime
) -> dict[bytes, int]:
    """Return how many requests of the party wait for each of these access points, by the hash of its name."""
    rows = connection.execute(_WAITING, {"party": party_id, "named": list(named), "now": now})
    return {bytes(row.named_hash): row.times for row in rows}


def failed_lately(connection: Connection, party_id: UUID, now: datetime) -> int:
    """Return how many samples of the party's imports failed within a year."""
    found: int = connection.execute(_FAILED, {"party": party_id, "since": now - _YEAR}).scalar_one()
    return found


def find(connection: Connection, import_id: UUID, party_id: UUID | None) -> Any | None:
    """Return an import with its counts; another party's is not there. `party_id` None: whosever it is."""
    return connection.execute(_FIND, {"id": import_id, "party": party_id}).one_or_none()


def every(connection: Connection, party_id: UUID | None, limit: int) -> Sequence[Any]:
    """Return imports, newest first: of one party, or of all."""
    return connection.execute(_EVERY, {"party": party_id, "limit": limit}).all()


def locked(connection: Connection, import_id: UUID) -> Any:
    """Return an import that exists, held to the end of the transaction."""
    return connection.execute(_LOCKED, {"id": import_id}).one()


def page(connection: Connection, import_id: UUID, after_line: int, limit: int) -> Sequence[Any]:
    """Return rows of an import behind a line, with their permissions and papers, in the order of the file."""
    return connection.execute(_PAGE, {"id": import_id, "after": after_line, "limit": limit}).all()


def of_permissions(connection: Connection, ids: Sequence[UUID]) -> dict[UUID, Any]:
    """Return the rows that permissions came from, by permission, with their import's `held_at`; nothing for others."""
    return {row.row_id: row for row in connection.execute(OF_PERMISSIONS, {"ids": list(ids)})}


def to_announce(connection: Connection, limit: int) -> Sequence[Any]:
    """Return rows that nobody announced yet, oldest file first."""
    return connection.execute(_TO_ANNOUNCE, {"limit": limit}).all()


def announced(
    connection: Connection, row_id: UUID, now: datetime, *, permission: bool, by_email: bool
) -> None:
    """Note that a row was announced; without a permission it is left out. What its line said goes."""
    connection.execute(
        _ANNOUNCED,
        {
            "id": row_id,
            "permission": row_id if permission else None,
            "now": now,
            "email": by_email,
            "outcome": None if permission else Outcome.LEFT_OUT,
        },
    )


def unreached(connection: Connection, now: datetime, limit: int) -> list[UUID]:
    """Return the permissions whose customers were to read of them in an e-mail that reached nobody."""
    return list(connection.execute(_UNREACHED, {"now": now, "limit": limit}).scalars())


def on_paper(connection: Connection, row_id: UUID) -> None:
    """Note that a row's customer is told on paper."""
    connection.execute(_ON_PAPER, {"id": row_id})


def settle(connection: Connection, row_id: UUID, outcome: Outcome) -> None:
    """Note what came of a row."""
    connection.execute(_SETTLE, {"id": row_id, "outcome": outcome})


def to_draw(connection: Connection, limit: int) -> list[UUID]:
    """Return the imports that are announced whole and of which nothing was drawn in this round."""
    return list(connection.execute(_TO_DRAW, {"limit": limit}).scalars())


def to_judge(connection: Connection, now: datetime, limit: int) -> list[UUID]:
    """Return the imports of which a sample is out and something can be said: see `sample_now`."""
    return list(connection.execute(_TO_JUDGE, {"now": now, "limit": limit}).scalars())


def drawable(connection: Connection, import_id: UUID) -> list[int]:
    """Return the lines that rest on paper and were never drawn.

    Also those that their party gave up: who knows the sample must not choose it by giving up what is in it.
    """
    return list(connection.execute(_DRAWABLE, {"id": import_id}).scalars())


def draw(
    connection: Connection,
    row: Any,
    lines: Sequence[int],
    seed: bytes,
    due_at: datetime,
    now: datetime,
) -> list[UUID]:
    """Write down what was drawn in the next round; returns the permissions."""
    drawn = {"id": row.import_id, "round": row.round + 1, "lines": list(lines), "now": now}
    connection.execute(_NEXT_ROUND, drawn | {"seed": seed, "due": due_at})
    return list(connection.execute(_DRAW, drawn).scalars())


@dataclass(frozen=True)
class SampleNow:
    """How the papers of a round stand: accepted, rejected, still with the party, with the operator, and of rows whose
    customer has answered himself, so that no paper matters any more.
    """

    accepted: int
    rejected: int
    missing: int
    unjudged: int
    answered: Sequence[UUID]


def sample_now(connection: Connection, row: Any) -> SampleNow:
    """Return how the newest round of an import stands."""
    found = connection.execute(_SAMPLE, {"id": row.import_id, "round": row.round}).all()
    by_state: dict[str, list[UUID]] = {}
    for one in found:
        by_state.setdefault(one.paper, []).append(one.row_id)
    counts = {state: len(ids) for state, ids in by_state.items()}
    return SampleNow(
        counts.get("accepted", 0),
        counts.get("rejected", 0),
        counts.get("missing", 0),
        counts.get("unjudged", 0),
        by_state.get("answered", []),
    )


def excuse(connection: Connection, permission_ids: Sequence[UUID], now: datetime) -> list[UUID]:
    """Ask no more for papers of permissions that their customers answered; returns those that were asked for."""
    return list(connection.execute(_EXCUSE, {"ids": list(permission_ids), "now": now}).scalars())


def drop_failed(connection: Connection, row: Any) -> None:
    """Leave out what was drawn in a round that failed, and not shown good."""
    connection.execute(_DROP_FAILED, {"id": row.import_id, "round": row.round})


def passed(connection: Connection, import_id: UUID, now: datetime) -> None:
    """Note that the sample is good."""
    connection.execute(_PASSED, {"id": import_id, "now": now})


def held(connection: Connection, import_id: UUID, reason: HeldReason, now: datetime) -> None:
    """Note that an import goes no further."""
    connection.execute(_HELD, {"id": import_id, "reason": reason, "now": now})


def draw_anew(connection: Connection, import_id: UUID, index: int) -> None:
    """Let another round be drawn, with the leaf of entry `index` as its seed: the one that says so, recorded next."""
    connection.execute(_ANEW, {"id": import_id, "before": index - 1})


def to_carry_on(connection: Connection, now: datetime, limit: int) -> Sequence[Any]:
    """Return rows whose import passed, whose customer was told long enough ago, and who has not answered.

    He was told when the server for his e-mail took it, or when a letter was posted.

    None while a gap of the ledger's bodies stands: a refusal may be in it. None of before a gap that the journal of
    ends does not reach over: nobody knows who refused, so silence is no word.
    """
    told_before = midnight(day_of(now) - timedelta(days=NOTICE_DAYS))
    asked = {"now": now, "told_before": told_before, "limit": limit}
    return connection.execute(_TO_CARRY_ON, asked).all()


def earliest(announced_at: datetime) -> datetime:
    """Return before when nothing can be read of a mandate whose customer was told at a moment."""
    return midnight(day_of(announced_at) + timedelta(days=NOTICE_DAYS + 1))


_ADD = text(
    "INSERT INTO permissions.mandate_import (import_id, operator, party_id, file_sha256, row_count, taken_at, index,"
    " seed_after) VALUES (:id, :operator, :party, :hash, :rows, :now, :index, :index)"
)
_ADD_ROW = text(
    "INSERT INTO permissions.mandate_import_row (row_id, import_id, line, operator, party_id, reference_hash, service,"
    " row_sealed) VALUES (:row_id, :id, :line, :operator, :party, :reference_hash, :service, :sealed)"
)
_IMPORT = (
    "SELECT i.*, (SELECT count(*) FROM permissions.mandate_import_row r WHERE r.import_id = i.import_id"
    " AND r.announced_at IS NOT NULL) AS announced,"
    " (SELECT array_agg(r.line ORDER BY r.line) FROM permissions.mandate_import_row r WHERE r.import_id = i.import_id"
    " AND r.drawn_in = i.round) AS drawn"
    " FROM permissions.mandate_import i"
)
_ALIKE = text(_IMPORT + " WHERE i.party_id = :party AND i.file_sha256 = :hash")
_FIND = text(
    _IMPORT
    + " WHERE i.import_id = :id AND (CAST(:party AS uuid) IS NULL OR i.party_id = CAST(:party AS uuid))"
)
_EVERY = text(
    _IMPORT + " WHERE CAST(:party AS uuid) IS NULL OR i.party_id = CAST(:party AS uuid)"
    " ORDER BY i.taken_at DESC, i.import_id LIMIT :limit"
)
_LOCKED = text("SELECT * FROM permissions.mandate_import WHERE import_id = :id FOR UPDATE")
_OPEN = text(
    "SELECT count(*) FROM permissions.mandate_import i WHERE i.party_id = :party AND EXISTS (SELECT FROM"
    " permissions.mandate_import_row r WHERE r.import_id = i.import_id AND r.announced_at IS NULL)"
)
_USED = text(
    "SELECT reference_hash, service FROM permissions.permission WHERE party_id = :party"
    " AND reference_hash = ANY(:hashes) AND renews IS NULL AND beside IS NULL"
    " UNION SELECT reference_hash, service FROM permissions.mandate_import_row WHERE party_id = :party"
    " AND reference_hash = ANY(:hashes)"
)
_WAITING = text(
    "SELECT named_hash, count(*) AS times FROM permissions.permission WHERE party_id = :party"
    " AND named_hash = ANY(:named) AND state = 'requested' AND link_expires_at > :now AND applicant_id IS NULL"
    " GROUP BY named_hash"
)
_FAILED = text(
    "SELECT coalesce(sum(times_held), 0) FROM permissions.mandate_import WHERE party_id = :party"
    " AND last_held_at > :since"
)
_PAGE = text(
    "SELECT r.row_id, r.line, r.announced_at, r.drawn_in, r.outcome, p.permission_id AS known, p.state, p.reason,"
    " p.link_expires_at, p.ends_at, p.fulfils_at, p.closes_at, p.valid_until, p.block_at, p.renew_from,"
    " p.reference_sealed, r.row_sealed, s.produced_at FROM permissions.mandate_import_row r"
    " LEFT JOIN permissions.permission p ON p.permission_id = r.permission_id"
    " LEFT JOIN LATERAL (SELECT * FROM permissions.mandate_sample WHERE permission_id = r.permission_id"
    "  ORDER BY sample_no DESC LIMIT 1) s ON true"
    " WHERE r.import_id = :id AND r.line > :after ORDER BY r.line LIMIT :limit"
)
OF_PERMISSIONS = text(
    "SELECT r.*, i.held_at, m.signed_on FROM permissions.mandate_import_row r"
    " JOIN permissions.mandate_import i USING (import_id) JOIN permissions.mandate m USING (permission_id)"
    " WHERE r.permission_id = ANY(:ids)"
)
"""The rows that permissions `:ids` came from, with their import's `held_at`; nothing for others."""
_TO_ANNOUNCE = text(
    "SELECT r.* FROM permissions.mandate_import_row r JOIN permissions.mandate_import i USING (import_id)"
    " WHERE r.announced_at IS NULL ORDER BY i.index, r.line LIMIT :limit"
)
_ANNOUNCED = text(
    "UPDATE permissions.mandate_import_row SET permission_id = CAST(:permission AS uuid), announced_at = :now,"
    " by_email = :email, outcome = CAST(:outcome AS text), row_sealed = NULL WHERE row_id = :id"
)
# What told the customer: of a represented one what went to himself.
_NOTICE = (
    "FROM post.message n JOIN post.delivery d ON d.message_id = n.message_id AND d.person_id = n.person_id"
    " WHERE n.occupancy_id = p.addressed_to AND n.about = r.permission_id AND n.kind = 'mandate.imported'"
    " AND d.channel = 'email'"
)
_UNREACHED = text(
    "SELECT r.row_id FROM permissions.mandate_import_row r JOIN permissions.permission p USING (permission_id)"  # noqa: S608  parts of our own
    " WHERE r.by_email AND r.outcome IS NULL AND p.state = 'requested' AND p.link_expires_at > :now"
    f" AND EXISTS (SELECT {_NOTICE} AND d.state IN ('dead', 'dropped')) ORDER BY r.announced_at, r.row_id LIMIT :limit"
)
_ON_PAPER = text("UPDATE permissions.mandate_import_row SET by_email = false WHERE row_id = :id")
_SETTLE = text("UPDATE permissions.mandate_import_row SET outcome = :outcome WHERE row_id = :id")
_TO_DRAW = text(
    "SELECT import_id FROM permissions.mandate_import i WHERE drawn_at IS NULL AND held_at IS NULL"
    " AND passed_at IS NULL AND NOT EXISTS (SELECT FROM permissions.mandate_import_row r"
    "  WHERE r.import_id = i.import_id AND r.announced_at IS NULL)"
    " AND EXISTS (SELECT FROM ledger.entry e WHERE e.index = i.seed_after + 1) ORDER BY index LIMIT :limit"
)
_DRAWABLE = text(
    "SELECT r.line FROM permissions.mandate_import_row r JOIN permissions.permission p USING (permission_id)"
    " WHERE r.import_id = :id AND r.outcome IS NULL AND r.drawn_in IS NULL AND p.decided_at IS NULL"
)
_NEXT_ROUND = text(
    "UPDATE permissions.mandate_import SET round = :round, seed = :seed, seed_index = seed_after + 1, drawn_at = :now,"
    " due_at = :due"
    " WHERE import_id = :id"
)
_DRAW = text(
    "UPDATE permissions.mandate_import_row SET drawn_in = :round WHERE import_id = :id AND line = ANY(:lines)"
    " RETURNING row_id"
)
# What a customer answered himself needs no paper; what its party gave up does, for else it would choose what is looked
# at; what is handed in is no more in the party's hands.
_PAPERS = """
    SELECT r.import_id, r.row_id, CASE
        WHEN m.accepted THEN 'accepted'
        WHEN NOT m.accepted THEN 'rejected'
        WHEN p.decided_at IS NOT NULL THEN 'answered'
        WHEN s.produced_at IS NOT NULL THEN 'unjudged'
        ELSE 'missing' END AS paper
    FROM permissions.mandate_import_row r JOIN permissions.mandate_import i USING (import_id)
    JOIN permissions.permission p USING (permission_id) JOIN permissions.mandate m USING (permission_id)
    LEFT JOIN LATERAL (SELECT produced_at FROM permissions.mandate_sample
        WHERE permission_id = r.permission_id ORDER BY sample_no DESC LIMIT 1) s ON true
    WHERE r.drawn_in = i.round"""
_SAMPLE = text(
    f"SELECT * FROM ({_PAPERS} AND i.import_id = :id AND i.round = :round) papers"  # noqa: S608  parts of our own
)
_TO_JUDGE = text(
    f"WITH papers AS ({_PAPERS} AND i.drawn_at IS NOT NULL AND i.passed_at IS NULL AND i.held_at IS NULL)"  # noqa: S608  parts of our own
    " SELECT i.import_id FROM permissions.mandate_import i LEFT JOIN papers USING (import_id)"
    " WHERE i.drawn_at IS NOT NULL AND i.passed_at IS NULL AND i.held_at IS NULL"
    " GROUP BY i.import_id HAVING bool_or(papers.paper = 'rejected')"
    " OR (i.due_at <= :now AND bool_or(papers.paper = 'missing'))"
    " OR coalesce(bool_and(papers.paper IN ('accepted', 'answered')), true)"
    " ORDER BY i.index LIMIT :limit"
)
_EXCUSE = text(
    "UPDATE permissions.mandate_sample SET passed_at = :now WHERE permission_id = ANY(:ids) AND passed_at IS NULL"
    " RETURNING permission_id"
)
_DROP_FAILED = text(
    "UPDATE permissions.mandate_import_row r SET outcome = 'left_out' WHERE r.import_id = :id AND r.drawn_in = :round"
    " AND NOT coalesce((SELECT m.accepted FROM permissions.mandate m WHERE m.permission_id = r.permission_id), false)"
)
_PASSED = text("UPDATE permissions.mandate_import SET passed_at = :now WHERE import_id = :id")
_HELD = text(
    "UPDATE permissions.mandate_import SET held_at = :now, held_reason = :reason, last_held_at = :now,"
    " times_held = times_held + 1 WHERE import_id = :id"
)
_ANEW = text(
    "UPDATE permissions.mandate_import SET held_at = NULL, held_reason = NULL, drawn_at = NULL, due_at = NULL,"
    " seed = NULL, seed_index = NULL, seed_after = :before WHERE import_id = :id"
)
_TO_CARRY_ON = text(
    "SELECT r.row_id, r.import_id, m.signed_on, m.document_sha256 FROM permissions.mandate_import_row r"  # noqa: S608  parts of our own
    " JOIN permissions.mandate_import i USING (import_id) JOIN permissions.permission p USING (permission_id)"
    " JOIN permissions.mandate m USING (permission_id) JOIN registry.party y ON y.party_id = r.party_id"
    " WHERE i.passed_at IS NOT NULL AND r.outcome IS NULL AND p.state = 'requested' AND p.link_expires_at > :now"
    " AND p.addressed_to IS NOT NULL AND y.suspended_at IS NULL"
    f" AND least((SELECT min(d.ended_at) {_NOTICE} AND d.state = 'delivered'),"
    "  (SELECT min(l.posted_at) FROM permissions.approval_letter l WHERE l.permission_id = r.permission_id))"
    " < :told_before AND NOT EXISTS (SELECT FROM oversight.gap g WHERE g.reconciled_index IS NULL"
    "  OR g.found_at >= r.announced_at AND NOT coalesce(g.journal_reaches, false))"
    " ORDER BY r.announced_at, r.row_id LIMIT :limit"
)
