"""Every way of being malformed has an error of its own, that says what is wrong."""

from __future__ import annotations

import gzip
from base64 import b64encode
from collections.abc import Callable

import pytest

from ledger.checkpoint import open_checkpoint, parse_checkpoint
from ledger.encoding import decode_hash
from ledger.entry import parse as parse_entry
from ledger.errors import LedgerError, MalformedError, NotPublishedError, ProofError
from ledger.fetch import gunzip
from ledger.note import SigningKey, sign_note
from ledger.paths import parse_path
from ledger.receipt import parse as parse_receipt
from ledger.tiles import TileReader, split_bundle
from ledger.tree import inclusion_proof, verify_consistency, verify_inclusion
from tests.ledger.flips import InMemory
from tests.ledger.logs import ORIGIN

KEY = SigningKey(ORIGIN, bytes(range(32)))
ROOT = b64encode(bytes(32)).decode()
HASH = bytes(32)
TEXT = f"{ORIGIN}\n3\n{ROOT}\n"
NOTE = sign_note(TEXT, [KEY]).decode()


def note(text: str) -> Callable[[], object]:
    return lambda: open_checkpoint(text.encode(), [KEY.verifier])


def size(spelled: str) -> Callable[[], object]:
    return lambda: parse_checkpoint(f"{ORIGIN}\n{spelled}\n{ROOT}\n")


def root(spelled: str) -> Callable[[], object]:
    return lambda: decode_hash(spelled, "root hash")


def index(spelled: str) -> Callable[[], object]:
    return lambda: parse_receipt(f"c2sp.org/tlog-proof@v1\nindex {spelled}\n\n{NOTE}".encode())


def tile(data: bytes) -> Callable[[], object]:
    return lambda: TileReader(InMemory({"tile/0/000.p/3": data}), 3).tile(0, 0)


