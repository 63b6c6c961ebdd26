"""`ledger bundle verify`: an evidence bundle, checked offline; a changed one is refused with what is wrong."""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from ledger.commands.inputs import add_key, plain, read_door_keys, read_file, read_keys, read_policy
from ledger.encoding import encode_base64
from ledger.evidence_bundle import MAX_LENGTH, Verified, unpack, verify


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> argparse.ArgumentParser:
    """Declare the command."""
    bundles = commands.add_parser("bundle", help="work with evidence bundles")
    one = bundles.add_subparsers(required=True, metavar="COMMAND").add_parser(
        "verify", help="verify an evidence bundle (.zip), offline"
    )
    one.add_argument("file", metavar="FILE", type=Path)
    add_key(one)
    one.add_argument(
        "--door-key",
        metavar="VKEY",
        required=True,
        help="the door's verifier key, or a file or web address that has it, alone or behind the log's",
    )
    one.add_argument("--policy", metavar="FILE", help="see that the witnesses of this policy cosigned it")
    one.add_argument("--json", action="store_true", help="print one JSON object")
    return one


def checked(options: argparse.Namespace) -> str:
    """Run the check and return what to print; raises what `ledger.evidence_bundle.verify` raises."""
    keys = read_keys(options.key)
    files = unpack(read_file(options.file, MAX_LENGTH))
    found = verify(files, keys, read_door_keys(options.door_key))
    policy = None if options.policy is None else read_policy(options.policy)
    cosigned = policy.check(found.note, int(time.time()), keys).times if policy else None
    if options.json:
        return json.dumps(_members(found, cosigned))
    return "\n".join(_lines(found, cosigned))


def _members(found: Verified, cosigned: Mapping[str, int] | None) -> dict[str, object]:
    return {
        "ok": True,
        "origin": found.checkpoint.origin,
        "size": found.checkpoint.size,
        "root": encode_base64(found.checkpoint.root),
        "entries": [one.index for one in found.entries],
        "beside": sorted({one.index for one in found.beside}),
        "lost": found.lost,
        "range": found.span,
        "files": list(found.files),
        "cosigned": None if cosigned is None else dict(cosigned),
        "error": None,
    }


def _lines(found: Verified, cosigned: Mapping[str, int] | None) -> Iterator[str]:
    origin = plain(found.checkpoint.origin)
    yield (
        f"The bundle holds: {len(found.entries)} entries of {origin}, each in its log of {found.checkpoint.size},"
        " and what is opened belongs to each."
    )
    yield f"the door signed for: {', '.join(found.files)}"
    if found.beside:
        yield f"beside them: {len({one.index for one in found.beside})} entries that they rest on"
    if found.span:
        yield f"a whole period: none left out from entry {found.span[0]} to {found.span[1] - 1}"
    else:
        yield "a choice of entries: it does not show that there are no others"
    if found.lost:
        yield f"lost: what {len(found.lost)} of them said is not known any more"
    if cosigned is None:
        yield "witnesses: not checked, no --policy was given"
    else:
        names = ", ".join(plain(name) for name in sorted(cosigned)) or "none"
        yield f"witnesses: the policy's quorum is met ({names})"
