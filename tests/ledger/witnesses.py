"""Witnesses to test with: honest ones over HTTP, and ones that answer whatever a test tells them to."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Semaphore, Thread
from typing import Any

from ledger.checkpoint import parse_checkpoint
from ledger.cosignature import CosigningKey
from ledger.note import split_note
from ledger.tiles import TileReader
from ledger.tree import consistency_proof
from ledger.witness.core import Witness
from ledger.witness.server import WitnessServer
from ledger.witness.wire import write_request
from tests.ledger.logs import PublishedLog

NOW = 1_800_000_000


@dataclass
class Clock:
    """Seconds since 1970, UTC; stands still until a test moves it."""

    now: int = NOW

    def __call__(self) -> int:
        return self.now


def note_of(log: PublishedLog) -> bytes:
    return (log.public / "checkpoint").read_bytes()


def size_of(note: bytes) -> int:
    return parse_checkpoint(split_note(note)[0]).size


def request_of(log: PublishedLog, old_size: int, note: bytes | None = None) -> bytes:
    """What an honest client sends: the log's newest checkpoint, and the proof from `old_size`."""
    note = note or note_of(log)
    size = size_of(note)
    return write_request(old_size, consistency_proof(TileReader(log.source, size), old_size, size), note)


@contextmanager
def serving(witness: Witness) -> Iterator[str]:
    """Run a witness's server; gives the prefix of its addresses."""
    with WitnessServer(("127.0.0.1", 0), witness) as server, _running(server):
        yield server.url


@contextmanager
def _running(server: ThreadingHTTPServer) -> Iterator[None]:
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()


Reply = tuple[int, str, bytes]
TEXT = "text/plain; charset=utf-8"
SIZE = "text/x.tlog.size"


@dataclass
class Scripted:
    """A witness of which a test decides every answer; `asked` holds the bodies that it got."""

    key: CosigningKey
    answer: Callable[[bytes], Reply] = lambda _: (500, TEXT, b"")
    shows: Callable[[], Reply] = lambda: (404, TEXT, b"")
    url: str = ""
    asked: list[bytes] = field(default_factory=list)

    def cosign(self, body: bytes, time_unix: int = NOW) -> str:
        return self.key.cosign(split_note(body.partition(b"\n\n")[2])[0], time_unix)


@contextmanager
def scripted(witness: Scripted) -> Iterator[Scripted]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            witness.asked.append(body)
            self._reply(*witness.answer(body))

        def do_GET(self) -> None:
            self._reply(*witness.shows())

        def _reply(self, status: int, content_type: str, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server, _running(server):
        witness.url = f"http://127.0.0.1:{server.server_address[1]}/w"
        yield witness


def policy_text(quorum: str, *witnesses: tuple[str, CosigningKey, str | None], log: str = "") -> bytes:
    """A policy file of these witnesses, all in one group of which `quorum` must hold."""
    lines = [f"log {log}"] if log else []
    lines += [f"witness {name} {key.vkey} {url or ''}".strip() for name, key, url in witnesses]
    if quorum == "none":
        return ("\n".join([*lines, "quorum none"]) + "\n").encode()
    members = " ".join(name for name, _, _ in witnesses)
    return (
        "\n".join([*lines, f"group all-of-them {quorum} {members}", "quorum all-of-them"]) + "\n"
    ).encode()


def a_witness(place: Path, log: PublishedLog, clock: Clock, name: str = "regulator") -> Witness:
    return Witness(a_key(name), [log.key.verifier], place / name, clock)


def a_key(name: str) -> CosigningKey:
    return CosigningKey(f"witness.example/{name}", name.encode().ljust(32, b"."))


@dataclass
class Dripping:
    """A server whose one answer never comes to its end: a drip falls whenever its reader looks at the clock."""

    url: str
    _due: Semaphore = field(default_factory=lambda: Semaphore(0))
    _seconds: int = 0
    _is_over: bool = False

    def clock(self) -> float:
        """Let a second pass, and a drip fall."""
        self._due.release()
        self._seconds += 1
        return self._seconds

    def drip_on(self, connection: socket.socket, begin: bytes, drip: bytes) -> None:
        connection.recv(65_536)
        connection.sendall(begin)
        while self._due.acquire() and not self._is_over:
            connection.sendall(drip)

    def end(self) -> None:
        self._is_over = True
        self._due.release()


def _accepted(listener: socket.socket, tls: ssl.SSLContext | None) -> socket.socket:
    plain, _ = listener.accept()
    return plain if tls is None else tls.wrap_socket(plain, server_side=True)


@contextmanager
def dripping(begin: bytes, drip: bytes, tls: ssl.SSLContext | None = None) -> Iterator[Dripping]:
    """Serve one answer that drips for as long as somebody reads it."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        served = Dripping(f"http://127.0.0.1:{listener.getsockname()[1]}")

        def serve() -> None:
            with suppress(OSError), _accepted(listener, tls) as connection:
                served.drip_on(connection, begin, drip)

        thread = Thread(target=serve)
        thread.start()
        yield served
        served.end()
    thread.join()
