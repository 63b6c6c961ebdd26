"""Find the index rows of somebody's own statements, without opening any: newest first, by key, each way by an index.

A page costs as much whatever the ledger holds, and whatever lies before it: each access point gives its newest few
below the key, and the newest of these are the page. The months around the key are looked at first, for each month of
a ledger is a table of its own; all months only where those few do not fill the page.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import TextClause, text

from databeheer.storage.look import Look, Work, many_bytes, uuids

Seen = tuple[bytes, UUID]
"""A subject's handle, and a party that may have read there."""
READ, REFUSED = "data.read", "data.refused"
REFUSALS = (REFUSED, "join.refused")
LOOKED_BACK = 50
"""So many of a party's newest lines are looked through for its last read: one that is refused all day is no burden."""
_MONTHS = timedelta(days=62)
"""How far back is looked first."""


@dataclass(frozen=True)
class Narrowing:
    """What lines are narrowed to: some events, one party, one ground, Brussels days (both included)."""

    events: tuple[str, ...] | None = None
    party_id: UUID | None = None
    ground: str | None = None
    first: date | None = None
    last: date | None = None


@dataclass(frozen=True)
class Page:
    """Rows, each with the sealed shared half of its body; and whether there are older ones."""

    rows: list[Any]
    is_more: bool


def page(
    look: Look,
    handles: Collection[bytes],
    narrowed: Narrowing,
    *,
    before: int | None,
    limit: int,
    now: datetime,
) -> Work[Page]:
    """Return the newest rows before an entry.

    More than `limit` only where the last entry speaks of several of these subjects: a page never ends between two.
    """
    rows = yield from _newest(look, handles, narrowed, before, limit + 1, now)
    if len(rows) <= limit:
        return Page(rows, is_more=False)
    last = rows[limit - 1].index
    shown = [row for row in rows if row.index >= last]
    # Where the one beyond the page is of its last entry, it does not tell.
    is_more = len(shown) < len(rows) or bool((yield from _newest(look, handles, narrowed, last, 1, now)))
    return Page(shown, is_more)


def _newest(
    look: Look,
    handles: Collection[bytes],
    narrowed: Narrowing,
    before: int | None,
    limit: int,
    now: datetime,
) -> Work[list[Any]]:
    asked = {
        "before": before,
        "party_id": narrowed.party_id,
        "ground": narrowed.ground,
        "first": narrowed.first,
        "last": narrowed.last,
        "events": None if narrowed.events is None else list(narrowed.events),
    }
    given = {name: value for name, value in asked.items() if value is not None}
    # A month is that of UTC: a Brussels day begins an hour or two before it.
    bounds: dict[str, Any] = {
        "first_month": narrowed.first and _month(narrowed.first - timedelta(days=1)),
        "last_month": narrowed.last and _month(narrowed.last),
        "handles": many_bytes(handles),
        "limit": limit,
    }
    newest: date | None = narrowed.last or now.date()
    if before is not None:
        months = look.ask(_MONTH_OF, {"index": before})
        yield
        newest = months[0].month if months else None  # the entry may not be there any more
    if newest is not None:
        since = _month(newest - _MONTHS)
        around = {**bounds, "since": since, "until": _month(newest + timedelta(days=32))}
        query = _page((*given, "around"), _fewer(narrowed.events))
        rows = look.ask(query, given | around)
        yield
        # Not where it reaches the oldest of these months: a clock that was put back may have put a line before it.
        if len(rows) >= limit and rows[-1].month > since:
            return rows
    rows = look.ask(_page(tuple(given), _fewer(narrowed.events)), given | bounds)
    yield
    return rows


def parties(look: Look, handles: Collection[bytes]) -> list[Any]:
    """Ask for every party that is named there: a step of the index for each, however often it is named.

    The rows are the register's.
    """
    return look.ask(_PARTIES, {"handles": many_bytes(handles)})


def newest_reads(look: Look, seen: Collection[Seen], now: datetime) -> list[Any]:
    """Ask what each party read last of each subject in the last months, among its newest `LOOKED_BACK` lines there.

    Each row with the sealed shared half of its body.
    """
    return look.ask(_NEWEST_READS, _named(seen) | {"since": _month(now.date() - _MONTHS)})


def newest_of(look: Look, seen: Collection[Seen]) -> Work[dict[Seen, list[Any]]]:
    """Return the newest `LOOKED_BACK` lines of each party at each subject, newest first, in one query for all."""
    rows = look.ask(_NEWEST_OF, _named(seen))
    yield
    found: dict[Seen, list[Any]] = {one: [] for one in seen}
    for row in rows:
        found[bytes(row.handle), row.party_id].append(row)
    return found


