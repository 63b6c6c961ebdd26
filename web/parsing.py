"""Strict reading of what arrives over HTTP: one spelling, or a problem that says where it went wrong.

Nothing here trusts a byte: wrong UTF-8, a byte-order mark, a key given twice, NaN, numbers of a million digits,
a thousand brackets, control characters and lone surrogates all raise `MalformedBodyError`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any, NoReturn
from urllib.parse import unquote_to_bytes

from werkzeug.exceptions import RequestEntityTooLarge, UnsupportedMediaType
from werkzeug.wrappers import Request

from web.problems import MalformedBodyError

MAX_BODY_BYTES = 64 * 1024
MAX_DEPTH = 16
MAX_FIELDS = 64
MAX_NUMBER_DIGITS = 18
_PLAIN_NAME = re.compile("[A-Za-z][A-Za-z_-]{0,39}")


def malformed(where: str, detail: str) -> MalformedBodyError:
    """Return the error for one place: `where` is a JSON pointer or the name of a parameter or header."""
    return MalformedBodyError(f"{where}: {detail}", ({"where": where, "detail": detail},))


def read_body(request: Request, media_type: str, *, largest: int = MAX_BODY_BYTES) -> bytes:
    """Return the body if it has this media type, no foreign charset and a bearable size.

    Raises:
        UnsupportedMediaType, RequestEntityTooLarge: told as 415 and 413.
    """
    if request.mimetype != media_type:
        raise UnsupportedMediaType(f"send the body as {media_type}")
    charset = request.mimetype_params.get("charset", "utf-8")
    if charset.lower() not in {"utf-8", "utf8"}:
        raise UnsupportedMediaType("send the body in UTF-8")
    if request.content_encoding not in (None, "", "identity"):
        raise UnsupportedMediaType("send the body without a Content-Encoding")
    if (request.content_length or 0) > largest:
        raise RequestEntityTooLarge(f"a body has at most {largest} bytes")
    data = request.get_data(cache=True)
    if len(data) > largest:
        raise RequestEntityTooLarge(f"a body has at most {largest} bytes")
    return data


def read_document(request: Request, media_types: Iterable[str], longest: int) -> bytes:
    """Return a body that is a document of one of these media types, of at most `longest` bytes.

    Raises:
        UnsupportedMediaType, RequestEntityTooLarge: told as 415 and 413.
        MalformedBodyError: it is empty.
    """
    if request.mimetype not in media_types:
        raise UnsupportedMediaType(f"send the document as one of {', '.join(sorted(media_types))}")
    if request.content_encoding not in (None, "", "identity"):
        raise UnsupportedMediaType("send the document without a Content-Encoding")
    request.max_content_length = longest
    if (request.content_length or 0) > longest:
        raise RequestEntityTooLarge(f"a document has at most {longest} bytes")
    data = request.get_data(cache=False)
    if not data:
        raise malformed("body", "there is no document in it")
    return data


def parse_json_object(data: bytes) -> dict[str, Any]:
    """Read one JSON object (RFC 8259), strictly.

    Raises:
        MalformedBodyError: anything else.
    """
    text = _utf8(data, "body")
    _refuse_depth(text)
    try:
        value = json.loads(
            text, object_pairs_hook=_unique_keys, parse_constant=_no_constant, parse_int=_bounded_integer
        )
    except MalformedBodyError:
        raise
    except (ValueError, RecursionError) as error:
        raise malformed("/", "this is not JSON") from error
    if not isinstance(value, dict):
        raise malformed("/", "the body is one JSON object")
    _refuse_strange_text(value, "")
    return value


def parse_pairs(data: bytes, where: str) -> dict[str, str]:
    """Read a query string or a form: each name once, percent-encoded UTF-8, nothing else.

    Raises:
        MalformedBodyError: a name given twice, wrong percent-encoding or UTF-8, control characters.
    """
    fields: dict[str, str] = {}
    pairs = [pair for pair in data.split(b"&") if pair]
    if len(pairs) > MAX_FIELDS:
        raise malformed(where, f"at most {MAX_FIELDS} fields")
    for pair in pairs:
        raw_name, _, raw_value = pair.partition(b"=")
        name, value = _percent_decoded(raw_name, where), _percent_decoded(raw_value, where)
        if name in fields:
            raise malformed(where, f"{_named('a field', name)} is given twice")
        fields[name] = value
    return fields


def fold_names(fields: Mapping[str, str], known: Iterable[str], where: str) -> dict[str, str]:
    """Return `fields` under the spelling of `known`, whatever case the caller used.

    Raises:
        MalformedBodyError: an unknown name, or one given twice in different case.
    """
    spelling = {name.lower(): name for name in known}
    folded: dict[str, str] = {}
    for name, value in fields.items():
        proper = spelling.get(name.lower())
        if proper is None:
            raise malformed(where, f"unknown parameter; known are {', '.join(sorted(spelling.values()))}")
        if proper in folded:
            raise malformed(proper, "given twice")
        folded[proper] = value
    return folded


def _utf8(data: bytes, where: str) -> str:
    try:
        return data.decode("utf-8", errors="strict")
    except UnicodeDecodeError as error:
        raise malformed(where, "this is not UTF-8") from error


def _percent_decoded(raw: bytes, where: str) -> str:
    for position in (index for index, byte in enumerate(raw) if byte == 0x25):
        digits = raw[position + 1 : position + 3]
        if len(digits) != 2 or not all(byte in b"0123456789abcdefABCDEF" for byte in digits):
            raise malformed(where, "wrong percent-encoding")
    text = _utf8(unquote_to_bytes(raw.replace(b"+", b" ")), where)
    if _is_strange(text):
        raise malformed(where, "control characters are not allowed")
    return text


def _refuse_depth(text: str) -> None:
    # Before the parser, which recurses. Brackets inside strings count too: no honest body has that many.
    depth = 0
    for character in text:
        if character in "[{":
            depth += 1
            if depth > MAX_DEPTH:
                raise malformed("/", f"nested deeper than {MAX_DEPTH}")
        elif character in "]}":
            depth -= 1


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    keys: dict[str, Any] = {}
    for key, value in pairs:
        if key in keys:
            raise malformed("/", f"{_named('a key', key)} is given twice")
        keys[key] = value
    return keys


def _named(what: str, name: str) -> str:
    # Only what looks like a name of ours: a message never holds an identifier.
    return f"{what}, {name}," if _PLAIN_NAME.fullmatch(name) else what


def _no_constant(_name: str) -> NoReturn:
    raise malformed("/", "NaN and Infinity are not JSON")


def _bounded_integer(digits: str) -> int:
    if len(digits) > MAX_NUMBER_DIGITS:
        raise malformed("/", "a number is too long")
    return int(digits)


def _is_strange(text: str) -> bool:
    return any(
        character < " " or character == "\x7f" or "\ud800" <= character <= "\udfff" for character in text
    )


def _refuse_strange_text(value: object, path: str) -> None:
    if isinstance(value, str) and _is_strange(value):
        raise malformed(path or "/", "control characters and lone surrogates are not allowed")
    if isinstance(value, dict):
        for key, member in value.items():
            _refuse_strange_text(key, path)
            _refuse_strange_text(member, f"{path}/{key}")
    if isinstance(value, list):
        for index, member in enumerate(value):
            _refuse_strange_text(member, f"{path}/{index}")
