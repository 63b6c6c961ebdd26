"""A published log over HTTP: connections that are kept, patience with a log that stumbles, bounds on everything.

What the far side sends is not trusted: not its length, not its encoding, not where it points to.
"""

from __future__ import annotations

import http.client
import threading
import time
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import SplitResult, urljoin, urlsplit
from urllib.request import getproxies, proxy_bypass

from ledger.answers import Clock, OverdueError, answers_within
from ledger.errors import MalformedError, NotPublishedError, UnreachableError

TIMEOUT_SECONDS = 30
"""How long to wait for a connection, or for the next bytes of an answer."""

DEADLINE_SECONDS = 120
"""How long one file may take in all, its headers too: a server that drips must not hold a verifier for ever."""

ATTEMPTS = 3
MAX_REDIRECTS = 3
MAX_HOSTS = 16
"""To how many other hosts a log may point in all: one that points to ever others uses its reader against them."""

_KEPT_HOSTS = 2  # the log's own, and the one that it points to
_PAUSES = (0.2, 0.8)
_MAX_PAUSE = 10
_PIECE = 65_536
_MAX_UNWANTED = 65_536  # an error page up to this length is read to keep the connection
_REDIRECTS = (301, 302, 303, 307, 308)
_STUMBLES = (408, 429, 500, 502, 503, 504)
_GZIP = 16 + zlib.MAX_WBITS
_HEADERS = {"Accept-Encoding": "gzip", "User-Agent": "ledger-verify"}

Pause = Callable[[float], None]


class HTTPSource:
    """A log behind a web address, the prefix in front of `/checkpoint` and `/tile/`.

    Several threads may read from it, each over a connection of its own; a copy in another process opens its own.
    """

    lanes = 8
    """How many files are worth asking for at a time."""

    def __init__(self, url: str, pause: Pause = time.sleep, clock: Clock = time.monotonic) -> None:
        self._prefix = check_address(url).geturl().rstrip("/")
        self._client = _Client(pause, clock)

    def fetch(self, path: str, limit: int) -> bytes:
        """Return the file at `path`; see `ledger.sources.Source`."""
        try:
            return self._client.get(f"{self._prefix}/{path}", limit)
        except NotPublishedError as error:
            raise NotPublishedError(self._no_log()) if path == "checkpoint" else error from error

    def _no_log(self) -> str:
        """Say that there is no log at this address, and what the address may lack."""
        if self._prefix.endswith("/checkpoint"):
            return f"there is no log at {self._prefix}: give the address without /checkpoint"
        if self._prefix.endswith("/ledger"):
            return f"there is no log at {self._prefix} (yet): its publisher has not written {self._prefix}/checkpoint"
        return (
            f"there is no log at {self._prefix}: it has no {self._prefix}/checkpoint. The address of a log is often"
            f" longer than that of its site; try {self._prefix}/ledger"
        )

    def __reduce__(self) -> tuple[type[HTTPSource], tuple[str]]:
        return HTTPSource, (self._prefix,)


def fetch_url(url: str, limit: int) -> bytes:
    """Return the body behind an http(s) address.

    Raises:
        NotPublishedError: there is nothing (404, 410).
        MalformedError: it is longer than `limit` bytes, or its encoding is damaged.
        UnreachableError: nobody answers, or not with the file.
    """
    return _Client(time.sleep, time.monotonic).get(url, limit)


def check_address(url: str) -> SplitResult:
    """Return the parts of a plain http(s) address: file:// would read the verifier's disk.

    Raises:
        MalformedError: anything else.
    """
    try:
        parts = urlsplit(url)
        usable = parts.port != 0 and bool(parts.hostname)
    except ValueError as error:
        raise MalformedError("not a web address") from error
    if (
        not usable
        or parts.scheme not in ("http", "https")
        or parts.query
        or parts.fragment
        or "@" in parts.netloc
    ):
        raise MalformedError(
            "a web address begins with http:// or https:// and has no user, query or fragment"
        )
    return parts


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    location: str
    body: bytes
    retry_after: str


class _HTTP(http.client.HTTPConnection):
    def __del__(self) -> None:  # a thread that ends leaves its connections
        self.close()


class _HTTPS(http.client.HTTPSConnection):
    def __del__(self) -> None:
        self.close()


class _Connections(threading.local):
    """This thread's open connections, one per host: those that were used last."""

    def __init__(self) -> None:
        self.open: dict[tuple[str, str], http.client.HTTPConnection] = {}

    def keep(self, place: tuple[str, str], connection: http.client.HTTPConnection) -> None:
        """Keep one that `open` does not have, in the place of the one that was used longest ago."""
        self.open[place] = connection
        while len(self.open) > _KEPT_HOSTS:
            self.open.pop(next(iter(self.open))).close()


