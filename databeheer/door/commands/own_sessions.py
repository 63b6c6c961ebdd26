"""A customer's own live log-ins: the list, and ending one or all others. Each needs his own live session."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from databeheer.door.commands.base import Command, identifier, schema
from databeheer.door.house import House
from databeheer.door.proofs import AskerKind, Proof, check_self
from databeheer.errors import NotFoundError, UnauthenticatedError
from databeheer.identity import sessions
from databeheer.values import format_instant


def listing(house: House, proof: Proof, _: dict[str, Any]) -> dict[str, Any]:
    """The person's own live sessions, whoever this one acts for: when begun, last used, which one this is.

    Nothing of devices or places: none of that is kept.
    """
    now = house.clock.now()
    with house.engine.connect() as connection, connection.begin():
        person_id = _self(house, connection, proof)
        return {
            "sessions": [
                {
                    "session_id": str(one.session_id),
                    "begun_at": format_instant(one.created_at),
                    "last_used_at": format_instant(one.last_used_at or one.created_at),
                    "expires_at": format_instant(one.expires_at),
                    "is_this": bytes(one.token_hash) == proof.hash,
                }
                for one in sessions.live_of(connection, person_id, now)
            ]
        }


def end_other(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """End another live session of the person's; this one ends by logging off.

    Raises:
        NotFoundError: the person has no such live session, or it is this one.
    """
    with house.engine.begin() as connection:
        person_id = _self(house, connection, proof)
        now = house.clock.now()
        if not sessions.end_of_person(
            connection, person_id, now, only=arguments["session_id"], but=proof.hash
        ):
            raise NotFoundError("you have no such log-in; it may have ended by itself")
    return {}


def end_others(house: House, proof: Proof, _: dict[str, Any]) -> dict[str, Any]:
    """End all live sessions of the person's but this one; returns how many."""
    with house.engine.begin() as connection:
        person_id = _self(house, connection, proof)
        ended = sessions.end_of_person(connection, person_id, house.clock.now(), only=None, but=proof.hash)
    return {"ended": ended}


def _self(house: House, connection: Connection, proof: Proof) -> UUID:
    asker = check_self(connection, proof, house.clock.now(), house.operator_key_hash, or_enterprise=True)
    if asker.kind is not AskerKind.CUSTOMER or asker.person_id is None:
        raise UnauthenticatedError("log in as a customer")
    return asker.person_id


COMMANDS = (
    Command("session.list", schema(), listing),
    Command("session.end_other", schema(session_id=identifier()), end_other),
    Command("session.end_others", schema(), end_others),
)
