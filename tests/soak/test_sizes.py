"""A log that grows through the first full tile of level 1, published and verified at each size around it."""

from __future__ import annotations

from pathlib import Path

from ledger.note import SigningKey
from ledger.tiles import TileReader
from ledger.tree import consistency_proof, inclusion_proof, leaf_hash, verify_consistency, verify_inclusion
from ledger.verifier import verify
from tests.ledger.logs import ORIGIN, PublishedLog
from tests.ledger.test_published_sizes import grow_to, is_served, paths_of

SIZES = [1, 2, 255, 256, 257, 511, 512, 65_280, 65_535, 65_536, 65_537, 65_793, 131_071, 131_072, 131_073]


def test_every_published_size_stays_provable_in_every_later_one(tmp_path: Path) -> None:
    log = PublishedLog(tmp_path / "log", SigningKey(ORIGIN, bytes(range(32))))
    seen = []
    for size in SIZES:
        seen += grow_to(log, [size])
        for full in (False, True):
            assert verify(log.source, [log.key.verifier], full=full, state=tmp_path / "state").size == size
        reader = TileReader(log.source, size)
        for old in seen:
            proof = consistency_proof(reader, old.size, size)
            verify_consistency(old.size, size, old.root, seen[-1].root, proof)
            assert all(is_served(log.public, path) for path in paths_of(old.size))
            leaf = leaf_hash(log.rows.entries[old.size - 1])
            verify_inclusion(
                old.size - 1, size, leaf, inclusion_proof(reader, old.size - 1, size), seen[-1].root
            )
    verify(log.source, [log.key.verifier], full=True, processes=2)
