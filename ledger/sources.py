"""Where a published log is read from: a web address or a directory. What comes from it is not trusted."""

from __future__ import annotations

import http.client
import urllib.error
import urllib.request
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

from ledger.errors import MalformedError, NotPublishedError, UnreachableError
from ledger.tiles import TileDirectory

TIMEOUT_SECONDS = 30


class Source(Protocol):
    """Gives the files of a published log by their C2SP path, such as `checkpoint` or `tile/0/000.p/3`."""

    def fetch(self, path: str, limit: int) -> bytes:
        """Return the bytes at `path`.

        Raises:
            NotPublishedError: the log has no such file.
            MalformedError: the file is longer than `limit` bytes.
            UnreachableError: the log does not answer.
        """
        ...


DirectorySource = TileDirectory
"""A log in a directory: what a publisher wrote, or a copy of it."""


class HTTPSource:
    """A log behind a web address, the prefix in front of `/checkpoint` and `/tile/`."""

    def __init__(self, url: str) -> None:
        _check_address(url)
        self._prefix = url.rstrip("/")

    def fetch(self, path: str, limit: int) -> bytes:
        return fetch_url(f"{self._prefix}/{path}", limit)


def fetch_url(url: str, limit: int) -> bytes:
    """Return the body behind an http(s) address; raises as `Source.fetch` says."""
    _check_address(url)
    request = urllib.request.Request(url, headers={"Accept-Encoding": "identity"})  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as answer:  # noqa: S310
            data: bytes = answer.read(limit + 1)
            if (
                len(data) <= limit and answer.length
            ):  # read() with a limit does not say that bytes are missing
                raise UnreachableError(f"{url} broke off after {len(data)} bytes")
    except urllib.error.HTTPError as error:
        error.close()
        if error.code in (404, 410):
            raise NotPublishedError(f"the log has no {url}") from error
        raise UnreachableError(f"{url} answers {error.code}") from error
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise UnreachableError(f"{url} cannot be reached: {error}") from error
    if len(data) > limit:
        raise MalformedError(f"{url} is longer than the {limit} bytes it may have")
    return data


def _check_address(url: str) -> None:
    """Raise MalformedError unless `url` is a plain http(s) address: file:// would read the verifier's disk."""
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise MalformedError("not a web address") from error
    if parts.scheme not in ("http", "https") or not parts.netloc or parts.query or parts.fragment:
        raise MalformedError("a web address begins with http:// or https:// and has no query")


def open_source(place: str) -> Source:
    """Return the log at `place`, a web address or a directory.

    Raises:
        MalformedError: neither.
    """
    if "://" in place:
        return HTTPSource(place)
    if not Path(place).is_dir():
        raise MalformedError(f"{place} is no directory and no web address")
    return DirectorySource(Path(place))
