"""Tell people, parties and the data manager what just happened, in the turn that does it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from databeheer.door.house import House
from databeheer.door.keys.store import Kind as KeyKind
from databeheer.door.turn import Turn
from databeheer.metering.opening import unseal
from databeheer.metering.sealing import seal
from databeheer.post import catalogue, outbox
from databeheer.post.catalogue import PostCatalogueError, Recipient
from databeheer.post.outbox import Addressee, Message

FIRST_OPERATOR = 1
"""Under whom it stands where no grid operator is concerned, as in the ledger."""


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
    wanted = Telling(kind, operator, about, said or {}, key, occupancy_id)
    messages = [compose(house, turn, wanted, one) for one in dict.fromkeys(to)]
    write(house, turn, [one for one in messages if one is not None])


def write(house: House, turn: Turn, messages: Sequence[Message]) -> None:
    """Write messages that were composed."""
    outbox.write(turn.connection, messages, desk_reads_email=bool(house.data_manager_email))


def tell_party(house: House, turn: Turn, kind: str, party_id: UUID) -> None:
    """Tell a party, and the data manager, of something that concerns the party as a whole."""
    to = [outbox.party(party_id), outbox.DATA_MANAGER]
    tell(house, turn, kind, to=to, operator=FIRST_OPERATOR, said={"party": str(party_id)})


@dataclass(frozen=True)
class Telling:
    """What is told: see `tell`."""

    kind: str
    operator: int
    about: UUID | None
    said: Mapping[str, str]
    key: str
    occupancy_id: UUID | None


def compose(house: House, turn: Turn, told: Telling, to: Addressee) -> Message | None:
    """Return a message of what this turn recorded last, sealed; None where its addressee was erased.

    Raises:
        PostCatalogueError: as `tell` does.
    """
    spec = catalogue.kind(told.kind)
    if not told.said.keys() <= spec.says:
        raise PostCatalogueError(f"{told.kind}: a message of this kind does not say {sorted(told.said)}")
    if to.recipient not in spec.recipients:
        raise PostCatalogueError(f"{told.kind}: not for a {to.recipient}")
    seal_key = _key_of(house, to)
    if seal_key is None:
        return None
    number, index = outbox.new_id(), turn.next_index - 1
    plain = json.dumps(dict(told.said), sort_keys=True).encode()
    return Message(
        message_id=number,
        kind=told.kind,
        to=to,
        operator=told.operator,
        about=told.about,
        occupancy_id=told.occupancy_id,
        said_sealed=seal(seal_key, plain, _coordinates(number)),
        key=told.key or str(index),
        index=index,
        at=turn.now,
    )


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
