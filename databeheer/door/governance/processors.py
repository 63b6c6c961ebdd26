"""Processors: an agreement, its sub-processors, and going live; where one of them fails, the processor gets nothing.

What lets a processor have data is a fact of the registry, as before (`registry.processor_agreement`): it begins when
two people let the processor go live (R129), lasts as long as the agreement and every chain below it, and ends at once
where something of them ends (R123-R126). So the decision itself needs to know nothing of the registers.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from databeheer.access.conditions import years_after
from databeheer.brussels import day_of, midnight
from databeheer.door.commands.base import same_name
from databeheer.door.governance.measures import unsolved
from databeheer.door.governance.records import Act, Opened
from databeheer.door.restore.ends import Ending
from databeheer.door.statement import Statement
from databeheer.errors import ConflictError
from databeheer.registry import conditions, parties
from databeheer.registry.conditions import Clause
from databeheer.values import Role, parse_day

_NO_MORE = ("taken_back", "objected")
# The European Economic Area: where the same law holds (R128).
_EEA = "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IS IT LI LT LU LV MT NL NO PL PT RO SE SI SK"


def check_agreement(act: Act) -> None:
    """It is a processor's; outside the EEA it names its safeguard; a general consent says how long to object (R128)."""
    if act.party_id is None or parties.get(act.turn.connection, act.party_id).role != Role.PROCESSOR:
        raise ConflictError("party_id: an agreement of article 28 is a processor's")
    if (act.said["country"] in _EEA.split()) is not (act.said["safeguard"] == "inside"):
        raise ConflictError(
            "safeguard: outside the European Economic Area one is named, and inside it none is"
        )
    if (act.said["mode"] == "general") is not (act.said["objection_days"] is not None):
        raise ConflictError("objection_days: with a general consent, and only then")
    if act.before and act.counted_before and act.before.says["number"] != act.said["number"]:
        raise ConflictError("number: stays what it is; another agreement is another record")


def shorten(act: Act) -> None:
    """An agreement that ends earlier than it did takes the access that rested on it along."""
    agreement = act.opened(act.record_id)
    until = _until(act, agreement)
    if until is not None:
        _end(act, agreement, until)


def check_change(act: Act) -> None:
    """An announcement belongs to a general consent (R124)."""
    _require_mode(act.parent(), "general", "an announcement is for a general consent; ask a specific one")


def objection_ends(announced_on: str, agreement: Opened) -> datetime:
    """When the time to object to a sub-processor is over."""
    days = timedelta(days=agreement.says["objection_days"] + 1)
    return midnight(parse_day(announced_on) + days)


def check_consent(act: Act) -> None:
    """A consent to one sub-processor belongs to a specific consent (R125)."""
    _require_mode(act.parent(), "specific", "this agreement has a general consent: write an announcement")


def check_sub_processor(act: Act) -> None:
    """It rests on what its agreement asks: an announcement nobody objected to in time, or a consent of its own."""
    agreement = act.parent()
    is_general = agreement.says["mode"] == "general"
    asked, other = ("change", "consent") if is_general else ("consent", "change")
    if act.said[asked] is None or act.said[other] is not None:
        raise ConflictError(f"{asked}: this agreement asks one, and no {other}")
    rests_on = act.opened(act.said[asked])
    if rests_on.within != agreement.record_id or not same_name(rests_on.says["name"], act.said["name"]):
        raise ConflictError(f"{asked}: is of another agreement, or of another sub-processor")
    if is_general:
        if rests_on.outcome == "objected":
            raise ConflictError("change: there was an objection to this sub-processor")
        over = objection_ends(rests_on.says["announced_on"], agreement) <= act.turn.now
        if rests_on.outcome is None and not over:
            raise ConflictError("change: the time to object still runs")
    _check_chain(act)


def _check_chain(act: Act) -> None:
    """Whom it works for is a sub-processor of the same agreement, and not, further up, of itself (R126)."""
    seen, above = {str(act.record_id)}, act.said["under"]
    while above is not None:
        one = act.opened(above)
        if one.within != act.within or above in seen:
            raise ConflictError("under: a sub-processor of the same agreement, and not of itself")
        seen.add(above)
        above = one.says["under"]


def check_go_live(act: Act) -> None:
    """Everything is there, of this processor, and today still good (R129)."""
    lacks = _lacks(act)
    if lacks:
        raise ConflictError(f"not ready: {', '.join(lacks)}")
    if _standing(
        act.turn.connection, _required(act.party_id), act.opened(act.said["agreement"]), act.turn.now
    ):
        raise ConflictError("this processor is live under this agreement already")