MALFORMED: list[tuple[str, Callable[[], object], type[LedgerError], str]] = [
    ("a note with CRLF", note(NOTE.replace("\n", "\r\n")), MalformedError, "not in CR LF"),
    ("a checkpoint with CRLF", lambda: parse_checkpoint(TEXT.replace("\n", "\r\n")), MalformedError, "not in CR LF"),
    ("a hyphen for the em dash", note(NOTE.replace("\u2014", "-")), MalformedError, "not with U+002D"),
    ("an en dash for the em dash", note(NOTE.replace("\u2014", "\u2013")), MalformedError, "not with U+2013"),
    ("a note without signature", note(TEXT + "\n"), MalformedError, "a note is a text, an empty line and"),
    ("a note too long", note("x" * 1_000_001), MalformedError, "the note is too long"),
    ("too many signatures", note(NOTE + NOTE.split("\n\n")[1] * 100), MalformedError, "more than 100 signatures"),
    ("a note with a tab", note(NOTE.replace("/", "\t")), MalformedError, "no control character"),
    ("a checkpoint without root", lambda: parse_checkpoint(f"{ORIGIN}\n3\n"), MalformedError, "has the lines origin"),
    ("size 03", size("03"), MalformedError, "tree size has a leading zero"),
    ("size +5", size("+5"), MalformedError, "tree size has a sign"),
    ("size -5", size("-5"), MalformedError, "tree size has a sign"),
    ("size in Arabic digits", size("\u0664\u0662"), MalformedError, "tree size has digits other than the ASCII"),
    ("size with a space", size("5 "), MalformedError, "tree size is not a decimal number"),
    ("size of sixteen digits", size("1" * 16), MalformedError, "tree size has more than fifteen digits"),
    ("index 07", index("07"), MalformedError, "index has a leading zero"),
    ("index +7", index("+7"), MalformedError, "index has a sign"),
    ("index in full-width digits", index("\uff17"), MalformedError, "not ASCII before its checkpoint"),
    ("an empty index", index(""), MalformedError, "index is empty"),
    ("a root without padding", root(ROOT[:-1]), MalformedError, "root hash lacks the padding of its base64"),
    ("a root with too much padding", root(ROOT + "="), MalformedError, "root hash has padding that"),
    ("a root in URL-safe base64", root("-_" + ROOT[2:]), MalformedError, "root hash is in the URL-safe base64"),
    ("a root with a space", root(ROOT[:9] + " " + ROOT[10:]), MalformedError, "root hash holds what base64 has not"),
    ("a root with bits too many", root("A" * 42 + "B="), MalformedError, "root hash has bits set behind"),
    ("a root of 31 bytes", root(b64encode(bytes(31)).decode()), MalformedError, "root hash is not 32 bytes"),
    ("a partial tile of no hashes, asked for", lambda: parse_path("tile/0/000.p/0"), MalformedError, "is never empty"),
    ("a partial tile of 256", lambda: parse_path("tile/0/000.p/256"), MalformedError, "at most 255 hashes"),
    ("a width with a zero", lambda: parse_path("tile/0/000.p/07"), MalformedError, "width has a leading zero"),
    ("a level with a zero", lambda: parse_path("tile/07/000"), MalformedError, "level has a leading zero"),
    ("level 64", lambda: parse_path("tile/64/000"), MalformedError, "level is 0 to 63"),
    ("an index with a zero", lambda: parse_path("tile/0/x000/005"), MalformedError, "tile's index has a leading zero"),
    ("a path with a height", lambda: parse_path("tile/8/0/000"), MalformedError, "has no height in it"),
    ("the name of static-ct", lambda: parse_path("tile/data/000"), MalformedError, "bundles are at tile/entries"),
    ("a path in Arabic digits", lambda: parse_path("tile/0/\u0660\u0660\u0660"), MalformedError, "other than ASCII"),
    ("a path with a sign", lambda: parse_path("tile/+5/000"), MalformedError, "tile's path has a sign"),
    ("an empty tile", tile(b""), MalformedError, "is empty, which no tile is"),
    ("a tile cut short", tile(bytes(95)), MalformedError, "has not 3 hashes"),
    ("no tile", lambda: TileReader(InMemory({}), 3).tile(0, 0), NotPublishedError, "tile/0/000.p/3"),
    ("a tile beyond the size", lambda: TileReader(InMemory({}), 3).tile(0, 1), ProofError, "3 entries has no tile 1"),
    ("a bundle cut short", lambda: split_bundle(b"\x00\x05abc"), MalformedError, "cut short in its entry 0"),
    ("an empty bundle", lambda: split_bundle(b""), MalformedError, "a bundle has 1 to 256 entries"),
    ("an entry too short", lambda: parse_entry(b"{}"), MalformedError, "an entry has 109 bytes, not 2"),
    (
        "an index beyond the size",
        lambda: inclusion_proof(TileReader(InMemory({}), 3), 3, 3),
        ProofError,
        "a tree of 3 entries has no entry 3",
    ),
    ("a proof too short", lambda: verify_inclusion(0, 4, HASH, [HASH], HASH), ProofError, "proof has too few hashes"),
    ("a proof too long", lambda: verify_inclusion(0, 1, HASH, [HASH], HASH), ProofError, "proof has too many hashes"),
    ("a proof to another root", lambda: verify_inclusion(0, 1, HASH, [], bytes([1]) * 32), ProofError, "does not lead"),
    ("a hash of 31 bytes", lambda: verify_inclusion(0, 2, HASH, [HASH[1:]], HASH), MalformedError, "proof hash is not"),
    ("an empty proof", lambda: verify_consistency(3, 5, HASH, HASH, []), ProofError, "consistency proof is empty"),
    ("a log that shrinks", lambda: verify_consistency(5, 3, HASH, HASH, []), ProofError, "does not extend one of 5"),
    ("gzip cut short", lambda: gunzip("it", gzip.compress(HASH)[:-1], 99), MalformedError, "gzip that was cut short"),
    ("gzip damaged", lambda: gunzip("it", b"none", 99), MalformedError, "damaged gzip"),
    ("gzip and more", lambda: gunzip("it", gzip.compress(HASH) + b"x", 99), MalformedError, "behind its gzip"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("make", "error", "says"), [row[1:] for row in MALFORMED], ids=[row[0] for row in MALFORMED]
)
def test_what_is_malformed_says_how(make: Callable[[], object], error: type[LedgerError], says: str) -> None:
    with pytest.raises(error) as caught:
        make()
    assert says in str(caught.value)


def test_no_two_ways_of_being_malformed_are_told_alike() -> None:
    """Except where they are the same: both signs, and both kinds of text with CR LF."""
    told = [says for _, _, _, says in MALFORMED]
    assert len(told) - len(set(told)) == 2
