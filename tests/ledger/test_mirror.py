"""A mirror holds only what was rehashed up to the signed root, and refuses a log that goes back or splits."""

from __future__ import annotations

import filecmp
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from itertools import product
from pathlib import Path

import pytest

from ledger.checkpoint import Checkpoint
from ledger.errors import (
    InconsistentError,
    LedgerError,
    NotPublishedError,
    SignatureError,
    StateError,
    UnreachableError,
)
from ledger.files import exclusive
from ledger.mirror import mirror
from ledger.note import SigningKey, sign_note
from ledger.report import Report
from ledger.tiles import Edge, TileDirectory, bundle_path, fold, parse_path, tile_path, tile_width
from ledger.verifier import verify
from tests.counts import some
from tests.ledger.logs import ORIGIN, chained, edit, publish_anew, with_tail, write_log

KEY = SigningKey(ORIGIN, bytes(range(32)))
SIZE = 12_000  # 46 full bundles and one of 224: two windows


@cache
def entries() -> list[bytes]:
    """All of them; made when first asked for, for who only collects this needs none."""
    return chained(SIZE)


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> TileDirectory:
    """Not to be changed: make another."""
    return write_log(tmp_path_factory.mktemp("log"), entries(), KEY)


@dataclass
class Watched:
    """A source that counts what is asked of it, and may answer otherwise."""

    log: TileDirectory
    change: dict[str, Callable[[bytes], bytes]] = field(default_factory=dict)
    breaks_at: str = ""
    asked: list[str] = field(default_factory=list)

    def fetch(self, path: str, limit: int) -> bytes:
        self.asked.append(path)
        if path == self.breaks_at:
            raise UnreachableError("the line is dead")
        data = self.log.fetch(path, limit)
        return self.change[path](data) if path in self.change else data


def copy(log: object, place: Path) -> Report:
    return mirror(log, [KEY.verifier], place)  # type: ignore[arg-type]


def files(place: Path) -> set[str]:
    return {str(path.relative_to(place)) for path in place.rglob("*") if path.is_file()}


def test_a_mirror_is_the_log_byte_for_byte_and_is_verified_in_its_place(
    log: TileDirectory, tmp_path: Path
) -> None:
    report = copy(log, tmp_path / "copy")
    assert [check.name for check in report.checks] == ["signature", "edge", "copy"]
    same = files(log.root) - {"vkey"}  # nobody signed that
    assert files(tmp_path / "copy") == same
    assert filecmp.cmpfiles(log.root, tmp_path / "copy", same, shallow=False)[1:] == ([], [])
    assert verify(TileDirectory(tmp_path / "copy"), [KEY.verifier], full=True).size == SIZE


@pytest.mark.parametrize("size", [0, 1, 2, 255, 256, 257, 511, 512, 513])
def test_a_log_of_any_size_is_mirrored(tmp_path: Path, size: int) -> None:
    log = publish_anew(tmp_path / "log", entries()[:size], KEY)
    copy(log.source, tmp_path / "copy")
    assert files(tmp_path / "copy") == files(log.public)
    copy(TileDirectory(tmp_path / "copy"), tmp_path / "copy of the copy")
    assert files(tmp_path / "copy of the copy") == files(log.public)


