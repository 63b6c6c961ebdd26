"""Mock mandates: in a sandbox the house plays its invented customer, who answers as the party wishes.

Every step is the command that a party or a customer gives in production: a mandate that was played has the same life,
the same entries and the same ends as any other.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from databeheer.brussels import day_of
from databeheer.door.commands import answers, permissions
from databeheer.door.commands.base import (
    Command,
    EANCode,
    Instant,
    looking,
    one_of,
    parse,
    schema,
    short_text,
)
from databeheer.door.house import House
from databeheer.door.names import ean_hash
from databeheer.door.proofs import AskerKind, Proof
from databeheer.errors import MalformedRequestError, NotFoundError, UnauthenticatedError
from databeheer.identity import sessions
from databeheer.registry import occupancies
from databeheer.sandbox import is_sandbox
from databeheer.sandbox.codes import SandboxCode
from databeheer.values import Direction, Granularity, Purpose, format_instant

OUTCOMES = ("requested", "approved", "rejected", "finished", "to_be_renewed", "expired")
NOTICE = "Deze toestemming is gespeeld in de proefomgeving."
_SOON = timedelta(days=30)
_AT_ONCE = timedelta(seconds=2)
_COMMANDS = {command.name: command for command in (*permissions.COMMANDS, *answers.COMMANDS)}


def play(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Make a mandate of the asking party with this outcome, at an access point of the sandbox.

    Raises:
        NotFoundError: this house is no sandbox, or it has no such access point.
        MalformedRequestError: the outcome cannot come of these dates.
    """
    with looking(house, proof) as (connection, asker, now):
        if asker.kind is not AskerKind.PARTY:
            raise UnauthenticatedError("this proof does not give this command")
        if not is_sandbox(house.origin):
            raise NotFoundError("mock mandates are made in a sandbox; this house is none")
        point = arguments["ean"]
        home = occupancies.lived_in(connection, ean_hash(house, point), day_of(now))
        if SandboxCode.of(point.digits) is None or home is None:
            raise NotFoundError("this sandbox has no such access point; its operator fills it")
    outcome = arguments["outcome"]
    asked = _give(
        house,
        "permission.request",
        proof,
        reference=arguments["reference"],
        purpose=arguments["purpose"],
        category="readings",
        granularity=arguments["granularity"],
        directions=[direction.value for direction in Direction],
        data_from=_text(arguments["data_from"]),
        data_until=_text(arguments["data_until"]),
        valid_until=_text(_ends(outcome, arguments["valid_until"], now)),
        service=arguments["service"],
    )
    if outcome != "requested":
        _answer(house, outcome, home, {name: asked[name] for name in ("permission_id", "link_code")})
    return {"permission_id": asked["permission_id"]}


def _answer(house: House, outcome: str, home: Any, asked: dict[str, Any]) -> None:
    """Answer as who lives there; the session is the house's own, and ends with it."""
    with house.engine.begin() as connection:
        now = house.clock.now()
        token, _ = sessions.start_session(connection, "customer", home.person_id, None, now)
    customer = Proof("session", token)
    if outcome == "rejected":
        _give(house, "permission.refuse", customer, **asked)
    else:
        place = str(home.occupancy_id)
        _give(
            house,
            "permission.grant",
            customer,
            occupancy_id=place,
            notice=NOTICE,
            language="nl",
            **asked,
        )
        if outcome == "finished":
            _give(house, "permission.withdraw", customer, permission_id=asked["permission_id"])
    with house.engine.begin() as connection:
        sessions.end_session(connection, customer.hash, house.clock.now())


def _ends(outcome: str, wished: datetime | None, now: datetime) -> datetime | None:
    """Return when the permission ends by itself; time does what it does in production."""
    if outcome == "expired":
        if wished is not None and wished > now:
            raise MalformedRequestError("valid_until: a mandate that expired ended in the past")
        return now + _AT_ONCE
    if wished is not None and wished <= now:
        raise MalformedRequestError("valid_until: lies in the past; say that it expired")
    if outcome == "to_be_renewed":
        if wished is not None and wished > now + 3 * _SOON:
            raise MalformedRequestError("valid_until: a mandate is to be renewed in its last three months")
        return wished or now + _SOON
    return wished


def _give(house: House, name: str, proof: Proof, **raw: Any) -> dict[str, Any]:
    command = _COMMANDS[name]
    return command.handler(house, proof, parse(command, raw))


def _text(moment: datetime | None) -> str | None:
    return None if moment is None else format_instant(moment)


COMMANDS = (
    Command(
        "sandbox.mandate",
        schema(
            reference=short_text(longest=100),
            ean=EANCode(required=True),
            purpose=one_of(*(purpose.value for purpose in Purpose)),
            granularity=one_of(*(granularity.value for granularity in Granularity)),
            service=short_text(required=False, longest=40, missing=""),
            data_from=Instant(required=True),
            data_until=Instant(load_default=None, allow_none=True),
            valid_until=Instant(load_default=None, allow_none=True),
            outcome=one_of(*OUTCOMES),
        ),
        play,
    ),
)
