"""Logs to test with: entries of any number, published anywhere, and damaged in every way."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import islice
from pathlib import Path

from ledger.checkpoint import Checkpoint
from ledger.entry import GENESIS_PREVIOUS, encode
from ledger.note import SigningKey, sign_note
from ledger.publisher import Publisher
from ledger.storage import Head
from ledger.tiles import (
    TILE_WIDTH,
    Edge,
    TileDirectory,
    TilePath,
    bundle_path,
    encode_bundle,
    tile_path,
    tile_width,
)
from ledger.tree import leaf_hash

ORIGIN = "ledger.example/test"


def chained(count: int, previous: bytes = GENESIS_PREVIOUS, name: str = "entry") -> list[bytes]:
    """Return `count` entries that follow `previous`; other names make other entries."""
    return list(chaining(count, previous, name))


def chaining(count: int, previous: bytes = GENESIS_PREVIOUS, name: str = "entry") -> Iterator[bytes]:
    """Give the entries of `chained` one by one: a million of them are not to be held."""
    for number in range(count):
        entry = encode(sha256(f"{name} {number}".encode()).digest(), previous)
        previous = leaf_hash(entry)
        yield entry


def with_tail(entries: Sequence[bytes], first: int, count: int, name: str = "rewritten") -> list[bytes]:
    """Return the entries before `first`, followed by others up to `count` in all, in a whole chain."""
    kept = list(entries[:first])
    return kept + chained(count - first, leaf_hash(kept[-1]) if kept else GENESIS_PREVIOUS, name)


@dataclass
class Rows:
    """Committed entries, as a database would give them; tests change them behind the publisher's back."""

    entries: list[bytes] = field(default_factory=list)
    head: Head | None = None  # None: the true one

    def read_head(self) -> Head:
        if self.head is not None:
            return self.head
        return Head(len(self.entries), leaf_hash(self.entries[-1]) if self.entries else GENESIS_PREVIOUS)

    def read_entries(self, start: int, limit: int) -> list[bytes]:
        return self.entries[start : start + limit]

    def grow(self, count: int) -> None:
        previous = leaf_hash(self.entries[-1]) if self.entries else GENESIS_PREVIOUS
        self.entries += chained(count, previous, f"from {len(self.entries)}")


@dataclass
class PublishedLog:
    """A log in a directory of its own, with its rows and its publisher."""

    place: Path
    key: SigningKey
    rows: Rows = field(default_factory=Rows)

    @property
    def public(self) -> Path:
        return self.place / "public"

    @property
    def memory(self) -> Path:
        return self.place / "memory" / "publisher.json"

    @property
    def source(self) -> TileDirectory:
        return TileDirectory(self.public)

    def publisher(self) -> Publisher:
        return Publisher(self.rows, self.public, [self.key], self.key.name, self.memory)

    def publish(self) -> Checkpoint | None:
        return self.publisher().publish()

    def grow(self, count: int) -> None:
        """Append that many entries and publish them."""
        self.rows.grow(count)
        self.publish()


def publish_anew(place: Path, entries: Sequence[bytes], key: SigningKey) -> PublishedLog:
    """Sign and publish these entries from nothing: what a thief of the real key would do."""
    log = PublishedLog(place, key, Rows(list(entries)))
    log.publish()
    return log


def write_log(public: Path, entries: Iterable[bytes], key: SigningKey) -> TileDirectory:
    """Write a signed log as files, quickly: durable it need not be. For large ones; a publisher makes the others."""
    edge, rest = Edge(), iter(entries)

    def put(path: TilePath, data: bytes) -> None:
        place = public / str(path)
        try:
            place.write_bytes(data)
        except FileNotFoundError:
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(data)

    while part := list(islice(rest, TILE_WIDTH)):
        put(TilePath(None, edge.size // TILE_WIDTH, len(part)), encode_bundle(part))
        for path, hashes in edge.extend(b"".join([leaf_hash(entry) for entry in part])):
            put(path, hashes)
    for path, hashes in edge.partial_tiles():
        put(path, hashes)
    public.mkdir(parents=True, exist_ok=True)
    note = sign_note(Checkpoint(key.name, edge.size, edge.root()).text(), [key])
    (public / "checkpoint").write_bytes(note)
    (public / "vkey").write_text(f"{key.vkey}\n")
    return TileDirectory(public)


def overwrite(public: Path, entries: Sequence[bytes], size: int, *, tiles: bool) -> None:
    """Put these entries in the published bundles of a tree of `size`; with `tiles`, at level 0 too."""
    for number in range(-(-size // TILE_WIDTH)):
        width = tile_width(size, 0, number)
        part = entries[number * TILE_WIDTH : number * TILE_WIDTH + width]
        if part:
            (public / bundle_path(number, width)).write_bytes(encode_bundle(part))
        else:
            (public / bundle_path(number, width)).unlink()
        if tiles:
            hashes = b"".join(leaf_hash(entry) for entry in part)
            (public / tile_path(0, number, width)).write_bytes(hashes)


def changed(entries: Sequence[bytes], index: int) -> list[bytes]:
    """Return the entries with another commitment at `index`; nothing else is mended."""
    previous = leaf_hash(entries[index - 1]) if index else GENESIS_PREVIOUS
    other = encode(sha256(b"changed").digest(), previous)
    return [*entries[:index], other, *entries[index + 1 :]]


def removed(entries: Sequence[bytes], index: int) -> list[bytes]:
    return [*entries[:index], *entries[index + 1 :]]


def swapped(entries: Sequence[bytes], index: int, other: int) -> list[bytes]:
    result = list(entries)
    result[index], result[other] = result[other], result[index]
    return result


def edit(path: Path, change: Callable[[bytes], bytes]) -> None:
    path.write_bytes(change(path.read_bytes()))
