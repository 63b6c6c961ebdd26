"""The command `ledger`: verify a published log, a receipt, or an evidence bundle. Standard library and PyNaCl only.

`restore` alone needs psycopg: it is the operator's, not the outsider's.

Exit status: 0 it holds, 1 it does not, 2 wrong use or malformed input, 3 the log cannot be reached.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ledger.commands import chain as chain_command
from ledger.commands import evidence_bundle as bundle_command
from ledger.commands import logs, monitor, witness
from ledger.commands.inputs import (
    FAILS,
    HOLDS,
    MISUSED,
    UNREACHABLE,
    add_key,
    promise_note,
    read_door_keys,
    read_policy,
)
from ledger.commands.inputs import plain as _plain
from ledger.commands.inputs import read_file as _read
from ledger.commands.inputs import read_keys as _keys
from ledger.encoding import encode_base64
from ledger.entry import ENTRY_LENGTH
from ledger.errors import (
    LedgerError,
    MalformedError,
    NotPublishedError,
    ProofError,
    UnreachableError,
)
from ledger.policy import Policy
from ledger.progress import progress_bar
from ledger.promise import Promise, open_promise
from ledger.receipt import MAX_RECEIPT_LENGTH, Verified
from ledger.receipt import parse as parse_receipt
from ledger.receipt import verify as verify_receipt
from ledger.report import error_to_dict
from ledger.sources import open_source


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status."""
    options = _parser().parse_args(arguments)
    run: Callable[[argparse.Namespace], int] = options.run
    try:
        status = run(options)
        sys.stdout.flush()
        return status
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:  # `| head` has read enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # nothing more is written at the end
        return 141


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="ledger",
        description="Checks a tamper-evident log (C2SP tlog-tiles) and its receipts.",
        epilog="Exit status: 0 it holds, 1 it does not, 2 wrong use or malformed input, 3 cannot be reached.",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    logs.add(commands)

    restore = commands.add_parser("restore", help="put back what an older backup of the database lost")
    restore.add_argument("place", metavar="URL|DIR", help="where the log is published, without /checkpoint")
    add_key(restore)
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
    monitor.add_to(commands)

    receipts = commands.add_parser("receipt", help="work with receipts").add_subparsers(
        required=True, metavar="COMMAND"
    )
    one = receipts.add_parser("verify", help="verify a receipt (.tlog-proof), offline")
    one.add_argument("file", metavar="FILE", type=Path)
    add_key(one)
    one.add_argument("--entry", metavar="FILE", type=Path, help="the entry, if the receipt does not hold it")
    one.add_argument("--policy", metavar="FILE", help="see that the witnesses of this policy cosigned it")
    one.add_argument("--promise", metavar="FILE", type=Path, help="see that this promise was kept")
    one.add_argument("--door-key", metavar="VKEY", help="the key that signed the promise")
    one.add_argument("--json", action="store_true", help="print one JSON object")
    one.set_defaults(run=_verify_receipt)

    chain = chain_command.add(receipts)
    add_key(chain)
    chain.set_defaults(run=_verify_chain)

    bundle_command.add(commands).set_defaults(run=_verify_bundle)
    return parser


# ---- ledger restore ----------------------------------------------------------------------------------------


def _restore(options: argparse.Namespace) -> int:
    import psycopg  # the verifier's side does without

    from ledger.restore import restore

    try:
        keys = _keys(options.key)
        with psycopg.connect(options.database) as connection, progress_bar(not options.json) as progress:
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


@dataclass(frozen=True)
class _Checked:
    """A receipt that holds, and what else it was held against: None where that was not given."""

    receipt: Verified
    policy: Policy | None
    cosigned: Mapping[str, int]
    promise: Promise | None


def _verify_receipt(options: argparse.Namespace) -> int:
    try:
        checked = _checked_receipt(options)
    except LedgerError as error:
        return _tell_receipt_failure(options, error)
    if options.json:
        print(json.dumps(_receipt_members(checked)))
    else:
        _tell_receipt(checked)
    return HOLDS


