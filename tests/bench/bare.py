"""The least that any verifier does: one leaf hash, one node hash and one comparison of the chain per entry."""

from __future__ import annotations

from binascii import b2a_base64
from hashlib import sha256
from pathlib import Path

from ledger.entry import PREVIOUS_AT
from ledger.tiles import TileDirectory, split_bundle, tile_width

_entries: list[bytes] = []


def load(place: Path, size: int, first: int, last: int) -> None:
    """Take the entries of these bundles into memory: reading them is no part of the loop."""
    log = TileDirectory(place)
    for number in range(first, last):
        _entries.extend(split_bundle(log.read_bundle(number, tile_width(size, 0, number))))


def loop() -> bytes:
    """Hash and follow what was loaded, in this process."""
    named, node = _entries[0][PREVIOUS_AT], bytes(32)
    for entry in _entries:
        if entry[PREVIOUS_AT] != named:
            raise AssertionError("the chain breaks")
        leaf = sha256(b"\x00" + entry).digest()
        named = b2a_base64(leaf, newline=False)
        node = sha256(b"\x01" + node + leaf).digest()
    return node
