"""`ledger monitor`: watch a log from outside, and check what a monitor kept against one."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ledger.commands.inputs import (
    FAILS,
    HOLDS,
    MISUSED,
    UNREACHABLE,
    add_key,
    plain,
    promise_note,
    read_door_keys,
    read_file,
    read_keys,
    read_policy,
)
from ledger.errors import LedgerError, MalformedError, NotPublishedError, StateError, UnreachableError
from ledger.evidence import MAX_EVIDENCE_LENGTH, SplitView, read_evidence
from ledger.finding import Finding
from ledger.monitor import Look, Watched, look
from ledger.report import error_to_dict
from ledger.sources import open_source

_MAX_PROMISE = 100_000
_MAX_PROMISES = 100_000


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `monitor`, and its second form `monitor verify EVIDENCE`."""
    parser = commands.add_parser(
        "monitor",
        help="watch a log: promises kept, one history for everybody; or verify EVIDENCE, offline",
        usage="ledger monitor URL|DIR [URL|DIR …] --key VKEY [--policy FILE] [--promises DIR|FILE --door-key VKEY] "
        "[--state DIR] [--json]\n       ledger monitor verify EVIDENCE --key VKEY [--door-key VKEY] [--policy FILE] "
        "[--json]",
        epilog="Exit status: 0 nothing is wrong, or the evidence holds; 1 something is wrong, or the evidence does "
        "not hold; 2 wrong use or malformed input; 3 the log cannot be reached or read.",
    )
    parser.add_argument(
        "places",
        metavar="URL|DIR",
        nargs="+",
        help="where the log is published; then mirrors to compare it with",
    )
    add_key(parser)
    parser.add_argument(
        "--policy", metavar="FILE", help="whose cosignatures count; their witnesses are compared too"
    )
    parser.add_argument("--promises", metavar="DIR|FILE", type=Path, help="promises that were handed over")
    parser.add_argument(
        "--door-key",
        metavar="VKEY",
        help="the key that signed the promises, or a file or web address that has it, alone or behind the log's",
    )
    parser.add_argument("--state", metavar="DIR", type=Path, help="remember the log here, and keep evidence")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    try:
        return _verify(options) if options.places[0] == "verify" else _watch(options)
    except LedgerError as found:
        error = found
    except OSError as found:  # what the log shows is never one: it is a file of our own
        error = MalformedError(f"a file cannot be used: {found}")
    if options.json:
        print(json.dumps({"ok": False, "findings": [], "error": error_to_dict(error)}))
    print(f"ledger: {plain(str(error))}", file=sys.stderr)
    return _status(error)


# ---- ledger monitor -----------------------------------------------------------------------------------------


def _watch(options: argparse.Namespace) -> int:
    what = _watched(options)
    seen = look(what)
    findings = seen.findings
    wrong = [one for one in findings if not one.is_harmless]
    if options.json:
        members = [_members(one) for one in findings]
        looked_at = {
            "origin": seen.origin,
            "size": seen.size,
            "places": list(seen.places),
            "cosigned": list(seen.cosigned),
            "promises": len(what.promises),
            "remembers": seen.remembers,
        }
        print(json.dumps({"ok": not wrong, "findings": members, "looked_at": looked_at, "error": None}))
        return FAILS if wrong else HOLDS
    for one in findings:
        print(plain(f"{'ok ' if one.is_harmless else 'BAD'}  {one.kind:<14} {one.about}: {one.words}"))
        if one.kept_in is not None:
            print(plain(f"     evidence: {one.kept_in}"))
        elif one.evidence is not None:
            print("     there is evidence: name a --state to keep it, or take it from --json")
    print(f"{len(wrong)} of {len(findings)} findings are wrong." if wrong else "Nothing is wrong.")
    for line in _looked_at(what, seen):
        print(plain(line))
    return FAILS if wrong else HOLDS


