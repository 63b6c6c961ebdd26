"""A party's command under an idempotency key: repeated after a lost answer, it gets the first one again.

The key is the party's own; the hashes that are kept are keyed, because a request may name an access point. The
answer is sealed, and kept in the transaction that records the command (`ledger.idempotency`).
"""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from databeheer.door.bodies.halves import canonical
from databeheer.door.house import House
from databeheer.door.keys.seals import derive
from databeheer.door.turn import PROMISE_TERM, Turn
from databeheer.errors import DatabeheerError
from databeheer.metering.opening import unseal
from databeheer.metering.sealing import seal
from databeheer.storage.engine import driver
from databeheer.values import EAN
from ledger import idempotency, postgres
from ledger.errors import KeyReusedError
from ledger.idempotency import Kept, Key
from ledger.promise import Promise, sign_promise
from ledger.tree import leaf_hash

KEPT_FOR = timedelta(hours=48)
"""How long an answer is kept. A day is promised (docs/how-to/read-as-a-market-party.md)."""
LONGEST_KEY = 200


class IdempotencyKeyReusedError(DatabeheerError):
    """The key came with another request before; nothing was done."""

    code = "idempotency-key-reused"


class Repeat:
    """One command of a party, perhaps under a key; made in the turn that carries it out."""

    def __init__(
        self, house: House, turn: Turn, party_id: UUID | None, command: str, arguments: dict[str, Any]
    ) -> None:
        self._house = house
        self._turn = turn
        given = dict(arguments)
        name = given.pop("idempotency_key", None)
        self._key: Key | None = None
        if name is not None and party_id is not None:
            secret = derive(house.registry_key("find"), "idempotency", party_id.bytes)
            asked = canonical([command, spelled(given)])
            self._key = Key(derive(secret, "key", name.encode()), derive(secret, "request", asked))

    @property
    def has_key(self) -> bool:
        """Whether the command came under a key: only then anything is kept."""
        return self._key is not None

    def answered(self) -> tuple[dict[str, Any], Kept] | None:
        """Return what was kept the first time; None where there is no key, or it is new.

        Raises:
            IdempotencyKeyReusedError: it was used for another request.
        """
        if self._key is None:
            return None
        connection = driver(self._turn.connection)
        idempotency.forget(connection, self._turn.now - KEPT_FOR, most=100)
        kept = idempotency.recall(connection, [self._key]).get(self._key.key_hash)
        if kept is None or kept.answer is None:
            return None
        try:
            idempotency.same_request(kept, self._key)
        except KeyReusedError as error:
            raise IdempotencyKeyReusedError(str(error)) from error
        answer: dict[str, Any] = json.loads(
            unseal(self._house.ledger_key, kept.answer, _coordinates(self._key))
        )
        return answer, kept

    def keep(self, answer: dict[str, Any], index: int) -> None:
        """Keep what answers this command, which is recorded as entry `index`."""
        if self._key is None:
            return
        sealed = seal(self._house.ledger_key, canonical(answer), _coordinates(self._key))
        kept = Kept(self._key, index, 1, sealed, self._turn.now)
        idempotency.keep(driver(self._turn.connection), [kept])


def spelled(value: Any) -> Any:
    """Spell what a command was given as JSON, every part of it: two requests that differ are spelled differently.

    Raises:
        TypeError: a type that is not named here; a spelling that leaves something out would make two requests one.
    """
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, EAN):
        return value.digits
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, date | datetime):
        return value.isoformat()
    if isinstance(value, list | tuple):
        return [spelled(one) for one in value]
    if isinstance(value, dict):
        return {str(name): spelled(one) for name, one in value.items()}
    raise TypeError(f"an argument of type {type(value).__name__} has no spelling under an idempotency key")


def promise_again(house: House, turn: Turn, kept: Kept) -> bytes:
    """Sign the promise of a first answer again: to the byte what it was."""
    return promise_of(house, turn, kept.index, kept.at)


def promise_of(house: House, turn: Turn, index: int, at: datetime) -> bytes:
    """Sign the promise of an entry that was recorded at a time: to the byte what it was then."""
    [entry] = postgres.read_entries(driver(turn.connection), index, 1)
    deadline = int((at + PROMISE_TERM).timestamp())
    return sign_promise(Promise(house.origin, index, leaf_hash(entry), deadline), house.promise_key)


def _coordinates(key: Key) -> bytes:
    return f"idempotency/v1|{key.key_hash.hex()}".encode()
