"""Web hooks: one POST to the number that the name was resolved to; no redirect, little time, no word read in answer."""

from __future__ import annotations

import http.client
import socket
import ssl
import time
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from databeheer.errors import MalformedRequestError
from databeheer.post import addresses
from databeheer.post.addresses import Address, ForbiddenAddressError, Resolve
from databeheer.post.carrying import CarryError, RefusedForGoodError
from ledger.answers import Clock, answers_within

SECONDS = 15.0
"""For a whole attempt after the name was resolved, however the other side drips."""
_GONE = 410


class WebhookCarrier:
    """Posts web hooks. `loopback`: also to this machine without TLS (the demo). `clock`: seconds that only grow."""

    def __init__(
        self,
        *,
        loopback: bool = False,
        resolver: Resolve = addresses.resolve,
        context: ssl.SSLContext | None = None,
        clock: Clock = time.monotonic,
    ) -> None:
        self._loopback, self._resolver, self._clock = loopback, resolver, clock
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
        term = _Term(self._clock() + SECONDS, self._clock)
        connection = _Pinned(address, number, term, self._context if address.is_tls else None)
        try:
            connection.request(
                "POST", address.target, body=body, headers=headers | {"user-agent": "databeheer/1"}
            )
            connection.response_class = answers_within(term.left(), self._clock)
            with connection.getresponse() as answer:
                return answer.status
        except TimeoutError as error:
            raise CarryError("timeout") from error
        except ssl.SSLError as error:
            raise CarryError("tls-failed") from error
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise CarryError("unreachable") from error
        finally:
            connection.close()


@dataclass(frozen=True)
class _Term:
    """One end for all steps of an attempt: each may take what the ones before left."""

    ends: float
    clock: Clock

    def left(self) -> float:
        """Return the seconds that are left; raises TimeoutError where none are."""
        left = self.ends - self.clock()
        if left <= 0:
            raise TimeoutError("the attempt takes too long")
        return left


class _Pinned(http.client.HTTPConnection):
    """A connection to one number, whatever the name leads to by now; TLS still asks for the name's certificate."""

    def __init__(self, address: Address, number: str, term: _Term, context: ssl.SSLContext | None) -> None:
        super().__init__(address.host, address.port)
        self._number, self._term, self._context = number, term, context
        self.default_port = 443 if context is not None else 80  # for the Host header

    def connect(self) -> None:
        self.sock = socket.create_connection((self._number, self.port), self._term.left())
        if self._context is not None:
            wrapped = self._context.wrap_socket(
                self.sock, server_hostname=self.host, do_handshake_on_connect=False
            )
            self.sock = wrapped
            wrapped.settimeout(self._term.left())
            wrapped.do_handshake()

    def send(self, data: Any) -> None:
        if self.sock is None:
            self.connect()
        self.sock.settimeout(self._term.left())
        super().send(data)
