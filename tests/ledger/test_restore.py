"""`ledger restore`: an older database gets its published entries back, and nothing that differs is touched."""

from __future__ import annotations

import threading
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

import psycopg
import pytest

from ledger import postgres
from ledger import restore as restoring
from ledger.audit import audit
from ledger.errors import (
    InconsistentError,
    LedgerError,
    NotPublishedError,
    RefusedError,
    SignatureError,
)
from ledger.note import SigningKey
from ledger.policy import parse_policy
from ledger.postgres import PostgresEntries
from ledger.publisher import Publisher
from ledger.restore import Restored, restore
from ledger.tiles import TILE_WIDTH, TileDirectory, bundle_path
from ledger.witness.gather import Gathering
from tests.counts import some
from tests.ledger.conftest import Connect
from tests.ledger.logs import PublishedLog, changed, edit, overwrite, publish_anew, with_tail
from tests.ledger.test_cli import Run, run  # noqa: F401 - a fixture
from tests.ledger.witnesses import Clock, a_key, policy_text

SIZES = [1, 2, 255, 256, 257, 512, 700]


def fill(connection: psycopg.Connection[Any], entries: list[bytes]) -> None:
    """Make the database hold these entries, as a backup of that day would."""
    with connection.transaction():
        connection.execute("SET LOCAL session_replication_role = replica")
        connection.execute("DELETE FROM ledger.entry")
        for index, entry in enumerate(entries):
            connection.execute(
                "INSERT INTO ledger.entry VALUES (%(at)s, %(entry)s, sha256('\\x00' || %(entry)s::bytea))",
                {"at": index, "entry": entry},
            )
        connection.execute(
            "UPDATE ledger.head SET size = %s, last_leaf = coalesce("
            "(SELECT leaf FROM ledger.entry ORDER BY index DESC LIMIT 1), last_leaf)",
            (len(entries),),
        )
    connection.commit()


def entries_of(connection: psycopg.Connection[Any]) -> list[bytes]:
    with connection.transaction():
        return postgres.read_entries(connection, 0, 10_000)


def put_back(log: PublishedLog, connection: psycopg.Connection[Any], memory: Path | None = None) -> Restored:
    with connection.transaction():
        return restore(connection, log.source, [log.key.verifier], memory=memory)


def refused(
    log: PublishedLog,
    connection: psycopg.Connection[Any],
    kind: type[LedgerError],
    memory: Path | None = None,
) -> LedgerError:
    """The error that ends the try; the database is as it was."""
    before = entries_of(connection)
    with pytest.raises(kind) as caught:
        put_back(log, connection, memory)
    assert entries_of(connection) == before
    return caught.value


@pytest.mark.parametrize(("size", "lost"), some(product(SIZES, [1, 2, 300]), every=2))
def test_the_lost_end_comes_back_and_the_publisher_goes_on(
    log: PublishedLog, connect: Connect, size: int, lost: int
) -> None:
    log.grow(size)
    kept = max(0, size - lost)
    connection = connect()
    fill(connection, log.rows.entries[:kept])
    publisher = Publisher(PostgresEntries(connect), log.public, [log.key], log.key.name, log.memory)
    with pytest.raises(RefusedError, match="ledger restore"):
        publisher.publish()
    done = put_back(log, connection, log.memory)
    assert (done.first, done.until) == (kept, size)
    assert entries_of(connection) == log.rows.entries
    audit(PostgresEntries(connect), log.source, [log.key.verifier])
    assert publisher.publish() is None
    with connection.transaction():
        postgres.append(connection, postgres.lock_head(connection), [b"\x05" * 32])
    checkpoint = publisher.publish()
    assert checkpoint is not None
    assert checkpoint.size == size + 1


def test_a_second_run_changes_nothing(log: PublishedLog, connect: Connect) -> None:
    log.grow(300)
    connection = connect()
    fill(connection, log.rows.entries[:100])
    assert put_back(log, connection).count == 200
    again = put_back(log, connection)
    assert (again.first, again.until) == (300, 300)


