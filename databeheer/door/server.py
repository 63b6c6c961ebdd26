"""The door's Unix socket: a thread a connection, frames in, frames out."""

from __future__ import annotations

import os
import socket
import socketserver
import sys
import threading
from contextlib import suppress
from pathlib import Path

import structlog

from databeheer.door.protocol import LARGEST_REQUEST, FrameError, receive, send
from databeheer.door.service import DoorService

_log = structlog.get_logger("door")


class _Handler(socketserver.BaseRequestHandler):
    server: DoorServer

    def handle(self) -> None:
        with suppress(OSError):  # the caller left
            self._answer_all()

    def _answer_all(self) -> None:
        connection: socket.socket = self.request
        while True:
            try:
                message = receive(connection, LARGEST_REQUEST)
            except FrameError as error:
                send(connection, {"error": {"code": "malformed-request", "detail": str(error)}})
                return
            if message is None:
                return
            send(connection, self.server.service.answer(message))


class DoorServer(socketserver.ThreadingUnixStreamServer):
    """Serves a DoorService on a socket that only this user may reach (mode 0600)."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, path: Path, service: DoorService) -> None:
        self.service = service
        self._path = path
        path.unlink(missing_ok=True)
        before = os.umask(0o177)
        try:
            super().__init__(str(path), _Handler)
        finally:
            os.umask(before)
        self._inode = path.stat().st_ino

    def handle_error(self, request: object, client_address: object) -> None:
        """Log a fault of a handler without what it was working on; the connection is closed."""
        _log.error("a connection failed", error=type(sys.exception()).__name__)

    def serve(self) -> None:
        """Serve until `close` is called from another thread."""
        self.service.start()
        self.serve_forever(poll_interval=0.1)

    def start(self) -> None:
        """Serve in a thread of its own."""
        threading.Thread(target=self.serve, name="door-server", daemon=True).start()

    def close(self) -> None:
        """Stop taking connections, finish the batch at hand, remove the socket."""
        self.shutdown()
        self.server_close()
        self.service.stop()
        with suppress(FileNotFoundError):
            if self._path.stat().st_ino == self._inode:  # else a newer door has it
                self._path.unlink()
