"""Signed notes: a text with signature lines under it (c2sp.org/signed-note v1.0.0, Ed25519 only)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

from nacl.exceptions import BadSignatureError, CryptoError
from nacl.signing import SigningKey as Ed25519SigningKey
from nacl.signing import VerifyKey as Ed25519VerifyKey

from ledger.encoding import HASH_LENGTH, decode_base64, encode_base64, encode_text, require_hash
from ledger.errors import MalformedError, SignatureError

ED25519 = b"\x01"
MAX_SIGNATURES = 100
MAX_NOTE_LENGTH = 1_000_000
_DASH = "\u2014"  # em dash; a hyphen or an en dash begins no signature line
_OTHER_DASHES = ("-", "--", "\u2010", "\u2011", "\u2012", "\u2013", "\u2015", "\u2212")
_CONTROL = re.compile("[\x00-\x09\x0b-\x1f]")
_KEY_ID = re.compile("[0-9a-f]{8}")


def check_name(name: str) -> str:
    """Return `name` if it can name a key: not empty, no Unicode space, no control character, no plus sign."""
    encode_text(name, "key name")
    if not name or "+" in name or any(letter.isspace() or letter < " " for letter in name):
        raise MalformedError("a key name is not empty and has no space and no plus sign")
    return name


def key_id(name: str, kind: bytes, public_key: bytes) -> bytes:
    """Return the first four bytes of SHA-256(name ‖ LF ‖ kind ‖ public key)."""
    return sha256(name.encode() + b"\n" + kind + public_key).digest()[:4]


def write_vkey(name: str, kind: bytes, public_key: bytes) -> str:
    """Return the verifier key `name+hash+base64` of a key of the type `kind`."""
    return f"{name}+{key_id(name, kind, public_key).hex()}+{encode_base64(kind + public_key)}"


def read_vkey(vkey: str, kind: bytes) -> tuple[str, bytes]:
    """Return name and public key of a verifier key whose type is `kind`.

    Raises:
        MalformedError: not a verifier key, another type than `kind`, or its hash does not fit.
    """
    name, plus, rest = vkey.partition("+")
    told_id, plus2, data_text = rest.partition("+")  # the base64 may itself hold plus signs
    if not plus or not plus2 or not _KEY_ID.fullmatch(told_id):
        raise MalformedError("a verifier key reads name+hash+base64, the hash in 8 lower-case hex digits")
    data = decode_base64(data_text, "verifier key")
    if len(data) != 1 + HASH_LENGTH or data[:1] != kind:
        raise MalformedError(f"the verifier key is not an Ed25519 key of type 0x{kind.hex()}")
    if key_id(check_name(name), kind, data[1:]).hex() != told_id:
        raise MalformedError("the verifier key's hash does not fit its name and key: mistyped?")
    return name, data[1:]


def check_signature(name: str, public_key: bytes, text: str, signature: bytes) -> None:
    """Raise SignatureError unless `signature` is by this Ed25519 key, over exactly the bytes of `text`."""
    try:
        Ed25519VerifyKey(public_key).verify(encode_text(text, "note"), signature)
    except (BadSignatureError, CryptoError, ValueError) as error:
        raise SignatureError(f"the signature of {name!r} does not verify") from error


def signature_line(name: str, own_id: bytes, signature: bytes) -> str:
    """Return em dash, name, and base64 of key ID and signature, with its LF."""
    return f"{_DASH} {name} {encode_base64(own_id + signature)}\n"


@dataclass(frozen=True)
class VerifierKey:
    """A public key that notes are checked against: name, key ID and Ed25519 public key."""

    name: str
    public_key: bytes

    def __post_init__(self) -> None:
        check_name(self.name)
        require_hash(self.public_key, "public key")

    @property
    def key_id(self) -> bytes:
        """The first four bytes of SHA-256(name ‖ LF ‖ 0x01 ‖ public key)."""
        return key_id(self.name, ED25519, self.public_key)

    def __str__(self) -> str:
        return write_vkey(self.name, ED25519, self.public_key)

    @classmethod
    def parse(cls, vkey: str) -> VerifierKey:
        """Parse `name+hash+base64`, as printed by `str()`.

        Raises:
            MalformedError: not a verifier key, not Ed25519, or its hash does not fit.
        """
        return cls(*read_vkey(vkey, ED25519))

    def verify(self, text: str, signature: bytes) -> None:
        """Raise SignatureError unless `signature` is this key's over exactly the bytes of `text`."""
        check_signature(self.name, self.public_key, text, signature)


