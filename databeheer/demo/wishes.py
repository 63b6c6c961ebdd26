"""The socket by which the demo's web asks its supervisor for what the web may not do itself."""

from __future__ import annotations

import json
import os
import socket
import socketserver
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Protocol

from databeheer.demo import tamper
from databeheer.demo.post_box import PostBox
from databeheer.site.home import Home
from databeheer.site.house import Storage


class Granting(Protocol):
    """The demo, as wishes see it."""

    home: Home
    storage: Storage
    post: PostBox
    facts: dict[str, Any]
    is_resetting: bool

    def reset(self) -> None:
        """Start over."""

    def description(self) -> dict[str, Any]:
        """What a visitor needs."""


class _WishHandler(socketserver.StreamRequestHandler):
    server: WishServer

    def handle(self) -> None:
        line = self.rfile.readline(4096)
        try:
            wish = json.loads(line)
            answer = self.server.fulfil(wish)
        except (ValueError, KeyError, TypeError) as error:
            answer = {"error": f"a wish is not understood: {type(error).__name__}"}
        self.wfile.write(json.dumps(answer).encode() + b"\n")


class WishServer(socketserver.ThreadingUnixStreamServer):
    """The socket by which the demo's web asks its supervisor for what the web may not do itself."""

    daemon_threads = True

    def __init__(self, path: Path, demo: Granting) -> None:
        self._demo = demo
        self._busy = threading.Lock()
        self._worker = ThreadPoolExecutor(1)
        path.unlink(missing_ok=True)
        before = os.umask(0o177)
        try:
            super().__init__(str(path), _WishHandler)
        finally:
            os.umask(before)

    def fulfil(self, wish: dict[str, Any]) -> dict[str, Any]:
        """Reset, or tamper with a copy and verify it; one wish at a time."""
        if wish["do"] == "reset":
            if not self._busy.acquire(blocking=False):
                return {"error": "busy"}
            self._worker.submit(self._reset)
            return {"started": True}
        if wish["do"] == "tamper":
            with self._busy:
                return tamper.show(self._demo.home, self._demo.storage, wish["kind"])
        if wish["do"] == "post":
            return self._demo.post.arrivals.shown()
        if wish["do"] == "describe":
            # The demo's web plays a party; in earnest no page knows a party's credentials.
            return self._demo.description() | {"last_day": self._demo.facts.get("last_day")}
        return {"error": "unknown wish"}

    def _reset(self) -> None:
        self._demo.is_resetting = True
        try:
            self._demo.reset()
        finally:
            self._demo.is_resetting = False
            self._busy.release()


def listen_for_wishes(demo: Granting) -> WishServer:
    """Fulfil wishes from now on, in a thread of its own."""
    server = WishServer(demo.home.supervisor_socket, demo)
    threading.Thread(target=server.serve_forever, name="wishes", daemon=True).start()
    return server


def ask_running(home: Home) -> dict[str, Any] | None:
    """Ask the demo that runs this home already for its description; None where it cannot be asked yet."""
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(30)
            connection.connect(str(home.supervisor_socket))
            connection.sendall(b'{"do": "describe"}\n')
            with connection.makefile("rb") as lines:
                description: dict[str, Any] = json.loads(lines.readline())
    except (OSError, ValueError):
        return None
    return None if "error" in description else description
