"""Web hooks: one POST to the number that the name was resolved to; no redirect, little time, no word read in answer."""

from __future__ import annotations

import http.client
import socket
import ssl
import threading
from datetime import datetime
from typing import Any
from uuid import UUID

from databeheer.errors import MalformedRequestError
from databeheer.post import addresses
from databeheer.post.addresses import Address, ForbiddenAddressError, Resolve
from databeheer.post.carrying import CarryError, RefusedForGoodError

SECONDS = 15.0
"""For a whole attempt, however the other side drips."""
_GONE = 410


class WebhookCarrier:
    """Posts web hooks. `loopback`: also to this machine without TLS (the demo)."""

    def __init__(
        self,
        *,
        loopback: bool = False,
        resolver: Resolve = addresses.resolve,
        context: ssl.SSLContext | None = None,
        seconds: float = SECONDS,
    ) -> None:
        self._loopback, self._resolver, self._seconds = loopback, resolver, seconds
        self._context = context or ssl.create_default_context()

    def carry(self, delivery_id: UUID, letter: dict[str, Any], now: datetime) -> None:
        try:
            address = addresses.parse(letter["to"], loopback=self._loopback)
            number = addresses.pin(address, self._resolver)
        except MalformedRequestError as error:
            raise RefusedForGoodError("address-not-allowed") from error
        except ForbiddenAddressError as error:
            raise CarryError("address-not-public") from error
        status = self._post(address, number, letter["headers"], letter["body"].encode())
        if status == _GONE:
            raise RefusedForGoodError("http-410")
        if not 200 <= status < 300:  # a redirect too: it could lead anywhere
            raise CarryError(f"http-{status}")

    def _post(self, address: Address, number: str, headers: dict[str, str], body: bytes) -> int:
        connection = _Pinned(address, number, self._seconds, self._context if address.is_tls else None)
        # A limit per read is none for a server that sends a byte now and then.
        watch = threading.Timer(self._seconds, connection.cut)
        watch.daemon = True
        watch.start()
        try:
            connection.request(
                "POST", address.target, body=body, headers=headers | {"user-agent": "databeheer/1"}
            )
            status = connection.getresponse().status
            if connection.is_cut:  # a head that was cut short looks like a whole one
                raise TimeoutError
            return status
        except TimeoutError as error:
            raise CarryError("timeout") from error
        except ssl.SSLError as error:
            raise CarryError("timeout" if connection.is_cut else "tls-failed") from error
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise CarryError("timeout" if connection.is_cut else "unreachable") from error
        finally:
            watch.cancel()
            connection.close()


class _Pinned(http.client.HTTPConnection):
    """A connection to one number, whatever the name leads to by now; TLS still asks for the name's certificate."""

    def __init__(self, address: Address, number: str, seconds: float, context: ssl.SSLContext | None) -> None:
        super().__init__(address.host, address.port, timeout=seconds)
        self._number, self._context, self.is_cut = number, context, False
        self.default_port = 443 if context is not None else 80  # for the Host header

    def connect(self) -> None:
        plain = socket.create_connection((self._number, self.port), self.timeout)
        self.sock = plain
        if self._context is not None:
            self.sock = self._context.wrap_socket(plain, server_hostname=self.host)

    def cut(self) -> None:
        """End it from another thread: whoever reads gets an error."""
        self.is_cut = True
        current = self.sock
        if current is not None:
            try:
                socket.socket.shutdown(current, socket.SHUT_RDWR)
            except OSError:
                return
