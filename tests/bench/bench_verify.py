"""Verifying a log of a million entries, all of it, and proving one entry or one size in it."""

from __future__ import annotations

import atexit
import math
import multiprocessing
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from functools import cache
from pathlib import Path

from ledger.checkpoint import Checkpoint, open_checkpoint
from ledger.note import SigningKey
from ledger.tiles import TileDirectory, TileReader
from ledger.tree import consistency_proof, inclusion_proof, range_root, verify_consistency, verify_inclusion
from ledger.verifier import verify
from ledger.workers import cores
from tests.bench import bare
from tests.bench.measure import Benchmark, Row, at_most, rates, seconds
from tests.ledger.logs import ORIGIN, chaining, write_log

LARGE, SMALL = 1_000_000, 250_000
KEY = SigningKey(ORIGIN, bytes(range(32)))
ROOT = Path(__file__).resolve().parents[2]
PROOFS = 300


@cache
def log_of(size: int) -> TileDirectory:
    """Return a published log, made once in a run."""
    place = Path(tempfile.mkdtemp(prefix="ledger-bench-"))
    atexit.register(shutil.rmtree, place, ignore_errors=True)
    return write_log(place / "public", chaining(size), KEY)


def verify_log(size: int) -> None:
    if verify(log_of(size), [KEY.verifier], full=True).size != size:
        raise AssertionError("another log was verified")


def verify_full(name: str) -> Row:
    """`ledger verify --full` from files, processes started and all, against the bare loop with its data in memory."""
    place, bundles = log_of(LARGE).root, -(-LARGE // 256)
    share = -(-bundles // cores())
    with ExitStack() as stack:
        spawn = multiprocessing.get_context("spawn")
        loops = [stack.enter_context(ProcessPoolExecutor(1, spawn)) for _ in range(cores())]
        for number, pool in enumerate(loops):
            first = number * share
            pool.submit(bare.load, place, LARGE, first, min(first + share, bundles)).result()

        def theirs() -> None:
            for one in [pool.submit(bare.loop) for pool in loops]:
                one.result()

        verify_log(LARGE)  # the files are in the page cache from here on
        return rates(
            name,
            ours=lambda: verify_log(LARGE),
            theirs=theirs,
            count=LARGE,
            unit="entries/s",
            goal=0.4,
            rounds=5,
        )


def verify_linear(name: str) -> Row:
    """A log four times as long takes four times as long: entries a second of the large one against the small one."""
    for size in (LARGE, SMALL):
        log_of(size)
    figures = [
        (LARGE / seconds(lambda: verify_log(LARGE)), SMALL / seconds(lambda: verify_log(SMALL)))
        for _ in range(5)
    ]
    figure, against = (statistics.median(column) for column in zip(*figures, strict=True))
    ratio = round(statistics.median(one / other for one, other in figures), 3)
    return Row(name, round(figure), "entries/s", round(against), ratio, 0.8, ratio >= 0.8)


_MEASURED = """
import re, resource, sys
from pathlib import Path
from ledger.note import VerifierKey
from ledger.sources import open_source
from ledger.verifier import verify
from ledger.workers import cores
verify(open_source(sys.argv[1]), [VerifierKey.parse(sys.argv[2])], full=True, state=Path(sys.argv[3]))
own = int(re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1])
print(own + cores() * resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""


def verify_memory(name: str) -> Row:
    """The peak memory of a full verification with a memory of every leaf hash, all its processes taken together."""
    with tempfile.TemporaryDirectory() as state:
        command = [sys.executable, "-c", _MEASURED, str(log_of(LARGE).root), KEY.vkey, state]
        run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return at_most(name, int(run.stdout) / 1000, "MB", 300)


# ---- proofs -------------------------------------------------------------------------------------------------


def checkpoint_of(log: TileDirectory) -> Checkpoint:
    return open_checkpoint(log.fetch("checkpoint", 10_000), [KEY.verifier])


def inclusion_times(size: int, *, keeps_tiles: bool = True) -> list[float]:
    """Return how long an inclusion proof took, made from tiles and verified, for entries anywhere; microseconds.

    The tiles are in the page cache; with `keeps_tiles` the reader still has those of the upper levels, too.
    """
    checkpoint, reader = checkpoint_of(log_of(size)), TileReader(log_of(size), size)
    indices = random.Random(1).sample(range(size), PROOFS)
    leaves = {index: reader.subtree(0, index) for index in indices}

    def prove(index: int) -> None:
        proof = inclusion_proof(reader if keeps_tiles else TileReader(log_of(size), size), index, size)
        verify_inclusion(index, size, leaves[index], proof, checkpoint.root)

    return _each(prove, indices)


def consistency_times(size: int) -> list[float]:
    """Return how long a consistency proof took, made from tiles and verified, from sizes anywhere; microseconds."""
    checkpoint, reader = checkpoint_of(log_of(size)), TileReader(log_of(size), size)
    sizes = random.Random(2).sample(range(1, size), PROOFS)
    roots = {old: range_root(reader, 0, old) for old in sizes}

    def prove(old: int) -> None:
        verify_consistency(old, size, roots[old], checkpoint.root, consistency_proof(reader, old, size))

    return _each(prove, sizes)


def _each(prove: Callable[[int], None], numbers: list[int]) -> list[float]:
    for number in numbers:  # warm
        prove(number)
    return [1e6 * seconds(lambda number=number: prove(number)) for number in numbers]  # type: ignore[misc]


def inclusion(name: str) -> Row:
    return at_most(name, statistics.median(inclusion_times(LARGE)), "µs", 1000)


def consistency(name: str) -> Row:
    return at_most(name, statistics.median(consistency_times(LARGE)), "µs", 1000)


def growth(name: str) -> Row:
    """A log a thousand times as long has proofs twice as long; they may take four times as long, not a thousand.

    Each proof reads its tiles anew: a small log would be all in the reader's memory after a few.
    """
    small, large = 1000, LARGE
    rounds = [
        [statistics.median(inclusion_times(size, keeps_tiles=False)) for size in (large, small)]
        for _ in range(3)
    ]
    figure, base = (statistics.median(column) for column in zip(*rounds, strict=True))
    return at_most(name, figure, "µs", 2 * math.log(large) / math.log(small) * base)


BENCHMARKS: dict[str, Benchmark] = {
    "ledger-verify-full": verify_full,
    "ledger-verify-linear": verify_linear,
    "ledger-verify-memory": verify_memory,
    "ledger-proof-inclusion": inclusion,
    "ledger-proof-consistency": consistency,
    "ledger-proof-growth": growth,
}
