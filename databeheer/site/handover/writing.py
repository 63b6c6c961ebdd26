"""The house that goes: both bundles are written whole, or neither."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import text

from databeheer.clock import Clock, SystemClock
from databeheer.errors import ConflictError
from databeheer.oversight import handover
from databeheer.site.handover.bundle import (
    DUMP,
    KEYS,
    LEDGER,
    MANIFEST,
    PROMISE_KEY,
    PUBLISHER,
    BundleError,
    Manifest,
    list_files,
)
from databeheer.site.home import Home
from databeheer.site.restoring import database_of
from databeheer.storage import dumps
from databeheer.storage.engine import driver, make_engine
from databeheer.values import format_instant
from ledger import postgres
from ledger.checkpoint import Checkpoint, open_checkpoint
from ledger.errors import NotPublishedError
from ledger.sources import DirectorySource
from ledger.tiles import MAX_CHECKPOINT_LENGTH


def write_bundles(home: Home, data: Path, secrets: Path, clock: Clock | None = None) -> Manifest:
    """Write the bundles of a closed house into two new directories; the house itself stays as it is.

    Raises:
        ConflictError: the door runs, the house was not closed, or its last entries are not published yet.
        BundleError: a directory exists, or one lies in the other.
        DumpError, OSError: they cannot be written; neither is left behind.
    """
    apart = (data.resolve(), secrets.resolve())
    if apart[0] == apart[1] or apart[0] in apart[1].parents or apart[1] in apart[0].parents:
        raise BundleError("data and secrets go into two directories, neither within the other")
    now = (clock or SystemClock()).now()
    with (
        database_of(home, alone=True) as storage,
        _made_whole(data) as new_data,
        _made_whole(secrets) as new_secrets,
    ):
        engine = make_engine(storage.url("owner"), pool_size=1)
        try:
            with engine.connect() as connection:
                standing = handover.standing(connection)
                size = postgres.size(driver(connection))
                schema: str = connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one()
        finally:
            engine.dispose()
        if standing is None:
            raise ConflictError("this house is open: give `databeheer operator handover.begin` first")
        published = _published(home)
        if published is None or published.size != size:
            raise ConflictError(
                f"{published.size if published else 0} of {size} entries are published: give `databeheer ledger "
                "publish`, or start the publisher until all are and stop it"
            )
        dumps.dump(storage.url("owner"), new_data / DUMP)
        shutil.copytree(home.ledger, new_data / LEDGER)
        shutil.copytree(home.keys, new_secrets / KEYS)
        shutil.copytree(home.log_key.parent, new_secrets / PUBLISHER)
        shutil.copy2(home.promise_key, new_secrets / PROMISE_KEY)
        manifest = Manifest(
            origin=home.origin,
            successor=standing.successor,
            made_at=format_instant(now),
            size=size,
            root=published.root.hex(),
            schema=schema,
            data=list_files(new_data),
            secrets=list_files(new_secrets),
        )
        (new_data / MANIFEST).write_text(manifest.to_json(), encoding="utf-8")
    return manifest


def _published(home: Home) -> Checkpoint | None:
    try:
        note = DirectorySource(home.ledger).fetch("checkpoint", MAX_CHECKPOINT_LENGTH)
    except NotPublishedError:
        return None
    return open_checkpoint(note, home.published_log_keys())


@contextmanager
def _made_whole(folder: Path) -> Iterator[Path]:
    """A new directory beside `folder`, which gets its name once all went well, and goes where it did not."""
    part = folder.with_name(f".{folder.name}.part")
    if folder.exists() or part.exists():
        raise BundleError(f"{folder if folder.exists() else part} exists: name a directory that does not")
    part.mkdir(mode=0o700, parents=True)
    try:
        yield part
        part.rename(folder)
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise
