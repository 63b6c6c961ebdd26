"""Logs over HTTP: connections are kept, a log that stumbles is asked again, and nothing that it sends is believed."""

from __future__ import annotations

import gzip
import pickle
import threading
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from pathlib import Path
from urllib.parse import SplitResult

import pytest

from ledger import fetch
from ledger.errors import MalformedError, NotPublishedError, UnreachableError
from ledger.fetch import ATTEMPTS, MAX_HOSTS, HTTPSource, fetch_url
from ledger.note import SigningKey
from ledger.verifier import verify
from tests.ledger.logs import ORIGIN, chained, write_log
from tests.ledger.witnesses import dripping

KEY = SigningKey(ORIGIN, bytes(range(32)))
DATA = bytes(range(256)) * 8
LIMIT = len(DATA)

Answer = tuple[int, dict[str, str], bytes]


@dataclass
class Server:
    """A server that answers as a test tells it to, and counts connections and requests."""

    answers: Callable[[str, int], Answer] = lambda path, count: (200, {}, DATA)
    address: str = ""
    connections: int = 0
    requests: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    pauses: list[float] = field(default_factory=list)

    def source(self) -> HTTPSource:
        return HTTPSource(f"{self.address}/ledger", pause=self.pauses.append)

    def fetch(self, limit: int = LIMIT) -> bytes:
        return self.source().fetch("checkpoint", limit)


@pytest.fixture
def server() -> Iterator[Server]:
    told = Server()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def setup(self) -> None:
            super().setup()
            told.connections += 1

        def do_GET(self) -> None:
            told.requests.append((self.path, dict(self.headers)))
            status, headers, body = told.answers(self.path, len(told.requests))
            if status == 0:  # hang up
                self.close_connection = True
                return
            self.send_response(status)
            for name, value in ({"Content-Length": str(len(body))} | headers).items():
                if value:
                    self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)
            if headers.get("Content-Length", str(len(body))) != str(len(body)) or headers.get("Connection"):
                self.close_connection = True

        def log_message(self, *arguments: object) -> None:
            pass

    class Quiet(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: object, client_address: object) -> None:
            pass  # clients hang up on what is too long

    http_server = Quiet(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=http_server.serve_forever, args=(0.01,))
    thread.start()
    told.address = f"http://127.0.0.1:{http_server.server_port}"
    yield told
    http_server.shutdown()
    thread.join()
    http_server.server_close()


def test_one_connection_serves_many_files(server: Server) -> None:
    source = server.source()
    for _ in range(20):
        assert source.fetch("tile/0/000", LIMIT) == DATA
    assert (len(server.requests), server.connections) == (20, 1)


def test_a_connection_outlives_a_file_that_is_not_there(server: Server) -> None:
    server.answers = lambda path, count: (404, {}, b"not published") if count % 2 else (200, {}, DATA)
    source = server.source()
    for _ in range(5):
        with pytest.raises(NotPublishedError):
            source.fetch("tile/0/000.p/7", LIMIT)
        assert source.fetch("tile/0/000", LIMIT) == DATA
    assert server.connections == 1


def test_a_kept_connection_that_the_server_closed_is_opened_again_without_a_word(server: Server) -> None:
    server.answers = lambda path, count: (200, {}, DATA) if count != 2 else (0, {}, b"")
    source = server.source()
    for _ in range(3):
        assert source.fetch("checkpoint", LIMIT) == DATA
    assert server.pauses == []


def test_a_body_without_length_is_read_to_its_end(server: Server) -> None:
    server.answers = lambda path, count: (200, {"Content-Length": "", "Connection": "close"}, DATA)
    assert server.fetch() == DATA


def test_a_log_that_stumbles_is_asked_again_after_a_pause(server: Server) -> None:
    server.answers = lambda path, count: (503, {}, b"") if count < 3 else (200, {}, DATA)
    assert server.fetch() == DATA
    assert server.pauses == [0.2, 0.8]


def test_retry_after_is_heeded_but_not_for_an_hour(server: Server) -> None:
    server.answers = lambda path, count: (429, {"Retry-After": "2" if count == 1 else "3600"}, b"")
    with pytest.raises(UnreachableError, match="429"):
        server.fetch()
    assert server.pauses == [2, 10]


def test_an_answer_that_breaks_off_is_asked_again_and_at_last_given_up(server: Server) -> None:
    source = server.source()
    assert source.fetch("checkpoint", LIMIT) == DATA
    server.answers = lambda path, count: (200, {"Content-Length": str(LIMIT)}, DATA[:-1])
    with pytest.raises(UnreachableError):
        source.fetch("checkpoint", LIMIT)
    assert len(server.requests) == 1 + ATTEMPTS
    server.answers = lambda path, count: (200, {}, DATA)
    assert source.fetch("checkpoint", LIMIT) == DATA


