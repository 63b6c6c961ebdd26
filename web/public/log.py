"""The log's files as C2SP tlog-tiles wants them served, and the page that says how to check them.

Source: c2sp.org/tlog-tiles, tlog-checkpoint; shared formats 1.3 and 1.4.
"""

from __future__ import annotations

import gzip
from hashlib import sha256
from pathlib import Path

from flask import Blueprint, Response, current_app, render_template, request
from flask.typing import ResponseReturnValue

from databeheer.clock import Clock
from ledger.checkpoint import Checkpoint
from ledger.encoding import HASH_LENGTH
from ledger.errors import MalformedError, NotPublishedError
from ledger.growth import read_growth
from ledger.note import VerifierKey
from ledger.policy import MAX_POLICY_LENGTH
from ledger.tiles import MAX_CHECKPOINT_LENGTH, RECORD_LENGTH, TileDirectory, parse_path
from ledger.vkeys import MAX_VKEYS_LENGTH, keys_of_log
from web.public.flanders import checked_in
from web.public.growing import growing
from web.public.serving import SHORT, plain, public_file
from web.public.standing import look_at, read_checkpoint, read_keys
from web.public.year_in_words import year_rows
from web.settings import WebSettings

blueprint = Blueprint("log", __name__)

NEWEST = "public, max-age=1"
IMMUTABLE = "public, max-age=31536000, immutable"
TEXT = "text/plain; charset=utf-8"
BINARY = "application/octet-stream"


@blueprint.get("/ledger", strict_slashes=False)  # with a slash too, as a log's address is often written
def page() -> ResponseReturnValue:
    """Say what the log is, where it stands, how to check it, what it cannot show and what it would cost."""
    clock: Clock = current_app.config["WEB_CLOCK"]
    now = clock.now()
    standing = look_at(_directory(), now)
    hours = standing.growth.hours if standing.growth else ()
    year = checked_in()
    return render_template(
        "public/ledger.html",
        standing=standing,
        checkpoint=standing.checkpoint,
        growing=growing(hours, standing.checkpoint.size, now) if standing.checkpoint else None,
        year=year,
        year_rows=year_rows(year),
        lines=verify_lines(_settings().base_url),
    )


@blueprint.get("/ledger/checkpoint")
def checkpoint() -> Response:
    """The newest signed checkpoint."""
    return _file("checkpoint", MAX_CHECKPOINT_LENGTH, TEXT, NEWEST)


@blueprint.get("/ledger/vkey")
def vkey() -> Response:
    """The log's verifier key, on the second line the door's, and while it changes the log's next one."""
    return _file("vkey", MAX_VKEYS_LENGTH, TEXT, NEWEST)


@blueprint.get("/ledger/growth")
def growth() -> Response:
    """How the log grew, by the hour; for people, no verifier reads it."""
    try:
        found = read_growth(_directory())
    except MalformedError:
        found = None
    if found is None:
        return plain(404, "not published")
    return public_file(found.to_bytes(), TEXT, SHORT)


@blueprint.get("/ledger/policy")
def policy() -> Response:
    """The policy that says which witnesses the log asks (c2sp.org/tlog-policy)."""
    return _file("policy", MAX_POLICY_LENGTH, TEXT, NEWEST)


@blueprint.get("/ledger/tile/<path:rest>", merge_slashes=False)
def tile(rest: str) -> Response:
    """One tile or entry bundle; immutable. Only what the format names can be asked for.

    Bundles are packed for clients that take gzip: a third of them is always the same. Hashes do not get smaller.
    """
    path = f"tile/{rest}"
    try:
        wanted = parse_path(path)
    except MalformedError as error:
        return plain(400, str(error))
    if wanted.level is None:
        return _file(path, wanted.width * RECORD_LENGTH, BINARY, IMMUTABLE, packs=True)
    return _file(path, wanted.width * HASH_LENGTH, BINARY, IMMUTABLE)


def newest_checkpoint() -> Checkpoint | None:
    """Return the newest published checkpoint, its signature checked; None before there is one."""
    return read_checkpoint(_directory(), published_keys())[0]


def published_keys() -> tuple[VerifierKey, ...]:
    """Return the published verifier keys: the log's, the door's, and while it changes the log's next."""
    return read_keys(_directory())


def verify_lines(base_url: str) -> tuple[str, str, str]:
    """Return three lines to copy: keep the key, verify everything with a memory, compare with the database."""
    keys = " ".join(f"'{key}'" for key in keys_of_log(published_keys()))
    write = "printf '%s\\n'" if " " in keys else "echo"  # a line for each while the key changes
    return (
        f"{write} {keys} > log.vkey",
        f".venv/bin/ledger verify {base_url}/ledger --key log.vkey --full --state ledger-memory",
        f".venv/bin/databeheer ledger audit{' --demo' if _settings().demo else ''}",
    )


def _file(path: str, limit: int, content_type: str, caching: str, *, packs: bool = False) -> Response:
    """Answer with a published file, or with 304 to somebody who has it."""
    try:
        data = TileDirectory(_directory()).fetch(path, limit)
    except (NotPublishedError, MalformedError):  # longer than it may be: damaged, and no file of the log
        return plain(404, "not published")
    tag = sha256(data).hexdigest()[:32]
    is_packed = packs and request.accept_encodings["gzip"] > 0
    if is_packed:
        data, tag = gzip.compress(data, compresslevel=1, mtime=0), f"{tag}-gzip"
    response = public_file(data, content_type, caching)
    if is_packed:
        response.content_encoding = "gzip"
    if packs:
        response.vary.add("Accept-Encoding")
    response.set_etag(tag)
    response.make_conditional(request)
    return response


def _directory() -> Path:
    return _settings().ledger_directory


def _settings() -> WebSettings:
    settings: WebSettings = current_app.config["WEB_SETTINGS"]
    return settings
