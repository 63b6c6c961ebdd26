"""Watches a log from outside: were promises kept, does it show everybody the same, do its witnesses go on.

What it finds against the log comes with evidence that anybody can check offline, where there can be any: only a
cosignature carries a time, so a promise is proven broken by another leaf at its index, or by a checkpoint that is
cosigned after the deadline and does not reach the index.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path

from ledger.cosignature import open_cosignatures
from ledger.errors import MalformedError, NotPublishedError, SignatureError, StateError, UnreachableError
from ledger.fetch import HTTPSource
from ledger.files import exclusive, make_directory, write_atomically
from ledger.finding import Finding, keep, moment
from ledger.judging import Judge, judge
from ledger.note import VerifierKey
from ledger.policy import Policy
from ledger.sightings import Sighting, compare_all
from ledger.sources import Source
from ledger.tiles import MAX_CHECKPOINT_LENGTH
from ledger.witness.wire import read_path

STALE_SECONDS = 7200
"""An unchanged checkpoint is cosigned every hour; one whose quorum is older than this is an old view."""


@dataclass(frozen=True)
class Watched:
    """The promises and places to watch. `keys` are the log's, `now` is seconds since 1970, UTC."""

    log: Source
    keys: Sequence[VerifierKey]
    now: int
    others: Mapping[str, Source] = field(default_factory=dict)
    policy: Policy | None = None
    promises: Mapping[str, bytes] = field(default_factory=dict)
    door_keys: Sequence[VerifierKey] = ()
    state: Path | None = None


@dataclass(frozen=True)
class Look:
    """What one look was at, and what it found.

    `places` are those besides the log of which a checkpoint was compared with it; `cosigned` the witnesses, of all
    that the policy names, whose cosignature is below what the log shows. `remembers`: there was an earlier look.
    """

    origin: str
    size: int
    findings: Sequence[Finding]
    places: Sequence[str]
    cosigned: Sequence[str]
    remembers: bool


def watch(what: Watched) -> Sequence[Finding]:
    """Look once, and return what was found; see `look`."""
    return look(what).findings


def look(what: Watched) -> Look:
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
            seen = _look(what, mine, path)
            return replace(seen, findings=[keep(one, what.state / "evidence") for one in seen.findings])
    except BlockingIOError as error:
        raise StateError(f"another monitor is using {what.state}") from error
    except OSError as error:
        raise StateError(f"{what.state} cannot be used: {error}") from error


def _look(what: Watched, mine: Sighting, memory: Path | None) -> Look:
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
    judge_of = Judge(what.log, what.door_keys, what.policy, what.now)
    findings += [judge(judge_of, mine, name, data) for name, data in what.promises.items()]
    if memory is not None and not contradictions:
        write_atomically(memory, _to_remember(remembered or mine, sightings, unproven).note)
    return Look(
        mine.checkpoint.origin,
        mine.checkpoint.size,
        findings,
        [one.place for one in sightings if one is not mine and one is not remembered],
        _cosigned(what, mine),
        remembered is not None,
    )


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
        words = f"its quorum cosigned at {moment(newest)} last: this is an old view of the log"
        return [Finding("stale", mine.place, words)]
    return []


def _cosigned(what: Watched, mine: Sighting) -> list[str]:
    """The names of the policy's witnesses that cosigned what the log shows."""
    keys = what.policy.witness_keys if what.policy else ()
    try:
        return sorted(one.witness.name for one in open_cosignatures(mine.note, keys, what.now))
    except SignatureError:  # told as a finding
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
