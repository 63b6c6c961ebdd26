"""Stylesheet, icons and other files of our own, addressed by content so that they may be cached for good."""

from __future__ import annotations

from functools import lru_cache
from hashlib import sha256
from pathlib import Path

from flask import Flask, Response, send_from_directory, url_for

FOLDER = Path(__file__).parent / "static"
ONE_YEAR = 31_536_000


def register(app: Flask) -> None:
    """Serve `/static/...` and give templates `asset(name)`."""
    app.add_url_rule("/static/<path:name>", "static", send_asset)
    app.add_url_rule("/favicon.ico", "favicon", favicon)
    app.jinja_env.globals["asset"] = asset


def send_asset(name: str) -> Response:
    """Answer with one file of the static folder; its address carries a content hash, so caches keep it."""
    return send_from_directory(FOLDER, name, max_age=ONE_YEAR)


def favicon() -> Response:
    """Browsers ask for this name whatever the page says."""
    return send_from_directory(FOLDER, "favicon.svg", max_age=ONE_YEAR)


@lru_cache(maxsize=256)
def asset(name: str) -> str:
    """Return the address of a static file, with the first digits of its SHA-256."""
    return url_for("static", name=name, v=sha256((FOLDER / name).read_bytes()).hexdigest()[:12])
