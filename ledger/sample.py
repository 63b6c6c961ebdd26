"""Entries taken at random, each proven to be in the signed tree: what a quick look sees of the middle of a log.

Of a log in which one entry in a hundred was changed, 32 entries show it once in four looks, 300 in nineteen of
twenty; only a full verification always does.
"""

from __future__ import annotations

from random import Random, SystemRandom

from ledger.blame import records
from ledger.bundle import lanes_of, read_pairs
from ledger.checkpoint import Checkpoint
from ledger.entry import GENESIS_PREVIOUS, parse
from ledger.errors import InconsistentError, MalformedError, NotPublishedError, ProofError
from ledger.sources import Source
from ledger.tiles import TILE_WIDTH, TileReader
from ledger.tree import inclusion_proof, leaf_hash, verify_inclusion

SAMPLE = 32
"""How many entries a quick look takes where no other number is asked for."""

_AT_A_TIME = 16


def check_sample(source: Source, checkpoint: Checkpoint, count: int, random: Random | None = None) -> int:
    """Prove `count` entries, taken at random, to be in the tree that `checkpoint` signs; return how many there were.

    Each is read from its bundle, is canonical and names the hash before it; both have inclusion proofs made of tiles.

    Raises:
        InconsistentError: one of them does not hold; `index` is that one.
        UnreachableError: the log stopped answering.
    """
    reader = TileReader(source, checkpoint.size)
    indices = sorted((random or SystemRandom()).sample(range(checkpoint.size), min(count, checkpoint.size)))
    numbers = sorted({index // TILE_WIDTH for index in indices})
    with lanes_of(source) as lanes:
        for at in range(0, len(numbers), _AT_A_TIME):
            some = numbers[at : at + _AT_A_TIME]
            within = [index for index in indices if some[0] <= index // TILE_WIDTH <= some[-1]]
            try:
                pairs = dict(zip(some, read_pairs(reader, some, lanes), strict=True))
            except (MalformedError, NotPublishedError) as error:
                raise InconsistentError(f"a published file is not as signed: {error}", within[0]) from error
            for index in within:
                _check_one(reader, checkpoint, index, pairs[index // TILE_WIDTH][0])
    return len(indices)


def _check_one(reader: TileReader, checkpoint: Checkpoint, index: int, data: bytes) -> None:
    try:
        entry = records(data)[index % TILE_WIDTH]
        named = parse(entry).previous
        _prove(reader, checkpoint, index, leaf_hash(entry))
        before = reader.subtree(0, index - 1) if index else GENESIS_PREVIOUS
        if index:  # the hash that the entry must name is the tree's too, not what a tile happens to say now
            _prove(reader, checkpoint, index - 1, before)
    except IndexError as error:
        raise InconsistentError(f"entry {index} is signed for, but not published", index) from error
    except (MalformedError, NotPublishedError, ProofError) as error:
        raise InconsistentError(
            f"entry {index} is not shown to be in the signed tree: {error}", index
        ) from error
    if named != before:
        wrong = (
            f"entry {index} does not name the one before it" if index else "entry 0 names an entry before it"
        )
        raise InconsistentError(f"the chain breaks: {wrong}", index)


def _prove(reader: TileReader, checkpoint: Checkpoint, index: int, leaf: bytes) -> None:
    proof = inclusion_proof(reader, index, checkpoint.size)
    verify_inclusion(index, checkpoint.size, leaf, proof, checkpoint.root)