def test_a_database_that_is_ahead_of_what_is_published_keeps_its_end(
    log: PublishedLog, connect: Connect
) -> None:
    log.grow(300)
    log.rows.grow(5)
    connection = connect()
    fill(connection, log.rows.entries)
    assert put_back(log, connection, log.memory).count == 0
    assert len(entries_of(connection)) == 305


def test_an_empty_log_gives_nothing(log: PublishedLog, connect: Connect) -> None:
    log.publish()
    assert put_back(log, connect()).count == 0


@pytest.mark.parametrize("index", [0, 100, 255, 256, 298, 299])
def test_a_database_that_went_another_way_is_refused_with_the_first_index(
    log: PublishedLog, connect: Connect, index: int
) -> None:
    log.grow(600)
    connection = connect()
    fill(connection, with_tail(log.rows.entries, index, 300))
    error = refused(log, connection, InconsistentError)
    assert isinstance(error, InconsistentError)
    assert error.index == index


def test_one_changed_entry_in_the_database_is_named(log: PublishedLog, connect: Connect) -> None:
    log.grow(600)
    connection = connect()
    fill(connection, changed(log.rows.entries[:300], 41))
    error = refused(log, connection, InconsistentError)
    assert isinstance(error, InconsistentError)
    assert error.index == 41


def test_a_row_behind_the_head_or_a_gap_is_refused(log: PublishedLog, connect: Connect) -> None:
    log.grow(300)
    connection = connect()
    fill(connection, log.rows.entries[:200])
    connection.execute("SET session_replication_role = replica")
    connection.execute("UPDATE ledger.head SET size = 150")
    connection.commit()
    assert "set back" in str(refused(log, connection, InconsistentError))
    connection.execute("UPDATE ledger.head SET size = 200")
    connection.execute("DELETE FROM ledger.entry WHERE index = 77")
    connection.commit()
    with pytest.raises(InconsistentError) as caught:
        put_back(log, connection)
    assert caught.value.index == 77


def test_a_head_with_another_last_leaf_is_refused(log: PublishedLog, connect: Connect) -> None:
    log.grow(300)
    connection = connect()
    fill(connection, log.rows.entries[:200])
    connection.execute("SET session_replication_role = replica")
    connection.execute("UPDATE ledger.head SET last_leaf = decode(repeat('ab', 32), 'hex')")
    connection.commit()
    assert "last leaf" in str(refused(log, connection, InconsistentError))


def _damage(log: PublishedLog) -> None:
    def flip(data: bytes) -> bytes:
        return data[:700] + bytes([data[700] ^ 1]) + data[701:]

    edit(log.public / bundle_path(1), flip)


def _forge(log: PublishedLog) -> None:
    """A whole chain of other entries under the real checkpoint."""
    overwrite(log.public, with_tail(log.rows.entries, 550, 600), 600, tiles=True)


def _shorten(log: PublishedLog) -> None:
    edit(log.public / bundle_path(2, 600 - 2 * TILE_WIDTH), lambda data: data[:-111])


def _remove(log: PublishedLog) -> None:
    (log.public / bundle_path(1)).unlink()


@pytest.mark.parametrize(
    ("damage", "index"),
    [(_damage, 263), (_forge, None), (_shorten, 599), (_remove, 256)],
    ids=["damaged", "forged", "short", "missing"],
)
def test_published_files_that_do_not_lead_to_the_checkpoint_are_not_taken(
    log: PublishedLog, connect: Connect, damage: Callable[[PublishedLog], None], index: int | None
) -> None:
    log.grow(600)
    connection = connect()
    fill(connection, log.rows.entries[:100])
    damage(log)
    error = refused(log, connection, InconsistentError)
    assert isinstance(error, InconsistentError)
    assert error.index == index


def test_another_key_and_no_checkpoint_are_errors_of_their_own(
    log: PublishedLog, connect: Connect, door_key: SigningKey
) -> None:
    log.grow(10)
    with pytest.raises(SignatureError):
        restore(connect(), log.source, [SigningKey(log.key.name, b"\x09" * 32).verifier])
    with pytest.raises(NotPublishedError):
        restore(connect(), TileDirectory(log.place / "nowhere"), [log.key.verifier])


