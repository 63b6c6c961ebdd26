"""The publisher signs one history only, tiles first and checkpoint last, and says why it refuses."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from ledger import publisher as publisher_module
from ledger.checkpoint import Checkpoint, open_checkpoint
from ledger.entry import GENESIS_PREVIOUS
from ledger.errors import InconsistentError, MalformedError, RefusedError, UnreachableError
from ledger.files import exclusive, write_atomically
from ledger.note import SigningKey
from ledger.postgres import PostgresEntries, append, lock_head
from ledger.publisher import Publisher
from ledger.storage import Head
from ledger.tiles import TileDirectory, TilePath
from ledger.tree import EMPTY_ROOT, leaf_hash, root_hash
from ledger.verifier import verify
from tests.ledger.conftest import Connect
from tests.ledger.logs import PublishedLog, Rows, changed, edit, removed, swapped, with_tail


def published(log: PublishedLog) -> Checkpoint:
    return open_checkpoint((log.public / "checkpoint").read_bytes(), [log.key.verifier])


def root_of(log: PublishedLog) -> bytes:
    return root_hash([leaf_hash(entry) for entry in log.rows.entries])


def refusal(log: PublishedLog, words: str) -> str:
    """Publish, which must be refused in these words, and see that nothing was signed."""
    before = (log.public / "checkpoint").read_bytes(), log.memory.read_bytes()
    with pytest.raises(RefusedError, match=words) as caught:
        log.publish()
    assert (log.public / "checkpoint").read_bytes() == before[0]
    assert log.memory.read_bytes() == before[1]
    assert "Nothing was signed" in str(caught.value)
    return str(caught.value)


# ---- the ordinary course ------------------------------------------------------------------------------------


def test_an_empty_log_is_published_with_the_root_of_nothing(log: PublishedLog) -> None:
    assert log.publish() == Checkpoint(log.key.name, 0, EMPTY_ROOT)
    assert published(log).size == 0
    assert log.publish() is None
    assert not (log.public / "tile").exists()


def test_what_committed_is_published_at_the_next_beat(log: PublishedLog) -> None:
    log.publish()
    log.rows.grow(3)
    assert log.publish() == Checkpoint(log.key.name, 3, root_of(log)) == published(log)
    assert log.publish() is None
    log.rows.grow(300)
    assert log.publish() == published(log)
    assert published(log).root == root_of(log)
    verify(log.source, [log.key.verifier], full=True)


def test_a_publisher_that_keeps_running_gives_the_same_log_as_one_that_starts_anew(
    log: PublishedLog, tmp_path: Path
) -> None:
    other = PublishedLog(tmp_path / "other", log.key, log.rows)
    runner = other.publisher()
    for step in [1, 100, 155, 1, 255, 256]:
        log.grow(step)
        runner.publish()
        assert (other.public / "checkpoint").read_bytes() == (log.public / "checkpoint").read_bytes()


def test_run_publishes_at_each_beat_until_it_is_stopped(log: PublishedLog) -> None:
    class Stop(Event):
        beats: list[float | None] = []

        def wait(self, timeout: float | None = None) -> bool:
            self.beats.append(timeout)
            log.rows.grow(2)
            return len(self.beats) == 3

    log.publisher().run(Stop(), beat=0.25)
    assert Stop.beats == [0.25] * 3
    assert published(log).size == 4


def test_run_asks_again_while_the_database_does_not_answer(log: PublishedLog) -> None:
    class Silent(Rows):
        silent = 2

        def read_head(self) -> Head:
            if self.silent:
                self.silent -= 1
                raise UnreachableError("the database does not answer")
            return super().read_head()

    class Stop(Event):
        beats = 0

        def wait(self, timeout: float | None = None) -> bool:
            self.beats += 1
            return self.beats == 3

    log.rows = Silent()
    log.rows.grow(5)
    log.publisher().run(Stop(), beat=0)
    assert published(log).size == 5


def test_run_tries_again_when_the_disk_fails(log: PublishedLog, monkeypatch: pytest.MonkeyPatch) -> None:
    class Stop(Event):
        beats = 0

        def wait(self, timeout: float | None = None) -> bool:
            self.beats += 1
            monkeypatch.undo()
            return self.beats == 2

    log.grow(3)
    log.rows.grow(3)
    monkeypatch.setattr(TileDirectory, "write_checkpoint", crash)
    log.publisher().run(Stop(), beat=0)
    assert published(log).size == 6


def test_run_ends_with_the_refusal(log: PublishedLog) -> None:
    log.grow(5)
    log.rows.entries = log.rows.entries[:3]
    with pytest.raises(RefusedError):
        log.publisher().run(Event(), beat=0)


# ---- tiles --------------------------------------------------------------------------------------------------


def test_the_files_are_those_that_the_specification_names(log: PublishedLog) -> None:
    log.grow(256)
    files = {str(path.relative_to(log.public)) for path in log.public.rglob("*") if path.is_file()}
    assert files == {"checkpoint", "tile/0/000", "tile/1/000.p/1", "tile/entries/000"}
    log.grow(44)
    files = {str(path.relative_to(log.public)) for path in log.public.rglob("*") if path.is_file()}
    assert files == {
        "checkpoint",
        "tile/0/000",
        "tile/0/001.p/44",
        "tile/1/000.p/1",
        "tile/entries/000",
        "tile/entries/001.p/44",
    }


def test_partial_tiles_of_every_published_size_stay_until_the_full_one_is_there(log: PublishedLog) -> None:
    for _ in range(3):
        log.grow(80)
    assert sorted(path.name for path in (log.public / "tile/0/000.p").iterdir()) == ["160", "240", "80"]
    log.grow(80)
    assert not (log.public / "tile/0/000.p").exists()
    assert not (log.public / "tile/entries/000.p").exists()
    assert log.source.read_tile(0, 0, 80) == (log.public / "tile/0/000").read_bytes()[: 80 * 32]
    assert len(log.source.read_bundle(0, 80)) == 80 * 111


def test_a_tile_never_changes_once_it_is_published(tmp_path: Path) -> None:
    directory = TileDirectory(tmp_path)
    path = TilePath(0, 1, 2)
    directory.write_tile(path, bytes(64))
    directory.write_tile(path, bytes(64))
    with pytest.raises(InconsistentError) as caught:
        directory.write_tile(path, bytes(63) + b"\x01")
    assert caught.value.index == 257  # the one that differs, not the first of the tile
    assert (tmp_path / str(path)).read_bytes() == bytes(64)


# ---- crashes ------------------------------------------------------------------------------------------------


def crash(*arguments: Any, **options: Any) -> None:
    raise OSError("the disk is gone")


def test_a_crash_while_tiles_are_written_leaves_the_old_checkpoint(
    log: PublishedLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    log.grow(3)
    log.rows.grow(300)
    with monkeypatch.context() as patch:
        patch.setattr(TileDirectory, "sync", crash)
        with pytest.raises(OSError, match="disk"):
            log.publish()
    assert published(log).size == 3
    assert json.loads(log.memory.read_text())["note"].encode() == (log.public / "checkpoint").read_bytes()
    log.publish()
    assert published(log).root == root_of(log)
    verify(log.source, [log.key.verifier], full=True)


def test_a_crash_before_the_memory_is_written_signs_nothing(
    log: PublishedLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    log.grow(3)
    log.rows.grow(3)
    with monkeypatch.context() as patch:
        patch.setattr(publisher_module, "write_atomically", crash)
        with pytest.raises(OSError, match="disk"):
            log.publish()
    assert published(log).size == 3
    log.publish()
    assert published(log).size == 6


def test_a_checkpoint_is_remembered_before_it_is_published(
    log: PublishedLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    log.grow(3)
    log.rows.grow(3)
    with monkeypatch.context() as patch:
        patch.setattr(TileDirectory, "write_checkpoint", crash)
        with pytest.raises(OSError, match="disk"):
            log.publish()
    assert published(log).size == 3
    remembered = json.loads(log.memory.read_text())["note"].encode()
    assert open_checkpoint(remembered, [log.key.verifier]).size == 6
    # The next start publishes what was remembered; it could not sign anything else of that size.
    assert log.publish() == Checkpoint(log.key.name, 6, root_of(log))
    assert (log.public / "checkpoint").read_bytes() == remembered


def test_after_a_crash_an_older_database_is_refused_though_nobody_saw_the_checkpoint(
    log: PublishedLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    log.grow(3)
    log.rows.grow(3)
    with monkeypatch.context() as patch:
        patch.setattr(TileDirectory, "write_checkpoint", crash)
        with pytest.raises(OSError, match="disk"):
            log.publish()
    log.rows.entries = with_tail(log.rows.entries, 4, 8)
    refusal(log, "does not continue what was signed")


def test_a_lost_public_checkpoint_is_published_again(log: PublishedLog) -> None:
    log.grow(3)
    note = (log.public / "checkpoint").read_bytes()
    (log.public / "checkpoint").unlink()
    log.publish()
    assert (log.public / "checkpoint").read_bytes() == note


def test_a_public_checkpoint_that_is_behind_is_brought_up_to_date(log: PublishedLog) -> None:
    log.grow(3)
    older = (log.public / "checkpoint").read_bytes()
    log.grow(3)
    (log.public / "checkpoint").write_bytes(older)
    log.publish()
    assert published(log).size == 6


def test_an_atomic_write_that_fails_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file"
    write_atomically(path, b"old")
    monkeypatch.setattr("os.fsync", crash)
    with pytest.raises(OSError, match="disk"):
        write_atomically(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


# ---- what is refused ----------------------------------------------------------------------------------------


def test_a_restored_older_database_is_refused_in_plain_words(log: PublishedLog) -> None:
    log.grow(300)
    log.rows.entries = log.rows.entries[:200]
    text = refusal(log, "older backup")
    assert "200 entries" in text
    assert "300 were signed" in text
    assert "entry 200" in text


@pytest.mark.parametrize("kept", [1, 200, 255, 256, 299])
def test_a_restored_older_database_that_grew_on_is_refused(log: PublishedLog, kept: int) -> None:
    log.grow(300)
    log.rows.entries = with_tail(log.rows.entries, kept, 400)
    refusal(log, "does not continue what was signed")


def test_a_rolled_back_head_row_is_refused(log: PublishedLog) -> None:
    log.grow(5)
    log.rows.head = Head(4, leaf_hash(log.rows.entries[3]))
    assert "head row set back" in refusal(log, "4 entries, but 5 were signed")


def test_a_head_that_names_a_foreign_last_leaf_is_refused(log: PublishedLog) -> None:
    log.grow(5)
    log.rows.head = Head(5, bytes(32))
    refusal(log, "another last leaf")
    log.rows.grow(1)
    log.rows.head = Head(6, bytes(32))
    refusal(log, "another last leaf")


@pytest.mark.parametrize(
    "damage",
    [
        lambda entries: changed(entries, 301),
        lambda entries: changed(entries, 270),
        lambda entries: removed(entries, 302),
        lambda entries: swapped(entries, 301, 302),
        lambda entries: [*entries[:302], entries[302][:-1] + b" ", *entries[303:]],
        lambda entries: [*entries[:302], entries[302] + b"\n", *entries[303:]],
        lambda entries: [*entries[:302], b"", *entries[303:]],
        lambda entries: entries[:303],
    ],
    ids=[
        "new changed",
        "signed changed",
        "removed",
        "swapped",
        "damaged",
        "longer",
        "empty",
        "missing at the end",
    ],
)
def test_entries_that_do_not_continue_the_chain_are_refused(
    log: PublishedLog, damage: Callable[[list[bytes]], list[bytes]]
) -> None:
    log.grow(300)
    log.rows.grow(5)
    log.rows.head = log.rows.read_head()
    log.rows.entries = damage(log.rows.entries)
    refusal(log, "does not continue what was signed")


def test_a_head_that_promises_more_entries_than_there_are_is_refused(log: PublishedLog) -> None:
    log.grow(3)
    log.rows.head = Head(10, bytes(32))
    refusal(log, "lacks an entry")


def test_a_missing_memory_beside_a_published_log_is_refused(log: PublishedLog) -> None:
    log.grow(3)
    log.memory.unlink()
    with pytest.raises(RefusedError, match="memory is missing"):
        log.publish()
    assert not log.memory.exists()


def test_a_memory_that_was_set_back_is_refused(log: PublishedLog) -> None:
    log.grow(3)
    older = log.memory.read_bytes()
    log.grow(3)
    log.memory.write_bytes(older)
    refusal(log, "memory was set back")


def test_a_checkpoint_signed_elsewhere_with_the_same_key_is_refused(
    log: PublishedLog, tmp_path: Path
) -> None:
    log.grow(3)
    other = PublishedLog(tmp_path / "elsewhere", log.key, Rows(with_tail(log.rows.entries, 1, 3)))
    other.publish()
    (log.public / "checkpoint").write_bytes((other.public / "checkpoint").read_bytes())
    refusal(log, "second publisher")


def test_the_memory_of_another_log_is_refused(log: PublishedLog, tmp_path: Path) -> None:
    log.grow(3)
    other = SigningKey("ledger.example/other", bytes(32))
    stranger = Publisher(log.rows, tmp_path / "public", [other], other.name, log.memory)
    with pytest.raises(RefusedError, match="belongs to the log"):
        stranger.publish()


def test_a_public_directory_of_another_log_is_refused(log: PublishedLog) -> None:
    log.grow(3)
    other = SigningKey(log.key.name, bytes(32))
    with pytest.raises(RefusedError, match="not one of this log"):
        Publisher(log.rows, log.public, [other], other.name, log.memory).publish()


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: b"",
        lambda data: data[:-10],
        lambda data: b"[]",
        lambda data: b"{}",
        lambda data: b"null",
        lambda data: data.replace(b'"v": 1', b'"v": 2'),
        lambda data: data.replace(b"\\n300\\n", b"\\n301\\n"),
        lambda data: data.replace(b"\\n300\\n", b"\\n0300\\n"),
        lambda data: data.replace(b'"edge": [', b'"edge": ["AAAA", '),
        lambda data: data.replace(b'"last_leaf": "', b'"last_leaf": "AAAA'),
        lambda data: b"\xff" + data,
    ],
)
def test_a_damaged_memory_is_refused(log: PublishedLog, damage: Callable[[bytes], bytes]) -> None:
    log.grow(300)
    edit(log.memory, damage)
    refusal(log, "memory is damaged")


def test_a_memory_whose_last_leaf_was_changed_is_refused(log: PublishedLog) -> None:
    log.grow(300)
    members = json.loads(log.memory.read_text())
    members["last_leaf"] = "A" * 43 + "="
    log.memory.write_text(json.dumps(members))
    refusal(log, "memory is damaged")


def test_a_second_publisher_is_refused_while_the_first_works(log: PublishedLog, tmp_path: Path) -> None:
    log.grow(3)
    with exclusive(log.memory.with_name(f"{log.memory.name}.lock")):
        refusal(log, "Another publisher")
    with exclusive(log.public):  # one with a memory of its own, but the same public directory
        refusal(log, "Another publisher")
    log.grow(1)


def test_a_running_publisher_keeps_others_out_between_its_beats(log: PublishedLog) -> None:
    class Stop(Event):
        def wait(self, timeout: float | None = None) -> bool:
            with pytest.raises(RefusedError, match="Another publisher"):
                log.publish()
            return True

    log.publisher().run(Stop())
    log.grow(1)


def test_a_signed_tile_that_differs_from_the_database_is_refused_and_the_entry_is_named(
    log: PublishedLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    log.grow(3)
    for path, unit in ((TilePath(0, 0, 3), 32), (TilePath(None, 0, 3), 111)):
        place = log.public / str(path)
        data = place.read_bytes()
        place.write_bytes(data[:unit] + bytes(unit) + data[2 * unit :])
        second = SigningKey(log.key.name, bytes(range(100, 132)))
        with pytest.raises(
            RefusedError, match=r"first at entry 1\).* already published with another content"
        ):
            Publisher(log.rows, log.public, [log.key, second], log.key.name, log.memory).publish()
        place.write_bytes(data)


def killed_before_it_signs(log: PublishedLog, monkeypatch: pytest.MonkeyPatch) -> None:
    """Publish up to where the tiles are there, and the memory is not written."""
    with monkeypatch.context() as patch:
        patch.setattr(publisher_module, "write_atomically", crash)
        with pytest.raises(OSError, match="disk"):
            log.publish()


@pytest.mark.parametrize(
    ("signed", "written", "steps"),
    [
        (3, 5, [5]),  # the same partial tile
        (250, 260, [260]),  # the tile that became full, and the next one
        (250, 260, [255, 700]),  # the full tile is met again only when newer entries were signed
        (0, 2, [1, 2]),
        (256, 600, [400, 600]),
        (65530, 65800, [65800]),  # a level more
    ],
)
def test_tiles_that_a_killed_publisher_never_signed_are_replaced_once_their_entries_are_lost(
    log: PublishedLog,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    signed: int,
    written: int,
    steps: list[int],
) -> None:
    log.publish()
    log.grow(signed)
    log.rows.grow(written - signed)
    killed_before_it_signs(log, monkeypatch)
    stayed = log.rows.entries[:signed]
    anew = with_tail(log.rows.entries, signed, max(steps))
    for size in steps:
        log.rows.entries = anew[:size]
        log.publish()
        assert published(log).size == size
        verify(log.source, [log.key.verifier], full=True)
    assert log.rows.entries[:signed] == stayed
    named = [int(found) for found in re.findall(r"its entries, from (\d+) on", caplog.text)]
    assert named
    assert min(named) >= signed


def test_what_replaces_an_unsigned_tile_continues_what_was_signed(
    log: PublishedLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    log.grow(250)
    log.rows.grow(10)
    killed_before_it_signs(log, monkeypatch)
    log.rows.entries = with_tail(log.rows.entries, 249, 260)  # one of them was signed
    assert "first at entry 249" in refusal(log, "does not continue")


def test_without_a_published_checkpoint_no_tile_is_replaced(
    log: PublishedLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An older memory beside the tiles of a log whose checkpoint is lost would sign a second history."""
    log.grow(250)
    older = log.memory.read_bytes()
    log.grow(10)
    log.memory.write_bytes(older)
    (log.public / "checkpoint").unlink()
    log.rows.entries = with_tail(log.rows.entries, 252, 260)
    with pytest.raises(RefusedError, match=r"first at entry 252\).* already published with another content"):
        log.publish()


