"""A test call: what a program of the party meets on its way to its own profile, step by step, and where it stops."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from databeheer.door.commands.base import Command, schema, short_text
from databeheer.door.commands.clients import CLIENT
from databeheer.door.commands.views import party_view
from databeheer.door.house import House
from databeheer.door.onboarding.acting import looking_for_party, party_of
from databeheer.door.onboarding.programs import own_program
from databeheer.door.onboarding.showing import lacks_of
from databeheer.door.proofs import Proof
from databeheer.errors import UnauthenticatedError
from databeheer.identity import assertions, client_keys
from databeheer.identity.assertion_faults import Fault, first_fault
from databeheer.oversight import gaps, stop
from databeheer.registry import parties
from databeheer.values import format_instant

SOON = timedelta(days=30)


@dataclass(frozen=True)
class Step:
    """One step: whether it goes well, and a code that says why (not), of which the pages have the words."""

    step: str
    ok: bool
    why: str = ""
    at: str | None = None


def try_program(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Do what a program's first call does, as far as the house can without the program's key.

    With an assertion that the program signed all of it is done but giving the token; the assertion is used up.
    """
    with looking_for_party(house, proof) as (connection, asker, now):
        party_id = party_of(asker)
        client = own_program(connection, party_id, arguments["client_id"])
        profile = "own" if "own" in client.profiles else "facade"
        steps = [_key(connection, client, now)]
        if arguments["assertion"] and client.secret_hash is None:
            audience = house.facade_audience if profile == "facade" else house.public_url
            keys = client_keys.live(connection, client.client_id, now)
            fault = first_fault(keys, client.client_id, arguments["assertion"], audience, profile, now)
            steps.append(Step("assertion", fault is None, fault.value if fault else ""))
        steps += _organisation(house, connection, party_id, now)
        view = party_view(parties.get(connection, party_id))
    if arguments["assertion"] and all(one.ok for one in steps[:2]) and len(steps) > 1:
        steps[1] = _use(house, client.client_id, arguments["assertion"], profile)
    return {"steps": [asdict(one) for one in steps], "profile": profile, "party": view}


def _key(connection: Connection, client: Any, now: datetime) -> Step:
    if client.secret_hash is not None:
        return Step("key", True, "secret")
    rows = client_keys.of_client(connection, client.client_id)
    good = client_keys.live(connection, client.client_id, now)
    if good:
        ends = [row.valid_until for row in rows if row.key_id in {one.key_id for one in good}]
        last = None if None in ends else max(ends)
        is_soon = last is not None and last < now + SOON
        return Step("key", True, "ends_soon" if is_soon else "", format_instant(last) if last else None)
    coming = [row.valid_from for row in rows if row.valid_until is None or row.valid_until > now]
    if coming:
        return Step("key", False, "not_yet", format_instant(min(coming)))
    return Step("key", False, "none")


def _organisation(house: House, connection: Connection, party_id: UUID, now: datetime) -> list[Step]:
    row = parties.get(connection, party_id)
    lacks = lacks_of(house, connection, row, now)
    steps = [Step("organisation", row.suspended_at is None, "" if row.suspended_at is None else "suspended")]
    if row.awaits_approval:
        steps.append(Step("onboarding", False, ",".join(lacks)))
    else:
        # A program is answered; without these it gets no readings and asks for no permission.
        steps.append(Step("evidence", not lacks, ",".join(lacks)))
    is_closed = stop.current(connection) is not None or gaps.unreconciled_since(connection) is not None
    steps.append(Step("house", not is_closed, "stopped" if is_closed else ""))
    return steps


def _use(house: House, client_id: str, assertion: str, profile: str) -> Step:
    audience = house.facade_audience if profile == "facade" else house.public_url
    with house.engine.begin() as connection:
        try:
            assertions.check(connection, client_id, assertion, audience, profile, house.clock.now())
        except UnauthenticatedError:
            return Step("assertion", False, Fault.USED.value)
    return Step("assertion", True)


COMMANDS = (
    Command(
        "party.try",
        schema(client_id=CLIENT, assertion=short_text(required=False, longest=16_000, missing="")),
        try_program,
    ),
)
