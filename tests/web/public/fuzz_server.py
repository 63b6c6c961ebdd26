"""Hostile requests for the log's files: answered 400 or 404, or with exactly what is published."""

from __future__ import annotations

import gzip
from collections import Counter
from pathlib import Path
from random import Random

from flask import Flask
from werkzeug.test import create_environ, run_wsgi_app

from ledger.errors import MalformedError
from ledger.paths import parse_path
from tests.ledger import fuzzing

TOP = (
    "checkpoint",
    "vkey",
    "policy",
    "checkpoint/",
    "Checkpoint",
    "checkpoint\x00",
    "..",
    "",
    "tile",
    "tile/",
)
METHODS = ("GET", "GET", "GET", "GET", "HEAD", "OPTIONS")
HEADERS = {
    "Accept-Encoding": ("gzip", "*", "gzip;q=0", "gzip;q=nan", "gzip;q=-1", ", ,;;=", "\x80\xff", "g" * 3000),
    "If-None-Match": ("*", '"x"', 'W/"x"', '"', ",,,", "\xff", '"' * 500),
    "If-Modified-Since": ("0", "yesterday", "Sat, 01 Jan 99999 00:00:00 GMT"),
    "Range": ("bytes=0-1", "bytes=5-1", "bytes=-", "lines=1-2", "bytes=" + "1-2," * 300),
}


def run(app: Flask, public: Path, first: int, count: int) -> Counter[int]:
    """Send requests by their number; return how often each status came.

    Raises:
        AssertionError: another status, or another body than what is published; names the request.
    """
    statuses: Counter[int] = Counter()
    for number in range(first, first + count):
        random = Random(number)
        wanted = fuzzing.path(random) if random.random() < 0.9 else random.choice(TOP)
        statuses[_ask(app, public, number, random, wanted)] += 1
    return statuses


def _ask(app: Flask, public: Path, number: int, random: Random, wanted: str) -> int:
    method = random.choice(METHODS)
    chosen = {name: random.choice(values) for name, values in HEADERS.items() if random.random() < 0.3}
    environ = create_environ("/ledger/", "http://127.0.0.1:8000", method=method, headers=chosen)
    environ["PATH_INFO"] = f"/ledger/{wanted}".encode("utf-8", "surrogateescape").decode("latin-1")
    body, status, headers = run_wsgi_app(app, environ, buffered=True)
    data, code = b"".join(body), int(status.split(" ")[0])
    what = f"request {number}: {method} {wanted!r} {chosen}: {status}"
    if not wanted.strip("/"):  # the page for people, or the way to it
        assert code in (200, 308, 400), what
        return code
    assert code in (200, 206, 304, 400, 404, 405, 416), what
    if code == 200 and method == "GET":
        if headers.get("Content-Encoding") == "gzip":
            data = gzip.decompress(data)
        assert data == (public / wanted).read_bytes(), what
    if code in (200, 206, 304) and wanted.startswith("tile/") and method != "OPTIONS":
        assert str(parse_path(wanted)) == wanted, what
        assert "immutable" in headers["Cache-Control"], what
    if code in (400, 404):
        assert "immutable" not in headers.get("Cache-Control", ""), what
        assert _is_malformed(wanted) or not (public / wanted).is_file(), what
    return code


def _is_malformed(wanted: str) -> bool:
    try:
        parse_path(wanted)
    except MalformedError:
        return wanted not in ("checkpoint", "vkey", "policy")
    return False
