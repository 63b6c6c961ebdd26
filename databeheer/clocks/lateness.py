"""What a customer reads of a missed clock: what happens now, or that it was done after all and how late."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, text

from databeheer.clocks.catalogue import shipped
from databeheer.values import parse_instant


def met_after(connection: Connection, missed: Sequence[int]) -> dict[int, datetime]:
    """By the entries that say that a clock was missed: when it was met after all (aware UTC), where it was."""
    if not missed:
        return {}
    rows = connection.execute(_MET, {"missed": list(missed)})
    return {row.missed_index: row.met_at for row in rows}


def missed_nl(said: Mapping[str, Any], met_at: datetime | None) -> str:
    """The Dutch of an entry `clock.missed`; `met_at` is when it was met, known later than the entry perhaps."""
    kind = shipped().get(said["clock"])
    done = met_at or (parse_instant(said["met"]) if said.get("met") else None)
    if done is None:
        return f"{kind.task_nl} {kind.missed_nl}"
    return f"{kind.task_nl} Gedaan, {late_nl(done - parse_instant(said['due']))} te laat."


def late_nl(late: timedelta) -> str:
    """A time in its two largest units: `1 uur 45 minuten`, `2 dagen 3 uur`; less than a minute is said so."""
    minutes = late // timedelta(minutes=1)
    if minutes < 1:
        return "minder dan een minuut"
    days, hours = divmod(minutes // 60, 24)
    parts = (
        (days, "dag" if days == 1 else "dagen"),
        (hours, "uur"),
        (minutes % 60, "minuut" if minutes % 60 == 1 else "minuten"),
    )
    return " ".join(f"{number} {unit}" for number, unit in [one for one in parts if one[0]][:2])


_MET = text(
    "SELECT missed_index, met_at FROM clocks.clock WHERE missed_index = ANY(:missed) AND met_at IS NOT NULL"
)
