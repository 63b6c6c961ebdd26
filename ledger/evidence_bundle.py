"""Evidence bundles: one zip with opened entries, what proves them, and words to read, to be checked offline.

    manifest        a note by the door: of each file that the door made, its SHA-256
    entries.json    the entries, opened leaf by leaf (`ledger.opened`), those they rest on, the erasures they name
    …               what else the door made of them: an index in plain words, decisions, who is who
    checkpoint      the log's signed checkpoint, with the cosignatures of its witnesses
    proofs.json     of each entry, by its index, the hashes that lead to the checkpoint's root

The text of the manifest is `ledger-evidence-bundle/v1`, the log's origin, and a line `<SHA-256, hex>  <name>` for
each file, by name. Checkpoint and proofs stand outside it: the log's own key vouches for them.
"""

from __future__ import annotations

import hmac
import json
import re
import struct
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from ledger.checkpoint import Checkpoint, open_checkpoint
from ledger.encoding import decode_hash, encode_base64
from ledger.errors import MalformedError, ProofError, SignatureError
from ledger.note import SigningKey, VerifierKey, open_note, sign_note
from ledger.opened import OpenedEntry, open_entry

HEADER = "ledger-evidence-bundle/v1"
MANIFEST, ENTRIES, CHECKPOINT, PROOFS = "manifest", "entries.json", "checkpoint", "proofs.json"
MAX_FILES = 20
MAX_LENGTH = 256 * 1024 * 1024
_MAX_PROOF_HASHES = 64
_NAME = re.compile(r"[a-z][a-z0-9_-]{0,40}(\.[a-z]{1,8})?")
_LINE = re.compile(r"([0-9a-f]{64})  (.+)")
# The three records of a zip (APPNOTE 6.3.3, sections 4.3.7, 4.3.12 and 4.3.16).
_LOCAL = struct.Struct("<4s5H3L2H")
_CENTRAL = struct.Struct("<4s6H3L5H2L")
_END = struct.Struct("<4s4H2LH")
_DEFLATED = (20, 0, 8, 0, 0x21)
"""Zip 2.0, no flags, deflated, of 1 January 1980, 0 o'clock: the same files give the same bytes."""
_UNIX, _PLAIN_FILE = 0x0314, 0o600 << 16


@dataclass(frozen=True, slots=True)
class Verified:
    """What a bundle that holds shows: so many entries asked for, and beside them those they rest on.

    `span` is given where a whole period was asked: from which entry to which none is left out.
    """

    checkpoint: Checkpoint
    note: bytes
    entries: tuple[OpenedEntry, ...]
    beside: tuple[OpenedEntry, ...]
    files: tuple[str, ...]
    span: tuple[int, int] | None

    @property
    def lost(self) -> list[int]:
        """Entries that stand in the log, but of which the house lost what they said."""
        return [one.index for one in self.entries if one.shared is None]


def sign_manifest(origin: str, files: Mapping[str, bytes], key: SigningKey) -> bytes:
    """Return the signed manifest over these files."""
    lines = [f"{sha256(content).hexdigest()}  {name}" for name, content in sorted(files.items())]
    return sign_note("\n".join([HEADER, origin, *lines]) + "\n", [key])


def write_proofs(proofs: Mapping[int, Sequence[bytes]]) -> bytes:
    """Return the file of the proofs: JSON, by index."""
    members = {str(index): [encode_base64(one) for one in proof] for index, proof in proofs.items()}
    return json.dumps(members, sort_keys=True, indent=1, ensure_ascii=True).encode() + b"\n"


def indexes(document: Any) -> list[int]:
    """Return the index of each entry in `entries.json`, of what they rest on too, each once.

    Raises:
        MalformedError: it is not in its form.
    """
    return sorted({open_entry(item).index for _, item in _items(document)})


def pack(files: Mapping[str, bytes]) -> bytes:
    """Return the zip of these files: each deflated behind its header, by name, then the directory, and nothing else."""
    packed, members = bytearray(), []
    for name, content in sorted(files.items()):
        deflate = zlib.compressobj(wbits=-zlib.MAX_WBITS)
        squeezed = deflate.compress(content) + deflate.flush()
        members.append(
            _Member(name.encode("ascii"), zlib.crc32(content), len(squeezed), len(content), len(packed))
        )
        packed += members[-1].header + squeezed
    return bytes(packed) + _directory(members)


