"""A full verification that is cut short goes on where it was, and what it noted is not taken on trust."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import pytest

from ledger.checkpoint import open_checkpoint
from ledger.errors import InconsistentError, UnreachableError
from ledger.note import SigningKey
from ledger.report import Report
from ledger.scan import SAVE_EVERY, Scan
from ledger.state import Memory
from ledger.tiles import TileDirectory, bundle_path, tile_path
from ledger.verifier import verify
from tests.ledger.logs import ORIGIN, chained, edit, with_tail, write_log

KEY = SigningKey(ORIGIN, bytes(range(32)))
SIZE = 20_000
STRETCH = 4096


@cache
def entries() -> list[bytes]:
    """All of them; made when first asked for, for who only collects this needs none."""
    return chained(SIZE)


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> TileDirectory:
    return write_log(tmp_path_factory.mktemp("log"), entries(), KEY)


@dataclass
class Counting:
    """A source that counts what is asked of it, and stops answering at one path."""

    log: TileDirectory
    breaks_at: str = ""
    asked: list[str] = field(default_factory=list)

    def fetch(self, path: str, limit: int) -> bytes:
        self.asked.append(path)
        if path == self.breaks_at:
            raise UnreachableError("the line is dead")
        return self.log.fetch(path, limit)

    @property
    def bundles(self) -> int:
        return sum(path.startswith("tile/entries") for path in self.asked)


def scan(log: TileDirectory, state: Path, source: Counting) -> Scan:
    """One full pass, which notes how far it is after every stretch."""
    note = log.fetch("checkpoint", 10_000)
    with Memory.open(state, ORIGIN) as memory:
        one = Scan(source, open_checkpoint(note, [KEY.verifier]), note, memory, save_every=STRETCH)
        one.run()
    return one


@pytest.fixture
def cut_short(log: TileDirectory, tmp_path: Path) -> Path:
    """The memory of somebody whose line broke in the third stretch: 8,192 entries were done."""
    with pytest.raises(UnreachableError):
        scan(log, tmp_path / "state", Counting(log, breaks_at=bundle_path(40)))
    return tmp_path / "state"


def look(log: TileDirectory, state: Path) -> Report:
    return verify(log, [KEY.verifier], full=True, state=state)


def test_what_was_read_before_is_not_read_again(log: TileDirectory, cut_short: Path) -> None:
    source = Counting(log)
    assert scan(log, cut_short, source).resumed == 2 * STRETCH
    assert source.bundles == -(-SIZE // 256) - 32
    assert tile_path(1, 0, 78) in source.asked


def test_the_report_says_so_and_the_memory_is_then_whole(
    log: TileDirectory, cut_short: Path, tmp_path: Path
) -> None:
    report = look(log, cut_short)
    assert "(8192 of them read when this was begun)" in report.checks[2].detail
    assert list(cut_short.glob("*.progress")) == []
    (leaves,) = cut_short.glob("*.leaves")
    look(log, tmp_path / "other")
    (others,) = (tmp_path / "other").glob("*.leaves")
    assert leaves.read_bytes() == others.read_bytes()
    assert "read when this was begun" not in look(log, cut_short).checks[2].detail


def test_a_log_that_grew_meanwhile_is_gone_on_with(cut_short: Path, tmp_path: Path) -> None:
    grown = write_log(tmp_path / "grown", [*entries(), *with_tail(entries(), SIZE, SIZE + 300)[SIZE:]], KEY)
    report = look(grown, cut_short)
    assert "8192 of them" in report.checks[2].detail
    assert [check.name for check in report.checks] == ["signature", "memory", "entries", "continuity"]


def test_a_log_that_was_rewritten_meanwhile_is_seen_though_the_first_look_never_ended(
    cut_short: Path, tmp_path: Path
) -> None:
    for number, first in enumerate((100, 15_000)):
        forged = write_log(tmp_path / f"forged {number}", with_tail(entries(), first, SIZE + 10), KEY)
        with pytest.raises(InconsistentError, match="both signed checkpoints are kept"):
            look(forged, cut_short)


def test_a_log_that_was_set_back_meanwhile_is_seen_too(cut_short: Path, tmp_path: Path) -> None:
    older = write_log(tmp_path / "older", entries()[:15_000], KEY)
    with pytest.raises(InconsistentError, match="rolled back"):
        look(older, cut_short)


def test_damage_before_the_place_where_it_goes_on_is_named_exactly(
    log: TileDirectory, cut_short: Path, tmp_path: Path
) -> None:
    copy = write_log(tmp_path / "copy", entries(), KEY)
    edit(copy.root / tile_path(1, 0, 78), lambda data: data[:64] + bytes(32) + data[96:])
    with pytest.raises(InconsistentError) as caught:
        look(copy, cut_short)
    assert caught.value.index == 2 * 256


@pytest.mark.parametrize(
    "change",
    [
        lambda data: b"",
        lambda data: b"[]",
        lambda data: data[:-9],
        lambda data: data.replace(b"8192", b"8193"),
        lambda data: data.replace(b"8192", b"99999999"),
        lambda data: data.replace(b"8192", b"-8192"),
        lambda data: data.replace(b"8192", b'"many"'),
        lambda data: data.replace(b"ledger.example", b"ledger.foreign"),
        lambda data: data.replace(json.loads(data)["root"].encode(), b"A" * 43 + b"="),
    ],
)
def test_damaged_notes_only_mean_that_everything_is_read_again(
    log: TileDirectory, cut_short: Path, change: Callable[[bytes], bytes]
) -> None:
    (noted,) = cut_short.glob("*.progress")
    edit(noted, change)
    assert "of them read" not in look(log, cut_short).checks[2].detail


@pytest.mark.parametrize("at", [0, 5000 * 32])
def test_damaged_leaf_hashes_only_mean_that_everything_is_read_again(
    log: TileDirectory, cut_short: Path, at: int
) -> None:
    (leaves,) = cut_short.glob("*.leaves")
    edit(leaves, lambda data: data[:at] + bytes(32) + data[at + 32 :])
    assert "of them read" not in look(log, cut_short).checks[2].detail


def test_a_memory_that_is_whole_is_only_read_by_a_second_pass_that_is_cut_short(
    log: TileDirectory, tmp_path: Path
) -> None:
    look(log, tmp_path)
    with pytest.raises(UnreachableError):
        scan(log, tmp_path, Counting(log, breaks_at=bundle_path(40)))
    forged = write_log(tmp_path / "forged", with_tail(entries(), 100, SIZE + 10), KEY)
    with pytest.raises(InconsistentError) as caught:
        look(forged, tmp_path)
    assert caught.value.index == 100


KILLED = """
import os, signal, sys
from pathlib import Path
from ledger.note import VerifierKey
from ledger.sources import open_source
from ledger.verifier import verify

def die(done, total):
    if done >= 100_000:
        os.kill(os.getpid(), signal.SIGKILL)

if __name__ == "__main__":
    place, state, key = sys.argv[1:]
    verify(open_source(place), [VerifierKey.parse(key)], full=True, state=Path(state), progress=die, processes=2)
"""


def test_a_verification_that_was_killed_leaves_no_process_and_goes_on_where_it_was(tmp_path: Path) -> None:
    large = write_log(tmp_path / "large", chained(140_000), KEY)
    command = [sys.executable, "-c", KILLED, str(large.root), str(tmp_path / "state"), KEY.vkey]
    root = Path(__file__).parents[2]
    # Its workers hold the same standard error: that this ends at all says that they ended too.
    run = subprocess.run(command, cwd=root, capture_output=True, check=False, timeout=60)
    assert (run.returncode, run.stderr) == (-signal.SIGKILL, b"")
    report = look(large, tmp_path / "state")
    assert f"({SAVE_EVERY} of them read when this was begun)" in report.checks[2].detail
