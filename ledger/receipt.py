"""Receipts: that one entry is in the log, to be checked offline (c2sp.org/tlog-proof@v1, `.tlog-proof`).

The `extra` line of ours is JSON with the entry and what opens it, so that a receipt explains itself. It is not
authenticated by the format: `verify` ties the entry to the proof, and the opening to the entry.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ledger.checkpoint import Checkpoint, open_checkpoint
from ledger.commitment import MAX_OPENING_LENGTH, Opening
from ledger.encoding import decode_base64, decode_hash, encode_base64, parse_number
from ledger.entry import parse as parse_entry
from ledger.errors import MalformedError, NotPublishedError, ProofError
from ledger.note import VerifierKey
from ledger.sources import Source
from ledger.subject_head import MAX_HEAD_LENGTH
from ledger.tiles import MAX_CHECKPOINT_LENGTH, TileReader
from ledger.tree import inclusion_proof, leaf_hash, verify_inclusion

FIRST_LINE = "c2sp.org/tlog-proof@v1"
MAX_RECEIPT_LENGTH = 2_000_000
_MAX_PROOF_HASHES = 64


@dataclass(frozen=True, slots=True)
class Receipt:
    """A parsed `.tlog-proof`; nothing of it is trusted before `verify`."""

    index: int
    proof: tuple[bytes, ...]
    checkpoint: bytes
    extra: bytes | None = None


@dataclass(frozen=True, slots=True)
class Verified:
    """What a verified receipt shows: the checkpoint, where the entry stands, and what opens it (if told).

    `head` is the subject head that came with it, a note that was not checked: that takes the door's key
    (`ledger.subject_head`).
    """

    checkpoint: Checkpoint
    index: int
    leaf: bytes
    entry: bytes | None
    opening: Opening | None
    head: bytes | None = None


@dataclass(frozen=True, slots=True)
class Extra:
    """What an `extra` of ours tells: the entry, what opens it, the door's word on the subject's newest entry."""

    entry: bytes | None = None
    opening: Opening | None = None
    head: bytes | None = None


def build(index: int, proof: Sequence[bytes], checkpoint: bytes, extra: bytes | None = None) -> bytes:
    """Return the bytes of a receipt; `checkpoint` is the signed note verbatim, cosignatures included."""
    lines = [FIRST_LINE]
    if extra is not None:
        lines.append(f"extra {encode_base64(extra)}")
    lines.append(f"index {index}")
    lines += [encode_base64(one) for one in proof]
    return ("\n".join(lines) + "\n\n").encode("ascii") + checkpoint


def parse(data: bytes) -> Receipt:
    """Parse a receipt; raises MalformedError for any other spelling than the specified one."""
    if len(data) > MAX_RECEIPT_LENGTH:
        raise MalformedError("the receipt is too long")
    if data.startswith(b"%PDF"):
        raise MalformedError(
            "this is the PDF to read, which proves nothing: give the file that ends in .tlog-proof"
        )
    head, gap, checkpoint = data.partition(b"\n\n")
    if not gap:
        raise MalformedError("the receipt has no empty line before its checkpoint")
    try:
        first, *lines = head.decode("ascii").split("\n")
    except UnicodeDecodeError as error:
        raise MalformedError("the receipt is not ASCII before its checkpoint") from error
    if first != FIRST_LINE:
        raise MalformedError(f"a receipt begins with the line {FIRST_LINE}")
    extra = None
    if lines and lines[0].startswith("extra "):
        extra = decode_base64(lines.pop(0).removeprefix("extra "), "extra")
    if not lines or not lines[0].startswith("index "):
        raise MalformedError("a receipt tells the index of its entry")
    index = parse_number(lines.pop(0).removeprefix("index "), "index")
    if len(lines) > _MAX_PROOF_HASHES:
        raise MalformedError("the proof has too many hashes")
    return Receipt(index, tuple(decode_hash(line, "proof hash") for line in lines), checkpoint, extra)


def verify(
    receipt: Receipt, vkeys: Sequence[VerifierKey], *, leaf: bytes | None = None, entry: bytes | None = None
) -> Verified:
    """Check a receipt for the entry or leaf hash that is given, or else for the one in its own `extra`.

    Raises:
        MalformedError: the checkpoint or the extra is not in its format, or no entry is told.
        SignatureError: the checkpoint is not signed by the log under its own origin.
        ProofError: the entry is not at that index, or the opening is not that of the entry.
    """
    checkpoint = open_checkpoint(receipt.checkpoint, vkeys)
    extra = parse_extra(receipt.extra) if receipt.extra is not None else Extra()
    opening = extra.opening
    entry = entry if entry is not None else extra.entry
    own_leaf = leaf if entry is None else leaf_hash(entry)
    if own_leaf is None:
        raise MalformedError("the receipt does not tell its entry; give the entry or its leaf hash")
    if leaf is not None and leaf != own_leaf:
        raise ProofError("the entry does not have the leaf hash that was given")
    verify_inclusion(receipt.index, checkpoint.size, own_leaf, receipt.proof, checkpoint.root)
    if opening is not None:
        if entry is None:
            raise MalformedError("the receipt opens an entry that it does not tell")
        opening.verify(parse_entry(entry).commitment)
    return Verified(checkpoint, receipt.index, own_leaf, entry, opening, extra.head)


def make_extra(entry: bytes, opening: Opening | None = None, head: bytes | None = None) -> bytes:
    """Return the `extra` of a receipt that explains itself: the entry, and if given what opens it and a head."""
    members: dict[str, Any] = {"v": 1, "entry": encode_base64(entry)}
    if opening is not None:
        members["opening"] = opening.to_dict()
    if head is not None:
        members["head"] = encode_base64(head)
    return json.dumps(members, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode("ascii")


def parse_extra(extra: bytes) -> Extra:
    """Return what an `extra` tells; nothing for another application's extra.

    Raises:
        MalformedError: JSON of ours with something else in it.
    """
    if len(extra) > MAX_OPENING_LENGTH + 1024 + 2 * MAX_HEAD_LENGTH:
        raise MalformedError("the extra is too long")
    try:
        members: Any = json.loads(extra)
    except (ValueError, RecursionError):
        return Extra()
    if not isinstance(members, dict) or "entry" not in members:
        return Extra()
    if not set(members) <= {"v", "entry", "opening", "head"} or members.get("v") != 1:
        raise MalformedError("the extra of the receipt has other members than it should have")
    opening = members.get("opening")
    return Extra(
        _bytes(members["entry"], "entry"),
        None if opening is None else Opening.from_dict(opening),
        None if members.get("head") is None else _bytes(members["head"], "head"),
    )


def _bytes(value: Any, what: str) -> bytes:
    if not isinstance(value, str):
        raise MalformedError(f"the {what} in the receipt is not a text")
    return decode_base64(value, what)


def from_log(
    source: Source,
    vkeys: Sequence[VerifierKey],
    index: int,
    entry: bytes,
    opening: Opening | None = None,
    head: bytes | None = None,
) -> bytes:
    """Return the receipt of entry `index` under the newest published checkpoint, verified.

    Raises:
        NotPublishedError: the checkpoint does not cover this entry yet; ask again at the next beat.
        ProofError: the published log has another entry there, or the opening is not that of the entry.
        MalformedError, SignatureError, UnreachableError: the published log is not in order.
    """
    note = source.fetch("checkpoint", MAX_CHECKPOINT_LENGTH)
    checkpoint = open_checkpoint(note, vkeys)
    if index >= checkpoint.size:
        raise NotPublishedError(f"entry {index} is not in the published checkpoint yet")
    proof = inclusion_proof(TileReader(source, checkpoint.size), index, checkpoint.size)
    data = build(index, proof, note, make_extra(entry, opening, head))
    verify(parse(data), vkeys)
    return data
