"""The one spelling of numbers, hashes and base64 in everything that is hashed or signed."""

from __future__ import annotations

import binascii
import re

from ledger.errors import MalformedError

HASH_LENGTH = 32

# int() also takes "+42", "4_2", " 42" and "٤٢": several spellings of one number.
# Fifteen digits stay below 2^53.
_NUMBER = re.compile("0|[1-9][0-9]{0,14}")
_BASE64_LETTERS = re.compile("[A-Za-z0-9+/]*")
_URL_SAFE_LETTERS = re.compile("[A-Za-z0-9_-]*")


def parse_number(text: str, what: str = "number") -> int:
    """Return the non-negative integer that `text` spells in decimal, without sign, space or leading zero.

    Raises:
        MalformedError: any other spelling, or more than fifteen digits; says which.
    """
    if not _NUMBER.fullmatch(text):
        raise MalformedError(f"{what} {_what_is_wrong(text)}")
    return int(text)


def _what_is_wrong(text: str) -> str:
    """Return why a text is not the one spelling of a number."""
    if not text:
        return "is empty"
    if text[0] in "+-":
        return "has a sign"
    if text.isdigit() and not text.isascii():
        return "has digits other than the ASCII digits 0 to 9"
    if not text.isascii() or not text.isdigit():
        return "is not a decimal number"
    if text[0] == "0":
        return "has a leading zero"
    return "has more than fifteen digits"


def encode_base64(data: bytes) -> str:
    """Return the RFC 4648 section 4 base64 of `data`, with padding, on one line."""
    return binascii.b2a_base64(data, newline=False).decode("ascii")


def decode_base64(text: str, what: str = "base64") -> bytes:
    """Return the bytes that `text` encodes in canonical, padded base64.

    Raises:
        MalformedError: missing padding, foreign characters, or bits set behind the last byte; says which.
    """
    try:
        data = binascii.a2b_base64(text.encode("ascii"), strict_mode=True)
    except (binascii.Error, UnicodeEncodeError) as error:
        raise MalformedError(f"{what} {_what_is_wrong_in_base64(text)}") from error
    # strict_mode still lets unused bits behind the last byte pass: two spellings of one value.
    if encode_base64(data) != text:
        raise MalformedError(f"{what} has bits set behind the last byte of its base64")
    return data


def _what_is_wrong_in_base64(text: str) -> str:
    """Return why a text is not base64 at all."""
    letters = text.rstrip("=")
    if _BASE64_LETTERS.fullmatch(letters):
        needed = -len(letters) % 4
        if len(text) - len(letters) < needed < 3:
            return "lacks the padding of its base64"
        return "has padding that its base64 should not have" if needed < 3 else "is base64 that was cut short"
    if _URL_SAFE_LETTERS.fullmatch(letters):
        return "is in the URL-safe base64, which is not ours"
    return "holds what base64 has not"


def decode_hash(text: str, what: str = "hash") -> bytes:
    """Return the 32 bytes that `text` encodes in canonical base64; raises MalformedError otherwise."""
    data = decode_base64(text, what)
    if len(data) != HASH_LENGTH:
        raise MalformedError(f"{what} is not {HASH_LENGTH} bytes")
    return data


def require_hash(value: bytes, what: str = "hash") -> bytes:
    """Return `value` if it is 32 bytes; raises MalformedError otherwise."""
    if len(value) != HASH_LENGTH:
        raise MalformedError(f"{what} is not {HASH_LENGTH} bytes")
    return value


def encode_text(text: str, what: str = "text") -> bytes:
    """Return the UTF-8 bytes of `text`; raises MalformedError for a lone surrogate."""
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise MalformedError(f"{what} is not valid Unicode") from error
