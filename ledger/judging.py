"""Whether a promise was kept, broken, or is not due yet: only a cosignature tells that a deadline has passed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ledger.cosignature import open_cosignatures
from ledger.errors import MalformedError, NotPublishedError, ProofError, SignatureError, UnreachableError
from ledger.evidence import BrokenPromise
from ledger.finding import Finding, moment
from ledger.note import VerifierKey
from ledger.policy import Policy
from ledger.promise import Promise, open_promise
from ledger.sightings import Sighting
from ledger.sources import Source
from ledger.tiles import TileReader
from ledger.tree import inclusion_proof, verify_inclusion


@dataclass(frozen=True)
class Judge:
    """What promises are held against: the log, the keys that promise, whose cosignatures count, and the time now."""

    log: Source
    door_keys: Sequence[VerifierKey]
    policy: Policy | None
    now: int


def judge(who: Judge, mine: Sighting, name: str, data: bytes) -> Finding:
    """Say what became of one promise, by what the log shows now."""
    try:
        if not who.door_keys:
            raise MalformedError("promises need the key that signed them")
        promise = open_promise(data, *who.door_keys)
    except (MalformedError, SignatureError) as error:
        return Finding("bad-promise", name, f"is no promise of this door: {error}")
    if promise.origin != mine.checkpoint.origin:
        return Finding("bad-promise", name, "is a promise about another log")
    if promise.index >= mine.checkpoint.size:
        return _judge_absent(who, mine, name, BrokenPromise(data, mine.note), promise)
    try:
        return _judge_present(who.log, mine, name, data, promise)
    except (MalformedError, NotPublishedError, ProofError, UnreachableError) as error:
        return Finding(
            "unreadable", name, f"the log does not show what stands at index {promise.index}: {error}"
        )


def _judge_present(log: Source, mine: Sighting, name: str, data: bytes, promise: Promise) -> Finding:
    size, root = mine.checkpoint.size, mine.checkpoint.root
    reader = TileReader(log, size)
    leaf = reader.subtree(0, promise.index)
    proof = inclusion_proof(reader, promise.index, size)
    verify_inclusion(promise.index, size, leaf, proof, root)
    if leaf == promise.leaf:
        return Finding("kept", name, f"entry {promise.index} is in the log")
    evidence = BrokenPromise(data, mine.note, leaf, tuple(proof))
    return Finding("broken-promise", name, f"another entry stands at index {promise.index}", evidence)


def _judge_absent(
    who: Judge, mine: Sighting, name: str, evidence: BrokenPromise, promise: Promise
) -> Finding:
    size, deadline = mine.checkpoint.size, moment(promise.deadline_unix)
    if who.policy is not None and _is_cosigned_after(who, mine, promise.deadline_unix, who.policy):
        words = f"the log had {size} entries after {deadline}; entry {promise.index} was promised by then"
        return Finding("broken-promise", name, words, evidence)
    if who.now <= promise.deadline_unix:
        return Finding("waiting", name, f"entry {promise.index} is promised by {deadline}")
    words = (
        f"entry {promise.index} was promised by {deadline} and is not shown; no cosignature proves that yet"
    )
    return Finding("overdue", name, words)


def _is_cosigned_after(who: Judge, mine: Sighting, deadline_unix: int, policy: Policy) -> bool:
    try:
        times = policy.times(open_cosignatures(mine.note, policy.witness_keys, who.now))
    except SignatureError:
        return False
    newest = policy.time_of_quorum(times)
    return newest is not None and newest > deadline_unix