def _looked_at(what: Watched, seen: Look) -> Iterator[str]:
    """Say what was looked at, and what was not: "nothing is wrong" means no more than that."""
    yield f"Looked at: {seen.origin}, {_count(seen.size, 'entry', 'entries')}"
    others = f": {', '.join(seen.places)}" if seen.places else ""
    yield f"  compared with {_count(len(seen.places), 'other place', 'other places')}{others}"
    kinds = Counter(one.kind for one in seen.findings if one.about in what.promises)
    told = ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()))
    yield f"  {_count(len(what.promises), 'promise', 'promises')}{f': {told}' if told else ''}"
    if what.policy is not None:
        yield f"  cosigned by {len(seen.cosigned)} of {_count(len(what.policy.witness_keys), 'witness', 'witnesses')}"
    missing = {
        "whether promises were kept (no --promises)": not what.promises,
        "whether witnesses cosigned (no --policy)": what.policy is None,
        "whether others are shown the same (no mirror and no witness showed it)": not seen.places,
        "whether it goes on from an earlier look (no --state)": what.state is None,
        "whether it goes on from an earlier look (this is the first in that --state)": what.state is not None
        and not seen.remembers,
        "what is in the entries (see ledger verify --full)": True,
    }
    for words in (words for words, is_missing in missing.items() if is_missing):
        yield f"Not looked at: {words}"


def _count(number: int, one: str, more: str) -> str:
    return f"{number} {one if number == 1 else more}"


def _watched(options: argparse.Namespace) -> Watched:
    keys = read_keys(options.key)
    policy = read_policy(options.policy) if options.policy else None
    if (options.promises is None) != (options.door_key is None):
        raise MalformedError("--promises and --door-key belong together")
    first, *others = options.places
    return Watched(
        log=open_source(first),
        keys=keys,
        now=int(time.time()),
        others={place: open_source(place) for place in others},
        policy=policy,
        promises=_promises(options.promises) if options.promises else {},
        door_keys=read_door_keys(options.door_key) if options.door_key else (),
        state=options.state,
    )


def _promises(place: Path) -> dict[str, bytes]:
    paths = sorted(path for path in place.iterdir() if path.is_file()) if place.is_dir() else [place]
    if len(paths) > _MAX_PROMISES:
        raise MalformedError(f"{place} holds more than {_MAX_PROMISES} files")
    return {path.name: promise_note(read_file(path, _MAX_PROMISE)) for path in paths}


def _members(finding: Finding) -> dict[str, Any]:
    return {
        "kind": finding.kind,
        "ok": finding.is_harmless,
        "about": finding.about,
        "detail": finding.words,
        "evidence": None if finding.evidence is None else finding.evidence.to_dict(),
        "kept_in": None if finding.kept_in is None else str(finding.kept_in),
    }


# ---- ledger monitor verify ----------------------------------------------------------------------------------


def _verify(options: argparse.Namespace) -> int:
    if len(options.places) != 2 or options.promises or options.state:
        raise MalformedError("ledger monitor verify takes one file of evidence")
    keys = read_keys(options.key)
    evidence = read_evidence(read_file(Path(options.places[1]), MAX_EVIDENCE_LENGTH))
    if isinstance(evidence, SplitView):
        first, second = evidence.verify(keys)
        told: dict[str, Any] = {
            "kind": "split-view",
            "origin": first.origin,
            "sizes": [first.size, second.size],
        }
        words = f"{first.origin} signed two histories, of {first.size} and of {second.size} entries."
    else:
        if options.door_key is None:
            raise MalformedError(
                "evidence of a broken promise needs --door-key, and --policy where it is a time"
            )
        policy = read_policy(options.policy) if options.policy else None
        promise, checkpoint = evidence.verify(keys, read_door_keys(options.door_key), policy)
        told = {"kind": "broken-promise", "origin": promise.origin, "index": promise.index}
        words = (
            f"entry {promise.index} of {promise.origin} is not what was promised; the log has {checkpoint.size} "
            "entries."
        )
    print(
        json.dumps({"ok": True, **told, "error": None})
        if options.json
        else plain(f"The evidence holds: {words}")
    )
    return HOLDS


def _status(error: LedgerError) -> int:
    if isinstance(error, MalformedError | StateError):
        return MISUSED
    return UNREACHABLE if isinstance(error, UnreachableError | NotPublishedError) else FAILS
