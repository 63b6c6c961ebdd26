"""The Merkle tree of RFC 6962 section 2.1: hashes, roots, inclusion and consistency proofs.

Everywhere `leaf` is a leaf *hash*, an index counts from 0 and a size counts leaves.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import sha256
from typing import Protocol

from ledger.encoding import HASH_LENGTH, require_hash
from ledger.errors import MalformedError, ProofError

EMPTY_ROOT = sha256(b"").digest()
"""The root of the tree without leaves, MTH({})."""

MAX_SIZE = 10**15 - 1
"""The largest tree size that a checkpoint of ours can spell (fifteen digits)."""


class HashReader(Protocol):
    """Gives the hashes of complete subtrees, from memory, a file or published tiles."""

    def subtree(self, level: int, index: int) -> bytes:
        """Return the root of the complete subtree over the leaves [index·2^level, (index+1)·2^level).

        All these leaves are within the tree that the reader was made for. What it returns is not trusted:
        proofs made from it are verified against a signed root.
        """
        ...


def leaf_hash(data: bytes) -> bytes:
    """Return SHA-256(0x00 ‖ data)."""
    return sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return SHA-256(0x01 ‖ left ‖ right)."""
    return sha256(b"\x01" + left + right).digest()


def root_hash(leaves: Sequence[bytes]) -> bytes:
    """Return the root over leaf hashes, EMPTY_ROOT when there are none."""
    level = list(leaves)
    while (
        len(level) > 1
    ):  # the last of an odd number goes up as it is, which gives the split that RFC 6962 makes
        above = [
            sha256(b"\x01" + left + right).digest()
            for left, right in zip(level[::2], level[1::2], strict=False)
        ]
        level = above + level[len(level) & ~1 :]
    return level[0] if level else EMPTY_ROOT


class Frontier:
    """The right edge of a growing tree: one hash for each complete subtree that its size is made of.

    Memory is logarithmic in the size, an append costs two hashes on average.
    """

    def __init__(self) -> None:
        self._size = 0
        self._hashes: list[bytes] = []  # from the largest subtree to the smallest

    @property
    def size(self) -> int:
        return self._size

    def append(self, leaf: bytes) -> None:
        """Add one leaf hash at the end."""
        hashes, carry = self._hashes, self._size
        while carry & 1:
            leaf = sha256(b"\x01" + hashes.pop() + leaf).digest()
            carry >>= 1
        hashes.append(leaf)
        self._size += 1

    def extend(self, leaves: Iterable[bytes]) -> None:
        """Add leaf hashes at the end, in order."""
        for leaf in leaves:
            self.append(leaf)

    def append_subtree(self, level: int, root: bytes) -> None:
        """Add a complete subtree of 2^level leaves at the end; the size must be a multiple of 2^level."""
        if self._size & ((1 << level) - 1):
            raise MalformedError("a complete subtree cannot start at this size")
        carry = self._size >> level
        while carry & 1:
            root = sha256(b"\x01" + self._hashes.pop() + root).digest()
            carry >>= 1
        self._hashes.append(root)
        self._size += 1 << level

    def root(self) -> bytes:
        """Return the root of the tree so far."""
        if not self._hashes:
            return EMPTY_ROOT
        root = self._hashes[-1]
        for left in reversed(self._hashes[:-1]):
            root = node_hash(left, root)
        return root

    def copy(self) -> Frontier:
        """Return an independent frontier of the same tree."""
        twin = Frontier()
        twin._size, twin._hashes = self._size, list(self._hashes)
        return twin

    def to_bytes(self) -> bytes:
        """Return uint64be size ‖ hashes, from the largest subtree to the smallest."""
        return self._size.to_bytes(8, "big") + b"".join(self._hashes)

    @classmethod
    def from_bytes(cls, data: bytes) -> Frontier:
        """Parse what `to_bytes` wrote; raises MalformedError if the hashes do not fit the size."""
        if len(data) < 8:
            raise MalformedError("frontier is cut short")
        frontier = cls()
        frontier._size = int.from_bytes(data[:8], "big")
        if frontier._size > MAX_SIZE or len(data) != 8 + HASH_LENGTH * frontier._size.bit_count():
            raise MalformedError("frontier does not fit its size")
        frontier._hashes = [data[at : at + HASH_LENGTH] for at in range(8, len(data), HASH_LENGTH)]
        return frontier


def range_root(reader: HashReader, start: int, end: int) -> bytes:
    """Return MTH over the leaves [start, end), a range that RFC 6962 splits a tree into."""
    width = end - start
    if width == 0:
        return EMPTY_ROOT
    level = width.bit_length() - 1
    if width == 1 << level:
        return reader.subtree(level, start >> level)
    middle = start + (1 << level)
    return node_hash(reader.subtree(level, start >> level), range_root(reader, middle, end))


