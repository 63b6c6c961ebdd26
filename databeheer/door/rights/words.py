"""What was written with a request, and back: under the key of the person who asks, so that it goes with that person."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from databeheer.door.house import House
from databeheer.door.keys.seals import derive
from databeheer.door.keys.store import Kind
from databeheer.metering.opening import unseal
from databeheer.metering.sealing import seal


def seal_words(house: House, person_id: UUID, what: str, request_id: UUID, words: str | None) -> bytes | None:
    """Seal words; None where there are none, or the person was erased."""
    if not words or not house.keys.holds(Kind.PERSON, person_id):
        return None
    return seal(_key(house, person_id), words.encode(), _coordinates(what, request_id))


def open_words(house: House, row: Any, what: str, sealed: bytes | None) -> str:
    """Open words of a request's row; empty where there are none, or they were erased."""
    if sealed is None or not house.keys.holds(Kind.PERSON, row.person_id):
        return ""
    return unseal(_key(house, row.person_id), bytes(sealed), _coordinates(what, row.request_id)).decode()


def _key(house: House, person_id: UUID) -> bytes:
    return derive(house.keys.get(Kind.PERSON, person_id), "right-words")


def _coordinates(what: str, request_id: UUID) -> bytes:
    return f"right/v1|{what}|{request_id}".encode()
