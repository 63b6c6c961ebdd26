"""Verifiers that are not ours, as docs/examples has them; tests that need one skip, visibly, where it cannot run."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "docs" / "examples"
GO_PATH = Path("/usr/share/gocode")  # where Debian puts the sources of Go libraries


@dataclass(frozen=True)
class Said:
    """How a program ended, and what it said."""

    status: int
    text: str

    @property
    def holds(self) -> bool:
        return self.status == 0


@dataclass(frozen=True)
class Foreign:
    """A program that checks a log; its own arguments stand before the place."""

    program: Path

    def run(self, *arguments: str | Path) -> Said:
        done = subprocess.run(
            [self.program, *map(str, arguments)], capture_output=True, text=True, timeout=120
        )
        assert done.returncode in (0, 1, 2, 3), done.stderr  # anything else is a crash
        return Said(done.returncode, done.stdout)


def build_go_verifier(folder: Path) -> Foreign:
    """Build docs/examples/go-verifier with Debian's Go, without a network; skip where it is not installed."""
    go("build", "-o", str(folder / "verify"), ".")
    return Foreign(folder / "verify")


def go(*arguments: str) -> None:
    """Give Go a command in docs/examples/go-verifier, as its README does; skip where Go is not installed."""
    if shutil.which("go") is None or not (GO_PATH / "src/golang.org/x/mod/sumdb/tlog").is_dir():
        pytest.skip("Go, or golang.org/x/mod of Debian (golang-golang-x-mod-dev), is not installed")
    place = EXAMPLES / "go-verifier"
    offline = {"GO111MODULE": "off", "GOPATH": str(GO_PATH), "GOFLAGS": "-buildvcs=false"}
    environment = {**os.environ, **offline, "GOCACHE": str(ROOT / "build" / "go-cache")}
    done = subprocess.run(["go", *arguments], cwd=place, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def served(public: Path) -> Iterator[str]:
    """Serve a directory over HTTP, as a mirror would; gives its address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(public)))
    thread = Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