def _checked_receipt(options: argparse.Namespace) -> _Checked:
    keys = _keys(options.key)
    entry = _read(options.entry, ENTRY_LENGTH) if options.entry else None
    receipt = parse_receipt(_read(options.file, MAX_RECEIPT_LENGTH))
    verified = verify_receipt(receipt, keys, entry=entry)
    policy = None if options.policy is None else read_policy(options.policy)
    cosigned = policy.check(receipt.checkpoint, int(time.time()), keys).times if policy else {}
    if (options.promise is None) != (options.door_key is None):
        raise MalformedError("--promise and --door-key belong together")
    promise = None
    if options.promise is not None:
        promise = open_promise(
            promise_note(_read(options.promise, MAX_RECEIPT_LENGTH)), *read_door_keys(options.door_key)
        )
        kept = (verified.checkpoint.origin, verified.index, verified.leaf)
        if (promise.origin, promise.index, promise.leaf) != kept:
            raise ProofError(
                f"the promise of entry {promise.index} is about something else than this receipt"
            )
    return _Checked(verified, policy, cosigned, promise)


def _receipt_members(checked: _Checked) -> dict[str, Any]:
    verified, promise = checked.receipt, checked.promise
    opening = verified.opening
    return {
        "ok": True,
        "origin": verified.checkpoint.origin,
        "size": verified.checkpoint.size,
        "root": encode_base64(verified.checkpoint.root),
        "index": verified.index,
        "leaf": encode_base64(verified.leaf),
        "opening": None if opening is None else opening.to_dict(),
        "cosigned": None if checked.policy is None else dict(checked.cosigned),
        "promise": None if promise is None else {"kept": True, "deadline": promise.deadline_unix},
        "error": None,
    }


def _tell_receipt(checked: _Checked) -> None:
    verified = checked.receipt
    checkpoint, opening = verified.checkpoint, verified.opening
    print(
        f"The receipt holds: entry {verified.index} of {checkpoint.origin}, in its log of {checkpoint.size}."
    )
    for line in _what_was_checked(checked):
        print(line)
    print(f"leaf {encode_base64(verified.leaf)}")
    if opening is not None:
        print("What was recorded (opened with the salt in this receipt):")
        print(_body(opening.shared_body))
        if opening.subject is not None:
            print(_body(opening.subject.body))


def _what_was_checked(checked: _Checked) -> list[str]:
    """Name each check, and those that were not made because nothing was given to make them with."""
    policy, names = checked.policy, ", ".join(_plain(name) for name in sorted(checked.cosigned))
    if policy is None:
        witnesses = "witnesses: not checked, no --policy was given"
    elif policy.quorum is None:
        witnesses = "witnesses: the policy asks for none"
    else:
        many = f"{len(checked.cosigned)} of the policy's {len(policy.witnesses)}"
        witnesses = f"witnesses: cosigned by {many} ({names}); its quorum is met"
    kept = "not checked, no --promise was given" if checked.promise is None else "kept by this entry"
    return ["receipt: the log's signature and the proof hold", witnesses, f"promise: {kept}"]


def _body(body: bytes) -> str:
    """Return a recorded body as text that cannot steer a terminal."""
    try:
        return json.dumps(json.loads(body), indent=2, sort_keys=True, ensure_ascii=True)
    except (ValueError, RecursionError):
        return _plain(body.decode("utf-8", "backslashreplace"))


def _verify_chain(options: argparse.Namespace) -> int:
    try:
        print(chain_command.checked(options))
    except LedgerError as error:
        return _tell_receipt_failure(options, error, "The receipts do not hold together.")
    return HOLDS


def _verify_bundle(options: argparse.Namespace) -> int:
    try:
        print(bundle_command.checked(options))
    except LedgerError as error:
        return _tell_receipt_failure(options, error, "The bundle does not hold.")
    return HOLDS


def _tell_receipt_failure(
    options: argparse.Namespace, error: LedgerError, verdict: str = "The receipt does not hold."
) -> int:
    if isinstance(error, MalformedError):
        return _tell_failure(options, error, MISUSED)
    unreachable = isinstance(error, UnreachableError | NotPublishedError)
    return _tell_failure(options, error, UNREACHABLE if unreachable else FAILS, verdict)


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
