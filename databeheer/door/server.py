"""The door's Unix socket: a thread a connection, frames in, frames out."""

from __future__ import annotations

import os
import socket
import socketserver
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import structlog

from databeheer.door.protocol import LARGEST_REQUEST, FrameError, receive, send
from databeheer.door.service import DoorService

_log = structlog.get_logger("door")

FRAME_SECONDS = 30.0
"""How long a caller may take over one frame, from its first byte; between two frames it may wait for ever."""
ANSWER_SECONDS = 60.0
"""How long a caller may take to read one answer."""
CLOSING_SECONDS = 5.0
"""How long a door that closes waits for the answers at hand before it breaks them off."""
KEPT_BACK = 32
"""Connections beyond the limit, each for one command that narrows access: what ends something is never turned away.

Such a command takes its turn in `TurnLane.ENDS`, or does so for some of what it may be given.
"""
NARROWING = frozenset(
    {
        "permission.withdraw",
        "permission.withdraw_many",
        "permission.refuse",
        "permission.terminate",
        "port.close",
        "doubt.raise",
        "session.end",
        "session.end_other",
        "session.end_others",
        "stop.set",
        "registry.party.suspend",
        "registry.client.end",
        "registry.client.renew",
        "registry.client.key.end",
        "party.program.end",
        "party.key.end",
        "token.keys.rotate",
        "token.revoke",
        "registry.contract.end",
        "registry.condition.end",
        "registry.occupancy.end",
        "registry.supply.end",
        "registry.supply.cancel",
        "registry.link.end",
        "link.close",
        "registry.necessity.end",
        "joins.refuse",
        "joins.withdraw",
        "joins.necessity.end",
        "joins.signer.end",
        "registry.concerned.end",
        "registry.representation.end",
        "staff.role.end",
        "staff.account.end",
        "staff.device.end",
        "staff.hr.leavers",
        "staff.hr.check",
        "attorney.end",
        "attorney.cancel",
        "doubt.judge",
        "doubt.report_own",
        "doubt.signal",
        "erasure.withdraw",
        "rights.answer",
        "interval_reading.choose",
        "letter.answer",
        "mandate.check",
        "regime.choose",
        "registry.access_point.place",
        "registry.concerned.begin",
        "desk.paper_withdraw",
        "joins.necessity.judge",
        "registry.dpia.stale",
        "registry.dynamic_price.end",
        "registry.interval_reading.choose",
        "registry.overview.check",
        "registry.person.died",
        "registry.regime.set",
        "supply.withdraw",
        "webhook.remove",
    }
)
MOST_CONNECTIONS = 256
"""Each costs a thread. The web holds one a thread; the limit is for whoever opens them and does not close."""


class _UntilDeadline:
    """Reads of one frame, which end together: a caller that sends a byte now and then gains no time."""

    def __init__(self, connection: socket.socket, seconds: float) -> None:
        self._connection = connection
        self._end = time.monotonic() + seconds

    def recv(self, size: int, /) -> bytes:
        left = self._end - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self._connection.settimeout(left)
        return self._connection.recv(size)


class _Handler(socketserver.BaseRequestHandler):
    server: DoorServer

    def handle(self) -> None:
        with suppress(OSError):  # the caller left
            self._answer_all()

    def _answer_all(self) -> None:
        connection: socket.socket = self.request
        is_kept_back = self.server.is_kept_back(connection)
        while True:
            # One that was kept back waits for nobody: the next one may need it.
            connection.settimeout(self.server.frame_seconds if is_kept_back else None)
            if not connection.recv(1, socket.MSG_PEEK):
                return
            frame = _UntilDeadline(connection, self.server.frame_seconds)
            try:
                message = receive(frame, LARGEST_REQUEST)
            except FrameError as error:
                _refuse(connection, "malformed-request", str(error))
                return
            except TimeoutError:
                _refuse(connection, "malformed-request", "the frame was not finished in time")
                return
            if message is None:
                return
            if is_kept_back and message.get("command") not in NARROWING:
                _refuse(connection, "unavailable", _TOO_MANY)
                return
            if self.server.is_closing:  # it came in just before: nothing was done, and a newer door may do it
                _refuse(connection, "unavailable", "the door is closing; ask again in a moment")
                return
            answer = self.server.service.answer(message)
            connection.settimeout(ANSWER_SECONDS)
            send(connection, answer)
            if is_kept_back:
                return


