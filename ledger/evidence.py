"""Evidence against a log, as a file that anyone can check offline with the keys alone.

A *split view* is two checkpoints, signed by the log, that no single history can have. Of one size that is two
roots. Of two sizes, a proof from the tree of the larger one shows which root its first entries have, and the
smaller checkpoint has another. A *broken promise* is the promise and a signed checkpoint: another leaf stands
at that index, with an inclusion proof; or the checkpoint is cosigned after the deadline and does not reach it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ledger.checkpoint import Checkpoint, open_checkpoint
from ledger.cosignature import open_cosignatures
from ledger.encoding import decode_hash, encode_base64
from ledger.errors import MalformedError, ProofError, QuorumError
from ledger.note import VerifierKey
from ledger.policy import Policy
from ledger.promise import Promise, open_promise
from ledger.tree import (
    HashReader,
    consistency_proof,
    range_root,
    roots_from_consistency,
    verify_consistency,
    verify_inclusion,
)

MAX_EVIDENCE_LENGTH = 4_000_000
_MAX_PROOF_HASHES = 64


@dataclass(frozen=True, slots=True)
class SplitView:
    """Two signed checkpoints, `first` not larger than `second`.

    `prefix` is the root of the first entries of the second tree, as many as the first has; `proof` is the
    consistency proof from there. With equal sizes there is neither. Without a prefix, of different sizes, it
    is a suspicion only: a proof that was given and did not verify, which nobody need have made honestly.
    """

    first: bytes
    second: bytes
    prefix: bytes | None = None
    proof: tuple[bytes, ...] = ()

    def verify(self, keys: Sequence[VerifierKey]) -> tuple[Checkpoint, Checkpoint]:
        """Return both checkpoints once they are shown to exclude each other.

        Raises:
            MalformedError, SignatureError: one of them is not a checkpoint signed by its log.
            ProofError: they are not shown to exclude each other.
        """
        first, second = open_checkpoint(self.first, keys), open_checkpoint(self.second, keys)
        if first.origin != second.origin:
            raise ProofError("the two checkpoints are of two logs")
        if first.size > second.size:
            raise ProofError("the first checkpoint is larger than the second")
        prefix = second.root if first.size == second.size else self.prefix
        if prefix is None:
            raise ProofError(
                "a proof that does not verify shows no contradiction by itself; compare the tiles behind both"
            )
        verify_consistency(first.size, second.size, prefix, second.root, self.proof)
        if prefix == first.root:
            raise ProofError("the second checkpoint continues the first: no contradiction")
        return first, second

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON members."""
        return {
            "kind": "split-view",
            "v": 1,
            "first": self.first.decode("utf-8"),
            "second": self.second.decode("utf-8"),
            "prefix": None if self.prefix is None else encode_base64(self.prefix),
            "proof": [encode_base64(one) for one in self.proof],
        }


