"""What a customer reads of a missed clock: what happens now, or that it was done after all and how late."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text

from databeheer.clocks.catalogue import shipped
from databeheer.sentences import Blank, Sentence, in_dutch
from databeheer.values import parse_instant

DONE_LATE = "Gedaan, %(late)s te laat."


def missed(said: Mapping[str, Any], met_at: datetime | None) -> tuple[Sentence, ...]:
    """Say what an entry `clock.missed` is; `met_at` is when it was met, known later than the entry perhaps."""
    kind = shipped().get(said["clock"])
    done = met_at or (parse_instant(said["met"]) if said.get("met") else None)
    if done is None:
        return (Sentence(kind.task_nl), Sentence(kind.missed_nl))
    late = (done - parse_instant(said["due"])) // timedelta(minutes=1)
    return (Sentence(kind.task_nl), Sentence(DONE_LATE, {"late": (Blank.MINUTES, str(late))}))


def missed_nl(said: Mapping[str, Any], met_at: datetime | None) -> str:
    """Say it in Dutch."""
    return in_dutch(missed(said, met_at))


def said_of_clocks() -> Iterator[str]:
    """Every Dutch text that `missed` may say."""
    yield DONE_LATE
    for kind in shipped().kinds:
        yield from (kind.task_nl, kind.missed_nl)


MET_AFTER = text(
    "SELECT missed_index, met_at FROM clocks.clock WHERE missed_index = ANY(:missed) AND met_at IS NOT NULL"
)
"""By the entries `:missed` that say that a clock was missed: when it was met after all (aware UTC), where it was."""
