"""A log that grows through every awkward size: what was published at each stays there, and all of it agrees."""

from __future__ import annotations

from pathlib import Path

import pytest

from ledger.checkpoint import Checkpoint, open_checkpoint
from ledger.errors import InconsistentError
from ledger.note import SigningKey
from ledger.state import KEPT_CHECKPOINTS, Memory
from ledger.tiles import TILE_WIDTH, Edge, TilePath, TileReader, tile_width
from ledger.tree import consistency_proof, inclusion_proof, leaf_hash, verify_consistency, verify_inclusion
from ledger.verifier import verify
from tests.ledger.logs import ORIGIN, PublishedLog, publish_anew, with_tail

SIZES = [1, 2, 255, 256, 257, 511, 512, 513, 600, 601]


def paths_of(size: int) -> list[TilePath]:
    """Every file of the tree of `size` entries (c2sp.org/tlog-tiles)."""
    paths, level = [], 0
    while count := size >> 8 * level:
        for index in range(-(-count // TILE_WIDTH)):
            width = tile_width(size, level, index)
            paths.append(TilePath(level, index, width))
            if level == 0:
                paths.append(TilePath(None, index, width))
        level += 1
    return paths


def is_served(public: Path, path: TilePath) -> bool:
    """Whether a file is there, or the full one in its place."""
    return (public / str(path)).is_file() or (public / str(TilePath(path.level, path.index))).is_file()


def grow_to(log: PublishedLog, sizes: list[int]) -> list[Checkpoint]:
    seen = []
    for size in sizes:
        log.grow(size - len(log.rows.entries))
        seen.append(open_checkpoint((log.public / "checkpoint").read_bytes(), [log.key.verifier]))
    assert [one.size for one in seen] == sizes
    return seen


def test_partial_tiles_of_every_published_size_stay_until_the_full_one_is_there(log: PublishedLog) -> None:
    published: list[int] = []
    for step in [1, 1, 1, 50, 202, 1, 1, 100, 154, 1, 300, 87, 1]:
        log.grow(step)
        published.append(len(log.rows.entries))
        for size in published:
            for path in paths_of(size):
                assert is_served(log.public, path), f"{path} of size {size} at {published[-1]}"
    partial = [path for path in paths_of(published[-1]) if path.width < TILE_WIDTH]
    for path in partial:  # every partial form that was ever published, not the newest only
        widths = {tile_width(size, path.level or 0, path.index) for size in published} - {0, TILE_WIDTH}
        folder = (log.public / str(path)).parent
        assert {int(file.name) for file in folder.iterdir()} == widths
    for path in paths_of(published[-1]):
        if path.width == TILE_WIDTH:
            assert not (log.public / f"{path}.p").exists()


def test_every_published_size_agrees_with_every_later_one_and_proves_its_entries(log: PublishedLog) -> None:
    checkpoints = grow_to(log, SIZES)
    leaves = [leaf_hash(entry) for entry in log.rows.entries]
    for new in checkpoints:
        reader = TileReader(log.source, new.size)
        for old in checkpoints:
            if old.size <= new.size:
                proof = consistency_proof(reader, old.size, new.size)
                verify_consistency(old.size, new.size, old.root, new.root, proof)
        for index in {0, new.size // 2, new.size - 1}:
            verify_inclusion(
                index, new.size, leaves[index], inclusion_proof(reader, index, new.size), new.root
            )


@pytest.mark.parametrize("full", [True, False])
def test_every_remembered_checkpoint_is_held_against_the_log(
    log: PublishedLog, tmp_path: Path, full: bool
) -> None:
    state = tmp_path / "state"
    for size in SIZES:
        grow_to(log, [size])
        report = verify(log.source, [log.key.verifier], full=False, state=state)
    assert f"and with {len(SIZES) - 2} checkpoints before that" in report.checks[-1].detail
    for first in range(0, 601, 60):
        forged = publish_anew(tmp_path / f"forged {first}", with_tail(log.rows.entries, first, 700), log.key)
        with pytest.raises(InconsistentError) as caught:
            verify(forged.source, [log.key.verifier], full=full, state=state)
        continued = max((size for size in SIZES if size <= first), default=0)
        said = f"does continue the first {continued}" if not full else f"at or after entry {continued}"
        assert said in str(caught.value)


def test_only_so_many_checkpoints_are_remembered(log: PublishedLog, tmp_path: Path) -> None:
    for _ in range(KEPT_CHECKPOINTS + 5):
        log.grow(1)
        verify(log.source, [log.key.verifier], state=tmp_path)
        verify(log.source, [log.key.verifier], state=tmp_path)  # the same one twice is remembered once
    with Memory.open(tmp_path, ORIGIN) as memory:
        assert [one.size for one in memory.known] == list(range(6, KEPT_CHECKPOINTS + 6))


def test_the_files_of_a_size_are_those_that_the_edge_makes() -> None:
    for size in SIZES:
        edge = Edge()
        full = [path for path, _ in edge.extend(bytes(32 * size))]
        made = {*full, *(path for path, _ in edge.partial_tiles())}
        assert made == {path for path in paths_of(size) if path.level is not None}


def test_a_log_is_the_same_however_its_sizes_were_published(tmp_path: Path) -> None:
    key = SigningKey(ORIGIN, bytes(range(32)))
    slow = PublishedLog(tmp_path / "slow", key)
    grow_to(slow, SIZES)
    quick = publish_anew(tmp_path / "quick", slow.rows.entries, key)
    assert (slow.public / "checkpoint").read_bytes() == (quick.public / "checkpoint").read_bytes()


def test_proofs_grow_with_the_logarithm_in_hashes_and_in_files() -> None:
    """A proof in 2^k entries has k hashes and takes one tile for each eight levels, two where the edge comes in."""

    class Zeros:
        def __init__(self) -> None:
            self.asked: set[str] = set()

        def fetch(self, path: str, limit: int) -> bytes:
            self.asked.add(path)
            return bytes(limit)

    for exponent in range(1, 49):
        size = 1 << exponent
        for index in (0, size // 3, size - 1):
            source = Zeros()
            assert len(inclusion_proof(TileReader(source, size), index, size)) == exponent
            assert len(source.asked) <= -(-exponent // 8)
            ragged = size - 1
            source = Zeros()
            assert len(inclusion_proof(TileReader(source, ragged), index % ragged, ragged)) <= exponent
            assert len(source.asked) <= 2 * -(-exponent // 8)
            source = Zeros()
            assert len(consistency_proof(TileReader(source, size), index + 1, size)) <= exponent + 1
            assert len(source.asked) <= 2 * -(-exponent // 8)