def _named(seen: Collection[Seen]) -> dict[str, Any]:
    handles, party_ids = [one for one, _ in seen], [one for _, one in seen]
    return {"handles": many_bytes(handles), "party_ids": uuids(party_ids), "looked_back": LOOKED_BACK}


def _month(day: date) -> date:
    return day.replace(day=1)


def _fewer(events: tuple[str, ...] | None) -> str:
    """What makes a smaller index serve: refusals, or all that is neither a read nor a refusal."""
    if events is None:
        return ""
    if set(events) == set(REFUSALS):
        return " AND event IN ('data.refused', 'join.refused')"
    return "" if {READ, REFUSED} & set(events) else f" AND event NOT IN ('{READ}', '{REFUSED}')"


@cache
def _page(given: tuple[str, ...], fewer: str) -> TextClause:
    # Only what is asked stands there: with `:party_id IS NULL OR ...` no index would serve.
    narrowed = "".join(_CONDITIONS[name] for name in given) + fewer
    # Said of the bodies too: of a join alone the planner does not learn which months are meant.
    bodies = " AND b.month BETWEEN :since AND :until" if "around" in given else ""
    return text(_PAGE.format(narrowed=narrowed, bodies=bodies))


_CONDITIONS = {
    "before": " AND index < :before",
    "party_id": " AND party_id = :party_id",
    "ground": " AND ground = :ground",
    "first": " AND day >= :first AND month >= :first_month",
    "last": " AND day <= :last AND month <= :last_month",
    "events": " AND event = ANY(:events)",
    "around": " AND month BETWEEN :since AND :until",
}
# By handle first, though it is one: so the planner takes an index that begins with it, and never walks all entries.
_PAGE = (
    "SELECT s.*, b.key_sealed AS body_key_sealed, b.shared_sealed FROM ("
    " SELECT one.* FROM unnest(CAST(:handles AS bytea[])) AS own (own_handle) CROSS JOIN LATERAL ("
    "  SELECT * FROM ledger.statement WHERE handle = own_handle{narrowed}"
    "  ORDER BY handle DESC, index DESC FETCH FIRST :limit ROWS WITH TIES) one"
    " ORDER BY one.index DESC FETCH FIRST :limit ROWS WITH TIES"
    ") s JOIN ledger.body b ON b.index = s.index AND b.month = s.month{bodies} ORDER BY s.index DESC, s.leaf"
)
_MONTH_OF = text("SELECT month FROM ledger.body WHERE index = :index")
_PARTIES = text(
    "WITH RECURSIVE found (handle, party_id) AS ("
    " SELECT own.handle, (SELECT s.party_id FROM ledger.statement s WHERE s.handle = own.handle"
    "   AND s.party_id IS NOT NULL ORDER BY s.handle, s.party_id LIMIT 1)"
    "  FROM unnest(CAST(:handles AS bytea[])) AS own (handle)"
    " UNION ALL SELECT found.handle, (SELECT s.party_id FROM ledger.statement s WHERE s.handle = found.handle"
    "   AND s.party_id > found.party_id ORDER BY s.handle, s.party_id LIMIT 1)"
    "  FROM found WHERE found.party_id IS NOT NULL"
    ") SELECT * FROM registry.party WHERE party_id = ANY(ARRAY(SELECT party_id FROM found))"
)
_OF_PARTY = (
    " SELECT * FROM ledger.statement WHERE handle = own_handle AND party_id = reader{recent}"
    " ORDER BY handle DESC, party_id DESC, index DESC LIMIT :looked_back"
)
_NAMED = " FROM unnest(CAST(:handles AS bytea[]), CAST(:party_ids AS uuid[])) AS own (own_handle, reader)"
_NEWEST_READS = text(
    "SELECT s.*, b.key_sealed AS body_key_sealed, b.shared_sealed"  # noqa: S608  parts of our own
    f"{_NAMED} CROSS JOIN LATERAL (SELECT newest.* FROM ({_OF_PARTY.format(recent=' AND month >= :since')}) newest"
    f"  WHERE newest.event = '{READ}' ORDER BY newest.index DESC LIMIT 1) s"
    " JOIN ledger.body b ON b.index = s.index AND b.month = s.month AND b.month >= :since"
)
_NEWEST_OF = text(
    "SELECT s.*, b.key_sealed AS body_key_sealed, b.shared_sealed"
    f"{_NAMED} CROSS JOIN LATERAL ({_OF_PARTY.format(recent='')}) s"
    " JOIN ledger.body b ON b.index = s.index AND b.month = s.month ORDER BY s.index DESC"
)
