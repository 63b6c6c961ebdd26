"""A hand-over in two directories, and the manifest that binds every file of both to the signed ledger.

    data/manifest.json   this: the log's name, size and root, who gets it, and each file's length and SHA-256
    data/database.dump   everything that the database holds, sealed as it was
    data/ledger/         the log as it was published: checkpoint, tiles, bundles, keys
    secrets/keys/        the key store and the journal of ends
    secrets/publisher/   the log's key and the publisher's memory
    secrets/promise.key  the key that the door signs promises with

The manifest is not signed: its SHA-256 is in the successor's first entry, and the log that it names is signed.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from hashlib import file_digest, sha256
from pathlib import Path
from typing import Any

from databeheer.errors import DatabeheerError
from ledger.note import VerifierKey
from ledger.report import Report
from ledger.scan import Progress
from ledger.sources import DirectorySource
from ledger.verifier import verify

MANIFEST, DUMP, LEDGER = "manifest.json", "database.dump", "ledger"
KEYS, PUBLISHER, PROMISE_KEY = "keys", "publisher", "promise.key"
FORMAT = 1
LARGEST_MANIFEST = 256 << 20
_HEX = frozenset("0123456789abcdef")


class BundleError(DatabeheerError):
    """A bundle is not whole, or not the one that its manifest describes; the first file is named."""

    code = "bundle"


@dataclass(frozen=True)
class File:
    """One file of a bundle: its length in bytes and its SHA-256 in hex."""

    length: int
    sha256: str


@dataclass(frozen=True)
class Manifest:
    """What was handed over. `root` in hex; `made_at` an ISO instant in UTC; paths are relative, with `/`."""

    origin: str
    successor: str
    made_at: str
    size: int
    root: str
    schema: str
    data: dict[str, File]
    secrets: dict[str, File]

    def to_json(self) -> str:
        """Spell it, in one way only."""
        return (
            json.dumps({"format": FORMAT} | asdict(self), indent=1, sort_keys=True, ensure_ascii=False) + "\n"
        )

    @property
    def sha256(self) -> str:
        """What the successor's first entry says of it."""
        return sha256(self.to_json().encode()).hexdigest()


def list_files(folder: Path) -> dict[str, File]:
    """Return every file below `folder` but the manifest, by its path.

    Raises:
        BundleError: something there is neither a file nor a directory.
    """
    return {name: _look(path) for name, path in _below(folder) if name != MANIFEST}


def read_manifest(data: Path) -> Manifest:
    """Read the manifest of the bundle of data; unknown members, paths that lead out and other spellings are refused.

    Raises:
        BundleError: there is none, or it is not in the format.
    """
    path = data / MANIFEST
    try:
        if path.stat().st_size > LARGEST_MANIFEST:
            raise BundleError(f"{path} is too large for a manifest")
        text = path.read_text(encoding="utf-8")
        manifest = _parse(json.loads(text))
    except OSError as error:
        raise BundleError(f"{path} cannot be read: {error.strerror}") from error
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise BundleError(f"{path} is not a manifest of a hand-over, format {FORMAT}") from error
    if manifest.to_json() != text:
        raise BundleError(f"{path} is not spelled as a manifest is: it was changed")
    return manifest


def check_data(
    data: Path, keys: list[VerifierKey], *, progress: Progress | None = None
) -> tuple[Manifest, Report]:
    """Check the bundle of data as anybody can who knows the log's key: its files, and its ledger in full.

    Raises:
        BundleError: a file is missing, changed or too many, or the ledger is not the one that the manifest names.
        ledger.errors.LedgerError: the ledger does not verify.
    """
    manifest = read_manifest(data)
    check_files(data, manifest.data)
    if any(key.name != manifest.origin for key in keys):
        raise BundleError(f"the key is of another log than {manifest.origin}")
    report = verify(DirectorySource(data / LEDGER), keys, full=True, progress=progress)
    if (report.size, (report.root or b"").hex()) != (manifest.size, manifest.root):
        raise BundleError("the ledger in the bundle is not the one that the manifest names")
    return manifest, report


def check_files(folder: Path, files: dict[str, File]) -> None:
    """Check that the files below `folder` are these, all of them and no other.

    Raises:
        BundleError: names the first that is not.
    """
    there = dict(_below(folder))
    there.pop(MANIFEST, None)
    for name, file in sorted(files.items()):
        path = there.pop(name, None)
        if path is None:
            raise BundleError(f"{folder / name} is missing")
        if _look(path) != file:
            raise BundleError(f"{path} is not the file that the manifest names")
    if there:
        raise BundleError(f"{min(there.values())} is not named in the manifest")


def _below(folder: Path) -> Iterator[tuple[str, Path]]:
    for path in sorted(folder.rglob("*")):
        if path.is_symlink() or not (path.is_file() or path.is_dir()):
            raise BundleError(f"{path} is neither a file nor a directory")
        if path.is_file():
            yield path.relative_to(folder).as_posix(), path


def _look(path: Path) -> File:
    with path.open("rb") as file:
        return File(path.stat().st_size, file_digest(file, "sha256").hexdigest())


def _parse(members: Any) -> Manifest:
    if members.pop("format") != FORMAT:
        raise ValueError
    data, secrets = (_files(members.pop(name)) for name in ("data", "secrets"))
    manifest = Manifest(data=data, secrets=secrets, **members)
    texts = (manifest.origin, manifest.successor, manifest.made_at, manifest.root, manifest.schema)
    if (
        not all(isinstance(text, str) for text in texts)
        or type(manifest.size) is not int
        or manifest.size < 1
    ):
        raise ValueError
    return manifest


def _files(members: Any) -> dict[str, File]:
    files = {name: File(**one) for name, one in members.items()}
    for name, file in files.items():
        if any(part in ("", ".", "..") for part in name.split("/")) or "\\" in name or "\0" in name:
            raise ValueError
        if type(file.length) is not int or len(file.sha256) != 64 or not _HEX.issuperset(file.sha256):
            raise ValueError
    return files
