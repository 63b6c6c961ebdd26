"""How something is fetched from the provider: an errand, run by somebody who may go out.

The door hands it to the courier over a Unix socket, one errand a connection: JSON there, JSON back. It never holds the
turn or a transaction while it waits.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from databeheer.identity.oidc.errors import ProviderAwayError

LARGEST_ERRAND = 32 * 1024
LARGEST_FETCHED = 128 * 1024
"""What of a provider's answer is read; a document with keys has a few thousand bytes."""
LARGEST_REPORT = 6 * LARGEST_FETCHED + 1024
"""As JSON: a character may be spelled with six."""
PATIENCE_SECONDS = 15.0
"""Somewhat more than the courier gives the provider."""


@dataclass(frozen=True)
class Fetched:
    """What a provider answered: the status, and the body as text."""

    status: int
    body: str


class Errands(Protocol):
    """Fetches. Whoever implements it goes to the provider's hosts alone, follows no redirect, and ends in time."""

    def fetch(self, url: str, form: Mapping[str, str] | None = None) -> Fetched:
        """GET an address, or POST a form to it.

        Raises:
            ProviderAwayError: nothing came back; its slug says why.
        """


class CourierErrands:
    """Has errands run by the courier at a Unix socket."""

    def __init__(self, path: Path, *, patience_seconds: float = PATIENCE_SECONDS) -> None:
        self._path, self._patience = path, patience_seconds

    def fetch(self, url: str, form: Mapping[str, str] | None = None) -> Fetched:
        errand = {"url": url} if form is None else {"url": url, "form": dict(form)}
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
                connection.settimeout(self._patience)
                connection.connect(str(self._path))
                connection.sendall(json.dumps(errand).encode())
                connection.shutdown(socket.SHUT_WR)
                report = json.loads(read_all(connection, LARGEST_REPORT))
        except (OSError, ValueError) as error:
            raise ProviderAwayError("courier-away") from error
        match report:
            case {"status": int(status), "body": str(body)}:
                return Fetched(status, body)
            case {"failed": str(slug)}:
                raise ProviderAwayError(slug)
        raise ProviderAwayError("courier-not-understood")


def read_all(connection: socket.socket, largest: int) -> bytes:
    """Return what the other side sends until it ends.

    Raises:
        ValueError: it is more than that.
    """
    parts, size = [], 0
    while part := connection.recv(65536):
        parts.append(part)
        size += len(part)
        if size > largest:
            raise ValueError("too much")
    return b"".join(parts)