def test_keys_of_another_name_than_the_origin_are_refused(log: PublishedLog, door_key: SigningKey) -> None:
    for keys in ([], [door_key], [log.key, door_key]):
        with pytest.raises(MalformedError):
            Publisher(log.rows, log.public, keys, log.key.name, log.memory)


def test_a_memory_in_the_public_directory_is_refused(log: PublishedLog) -> None:
    with pytest.raises(MalformedError):
        Publisher(log.rows, log.public, [log.key], log.key.name, log.public / "memory" / "publisher.json")


# ---- keys ---------------------------------------------------------------------------------------------------


def test_a_second_key_signs_beside_the_first_from_the_next_beat_on(log: PublishedLog) -> None:
    log.grow(3)
    second = SigningKey(log.key.name, bytes(range(100, 132)))
    both = Publisher(log.rows, log.public, [log.key, second], log.key.name, log.memory)
    assert both.publish() == published(log)
    note = (log.public / "checkpoint").read_bytes()
    assert open_checkpoint(note, [second.verifier]) == open_checkpoint(note, [log.key.verifier])
    assert both.publish() is None


def test_no_key_and_no_seed_is_in_a_published_file_or_in_the_memory(log: PublishedLog) -> None:
    log.grow(3)
    seed = bytes(range(32))
    for path in [*log.place.rglob("*")]:
        if path.is_file():
            assert seed not in path.read_bytes()
            assert seed.hex().encode() not in path.read_bytes()
    assert seed.hex() not in repr(log.key)
    assert log.memory.stat().st_mode & 0o777 == 0o600


