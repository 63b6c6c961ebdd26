"""What a party must have in order before anything reaches it, whatever access point it asks of; each as an interval.

Suspension (R13), DPIA and its four triggers (R114-R116), the party's own overview of processing (R6), agreement of a
processor (3.1.82 draft), territory of a welfare centre (R39), citation of an authority (R14).
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Connection, text

from databeheer.brussels import day_of, midnight
from databeheer.errors import ConflictError, MalformedRequestError, NotFoundError
from databeheer.registry.ending import ending


class StaleTrigger(enum.StrEnum):
    """What makes a DPIA out of date before its two years are over (3.1.83 §1 al. 4, 1°-4°, draft 2018; R116)."""

    USE_CHANGED = "use_changed"
    NEW_CATEGORIES = "new_categories"
    UNFORESEEN_BREACH = "unforeseen_breach"
    ORGANISATION_CHANGED = "organisation_changed"


class Clause(enum.StrEnum):
    """The ten clauses without which a processor's agreement is none (3.1.82 al. 1, draft 2018; GDPR 28(3))."""

    SUBJECT_AND_DURATION = "subject_and_duration"
    NATURE_AND_PURPOSE = "nature_and_purpose"
    KINDS_OF_DATA = "kinds_of_data"
    CATEGORIES_OF_PERSONS = "categories_of_persons"
    SECURITY = "security"
    WRITTEN_INSTRUCTIONS = "written_instructions"
    CONFIDENTIALITY = "confidentiality"
    SUB_PROCESSORS = "sub_processors"
    ASSISTANCE = "assistance"
    ERASURE_OR_RETURN = "erasure_or_return"


OVERVIEW_SEEN_FOR = timedelta(days=731)
"""How long an overview of processing counts after somebody saw it there: as long as a DPIA, so look with each."""
WITH_TERRITORY = frozenset({"welfare_centre", "other_grid_operator"})
WITH_AUTHORISATION = frozenset({"authority", "public_body"})


def require_order(first: Any, until: Any, name: str = "until_day") -> None:
    """Refuse a stretch that ends before it begins, or at once."""
    if until is not None and until <= first:
        raise MalformedRequestError(f"{name}: lies after the beginning")


# --- suspension -------------------------------------------------------------------------------------------


def suspend(connection: Connection, party_id: UUID, now: datetime) -> None:
    """Suspend a party: no access on any point from now on, and its tokens end (R13).

    Raises:
        NotFoundError: there is no such party, or it is suspended already.
    """
    party = {"id": uuid4(), "party": party_id, "now": now}
    if connection.execute(_SUSPEND, party).one_or_none() is None:
        raise NotFoundError("there is no such party, or it is suspended already")
    connection.execute(_SUSPENSION, party)
    connection.execute(_END_TOKENS, party)


def is_suspended(connection: Connection, party_id: UUID) -> bool:
    """Whether a party is suspended now."""
    found: bool = connection.execute(_IS_SUSPENDED, {"party": party_id}).scalar_one()
    return found


def reinstate(connection: Connection, party_id: UUID, now: datetime) -> None:
    """End a suspension: what the law gives it may have again from now on, and ask customers anew.

    Raises:
        ConflictError: the party is not suspended.
    """
    party = {"party": party_id, "now": now}
    if connection.execute(_LIFT, party).one_or_none() is None:
        raise ConflictError("this party is not suspended")
    connection.execute(_REINSTATE, party)


# --- DPIA -------------------------------------------------------------------------------------------------


def file_dpia(
    connection: Connection, party_id: UUID, reference: str, assessed_on: date, now: datetime
) -> UUID:
    """Record a DPIA; how long it is good for is the catalogue's.

    Raises:
        MalformedRequestError: it is dated in the future.
        ConflictError: the reference is taken, or something has overtaken it since its date, whenever that was known.
    """
    if assessed_on > day_of(now):
        raise MalformedRequestError("assessed_on: lies in the future")
    require_current(connection, party_id, assessed_on)
    filed = {"id": uuid4(), "party": party_id, "reference": reference, "day": assessed_on, "now": now}
    found = connection.execute(_FILE, filed).one_or_none()
    if found is None:
        raise ConflictError("a DPIA of this party with this reference is filed already")
    dpia_id: UUID = found.dpia_id
    return dpia_id


def require_current(connection: Connection, party_id: UUID, assessed_on: date) -> None:
    """Refuse an assessment that a trigger overtook already, saying which, when, and from which day one counts (R116).

    Raises:
        ConflictError: one of the four triggers came after the beginning of its day.
    """
    last = connection.execute(_LAST_TRIGGER, {"party": party_id}).one_or_none()
    if last is None or midnight(assessed_on) >= last.at:
        return
    day = day_of(last.at)
    first = day if midnight(day) == last.at else day + timedelta(days=1)
    raise ConflictError(
        f"assessed_on: overtaken by {last.trigger} of {day}; an assessment counts that is dated {first} or later"
    )


