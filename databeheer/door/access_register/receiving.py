"""Take a message in: once by its number, in a turn of its own, recorded with its sender.

The same message again gets its first answer, to the byte of its promise. Another one under that number is refused. What
was refused is not kept: it changed nothing, and may come again as it is once what stood in its way is settled.
"""

from __future__ import annotations

import json
from typing import Any
from uuid import uuid4

from databeheer.door.access_register.kinds import Message
from databeheer.door.access_register.sender import Effect, Sender, sender_of
from databeheer.door.bodies.halves import canonical
from databeheer.door.commands.base import asker_of
from databeheer.door.house import House
from databeheer.door.keys.seals import derive
from databeheer.door.names import open_text, seal_text
from databeheer.door.permission_record import subjects_of
from databeheer.door.post.telling import FIRST_OPERATOR
from databeheer.door.proofs import AskerKind, Proof
from databeheer.door.repeats import promise_of, spelled
from databeheer.door.statement import Record, Statement
from databeheer.door.turn import Turn
from databeheer.errors import ConflictError, NoLegalBasisError
from databeheer.registry import messages
from databeheer.registry.messages import Taken
from databeheer.values import format_instant

EVENT = "register.message_taken"


class MessageNumberReusedError(ConflictError):
    """The number came with another message before; nothing was done."""

    code = "message-number-reused"


def take(house: House, proof: Proof, message: Message) -> dict[str, Any]:
    """Carry a message out and record it; return what its sender is told.

    Raises:
        NoLegalBasisError: another role reports that.
        MessageNumberReusedError: the number is another message's.
        MalformedRequestError, NotFoundError, ConflictError: it does not fit what stands; nothing was changed.
    """
    with house.turn(message.kind.lane) as turn:
        sender = sender_of(turn.connection, asker_of(turn, house, proof, AskerKind.PARTY))
        number_hash, content_hash = _hashes(house, sender, message)
        known = messages.find(turn.connection, sender.party_id, number_hash)
        if known is not None:
            if bytes(known.content_hash) != content_hash:
                raise MessageNumberReusedError("a message of another content was taken under this number")
            promise = promise_of(house, turn, known.taken_index, known.taken_at)
            again = Record(Statement(EVENT, {}), index=known.taken_index, promise=promise)
            return view(house, known) | again.answer()
        handler = message.kind.handlers.get(sender.role)
        if handler is None:
            raise NoLegalBasisError("this kind of message is another role's")
        effect = handler(house, turn, sender, message.content)
        record, kept = _keep(house, turn, sender, message, effect, (number_hash, content_hash))
    return view(house, kept) | record.answer()


def _keep(
    house: House,
    turn: Turn,
    sender: Sender,
    message: Message,
    effect: Effect,
    hashes: tuple[bytes, bytes],
) -> tuple[Record, Taken]:
    message_id, index = uuid4(), turn.next_index
    record = turn.record(
        Statement(
            EVENT,
            {"message": str(message_id), "kind": message.kind.name},
            party_id=sender.party_id,
            operator=sender.operator,
            subjects=[one for stay in effect.stays for one in subjects_of(house, stay)],
        )
    )
    answer = canonical(effect.answer).decode()
    kept = Taken(
        message_id,
        sender.operator or FIRST_OPERATOR,
        sender.party_id,
        hashes[0],
        seal_text(house, "message-number", message_id, message.number),
        hashes[1],
        message.kind.name,
        turn.now,
        index,
        seal_text(house, "message-answer", message_id, answer),
    )
    messages.keep(turn.connection, kept)
    return record, kept


def view(house: House, row: Any) -> dict[str, Any]:
    """A message that was taken, as its sender sees it."""
    answer = open_text(house, "message-answer", row.message_id, bytes(row.answer_sealed))
    return {
        "number": open_text(house, "message-number", row.message_id, bytes(row.number_sealed)),
        "kind": row.kind,
        "taken_at": format_instant(row.taken_at),
        "announcement": json.loads(answer).get("announcement"),
        "index": row.taken_index,
    }


def _hashes(house: House, sender: Sender, message: Message) -> tuple[bytes, bytes]:
    """The keyed hashes of a message's number and content: its sender's alone, of which no dump tells anything."""
    secret = derive(house.registry_key("find"), "register-message", sender.party_id.bytes)
    content = canonical([message.kind.name, spelled(message.content)])
    return derive(secret, "number", message.number.encode()), derive(secret, "content", content)
