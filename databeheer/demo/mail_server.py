"""The demo's mail server: takes e-mail from the demo's own postman, keeps it to be looked at, and sends none on.

As much of SMTP (RFC 5321) as one polite client needs, on this machine only.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC
from email import message_from_bytes, policy
from email.utils import parsedate_to_datetime
from socketserver import StreamRequestHandler, ThreadingTCPServer

from databeheer.demo.arrivals import Email
from databeheer.values import format_instant

LONGEST_LINE = 1000
LARGEST = 100_000
_LINES = {
    "EHLO": "250 postbus.demo",
    "HELO": "250 postbus.demo",
    "MAIL": "250 OK",
    "RCPT": "250 OK",
    "RSET": "250 OK",
    "NOOP": "250 OK",
}


class MailServer(ThreadingTCPServer):
    """Listens on a free port of this machine; `keep` gets what arrives."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, keep: Callable[[Email], None]) -> None:
        self.keep = keep
        super().__init__(("127.0.0.1", 0), _Handler)

    @property
    def port(self) -> int:
        return int(self.server_address[1])


class _Handler(StreamRequestHandler):
    server: MailServer
    timeout = 30

    def handle(self) -> None:
        self._say("220 postbus.demo")
        while line := self.rfile.readline(LONGEST_LINE):
            command = line[:4].decode("ascii", "replace").upper()
            if command == "QUIT":
                self._say("221 tot ziens")
                return
            if command == "DATA":
                self._take()
            else:
                self._say(_LINES.get(command, "502 not here"))

    def _take(self) -> None:
        self._say("354 go on")
        content = bytearray()
        while (line := self.rfile.readline(LONGEST_LINE)) not in (b".\r\n", b""):
            content += line[1:] if line.startswith(b"..") else line
            if len(content) > LARGEST:
                self._say("552 too long")
                self.rfile.close()
                return
        self.server.keep(_read(bytes(content)))
        self._say("250 kept")

    def _say(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())


def _read(content: bytes) -> Email:
    message = message_from_bytes(content, policy=policy.default)
    body = message.get_body(("plain",))
    return Email(
        at=format_instant(parsedate_to_datetime(str(message["Date"])).astimezone(UTC)),
        to=str(message["To"]),
        subject=str(message["Subject"]),
        body="" if body is None else str(body.get_content()).replace("\r\n", "\n"),
    )