def require_new_reference(connection: Connection, party_id: UUID, reference: str) -> None:
    """Refuse a reference that another DPIA of the party has.

    Raises:
        ConflictError: it is taken.
    """
    if connection.execute(_SAME_REFERENCE, {"party": party_id, "reference": reference}).first() is not None:
        raise ConflictError("reference: a DPIA of this party with this reference is filed already")


def overtaken(connection: Connection, party_id: UUID, assessed_at: datetime) -> bool:
    """Whether one of the four triggers came after an assessment of that moment."""
    last = connection.execute(_LAST_TRIGGER, {"party": party_id}).one_or_none()
    return last is not None and assessed_at < last.at


def newest_dpia(connection: Connection, party_id: UUID) -> date | None:
    """Return the day of the newest DPIA of a party, overtaken or not."""
    day: date | None = connection.execute(_NEWEST_DPIA, {"party": party_id}).scalar_one()
    return day


def make_stale(connection: Connection, party_id: UUID, trigger: StaleTrigger, at: datetime) -> None:
    """Write down what makes every DPIA of a party out of date that is dated before it, on file by then or not."""
    happened = {"id": uuid4(), "party": party_id, "trigger": trigger.value, "at": at}
    connection.execute(_TRIGGER, happened)


def was_made_stale(connection: Connection, party_id: UUID, trigger: StaleTrigger, at: datetime) -> bool:
    """Say whether this trigger is on record for that time or later."""
    happened = {"party": party_id, "trigger": trigger.value, "at": at}
    return connection.execute(_SAME_TRIGGER, happened).first() is not None


# --- overview of processing -------------------------------------------------------------------------------


def overview_checked(
    connection: Connection, party_id: UUID, url: str, *, reachable: bool, now: datetime
) -> bool:
    """Record that somebody looked whether a party's overview is there (R6). Returns whether that changed anything.

    Another address than before is another overview: the one before ends. So does one that nobody looked for within
    OVERVIEW_SEEN_FOR: it counts again from when it is found again.
    """
    standing = connection.execute(_STANDING_OVERVIEW, {"party": party_id}).one_or_none()
    if standing is not None and standing.checked_at + OVERVIEW_SEEN_FOR <= now:
        lapsed = {"id": standing.overview_id, "at": standing.checked_at + OVERVIEW_SEEN_FOR}
        connection.execute(_LAPSED, lapsed)
        standing = None
    if standing is not None and reachable and standing.url == url:
        connection.execute(_STILL_THERE, {"id": standing.overview_id, "now": now})
        return False
    if standing is not None:
        connection.execute(_NOT_THERE, {"id": standing.overview_id, "now": now})
    if reachable:
        connection.execute(_OVERVIEW, {"id": uuid4(), "party": party_id, "url": url, "now": now})
    return reachable or standing is not None


# --- agreement, territory, authorisation ------------------------------------------------------------------


def add_agreement(connection: Connection, members: Mapping[str, Any]) -> UUID:
    """Record a processor's agreement: party_id, number, clauses, from_day, until_day.

    Raises:
        ConflictError: a clause is missing, or its number is taken.
    """
    require_order(members["from_day"], members["until_day"])
    missing = [clause.value for clause in Clause if clause.value not in members["clauses"]]
    if missing:
        raise ConflictError(f"the agreement lacks clauses: {', '.join(missing)}")
    found = connection.execute(_AGREEMENT, {**members, "id": uuid4()}).one_or_none()
    if found is None:
        raise ConflictError("an agreement with this number exists")
    agreement_id: UUID = found.agreement_id
    return agreement_id


def add_territory(connection: Connection, party: Any, members: Mapping[str, Any]) -> UUID:
    """Record that a party is the welfare centre (or neighbour) of a municipality: municipality, from_day, until_day.

    Raises:
        ConflictError: the party's role has no territory, or it has this one in part of these days.
    """
    require_order(members["from_day"], members["until_day"])
    if party.role not in WITH_TERRITORY:
        raise ConflictError("a party of this role has no territory")
    added = {**members, "party_id": party.party_id, "id": uuid4()}
    if connection.execute(_SAME_TERRITORY, added).first():
        raise ConflictError("this party has this territory in part of these days already")
    connection.execute(_TERRITORY, added)
    territory_id: UUID = added["id"]
    return territory_id


