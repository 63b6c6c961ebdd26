"""Watches a log from outside: were promises kept, does it show everybody the same, do its witnesses go on.

What it finds against the log comes with evidence that anybody can check offline, where there can be any: only a
cosignature carries a time, so a promise is proven broken by another leaf at its index, or by a checkpoint that is
cosigned after the deadline and does not reach the index.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

from ledger.cosignature import open_cosignatures
from ledger.errors import (
    MalformedError,
    NotPublishedError,
    ProofError,
    SignatureError,
    StateError,
    UnreachableError,
)
from ledger.evidence import BrokenPromise, Evidence, SplitView, write_evidence
from ledger.fetch import HTTPSource
from ledger.files import exclusive, make_directory, write_atomically
from ledger.note import VerifierKey
from ledger.policy import Policy
from ledger.promise import Promise, open_promise
from ledger.sightings import Sighting, compare_all
from ledger.sources import Source
from ledger.tiles import MAX_CHECKPOINT_LENGTH, TileReader
from ledger.tree import inclusion_proof, verify_inclusion
from ledger.witness.wire import read_path

STALE_SECONDS = 7200
"""An unchanged checkpoint is cosigned every hour; one whose quorum is older than this is an old view."""

HARMLESS = frozenset({"kept", "waiting", "away", "not-compared"})
"""The kinds of finding that say nothing against the log; every other kind does."""


@dataclass(frozen=True)
class Finding:
    """One thing that was seen, about a promise or a place; with evidence where that checks offline."""

    kind: str
    about: str
    words: str
    evidence: Evidence | None = None
    kept_in: Path | None = None

    @property
    def is_harmless(self) -> bool:
        return self.kind in HARMLESS


@dataclass(frozen=True)
class Watched:
    """The promises and places to watch. `keys` are the log's, `now` is seconds since 1970, UTC."""

    log: Source
    keys: Sequence[VerifierKey]
    now: int
    others: Mapping[str, Source] = field(default_factory=dict)
    policy: Policy | None = None
    promises: Mapping[str, bytes] = field(default_factory=dict)
    door_key: VerifierKey | None = None
    state: Path | None = None


def watch(what: Watched) -> list[Finding]:
    """Look once, and return all that was found, the serious things too.

    With a `state` the newest checkpoint is remembered, so that one who comes back sees whether it is still the
    same log; and evidence is kept there as files.

    Raises:
        NotPublishedError, UnreachableError: the log shows no checkpoint now.
        MalformedError, SignatureError: what it shows is not the log's.
        StateError: the state cannot be used.
    """
    note = what.log.fetch("checkpoint", MAX_CHECKPOINT_LENGTH)
    mine = Sighting.open("the log", note, what.keys, what.log)
    if what.state is None:
        return _look(what, mine, None)
    path = what.state / f"{sha256(mine.checkpoint.origin.encode()).hexdigest()[:32]}.monitor"
    try:
        make_directory(what.state)
        with exclusive(path.with_suffix(".monitor-lock")):
            findings = _look(what, mine, path)
            return [_keep(one, what.state / "evidence") for one in findings]
    except BlockingIOError as error:
        raise StateError(f"another monitor is using {what.state}") from error
    except OSError as error:
        raise StateError(f"{what.state} cannot be used: {error}") from error


def _look(what: Watched, mine: Sighting, memory: Path | None) -> list[Finding]:
    findings = _look_at_witnesses(what, mine)
    sightings = [mine, *_others(what, mine, findings)]
    remembered = _remembered(memory, mine, what.keys)
    if remembered is not None:
        sightings.append(remembered)
        if remembered.checkpoint.size > mine.checkpoint.size:
            words = f"it showed {remembered.checkpoint.size} entries before, and {mine.checkpoint.size} now"
            findings.append(Finding("rolled-back", mine.place, words))
    contradictions, unproven = compare_all(sightings, what.keys)
    for one in contradictions:
        words = f"{one.places[0]} and {one.places[1]} show two histories that exclude each other"
        findings.append(Finding("split-view", " and ".join(one.places), words, one.evidence))
    for small, large in unproven:
        # A log that hides the tiles of what it signed last is no place that happens to lack them.
        kind = "unreadable" if large.text == mine.text else "not-compared"
        words = f"no place gives the tiles that it takes to compare {small.place} with {large.place}"
        findings.append(Finding(kind, f"{small.place} and {large.place}", words))
    findings += [_judge(what, mine, name, data) for name, data in what.promises.items()]
    if memory is not None and not contradictions:
        write_atomically(memory, _to_remember(remembered or mine, sightings, unproven).note)
    return findings


# ---- places -------------------------------------------------------------------------------------------------


def _look_at_witnesses(what: Watched, mine: Sighting) -> list[Finding]:
    """See that the quorum cosigned what the log shows, and not too long ago."""
    policy = what.policy
    if policy is None or policy.quorum is None:
        return []
    try:
        times = policy.times(open_cosignatures(mine.note, policy.witness_keys, what.now))
    except SignatureError as error:
        return [Finding("no-quorum", mine.place, str(error))]
    newest = policy.time_of_quorum(times)
    if newest is None:
        return [
            Finding("no-quorum", mine.place, "too few of the policy's witnesses cosigned what the log shows")
        ]
    if newest + STALE_SECONDS < what.now:
        words = f"its quorum cosigned at {_moment(newest)} last: this is an old view of the log"
        return [Finding("stale", mine.place, words)]
    return []


