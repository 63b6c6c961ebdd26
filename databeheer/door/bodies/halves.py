"""The halves that an entry's root is over, and the names under which they are sealed and found."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Mapping
from hashlib import blake2b
from typing import Any
from uuid import UUID

from databeheer.byte_rows import Bytes, hash_rows, whole
from databeheer.door.keys.seals import derive
from databeheer.metering.opening import SealError, unseal
from databeheer.metering.sealing import seal
from ledger.commitment import subject_half

HOUSE_LEAF = 0
"""Where the house's own half stands, in an entry that has one."""
_SEALED = "person_sealed"
MOST_LEAVES = 2**15 - 1
"""How many halves one entry has at most: their numbers are small integers in the database."""


def canonical(value: object) -> bytes:
    """Spell a value the one way that is hashed: sorted ASCII keys, no spaces, strings and integers."""
    return json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False
    ).encode()


def subject_handle(subject_key: bytes) -> bytes:
    """Return the 16 bytes under which a subject's statements are found: nobody without the key can tell whose."""
    return blake2b(key=subject_key, person=b"handle", digest_size=16).digest()  # as `derive`, of no parts


def subject_name(subject_key: bytes) -> bytes:
    """Return the 32 bytes that name a subject in its own halves and in the door's signed heads of its chain.

    Another than the handle: who has a receipt and steals the database cannot join the two without the key.
    """
    return blake2b(key=subject_key, person=b"subject-name", digest_size=32).digest()


def subject_handles(keys: Bytes) -> list[bytes]:
    """Return what `subject_handle` returns of each key: (n, 32)."""
    found: list[bytes] = whole(hash_rows(keys, keys[:, :0], 16, b"handle")).tolist()
    return found


def subject_names(keys: Bytes) -> list[bytes]:
    """Return what `subject_name` returns of each key: (n, 32)."""
    found: list[bytes] = whole(hash_rows(keys, keys[:, :0], 32, b"subject-name")).tolist()
    return found


def all_halves(
    house_key: bytes,
    index: int,
    halves: Mapping[int, bytes],
    leaves: int | None,
    *,
    has_party: bool,
    house_half: Mapping[str, Any] | None = None,
) -> list[bytes]:
    """Return every half that an entry's root is over: those of its subjects by leaf, and decoys between them.

    The root over no halves is the same for all: a party's receipt of a refusal would tell an access point that
    does not exist from one that it may not see (R98). So an entry of a party has one half at least; with
    `leaves` it has that many, whatever exists. Where the house has a half of its own, that one says how many.
    """
    if house_half is not None:
        leaves = leaves_of(house_half)
        salt, body = open_house_half(house_key, index, house_half)
        halves = {**halves, HOUSE_LEAF: subject_half(salt, body)}
    if leaves is None:
        leaves = len(halves) or (1 if has_party else 0)
    decoys = _Decoys(house_key, index)
    return [halves[leaf] if leaf in halves else decoys.half(leaf) for leaf in range(leaves)]


def leaves_of(house_half: Any) -> int:
    """Return how many halves an entry has by the word of the house's own.

    Raises:
        SealError: it says so in no form of ours: somebody wrote it who should not.
    """
    leaves = house_half.get("leaves") if isinstance(house_half, dict) else None
    if type(leaves) is not int or not HOUSE_LEAF < leaves <= MOST_LEAVES:
        raise SealError("the house's half of an entry was changed")
    return leaves


def open_house_half(house_key: bytes, index: int, said: Mapping[str, Any]) -> tuple[bytes, bytes]:
    """Return salt and body of the house's own half of an entry: its words stand in clear beside the entry.

    The salt is made from the house's key, so that the words alone do not tell anybody the half. A person that it
    names stands sealed in the row, and open in the body: an auditor gets who it was.

    Raises:
        SealError: the sealed name was changed, or is another entry's.
    """
    return derive(house_key, "house-half", index.to_bytes(8, "big")), canonical(
        _with_person(house_key, index, said)
    )


def seal_person(house_key: bytes, index: int, person_id: UUID) -> dict[str, str]:
    """The member of a house's half that names a person, as its row keeps it."""
    return {_SEALED: b64encode(seal(house_key, person_id.bytes, person_coordinates(index))).decode()}


def person_named(house_key: bytes, index: int, said: Mapping[str, Any]) -> UUID | None:
    """The person whom a house's half names, if it does."""
    person = _with_person(house_key, index, said).get("person")
    return None if person is None else UUID(person)


def _with_person(house_key: bytes, index: int, said: Mapping[str, Any]) -> dict[str, Any]:
    if _SEALED not in said:
        return dict(said)
    try:
        sealed = b64decode(str(said[_SEALED]), validate=True)
    except ValueError as error:
        raise SealError("the house's half of an entry was changed") from error
    name = UUID(bytes=unseal(house_key, sealed, person_coordinates(index)))
    return {member: value for member, value in said.items() if member != _SEALED} | {"person": str(name)}


def person_coordinates(index: int) -> bytes:
    """Associated data of the sealed name of a person in the house's half of one entry."""
    return f"body/v1|person|{index}".encode()


def decoy_half(house_key: bytes, index: int, leaf: int = 0) -> bytes:
    """Return what stands in the place of a subject's half that is none."""
    return derive(house_key, "decoy", index.to_bytes(8, "big"), *([leaf.to_bytes(4, "big")] if leaf else []))


class _Decoys:
    """Makes what `decoy_half` makes, of one entry: most halves of a read in bulk are decoys."""

    def __init__(self, house_key: bytes, index: int) -> None:
        self._first = decoy_half(house_key, index)
        message = _EIGHT + index.to_bytes(8, "big") + _FOUR
        self._begun = blake2b(message, key=house_key, person=b"decoy", digest_size=32)

    def half(self, leaf: int) -> bytes:
        if not leaf:
            return self._first
        one = self._begun.copy()
        one.update(leaf.to_bytes(4, "big"))
        return one.digest()


_FOUR, _EIGHT = (4).to_bytes(4, "big"), (8).to_bytes(4, "big")
"""How `derive` spells the length of a part."""


def shared_coordinates(index: int) -> bytes:
    """Associated data of the shared half of one entry's body."""
    return f"body/v1|shared|{index}".encode()


def subject_coordinates(index: int, leaf_no: int) -> bytes:
    """Associated data of one subject's half of one entry's body."""
    return f"body/v1|subject|{index}|{leaf_no}".encode()


def key_coordinates(index: int, leaf_no: int) -> bytes:
    """Associated data of the sealed name of the key that opens a subject's half."""
    return f"body/v1|key|{index}|{leaf_no}".encode()
