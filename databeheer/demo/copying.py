"""A copy of the log to do harm to: its rows in a database of their own, its published files in a folder.

Only the demo's supervisor makes one; the house itself is never touched.
"""

from __future__ import annotations

import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
from psycopg import sql
from sqlalchemy.engine import make_url

from ledger.checkpoint import Checkpoint, open_checkpoint
from ledger.note import SigningKey
from ledger.postgres import SCHEMA, PostgresEntries
from ledger.tiles import MAX_CHECKPOINT_LENGTH, TileDirectory
from ledger.tree import leaf_hash


@dataclass(frozen=True)
class Original:
    """The log that is copied: its database as a superuser, its published directory, its real key."""

    superuser_url: str = field(repr=False)
    public: Path
    key: SigningKey


@dataclass(frozen=True)
class Copy:
    """A scratch copy. `public` is its published directory, `state` the memory of an honest verification."""

    url: str = field(repr=False)
    folder: Path
    key: SigningKey
    checkpoint: Checkpoint

    @property
    def public(self) -> Path:
        return self.folder / "public"

    @property
    def state(self) -> Path:
        return self.folder / "state"

    def connect(self) -> psycopg.Connection[tuple[object, ...]]:
        return psycopg.connect(self.url)

    def entries(self) -> list[bytes]:
        """Return all entries of the copied database."""
        database = PostgresEntries(self.connect)
        try:
            return database.read_entries(0, database.read_head().size)
        finally:
            database.close()

    def replace_rows(self, entries: list[bytes]) -> None:
        """Make the database hold exactly these entries, as who may do everything there can."""
        leaves = [leaf_hash(entry) for entry in entries]
        with self.connect() as connection, connection.cursor() as cursor:
            cursor.execute("ALTER TABLE ledger.entry DISABLE TRIGGER USER")
            cursor.execute("ALTER TABLE ledger.head DISABLE TRIGGER USER")
            cursor.execute("DELETE FROM ledger.entry")
            with cursor.copy("COPY ledger.entry (index, entry, leaf) FROM STDIN") as rows:
                for index, (entry, leaf) in enumerate(zip(entries, leaves, strict=True)):
                    rows.write_row((index, entry, leaf))
            self._set_head(cursor, len(entries), leaves[-1])

    def set_head(self, size: int) -> None:
        """Set the head row back to `size`, and nothing else."""
        leaf = leaf_hash(self.entries()[size - 1])
        with self.connect() as connection, connection.cursor() as cursor:
            cursor.execute("ALTER TABLE ledger.head DISABLE TRIGGER USER")
            self._set_head(cursor, size, leaf)

    @staticmethod
    def _set_head(cursor: psycopg.Cursor[tuple[object, ...]], size: int, last_leaf: bytes) -> None:
        cursor.execute("UPDATE ledger.head SET size = %s, last_leaf = %s", (size, last_leaf))


@contextmanager
def copied(original: Original, scratch: Path) -> Iterator[Copy]:
    """Copy the log below `scratch`; database and folder are gone at the end."""
    scratch.mkdir(mode=0o700, parents=True, exist_ok=True)
    name = f"databeheer_copy_{secrets.token_hex(6)}"
    folder = Path(tempfile.mkdtemp(dir=scratch))
    url = make_url(original.superuser_url).set(database=name).render_as_string(hide_password=False)
    try:
        checkpoint = _copy_published(original, folder / "public")
        with psycopg.connect(original.superuser_url, autocommit=True) as server:
            server.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(name)))
        _copy_rows(original.superuser_url, url, checkpoint.size)
        yield Copy(url, folder, original.key, checkpoint)
    finally:
        with psycopg.connect(original.superuser_url, autocommit=True) as server:
            server.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
        shutil.rmtree(folder, ignore_errors=True)


def _copy_published(original: Original, target: Path) -> Checkpoint:
    # The checkpoint first: its tiles are published by then, and stay while later ones come.
    note = TileDirectory(original.public).fetch("checkpoint", MAX_CHECKPOINT_LENGTH)
    target.mkdir(parents=True)
    shutil.copytree(original.public / "tile", target / "tile", ignore=shutil.ignore_patterns(".*"))
    (target / "checkpoint").write_bytes(note)
    return open_checkpoint(note, [original.key.verifier])


def _copy_rows(source: str, target: str, size: int) -> None:
    columns = "index, entry, leaf"
    query = sql.SQL(
        "COPY (SELECT {} FROM ledger.entry WHERE index < {} ORDER BY index) TO STDOUT (FORMAT BINARY)"
    )
    with psycopg.connect(source) as theirs, psycopg.connect(target) as ours:
        ours.execute(SCHEMA)
        with (
            theirs.cursor().copy(query.format(sql.SQL(columns), sql.Literal(size))) as reading,
            ours.cursor().copy(
                "COPY ledger.entry (index, entry, leaf) FROM STDIN (FORMAT BINARY)"
            ) as writing,
        ):
            for block in reading:
                writing.write(block)
        ours.execute(
            "UPDATE ledger.head SET size = %s, last_leaf = (SELECT leaf FROM ledger.entry ORDER BY index DESC LIMIT 1)",
            (size,),
        )
