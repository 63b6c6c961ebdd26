"""The ledger's verifier against the least that any verifier must do: hash every entry once."""

from __future__ import annotations

import secrets
from hashlib import sha256

from ledger.bundle import hash_bundle
from ledger.entry import GENESIS_PREVIOUS, chain
from ledger.tiles import TILE_WIDTH
from tests.bench.measure import Benchmark, Row, rates

ENTRIES = 400 * TILE_WIDTH


def verify_entries(name: str) -> Row:
    """Format, chain and leaf hashes of every entry, in bundles of 256."""
    linked = chain([secrets.token_bytes(32) for _ in range(ENTRIES)], GENESIS_PREVIOUS)
    bundles: list[tuple[bytes, bytes]] = []
    previous = GENESIS_PREVIOUS
    for start in range(0, ENTRIES, TILE_WIDTH):
        part = linked[start : start + TILE_WIDTH]
        bundles.append((b"".join(len(entry).to_bytes(2, "big") + entry for entry, _ in part), previous))
        previous = part[-1][1]

    def verify() -> None:
        for data, before in bundles:
            if hash_bundle(data, before) is None:
                raise AssertionError("the verifier refuses a good bundle")

    def only_hash() -> None:
        for entry, _ in linked:
            sha256(b"\0" + entry).digest()

    return rates(name, ours=verify, theirs=only_hash, count=ENTRIES, unit="entries/s", goal=0.5)


BENCHMARKS: dict[str, Benchmark] = {"ledger-verify-entries": verify_entries}
