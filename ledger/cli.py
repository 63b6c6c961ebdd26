"""The command `ledger`: verify a published log, or one receipt. Standard library and PyNaCl only.

`restore` alone needs psycopg: it is the operator's, not the outsider's.

Exit status: 0 it holds, 1 it does not, 2 wrong use or malformed input, 3 the log cannot be reached.
"""

from __future__ import annotations

import argparse
import binascii
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from ledger.commands import witness
from ledger.commands.inputs import FAILS, HOLDS, MISUSED, UNREACHABLE
from ledger.commands.inputs import plain as _plain
from ledger.commands.inputs import read_file as _read
from ledger.commands.inputs import read_key as _key
from ledger.encoding import encode_base64
from ledger.entry import ENTRY_LENGTH
from ledger.errors import (
    InconsistentError,
    LedgerError,
    MalformedError,
    NotPublishedError,
    ProofError,
    StateError,
    UnreachableError,
)
from ledger.promise import open_promise
from ledger.receipt import MAX_RECEIPT_LENGTH, Verified
from ledger.receipt import parse as parse_receipt
from ledger.receipt import verify as verify_receipt
from ledger.report import Report, error_to_dict
from ledger.sources import open_source
from ledger.verifier import verify


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status."""
    options = _parser().parse_args(arguments)
    run: Callable[[argparse.Namespace], int] = options.run
    try:
        return run(options)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="ledger",
        description="Checks a tamper-evident log (C2SP tlog-tiles) and its receipts.",
        epilog="Exit status: 0 it holds, 1 it does not, 2 wrong use or malformed input, 3 cannot be reached.",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    log = commands.add_parser("verify", help="verify a published log")
    log.add_argument("place", metavar="URL|DIR", help="where the log is published, without /checkpoint")
    _add_key(log)
    log.add_argument("--full", action="store_true", help="read and rehash every entry and every tile")
    log.add_argument(
        "--state",
        metavar="DIR",
        type=Path,
        help="remember here what was verified; only then is a rollback or a rewrite seen next time",
    )
    log.add_argument("--json", action="store_true", help="print one JSON object")
    log.set_defaults(run=_verify_log)

    restore = commands.add_parser("restore", help="put back what an older backup of the database lost")
    restore.add_argument("place", metavar="URL|DIR", help="where the log is published, without /checkpoint")
    _add_key(restore)
    restore.add_argument(
        "--database",
        metavar="URL",
        required=True,
        help="of a role that may append; a password belongs into ~/.pgpass, not here",
    )
    restore.add_argument("--memory", metavar="FILE", type=Path, help="the publisher's memory, the last word")
    restore.add_argument("--json", action="store_true", help="print one JSON object")
    restore.set_defaults(run=_restore)

    witness.add_to(commands)

    receipts = commands.add_parser("receipt", help="work with receipts").add_subparsers(
        required=True, metavar="COMMAND"
    )
    one = receipts.add_parser("verify", help="verify a receipt (.tlog-proof), offline")
    one.add_argument("file", metavar="FILE", type=Path)
    _add_key(one)
    one.add_argument("--entry", metavar="FILE", type=Path, help="the entry, if the receipt does not hold it")
    one.add_argument("--promise", metavar="FILE", type=Path, help="see that this promise was kept")
    one.add_argument("--door-key", metavar="VKEY", help="the key that signed the promise")
    one.add_argument("--json", action="store_true", help="print one JSON object")
    one.set_defaults(run=_verify_receipt)
    return parser


def _add_key(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--key",
        metavar="VKEY",
        action="append",
        required=True,
        help="the log's verifier key, or a file or web address whose first line it is; may be repeated",
    )


# ---- ledger verify -----------------------------------------------------------------------------------------


def _verify_log(options: argparse.Namespace) -> int:
    try:
        keys = [_key(value) for value in options.key]
        source = open_source(options.place)
    except (MalformedError, UnreachableError, NotPublishedError) as error:
        return _tell_log(options, Report(), error, _input_status(error))
    progress = _show_progress if sys.stderr.isatty() and not options.json else None
    try:
        report = verify(source, keys, full=options.full, state=options.state, progress=progress)
    except LedgerError as error:
        return _tell_log(options, error.report or Report(), error, _log_status(error))
    except OSError as error:
        failure = StateError(f"the memory cannot be used: {error}")
        return _tell_log(options, Report(), failure, MISUSED)
    return _tell_log(options, report, None, HOLDS)


def _log_status(error: LedgerError) -> int:
    checkpoint_is_missing = (
        isinstance(error, NotPublishedError) and error.report and error.report.size is None
    )
    if isinstance(error, UnreachableError) or checkpoint_is_missing:
        return UNREACHABLE
    return MISUSED if isinstance(error, StateError) else FAILS


def _input_status(error: LedgerError) -> int:
    return UNREACHABLE if isinstance(error, UnreachableError | NotPublishedError) else MISUSED


def _tell_log(options: argparse.Namespace, report: Report, error: LedgerError | None, status: int) -> int:
    if options.json:
        print(json.dumps(report.to_dict(error)))
        return status
    for check in report.checks:
        print(f"{'ok ' if check.ok else 'BAD'}  {check.name:<11} {_plain(check.detail)}")
    if error is None:
        print(f"The log holds: {report.size} entries, root {encode_base64(report.root or b'')}.")
        return status
    if isinstance(error, InconsistentError) and error.index is not None:
        print(f"The log does not hold. First bad entry: {error.index}.")
    elif status == FAILS:
        print("The log does not hold.")
    print(f"ledger: {_plain(str(error))}", file=sys.stderr)
    return status


def _show_progress(done: int, total: int) -> None:
    end = "\n" if done == total else ""
    print(f"\r{done} of {total} entries", end=end, file=sys.stderr, flush=True)


# ---- ledger restore ----------------------------------------------------------------------------------------


def _restore(options: argparse.Namespace) -> int:
    import psycopg  # the verifier's side does without

    from ledger.restore import restore

    progress = _show_progress if sys.stderr.isatty() and not options.json else None
    try:
        keys = [_key(value) for value in options.key]
        with psycopg.connect(options.database) as connection:
            done = restore(
                connection, open_source(options.place), keys, memory=options.memory, progress=progress
            )
    except psycopg.Error as error:
        return _tell_failure(options, UnreachableError(f"the database: {error}"), UNREACHABLE)
    except (UnreachableError, NotPublishedError) as error:
        return _tell_failure(options, error, UNREACHABLE)
    except MalformedError as error:
        return _tell_failure(options, error, MISUSED)
    except LedgerError as error:
        return _tell_failure(options, error, FAILS, "The database was not changed.")
    if options.json:
        print(json.dumps({"ok": True, "first": done.first, "until": done.until, "error": None}))
    elif done.count:
        print(
            f"Put back: entries {done.first} to {done.until - 1}. The ledger has {done.until} entries again."
        )
        print("Their bodies, and what they changed beside the ledger, are not in the log: reconcile those.")
    else:
        print(f"Nothing to put back: the database has the {done.checkpoint.size} published entries.")
    return HOLDS


# ---- ledger receipt verify ---------------------------------------------------------------------------------


def _verify_receipt(options: argparse.Namespace) -> int:
    try:
        verified = _checked_receipt(options)
    except MalformedError as error:
        return _tell_failure(options, error, MISUSED)
    except (UnreachableError, NotPublishedError) as error:
        return _tell_failure(options, error, UNREACHABLE)
    except LedgerError as error:
        return _tell_failure(options, error, FAILS)
    if options.json:
        print(json.dumps(_receipt_members(verified)))
    else:
        _tell_receipt(verified)
    return HOLDS


def _checked_receipt(options: argparse.Namespace) -> Verified:
    keys = [_key(value) for value in options.key]
    entry = _read(options.entry, ENTRY_LENGTH) if options.entry else None
    verified = verify_receipt(parse_receipt(_read(options.file, MAX_RECEIPT_LENGTH)), keys, entry=entry)
    if (options.promise is None) != (options.door_key is None):
        raise MalformedError("--promise and --door-key belong together")
    if options.promise is not None:
        promise = open_promise(_promise(_read(options.promise, MAX_RECEIPT_LENGTH)), _key(options.door_key))
        kept = (verified.checkpoint.origin, verified.index, verified.leaf)
        if (promise.origin, promise.index, promise.leaf) != kept:
            raise ProofError(
                f"the promise of entry {promise.index} is about something else than this receipt"
            )
    return verified


def _promise(data: bytes) -> bytes:
    """Return a promise's note, from a file that holds it or the base64 of the header `Ledger-Promise`."""
    try:
        return binascii.a2b_base64(data.strip(), strict_mode=True)
    except binascii.Error:
        return data


