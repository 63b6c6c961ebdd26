"""A witness over HTTP: what it answers, and that nobody can make it read without end."""

from __future__ import annotations

import http.client
import io
import socket
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import chain
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import urlsplit

import pytest

from ledger.checkpoint import open_checkpoint
from ledger.cosignature import open_cosignatures
from ledger.witness import bounded
from ledger.witness import core as core_module
from ledger.witness import server as server_module
from ledger.witness.bounded import IDLE_SECONDS, MAX_HEAD_LENGTH, REQUEST_SECONDS
from ledger.witness.core import Witness
from ledger.witness.wire import MAX_REQUEST_LENGTH, SIZE_TYPE
from tests.ledger.logs import PublishedLog
from tests.ledger.witnesses import Clock, a_key, a_witness, note_of, request_of, serving


@pytest.fixture
def regulator(tmp_path: Path, log: PublishedLog) -> Witness:
    log.grow(5)
    return a_witness(tmp_path, log, Clock())


@pytest.fixture
def place(regulator: Witness) -> Iterator[str]:
    with serving(regulator) as url:
        yield urlsplit(url).netloc


def ask(place: str, method: str, path: str, body: bytes | None = None) -> tuple[int, str, bytes]:
    with closing(http.client.HTTPConnection(place, timeout=10)) as connection:
        connection.request(method, path, body)
        answer = connection.getresponse()
        return answer.status, answer.headers["Content-Type"], answer.read()