def _others(what: Watched, mine: Sighting, findings: list[Finding]) -> list[Sighting]:
    """Return what mirrors and witnesses show of this log; what cannot be used is a finding."""
    found: list[Sighting] = []
    for place, source in what.others.items():
        found += _sighting(place, source, "checkpoint", what, mine, findings, has_tiles=True)
    for witness in what.policy.witnesses if what.policy else ():
        if witness.url is not None:
            place = f"witness {witness.key.name}"
            path = read_path(mine.checkpoint.origin)
            found += _sighting(place, HTTPSource(witness.url), path, what, mine, findings, has_tiles=False)
    return found


def _sighting(
    place: str,
    source: Source,
    path: str,
    what: Watched,
    mine: Sighting,
    findings: list[Finding],
    *,
    has_tiles: bool,
) -> list[Sighting]:
    try:
        note = source.fetch(path, MAX_CHECKPOINT_LENGTH)
    except (NotPublishedError, UnreachableError) as error:
        findings.append(Finding("away", place, f"shows nothing now: {error}"))
        return []
    except MalformedError as error:
        findings.append(Finding("bad-checkpoint", place, str(error)))
        return []
    try:
        sighting = Sighting.open(place, note, what.keys, source if has_tiles else None)
    except (MalformedError, SignatureError) as error:
        findings.append(Finding("bad-checkpoint", place, f"what it shows is not this log's: {error}"))
        return []
    if sighting.checkpoint.origin != mine.checkpoint.origin:
        findings.append(Finding("bad-checkpoint", place, "shows another log"))
        return []
    return [sighting]


def _to_remember(
    known: Sighting, sightings: Sequence[Sighting], unproven: Sequence[tuple[Sighting, Sighting]]
) -> Sighting:
    """Return the largest that was shown to go on from what is known.

    One that could not be compared would take its place, and with it the evidence against another history.
    """
    apart = [{small.text, large.text} for small, large in unproven]
    compared = [one for one in sightings if {one.text, known.text} not in apart]
    return max(compared, key=lambda sighting: sighting.checkpoint.size)


def _remembered(memory: Path | None, mine: Sighting, keys: Sequence[VerifierKey]) -> Sighting | None:
    if memory is None or not memory.exists():
        return None
    try:
        return Sighting.open("what was seen before", memory.read_bytes(), keys)
    except MalformedError as error:
        raise StateError(f"the monitor's memory is damaged: {memory}") from error
    except SignatureError as error:
        raise StateError(
            f"what the monitor remembers in {memory} is signed by none of the keys that were given: name the log's "
            "older key too"
        ) from error


# ---- promises -----------------------------------------------------------------------------------------------


def _judge(what: Watched, mine: Sighting, name: str, data: bytes) -> Finding:
    """Say what became of one promise."""
    try:
        if what.door_key is None:
            raise MalformedError("promises need the key that signed them")
        promise = open_promise(data, what.door_key)
    except (MalformedError, SignatureError) as error:
        return Finding("bad-promise", name, f"is no promise of this door: {error}")
    if promise.origin != mine.checkpoint.origin:
        return Finding("bad-promise", name, "is a promise about another log")
    if promise.index >= mine.checkpoint.size:
        return _judge_absent(what, mine, name, BrokenPromise(data, mine.note), promise)
    try:
        return _judge_present(what.log, mine, name, data, promise)
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
    what: Watched, mine: Sighting, name: str, evidence: BrokenPromise, promise: Promise
) -> Finding:
    size, deadline = mine.checkpoint.size, _moment(promise.deadline_unix)
    if what.policy is not None and _is_cosigned_after(what, mine, promise.deadline_unix, what.policy):
        words = f"the log had {size} entries after {deadline}; entry {promise.index} was promised by then"
        return Finding("broken-promise", name, words, evidence)
    if what.now <= promise.deadline_unix:
        return Finding("waiting", name, f"entry {promise.index} is promised by {deadline}")
    words = (
        f"entry {promise.index} was promised by {deadline} and is not shown; no cosignature proves that yet"
    )
    return Finding("overdue", name, words)


def _is_cosigned_after(what: Watched, mine: Sighting, deadline_unix: int, policy: Policy) -> bool:
    try:
        times = policy.times(open_cosignatures(mine.note, policy.witness_keys, what.now))
    except SignatureError:
        return False
    newest = policy.time_of_quorum(times)
    return newest is not None and newest > deadline_unix


# ---- what is kept -------------------------------------------------------------------------------------------


def _keep(finding: Finding, folder: Path) -> Finding:
    """Keep a finding's evidence as a file of its own; the same evidence is kept once."""
    if finding.evidence is None:
        return finding
    data = write_evidence(finding.evidence)
    texts = data if isinstance(finding.evidence, SplitView) else finding.evidence.promise
    path = folder / f"{finding.kind}-{sha256(texts).hexdigest()[:16]}.json"
    make_directory(folder)
    if not path.exists():
        write_atomically(path, data)
    return replace(finding, kept_in=path)


def _moment(time_unix: int) -> str:
    try:
        return datetime.fromtimestamp(time_unix, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (ValueError, OverflowError, OSError):  # a time beyond the calendar
        return f"second {time_unix}"
