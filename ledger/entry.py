"""One entry of the log: a commitment and the leaf hash of the entry before it, in 109 bytes.

    {"c":"<base64 of 32 bytes>","p":"<base64 of 32 bytes>","v":1}

No kind, no time, no length that could tell one event from another. An entry is canonical JSON, but it is
read by fixed slices: there is exactly one spelling, and every byte of it is checked.
"""

from __future__ import annotations

from binascii import b2a_base64
from collections.abc import Sequence
from dataclasses import dataclass

from ledger.encoding import HASH_LENGTH, decode_hash, require_hash
from ledger.errors import MalformedError
from ledger.tree import leaf_hash

HEAD = b'{"c":"'
MIDDLE = b'","p":"'
TAIL = b'","v":1}'
HASH_TEXT_LENGTH = 44
COMMITMENT_AT = slice(len(HEAD), len(HEAD) + HASH_TEXT_LENGTH)
PREVIOUS_AT = slice(COMMITMENT_AT.stop + len(MIDDLE), COMMITMENT_AT.stop + len(MIDDLE) + HASH_TEXT_LENGTH)
ENTRY_LENGTH = PREVIOUS_AT.stop + len(TAIL)

GENESIS_PREVIOUS = bytes(HASH_LENGTH)
"""What the first entry names as the leaf before it."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A parsed entry: what it commits to, and the leaf hash of the entry before it."""

    commitment: bytes
    previous: bytes


def encode(commitment: bytes, previous: bytes) -> bytes:
    """Return the 109 bytes of an entry; raises MalformedError unless both are 32 bytes."""
    require_hash(commitment, "commitment")
    require_hash(previous, "previous leaf")
    return b"".join(
        (HEAD, b2a_base64(commitment, newline=False), MIDDLE, b2a_base64(previous, newline=False), TAIL)
    )


def parse(data: bytes) -> Entry:
    """Return what 109 entry bytes say.

    Raises:
        MalformedError: any byte differs from the one spelling that an entry has.
    """
    if len(data) != ENTRY_LENGTH:
        raise MalformedError(f"an entry has {ENTRY_LENGTH} bytes, not {len(data)}")
    if (
        data[: COMMITMENT_AT.start] != HEAD
        or data[COMMITMENT_AT.stop : PREVIOUS_AT.start] != MIDDLE
        or data[PREVIOUS_AT.stop :] != TAIL
    ):
        raise MalformedError("an entry has exactly the members c, p and v, and v is 1")
    return Entry(
        commitment=decode_hash(data[COMMITMENT_AT].decode("latin-1"), "commitment"),
        previous=decode_hash(data[PREVIOUS_AT].decode("latin-1"), "previous leaf"),
    )


def chain(commitments: Sequence[bytes], previous: bytes) -> list[tuple[bytes, bytes]]:
    """Return (entry, leaf hash) for each commitment, each entry carrying the leaf hash before it."""
    linked = []
    for commitment in commitments:
        data = encode(commitment, previous)
        previous = leaf_hash(data)
        linked.append((data, previous))
    return linked
