"""The manifest of a batch: a small JSON file beside the Parquet file, that says what the sender meant to send."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any, TypeVar

from databeheer.errors import MalformedRequestError
from databeheer.metering.batches.problems import BatchProblem, BatchRefusedError
from databeheer.metering.validation import Grade
from databeheer.values import parse_day, parse_instant

FORMAT_VERSION = 1
MANIFEST_NAME = "manifest.json"
LARGEST_MANIFEST = 64 * 1024
LARGEST_DATA = 1024**3
MOST_ROWS = 250_000
MOST_DAYS = 366
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_LONG_NUMBER = re.compile(r"[0-9]{12,}")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}\.parquet")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_Read = TypeVar("_Read")


@dataclass(frozen=True)
class Manifest:
    """What a batch says of itself.

    `batch` is the sender's own number of it; `operator` whose grid it is of; `grade` whether bills may rest on it;
    `sha256` is over the bytes of `data`, as they lie there: of the Parquet file, or of what it is sealed in; both days
    belong to it. `content` are the manifest's own bytes, which its sender signed.
    """

    batch: str
    sender: str
    operator: int
    grade: Grade
    created_at: datetime
    data: Path
    sha256: str
    rows: int
    first_day: date
    last_day: date
    content: bytes = field(repr=False, compare=False)


def find_manifest(place: Path) -> Path:
    """Return the manifest that a directory holds, or the file itself."""
    return place / MANIFEST_NAME if place.is_dir() else place


def read_manifest(path: Path) -> Manifest:
    """Read a manifest; the data lie in the same directory.

    Raises:
        BatchRefusedError: it cannot be read, or a member is missing, unknown or wrong.
    """
    try:
        with path.open("rb") as stream:
            content = stream.read(LARGEST_MANIFEST + 1)
    except OSError as error:
        raise BatchRefusedError(
            BatchProblem.MANIFEST_UNREADABLE, f"{path.name} cannot be opened ({error.strerror})"
        ) from error
    if len(content) > LARGEST_MANIFEST:
        raise BatchRefusedError(
            BatchProblem.MANIFEST_UNREADABLE, f"it is longer than {LARGEST_MANIFEST} bytes"
        )
    try:
        members = json.loads(content, object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        raise BatchRefusedError(BatchProblem.MANIFEST_UNREADABLE, "it is not JSON") from error
    if not isinstance(members, dict):
        raise BatchRefusedError(BatchProblem.MANIFEST_WRONG, "it is not a JSON object")
    return _parsed(members, path.parent, content)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a member comes twice")
    return members


_MEMBERS = {
    "format": int,
    "batch": str,
    "sender": str,
    "operator": int,
    "grade": str,
    "created_at": str,
    "data": str,
    "sha256": str,
    "rows": int,
    "first_day": str,
    "last_day": str,
}


_SPELLINGS = {
    "batch": (_ID, "1 to 64 letters, digits, '.', '_', '-', with no row of 12 digits"),
    "sender": (_ID, "1 to 64 letters, digits, '.', '_', '-', with no row of 12 digits"),
    "sha256": (_SHA256, "64 hexadecimal digits in lower case"),
    "data": (_NAME, "the name of a .parquet file beside it, with no row of 12 digits"),
}
_EXAMPLES = {
    "first_day": "2024-06-03",
    "last_day": "2024-06-03",
    "created_at": "2024-06-04T03:12:00Z",
    "grade": " or ".join(sorted(Grade)),
}


def _read(name: str, parse: Callable[[str], _Read], members: dict[str, Any]) -> _Read:
    try:
        return parse(members[name])
    except (MalformedRequestError, ValueError) as error:
        raise _wrong(f"{name} is not written as it should be: {_EXAMPLES[name]}") from error


def _parsed(members: dict[str, Any], folder: Path, content: bytes) -> Manifest:
    if unknown := members.keys() - _MEMBERS.keys():
        raise _wrong(
            f"there are {len(unknown)} members that this format does not have; it has {', '.join(_MEMBERS)}"
        )
    for name, kind in _MEMBERS.items():
        if type(members.get(name)) is not kind:
            what = "of another kind" if name in members else "missing"
            raise _wrong(f"{name} is {what}: it is {'a whole number' if kind is int else 'text'}")
    if members["format"] != FORMAT_VERSION:
        raise _wrong(f"format is not {FORMAT_VERSION}")
    for name, (form, spelling) in _SPELLINGS.items():
        if not form.fullmatch(members[name]) or (name != "sha256" and _LONG_NUMBER.search(members[name])):
            raise _wrong(f"{name} is not {spelling}")
    if not 1 <= members["rows"] <= MOST_ROWS:
        raise _wrong(f"rows is not from 1 to {MOST_ROWS}")
    if not 1 <= members["operator"] <= 32_000:
        raise _wrong("operator is no grid operator's number: it is from 1 to 32000")
    first, last = _read("first_day", parse_day, members), _read("last_day", parse_day, members)
    created_at, grade = _read("created_at", parse_instant, members), _read("grade", Grade, members)
    if last < first:
        raise _wrong("last_day lies before first_day")
    if (last - first).days >= MOST_DAYS:
        raise _wrong(f"it is of more than {MOST_DAYS} days: send it in parts")
    return Manifest(
        members["batch"],
        members["sender"],
        members["operator"],
        grade,
        created_at,
        folder / members["data"],
        members["sha256"],
        members["rows"],
        first,
        last,
        content,
    )


def _wrong(detail: str) -> BatchRefusedError:
    return BatchRefusedError(BatchProblem.MANIFEST_WRONG, detail)


def read_data(manifest: Manifest, largest: int = LARGEST_DATA) -> bytes:
    """Return the bytes of the data, of the length (at most `largest`) and checksum that they should have.

    Raises:
        BatchRefusedError: it is not there, larger than a batch may be (told before it is read), or another file.
    """
    try:
        with manifest.data.open("rb") as stream:
            size = stream.seek(0, 2)
            if size > largest:
                raise BatchRefusedError(
                    BatchProblem.TOO_LARGE, f"a batch has at most {largest} bytes: send it in parts"
                )
            stream.seek(0)
            content = stream.read(largest + 1)
    except OSError as error:
        raise BatchRefusedError(
            BatchProblem.DATA_MISSING, f"the data cannot be opened ({error.strerror})"
        ) from error
    if hashlib.sha256(content).hexdigest() != manifest.sha256:
        raise BatchRefusedError(
            BatchProblem.WRONG_CHECKSUM, "the data are not what the manifest speaks of: send both again"
        )
    return content
