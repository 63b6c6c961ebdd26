"""Entries taken at random, each proven to be in the signed tree: what a quick look sees of the middle of a log.

Of a log in which one entry in a hundred was changed, 32 entries show it once in four looks, 300 in nineteen of
twenty; only a full verification always does.
"""

from __future__ import annotations

from random import Random, SystemRandom

from ledger.blame import records
from ledger.bundle import lanes_of, read_pairs
from ledger.checkpoint import Checkpoint
from ledger.encoding import HASH_LENGTH
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

    Each is read from its bundle, is canonical, names the hash before it, and has an inclusion proof made of tiles.

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
                _check_one(reader, checkpoint, index, *pairs[index // TILE_WIDTH])
    return len(indices)


def _check_one(reader: TileReader, checkpoint: Checkpoint, index: int, data: bytes, tile: bytes) -> None:
    place = index % TILE_WIDTH
    try:
        entry = records(data)[place]
        named = parse(entry).previous
        proof = inclusion_proof(reader, index, checkpoint.size)
        verify_inclusion(index, checkpoint.size, leaf_hash(entry), proof, checkpoint.root)
    except IndexError as error:
        raise InconsistentError(f"entry {index} is signed for, but not published", index) from error
    except (MalformedError, NotPublishedError, ProofError) as error:
        raise InconsistentError(
            f"entry {index} is not shown to be in the signed tree: {error}", index
        ) from error
    if place and named != tile[(place - 1) * HASH_LENGTH : place * HASH_LENGTH]:
        raise InconsistentError(f"the chain breaks: entry {index} does not name the one before it", index)
    if index == 0 and named != GENESIS_PREVIOUS:
        raise InconsistentError("the chain breaks: entry 0 names an entry before it", 0)
