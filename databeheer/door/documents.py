"""Shown documents at the door: each sealed and opened under a key of its own (see `databeheer.documents`)."""

from __future__ import annotations

from base64 import b64decode
from binascii import Error as Base64Error
from typing import Any
from uuid import UUID, uuid4

from databeheer import documents
from databeheer.door.house import House
from databeheer.door.keys.store import Kind
from databeheer.door.turn import Turn
from databeheer.errors import MalformedRequestError
from databeheer.metering.opening import unseal
from databeheer.metering.sealing import seal

LONGEST_ENCODED = 4 * (documents.LARGEST // 3 + 1)


def decoded(encoded: str) -> bytes:
    """Return a document that came as base64.

    Raises:
        MalformedRequestError: it is none, or is too large.
    """
    try:
        content = b64decode(encoded, validate=True)
    except (Base64Error, ValueError) as error:
        raise MalformedRequestError("document: not base64") from error
    if not 0 < len(content) <= documents.LARGEST:
        raise MalformedRequestError(f"document: 1 to {documents.LARGEST} bytes")
    return content


def take(house: House, turn: Turn, operator: int, content: bytes, words: str | None = None) -> UUID:
    """Seal a document, and what was said with it, under a new key; returns the number of both.

    The key is made before the turn commits: where that fails, a key is left that opens nothing.
    """
    document_id = uuid4()
    key = house.keys.make(Kind.DOCUMENT, document_id)
    documents.keep(
        turn.connection,
        document_id,
        operator,
        content_sealed=seal(key, content, coordinates("content", document_id)),
        words_sealed=None if words is None else seal(key, words.encode(), coordinates("words", document_id)),
        now=turn.now,
    )
    return document_id


def opened(house: House, row: Any) -> tuple[bytes, str]:
    """Return a document, and the words that came with it."""
    key = house.keys.get(Kind.DOCUMENT, row.document_id)
    content = unseal(key, bytes(row.content_sealed), coordinates("content", row.document_id))
    if row.words_sealed is None:
        return content, ""
    words = unseal(key, bytes(row.words_sealed), coordinates("words", row.document_id))
    return content, words.decode()


def coordinates(what: str, document_id: UUID) -> bytes:
    """What a document, or the words with it, is sealed for."""
    return f"document/v1|{what}|{document_id}".encode()
