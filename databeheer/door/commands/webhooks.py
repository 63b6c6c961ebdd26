"""Commands of a party on its web hooks: where they go, the secret that is shown once, a test, dead letters, replay."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from marshmallow import fields, validate
from sqlalchemy import Connection

from databeheer.door.commands.base import (
    Command,
    Instant,
    asker_of,
    found,
    identifier,
    looking,
    one_of,
    schema,
    short_text,
)
from databeheer.door.house import House
from databeheer.door.post.letters import goodbye_to_party, open_of_party, seal_of_party
from databeheer.door.post.telling import tell_party
from databeheer.door.proofs import Asker, AskerKind, Proof, check
from databeheer.door.restore.ends import Ending
from databeheer.door.statement import Statement
from databeheer.door.turn import Turn
from databeheer.door.turn_queue import TurnLane
from databeheer.errors import UnauthenticatedError
from databeheer.oversight import gaps
from databeheer.post import addresses, deliveries, news, webhooks
from databeheer.post.deliveries import End
from databeheer.post.webhooks import OVERLAP, Scheme, Secret
from databeheer.values import format_instant

_ASKERS = (AskerKind.PARTY, AskerKind.PARTY_PERSON)
"""A party's program, and its people at the party pages."""


def show(house: House, proof: Proof, _: dict[str, Any]) -> dict[str, Any]:
    """Where the party's web hooks go; the secret of HMAC is not shown again."""
    with looking(house, proof, or_party_people=True) as (connection, asker, now):
        row = found(webhooks.find(connection, _party(asker)), "web hook of yours")
        return {"webhook": _view(house, row, now)}


