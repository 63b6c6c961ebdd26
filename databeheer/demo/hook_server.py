"""The demo's receiver of web hooks: what one party's own server would be, with the check of the signature.

Source: Standard Webhooks 1.0.
"""

from __future__ import annotations

import hmac
from base64 import b64decode
from collections.abc import Callable
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from databeheer.demo.arrivals import Hook
from databeheer.post.webhooks import Scheme, Secret
from databeheer.values import format_instant

PATH = "/webhooks"
LARGEST = 65_536


class HookServer(ThreadingHTTPServer):
    """Listens on this machine, on `port` where it is free, else on another; `keep` gets what arrives.

    `secret` is the party's, `whsec_...`; without it nothing can be known to be ours.
    """

    daemon_threads = True

    def __init__(self, keep: Callable[[Hook], None], port: int = 0) -> None:
        self.keep, self.secret = keep, ""
        try:
            super().__init__(("127.0.0.1", port), _Handler)
        except OSError:
            super().__init__(("127.0.0.1", 0), _Handler)

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}{PATH}"


class _Handler(BaseHTTPRequestHandler):
    server: HookServer
    timeout = 30

    def do_POST(self) -> None:
        length = self.headers.get("content-length", "")
        if self.path != PATH or not length.isascii() or not length.isdigit() or int(length) > LARGEST:
            self.send_error(404)
            return
        hook = self._read(self.rfile.read(int(length)))
        if hook is None:
            self.send_error(400)
            return
        self.server.keep(hook)
        self.send_response(204)
        self.end_headers()

    def _read(self, body: bytes) -> Hook | None:
        number, stamp = self.headers.get("webhook-id", ""), self.headers.get("webhook-timestamp", "")
        if not stamp.isascii() or not stamp.isdigit() or len(stamp) > 10:
            return None
        at = format_instant(datetime.fromtimestamp(int(stamp), UTC))
        return Hook(
            at, number, body.decode("utf-8", "replace"), self._is_ours(f"{number}.{stamp}.".encode() + body)
        )

    def _is_ours(self, content: bytes) -> bool:
        if not self.server.secret:
            return False
        expected = Secret(Scheme.HMAC, b64decode(self.server.secret.removeprefix("whsec_"))).sign(content)
        given = self.headers.get("webhook-signature", "").split()
        return any(hmac.compare_digest(one.encode(), expected.encode()) for one in given)

    def log_message(self, *_: object) -> None:
        """Nothing: what came is shown."""
