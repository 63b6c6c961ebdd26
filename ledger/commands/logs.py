"""`ledger verify` and `ledger mirror`: a whole log, checked where it is published or while it is copied."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path

from ledger.commands.inputs import FAILS, HOLDS, MISUSED, UNREACHABLE, add_key, plain, read_keys
from ledger.encoding import encode_base64, parse_number
from ledger.errors import (
    InconsistentError,
    LedgerError,
    MalformedError,
    NotPublishedError,
    StateError,
    UnreachableError,
)
from ledger.mirror import mirror
from ledger.progress import progress_bar
from ledger.report import Report
from ledger.sample import SAMPLE
from ledger.scan import Progress
from ledger.sources import open_source
from ledger.verifier import verify

_WHERE = "where the log is published, without /checkpoint; or a mirror of it"


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the two commands."""
    one = commands.add_parser("verify", help="verify a published log")
    one.add_argument("place", metavar="URL|DIR", help=_WHERE)
    add_key(one)
    how = one.add_mutually_exclusive_group()
    how.add_argument("--full", action="store_true", help="read and rehash every entry and every tile")
    how.add_argument(
        "--sample",
        metavar="N",
        type=_count,
        default=SAMPLE,
        help=f"prove N entries, taken at random, to be in the log ({SAMPLE} if not given)",
    )
    one.add_argument(
        "--state",
        metavar="DIR",
        type=Path,
        help="remember here what was verified; only then is a rollback or a rewrite seen next time, and does a "
        "--full that was cut short go on where it was",
    )
    one.add_argument("--json", action="store_true", help="print one JSON object")
    one.set_defaults(run=_verify)

    two = commands.add_parser("mirror", help="copy a published log, checked while it is copied")
    two.add_argument("place", metavar="URL|DIR", help=_WHERE)
    two.add_argument("directory", metavar="DIR", type=Path, help="where the copy is kept, or grows")
    add_key(two)
    two.add_argument("--json", action="store_true", help="print one JSON object")
    two.set_defaults(run=_mirror)


def _count(text: str) -> int:
    try:
        count = parse_number(text)
    except MalformedError as error:
        raise argparse.ArgumentTypeError(
            f"takes a number of entries from 1 on, not {text!r}: {error}"
        ) from error
    if count == 0:
        raise argparse.ArgumentTypeError(
            "takes a number of entries from 1 on: a look at none would show nothing"
        )
    return count


def _verify(options: argparse.Namespace) -> int:
    def look(progress: Progress | None) -> Report:
        return verify(
            open_source(options.place),
            read_keys(options.key),
            full=options.full,
            state=options.state,
            sample=options.sample,
            progress=progress,
        )

    return _run(options, look, "The log holds", "a file" if options.state is None else "the memory")


def _mirror(options: argparse.Namespace) -> int:
    def copy(progress: Progress | None) -> Report:
        keys = read_keys(options.key)
        return mirror(open_source(options.place), keys, options.directory, progress)

    return _run(options, copy, "The copy holds", "the copy")


def _run(
    options: argparse.Namespace, work: Callable[[Progress | None], Report], verdict: str, ours: str
) -> int:
    """Do it, tell what was found, return the exit status."""
    error: LedgerError | None = None
    report = Report()
    try:
        with progress_bar(not options.json) as progress:
            report = work(progress)
    except LedgerError as found:
        error, report = found, found.report or report
    except OSError as found:
        error = StateError(f"{ours} cannot be used: {found}")
    status = HOLDS if error is None else _status(error)
    if options.json:
        print(json.dumps(report.to_dict(error)))
    else:
        _tell(report, error, status, verdict)
    return status


def _status(error: LedgerError) -> int:
    """Return the exit status for an error: 3 nobody answered, 2 a wrong argument or damaged memory, else 1."""
    began = error.report is not None  # the log itself was being looked at
    has_checkpoint = began and error.report is not None and error.report.size is not None
    if isinstance(error, UnreachableError) or (isinstance(error, NotPublishedError) and not has_checkpoint):
        return UNREACHABLE
    if isinstance(error, StateError) or (isinstance(error, MalformedError) and not began):
        return MISUSED
    return FAILS


def _tell(report: Report, error: LedgerError | None, status: int, verdict: str) -> None:
    for check in report.checks:
        if status == UNREACHABLE and not check.ok:
            continue  # nobody was there to be judged; the reason follows
        print(f"{'ok ' if check.ok else 'BAD'}  {check.name:<11} {plain(check.detail)}")
    if error is None:
        print(f"{verdict}: {report.size} entries, root {encode_base64(report.root or b'')}.")
        return
    if isinstance(error, InconsistentError) and error.index is not None:
        print(f"The log does not hold. First bad entry: {error.index}.")
    elif status == FAILS:
        print("The log does not hold.")
    print(f"ledger: {plain(str(error))}", file=sys.stderr)