# ---- with the real database ---------------------------------------------------------------------------------


def test_entries_of_the_database_are_published_after_they_commit(connect: Connect, log: PublishedLog) -> None:
    writer = connect()
    source = PostgresEntries(connect)
    publisher = Publisher(source, log.public, [log.key], log.key.name, log.memory)
    publisher.publish()
    appended = append(writer, lock_head(writer), [bytes([number]) * 32 for number in range(9)])
    assert publisher.publish() is None
    writer.commit()
    checkpoint = publisher.publish()
    assert checkpoint == Checkpoint(log.key.name, 9, root_hash([one.leaf for one in appended]))
    verify(log.source, [log.key.verifier], full=True)
    source.close()


def test_a_database_set_back_by_its_owner_is_refused(connect: Connect, log: PublishedLog) -> None:
    owner = connect()
    source = PostgresEntries(connect)
    publisher = Publisher(source, log.public, [log.key], log.key.name, log.memory)
    append(owner, lock_head(owner), [bytes([number]) * 32 for number in range(9)])
    owner.commit()
    publisher.publish()
    owner.execute("ALTER TABLE ledger.entry DISABLE TRIGGER ALL; ALTER TABLE ledger.head DISABLE TRIGGER ALL")
    owner.execute("DELETE FROM ledger.entry WHERE index >= 5")
    owner.execute(
        "UPDATE ledger.head SET size = 5, last_leaf = (SELECT leaf FROM ledger.entry WHERE index = 4)"
    )
    owner.commit()
    with pytest.raises(RefusedError, match="older backup"):
        publisher.publish()
    append(owner, lock_head(owner), [bytes([number]) * 32 for number in range(50, 60)])
    owner.commit()
    with pytest.raises(RefusedError, match="does not continue"):
        publisher.publish()
    assert published(log).size == 9
    source.close()


def test_the_first_entry_follows_the_genesis(log: PublishedLog) -> None:
    log.rows.entries = with_tail([], 0, 3)
    log.rows.entries[0] = log.rows.entries[0].replace(b"A" * 43, b"B" * 42 + b"A")
    assert bytes(32) == GENESIS_PREVIOUS
    with pytest.raises(RefusedError, match="does not name the one before it"):
        log.publish()
