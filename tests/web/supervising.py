"""A stand-by for the demo's supervisor on its socket: answers one JSON line with another, and keeps what was asked."""

from __future__ import annotations

import json
import socketserver
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

Fulfil = Callable[[dict[str, Any]], dict[str, Any]]


class _Handler(socketserver.StreamRequestHandler):
    server: _Server

    def handle(self) -> None:
        wish = json.loads(self.rfile.readline())
        self.server.asked.append(wish)
        self.wfile.write(json.dumps(self.server.fulfil(wish)).encode() + b"\n")


class _Server(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True

    def __init__(self, path: Path, fulfil: Fulfil) -> None:
        self.asked: list[dict[str, Any]] = []
        self.fulfil = fulfil
        super().__init__(str(path), _Handler)


@contextmanager
def supervising(fulfil: Fulfil) -> Iterator[tuple[Path, list[dict[str, Any]]]]:
    """Serve a control socket; yields its path and the list of what was asked."""
    with tempfile.TemporaryDirectory(prefix="db-sup-") as folder:
        path = Path(folder) / "s.sock"
        server = _Server(path, fulfil)
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield path, server.asked
        finally:
            server.shutdown()
            thread.join()
            server.server_close()
