"""What hostile inputs are given to, and what must hold then: refused by an error of ours, or understood for what it is.

Each target takes a generator and says whether it accepted; it raises AssertionError where something else came out.
"""

from __future__ import annotations

import gzip
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random

from ledger.checkpoint import open_checkpoint, parse_checkpoint
from ledger.commitment import commit, open_for_party, shared_half
from ledger.entry import encode, parse
from ledger.errors import LedgerError
from ledger.fetch import gunzip
from ledger.note import SigningKey, VerifierKey
from ledger.promise import parse_promise
from ledger.receipt import from_log
from ledger.receipt import parse as parse_receipt
from ledger.receipt import verify as verify_receipt
from ledger.tiles import parse_path, split_bundle
from ledger.tree import (
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    root_hash,
    verify_consistency,
    verify_inclusion,
)
from ledger.verifier import verify
from tests.ledger import fuzzing
from tests.ledger.flips import Files, InMemory
from tests.ledger.logs import ORIGIN, chained, write_log

KEY = SigningKey(ORIGIN, bytes(range(32)))
SIZE = 20


@dataclass
class Real:
    """A small log, and one real thing of each kind to change."""

    files: Files
    leaves: list[bytes]
    note: bytes
    receipt: bytes

    @classmethod
    def make(cls, place: Path) -> Real:
        commitments = [bytes([at]) * 32 for at in range(SIZE)]
        shared = (bytes(32), b'{"event":"data.read"}')
        commitments[7] = commit(shared_half(*shared), [])
        entries: list[bytes] = []
        for commitment in commitments:
            entries.append(encode(commitment, leaf_hash(entries[-1]) if entries else bytes(32)))
        log = write_log(place, entries, KEY)
        paths = [path for path in place.rglob("*") if path.is_file()]
        files = {str(path.relative_to(place)): path.read_bytes() for path in paths}
        receipt = from_log(log, [KEY.verifier], 7, entries[7], open_for_party(*shared, []))
        return cls(files, [leaf_hash(entry) for entry in entries], files["checkpoint"], receipt)

    @property
    def others(self) -> list[bytes]:
        return [*self.files.values(), self.receipt]


Target = Callable[[Random, Real], None]


def signed_checkpoints(random: Random, real: Real) -> None:
    data = fuzzing.changed(random, real.note, real.others) if random.random() < 0.7 else fuzzing.note(random)
    found = open_checkpoint(data, [KEY.verifier])
    assert found == open_checkpoint(real.note, [KEY.verifier])


def checkpoint_texts(random: Random, real: Real) -> None:
    data = fuzzing.note(random).partition(b"\n\n")[0] + b"\n"
    text = data.decode("utf-8", "replace")
    found = parse_checkpoint(text)
    assert text.startswith(found.text())


def receipts(random: Random, real: Real) -> None:
    data = fuzzing.receipt(random)
    if random.random() < 0.7:
        data = fuzzing.changed(random, real.receipt, real.others)
    found = verify_receipt(parse_receipt(data), [KEY.verifier])
    assert (found.index, found.leaf, found.checkpoint.size) == (7, real.leaves[7], SIZE)


def promises(random: Random, real: Real) -> None:
    good = f"ledger-promise/v1\n{ORIGIN}\n7\n{'A' * 43}=\n1763683260\n".encode()
    text = fuzzing.changed(random, good, real.others).decode("utf-8", "replace")
    assert parse_promise(text).text() == text


def verifier_keys(random: Random, real: Real) -> None:
    text = fuzzing.changed(random, KEY.vkey.encode(), real.others).decode("utf-8", "replace")
    assert str(VerifierKey.parse(text)) == text == KEY.vkey


def single_entries(random: Random, real: Real) -> None:
    data = fuzzing.changed(random, chained(1)[0], real.others)
    found = parse(data)
    assert encode(found.commitment, found.previous) == data


def bundles(random: Random, real: Real) -> None:
    data = fuzzing.changed(random, real.files[f"tile/entries/000.p/{SIZE}"], real.others)
    entries = split_bundle(data)
    assert b"".join(len(one).to_bytes(2, "big") + one for one in entries) == data