def unpack(data: bytes) -> dict[str, bytes]:
    """Return the files of a bundle; nothing of them is trusted before `verify`.

    Only what `pack` writes is taken: zip programs disagree about every other zip (a zip before the zip, a second name
    in an extra field, a link), and one of them would show what nobody checked.

    Raises:
        MalformedError: no such zip, too many files or too long ones, a name twice or one that is no plain name.
    """
    files: dict[str, bytes] = {}
    members: list[_Member] = []
    at, left = 0, MAX_LENGTH
    while data[at : at + 4] == b"PK\x03\x04":
        if len(files) == MAX_FILES:
            raise MalformedError(f"a bundle has at most {MAX_FILES} files")
        member, content, end = _member(data, at, left)
        name = member.name.decode("latin-1")
        if not _NAME.fullmatch(name) or name in files:
            raise MalformedError(f"{name!r} stands twice in the bundle, or is no name of a file in it")
        files[name] = content
        members.append(member)
        at, left = end, left - len(content)
    if not files or list(files) != sorted(files) or data[at:] != _directory(members):
        raise MalformedError(_NOT_OURS)
    return files


_NOT_OURS = "this is no zip file as a bundle is: it is cut short, was packed again, or holds something more"


@dataclass(frozen=True, slots=True)
class _Member:
    """What the zip says of one file, twice: before its bytes and in the directory."""

    name: bytes
    crc: int
    squeezed: int
    length: int
    offset: int

    @property
    def header(self) -> bytes:
        told = (self.crc, self.squeezed, self.length, len(self.name))
        return _LOCAL.pack(b"PK\x03\x04", *_DEFLATED, *told, 0) + self.name

    @property
    def line(self) -> bytes:
        told = (self.crc, self.squeezed, self.length, len(self.name))
        about = (0, 0, 0, 0, _PLAIN_FILE, self.offset)
        return _CENTRAL.pack(b"PK\x01\x02", _UNIX, *_DEFLATED, *told, *about) + self.name


def _directory(members: Sequence[_Member]) -> bytes:
    """The end of a zip: a line for each file, and where these lines begin."""
    lines = b"".join(member.line for member in members)
    start = sum(len(member.header) + member.squeezed for member in members)
    return lines + _END.pack(b"PK\x05\x06", 0, 0, len(members), len(members), len(lines), start, 0)


def _member(data: bytes, at: int, left: int) -> tuple[_Member, bytes, int]:
    """The file whose header begins at `at`, of at most `left` bytes, and where its bytes end."""
    try:
        *_, squeezed, _length, name_length, _extra = _LOCAL.unpack_from(data, at)
        start = at + _LOCAL.size + name_length
        end = start + squeezed
        inflate = zlib.decompressobj(-zlib.MAX_WBITS)
        content = inflate.decompress(data[start:end], left + 1)  # the length that it claims proves nothing
    except (struct.error, zlib.error) as error:
        raise MalformedError(_NOT_OURS) from error
    if len(content) > left:
        raise MalformedError("the bundle is too long")
    name = data[at + _LOCAL.size : start]
    member = _Member(name, zlib.crc32(content), squeezed, len(content), at)
    if not inflate.eof or inflate.unused_data or data[at:start] != member.header:
        raise MalformedError(_NOT_OURS)
    return member, content, end


def verify(
    files: Mapping[str, bytes], log_keys: Sequence[VerifierKey], door_keys: Sequence[VerifierKey]
) -> Verified:
    """Check a bundle, and name the first thing that is wrong.

    Raises:
        MalformedError: a file is missing, or not in its form.
        SignatureError: manifest or checkpoint is not signed by its key.
        ProofError: a file was changed, added or left out; an entry is not the log's, or says something else.
    """
    # 1. what the door signed for
    _require(files, MANIFEST)
    origin, sums = _manifest(files[MANIFEST], door_keys)
    for name in sorted({*sums} | {ENTRIES, CHECKPOINT, PROOFS}):
        _require(files, name)
    for name in sorted(files.keys() - sums.keys() - {MANIFEST, CHECKPOINT, PROOFS}):
        raise ProofError(f"{name}: is not in the manifest: it was added")
    if ENTRIES not in sums:
        raise ProofError(f"{ENTRIES}: is not in the manifest")
    for name, expected in sums.items():
        if not hmac.compare_digest(sha256(files[name]).hexdigest(), expected):
            raise ProofError(f"{name}: was changed since the door signed for it")
    # 2. the log's word
    try:
        checkpoint = open_checkpoint(files[CHECKPOINT], log_keys)
    except (MalformedError, SignatureError) as error:
        raise type(error)(f"{CHECKPOINT}: {error}") from error
    if checkpoint.origin != origin:
        raise ProofError(f"{CHECKPOINT}: is of another log than the manifest")
    # 3. each entry: what is opened belongs to it, and it stands in that log
    document, proofs = _json(files, ENTRIES), _proofs(_json(files, PROOFS))
    seen: set[int] = set()
    found: dict[str, list[OpenedEntry]] = {"entries": [], "beside": []}
    for where, item in _items(document):
        one = _checked(item, checkpoint, proofs)
        seen.add(one.index)
        found["entries" if where == "entries" else "beside"].append(one)
    for index in sorted(proofs.keys() - seen):
        raise ProofError(f"{PROOFS}: proves entry {index}, which is not in the bundle")
    # 4. where all of a period was asked, that none between its bounds is left out
    span = _span(document, checkpoint, {one.index for one in found["entries"]})
    return Verified(
        checkpoint,
        files[CHECKPOINT],
        tuple(found["entries"]),
        tuple(found["beside"]),
        tuple(sorted(sums)),
        span,
    )


