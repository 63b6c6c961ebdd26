"""Where a published log is read from: a web address or a directory. What comes from it is not trusted."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from ledger.errors import MalformedError
from ledger.fetch import HTTPSource, fetch_url
from ledger.tiles import TileDirectory

__all__ = ["DirectorySource", "HTTPSource", "Source", "fetch_url", "open_source"]


class Source(Protocol):
    """Gives the files of a published log by their C2SP path, such as `checkpoint` or `tile/0/000.p/3`.

    One that is read by several processes at once can be pickled; a copy reads the same log. One with an attribute
    `lanes` is asked for that many files at a time, from as many threads.
    """

    def fetch(self, path: str, limit: int) -> bytes:
        """Return the bytes at `path`.

        Raises:
            NotPublishedError: the log has no such file.
            MalformedError: the file is longer than `limit` bytes.
            UnreachableError: the log does not answer.
        """
        ...


DirectorySource = TileDirectory
"""A log in a directory: what a publisher wrote, a copy of it, or a mirror."""


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
