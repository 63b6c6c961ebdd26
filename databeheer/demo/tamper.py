"""What somebody with every right on the machine can do to the log, done to a copy; and who finds out.

    change    another entry in one place, in the database and in the published entries
    remove    one entry gone, the later ones moved up, in both
    swap      two neighbours changed places, in both
    rewrite   the whole end written anew, tiles rebuilt and signed with the log's real key
    rollback  the end cut off, tiles rebuilt and signed with the log's real key
    head      the database's head row set back, and nothing else

The first three are done without the log's key. Against the last ones only a memory helps: that of whoever
verified before (`--state`), and the published files beside the database.
"""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from databeheer.demo.copying import Copy, Original, copied
from databeheer.errors import DatabeheerError
from databeheer.site.home import Home
from databeheer.site.house import Storage
from ledger.audit import audit
from ledger.entry import chain as chained
from ledger.entry import parse
from ledger.errors import LedgerError
from ledger.postgres import PostgresEntries
from ledger.publisher import Publisher
from ledger.report import Report
from ledger.tiles import TILE_WIDTH, TileDirectory, bundle_path, encode_bundle, tile_width
from ledger.tree import leaf_hash
from ledger.verifier import verify

SMALLEST = 8
_TAIL = 12


class TamperError(DatabeheerError):
    """The tampering cannot be shown: an unknown kind, or a log that is too short."""

    code = "malformed-request"


@dataclass(frozen=True)
class Tampering:
    """One kind of harm: what the entries become, and whether it is signed anew."""

    forge: Callable[[list[bytes], int], list[bytes]]
    is_signed_anew: bool = False


def _change(entries: list[bytes], index: int) -> list[bytes]:
    forged = chained([secrets.token_bytes(32)], parse(entries[index]).previous)[0][0]
    return [*entries[:index], forged, *entries[index + 1 :]]


def _remove(entries: list[bytes], index: int) -> list[bytes]:
    return entries[:index] + entries[index + 1 :]


def _swap(entries: list[bytes], index: int) -> list[bytes]:
    return [*entries[:index], entries[index + 1], entries[index], *entries[index + 2 :]]


def _rewrite(entries: list[bytes], index: int) -> list[bytes]:
    new = [secrets.token_bytes(32) for _ in entries[index:]]
    return entries[:index] + [entry for entry, _ in chained(new, leaf_hash(entries[index - 1]))]


def _cut(entries: list[bytes], index: int) -> list[bytes]:
    return entries[:index]


KINDS: dict[str, Tampering] = {
    "change": Tampering(_change),
    "remove": Tampering(_remove),
    "swap": Tampering(_swap),
    "rewrite": Tampering(_rewrite, is_signed_anew=True),
    "rollback": Tampering(_cut, is_signed_anew=True),
}
HEAD = "head"
NAMES = (*KINDS, HEAD)


def show(home: Home, storage: Storage, kind: str) -> dict[str, Any]:
    """Tamper with a copy of the demo's log and say which check finds it and at which entry."""
    original = Original(storage.url("superuser"), home.ledger, home.log_signer())
    return tamper(original, kind, home.path / "scratch")


def tamper(original: Original, kind: str, scratch: Path, index: int | None = None) -> dict[str, Any]:
    """Copy a log, verify the copy honestly, do harm at `index` (by default about the middle), verify and audit.

    Returns `steps` (what was done), the reports `before`, `without_memory`, `verify` and `audit` as
    `ledger verify --json` prints them (of the audit its first step, without bodies), and `found`: by which of the
    two, which check, at which entry.

    Raises:
        TamperError: unknown kind, or fewer than eight published entries.
    """
    if kind not in NAMES:
        raise TamperError("there is no such tampering")
    with copied(original, scratch) as copy:
        size = copy.checkpoint.size
        if size < SMALLEST:
            raise TamperError(f"the log is too short: {size} entries, at least {SMALLEST} are needed")
        before = _verified(copy, copy.state)
        at = index if index is not None else _place(kind, size)
        _do(copy, kind, at)
        results = {
            "without_memory": _verified(copy, None),
            "verify": _verified(copy, copy.state),
            "audit": _audited(copy),
        }
    return {
        "kind": kind,
        "size": size,
        "index": at,
        "signed_anew": kind in KINDS and KINDS[kind].is_signed_anew,
        "before": before,
        **results,
        "found": _found(results),
    }


def _place(kind: str, size: int) -> int:
    """Where to do harm: about the middle, or the last few entries where the end is at stake."""
    if kind in ("rewrite", "rollback", HEAD):
        return size - min(_TAIL, size // 4)
    return size // 2


def _do(copy: Copy, kind: str, index: int) -> None:
    if kind == HEAD:
        copy.set_head(index)
        return
    tampering = KINDS[kind]
    entries = tampering.forge(copy.entries(), index)
    copy.replace_rows(entries)
    if tampering.is_signed_anew:
        _publish_anew(copy)
    else:
        _replace_bundles(copy, entries)


def _replace_bundles(copy: Copy, entries: list[bytes]) -> None:
    """Put the forged entries into the published bundles; tiles and signature stay: their key is elsewhere."""
    size = copy.checkpoint.size
    for number in range(-(-size // TILE_WIDTH)):
        forged = entries[number * TILE_WIDTH : (number + 1) * TILE_WIDTH]
        data = encode_bundle(forged) if forged else b""
        published = copy.public / bundle_path(number, tile_width(size, 0, number))
        if published.exists():
            published.write_bytes(data)
        else:  # the partial one was dropped when the bundle became full
            (copy.public / bundle_path(number)).write_bytes(data)


def _publish_anew(copy: Copy) -> None:
    """Build all tiles anew and sign with the real key: what a thief of the publisher's machine can do."""
    shutil.rmtree(copy.public)
    entries = PostgresEntries(copy.connect)
    try:
        Publisher(entries, copy.public, [copy.key], copy.key.name, copy.folder / "memory").publish()
    finally:
        entries.close()


def _verified(copy: Copy, state: Path | None) -> dict[str, Any]:
    """What `ledger verify DIR --full [--state DIR] --json` says."""
    return _outcome(lambda: verify(TileDirectory(copy.public), [copy.key.verifier], full=True, state=state))


def _audited(copy: Copy) -> dict[str, Any]:
    """What the first step of `databeheer ledger audit` says: the database's entries beside the published ones.

    Its second step has the door open the bodies. There is no door on the copy, so that step is not made here.
    """
    entries = PostgresEntries(copy.connect)
    try:
        return _outcome(lambda: audit(entries, TileDirectory(copy.public), [copy.key.verifier]))
    finally:
        entries.close()


def _outcome(check: Callable[[], Report]) -> dict[str, Any]:
    try:
        return check().to_dict()
    except LedgerError as error:
        return (error.report or Report()).to_dict(error)


def _found(results: dict[str, dict[str, Any]]) -> dict[str, Any] | None:
    """Which of the two finds it: the one that names an entry, the verifier before the audit."""
    failed = [
        {"by": by, "check": one["name"], "index": one["index"], "detail": one["detail"]}
        for by in ("verify", "audit")
        for one in results[by]["checks"]
        if not one["ok"]
    ]
    return next((one for one in failed if one["index"] is not None), failed[0] if failed else None)
