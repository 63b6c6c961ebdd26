"""Tell people, parties and the data manager what just happened, in the turn that does it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from databeheer.door.house import House
from databeheer.door.keystore import Kind as KeyKind
from databeheer.door.turn import Turn
from databeheer.metering.opening import unseal
from databeheer.metering.sealing import seal
from databeheer.post import catalogue, outbox
from databeheer.post.catalogue import PostCatalogueError, Recipient
from databeheer.post.outbox import Addressee, Message


def tell(
    house: House,
    turn: Turn,
    kind: str,
    *,
    to: Iterable[Addressee],
    operator: int,
    about: UUID | None = None,
    said: Mapping[str, str] | None = None,
    key: str = "",
    occupancy_id: UUID | None = None,
) -> None:
    """Tell addressees of what this turn recorded last; call it after `turn.record`, or `record_step`.

    `kind` stands in `databeheer/post/catalogue.toml`, with who may be told it and what `said` may hold. Of messages
    with the same kind, addressee and key only the first is sent; without a key each entry's is its own.
    `about` is the permission, port or case; `occupancy_id`, where given, takes the message along when that
    occupancy's ledger is erased. Who was erased is not told.

    Raises:
        PostCatalogueError: no such kind, not for this addressee, or it says more than its kind may.
    """
    if not turn.count:
        raise PostCatalogueError("a message tells of an entry: record it first")
    spec, spoken = catalogue.kind(kind), dict(said or {})
    if not spoken.keys() <= spec.says:
        raise PostCatalogueError(f"{kind}: a message of this kind does not say {sorted(spoken)}")
    index, messages = turn.next_index - 1, []
    for one in dict.fromkeys(to):
        if one.recipient not in spec.recipients:
            raise PostCatalogueError(f"{kind}: not for a {one.recipient}")
        seal_key = _key_of(house, one)
        if seal_key is None:
            continue
        number = outbox.new_id()
        plain = json.dumps(spoken, sort_keys=True).encode()
        messages.append(
            Message(
                message_id=number,
                kind=kind,
                to=one,
                operator=operator,
                about=about,
                occupancy_id=occupancy_id,
                said_sealed=seal(seal_key, plain, _coordinates(number)),
                key=key or str(index),
                index=index,
                at=turn.now,
            )
        )
    outbox.write(turn.connection, messages)


def open_said(house: House, row: Any) -> dict[str, str]:
    """Open what a stored message says beside its kind.

    Raises:
        KeyStoreError: its addressee was erased.
    """
    key = _key_of(house, addressee_of(row))
    if key is None:
        key = house.keys.get(KeyKind.PERSON, row.person_id)
    said: dict[str, str] = json.loads(unseal(key, bytes(row.said_sealed), _coordinates(row.message_id)))
    return said


def addressee_of(row: Any) -> Addressee:
    """To whom a stored message is."""
    return Addressee(Recipient(row.recipient), row.person_id or row.party_id)


def _key_of(house: House, to: Addressee) -> bytes | None:
    """A person's words are sealed under the person's key, and go with it; None where it is gone."""
    if to.recipient is not Recipient.CUSTOMER or to.id is None:
        return house.registry_key("post")
    return house.keys.get(KeyKind.PERSON, to.id) if house.keys.holds(KeyKind.PERSON, to.id) else None


def _coordinates(message_id: UUID) -> bytes:
    return f"post/v1|said|{message_id}".encode()