class SigningKey:
    """A named Ed25519 key that signs notes. The seed never shows in its repr."""

    def __init__(self, name: str, seed: bytes) -> None:
        self._key = Ed25519SigningKey(require_hash(seed, "seed"))
        self.verifier = VerifierKey(name, bytes(self._key.verify_key))

    @property
    def name(self) -> str:
        return self.verifier.name

    @property
    def vkey(self) -> str:
        """The verifier key to publish, `name+hash+base64`."""
        return str(self.verifier)

    def sign(self, text: str) -> str:
        """Return the signature line over `text`, with its LF."""
        signature = self._key.sign(encode_text(text, "note")).signature
        return signature_line(self.name, self.verifier.key_id, signature)

    def __repr__(self) -> str:
        return f"SigningKey({self.vkey})"


@dataclass(frozen=True, slots=True)
class Note:
    """An opened note: its text, and the names of the given keys that signed it, in the order of the lines."""

    text: str
    verified: tuple[str, ...]


def sign_note(text: str, keys: Sequence[SigningKey]) -> bytes:
    """Return `text`, an empty line and one signature line per key.

    Raises:
        MalformedError: no key, a text that does not end in LF, or a control character in it.
    """
    if not keys:
        raise MalformedError("a note has at least one signature")
    if not text.endswith("\n"):
        raise MalformedError("the text of a note ends in a line feed")
    _check_characters(text)
    return encode_text(text + "\n" + "".join(key.sign(text) for key in keys), "note")


def open_note(data: bytes, keys: Sequence[VerifierKey]) -> Note:
    """Return the note, once at least one of `keys` has signed it; lines by unknown keys are ignored.

    Raises:
        MalformedError: not a note: CRLF, no empty line, a malformed signature line, more than 100 of them.
        SignatureError: none of the keys signed, or one of them signed something else.
    """
    text, lines = split_note(data)
    known = {(key.name, key.key_id): key for key in keys}
    verified: list[str] = []
    for name, told_id, signature in [parse_line(line) for line in lines]:
        key = known.pop((name, told_id), None)  # a second line by the same key counts for nothing
        if key is not None:
            key.verify(text, signature)
            verified.append(name)
    if not verified:
        raise SignatureError("the note bears no signature by a key that you trust")
    return Note(text, tuple(verified))


def _check_characters(text: str) -> None:
    if "\r" in text:
        raise MalformedError("the lines of a note end in a line feed alone, not in CR LF")
    if _CONTROL.search(text):
        raise MalformedError("a note has no control character other than the line feed")


def split_note(data: bytes) -> tuple[str, list[str]]:
    """Return the text of a note and its signature lines, not yet parsed and without their LF.

    Raises:
        MalformedError: not a note.
    """
    if len(data) > MAX_NOTE_LENGTH:
        raise MalformedError("the note is too long")
    try:
        whole = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise MalformedError("the note is not UTF-8") from error
    _check_characters(whole)
    text, gap, signatures = whole.rpartition("\n\n")
    if not gap or not signatures.endswith("\n"):
        raise MalformedError("a note is a text, an empty line and signature lines, each ended by a line feed")
    lines = signatures[:-1].split("\n")
    if len(lines) > MAX_SIGNATURES:
        raise MalformedError(f"the note has more than {MAX_SIGNATURES} signatures")
    return text + "\n", lines


def parse_line(line: str) -> tuple[str, bytes, bytes]:
    """Return key name, key ID and signature of one signature line; raises MalformedError for another line."""
    parts = line.split(" ")
    if parts[0] in _OTHER_DASHES:
        raise MalformedError(
            f"a signature line begins with the em dash U+2014, not with U+{ord(line[0]):04X}"
        )
    if len(parts) != 3 or parts[0] != _DASH:
        raise MalformedError("a signature line reads: em dash, space, key name, space, base64")
    signature = decode_base64(parts[2], "signature")
    if len(signature) < 5:
        raise MalformedError("a signature line is cut short")
    return check_name(parts[1]), signature[:4], signature[4:]