def test_a_log_that_never_answered_is_not_waited_for(server: Server) -> None:
    server.answers = lambda path, count: (0, {}, b"")
    with pytest.raises(UnreachableError):
        server.fetch()
    assert server.pauses == []


@pytest.mark.parametrize("status", [201, 204, 206, 304, 400, 401, 403, 451])
def test_other_answers_say_nothing_of_the_log(server: Server, status: int) -> None:
    server.answers = lambda path, count: (status, {}, b"")
    with pytest.raises(UnreachableError, match=str(status)):
        server.fetch()


def test_a_file_that_is_gone_is_not_published(server: Server) -> None:
    server.answers = lambda path, count: (410, {}, b"")
    with pytest.raises(NotPublishedError):
        server.fetch()


@pytest.mark.parametrize("announced", [True, False])
def test_a_file_longer_than_it_may_be_is_refused_however_it_comes(server: Server, announced: bool) -> None:
    headers = {} if announced else {"Content-Length": "", "Connection": "close"}
    server.answers = lambda path, count: (200, headers, DATA + b"x")
    with pytest.raises(MalformedError, match="longer"):
        server.fetch()
    server.answers = lambda path, count: (200, headers, bytes(50_000_000))
    with pytest.raises(MalformedError, match="longer"):
        server.fetch()


# ---- gzip ---------------------------------------------------------------------------------------------------

GZIP = {"Content-Encoding": "gzip"}


def test_gzip_is_asked_for_and_unpacked(server: Server) -> None:
    server.answers = lambda path, count: (200, GZIP, gzip.compress(DATA))
    assert server.fetch() == DATA
    assert server.requests[0][1]["Accept-Encoding"] == "gzip"


def test_gzip_of_what_does_not_compress_may_be_longer_than_the_file(server: Server) -> None:
    noise = bytes(zlib.crc32(bytes([a, b])) % 251 for a in range(128) for b in range(64))
    server.answers = lambda path, count: (200, GZIP, gzip.compress(noise, 0))
    assert len(gzip.compress(noise, 0)) > len(noise)
    assert server.fetch(len(noise)) == noise


DAMAGED = {
    "cut short by a byte": gzip.compress(DATA)[:-1],
    "cut short in the middle": gzip.compress(DATA)[:40],
    "cut short in its header": gzip.compress(DATA)[:5],
    "of no bytes": b"",
    "with a wrong checksum": gzip.compress(DATA)[:-8] + bytes(8),
    "with something behind": gzip.compress(DATA) + b"x",
    "twice": gzip.compress(DATA[:100]) + gzip.compress(DATA[100:]),
    "that is none": DATA,
    "that is zlib": zlib.compress(DATA),
}


@pytest.mark.parametrize("body", DAMAGED.values(), ids=DAMAGED)
def test_damaged_gzip_is_refused(server: Server, body: bytes) -> None:
    server.answers = lambda path, count: (200, GZIP, body)
    with pytest.raises(MalformedError, match="gzip"):
        server.fetch()


def test_a_gzip_bomb_is_not_unpacked(server: Server) -> None:
    bomb = gzip.compress(bytes(100_000_000))
    server.answers = lambda path, count: (200, GZIP, bomb)
    with pytest.raises(MalformedError, match="longer"):
        server.fetch(1_000_000)
    nested = gzip.compress(bomb)
    server.answers = lambda path, count: (200, GZIP, nested)
    assert server.fetch(len(bomb)) == bomb  # one layer is unpacked, as announced


@pytest.mark.parametrize("encoding", ["br", "deflate", "gzip, gzip", "zstd", "\u00e9"])
def test_an_encoding_that_was_not_asked_for_is_refused(server: Server, encoding: str) -> None:
    server.answers = lambda path, count: (200, {"Content-Encoding": encoding}, DATA)
    with pytest.raises(MalformedError, match="encoding"):
        server.fetch()


# ---- where it points to --------------------------------------------------------------------------------------


def test_a_log_that_moved_is_followed(server: Server) -> None:
    def answer(path: str, count: int) -> Answer:
        return (200, {}, DATA) if path.startswith("/new/") else (308, {"Location": f"/new{path}"}, b"")

    server.answers = answer
    assert server.fetch() == DATA


@pytest.mark.parametrize(
    "location",
    ["", "file:///etc/passwd", "ftp://example/x", "http://user@example/x", "/x?y=1", "http://[", "//:80/x"],
)
def test_a_log_is_not_followed_to_where_it_may_not_point(server: Server, location: str) -> None:
    server.answers = lambda path, count: (302, {"Location": location}, b"")
    with pytest.raises((UnreachableError, MalformedError)):
        server.fetch()
    assert len(server.requests) == 1


