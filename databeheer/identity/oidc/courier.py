"""The courier: runs the door's errands to the identity provider, and has nothing of the house's.

It goes to the provider's hosts and nowhere else, over TLS to a number that is on the open internet, follows no
redirect, and reads no more than a document's worth. It believes nothing and decides nothing: what it brings is judged
by the door, against signatures.
"""

from __future__ import annotations

import http.client
import json
import os
import socket
import socketserver
import ssl
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import structlog

from databeheer.identity.oidc.errands import LARGEST_ERRAND, LARGEST_FETCHED, Fetched, read_all
from databeheer.identity.oidc.errors import ProviderAwayError, ProviderSettingsError
from databeheer.identity.oidc.settings import ProviderSettings
from databeheer.post import addresses
from databeheer.post.addresses import ForbiddenAddressError, Resolve
from databeheer.post.pinned import Pinned, Term
from ledger.answers import Clock, answers_within

SECONDS = 10.0
"""For one errand after the name was resolved, however the provider drips."""
AT_ONCE = 16
_FRAME_SECONDS = 5.0
_log = structlog.get_logger("courier")


class DirectErrands:
    """Goes out by itself: the courier's own legs. `clock`: seconds that only grow."""

    def __init__(
        self,
        settings: ProviderSettings,
        *,
        resolver: Resolve = addresses.resolve,
        context: ssl.SSLContext | None = None,
        clock: Clock = time.monotonic,
    ) -> None:
        self._settings, self._resolver, self._clock = settings, resolver, clock
        self._context = context or ssl.create_default_context()

    def fetch(self, url: str, form: Mapping[str, str] | None = None) -> Fetched:
        """See `Errands`."""
        try:
            address = self._settings.address(url, "url")
            number = addresses.pin(address, self._resolver)
        except ProviderSettingsError as error:
            raise ProviderAwayError("address-not-allowed") from error
        except ForbiddenAddressError as error:
            raise ProviderAwayError("address-not-public") from error
        term = Term(self._clock() + SECONDS, self._clock)
        connection = Pinned(address, number, term, self._context if address.is_tls else None)
        headers = {"accept": "application/json", "user-agent": "databeheer/1"}
        try:
            if form is None:
                connection.request("GET", address.target, headers=headers)
            else:
                headers |= {"content-type": "application/x-www-form-urlencoded"}
                connection.request("POST", address.target, body=urlencode(form).encode(), headers=headers)
            connection.response_class = answers_within(term.left(), self._clock)
            with connection.getresponse() as answer:
                body = answer.read(LARGEST_FETCHED + 1)
        except TimeoutError as error:
            raise ProviderAwayError("timeout") from error
        except ssl.SSLError as error:
            raise ProviderAwayError("tls-failed") from error
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise ProviderAwayError("unreachable") from error
        finally:
            connection.close()
        if len(body) > LARGEST_FETCHED:
            raise ProviderAwayError("too-large")
        return Fetched(answer.status, body.decode("utf-8", "replace"))


class _Handler(socketserver.BaseRequestHandler):
    server: Courier

    def handle(self) -> None:
        connection: socket.socket = self.request
        connection.settimeout(_FRAME_SECONDS)
        with suppress(OSError):  # who asked left
            connection.sendall(json.dumps(self.server.run_errand(connection)).encode())


class Courier(socketserver.ThreadingUnixStreamServer):
    """Listens at a socket that only this user, or the group that its folder is given to, may reach (mode 0600)."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, path: Path, errands: DirectErrands) -> None:
        self._errands, self._path = errands, path
        self._places = threading.BoundedSemaphore(AT_ONCE)
        path.unlink(missing_ok=True)
        before = os.umask(0o177)
        try:
            super().__init__(str(path), _Handler)
        finally:
            os.umask(before)

    def run_errand(self, connection: socket.socket) -> dict[str, Any]:
        """Read one errand and run it; what failed is told by its slug."""
        try:
            errand = json.loads(read_all(connection, LARGEST_ERRAND))
            url, form = errand["url"], errand.get("form")
            if not isinstance(url, str) or not (form is None or _is_form(form)):
                raise ValueError("not an errand")
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            return {"failed": "errand-not-understood"}
        if not self._places.acquire(blocking=False):
            return {"failed": "courier-busy"}
        try:
            fetched = self._errands.fetch(url, form)
        except ProviderAwayError as error:
            _log.warning("an errand failed", why=error.slug)
            return {"failed": error.slug}
        finally:
            self._places.release()
        return {"status": fetched.status, "body": fetched.body}

    def handle_error(self, request: object, client_address: object) -> None:
        """Log that an errand broke, without what it was."""
        _log.error("an errand broke")

    def start(self) -> None:
        """Serve in a thread of its own."""
        threading.Thread(target=self.serve_forever, args=(0.1,), name="courier", daemon=True).start()

    def close(self) -> None:
        """Stop serving, and remove the socket."""
        self.shutdown()
        self.server_close()
        self._path.unlink(missing_ok=True)


def _is_form(form: object) -> bool:
    return isinstance(form, dict) and all(
        isinstance(name, str) and isinstance(value, str) for name, value in form.items()
    )
