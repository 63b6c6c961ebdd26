"""One engine for all clocks: start, meet, drop, and what has become due. Works in the caller's transaction.

A clock that is met or dropped at its due moment or later was missed, whatever happens to it afterwards: that it was
dropped too late hides no miss.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from databeheer.clocks.catalogue import Actor, shipped

MOST_LISTED = 500


@dataclass(frozen=True)
class Outcome:
    """How a clock ended, `at` a moment; both aware UTC."""

    due_at: datetime
    at: datetime

    @property
    def is_in_time(self) -> bool:
        return self.at < self.due_at

    @property
    def late(self) -> timedelta:
        """How long after the due moment; zero for one that ended in time."""
        return max(self.at - self.due_at, timedelta(0))


@dataclass(frozen=True)
class Clock:
    """A clock as it stands in the database; moments are aware UTC.

    `started_size` and `ended_size` are how many entries the ledger had when it was started, and when it was met or
    dropped: the entry that tells of it is the first one after that bears its id. `missed_index` is the entry that
    says that it was missed. `start_written_at` and `end_written_at` are when its start and its end were written down,
    where that was later than they were; else None.
    """

    clock_no: int
    operator: int | None
    kind: str
    about: UUID
    party_id: UUID | None
    occupancy_id: UUID | None
    started_at: datetime
    started_size: int
    due_at: datetime
    met_at: datetime | None
    dropped_at: datetime | None
    ended_size: int | None
    missed_index: int | None
    start_written_at: datetime | None
    end_written_at: datetime | None


def start(
    connection: Connection,
    kind: str,
    about: UUID,
    now: datetime,
    *,
    party_id: UUID | None = None,
    occupancy_id: UUID | None = None,
    due_at: datetime | None = None,
    written_at: datetime | None = None,
) -> datetime:
    """Start a clock at `now`, the moment that its term counts from; returns the first moment that is too late.

    `written_at` is the moment of the turn, where what starts it happened before.

    `about` is the id of what waits, by which it is met. `party_id`: the party that must act (a grid operator as the
    party that it is), or whom it concerns. `due_at` is for kinds whose term is set elsewhere, and for no other. One of
    this kind about the same that runs already goes on as it is, and its due moment is returned: starting twice
    stretches no term.

    Raises:
        UnknownClockError: the catalogue has no such kind.
        ValueError: `due_at` is given, or missing, against the catalogue; or lies before `now`.
    """
    known = shipped().get(kind)
    if (due_at is not None) is not bool(known.given_by):
        raise ValueError(f"the due moment of {kind} is {known.given_by or 'the catalogue'}'s to say")
    moment = due_at if due_at is not None else known.term.due_at(now)
    if moment < now:
        raise ValueError("a clock does not run out before it starts")
    named = {"kind": kind, "about": about}
    members = named | {"party": party_id, "occupancy": occupancy_id, "now": now, "due": moment}
    members["written"] = _later(now, written_at)
    started: datetime | None = connection.execute(_START, members).scalar_one_or_none()
    if started is None:
        started = connection.execute(_RUNNING, named).scalar_one()
    return started


def meet(
    connection: Connection, kind: str, about: UUID, now: datetime, *, written_at: datetime | None = None
) -> Outcome | None:
    """What had to be done was done at `now`; late counts as missed. None where no such clock runs.

    `written_at` is the moment of the turn, where that was done before.

    Raises:
        UnknownClockError: the catalogue has no such kind.
    """
    return _end(connection, _MEET, kind, about, now, written_at)


def drop(
    connection: Connection, kind: str, about: UUID, now: datetime, *, written_at: datetime | None = None
) -> Outcome | None:
    """Nobody waits for it any more since `now`; too late, it stays missed. None where no such clock runs.

    `written_at` is the moment of the turn, where that is later.

    Raises:
        UnknownClockError: the catalogue has no such kind.
    """
    return _end(connection, _DROP, kind, about, now, written_at)


def running(connection: Connection, kind: str, about: UUID) -> Clock | None:
    """Return the clock of this kind about that, where one runs."""
    row = connection.execute(_RUNS_ABOUT, {"kind": kind, "about": about}).one_or_none()
    return None if row is None else Clock(**row._mapping)


def due(
    connection: Connection,
    now: datetime,
    *,
    kind: str | None = None,
    actor: Actor | None = None,
    party_id: UUID | None = None,
    limit: int = MOST_LISTED,
) -> list[Clock]:
    """Return the clocks that have run out by `now` and still wait to be met, the oldest due moment first.

    Of one kind, of those of one actor, or of one party, where that is given.
    """
    asked = {"now": now, "kinds": _kinds(kind, actor), "party": party_id, "limit": limit}
    return _listed(connection, _DUE, asked)


def coming(
    connection: Connection,
    now: datetime,
    until: datetime,
    *,
    kind: str | None = None,
    actor: Actor | None = None,
    party_id: UUID | None = None,
    limit: int = MOST_LISTED,
) -> list[Clock]:
    """Return the clocks that run at `now` and are due before `until`, the nearest due moment first."""
    asked = {"now": now, "until": until, "kinds": _kinds(kind, actor), "party": party_id, "limit": limit}
    return _listed(connection, _COMING, asked)


def unrecorded(connection: Connection, now: datetime, limit: int = MOST_LISTED) -> list[Clock]:
    """Return the clocks that were missed by `now` and of which the ledger does not say so yet, oldest first."""
    return _listed(connection, _UNRECORDED, {"now": now, "limit": limit})


def was_missed(connection: Connection, clock: Clock, index: int) -> None:
    """Note the entry that says that a clock was missed; once."""
    if not connection.execute(_MISSED, {"no": clock.clock_no, "index": index}).rowcount:
        raise RuntimeError("the ledger says already that this clock was missed")


def _end(
    connection: Connection, statement: Any, kind: str, about: UUID, now: datetime, written_at: datetime | None
) -> Outcome | None:
    shipped().get(kind)
    ended = {"kind": kind, "about": about, "now": now, "written": _later(now, written_at)}
    row = connection.execute(statement, ended).one_or_none()
    if row is None:
        return None
    return Outcome(row.due_at, now)


def _later(at: datetime, written_at: datetime | None) -> datetime | None:
    """When something was written down, where that was after it happened."""
    return written_at if written_at is not None and written_at > at else None


def _kinds(kind: str | None, actor: Actor | None) -> list[str] | None:
    """Which kinds are asked for: one, those of one actor; None: all."""
    if kind is None and actor is None:
        return None
    return [one.kind for one in shipped().kinds if kind in (None, one.kind) and actor in (None, one.actor)]


def _listed(connection: Connection, statement: Any, asked: dict[str, Any]) -> list[Clock]:
    return [Clock(**row._mapping) for row in connection.execute(statement, asked)]


# Under the head's lock its size is that of before this turn, which appends at its end.
_START = text(
    "INSERT INTO clocks.clock (operator, kind, about, party_id, occupancy_id, started_at, started_size, due_at,"
    " start_written_at)"
    " SELECT (SELECT operator FROM registry.occupancy WHERE occupancy_id = CAST(:occupancy AS uuid)), :kind, :about,"
    " :party, :occupancy, :now, (SELECT size FROM ledger.head), :due, :written"
    " ON CONFLICT (kind, about) WHERE met_at IS NULL AND dropped_at IS NULL DO NOTHING RETURNING due_at"
)
_RUNNING = text(
    "SELECT due_at FROM clocks.clock WHERE kind = :kind AND about = :about AND met_at IS NULL AND dropped_at IS NULL"
)
_ENDS = (
    "UPDATE clocks.clock SET {} = :now, ended_size = (SELECT size FROM ledger.head), end_written_at = :written"
    " WHERE kind = :kind AND about = :about AND met_at IS NULL AND dropped_at IS NULL RETURNING due_at"
)
_MEET = text(_ENDS.format("met_at"))
_DROP = text(_ENDS.format("dropped_at"))
_OF = (
    " AND (CAST(:kinds AS text[]) IS NULL OR kind = ANY(:kinds))"
    " AND (CAST(:party AS uuid) IS NULL OR party_id = :party)"
    " ORDER BY due_at, clock_no LIMIT :limit"
)
_RUNS = "SELECT * FROM clocks.clock WHERE met_at IS NULL AND dropped_at IS NULL"
_RUNS_ABOUT = text(_RUNS + " AND kind = :kind AND about = :about")
_DUE = text(_RUNS + " AND due_at <= :now" + _OF)
_COMING = text(_RUNS + " AND due_at > :now AND due_at < :until" + _OF)
# In the words of its index, which has none of those that were kept.
_UNRECORDED = text(
    "SELECT * FROM clocks.clock WHERE missed_index IS NULL"
    " AND due_at <= coalesce(met_at, dropped_at, 'infinity'::timestamptz) AND due_at <= :now"
    " ORDER BY due_at, clock_no LIMIT :limit"
)
_MISSED = text("UPDATE clocks.clock SET missed_index = :index WHERE clock_no = :no AND missed_index IS NULL")