def same_host(server: Server, number: int) -> str:
    """The server's address under another spelling for each number: to a client another host."""
    return server.address.replace("127.0.0.1", f"127.0.0.{'0' * number}1")


def test_a_log_is_not_followed_to_ever_other_hosts(server: Server) -> None:
    def answer(path: str, count: int) -> Answer:
        if path.startswith("/new/"):
            return 200, {}, DATA
        return 302, {"Location": f"{same_host(server, count)}/new{path}"}, b""

    server.answers = answer
    source = server.source()
    for _ in range(MAX_HOSTS):
        assert source.fetch("tile/0/000", LIMIT) == DATA
    with pytest.raises(UnreachableError, match="yet another host"):
        source.fetch("tile/0/000", LIMIT)
    assert len(server.requests) == 2 * MAX_HOSTS + 1


def test_of_many_hosts_few_connections_stay_open_and_the_logs_own_is_one_of_them(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[HTTPConnection] = []
    connect = fetch._connect

    def connect_and_note(parts: SplitResult) -> HTTPConnection:
        made.append(connect(parts))
        return made[-1]

    def answer(path: str, count: int) -> Answer:
        if path.startswith("/new/"):
            return 200, {}, DATA
        return 302, {"Location": f"{same_host(server, count)}/new{path}"}, b""

    monkeypatch.setattr(fetch, "_connect", connect_and_note)
    server.answers = answer
    source = server.source()
    for hosts in range(1, MAX_HOSTS + 1):
        assert source.fetch("tile/0/000", LIMIT) == DATA
        assert len(made) == 1 + hosts  # the log's own host was asked over one connection throughout
        assert sum(one.sock is not None for one in made) <= 2


def test_a_log_is_not_followed_in_circles(server: Server) -> None:
    server.answers = lambda path, count: (302, {"Location": path}, b"")
    with pytest.raises(UnreachableError, match="302"):
        server.fetch()
    assert len(server.requests) == 4


# ---- proxies, processes, whole logs ---------------------------------------------------------------------------


def test_the_proxy_of_the_environment_is_asked_for_the_whole_address(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", server.address)
    monkeypatch.setenv("no_proxy", "")
    assert fetch_url("http://ledger.invalid/ledger/vkey", LIMIT) == DATA
    assert server.requests[0][0] == "http://ledger.invalid/ledger/vkey"
    assert server.requests[0][1]["Host"] == "ledger.invalid"


def test_a_source_that_is_sent_to_another_process_reads_the_same_log(server: Server) -> None:
    source = server.source()
    assert source.fetch("checkpoint", LIMIT) == pickle.loads(pickle.dumps(source)).fetch("checkpoint", LIMIT)
    assert [path for path, _ in server.requests] == ["/ledger/checkpoint"] * 2


def test_a_whole_log_is_read_by_several_threads_and_processes(server: Server, tmp_path: Path) -> None:
    log = write_log(tmp_path / "log", chained(9_000), KEY)

    def answer(path: str, count: int) -> Answer:
        data = log.fetch(path.removeprefix("/ledger/"), 1_000_000)
        return 200, GZIP, gzip.compress(data, 1)

    server.answers = answer
    for processes in (1, 2):
        server.connections = 0
        report = verify(server.source(), [KEY.verifier], full=True, processes=processes)
        assert report.size == 9_000
        assert server.connections <= 1 + 8 * processes
    verify(server.source(), [KEY.verifier])


DRIPS = {
    "headers": (b"HTTP/1.1 200 OK\r\nX-Long: ", b"x"),
    "interim answers": (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "the size of a chunk": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;", b"x"),
    "the body": (b"HTTP/1.1 200 OK\r\nContent-Length: 2048\r\n\r\n", b"x"),
}


@pytest.mark.parametrize("what", DRIPS)
def test_a_server_that_drips_is_left_after_its_time_whatever_it_drips(what: str) -> None:
    with dripping(*DRIPS[what]) as served:
        source = HTTPSource(served.url, clock=served.clock)
        with pytest.raises(UnreachableError, match="longer than 120 seconds"):
            source.fetch("checkpoint", LIMIT)


def test_a_connection_that_is_kept_has_its_whole_time_again(server: Server) -> None:
    seconds = count(step=30)
    source = HTTPSource(f"{server.address}/ledger", clock=lambda: float(next(seconds)))
    for _ in range(4):
        assert source.fetch("checkpoint", LIMIT) == DATA
    assert server.connections == 1
    assert next(seconds) > fetch.DEADLINE_SECONDS
