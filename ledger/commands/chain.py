"""`ledger receipt chain verify`: from one's receipts, that nothing between the first and the last is missing."""

from __future__ import annotations

import argparse
import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path

from ledger.chain import Chain, verify_chains
from ledger.commands.inputs import plain, read_door_keys, read_file, read_keys
from ledger.encoding import encode_base64
from ledger.errors import MalformedError
from ledger.receipt import MAX_RECEIPT_LENGTH
from ledger.subject_head import MAX_HEAD_LENGTH

MAX_ARCHIVE_LENGTH = 256 * 1024 * 1024
MAX_RECEIPTS = 100_000
_SUFFIX = ".tlog-proof"


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> argparse.ArgumentParser:
    """Declare the command, its `--key` excepted."""
    chain = commands.add_parser("chain", help="work with all receipts of one person")
    one = chain.add_subparsers(required=True, metavar="COMMAND").add_parser(
        "verify", help="show that no statement is missing between the first and the last receipt"
    )
    one.add_argument(
        "files", metavar="FILE", nargs="+", type=Path, help="receipts (.tlog-proof), or a .zip of them"
    )
    one.add_argument(
        "--door-key",
        metavar="VKEY",
        required=True,
        help="the door's verifier key, or a file or web address that has it, alone or behind the log's",
    )
    one.add_argument(
        "--head",
        metavar="FILE",
        type=Path,
        action="append",
        default=[],
        help="a subject head kept from before",
    )
    one.add_argument(
        "--part", action="store_true", help="these are of one stretch only: newer ones are not missed"
    )
    one.add_argument("--json", action="store_true", help="print one JSON object")
    return one


def checked(options: argparse.Namespace) -> str:
    """Run the check and return what to print; raises what `verify_chains` raises."""
    chains = verify_chains(
        _receipts(options.files),
        read_keys(options.key),
        read_door_keys(options.door_key),
        heads=[read_file(path, MAX_HEAD_LENGTH) for path in options.head],
        part=options.part,
    )
    if options.json:
        return json.dumps({"ok": True, "chains": [_members(chain) for chain in chains], "error": None})
    return "\n".join(line for chain in chains for line in _lines(chain))


def _receipts(paths: list[Path]) -> Iterator[bytes]:
    count = 0
    for path in paths:
        for data in _in_file(path):
            count += 1
            if count > MAX_RECEIPTS:
                raise MalformedError(f"more than {MAX_RECEIPTS} receipts at once")
            yield data


def _in_file(path: Path) -> Iterator[bytes]:
    if path.suffix != ".zip":
        yield read_file(path, MAX_RECEIPT_LENGTH)
        return
    try:
        with zipfile.ZipFile(io.BytesIO(read_file(path, MAX_ARCHIVE_LENGTH))) as archive:
            for name in archive.namelist():
                if name.endswith(_SUFFIX):
                    with archive.open(name) as member:  # the length that it claims proves nothing
                        data = member.read(MAX_RECEIPT_LENGTH + 1)
                    if len(data) > MAX_RECEIPT_LENGTH:
                        raise MalformedError("a receipt in the archive is too long")
                    yield data
    except (
        zipfile.BadZipFile,
        zipfile.LargeZipFile,
        EOFError,
        OSError,
        RuntimeError,
        NotImplementedError,
    ) as error:
        raise MalformedError(f"{path} is not a whole zip file") from error


def _members(chain: Chain) -> dict[str, object]:
    return {
        "origin": chain.origin,
        "subject": encode_base64(chain.subject),
        "first": chain.first,
        "last": chain.last,
        "newest": chain.newest,
    }


def _lines(chain: Chain) -> Iterator[str]:
    yield (
        f"The chain holds: statements {chain.first} to {chain.last} of subject {encode_base64(chain.subject)}"
        f" in {plain(chain.origin)}, none missing."
    )
    if chain.first > 1:
        yield f"Not shown: statements 1 to {chain.first - 1}."
    if chain.newest > chain.last:
        yield f"Not shown: statements {chain.last + 1} to {chain.newest}, the newest that the door told of."
    else:
        yield f"Statement {chain.last} is the newest that the door told of."
