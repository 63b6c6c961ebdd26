"""Entry bundles, read by fixed slices: 256 entries are checked and hashed at a time, not parsed one by one.

`examine` does so for a stretch of bundles on end. That is all that needs speed, and as no stretch needs another,
several processes can each take one.
"""

from __future__ import annotations

from binascii import b2a_base64
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

from ledger.encoding import HASH_LENGTH, decode_hash
from ledger.entry import (
    COMMITMENT_AT,
    ENTRY_LENGTH,
    HASH_TEXT_LENGTH,
    HEAD,
    MIDDLE,
    PREVIOUS_AT,
    TAIL,
)
from ledger.errors import LedgerError
from ledger.tiles import RECORD_LENGTH, TILE_LENGTH, TileReader, fold

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from ledger.sources import Source

_BASE64 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_LAST_OF_32_BYTES = b"AEIMQUYcgkosw048"  # the last character before the padding carries four bits
_TEMPLATE = ENTRY_LENGTH.to_bytes(2, "big") + HEAD + b"A" * 43 + b"=" + MIDDLE + b"A" * 43 + b"=" + TAIL
_HASH_COLUMNS = {2 + at for part in (COMMITMENT_AT, PREVIOUS_AT) for at in range(part.start, part.stop - 1)}
_FIXED_COLUMNS = [(at, _TEMPLATE[at : at + 1]) for at in range(RECORD_LENGTH) if at not in _HASH_COLUMNS]
_WITHOUT_BASE64 = _TEMPLATE.translate(None, _BASE64)
_LAST_COLUMN = 2 + COMMITMENT_AT.stop - 2
_PREVIOUS_COLUMN = 2 + PREVIOUS_AT.start
_PREVIOUS_AT = slice(_PREVIOUS_COLUMN, _PREVIOUS_COLUMN + HASH_TEXT_LENGTH)


def hash_bundle(data: bytes, previous: bytes) -> bytes | None:
    """Return the concatenated leaf hashes of a bundle of entries of ours; None if anything in it is wrong.

    Each entry must name the leaf hash before it, the first one `previous`. Says nothing of what is wrong: that
    is for `ledger.blame` to find out.
    """
    width, rest = divmod(len(data), RECORD_LENGTH)
    if rest or not width or data.translate(None, _BASE64) != _WITHOUT_BASE64 * width:
        return None
    # A slice per column checks 256 entries at once; what is left free is then base64, and canonical.
    if any(data[at::RECORD_LENGTH] != byte * width for at, byte in _FIXED_COLUMNS):
        return None
    if data[_LAST_COLUMN::RECORD_LENGTH].translate(None, _LAST_OF_32_BYTES):
        return None
    # The byte before each entry becomes the zero byte that a leaf hash begins with.
    prefixed = bytearray(data)
    prefixed[1::RECORD_LENGTH] = bytes(width)
    rows = bytes(prefixed)
    leaves = [sha256(rows[at : at + 1 + ENTRY_LENGTH]).digest() for at in range(1, len(rows), RECORD_LENGTH)]
    # With one more byte behind each, 32 bytes become 33 and their base64 stays apart: 44 characters, of which
    # the last stands where the padding is.
    expected = bytearray(b2a_base64(b"\0".join((previous, *leaves[:-1], b"")), newline=False))
    expected[HASH_TEXT_LENGTH - 1 :: HASH_TEXT_LENGTH] = b"=" * width
    starts = range(_PREVIOUS_COLUMN, len(data), RECORD_LENGTH)
    if b"".join([data[at : at + HASH_TEXT_LENGTH] for at in starts]) != expected:
        return None
    return b"".join(leaves)


@dataclass(frozen=True, slots=True)
class Stretch:
    """What `count` bundles on end turned out to be, which fit their tiles and their own chain.

    `previous` is the leaf hash that the first entry names: whoever joins stretches must see that it is the last one
    of the stretch before. `roots` are the hashes over the full bundles, `tail` the leaf hashes of one that is not
    full, `leaves` all leaf hashes where they were asked for.
    """

    count: int
    previous: bytes
    last: bytes
    roots: bytes
    tail: bytes
    leaves: bytes


def examine(
    reader: TileReader, first: int, count: int, lanes: Executor | None = None, *, with_leaves: bool = False
) -> Stretch | None:
    """Read and hash `count` bundles from number `first` on, and compare them with their tiles.

    Ends before the first that is missing or does not fit, None if it is the very first: somebody has to look at that
    one slowly.
    """
    roots: list[bytes] = []
    every: list[bytes] = []
    tail, named, previous = b"", b"", b""
    done = 0
    with suppress(LedgerError):
        for data, tile in read_pairs(reader, range(first, first + count), lanes):
            if not named:
                named = previous = first_previous(data)
            leaves = hash_bundle(data, previous)
            if leaves is None or leaves != tile:
                break
            if len(leaves) == TILE_LENGTH:
                roots.append(fold(leaves))
            else:
                tail = leaves
            if with_leaves:
                every.append(leaves)
            previous = leaves[-HASH_LENGTH:]
            done += 1
    return Stretch(done, named, previous, b"".join(roots), tail, b"".join(every)) if done else None


def first_previous(data: bytes) -> bytes:
    """Return the leaf hash that the first entry of a bundle names; raises MalformedError where there is none."""
    return decode_hash(data[_PREVIOUS_AT].decode("latin-1"))


def read_pairs(
    reader: TileReader, numbers: Iterable[int], lanes: Executor | None
) -> Iterator[tuple[bytes, bytes]]:
    """Return bundles with their tiles of level 0, in order; all are asked for at once where there are `lanes`.

    Raises:
        LedgerError: as `TileReader` says.
    """

    def read(number: int) -> tuple[bytes, bytes]:
        return reader.bundle(number), reader.tile(0, number)

    return map(read, numbers) if lanes is None else lanes.map(read, numbers)


@contextmanager
def lanes_of(source: Source) -> Iterator[Executor | None]:
    """Give threads that fetch from `source`, as many as it says are worth having; None for one that is near."""
    count = int(getattr(source, "lanes", 1))
    if count == 1:
        yield None
        return
    from concurrent.futures import ThreadPoolExecutor  # only a log that is far away needs it

    with ThreadPoolExecutor(count) as lanes:
        yield lanes