@dataclass(frozen=True, slots=True)
class BrokenPromise:
    """A promise and a checkpoint that breaks it; `leaf` and `proof` where another leaf stands at that index."""

    promise: bytes
    checkpoint: bytes
    leaf: bytes | None = None
    proof: tuple[bytes, ...] = ()

    def verify(
        self, keys: Sequence[VerifierKey], door_keys: Sequence[VerifierKey], policy: Policy | None = None
    ) -> tuple[Promise, Checkpoint]:
        """Return promise and checkpoint once the promise is shown to be broken.

        `policy` says whose cosignatures tell the time: together, and each after the deadline, they must make
        its quorum. Its log lines do not count here; `keys` do.

        Raises:
            MalformedError, SignatureError: promise or checkpoint is not what its key signed.
            ProofError: the promise is not shown to be broken.
            QuorumError: too few witnesses cosigned after the deadline.
        """
        promise = open_promise(self.promise, *door_keys)
        checkpoint = open_checkpoint(self.checkpoint, keys)
        if promise.origin != checkpoint.origin:
            raise ProofError("promise and checkpoint are of two logs")
        if self.leaf is not None:
            if self.leaf == promise.leaf:
                raise ProofError("the checkpoint shows the promised leaf: the promise was kept")
            verify_inclusion(promise.index, checkpoint.size, self.leaf, self.proof, checkpoint.root)
        else:
            _check_too_short(self.checkpoint, promise, checkpoint, policy)
        return promise, checkpoint

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON members."""
        return {
            "kind": "broken-promise",
            "v": 1,
            "promise": self.promise.decode("utf-8"),
            "checkpoint": self.checkpoint.decode("utf-8"),
            "leaf": None if self.leaf is None else encode_base64(self.leaf),
            "proof": [encode_base64(one) for one in self.proof],
        }


Evidence = SplitView | BrokenPromise


def _check_too_short(note: bytes, promise: Promise, checkpoint: Checkpoint, policy: Policy | None) -> None:
    if checkpoint.size > promise.index:
        raise ProofError("the checkpoint reaches the promised index; what stands there is not told")
    if policy is None:
        raise ProofError("only cosignatures carry a time: a policy must say whose count")
    if policy.quorum is None:
        raise QuorumError("the policy asks for no cosignature, so nothing tells the checkpoint's time")
    times = policy.times(open_cosignatures(note, policy.witness_keys))
    policy.require({name for name, time_unix in times.items() if time_unix > promise.deadline_unix})


def contradiction(
    one: bytes, other: bytes, keys: Sequence[VerifierKey], proof: Sequence[bytes]
) -> SplitView | None:
    """Return the split view that two notes and a failed consistency proof between them show; None if they do not.

    Where the smaller size is a power of two the proof alone never shows it.
    """
    first, second, small, large = _ordered(one, other, keys)
    if small.size == large.size:
        return SplitView(first, second) if small.root != large.root else None
    try:
        prefix, root = roots_from_consistency(small.size, large.size, small.root, proof)
    except (ProofError, MalformedError):
        return None
    if root != large.root or prefix == small.root:
        return None
    return SplitView(first, second, prefix, tuple(proof))


def compare(one: bytes, other: bytes, keys: Sequence[VerifierKey], reader: HashReader) -> SplitView | None:
    """Return the split view between two notes; `reader` gives the hashes of the larger one's tree.

    None: the larger continues the smaller.

    Raises:
        ProofError: the reader's hashes are not those of the larger one's tree.
        MalformedError, NotPublishedError, UnreachableError: the reader's source does not give them.
    """
    first, second, small, large = _ordered(one, other, keys)
    if small.size == large.size:
        return SplitView(first, second) if small.root != large.root else None
    if small.size == 0:
        return None
    prefix = range_root(reader, 0, small.size)
    proof = consistency_proof(reader, small.size, large.size)
    verify_consistency(small.size, large.size, prefix, large.root, proof)
    return SplitView(first, second, prefix, tuple(proof)) if prefix != small.root else None


def _ordered(
    one: bytes, other: bytes, keys: Sequence[VerifierKey]
) -> tuple[bytes, bytes, Checkpoint, Checkpoint]:
    a, b = open_checkpoint(one, keys), open_checkpoint(other, keys)
    if a.origin != b.origin:
        raise ProofError("the two checkpoints are of two logs")
    return (one, other, a, b) if a.size <= b.size else (other, one, b, a)


def write_evidence(evidence: Evidence) -> bytes:
    """Return the evidence file: JSON, ASCII."""
    return json.dumps(evidence.to_dict(), sort_keys=True, indent=1, ensure_ascii=True).encode("ascii") + b"\n"


def read_evidence(data: bytes) -> Evidence:
    """Parse an evidence file; nothing of it is trusted before `verify`.

    Raises:
        MalformedError: anything else than `write_evidence` wrote.
    """
    if len(data) > MAX_EVIDENCE_LENGTH:
        raise MalformedError("the evidence is too long")
    members: Any
    try:
        members = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise MalformedError("the evidence is not JSON") from error
    if not isinstance(members, dict) or members.get("v") != 1 or isinstance(members["v"], bool):
        raise MalformedError("not evidence of version 1")
    if members.get("kind") == "split-view":
        _require(members, {"first", "second", "prefix", "proof"})
        first, second = _text(members["first"]), _text(members["second"])
        return SplitView(first, second, _hash(members["prefix"]), _proof(members["proof"]))
    if members.get("kind") == "broken-promise":
        _require(members, {"promise", "checkpoint", "leaf", "proof"})
        promise, checkpoint = _text(members["promise"]), _text(members["checkpoint"])
        return BrokenPromise(promise, checkpoint, _hash(members["leaf"]), _proof(members["proof"]))
    raise MalformedError("evidence of a kind that is not known")


def _require(members: dict[str, Any], names: set[str]) -> None:
    if set(members) != names | {"v", "kind"}:
        raise MalformedError("the evidence has other members than it should have")


def _text(value: object) -> bytes:
    if not isinstance(value, str):
        raise MalformedError("a signed text in the evidence is not a text")
    try:
        return value.encode("utf-8")
    except UnicodeEncodeError as error:
        raise MalformedError("a signed text in the evidence is not valid Unicode") from error


def _hash(value: object) -> bytes | None:
    if value is None:
        return None
    if not isinstance(value, str):
        raise MalformedError("a hash in the evidence is not a text")
    return decode_hash(value)


def _proof(value: object) -> tuple[bytes, ...]:
    if not isinstance(value, list) or len(value) > _MAX_PROOF_HASHES:
        raise MalformedError("the proof in the evidence is not a list of at most 64 hashes")
    hashes = [_hash(one) for one in value]
    if None in hashes:
        raise MalformedError("a hash in the evidence is not a text")
    return tuple(one for one in hashes if one is not None)
