"""`ledger monitor`: watch a log from outside, and check what a monitor kept against one."""

from __future__ import annotations

import argparse
import json
import sys
import time
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
    read_file,
    read_key,
    read_policy,
)
from ledger.errors import LedgerError, MalformedError, NotPublishedError, StateError, UnreachableError
from ledger.evidence import MAX_EVIDENCE_LENGTH, SplitView, read_evidence
from ledger.monitor import Finding, Watched, watch
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
        "not hold; 2 wrong use or malformed input; 3 the log cannot be reached.",
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
    parser.add_argument("--door-key", metavar="VKEY", help="the key that signed the promises")
    parser.add_argument("--state", metavar="DIR", type=Path, help="remember the log here, and keep evidence")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    try:
        return _verify(options) if options.places[0] == "verify" else _watch(options)
    except LedgerError as error:
        if options.json:
            print(json.dumps({"ok": False, "findings": [], "error": error_to_dict(error)}))
        print(f"ledger: {plain(str(error))}", file=sys.stderr)
        return _status(error)


# ---- ledger monitor -----------------------------------------------------------------------------------------


def _watch(options: argparse.Namespace) -> int:
    findings = watch(_watched(options))
    wrong = [one for one in findings if not one.is_harmless]
    if options.json:
        members = [_members(one) for one in findings]
        print(json.dumps({"ok": not wrong, "findings": members, "error": None}))
        return FAILS if wrong else HOLDS
    for one in findings:
        print(plain(f"{'ok ' if one.is_harmless else 'BAD'}  {one.kind:<14} {one.about}: {one.words}"))
        if one.kept_in is not None:
            print(plain(f"     evidence: {one.kept_in}"))
        elif one.evidence is not None:
            print("     there is evidence: name a --state to keep it, or take it from --json")
    print(f"{len(wrong)} of {len(findings)} findings are wrong." if wrong else "Nothing is wrong.")
    return FAILS if wrong else HOLDS


def _watched(options: argparse.Namespace) -> Watched:
    keys = [read_key(value) for value in options.key]
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
        door_key=read_key(options.door_key) if options.door_key else None,
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
    keys = [read_key(value) for value in options.key]
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
        promise, checkpoint = evidence.verify(keys, read_key(options.door_key), policy)
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