def tile_paths(random: Random, real: Real) -> None:
    path = fuzzing.path(random)
    assert str(parse_path(path)) == path


def inclusion_proofs(random: Random, real: Real) -> None:
    reader = InLeaves(real.leaves)
    index, size = random.randrange(SIZE), SIZE
    proof, root = inclusion_proof(reader, index, size), root_hash(real.leaves)
    at, asked, given = index, size, _damage(random, proof)
    if random.random() < 0.5:
        at, asked = (
            random.choice([index, index ^ 1, -1, size, 2**63]),
            random.choice([size, size + 1, 0, 10**15 - 1]),
        )
    verify_inclusion(at, asked, real.leaves[index], given, root)
    assert (at, given) == (
        index,
        proof,
    )  # a tree of another size can have the same proof and root: never checked so


def consistency_proofs(random: Random, real: Real) -> None:
    old = random.randint(1, SIZE - 1)
    proof = consistency_proof(InLeaves(real.leaves), old, SIZE)
    given = _damage(random, proof)
    asked = random.choice([old, old, old + 1, old - 1, 0, SIZE, -1, 2**70])
    verify_consistency(asked, SIZE, root_hash(real.leaves[:old]), root_hash(real.leaves), given)
    assert (asked, given) == (old, proof)


def whole_logs(random: Random, real: Real) -> None:
    """One file of a log changed: everything is seen but what makes no difference to what is signed."""
    path = random.choice([path for path in real.files if path != "vkey"])
    source = InMemory(real.files)
    source.path, source.data = path, fuzzing.changed(random, real.files[path], real.others)
    full = random.random() < 0.7
    report = verify(source, [KEY.verifier], full=full, processes=1)
    assert report.root == root_hash(real.leaves)
    if full:
        assert path == "checkpoint" or source.data == real.files[path]


def packed_bodies(random: Random, real: Real) -> None:
    body = random.choice(real.others)
    data = fuzzing.changed(random, gzip.compress(body, mtime=0), real.others)
    found = gunzip("it", data, len(body))
    assert found == body or len(found) == len(body) + 1


TARGETS: dict[str, Target] = {
    one.__name__: one
    for one in (
        signed_checkpoints, checkpoint_texts, receipts, promises, verifier_keys, single_entries, bundles, tile_paths,
        inclusion_proofs, consistency_proofs, whole_logs, packed_bodies,
    )
}  # fmt: skip


class InLeaves:
    """Subtree hashes by the definition."""

    def __init__(self, leaves: list[bytes]) -> None:
        self.leaves = leaves

    def subtree(self, level: int, index: int) -> bytes:
        return root_hash(self.leaves[index << level : (index + 1) << level])


def _damage(random: Random, proof: list[bytes]) -> list[bytes]:
    given = list(proof)
    for _ in range(random.randint(0, 2)):
        at = random.randrange(len(given) + 1)
        kind = random.randrange(5)
        if kind == 0:
            given.insert(at, random.choice([bytes(32), random.randbytes(32), b"", bytes(31), bytes(33)]))
        elif at < len(given):
            one = given[at]
            other = given[random.randrange(len(given))]
            given[at : at + 1] = [[], [one[:-1]], [one, one], [other]][kind - 1]
    return given


def run(real: Real, first: int, count: int) -> Counter[str]:
    """Give each target inputs in turn, by their number; return how often each accepted and refused.

    Raises:
        AssertionError: something was accepted that is not so, or another error than ours came out; names the input.
    """
    seen: Counter[str] = Counter()
    names = list(TARGETS)
    for number in range(first, first + count):
        name = names[number % len(names)]
        try:
            TARGETS[name](Random(number), real)
        except LedgerError:
            seen[f"{name} refused"] += 1
        except Exception as error:
            raise AssertionError(f"input {number} of {name}: {type(error).__name__}: {error}") from error
        else:
            seen[f"{name} accepted"] += 1
    return seen