def _receipt_members(verified: Verified) -> dict[str, Any]:
    opening = verified.opening
    return {
        "ok": True,
        "origin": verified.checkpoint.origin,
        "size": verified.checkpoint.size,
        "root": encode_base64(verified.checkpoint.root),
        "index": verified.index,
        "leaf": encode_base64(verified.leaf),
        "opening": None if opening is None else opening.to_dict(),
        "error": None,
    }


def _tell_receipt(verified: Verified) -> None:
    checkpoint, opening = verified.checkpoint, verified.opening
    print(
        f"The receipt holds: entry {verified.index} of {checkpoint.origin}, in its log of {checkpoint.size}."
    )
    print(f"leaf {verified.leaf.hex()}")
    if opening is not None:
        print("What was recorded (opened with the salt in this receipt):")
        print(_body(opening.shared_body))
        if opening.subject is not None:
            print(_body(opening.subject.body))


def _body(body: bytes) -> str:
    """Return a recorded body as text that cannot steer a terminal."""
    try:
        return json.dumps(json.loads(body), indent=2, sort_keys=True, ensure_ascii=True)
    except (ValueError, RecursionError):
        return _plain(body.decode("utf-8", "backslashreplace"))


def _tell_failure(
    options: argparse.Namespace,
    error: LedgerError,
    status: int,
    verdict: str = "The receipt does not hold.",
) -> int:
    if options.json:
        print(json.dumps({"ok": False, "error": error_to_dict(error)}))
        return status
    if status == FAILS:
        print(verdict)
    print(f"ledger: {_plain(str(error))}", file=sys.stderr)
    return status


if __name__ == "__main__":
    sys.exit(main())
