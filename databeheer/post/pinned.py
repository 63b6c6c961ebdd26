"""Connections out of the house: to one number that was looked at, and with one end for all that they take."""

from __future__ import annotations

import http.client
import socket
import ssl
from dataclasses import dataclass
from typing import Any

from databeheer.post.addresses import Address
from ledger.answers import Clock


@dataclass(frozen=True)
class Term:
    """One end for all steps of an attempt: each may take what the ones before left."""

    ends: float
    clock: Clock

    def left(self) -> float:
        """Return the seconds that are left; raises TimeoutError where none are."""
        left = self.ends - self.clock()
        if left <= 0:
            raise TimeoutError("the attempt takes too long")
        return left


class Pinned(http.client.HTTPConnection):
    """A connection to one number, whatever the name leads to by now; TLS still asks for the name's certificate."""

    def __init__(self, address: Address, number: str, term: Term, context: ssl.SSLContext | None) -> None:
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