_TOO_MANY = "the door has too many connections"


def _refuse(connection: socket.socket, code: str, detail: str, seconds: float = ANSWER_SECONDS) -> None:
    connection.settimeout(seconds)
    send(connection, {"error": {"code": code, "detail": detail}})


class DoorServer(socketserver.ThreadingUnixStreamServer):
    """Serves a DoorService on a socket that only this user may reach (mode 0600)."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(
        self,
        path: Path,
        service: DoorService,
        *,
        frame_seconds: float = FRAME_SECONDS,
        most_connections: int = MOST_CONNECTIONS,
        kept_back: int = KEPT_BACK,
        poll_seconds: float = 0.1,
    ) -> None:
        """Listen at `path`, in place of what stood there.

        Args:
            path: of the socket.
            service: what answers.
            frame_seconds: what a caller may take over one frame.
            most_connections: how many there may be at once; the next one is told so and closed, but
            kept_back: so many more may each give one command that narrows access.
            poll_seconds: how long `close` may wait before it is noticed.
        """
        self.service = service
        self._poll_seconds = poll_seconds
        self.frame_seconds = frame_seconds
        self._places = threading.BoundedSemaphore(most_connections)
        self._back_places = threading.BoundedSemaphore(kept_back) if kept_back else None
        self._back: set[int] = set()
        self.is_closing = False
        self._open: set[Any] = set()
        self._open_changed = threading.Condition()
        self._path = path
        path.unlink(missing_ok=True)
        before = os.umask(0o177)
        try:
            super().__init__(str(path), _Handler)
        finally:
            os.umask(before)
        self._inode = path.stat().st_ino

    def process_request(self, request: Any, client_address: Any) -> None:
        """Give the connection a thread, if there is a place left; else say so and close it at once."""
        if not self._places.acquire(blocking=False):
            if self._back_places is None or not self._back_places.acquire(blocking=False):
                _log.warning("a connection is refused: there are too many")
                with suppress(OSError):  # never wait here: nobody else is let in meanwhile
                    _refuse(request, "unavailable", _TOO_MANY, 0.0)
                self.shutdown_request(request)
                return
            self._back.add(id(request))
        with self._open_changed:
            self._open.add(request)
        try:
            super().process_request(request, client_address)
        except BaseException:  # no thread was to be had
            self._free(request)
            raise

    def is_kept_back(self, request: Any) -> bool:
        """Whether a connection has one of the places that are kept for what narrows access."""
        return id(request) in self._back

    def shutdown_request(self, request: Any) -> None:
        """Close a connection, and forget it first: what is closed has no number to shut."""
        with self._open_changed:
            self._open.discard(request)
            self._open_changed.notify_all()
        super().shutdown_request(request)

    def _free(self, request: Any) -> None:
        if self.is_kept_back(request) and self._back_places is not None:
            self._back.discard(id(request))
            self._back_places.release()
        else:
            self._places.release()

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Handle the connection until it ends, then free its place."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._free(request)

    def handle_error(self, request: object, client_address: object) -> None:
        """Log a fault of a handler without what it was working on; the connection is closed."""
        _log.error("a connection failed", error=type(sys.exception()).__name__)

    def serve(self) -> None:
        """Serve until `close` is called from another thread."""
        self.service.start()
        self.serve_forever(self._poll_seconds)

    def start(self) -> None:
        """Serve in a thread of its own."""
        threading.Thread(target=self.serve, name="door-server", daemon=True).start()

    def close(self) -> None:
        """Stop taking connections, end those that there are, finish the batch at hand, remove the socket.

        A connection ends once the answer at hand is given, so that whoever holds one notices and finds the newer
        door; after CLOSING_SECONDS it is broken off.
        """
        self.is_closing = True
        self.shutdown()
        self.server_close()
        self._shut(socket.SHUT_RD)
        self.service.stop()
        with self._open_changed:
            self._open_changed.wait_for(lambda: not self._open, CLOSING_SECONDS)
        self._shut(socket.SHUT_RDWR)
        with suppress(FileNotFoundError):
            if self._path.stat().st_ino == self._inode:  # else a newer door has it
                self._path.unlink()

    def _shut(self, direction: int) -> None:
        with self._open_changed:
            for connection in self._open:
                with suppress(OSError):  # the caller left
                    connection.shutdown(direction)
