"""What a custodian keeps: one share of an epoch key, on paper.

55 bytes, in Crockford's base 32, eleven lines of eight characters and two check characters; neither case nor
hyphens nor spaces count, and O, I, L are read as 0 and 1:

    format (1) | print of the epoch key (8) | split (4) | epoch (4) | of (1) | needed (1) | number (1)
    | share (32) | check (3)

That the share is the one that was given out is not in it: the store keeps a hash of each (`custody`).
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

from databeheer.door.keys.epochs import KEY_LENGTH, PRINT_LENGTH, KeyStoreError

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_FORMAT = 1
_LENGTH = 55
_CHECK = 3
_LINE = 5
_READ_AS = str.maketrans({"O": "0", "I": "1", "L": "1", "-": None, " ": None, "\t": None})


class ShareError(KeyStoreError):
    """A share cannot be used: mistyped, of another store or split, twice, too few, or forged; nothing changed."""


@dataclass(frozen=True)
class Share:
    """One share; `needed` of `count` open the epoch key whose print it bears."""

    fingerprint: bytes
    split: bytes
    epoch: int
    count: int
    needed: int
    number: int
    value: bytes

    def digest(self) -> bytes:
        """The hash by which the store knows this share; of a random value, so it tells nothing of it."""
        return hashlib.blake2b(self._body(), person=b"custody-share", digest_size=16).digest()

    def text(self) -> str:
        """The share as it is printed: what it is in words, then its lines, numbered."""
        body = self._body()
        whole = body + _check(body, _CHECK)
        lines = [whole[at : at + _LINE] for at in range(0, _LENGTH, _LINE)]
        head = (
            f"databeheer: share {self.number} of {self.count} of the key store {self.fingerprint.hex()}, epoch"
            f" {self.epoch}, split {self.split.hex()}.\n"
            f"Any {self.needed} shares open it. Keep this apart from the others, and from every backup.\n\n"
        )
        return head + "".join(f"{at:>3}: {_spelled(at, line)}\n" for at, line in enumerate(lines, start=1))

    def _body(self) -> bytes:
        numbers = bytes([self.count, self.needed, self.number])
        return (
            bytes([_FORMAT])
            + self.fingerprint
            + self.split
            + self.epoch.to_bytes(4, "big")
            + numbers
            + self.value
        )


def read(text: str) -> Share:
    """Read a share as it was printed, or typed in again from its paper.

    Raises:
        ShareError: a line is missing or mistyped, by its number; or it is no share.
    """
    found: dict[int, bytes] = {}
    for line in text.splitlines():
        match = re.fullmatch(r"\s*([0-9]{1,2})\s*[:.]\s*([0-9A-Za-z \t-]+)", line)
        if match is None:
            continue
        at, spelled = int(match[1]), match[2].upper().translate(_READ_AS)
        if at in found:
            raise ShareError(f"line {at} stands there twice")
        found[at] = _line(at, spelled)
    expected = range(1, _LENGTH // _LINE + 1)
    for at in expected:
        if at not in found:
            raise ShareError(f"line {at} of the share is not there" if found else "this is no share")
    if set(found) != set(expected):
        raise ShareError("this share has too many lines")
    return _parsed(b"".join(found[at] for at in expected))


def _parsed(whole: bytes) -> Share:
    body = whole[:-_CHECK]
    if whole[-_CHECK:] != _check(body, _CHECK):
        raise ShareError("the lines of this share do not belong together")
    if body[0] != _FORMAT:
        raise ShareError("this share is of a format that is not known here")
    at = 1 + PRINT_LENGTH
    count, needed, number = body[at + 8 : at + 11]
    epoch = int.from_bytes(body[at + 4 : at + 8], "big")
    share = Share(body[1:at], body[at : at + 4], epoch, count, needed, number, body[-KEY_LENGTH:])
    if not 2 <= share.needed <= share.count or not 1 <= share.number <= share.count:
        raise ShareError("this share counts in a way that no split does")
    return share


def _spelled(at: int, line: bytes) -> str:
    characters = _base32(int.from_bytes(line, "big"), 8) + _base32(_line_check(at, line), 2)
    return f"{characters[:4]}-{characters[4:8]}-{characters[8:]}"


def _line(at: int, spelled: str) -> bytes:
    if len(spelled) != 10 or not set(spelled) <= set(ALPHABET):
        raise ShareError(f"line {at} of the share is mistyped: ten characters, none of them U")
    line = _number(spelled[:8]).to_bytes(_LINE, "big")
    if _line_check(at, line) != _number(spelled[8:]):
        raise ShareError(f"line {at} of the share is mistyped")
    return line


def _line_check(at: int, line: bytes) -> int:
    """Ten bits that tell a mistyped line, or one in another's place."""
    return int.from_bytes(_check(bytes([at]) + line, 2), "big") >> 6


def _check(content: bytes, size: int) -> bytes:
    return hashlib.blake2b(content, person=b"share-check", digest_size=size).digest()


def _base32(number: int, size: int) -> str:
    return "".join(ALPHABET[number >> 5 * at & 31] for at in reversed(range(size)))


def _number(characters: str) -> int:
    number = 0
    for character in characters:
        number = number << 5 | ALPHABET.index(character)
    return number