def _checked(item: Any, checkpoint: Checkpoint, proofs: Mapping[int, Sequence[bytes]]) -> OpenedEntry:
    told = item.get("index") if isinstance(item, dict) else None
    try:
        one = open_entry(item)
        if one.index not in proofs:
            raise ProofError("has no proof")
        one.verify_in(checkpoint.size, checkpoint.root, proofs[one.index])
    except (MalformedError, ProofError) as error:
        named = f"entry {told}" if type(told) is int else ENTRIES
        raise type(error)(f"{named}: {error}") from error
    return one


def _manifest(data: bytes, door_keys: Sequence[VerifierKey]) -> tuple[str, dict[str, str]]:
    try:
        header, origin, *lines = open_note(data, door_keys).text.removesuffix("\n").split("\n")
    except (MalformedError, SignatureError) as error:
        raise type(error)(f"{MANIFEST}: {error}") from error
    except ValueError as error:
        raise MalformedError(f"{MANIFEST}: is too short") from error
    sums: dict[str, str] = {}
    for line in lines:
        parts = _LINE.fullmatch(line)
        if parts is None or not _NAME.fullmatch(parts[2]) or parts[2] in sums:
            raise MalformedError(f"{MANIFEST}: a line is no SHA-256 and name, or names a file twice")
        sums[parts[2]] = parts[1]
    if header != HEADER or sums.keys() & {MANIFEST, CHECKPOINT, PROOFS}:
        raise MalformedError(f"{MANIFEST}: is no manifest of a bundle")
    return origin, sums


def _require(files: Mapping[str, bytes], name: str) -> None:
    if name not in files:
        raise ProofError(f"{name}: is not in the bundle")


def _json(files: Mapping[str, bytes], name: str) -> Any:
    try:
        return json.loads(files[name])
    except (ValueError, RecursionError) as error:
        raise MalformedError(f"{name}: is not JSON") from error


def _proofs(members: Any) -> dict[int, list[bytes]]:
    if not isinstance(members, dict):
        raise MalformedError(f"{PROOFS}: is no object")
    proofs: dict[int, list[bytes]] = {}
    for index, hashes in members.items():
        if not re.fullmatch("0|[1-9][0-9]{0,14}", index):
            raise MalformedError(f"{PROOFS}: an index is not canonical")
        if not isinstance(hashes, list) or len(hashes) > _MAX_PROOF_HASHES:
            raise MalformedError(f"{PROOFS}: a proof is a list of at most {_MAX_PROOF_HASHES} hashes")
        if not all(isinstance(one, str) for one in hashes):
            raise MalformedError(f"{PROOFS}: a hash is not a text")
        proofs[int(index)] = [decode_hash(one, "proof hash") for one in hashes]
    return proofs


def _items(document: Any) -> Iterator[tuple[str, Any]]:
    """Each opened entry of a document: those asked for, those they rest on, those that record an erasure."""
    if not isinstance(document, dict):
        raise MalformedError(f"{ENTRIES}: is no object")
    for where in ("entries", "support"):
        yield from ((where, item) for item in _list(document, where))
    for batch in _list(document, "erasures"):
        if not isinstance(batch, dict):
            raise MalformedError(f"{ENTRIES}: an erasure is no object")
        yield from (
            ("erasures", batch[part]) for part in ("begun", "executed") if batch.get(part) is not None
        )


def _list(document: dict[str, Any], name: str) -> list[Any]:
    found = document.get(name)
    if not isinstance(found, list):
        raise MalformedError(f"{ENTRIES}: {name} is no list")
    return found


def _span(document: dict[str, Any], checkpoint: Checkpoint, given: set[int]) -> tuple[int, int] | None:
    if document.get("is_whole") is not True:
        return None
    span = document.get("range")
    if not isinstance(span, list) or len(span) != 2 or not all(type(bound) is int for bound in span):
        raise MalformedError(f"{ENTRIES}: a whole period says from which entry to which it goes")
    if not 0 <= span[0] <= span[1] <= checkpoint.size:
        raise ProofError(f"{ENTRIES}: goes further than the signed checkpoint")
    for index in range(*span):
        if index not in given:
            raise ProofError(f"entry {index}: was left out")
    return span[0], span[1]
