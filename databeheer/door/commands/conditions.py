"""Commands on what a party must have in order: suspension, DPIA, overview, agreement, territory, authorisation.

The operator's, each recorded with its state. Why somebody was suspended is a free text: in the ledger only.
"""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from marshmallow import ValidationError, fields, validate

from databeheer import clocks
from databeheer.access.bases import Category
from databeheer.access.conditions import years_after
from databeheer.brussels import midnight
from databeheer.door import suspending
from databeheer.door.commands.base import (
    Command,
    Day,
    asker_of,
    identifier,
    one_of,
    schema,
    short_text,
    without_ean,
)
from databeheer.door.house import House
from databeheer.door.post.telling import tell_party
from databeheer.door.proofs import AskerKind, Proof
from databeheer.door.restore.ends import STALENESS, Ending
from databeheer.door.statement import Statement
from databeheer.door.turn import Turn
from databeheer.door.turn_queue import TurnLane
from databeheer.errors import MalformedRequestError
from databeheer.registry import conditions, parties
from databeheer.registry.conditions import StaleTrigger
from databeheer.values import Granularity, parse_municipality

DPIA_CLOCK = "dpia_validity"
_FACTS = {"processor": "processor_agreement", "territory": "territory", "authorisation": "authorisation"}


def suspend_party(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Suspend a party: it loses access on all its points, and its permissions end, in one transaction (R13)."""
    with house.turn(TurnLane.ENDS) as turn:
        asker_of(turn, house, proof, AskerKind.OPERATOR)
        suspending.suspend(house, turn, arguments["party_id"], arguments["reason"])
    return {}


def reinstate_party(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """End a suspension; the party mints new tokens and asks new permissions, the old ones stay ended."""
    with house.turn() as turn:
        asker_of(turn, house, proof, AskerKind.OPERATOR)
        conditions.reinstate(turn.connection, arguments["party_id"], turn.now)
        said = {"reason": arguments["reason"]}
        turn.record(Statement("party.reinstated", said, party_id=arguments["party_id"]))
        tell_party(house, turn, "party.reinstated", arguments["party_id"])
    return {}


def take_dpia(house: House, turn: Turn, party_id: UUID, reference: str, day: date) -> UUID:
    """Put a party's DPIA on file, and record it; its clock runs from its day.

    Only the register of assessments does so, once two people agreed (`databeheer/door/governance/rules.py`).
    """
    dpia_id = conditions.file_dpia(turn.connection, party_id, reference, day, turn.now)
    if conditions.newest_dpia(turn.connection, party_id) == day:  # else a newer one is on file already
        clocks.meet(turn.connection, DPIA_CLOCK, party_id, turn.now)
        due_at = years_after(midnight(day), house.catalogue.dpia_years)
        clocks.start(
            turn.connection,
            DPIA_CLOCK,
            party_id,
            midnight(day),
            party_id=party_id,
            due_at=due_at,
            written_at=turn.now,
        )
    said = {"dpia": str(dpia_id), "assessed_on": day.isoformat()}
    turn.record(Statement("dpia.filed", said, party_id=party_id))
    return dpia_id


def make_stale(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Record what makes a party's DPIAs of before now out of date: without a new one it gets nothing that needs one.

    Also where it has none, or none that is good: one of an earlier date that is filed later does not count (R116).
    """
    trigger = StaleTrigger(arguments["trigger"])
    with house.turn(TurnLane.ENDS) as turn:
        asker_of(turn, house, proof, AskerKind.OPERATOR)
        parties.get(turn.connection, arguments["party_id"])
        take_trigger(turn, arguments["party_id"], trigger)
    return {}


def take_trigger(turn: Turn, party_id: UUID, trigger: StaleTrigger) -> None:
    """Put on record what makes a party's DPIAs out of date from now on."""
    conditions.make_stale(turn.connection, party_id, trigger, turn.now)
    clocks.drop(turn.connection, DPIA_CLOCK, party_id, turn.now)
    turn.end(STALENESS[trigger], party_id)
    turn.record(Statement("dpia.staled", {"by": trigger.value}, party_id=party_id))


def check_overview(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Record whether a party's own overview of processing was there when somebody looked (R6)."""
    party_id, url, reachable = arguments["party_id"], arguments["url"], arguments["reachable"]
    if not url.startswith(("https://", "http://")):
        raise MalformedRequestError("url: begins with https:// or http://")
    with house.turn(TurnLane.REST if reachable else TurnLane.ENDS) as turn:
        asker_of(turn, house, proof, AskerKind.OPERATOR)
        parties.get(turn.connection, party_id)
        changed = take_overview(turn, party_id, url, reachable=reachable)
    return {"changed": changed}


def take_overview(turn: Turn, party_id: UUID, url: str, *, reachable: bool) -> bool:
    """Write down, and record, whether a party's overview was there; returns whether that changed anything."""
    changed = conditions.overview_checked(turn.connection, party_id, url, reachable=reachable, now=turn.now)
    event = "overview.published" if reachable else "overview.missing"
    if changed and not reachable:
        turn.end(Ending.OVERVIEW, party_id)
    # Found again where it was is news too: it counts anew (OVERVIEW_SEEN_FOR).
    turn.record(Statement(event if changed else "overview.checked", {"url": url}, party_id=party_id))
    return changed


def add_territory(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Give a welfare centre its municipality: its mandate by law, without a consent for each case (R39)."""
    with house.turn() as turn:
        asker_of(turn, house, proof, AskerKind.OPERATOR)
        party = parties.get(turn.connection, arguments["party_id"])
        territory_id = conditions.add_territory(turn.connection, party, arguments)
        said = _days(arguments) | {"municipality": arguments["municipality"]}
        turn.record(Statement("territory.given", said, party_id=party.party_id))
    return {"id": str(territory_id)}


def add_authorisation(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Record the law, decree or ordinance that authorises an authority to know data (R14)."""
    arguments = arguments | {"categories": sorted(set(arguments["categories"]))}
    with house.turn() as turn:
        asker_of(turn, house, proof, AskerKind.OPERATOR)
        party = parties.get(turn.connection, arguments["party_id"])
        authorisation_id = conditions.add_authorisation(turn.connection, party, arguments)
        said = _days(arguments) | {
            name: arguments[name] for name in ("act", "version", "article", "categories", "granularity")
        }
        turn.record(Statement("authorisation.recorded", said, party_id=party.party_id))
    return {"id": str(authorisation_id)}


def end_fact(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """End an agreement, territory or authorisation at the beginning of a day."""
    with house.turn(TurnLane.ENDS) as turn:
        asker_of(turn, house, proof, AskerKind.OPERATOR)
        day = arguments["until_day"]
        table = _FACTS[arguments["fact"]]
        party_id = conditions.end(turn.connection, table, arguments["id"], day)
        turn.end(Ending[table.upper()], arguments["id"], day)
        said = {"id": str(arguments["id"]), "until": day.isoformat()}
        turn.record(Statement(f"{arguments['fact']}.ended", said, party_id=party_id))
    return {}


def _days(arguments: dict[str, Any]) -> dict[str, Any]:
    until = arguments["until_day"]
    return {"from": arguments["from_day"].isoformat(), "until": until.isoformat() if until else ""}


def _a_while() -> dict[str, Any]:
    return {"from_day": Day(required=True), "until_day": Day(load_default=None, allow_none=True)}


def some_of(*choices: str) -> fields.List[Any]:
    """A list without repetitions from a closed list."""
    return fields.List(one_of(*choices), required=True, validate=validate.Length(1, len(choices)))


def municipality(*, required: bool = True) -> fields.String:
    """The NIS code of a municipality in Flanders."""
    if required:
        return fields.String(required=True, validate=_is_municipality)
    return fields.String(load_default=None, allow_none=True, validate=_is_municipality)


def _is_municipality(code: str) -> None:
    try:
        parse_municipality(code)
    except MalformedRequestError as error:
        raise ValidationError(str(error)) from error


_PARTY = {"party_id": identifier()}

COMMANDS = (
    Command("registry.party.suspend", schema(**_PARTY, reason=without_ean(short_text())), suspend_party),
    Command("registry.party.reinstate", schema(**_PARTY, reason=without_ean(short_text())), reinstate_party),
    Command(
        "registry.dpia.stale",
        schema(**_PARTY, trigger=one_of(*(trigger.value for trigger in StaleTrigger))),
        make_stale,
    ),
    Command(
        "registry.overview.check",
        schema(
            **_PARTY,
            url=short_text(longest=500),
            reachable=fields.Boolean(required=True, truthy={True}, falsy={False}),
        ),
        check_overview,
    ),
    Command(
        "registry.territory.add", schema(**_PARTY, **_a_while(), municipality=municipality()), add_territory
    ),
    Command(
        "registry.authorisation.add",
        schema(
            **_PARTY,
            **_a_while(),
            act=short_text(),
            version=short_text(),
            article=short_text(longest=100),
            categories=some_of(*(category.value for category in Category)),
            granularity=one_of(*(granularity.value for granularity in Granularity)),
        ),
        add_authorisation,
    ),
    Command(
        "registry.condition.end",
        schema(fact=one_of(*_FACTS), id=identifier(), until_day=Day(required=True)),
        end_fact,
    ),
)
