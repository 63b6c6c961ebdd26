"""Which lines of a file are drawn for a sample: anybody who has the file and the public ledger finds the same ones.

The order is by SHA-256 over the seed, the file's own hash, the round and the line. The seed is the leaf hash of the
ledger's entry *after* the one that records the file (of a later round: of the entry that orders it). It is public,
every later checkpoint commits to it, and the door's fresh salt is in it: whoever wrote the file could not know it when
he sent it, and learns nothing by sending it again.
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256
from math import isqrt

LEAST = 5
LABEL = b"databeheer/mandate-sample/v1\n"


def sample_size(rows: int, failed: int) -> int:
    """Return how many of so many lines are drawn: their square root, LEAST at least, and as much again for each sample
    of the party that failed in the last year (R35).
    """
    root = isqrt(rows - 1) + 1 if rows else 0  # rounded up
    return min(rows, (1 + failed) * max(LEAST, root))


def ranked(seed: bytes, file_sha256: bytes, round_no: int, lines: Iterable[int]) -> list[int]:
    """Return lines in the order in which they are drawn in a round (from 1 on)."""

    def rank(line: int) -> bytes:
        place = round_no.to_bytes(2, "big") + line.to_bytes(4, "big")
        return sha256(LABEL + seed + file_sha256 + place).digest()

    return sorted(lines, key=rank)
