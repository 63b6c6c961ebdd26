"""Until when an impact assessment counts: two years, or until the first trigger after its day (R115, R116)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from databeheer.access.conditions import years_after
from databeheer.brussels import midnight
from databeheer.door.governance.records import Opened
from databeheer.values import format_instant, parse_day

REGISTER = "assessment"


@dataclass(frozen=True)
class Validity:
    """Until when one counts, aware UTC; `by` is the trigger that overtook it, or None where its years end it."""

    until: datetime
    by: str | None

    def view(self) -> dict[str, str | None]:
        """As commands answer it."""
        return {"until": format_instant(self.until), "by": self.by}


@dataclass(frozen=True)
class Lapsed:
    """A party whose newest assessment counts no more: it needs a new one."""

    party_id: UUID
    name: str
    since: Validity

    def view(self) -> dict[str, Any]:
        """As commands answer it."""
        return {"party_id": str(self.party_id), "party": self.name} | self.since.view()


def of_records(connection: Connection, found: Iterable[Opened], years: int) -> Mapping[UUID, Validity]:
    """Of those of these records that are assessments and count: until when."""
    counting = {
        one.record_id: one for one in found if one.register.code == REGISTER and one.counting is not None
    }
    parties = {one.party_id for one in counting.values()}
    triggers: dict[UUID | None, list[Any]] = defaultdict(list)
    for row in connection.execute(_TRIGGERS, {"parties": list(parties)}) if parties else ():
        triggers[row.party_id].append(row)
    return {
        record_id: _validity(parse_day(one.says["assessed_on"]), triggers[one.party_id], years)
        for record_id, one in counting.items()
    }


def lapsed(connection: Connection, years: int, now: datetime) -> list[Lapsed]:
    """The parties that had an assessment and have none that counts now, by name.

    The newest one decides: none that is older counts longer.
    """
    newest = connection.execute(_NEWEST).all()
    triggers: dict[UUID, list[Any]] = defaultdict(list)
    for row in connection.execute(_TRIGGERS, {"parties": [one.party_id for one in newest]}):
        triggers[row.party_id].append(row)
    ends = (
        Lapsed(one.party_id, one.name, _validity(one.assessed_on, triggers[one.party_id], years))
        for one in newest
    )
    return [one for one in ends if one.since.until <= now]


def _validity(assessed_on: date, triggers: Iterable[Any], years: int) -> Validity:
    assessed_at = midnight(assessed_on)
    end = years_after(assessed_at, years)
    first = next((row for row in triggers if assessed_at < row.at < end), None)
    return Validity(first.at, first.trigger) if first else Validity(end, None)


_TRIGGERS = text(
    "SELECT party_id, trigger, at FROM registry.dpia_trigger WHERE party_id = ANY(:parties) ORDER BY at, trigger"
)
_NEWEST = text(
    "SELECT p.party_id, p.name, max(d.assessed_on) AS assessed_on FROM registry.dpia d"
    " JOIN registry.party p USING (party_id) WHERE NOT p.awaits_approval"
    " GROUP BY p.party_id ORDER BY p.name, p.party_id"
)