def test_the_publishers_memory_has_the_last_word(
    log: PublishedLog, connect: Connect, tmp_path: Path, log_key: SigningKey
) -> None:
    log.grow(300)
    stale = tmp_path / "stale"
    old = PublishedLog(stale, log_key)
    old.rows.entries = log.rows.entries[:200]
    old.publish()
    connection = connect()
    fill(connection, log.rows.entries[:100])
    assert "older copy" in str(refused(old, connection, RefusedError, log.memory))
    other = publish_anew(tmp_path / "other", with_tail(log.rows.entries, 250, 400), log_key)
    assert "remembers" in str(refused(other, connection, InconsistentError, log.memory))
    assert "cannot be read" in str(refused(log, connection, RefusedError, tmp_path / "no memory"))
    assert put_back(log, connection, log.memory).count == 200


def test_it_waits_for_nobody_who_appends(
    log: PublishedLog, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(restoring, "PATIENCE", "1ms")
    log.grow(300)
    connection, door = connect(), connect()
    fill(connection, log.rows.entries[:100])
    postgres.lock_head(door)
    assert "Stop the door" in str(refused(log, connection, RefusedError))
    door.rollback()
    assert put_back(log, connection).count == 200


def test_a_door_that_appends_at_the_same_time_comes_behind(log: PublishedLog, connect: Connect) -> None:
    log.grow(300)
    connection, door = connect(), connect()
    fill(connection, log.rows.entries[:100])
    seen: list[int] = []

    def append() -> None:
        with door.transaction():
            head = postgres.lock_head(door)
            seen.append(head.size)
            postgres.append(door, head, [b"\x07" * 32])

    with connection.transaction():
        restore(connection, log.source, [log.key.verifier])
        waiting = threading.Thread(target=append)
        waiting.start()
    waiting.join(60)
    assert seen == [300]


def test_the_command_says_what_it_did_and_what_is_left(
    log: PublishedLog,
    connect: Connect,
    server_url: str,
    run: Run,  # noqa: F811
) -> None:
    log.grow(300)
    connection = connect()
    fill(connection, log.rows.entries[:100])
    url = f"{server_url.rpartition('/')[0]}/{connection.info.dbname}?{server_url.partition('?')[2]}"
    words = ("restore", log.public, "--database", url, "--key", log.key.vkey, "--memory", log.memory)
    done = run(*words)
    assert (done.status, done.err) == (0, "")
    assert "entries 100 to 299" in done.out
    assert "reconcile" in done.out
    assert "Nothing to put back" in run(*words).out
    assert run(*words, "--json").members == {"ok": True, "first": 300, "until": 300, "error": None}
    fill(connection, with_tail(log.rows.entries, 50, 100))
    failed = run(*words)
    assert failed.status == 1
    assert "The database was not changed." in failed.out
    assert "entry 50 in the database is not the published one" in failed.err
    assert run(*words, "--json").members["error"]["index"] == 50
    assert run("restore", log.place / "gone", *words[2:]).status == 2
    assert run("restore", log.place, *words[2:]).status == 3
    assert run("restore", log.public, "--database", "postgresql://nowhere.invalid/x", *words[4:]).status == 3


def test_a_checkpoint_that_still_waits_for_its_witnesses_is_put_back_too(
    log: PublishedLog, connect: Connect
) -> None:
    log.grow(100)
    log.rows.grow(200)
    policy = parse_policy(policy_text("all", ("away", a_key("away"), "http://127.0.0.1:1")))
    gathering = Gathering(policy, Clock())
    publisher = Publisher(log.rows, log.public, [log.key], log.key.name, log.memory, witnesses=gathering)
    assert publisher.publish() is None
    connection = connect()
    fill(connection, log.rows.entries[:50])
    restored = restore(connection, log.source, [log.key.verifier], memory=log.memory)
    assert (restored.first, restored.until) == (50, 300)