def test_a_mirror_grows_with_its_log_and_fetches_only_what_is_new(tmp_path: Path) -> None:
    sizes = [1, 2, 255, 256, 257, 511, 512, 700, 700, 5000, SIZE]
    for number, size in enumerate(sizes):
        source = Watched(write_log(tmp_path / f"log {number}", entries()[:size], KEY))
        copy(source, tmp_path / "copy")
        verify(TileDirectory(tmp_path / "copy"), [KEY.verifier], full=True)
        before = sizes[number - 1] // 256 if number else 0
        bundles = sorted(path for path in source.asked if path.startswith("tile/entries"))
        wanted = [bundle_path(at, tile_width(size, 0, at)) for at in range(before, -(-size // 256))]
        assert bundles == ([] if size == sizes[number - 1] else wanted)
    # what is full has no partial form any more
    assert not list((tmp_path / "copy").glob("tile/0/000.p")) + list(
        (tmp_path / "copy").glob("tile/entries/000.p")
    )


def test_a_copy_that_was_cut_short_goes_on_where_it_was(log: TileDirectory, tmp_path: Path) -> None:
    with pytest.raises(UnreachableError):
        copy(Watched(log, breaks_at=bundle_path(40)), tmp_path / "copy")
    with pytest.raises(NotPublishedError):
        TileDirectory(tmp_path / "copy").fetch("checkpoint", 10_000)  # not before everything else is there
    source = Watched(log)
    copy(source, tmp_path / "copy")
    assert sorted(path for path in source.asked if "entries" in path)[0] == bundle_path(32)
    verify(TileDirectory(tmp_path / "copy"), [KEY.verifier], full=True)


KILLED = """
import os, signal, sys
from pathlib import Path
from ledger.mirror import mirror
from ledger.note import VerifierKey
from ledger.sources import open_source
place, copy, key = sys.argv[1:]
mirror(open_source(place), [VerifierKey.parse(key)], Path(copy), lambda *done: os.kill(os.getpid(), signal.SIGKILL))
"""


def test_a_copy_that_was_killed_goes_on_where_it_was(log: TileDirectory, tmp_path: Path) -> None:
    command = [sys.executable, "-c", KILLED, str(log.root), str(tmp_path / "copy"), KEY.vkey]
    run = subprocess.run(command, cwd=Path(__file__).parents[2], check=False, timeout=60)
    assert run.returncode == -signal.SIGKILL
    copy(log, tmp_path / "copy")
    verify(TileDirectory(tmp_path / "copy"), [KEY.verifier], full=True)


PLACES = [
    (bundle_path(3), 3 * 256),
    (bundle_path(46, 224), 46 * 256),
    (tile_path(0, 3), 3 * 256),
    (tile_path(0, 46, 224), None),
    (tile_path(1, 0, 46), None),
]
CHANGES: list[Callable[[bytes], bytes]] = [
    lambda data: bytes([data[0] ^ 1]) + data[1:],
    lambda data: data[:-1] + bytes([data[-1] ^ 1]),
    lambda data: data[:-1],
    lambda data: b"",
]


@pytest.mark.parametrize(("place", "change"), some(product(PLACES, CHANGES), every=3))
def test_nothing_damaged_gets_into_a_copy(
    log: TileDirectory, tmp_path: Path, place: tuple[str, int | None], change: Callable[[bytes], bytes]
) -> None:
    path, index = place
    with pytest.raises(InconsistentError) as caught:
        copy(Watched(log, {path: change}), tmp_path / "copy")
    assert (caught.value.index or 0) // 256 == (index or caught.value.index or 0) // 256
    for name in files(tmp_path / "copy"):
        assert (tmp_path / "copy" / name).read_bytes() == (log.root / name).read_bytes()
    assert "checkpoint" not in files(tmp_path / "copy")
    copy(log, tmp_path / "copy")
    verify(TileDirectory(tmp_path / "copy"), [KEY.verifier], full=True)


def test_an_entry_out_of_the_chain_that_the_log_itself_signed_is_not_copied(tmp_path: Path) -> None:
    forged = write_log(tmp_path / "forged", [*entries()[:300], *chained(10, name="stray")], KEY)
    with pytest.raises(InconsistentError) as caught:
        copy(forged, tmp_path / "copy")
    assert caught.value.index == 300


def test_what_a_cut_short_run_left_of_another_history_is_replaced(log: TileDirectory, tmp_path: Path) -> None:
    """Nothing was signed over it here: the copy had no checkpoint yet."""
    forged = write_log(tmp_path / "forged", with_tail(entries(), 100, SIZE), KEY)
    with pytest.raises(UnreachableError):
        copy(Watched(forged, breaks_at=bundle_path(40)), tmp_path / "copy")
    copy(log, tmp_path / "copy")
    verify(TileDirectory(tmp_path / "copy"), [KEY.verifier], full=True)


# ---- logs that go back or split -----------------------------------------------------------------------------


@pytest.fixture
def copied(log: TileDirectory, tmp_path: Path) -> Path:
    copy(log, tmp_path / "copy")
    return tmp_path / "copy"


def refused(log: TileDirectory, copied: Path) -> LedgerError:
    before = {name: (copied / name).read_bytes() for name in files(copied)}
    with pytest.raises(LedgerError) as caught:
        copy(log, copied)
    assert {name: (copied / name).read_bytes() for name in before} == before
    return caught.value


@pytest.mark.parametrize("size", [0, 1, 11_999])
def test_a_log_that_was_set_back_is_refused(copied: Path, tmp_path: Path, size: int) -> None:
    error = refused(write_log(tmp_path / "older", entries()[:size], KEY), copied)
    assert isinstance(error, InconsistentError)
    assert error.index == size
    assert not list(copied.glob(".evidence*"))  # an older checkpoint alone is no second history


@pytest.mark.parametrize("size", [11_000, SIZE, SIZE + 500])
@pytest.mark.parametrize("first", [0, 10_999])
def test_a_log_that_signed_another_history_is_refused_and_both_checkpoints_are_kept(
    log: TileDirectory, copied: Path, tmp_path: Path, size: int, first: int
) -> None:
    forged = write_log(tmp_path / "forged", with_tail(entries(), first, size), KEY)
    assert isinstance(refused(forged, copied), InconsistentError)
    (evidence,) = copied.glob(".evidence-*")
    assert (evidence / "remembered").read_bytes() == (log.root / "checkpoint").read_bytes()
    assert (evidence / "contradicting").read_bytes() == (forged.root / "checkpoint").read_bytes()


def test_a_log_signed_by_another_key_is_refused(copied: Path, tmp_path: Path) -> None:
    other = write_log(tmp_path / "other", entries(), SigningKey(ORIGIN, bytes(32)))
    assert isinstance(refused(other, copied), SignatureError)


def test_the_copy_of_another_log_is_not_overwritten(copied: Path, tmp_path: Path) -> None:
    key = SigningKey("ledger.example/other", bytes(32))
    other = write_log(tmp_path / "other", entries(), key)
    with pytest.raises(StateError):
        mirror(other, [key.verifier], copied)
    with pytest.raises(StateError):
        mirror(other, [key.verifier, KEY.verifier], copied)


def test_a_checkpoint_with_more_signatures_takes_the_place_of_the_one_before(
    log: TileDirectory, copied: Path, tmp_path: Path
) -> None:
    note = (log.root / "checkpoint").read_bytes()
    both = sign_note(note.decode().split("\n\n")[0] + "\n", [KEY, SigningKey("witness.example/w", bytes(32))])
    copy(Watched(log, {"checkpoint": lambda _: both}), copied)
    assert (copied / "checkpoint").read_bytes() == both


# ---- logs that sign what is not there ---------------------------------------------------------------------


@dataclass
class Hollow:
    """A log of which every leaf hash is the same: its few distinct tiles are all there, whatever size it signs."""

    size: int
    asked: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.hashes = [bytes(32)]
        while len(self.hashes) < 8:
            self.hashes.append(fold(self.hashes[-1] * 256))
        levels = [self.hashes[level] * (self.size >> 8 * level & 255) for level in range(7)]
        while levels and not self.size >> 8 * (len(levels) - 1):
            levels.pop()
        checkpoint = Checkpoint(ORIGIN, self.size, Edge(self.size, levels).root())
        self.note = sign_note(checkpoint.text(), [KEY])

    def fetch(self, path: str, limit: int) -> bytes:
        self.asked.append(path)
        if path == "checkpoint":
            return self.note
        one = parse_path(path)
        if one.level is None:
            raise NotPublishedError(f"{path} is not published")
        return self.hashes[one.level] * one.width


@pytest.mark.parametrize("size", [256**4, 10**15 - 1])
def test_a_log_that_signs_entries_which_it_does_not_show_ends_the_copy_at_the_first(
    tmp_path: Path, size: int
) -> None:
    log = Hollow(size)
    with pytest.raises(InconsistentError) as caught:
        copy(log, tmp_path / "copy")
    assert caught.value.index == 0
    assert len(log.asked) < 400, "a window of bundles, and the tiles that lead to them"
    assert files(tmp_path / "copy") <= {".lock"}


def test_the_partial_tiles_of_a_run_that_was_cut_short_go_when_the_full_ones_are_there(
    tmp_path: Path,
) -> None:
    copy(write_log(tmp_path / "old", entries()[:300], KEY), tmp_path / "copy")
    log = write_log(tmp_path / "log", entries(), KEY)
    with pytest.raises(UnreachableError):
        copy(Watched(log, breaks_at=bundle_path(40)), tmp_path / "copy")
    assert (tmp_path / "copy" / tile_path(0, 1, 44)).exists(), "its checkpoint still needs them"
    copy(log, tmp_path / "copy")
    not_full_yet = {tile_path(1, 0, 1)}
    assert files(tmp_path / "copy") == files(log.root) - {"vkey"} | not_full_yet


# ---- the copy's own state ------------------------------------------------------------------------------------


def test_a_file_that_the_copy_lost_is_fetched_again(log: TileDirectory, copied: Path) -> None:
    for path in (bundle_path(3), tile_path(0, 7), tile_path(1, 0, 46)):
        (copied / path).unlink()
    copy(log, copied)
    verify(TileDirectory(copied), [KEY.verifier], full=True)


def test_a_damaged_checkpoint_of_the_copy_is_said_to_be_the_copys(log: TileDirectory, copied: Path) -> None:
    edit(copied / "checkpoint", lambda note: note[:-9] + b"AAAAAAA=\n")
    with pytest.raises(StateError):
        copy(log, copied)


def test_a_copy_is_made_by_one_at_a_time(log: TileDirectory, copied: Path) -> None:
    with exclusive(copied), pytest.raises(StateError):
        copy(log, copied)


def test_a_log_without_checkpoint_cannot_be_mirrored(tmp_path: Path) -> None:
    os.mkdir(tmp_path / "empty")
    with pytest.raises(NotPublishedError):
        copy(TileDirectory(tmp_path / "empty"), tmp_path / "copy")


def test_a_damaged_copy_does_not_accuse_a_log_that_shows_an_older_state(tmp_path: Path) -> None:
    copied = tmp_path / "copy"
    copy(write_log(tmp_path / "new", entries()[:600], KEY), copied)
    older = write_log(tmp_path / "old", entries()[:300], KEY)
    with pytest.raises(InconsistentError, match="set back"):
        copy(older, copied)
    edit(copied / tile_path(0, 1), lambda data: bytes(32) + data[32:])
    with pytest.raises(StateError, match="damaged"):
        copy(older, copied)
    assert not list(copied.glob(".evidence-*"))