class _Client:
    def __init__(self, pause: Pause, clock: Clock) -> None:
        self._pause = pause
        self._answers = answers_within(DEADLINE_SECONDS, clock)
        self._connections = _Connections()
        self._has_answered = False
        self._hosts: set[str] = set()

    def get(self, url: str, limit: int) -> bytes:
        for _ in range(MAX_REDIRECTS + 1):
            answer = self._patiently(url, limit)
            if answer.status not in _REDIRECTS:
                break
            url = self._followed(url, answer.location)
        if answer.status == 200:
            return answer.body
        if answer.status in (404, 410):
            raise NotPublishedError(f"the log has no {url}")
        raise UnreachableError(f"{url} answers {answer.status}")

    def _followed(self, url: str, location: str) -> str:
        """Return where an address points to, one of not too many hosts."""
        target = _redirected(url, location)
        host = urlsplit(target).netloc
        if host != urlsplit(url).netloc:
            self._hosts.add(host)
        if len(self._hosts) > MAX_HOSTS:
            raise UnreachableError(f"{url} points to yet another host, after {MAX_HOSTS} of them")
        return target

    def _patiently(self, url: str, limit: int) -> _Answer:
        """Ask, and ask again where the connection broke or the server stumbled."""
        for attempt in range(ATTEMPTS):
            is_last = attempt == ATTEMPTS - 1
            try:
                answer = self._once(url, limit)
            except OverdueError as error:
                raise UnreachableError(f"{url} takes longer than {DEADLINE_SECONDS} seconds") from error
            except (OSError, http.client.HTTPException, ValueError) as error:
                # A log that never answered is not waited for: its address is wrong, or it is down.
                if is_last or not self._has_answered:
                    raise UnreachableError(f"{url} cannot be reached: {error}") from error
                self._pause(_PAUSES[attempt])
                continue
            self._has_answered = True
            if answer.status not in _STUMBLES or is_last:
                return answer
            self._pause(_pause_of(answer.retry_after, _PAUSES[attempt]))
        raise AssertionError("the last attempt returns or raises")

    def _once(self, url: str, limit: int) -> _Answer:
        parts = check_address(url)
        place = (parts.scheme, parts.netloc)
        connection = self._connections.open.pop(place, None)
        is_fresh = connection is None
        connection = connection or self._connect(parts)
        try:
            try:
                answer = _ask(connection, parts)
            except (OSError, http.client.HTTPException) as error:
                if is_fresh or isinstance(error, OverdueError):
                    raise
                connection.close()  # the server had closed the connection that was kept: that is no failure
                connection = self._connect(parts)
                answer = _ask(connection, parts)
            result = _read(url, answer, limit)
        except BaseException:
            connection.close()
            raise
        if answer.isclosed() and not answer.will_close:
            self._connections.keep(place, connection)
        else:
            connection.close()
        return result

    def _connect(self, parts: SplitResult) -> http.client.HTTPConnection:
        connection = _connect(parts)
        connection.response_class = self._answers
        return connection


def _connect(parts: SplitResult) -> http.client.HTTPConnection:
    """Return a connection to the host of an address, through the proxy that the environment names."""
    make = _HTTPS if parts.scheme == "https" else _HTTP
    host, port = parts.hostname or "", parts.port
    proxy = getproxies().get(parts.scheme)
    if not proxy or proxy_bypass(host):
        connection = make(host, port, timeout=TIMEOUT_SECONDS)
    else:
        via = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
        connection = make(via.hostname or "", via.port, timeout=TIMEOUT_SECONDS)
        if parts.scheme == "https":
            connection.set_tunnel(host, port)
    return connection


def _ask(connection: http.client.HTTPConnection, parts: SplitResult) -> http.client.HTTPResponse:
    target = parts.path or "/"
    if parts.scheme == "http" and connection.host != parts.hostname:
        target = parts.geturl()  # a proxy is asked for the whole address
    connection.request("GET", target, headers={"Host": parts.netloc, **_HEADERS})
    return connection.getresponse()


def _read(url: str, answer: http.client.HTTPResponse, limit: int) -> _Answer:
    """Read an answer within its bounds. One that is no file is read only so that the connection can be kept."""
    if answer.status != 200:
        _body(url, answer, _MAX_UNWANTED)
        location = answer.getheader("Location") or ""
        return _Answer(answer.status, location, b"", answer.getheader("Retry-After") or "")
    encoding = (answer.getheader("Content-Encoding") or "identity").strip().lower()
    if encoding == "identity":
        body = _body(url, answer, limit)
    elif encoding in ("gzip", "x-gzip"):
        # What does not compress grows a little.
        body = gunzip(url, _body(url, answer, limit + limit // 100 + 1024), limit)
    else:
        raise MalformedError(f"{url} comes in an encoding that was not asked for")
    if len(body) > limit:
        raise MalformedError(f"{url} is longer than the {limit} bytes it may have")
    return _Answer(200, "", body, "")


def _body(url: str, answer: http.client.HTTPResponse, limit: int) -> bytes:
    """Return the body as it comes over the line, at most one byte more than `limit`."""
    pieces, length = [], 0
    while length <= limit and (piece := answer.read1(min(_PIECE, limit + 1 - length))):
        pieces.append(piece)
        length += len(piece)
    if length <= limit:
        if answer.length:  # reading to the end does not say by itself that bytes are missing
            raise http.client.IncompleteRead(b"", answer.length)
        answer.read()  # lets go of the connection, so that it can be kept
    return b"".join(pieces)


def gunzip(url: str, data: bytes, limit: int) -> bytes:
    """Return what gzip holds, at most one byte more than `limit`: a bomb is not unpacked."""
    stream = zlib.decompressobj(_GZIP)
    try:
        body = stream.decompress(data, limit + 1)
    except zlib.error as error:
        raise MalformedError(f"{url} is damaged gzip: {error}") from error
    if len(body) > limit:
        return body
    if not stream.eof:
        raise MalformedError(f"{url} is gzip that was cut short")
    if stream.unused_data:
        raise MalformedError(f"{url} has something behind its gzip")
    return body


def _redirected(url: str, location: str) -> str:
    try:
        target = urljoin(url, location)
    except ValueError as error:
        raise MalformedError(f"{url} points to what is no address") from error
    parts = check_address(target)
    if not location or (urlsplit(url).scheme == "https" and parts.scheme != "https"):
        raise UnreachableError(f"{url} points to where it may not point")
    return target


def _pause_of(retry_after: str, otherwise: float) -> float:
    if retry_after.isascii() and retry_after.isdigit() and len(retry_after) < 6:
        return min(int(retry_after), _MAX_PAUSE)
    return otherwise
