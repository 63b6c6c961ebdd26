"""The log's files as C2SP tlog-tiles wants them served, and the page that says how to check them.

Source: c2sp.org/tlog-tiles, tlog-checkpoint; shared formats 1.3 and 1.4.
"""

from __future__ import annotations

from pathlib import Path

from flask import Blueprint, Response, current_app, render_template
from flask.typing import ResponseReturnValue

from ledger.checkpoint import Checkpoint, open_checkpoint
from ledger.encoding import HASH_LENGTH
from ledger.errors import LedgerError, MalformedError, NotPublishedError
from ledger.note import VerifierKey
from ledger.tiles import MAX_CHECKPOINT_LENGTH, RECORD_LENGTH, TileDirectory, parse_path
from web.public.serving import plain, public_file
from web.settings import WebSettings

blueprint = Blueprint("log", __name__)

NEWEST = "public, max-age=1"
IMMUTABLE = "public, max-age=31536000, immutable"
TEXT = "text/plain; charset=utf-8"
BINARY = "application/octet-stream"
_MAX_VKEY = 4096


@blueprint.get("/ledger")
def page() -> ResponseReturnValue:
    """Say what the log is and how to check it."""
    checkpoint, vkeys = newest_checkpoint(), published_vkeys()
    return render_template(
        "public/ledger.html", checkpoint=checkpoint, vkeys=vkeys, lines=verify_lines(_settings().base_url)
    )


@blueprint.get("/ledger/checkpoint")
def checkpoint() -> Response:
    """The newest signed checkpoint."""
    return _file("checkpoint", MAX_CHECKPOINT_LENGTH, TEXT, NEWEST)


@blueprint.get("/ledger/vkey")
def vkey() -> Response:
    """The log's verifier key, and on the second line the door's."""
    return _file("vkey", _MAX_VKEY, TEXT, NEWEST)


@blueprint.get("/ledger/tile/<path:rest>")
def tile(rest: str) -> Response:
    """One tile or entry bundle; immutable. Only what the format names can be asked for."""
    path = f"tile/{rest}"
    try:
        wanted = parse_path(path)
    except MalformedError:
        return plain(400, "not the path of a tile")
    unit = RECORD_LENGTH if wanted.level is None else HASH_LENGTH
    return _file(path, wanted.width * unit, BINARY, IMMUTABLE)


def newest_checkpoint() -> Checkpoint | None:
    """Return the newest published checkpoint, its signature checked; None before there is one."""
    log = TileDirectory(_directory())
    try:
        keys = [VerifierKey.parse(line) for line in published_vkeys()[:1]]
        return open_checkpoint(log.fetch("checkpoint", MAX_CHECKPOINT_LENGTH), keys)
    except LedgerError:
        return None


def published_vkeys() -> list[str]:
    """Return the published verifier keys: the log's, then the door's."""
    try:
        return TileDirectory(_directory()).fetch("vkey", _MAX_VKEY).decode("utf-8").splitlines()
    except (LedgerError, UnicodeDecodeError):
        return []


def verify_lines(base_url: str) -> tuple[str, str, str]:
    """Return three lines to copy: keep the key, verify everything with a memory, compare with the database."""
    keys = published_vkeys()
    return (
        f"echo '{keys[0] if keys else ''}' > log.vkey",
        f".venv/bin/ledger verify {base_url}/ledger --key log.vkey --full --state ledger-memory",
        f".venv/bin/databeheer ledger audit{' --demo' if _settings().demo else ''}",
    )


def _file(path: str, limit: int, content_type: str, caching: str) -> Response:
    try:
        data = TileDirectory(_directory()).fetch(path, limit)
    except NotPublishedError:
        return plain(404, "not published")
    return public_file(data, content_type, caching)


def _directory() -> Path:
    return _settings().ledger_directory


def _settings() -> WebSettings:
    settings: WebSettings = current_app.config["WEB_SETTINGS"]
    return settings