def put(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Set where the party's web hooks go; a new secret where there was none, it asks for one, or the scheme changes.

    The answer holds a new secret, once. The one before signs beside it for a day.
    """
    addresses.parse(arguments["url"], loopback=house.loopback_webhooks)
    scheme = Scheme(arguments["scheme"])
    with house.turn(TurnLane.ENDS) as turn:
        party_id = _party(asker_of(turn, house, proof, *_ASKERS))
        row = webhooks.find(turn.connection, party_id, locked=True)
        old: tuple[Any, Any, Any]
        # What a backup brought back may have been rotated away since.
        is_forgotten = gaps.unreconciled_since(turn.connection) is not None
        is_new = row is None or arguments["rotate"] or row.scheme != scheme or is_forgotten
        secret = Secret.new(scheme) if is_new else _secret(house, row)
        members: dict[str, Any] = {
            "url_sealed": seal_of_party(house, party_id, "url", arguments["url"].encode()),
            "scheme": scheme.value,
            "secret_sealed": seal_of_party(house, party_id, "secret", secret.raw),
        }
        if row is not None and is_new:
            old = (row.scheme, row.secret_sealed, turn.now + OVERLAP)
        elif row is not None:
            old = (row.old_scheme, row.old_secret_sealed, row.old_until)
        else:
            old = (None, None, None)
        members |= dict(zip(("old_scheme", "old_secret_sealed", "old_until"), old, strict=True))
        is_elsewhere = row is not None and _url(house, row) != arguments["url"]
        if is_elsewhere:
            goodbye_to_party(house, turn, row)
        if row is not None and (is_new or is_elsewhere):
            turn.end(Ending.WEBHOOK, party_id, at=row.changed_at)
        webhooks.put(turn.connection, party_id, members, turn.now)
        news.watch(turn.connection, party_id, turn.size, turn.now)
        index = _record(house, turn, party_id, "set")
        view = _view(house, webhooks.find(turn.connection, party_id), turn.now)
    shown = {"secret": secret.for_party} if is_new and scheme is Scheme.HMAC else {}
    return {"webhook": view | shown, "index": index}


def remove(house: House, proof: Proof, _: dict[str, Any]) -> dict[str, Any]:
    """Send the party no more web hooks; what is on its way is dropped."""
    with house.turn(TurnLane.ENDS) as turn:
        party_id = _party(asker_of(turn, house, proof, *_ASKERS))
        row = found(webhooks.find(turn.connection, party_id, locked=True), "web hook of yours")
        goodbye_to_party(house, turn, row)
        webhooks.remove(turn.connection, party_id)
        turn.end(Ending.WEBHOOK, party_id, at=row.changed_at)
        index = _record(house, turn, party_id, "removed")
    return {"index": index}


def send_test(house: House, proof: Proof, _: dict[str, Any]) -> dict[str, Any]:
    """Put a web hook of type `webhook.test` on its way to the party."""
    with house.engine.begin() as connection:
        asker = _asker(house, connection, proof)
        return {"delivery_id": str(deliveries.test(connection, _party(asker), house.clock.now()))}


def list_deliveries(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """The party's web hooks, newest first: which arrived, which wait and why, which were given up (dead letters)."""
    with looking(house, proof, or_party_people=True) as (connection, asker, _now):
        rows = deliveries.of_party(connection, _party(asker), arguments["state"], arguments["limit"])
    return {
        "deliveries": [
            {
                "delivery_id": str(row.delivery_id),
                "webhook_id": webhooks.number(row.delivery_id),
                "type": row.kind,
                "state": row.state,
                "attempts": row.attempts,
                "told_at": format_instant(row.told_at),
                "next_at": format_instant(row.next_at) if row.state == "waiting" else None,
                "ended_at": format_instant(row.ended_at) if row.ended_at else None,
                "last_error": row.last_error or None,
            }
            for row in rows
        ]
    }


def replay(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Send one of the party's web hooks once more, under its number."""
    with house.engine.begin() as connection:
        asker = _asker(house, connection, proof)
        deliveries.replay(connection, _party(asker), arguments["delivery_id"], house.clock.now())
    return {"state": "waiting"}


def replay_since(house: House, proof: Proof, arguments: dict[str, Any]) -> dict[str, Any]:
    """Send the party's web hooks since a moment once more, each under its number; with where to go on, if anywhere."""
    with house.engine.begin() as connection:
        asker = check(connection, proof, house.clock.now(), house.operator_key_hash)
        count, left = deliveries.replay_since(
            connection, _party(asker), arguments["since"], arguments["state"], house.clock.now()
        )
    return {"replayed": count, "next_since": format_instant(left) if left else None}


def _view(house: House, row: Any, now: Any) -> dict[str, Any]:
    is_ours = row.scheme == Scheme.ED25519
    return {
        "url": _url(house, row),
        "scheme": row.scheme,
        "public_key": _secret(house, row).for_party if is_ours else None,
        "changed_at": format_instant(row.changed_at),
        "old_secret_until": format_instant(row.old_until) if row.old_until and now < row.old_until else None,
    }


def _url(house: House, row: Any) -> str:
    return open_of_party(house, row.party_id, "url", row.url_sealed).decode()


def _secret(house: House, row: Any) -> Secret:
    return Secret(Scheme(row.scheme), open_of_party(house, row.party_id, "secret", row.secret_sealed))


def _record(house: House, turn: Turn, party_id: UUID, what: str) -> int:
    index = turn.next_index
    turn.record(Statement("webhook.changed", {"what": what}, party_id=party_id))
    tell_party(house, turn, "webhook.changed", party_id)
    return index


def _asker(house: House, connection: Connection, proof: Proof) -> Asker:
    return check(connection, proof, house.clock.now(), house.operator_key_hash, or_party_people=True)


def _party(asker: Asker) -> UUID:
    is_program = asker.kind is AskerKind.PARTY and asker.profile == "own"
    if not is_program and asker.kind is not AskerKind.PARTY_PERSON:
        raise UnauthenticatedError("web hooks are a party's, by its own interface or its pages")
    party_id: UUID = found(asker.party_id, "party")
    return party_id


_ENDED = tuple(End)

COMMANDS = (
    Command("webhook.show", schema(), show),
    Command(
        "webhook.put",
        schema(
            url=short_text(longest=addresses.LONGEST),
            scheme=fields.String(load_default=Scheme.HMAC.value, validate=validate.OneOf(list(Scheme))),
            rotate=fields.Boolean(load_default=False, truthy={True}, falsy={False}),
        ),
        put,
    ),
    Command("webhook.remove", schema(), remove),
    Command("webhook.test", schema(), send_test),
    Command(
        "webhook.deliveries",
        schema(
            state=one_of("waiting", *_ENDED, required=False),
            limit=fields.Integer(load_default=100, strict=True, validate=validate.Range(1, 500)),
        ),
        list_deliveries,
    ),
    Command("webhook.replay", schema(delivery_id=identifier()), replay),
    Command(
        "webhook.replay_since",
        schema(since=Instant(required=True), state=one_of(*_ENDED, required=False)),
        replay_since,
    ),
)
