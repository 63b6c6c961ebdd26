"""gunicorn as it is run here: what it believes of a request, and what it writes down of it."""

from __future__ import annotations

import http.client
import logging
import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest
from gunicorn.config import Config

from tests.doors import CHECKOUT, until
from web.gunicorn_log import QuietLogger

EAN = "541448899990000039"
CALLER = "127.0.0.1"
SHOWING = """
def application(environ, start_response):
    if environ["PATH_INFO"].startswith("/fail"):
        raise KeyError(environ["PATH_INFO"])
    body = f"{environ['SCRIPT_NAME']}|{environ['PATH_INFO']}|{environ['wsgi.url_scheme']}".encode()
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
    return [body]
"""


@dataclass
class Gunicorn:
    """A running gunicorn with an application that shows what it was told."""

    process: subprocess.Popen[bytes]
    log: Path
    port: int = 0

    def get(self, path: str, **headers: str) -> tuple[int, str]:
        with closing(http.client.HTTPConnection(CALLER, self.port, timeout=60)) as connection:
            connection.request("GET", path, headers=headers)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()

    def send(self, raw: bytes) -> bytes:
        with closing(socket.create_connection((CALLER, self.port), timeout=60)) as connection:
            connection.sendall(raw)
            return connection.recv(65536)


@pytest.fixture(scope="module")
def gunicorn(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gunicorn]:
    folder = tmp_path_factory.mktemp("gunicorn")
    (folder / "showing.py").write_text(SHOWING)
    log = folder / "web.log"
    command = ["-m", "gunicorn", "--config", "python:web.gunicorn_settings", "--bind", f"{CALLER}:0"]
    command += ["--worker-class", "gthread", "--no-control-socket", "--worker-tmp-dir", str(folder)]
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, *command, "--pythonpath", str(folder), "showing:application"],
            env={"PATH": os.environ["PATH"]},
            cwd=CHECKOUT,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
    running = Gunicorn(process, log)

    def listens() -> bool:
        assert process.poll() is None, log.read_text()
        found = re.search(r"Listening at: http://127\.0\.0\.1:(\d+)", log.read_text())
        running.port = int(found[1]) if found else 0
        return found is not None

    until(listens, "gunicorn listens")
    yield running
    process.terminate()
    process.wait(60)


@pytest.mark.parametrize("prefix", ["/mijn", "/other", "x"])
def test_no_caller_says_where_the_site_begins(gunicorn: Gunicorn, prefix: str) -> None:
    assert gunicorn.get("/mijn/verbruik", SCRIPT_NAME=prefix) == (200, "|/mijn/verbruik|http")


def test_no_caller_says_how_the_site_is_reached(gunicorn: Gunicorn) -> None:
    assert gunicorn.get("/", **{"X-Forwarded-Proto": "https", "X-Forwarded-Ssl": "on"}) == (200, "|/|http")


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(f"GET /{EAN} HTTP/9.9\r\n\r\n".encode(), id="another version"),
        pytest.param(f"{EAN}\r\n\r\n".encode(), id="no request line"),
        pytest.param(f"GET / HTTP/1.1\r\nHost: x\r\n{EAN}: \x01\r\n\r\n".encode(), id="a wrong header"),
        pytest.param(f"GET / HTTP/1.1\r\nHost: x\r\n {EAN}\r\n\r\n".encode(), id="a folded header"),
        pytest.param(
            f"GET /{EAN} HTTP/1.1\r\nHost: x\r\nContent-Length: {EAN}x\r\n\r\n".encode(), id="a length"
        ),
    ],
)
def test_of_a_malformed_request_the_log_says_only_that_it_was_refused(gunicorn: Gunicorn, raw: bytes) -> None:
    before = len(gunicorn.log.read_text())
    assert b" 400 " in gunicorn.send(raw) or b" 505 " in gunicorn.send(raw)
    until(lambda: "refused" in gunicorn.log.read_text()[before:], "the refusal is in the log")
    written = gunicorn.log.read_text()[before:]
    assert EAN not in written
    assert CALLER not in written


def test_of_a_failure_the_log_says_what_kind_and_where(gunicorn: Gunicorn) -> None:
    before = len(gunicorn.log.read_text())
    assert gunicorn.get(f"/fail/{EAN}")[0] == 500
    until(lambda: "KeyError" in gunicorn.log.read_text()[before:], "the failure is in the log")
    written = gunicorn.log.read_text()[before:]
    assert "showing.py:" in written
    assert EAN not in written
    assert CALLER not in written


@pytest.fixture
def logger(caplog: pytest.LogCaptureFixture) -> Iterator[QuietLogger]:
    quiet = QuietLogger(Config())
    quiet.error_log.propagate = True
    caplog.set_level(logging.DEBUG, logger="gunicorn.error")
    yield quiet
    for handler in list(quiet.error_log.handlers):
        quiet.error_log.removeHandler(handler)


def test_what_the_master_says_of_its_processes_is_kept(
    logger: QuietLogger, caplog: pytest.LogCaptureFixture
) -> None:
    logger.critical("WORKER TIMEOUT (pid:%s)", 17)
    logger.error("Worker (pid:%s) exited with code %s.", 17, 3)
    logger.warning("Worker (pid:%s) was sent %s!", 17, "SIGKILL")
    assert caplog.messages == [
        "WORKER TIMEOUT (pid:17)",
        "Worker (pid:17) exited with code 3.",
        "Worker (pid:17) was sent SIGKILL!",
    ]


def test_whatever_else_is_said_of_a_request_is_not_kept(
    logger: QuietLogger, caplog: pytest.LogCaptureFixture
) -> None:
    logger.warning("Invalid request from ip=127.0.0.1: 541448899990000039")
    logger.warning("%s asks %s", CALLER, EAN)
    logger.error("Error %s", EAN)
    logger.critical(EAN)
    logger.debug("Closing connection. %s", EAN)
    logger.access(None, None, {"PATH_INFO": EAN}, None)
    try:
        raise ValueError(EAN)
    except ValueError:
        logger.exception("Error handling request %s", f"/{EAN}")
    assert len(caplog.messages) == 5
    assert EAN not in caplog.text
    assert CALLER not in caplog.text
    assert "ValueError at test_gunicorn.py:" in caplog.text


def test_an_application_that_does_not_start_says_why(
    logger: QuietLogger, caplog: pytest.LogCaptureFixture
) -> None:
    try:
        raise ImportError("no module web.portal")
    except ImportError:
        logger.exception("Exception in worker process")
    assert "no module web.portal" in caplog.text
