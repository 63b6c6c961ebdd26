"""What people wrote about a doubt: a customer's words under the customer's key, others' under the stay's.

So they go when the person, or the ledger of the stay, is erased.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from databeheer.door.house import House
from databeheer.door.keys.seals import derive
from databeheer.door.keys.store import Kind
from databeheer.metering.opening import unseal
from databeheer.metering.sealing import seal

Name = tuple[Kind, UUID]


def owner_of(person_id: UUID | None, occupancy_id: UUID) -> Name:
    """Under whose key a signal's words are: the customer's who wrote them, else the stay's that they are about."""
    return (Kind.PERSON, person_id) if person_id is not None else (Kind.OCCUPANCY_LEDGER, occupancy_id)


def seal_words(house: House, owner: Name, what: str, signal_id: UUID, words: str | None) -> bytes | None:
    """Seal words; None where there are none, or the key they would go under is erased."""
    if not words or not house.keys.holds(*owner):
        return None
    return seal(_key(house, owner), words.encode(), _coordinates(what, signal_id))


def open_words(house: House, row: Any, occupancy_id: UUID, what: str, sealed: bytes | None) -> str:
    """Open words of a signal's row; empty where there are none, or they were erased."""
    owner = owner_of(row.person_id, occupancy_id)
    if sealed is None or not house.keys.holds(*owner):
        return ""
    return unseal(_key(house, owner), bytes(sealed), _coordinates(what, row.signal_id)).decode()


def _key(house: House, owner: Name) -> bytes:
    return derive(house.keys.get(*owner), "doubt-words")


def _coordinates(what: str, signal_id: UUID) -> bytes:
    return f"doubt/v1|{what}|{signal_id}".encode()