def inclusion_proof(reader: HashReader, index: int, size: int) -> list[bytes]:
    """Return PATH(index, D[size]) of RFC 6962 2.1.1, the leaf's sibling first.

    Raises:
        ProofError: the tree has no such entry.
    """
    if not 0 <= index < size:
        raise ProofError(f"a tree of {size} entries has no entry {index}")
    path: list[bytes] = []
    start, end = 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            path.append(range_root(reader, middle, end))
            end = middle
        else:
            path.append(range_root(reader, start, middle))
            start = middle
    path.reverse()
    return path


def consistency_proof(reader: HashReader, old_size: int, new_size: int) -> list[bytes]:
    """Return PROOF(old_size, D[new_size]) of RFC 6962 2.1.2; empty for old sizes 0 and new_size.

    Raises:
        ProofError: the old size is larger than the new.
    """
    if not 0 <= old_size <= new_size:
        raise ProofError(f"a tree of {new_size} entries does not extend one of {old_size}")
    if old_size in (0, new_size):
        return []
    path: list[bytes] = []
    start, end, complete = 0, new_size, True
    while end != old_size:
        middle = start + _split(end - start)
        if old_size <= middle:
            path.append(range_root(reader, middle, end))
            end = middle
        else:
            path.append(range_root(reader, start, middle))
            start, complete = middle, False
    if not complete:  # the old tree itself is no subtree of the new: its last part must be told
        path.append(range_root(reader, start, end))
    path.reverse()
    return path


def root_from_inclusion(index: int, size: int, leaf: bytes, proof: Sequence[bytes]) -> bytes:
    """Return the root of the tree of `size` entries that `proof` puts `leaf` in, at `index`.

    Raises:
        ProofError: the proof has not exactly the hashes that this index and size need.

    Source: RFC 9162 2.1.3.2.
    """
    if not 0 <= index < size <= MAX_SIZE:
        raise ProofError(f"a tree of {size} entries has no entry {index}")
    node, last, root = index, size - 1, require_hash(leaf, "leaf hash")
    for sibling in proof:
        require_hash(sibling, "proof hash")
        if last == 0:
            raise ProofError("the inclusion proof has too many hashes")
        if node & 1 or node == last:
            root = node_hash(sibling, root)
            while not node & 1 and node:  # levels at which the right edge has no sibling
                node, last = node >> 1, last >> 1
        else:
            root = node_hash(root, sibling)
        node, last = node >> 1, last >> 1
    if last != 0:
        raise ProofError("the inclusion proof has too few hashes")
    return root


def verify_inclusion(index: int, size: int, leaf: bytes, proof: Sequence[bytes], root: bytes) -> None:
    """Check that `leaf` is entry `index` of the tree of `size` entries with this `root`.

    Raises:
        ProofError: it is not, or the proof does not show it.
    """
    if root_from_inclusion(index, size, leaf, proof) != require_hash(root, "root hash"):
        raise ProofError(f"the inclusion proof of entry {index} does not lead to the root")


def verify_consistency(
    old_size: int, new_size: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]
) -> None:
    """Check that the tree of `new_size` entries begins with all entries of the tree of `old_size`.

    Raises:
        ProofError: it does not, or the proof does not show it.

    Source: RFC 9162 2.1.4.2.
    """
    if not 0 <= old_size <= new_size <= MAX_SIZE:
        raise ProofError(f"a tree of {new_size} entries does not extend one of {old_size}")
    for value in (old_root, new_root, *proof):
        require_hash(value, "consistency hash")
    if old_size in (0, new_size):
        expected = EMPTY_ROOT if old_size == 0 else new_root
        if proof or old_root != expected or (new_size == 0 and new_root != EMPTY_ROOT):
            raise ProofError("two different roots for one tree size, or a proof where none is needed")
        return
    old, new = roots_from_consistency(old_size, new_size, old_root, proof)
    if old != old_root or new != new_root:
        raise ProofError("the consistency proof does not join the two roots")


def roots_from_consistency(
    old_size: int, new_size: int, old_root: bytes, proof: Sequence[bytes]
) -> tuple[bytes, bytes]:
    """Return the roots of both sizes that `proof` leads to, for 0 < old_size < new_size.

    Where the old tree is a complete subtree the proof leaves its root out: `old_root` is taken for it.

    Raises:
        ProofError: the proof has not exactly the hashes that these sizes need.
    """
    if not 0 < old_size < new_size <= MAX_SIZE:
        raise ProofError("the sizes need no consistency proof")
    path = [require_hash(value, "consistency hash") for value in proof]
    if old_size & (old_size - 1) == 0:
        path.insert(0, old_root)
    if not path:
        raise ProofError("the consistency proof is empty")
    node, last = old_size - 1, new_size - 1
    while node & 1:
        node, last = node >> 1, last >> 1
    old = new = path[0]
    for sibling in path[1:]:
        if last == 0:
            raise ProofError("the consistency proof has too many hashes")
        if node & 1 or node == last:
            old, new = node_hash(sibling, old), node_hash(sibling, new)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            new = node_hash(new, sibling)
        node, last = node >> 1, last >> 1
    if last != 0:
        raise ProofError("the consistency proof has too few hashes")
    return old, new


def _split(width: int) -> int:
    """Return the largest power of two smaller than `width` (2 or more)."""
    return 1 << ((width - 1).bit_length() - 1)