def raw(place: str, request: bytes) -> bytes:
    host, port = place.split(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(request)
        connection.shutdown(socket.SHUT_WR)
        said = b""
        while piece := connection.recv(65_536):
            said += piece
    return said


def test_a_checkpoint_is_cosigned_and_can_be_read(place: str, log: PublishedLog) -> None:
    path = f"/{sha256(log.key.name.encode()).hexdigest()}/checkpoint"
    assert ask(place, "GET", path)[0] == 404
    status, kind, body = ask(place, "POST", "/add-checkpoint", request_of(log, 0))
    assert (status, kind) == (200, "text/plain; charset=utf-8")
    assert len(open_cosignatures(note_of(log) + body, [a_key("regulator").verifier])) == 1
    status, kind, note = ask(place, "GET", path)
    assert (status, kind) == (200, "text/plain; charset=utf-8")
    assert note == note_of(log) + body
    assert open_checkpoint(note, [log.key.verifier]).size == 5


def test_a_conflict_tells_the_size_in_its_own_type(place: str, log: PublishedLog) -> None:
    ask(place, "POST", "/add-checkpoint", request_of(log, 0))
    assert ask(place, "POST", "/add-checkpoint", request_of(log, 3)) == (409, SIZE_TYPE, b"5\n")


def test_many_requests_go_over_one_connection(place: str, log: PublishedLog) -> None:
    connection = http.client.HTTPConnection(place, timeout=10)
    for old in (0, 5, 5, 3):
        connection.request("POST", "/add-checkpoint", request_of(log, old))
        answer = connection.getresponse()
        assert answer.status == (409 if old == 3 else 200)
        answer.read()
    connection.close()


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 404),
        ("GET", "/add-checkpoint", 404),
        ("GET", "/checkpoint", 404),
        ("GET", f"/{'0' * 64}/checkpoint", 404),
        ("GET", f"/{'A' * 64}/checkpoint", 404),
        ("GET", "/../../etc/passwd", 404),
        ("GET", f"/{'0' * 63}%2f/checkpoint", 404),
        ("POST", "/", 404),
        ("POST", "/add-checkpoint?x=1", 404),
        ("POST", "/add-checkpoint/", 404),
        ("PUT", "/add-checkpoint", 501),
        ("DELETE", f"/{'0' * 64}/checkpoint", 501),
    ],
)
def test_nothing_else_is_there(place: str, method: str, path: str, status: int) -> None:
    assert ask(place, method, path, b"x" if method == "POST" else None)[0] == status


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        (b"", 411),
        (b"Content-Length: -1\r\n", 411),
        (b"Content-Length: +5\r\n", 411),
        (b"Content-Length: 0x5\r\n", 411),
        (b"Content-Length: 5\r\nContent-Length: 6\r\n", 411),
        (b"Content-Length: " + b"9" * 5000 + b"\r\n", 411),
        (b"Transfer-Encoding: chunked\r\n", 411),
        (b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", 411),
        (f"Content-Length: {MAX_REQUEST_LENGTH + 1}\r\n".encode(), 413),
        (b"Content-Length: 50\r\n", 400),
        (b"X: " + b"x" * 70_000 + b"\r\n", 431),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_request_without_a_plain_length_is_not_read(
    place: str, log: PublishedLog, headers: bytes, status: int
) -> None:
    said = raw(place, b"POST /add-checkpoint HTTP/1.1\r\nHost: w\r\n" + headers + b"\r\nold 0")
    assert said.split(b" ", 2)[1] == str(status).encode()
    assert ask(place, "POST", "/add-checkpoint", request_of(log, 0))[0] == 200


def test_a_disk_that_fails_is_told_and_nothing_was_cosigned(
    place: str, log: PublishedLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(*arguments: object, **options: object) -> None:
        raise OSError("the disk is gone")

    with monkeypatch.context() as patch:
        patch.setattr(core_module, "write_atomically", crash)
        status, _, body = ask(place, "POST", "/add-checkpoint", request_of(log, 0))
    assert status == 500
    assert b"\xe2\x80\x94" not in body
    assert ask(place, "POST", "/add-checkpoint", request_of(log, 0))[0] == 200


def test_more_connections_than_there_are_places_are_turned_away(
    regulator: Witness, log: PublishedLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_module, "MAX_CONNECTIONS", 3)
    with serving(regulator) as url:
        place = urlsplit(url).netloc
        host, port = place.split(":")
        held = [socket.create_connection((host, int(port)), timeout=10) for _ in range(3)]
        for one in held:  # begun, and never ended
            one.sendall(b"GET /x HTTP/1.1\r\n")
        with pytest.raises((ConnectionError, http.client.HTTPException)):
            ask(place, "POST", "/add-checkpoint", request_of(log, 0))
        for one in held:
            one.close()


@dataclass
class Dripping:
    """A connection that gives its pieces one by one, each a second after the one before, and keeps what it is told."""

    pieces: Iterator[bytes]
    seconds: float = 0.0
    taken: int = 0
    told: bytes = b""
    waits: list[float | None] = field(default_factory=list)

    def clock(self) -> float:
        return self.seconds

    def recv_into(self, buffer: memoryview) -> int:
        piece = next(self.pieces, b"")
        buffer[: len(piece)] = piece
        self.seconds += 1
        self.taken += len(piece)
        return len(piece)

    def settimeout(self, seconds: float | None) -> None:
        self.waits.append(seconds)

    def sendall(self, data: bytes) -> None:
        self.told += bytes(data)

    def makefile(self, *_: object) -> io.BytesIO:
        return io.BytesIO()


def one_by_one(data: bytes) -> Iterator[bytes]:
    return (data[at : at + 1] for at in range(len(data)))


def serve_dripping(witness: Witness, pieces: Iterator[bytes]) -> Dripping:
    return serve(witness, Dripping(pieces))


def serve(witness: Witness, connection: Dripping) -> Dripping:
    server = SimpleNamespace(witness=witness, clock=connection.clock)
    server_module._Handler(connection, ("127.0.0.1", 1), server)  # type: ignore[arg-type]
    return connection


HEAD = b"POST /add-checkpoint HTTP/1.1\r\nHost: w\r\nContent-Length: %d\r\n\r\n"


def test_a_head_that_drips_in_is_let_go_when_its_time_is_over(regulator: Witness) -> None:
    connection = serve_dripping(regulator, one_by_one(HEAD % 5 + b"hello"))
    assert (connection.taken, connection.told) == (REQUEST_SECONDS, b"")
    assert set(connection.waits[:12]) == {IDLE_SECONDS}
    assert connection.waits[-1] == 1, "the last wait is no longer than what was left"


def test_a_body_that_drips_in_is_let_go_when_its_time_is_over(regulator: Witness, log: PublishedLog) -> None:
    body = request_of(log, 0)
    connection = serve_dripping(regulator, chain([HEAD % len(body)], one_by_one(body)))
    assert connection.taken < len(HEAD) + REQUEST_SECONDS + 5
    assert connection.told == b""
    assert regulator.newest(sha256(log.key.name.encode()).hexdigest()) is None


def test_each_request_of_a_connection_has_its_time(regulator: Witness, log: PublishedLog) -> None:
    whole = HEAD % len(request_of(log, 0)) + request_of(log, 0)
    again = HEAD % len(request_of(log, 5)) + request_of(log, 5)
    halves = [one[at:end] for one in [whole, *[again] * 19] for at, end in ((0, 50), (50, len(one)))]
    connection = serve_dripping(regulator, iter(halves))
    assert connection.seconds > REQUEST_SECONDS
    assert connection.told.count(b"HTTP/1.1 200") == 20


def test_a_head_without_end_is_not_read_to_its_end(regulator: Witness) -> None:
    lines = (b"X-%d: %s\r\n" % (number, b"x" * 8000) for number in range(10**6))
    connection = Dripping(chain([b"GET / HTTP/1.1\r\n"], lines))
    with pytest.raises(ConnectionAbortedError):
        serve(regulator, connection)
    assert connection.taken <= MAX_HEAD_LENGTH + MAX_REQUEST_LENGTH + 8192


def test_a_client_that_says_nothing_is_let_go(regulator: Witness, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounded, "IDLE_SECONDS", 0.05)
    with serving(regulator) as url:
        host, port = urlsplit(url).netloc.split(":")
        with socket.create_connection((host, int(port)), timeout=10) as connection:
            assert connection.recv(100) == b""
