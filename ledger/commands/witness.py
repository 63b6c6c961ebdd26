"""`ledger witness`: run a witness, make its key, check evidence of a split view."""

from __future__ import annotations

import argparse
import errno
import json
import re
import signal
import socket
import sys
import threading
import time
from pathlib import Path
from typing import Any

from ledger.checkpoint import Checkpoint
from ledger.commands.inputs import FAILS, HOLDS, MISUSED, UNREACHABLE, plain, read_file, read_keys
from ledger.encoding import encode_base64
from ledger.errors import LedgerError, MalformedError, NotPublishedError, StateError, UnreachableError
from ledger.evidence import MAX_EVIDENCE_LENGTH, SplitView, read_evidence
from ledger.report import error_to_dict
from ledger.witness.core import Witness
from ledger.witness.keyfile import make_key_file, read_key_file
from ledger.witness.server import WitnessServer

_BIND = re.compile(r"(?P<host>[0-9A-Za-z.-]+):(?P<port>0|[1-9][0-9]{0,4})")


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `witness` and its subcommands."""
    parser = commands.add_parser("witness", help="run a witness, or check the evidence that one kept")
    witness = parser.add_subparsers(required=True, metavar="COMMAND")

    key = witness.add_parser("key", help="make a witness's key in a new file, and print its verifier key")
    key.add_argument("file", metavar="FILE", type=Path)
    key.add_argument(
        "--name", required=True, help="the key's name, such as the witness's address without https://"
    )
    key.set_defaults(run=_make_key)

    serve = witness.add_parser("serve", help="cosign what logs show, over HTTP, until SIGTERM")
    serve.add_argument("--key", metavar="FILE", type=Path, required=True, help="made by `ledger witness key`")
    serve.add_argument(
        "--state", metavar="DIR", type=Path, required=True, help="never put an older copy back"
    )
    serve.add_argument(
        "--log",
        metavar="VKEY",
        action="append",
        required=True,
        help="a log's verifier key, or a file or web address whose first line it is; may be repeated",
    )
    serve.add_argument("--bind", metavar="HOST:PORT", default="127.0.0.1:8070")
    serve.set_defaults(run=_serve)

    evidence = witness.add_parser("evidence", help="work with evidence of a split view")
    one = evidence.add_subparsers(required=True, metavar="COMMAND")
    verify = one.add_parser("verify", help="verify evidence of a split view, offline")
    verify.add_argument("file", metavar="FILE", type=Path)
    verify.add_argument(
        "--key",
        metavar="VKEY",
        action="append",
        required=True,
        help="the log's verifier key; may be repeated",
    )
    verify.add_argument("--json", action="store_true", help="print one JSON object")
    verify.set_defaults(run=_verify_evidence)


def _make_key(options: argparse.Namespace) -> int:
    try:
        key = make_key_file(options.file, options.name)
    except LedgerError as error:
        return _tell(error)
    print(key.vkey)
    return HOLDS


def _serve(options: argparse.Namespace) -> int:
    match = _BIND.fullmatch(options.bind)
    if match is None or int(match["port"]) > 65535:
        return _tell(MalformedError("--bind takes HOST:PORT"))
    try:
        logs = read_keys(options.log)
        with (
            Witness(read_key_file(options.key), logs, options.state, lambda: int(time.time())) as witness,
            WitnessServer((match["host"], int(match["port"])), witness) as server,
        ):
            print(f"{witness.vkey}\nlistens on {server.url}", file=sys.stderr, flush=True)
            _run(server)
    except LedgerError as error:
        return _tell(error)
    except OSError as error:
        return _tell(StateError(_cannot_listen(options.bind, error)))
    return HOLDS


def _cannot_listen(bind: str, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"another program listens on {bind} already; name another address with --bind HOST:PORT"
    if error.errno in (errno.EADDRNOTAVAIL, errno.EACCES) or isinstance(error, socket.gaierror):
        return f"cannot listen on {bind}: {error.strerror}; name another address with --bind HOST:PORT"
    return f"cannot start: {error}"


def _run(server: WitnessServer) -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        # shutdown() waits for the loop that this very thread runs
        signal.signal(number, lambda *_: threading.Thread(target=server.shutdown).start())
    server.serve_forever(poll_interval=0.2)


def _verify_evidence(options: argparse.Namespace) -> int:
    try:
        keys = read_keys(options.key)
        evidence = read_evidence(read_file(options.file, MAX_EVIDENCE_LENGTH))
        if not isinstance(evidence, SplitView):
            raise MalformedError("this is evidence of something else: see `ledger monitor verify`")
        first, second = evidence.verify(keys)
    except LedgerError as error:
        return _tell_evidence(options, error)
    if options.json:
        members = {"ok": True, "kind": "split-view", "first": _members(first), "second": _members(second)}
        print(json.dumps(members | {"error": None}))
    else:
        print("The evidence holds: this log signed two histories.")
        for one in (first, second):
            print(plain(f"{one.origin} of {one.size} entries, root {encode_base64(one.root)}"))
    return HOLDS


def _members(checkpoint: Checkpoint) -> dict[str, Any]:
    return {
        "origin": checkpoint.origin,
        "size": checkpoint.size,
        "root": encode_base64(checkpoint.root),
    }


def _tell_evidence(options: argparse.Namespace, error: LedgerError) -> int:
    if options.json:
        print(json.dumps({"ok": False, "error": error_to_dict(error)}))
        return _status(error)
    if _status(error) == FAILS:
        print("The evidence does not hold.")
    return _tell(error)


def _tell(error: LedgerError) -> int:
    print(f"ledger: {plain(str(error))}", file=sys.stderr)
    return _status(error)


def _status(error: LedgerError) -> int:
    if isinstance(error, MalformedError | StateError):
        return MISUSED
    return UNREACHABLE if isinstance(error, UnreachableError | NotPublishedError) else FAILS