def _lacks(act: Act) -> list[str]:
    of_field = {
        name: act.opened(act.said[name])
        for name in ("agreement", "assessment", "process", "penetration_test")
    }
    lacks = [f"{name} is of another party" for name, one in of_field.items() if one.party_id != act.party_id]
    today = day_of(act.turn.now)
    for sub in _subs(act, of_field["agreement"]):
        if act.opened(sub.says["consent"] or sub.says["change"]).outcome in _NO_MORE:
            lacks.append(f"{sub.name} may not work for it")
    test, until = of_field["penetration_test"], of_field["agreement"].says["until_day"]
    if test.says["what"] != "penetration":
        lacks.append("penetration_test is another kind of test")
    lacks += [f"{one.name} is not solved" for one in unsolved(act, test.record_id)]
    if until is not None and parse_day(until) <= today:
        lacks.append("agreement is over")
    assessed_at = midnight(parse_day(of_field["assessment"].says["assessed_on"]))
    if act.turn.now >= years_after(assessed_at, act.house.catalogue.dpia_years) or conditions.overtaken(
        act.turn.connection, _required(act.party_id), assessed_at
    ):
        lacks.append("assessment is out of date")
    return lacks


def go_live(act: Act) -> None:
    """Let the processor have what its instruction names, from today, or from when the agreement begins."""
    agreement, party_id = act.opened(act.said["agreement"]), _required(act.party_id)
    first = max(day_of(act.turn.now), parse_day(agreement.says["from_day"]))
    until = _until(act, agreement)
    if until is not None and until <= first:
        raise ConflictError("not ready: an agreement in the chain is over")
    clauses = [clause.value for clause in Clause if agreement.says[clause.value] is True]
    times = act.turn.connection.execute(_EVER, _named(party_id, agreement)).scalar_one()
    members = {
        "party_id": party_id,
        "number": f"{agreement.says['number']}/{times + 1}",
        "clauses": clauses,
        "from_day": first,
        "until_day": until,
    }
    conditions.add_agreement(act.turn.connection, members)
    said = {"number": members["number"], "clauses": len(clauses), "from": first.isoformat()}
    said["until"] = until.isoformat() if until else ""
    act.turn.record(Statement("processor.agreed", said, party_id=party_id))


def follow(act: Act) -> None:
    """A sub-processor came, or its own agreement ends earlier: the processor's access lasts no longer than that."""
    agreement = act.parent()
    until = _until(act, agreement)
    if until is not None:
        _end(act, agreement, until)


def stop(act: Act) -> None:
    """What the agreement rests on is gone: the processor gets nothing from now on, until it goes live anew."""
    agreement = act.before if act.register.code == "agreement" else act.parent()
    if agreement is not None:
        _end(act, agreement, day_of(act.turn.now))


def stop_where_used(act: Act) -> None:
    """A consent was taken back, or somebody objected: a processor with a sub-processor that rests on it stops."""
    if act.outcome in _NO_MORE and any(
        str(act.record_id) in (one.says["consent"], one.says["change"]) for one in _subs(act, act.parent())
    ):
        stop(act)


def stop_on_finding(act: Act) -> None:
    """A weak point was found in the test with which a processor went live: it stops until that is solved."""
    for one in act.inside(None, "go_live"):
        if one.is_in_force and one.says["penetration_test"] == str(act.within):
            _end(act, act.opened(one.says["agreement"]), day_of(act.turn.now))


def _subs(act: Act, agreement: Opened) -> list[Opened]:
    """The sub-processors that work under an agreement now."""
    return [one for one in act.inside(agreement.record_id, "sub_processor") if one.is_in_force]


def _until(act: Act, agreement: Opened) -> date | None:
    """The first day on which an agreement of the chain is over; None where none has an end."""
    days = [one.says["until_day"] for one in (agreement, *_subs(act, agreement))]
    return min((parse_day(day) for day in days if day is not None), default=None)


def _end(act: Act, agreement: Opened, day: date) -> None:
    """End what lasts longer than that of an agreement, at the beginning of a day."""
    party_id = _required(agreement.party_id)
    for row in _standing(act.turn.connection, party_id, agreement, midnight(day)):
        conditions.end(act.turn.connection, "processor_agreement", row.agreement_id, day)
        act.turn.end(Ending.PROCESSOR_AGREEMENT, row.agreement_id, day)
        said = {"id": str(row.agreement_id), "until": day.isoformat(), "why": act.register.code}
        act.turn.record(Statement("processor.ended", said, party_id=party_id))


def _standing(connection: Connection, party_id: UUID, agreement: Opened, at: datetime) -> list[Any]:
    """What of an agreement is on file and lasts beyond a day."""
    return list(connection.execute(_LASTING, _named(party_id, agreement) | {"day": day_of(at)}))


def _named(party_id: UUID, agreement: Opened) -> dict[str, Any]:
    return {"party": party_id, "number": f"{agreement.says['number']}/"}


def _require_mode(agreement: Opened, mode: str, otherwise: str) -> None:
    if not agreement.is_in_force:
        raise ConflictError("this agreement does not count: it waits, was refused or is closed")
    if agreement.says["mode"] != mode:
        raise ConflictError(otherwise)


def _required(party_id: UUID | None) -> UUID:
    if party_id is None:
        raise ConflictError("party_id: of which party")
    return party_id


_OF_NUMBER = " FROM registry.processor_agreement WHERE party_id = :party AND starts_with(number, :number)"
_LASTING = text(
    "SELECT agreement_id, until_day"
    + _OF_NUMBER
    + " AND (until_day IS NULL OR until_day > greatest(:day, from_day))"
)
_EVER = text("SELECT count(*)" + _OF_NUMBER)
