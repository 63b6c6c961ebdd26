"""What goes over the wire between a log and a witness: the request `add-checkpoint`, and the size in an answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

from ledger.encoding import decode_hash, encode_base64, parse_number
from ledger.errors import MalformedError

MAX_PROOF_LINES = 63
MAX_REQUEST_LENGTH = 100_000
SIZE_TYPE = "text/x.tlog.size"
TEXT_TYPE = "text/plain; charset=utf-8"


@dataclass(frozen=True, slots=True)
class AddCheckpoint:
    """A checkpoint's note, and a consistency proof from the size that the witness cosigned last."""

    old_size: int
    proof: tuple[bytes, ...]
    note: bytes


def write_request(old_size: int, proof: Sequence[bytes], note: bytes) -> bytes:
    """Return the body of POST add-checkpoint."""
    lines = [f"old {old_size}", *(encode_base64(one) for one in proof)]
    return ("\n".join(lines) + "\n\n").encode("ascii") + note


def parse_request(body: bytes) -> AddCheckpoint:
    """Parse the body of POST add-checkpoint; its checkpoint is not looked into.

    Raises:
        MalformedError: any other spelling, more than 63 hashes, or more than MAX_REQUEST_LENGTH bytes.
    """
    if len(body) > MAX_REQUEST_LENGTH:
        raise MalformedError(f"the request is longer than {MAX_REQUEST_LENGTH} bytes")
    head, gap, note = body.partition(b"\n\n")
    if not gap:
        raise MalformedError("no empty line before the checkpoint")
    try:
        first, *lines = head.decode("ascii").split("\n")
    except UnicodeDecodeError as error:
        raise MalformedError("the lines before the checkpoint are not ASCII") from error
    if not first.startswith("old "):
        raise MalformedError("a request begins with the line: old <size>")
    old_size = parse_number(first.removeprefix("old "), "old size")
    if len(lines) > MAX_PROOF_LINES:
        raise MalformedError(f"the proof has more than {MAX_PROOF_LINES} hashes")
    return AddCheckpoint(old_size, tuple(decode_hash(line, "proof hash") for line in lines), note)


def parse_size_answer(body: bytes) -> int:
    """Return the size that an answer of the type text/x.tlog.size tells; raises MalformedError for another."""
    if not body.endswith(b"\n"):
        raise MalformedError("the size does not end in a line feed")
    return parse_number(body[:-1].decode("ascii", "replace"), "tree size")


def read_path(origin: str) -> str:
    """Return the path below a witness's prefix at which it shows the newest checkpoint of `origin`."""
    return f"{sha256(origin.encode()).hexdigest()}/checkpoint"
