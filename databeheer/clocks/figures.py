"""How many clocks were kept and how many missed, per kind and per party that had to act."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Connection, text

from databeheer.clocks.catalogue import Actor, shipped


@dataclass(frozen=True)
class Figures:
    """Of one kind, and of one party where a party or a grid operator has to act, in a period.

    A clock counts where it was decided: `kept` when it was met, `missed` when its due moment passed, `dropped` when
    nobody waited for it any more. So each counts once; one that stopped while something was looked at,
    and that turned out later to have been met at that moment, counts as that. `open` still ran at the end. Of the
    missed, `met_late` were done since, the last one `longest_late` after it was due.

    The figures of a period that is over change by those two, and by what happened in it and was written down after it:
    a party's late report of an older signal, what time ended while nobody wrote that down, a proof found good later.
    `written_later` is how many clocks that were.
    """

    kind: str
    actor: Actor
    party_id: UUID | None
    kept: int
    missed: int
    dropped: int
    open: int
    met_late: int
    longest_late: timedelta
    written_later: int


def figures(connection: Connection, since: datetime, until: datetime) -> list[Figures]:
    """Return the figures of [since, until); kinds of which nothing ran are left out.

    `until` lies not in the future: a clock that runs now counts as missed in a period that lasts beyond its due moment.
    """
    found: list[Figures] = []
    of_parties = [one.kind for one in shipped().kinds if one.actor is not Actor.DATA_MANAGER]
    for row in connection.execute(_FIGURES, {"since": since, "until": until, "of_parties": of_parties}):
        late = row.longest_late or timedelta(0)
        members = dict(row._mapping) | {"actor": shipped().get(row.kind).actor, "longest_late": late}
        found.append(Figures(**members))
    return found


# `least` and `greatest` pass over a null: of a clock that still runs, `ended` is null.
_FIGURES = text(
    "SELECT kind, actor_id AS party_id,"
    " count(*) FILTER (WHERE met_at < due_at AND met_at >= :since AND met_at < :until) AS kept,"
    " count(*) FILTER (WHERE is_missed AND due_at >= :since AND due_at < :until) AS missed,"
    " count(*) FILTER (WHERE dropped_at < due_at AND dropped_at >= :since AND dropped_at < :until AND NOT EXISTS ("
    "  SELECT FROM clocks.clock k WHERE k.kind = c.kind AND k.about = c.about AND k.met_at = c.dropped_at"
    "   AND k.start_written_at IS NOT NULL)) AS dropped,"
    " count(*) FILTER (WHERE started_at < :until AND least(due_at, ended) >= :until) AS open,"
    " count(*) FILTER (WHERE is_missed AND met_at IS NOT NULL AND due_at >= :since AND due_at < :until) AS met_late,"
    " max(met_at - due_at) FILTER (WHERE is_missed AND due_at >= :since AND due_at < :until) AS longest_late,"
    " count(*) FILTER (WHERE start_written_at >= :until AND least(due_at, ended) >= :since"
    "  OR end_written_at >= :until AND ended < :until) AS written_later"
    " FROM (SELECT *, coalesce(met_at, dropped_at) AS ended,"
    "  CASE WHEN kind = ANY(:of_parties) THEN party_id END AS actor_id,"
    "  due_at <= coalesce(met_at, dropped_at, 'infinity') AS is_missed FROM clocks.clock) c"
    " WHERE started_at < :until AND (least(due_at, met_at, dropped_at) >= :since"
    "  OR end_written_at >= :until AND due_at >= :since)"
    " GROUP BY kind, actor_id ORDER BY kind, actor_id"
)