def add_authorisation(connection: Connection, party: Any, members: Mapping[str, Any]) -> UUID:
    """Record the law that lets a party know data: act, version, article, categories, granularity, days (R14).

    Raises:
        ConflictError: the party's role needs none.
    """
    require_order(members["from_day"], members["until_day"])
    if party.role not in WITH_AUTHORISATION:
        raise ConflictError("a party of this role rests on no such authorisation")
    authorisation_id = uuid4()
    connection.execute(_AUTHORISATION, {**members, "party_id": party.party_id, "id": authorisation_id})
    return authorisation_id


_ENDS = {
    table: ending(f"registry.{table}", f"{table.rpartition('_')[2]}_id = :id")
    for table in ("processor_agreement", "territory", "authorisation")
}


def end(connection: Connection, table: str, fact_id: UUID, day: date) -> UUID:
    """End an agreement, territory or authorisation at the beginning of a day, or cancel it; returns whose it is.

    Raises:
        ConflictError: there is none that lasts longer.
    """
    row = connection.execute(_ENDS[table], {"id": fact_id, "day": day}).one_or_none()
    if row is None:
        raise ConflictError(
            "none with this id lasts longer than that: it ended or was cancelled before, or there is no such id"
        )
    party_id: UUID = row.party_id
    return party_id


_SUSPEND = text(
    "UPDATE registry.party SET suspended_at = :now WHERE party_id = :party AND suspended_at IS NULL RETURNING 1"
)
_SUSPENSION = text(
    "INSERT INTO registry.suspension (suspension_id, party_id, suspended_at) VALUES (:id, :party, :now)"
)
_END_TOKENS = text(
    "UPDATE identity.access_token SET revoked_at = :now WHERE party_id = :party AND revoked_at IS NULL"
)
_LIFT = text(
    "UPDATE registry.suspension SET lifted_at = :now WHERE party_id = :party AND lifted_at IS NULL RETURNING 1"
)
_IS_SUSPENDED = text("SELECT suspended_at IS NOT NULL FROM registry.party WHERE party_id = :party")
_REINSTATE = text("UPDATE registry.party SET suspended_at = NULL WHERE party_id = :party")
_NEWEST_DPIA = text("SELECT max(assessed_on) FROM registry.dpia WHERE party_id = :party")
_LAST_TRIGGER = text(
    "SELECT trigger, at FROM registry.dpia_trigger WHERE party_id = :party ORDER BY at DESC, trigger LIMIT 1"
)
_SAME_REFERENCE = text("SELECT 1 FROM registry.dpia WHERE party_id = :party AND reference = :reference")
_FILE = text(
    "INSERT INTO registry.dpia (dpia_id, party_id, reference, assessed_on, filed_at)"
    " VALUES (:id, :party, :reference, :day, :now) ON CONFLICT DO NOTHING RETURNING dpia_id"
)
_TRIGGER = text(
    "INSERT INTO registry.dpia_trigger (trigger_id, party_id, trigger, at) VALUES (:id, :party, :trigger, :at)"
)
_SAME_TRIGGER = text(
    "SELECT 1 FROM registry.dpia_trigger WHERE party_id = :party AND trigger = :trigger AND at >= :at"
)
_STANDING_OVERVIEW = text(
    "SELECT * FROM registry.processing_overview WHERE party_id = :party AND unreachable_from IS NULL"
)
_STILL_THERE = text("UPDATE registry.processing_overview SET checked_at = :now WHERE overview_id = :id")
_NOT_THERE = text(
    "UPDATE registry.processing_overview SET checked_at = :now, unreachable_from = :now WHERE overview_id = :id"
)
_LAPSED = text("UPDATE registry.processing_overview SET unreachable_from = :at WHERE overview_id = :id")
_OVERVIEW = text(
    "INSERT INTO registry.processing_overview (overview_id, party_id, url, reachable_from, checked_at)"
    " VALUES (:id, :party, :url, :now, :now)"
)
_AGREEMENT = text(
    "INSERT INTO registry.processor_agreement (agreement_id, party_id, number, from_day, until_day)"
    " VALUES (:id, :party_id, :number, :from_day, :until_day) ON CONFLICT DO NOTHING RETURNING agreement_id"
)
_SAME_TERRITORY = text(
    "SELECT 1 FROM registry.territory WHERE party_id = :party_id AND municipality = :municipality"
    " AND daterange(from_day, until_day) && daterange(:from_day, :until_day)"
)
_TERRITORY = text(
    "INSERT INTO registry.territory (territory_id, party_id, municipality, from_day, until_day)"
    " VALUES (:id, :party_id, :municipality, :from_day, :until_day)"
)
_AUTHORISATION = text(
    "INSERT INTO registry.authorisation (authorisation_id, party_id, act, version, article, categories,"
    " granularity, from_day, until_day)"
    " VALUES (:id, :party_id, :act, :version, :article, :categories, :granularity, :from_day, :until_day)"
)
