"""A witness over HTTP: POST /add-checkpoint, GET /<sha256 of the origin>/checkpoint. Standard library only.

It speaks plain HTTP; in earnest a server with a certificate stands in front.
"""

from __future__ import annotations

import io
import re
import sys
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socket import socket
from threading import BoundedSemaphore
from typing import Any

from ledger.witness.bounded import IDLE_SECONDS, MAX_HEAD_LENGTH, BoundedReader
from ledger.witness.core import Answer, Witness
from ledger.witness.wire import MAX_REQUEST_LENGTH

MAX_CONNECTIONS = 64
_READ = re.compile("/([0-9a-f]{64})/checkpoint")
_LENGTH = re.compile("0|[1-9][0-9]{0,8}")


class WitnessServer(ThreadingHTTPServer):
    """Serves one witness; more than MAX_CONNECTIONS at a time are turned away unread.

    `clock` gives the seconds that requests are held to.
    """

    daemon_threads = True
    request_queue_size = 64

    def __init__(
        self, address: tuple[str, int], witness: Witness, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.witness = witness
        self.clock = clock
        self._places = BoundedSemaphore(MAX_CONNECTIONS)
        super().__init__(address, _Handler)

    @property
    def url(self) -> str:
        """The prefix of add-checkpoint."""
        host, port = self.server_address[:2]
        return f"http://{host!s}:{port}"

    def process_request(self, request: socket | tuple[bytes, socket], client_address: Any) -> None:
        if not self._places.acquire(blocking=False):
            self.shutdown_request(request)
            return
        try:
            super().process_request(request, client_address)
        except BaseException:
            self._places.release()
            raise

    def process_request_thread(self, request: socket | tuple[bytes, socket], client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._places.release()

    def handle_error(self, request: socket | tuple[bytes, socket], client_address: Any) -> None:
        sys.stderr.write(f"a connection ended: {sys.exc_info()[1]!r}\n")


class _Handler(BaseHTTPRequestHandler):
    server: WitnessServer
    protocol_version = "HTTP/1.1"
    server_version = "ledger-witness"
    sys_version = ""
    timeout = IDLE_SECONDS

    def setup(self) -> None:
        super().setup()
        self.rfile.close()
        self._bounded = BoundedReader(
            self.connection, self.server.clock, MAX_HEAD_LENGTH + MAX_REQUEST_LENGTH
        )
        self.rfile = io.BufferedReader(self._bounded)

    def handle_one_request(self) -> None:
        self._bounded.begin()
        super().handle_one_request()

    def do_POST(self) -> None:
        if self.path != "/add-checkpoint":
            return self._refuse(404, "POST goes to /add-checkpoint")
        told = self.headers.get_all("Content-Length") or []
        if "Transfer-Encoding" in self.headers or len(told) != 1 or not _LENGTH.fullmatch(told[0]):
            return self._refuse(411, "say how long the request is, once, in Content-Length")
        length = int(told[0])
        if length > MAX_REQUEST_LENGTH:
            return self._refuse(413, f"a request has at most {MAX_REQUEST_LENGTH} bytes")
        body = self.rfile.read(length)
        if len(body) != length:
            return self._refuse(400, "the request is cut short")
        try:
            answer = self.server.witness.add_checkpoint(body)
        except OSError as error:
            sys.stderr.write(f"the state cannot be written: {error}\n")
            return self._refuse(500, "the state cannot be written; nothing was cosigned")
        return self._answer(answer)

    def do_GET(self) -> None:
        match = _READ.fullmatch(self.path)
        note = self.server.witness.newest(match[1]) if match else None
        if note is None:
            return self._refuse(404, "nothing here")
        return self._answer(Answer(200, note))

    def _refuse(self, status: int, words: str) -> None:
        self.close_connection = True  # the rest of the request may be unread
        self._answer(Answer(status, f"{words}\n".encode()))

    def _answer(self, answer: Answer) -> None:
        self.connection.settimeout(IDLE_SECONDS)  # for the whole answer: sendall does not begin anew
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.content_type)
        self.send_header("Content-Length", str(len(answer.body)))
        self.send_header("Cache-Control", "no-store")
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(answer.body)

    def log_message(self, *arguments: Any) -> None:
        """Say nothing of who asks; the status of what was asked is enough."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        if code != 200:
            sys.stderr.write(f"{self.command or '-'} {code if isinstance(code, str) else int(code)}\n")
