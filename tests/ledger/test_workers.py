"""Several processes read a log as one would: same order, same verdict, and nobody is waited for who died."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from ledger.errors import InconsistentError
from ledger.note import SigningKey
from ledger.sources import open_source
from ledger.tiles import TileDirectory
from ledger.verifier import verify
from ledger.workers import STRETCH_BUNDLES, cores, examine_all
from tests.ledger.logs import ORIGIN, chained, changed, overwrite, swapped, with_tail, write_log

KEY = SigningKey(ORIGIN, bytes(range(32)))
SIZE = 30_000


@cache
def entries() -> list[bytes]:
    """All of them; made when first asked for, for who only collects this needs none."""
    return chained(SIZE)


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> TileDirectory:
    return write_log(tmp_path_factory.mktemp("log"), entries(), KEY)


class Deadly(TileDirectory):
    """A source that kills whoever reads one of its files, unless it is the test itself."""

    def __init__(self, root: Path, path: str) -> None:
        super().__init__(root)
        self.path, self.spared = path, os.getpid()

    def fetch(self, path: str, limit: int) -> bytes:
        if path.startswith(self.path) and os.getpid() != self.spared:
            os.kill(os.getpid(), signal.SIGKILL)
        return super().fetch(path, limit)


BOUNDED = """
import resource
resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))
from pathlib import Path
from ledger.sources import DirectorySource
from ledger.workers import examine_all
for processes in (1, 2):
    work, stretch = next(iter(examine_all(DirectorySource(Path("/nowhere")), 10**15 - 1, 0, processes=processes)))
    print(work[0], stretch)
"""


def test_a_log_of_any_signed_size_takes_no_memory_for_what_it_does_not_show() -> None:
    run = subprocess.run(
        [sys.executable, "-c", BOUNDED],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (run.returncode, run.stdout) == (0, "0 None\n0 None\n"), run.stderr


def test_stretches_come_in_order_and_join_to_the_same_tree(log: TileDirectory) -> None:
    alone = list(examine_all(log, SIZE, 0, processes=1, with_leaves=True))
    together = list(examine_all(log, SIZE, 0, processes=3, with_leaves=True))
    assert together == alone
    assert [work for work, _ in alone][:2] == [(0, STRETCH_BUNDLES), (STRETCH_BUNDLES, STRETCH_BUNDLES)]
    assert sum(count for (_, count), _ in alone) == -(-SIZE // 256)


@pytest.mark.parametrize("index", [0, 4096, 15_000, 29_999])
def test_the_first_bad_entry_is_named_as_one_process_names_it(tmp_path: Path, index: int) -> None:
    copy = write_log(tmp_path / "copy", entries(), KEY)
    overwrite(copy.root, changed(entries(), index), SIZE, tiles=False)
    with pytest.raises(InconsistentError) as caught:
        verify(copy, [KEY.verifier], full=True, processes=2)
    assert caught.value.index == index


def test_a_chain_that_breaks_between_two_stretches_is_named(tmp_path: Path) -> None:
    """Tree, tiles, signature and each stretch are right; only the border between two of them is not."""
    border = STRETCH_BUNDLES * 256
    forged = write_log(tmp_path / "forged", [*entries()[:border], *chained(5000, name="stray")], KEY)
    for processes in (1, 2):
        with pytest.raises(InconsistentError) as caught:
            verify(forged, [KEY.verifier], full=True, processes=processes)
        assert caught.value.index == border
    swap = write_log(tmp_path / "swap", swapped(entries(), border - 1, border), KEY)
    with pytest.raises(InconsistentError) as caught:
        verify(swap, [KEY.verifier], full=True, processes=2)
    assert caught.value.index == border - 1


def test_a_memory_is_kept_and_held_against_the_log_by_several_processes_too(
    log: TileDirectory, tmp_path: Path
) -> None:
    state = tmp_path / "state"
    verify(log, [KEY.verifier], full=True, state=state, processes=2)
    (leaves,) = state.glob("*.leaves")
    assert leaves.stat().st_size == 32 * SIZE
    forged = write_log(tmp_path / "forged", with_tail(entries(), 15_000, SIZE), KEY)
    with pytest.raises(InconsistentError) as caught:
        verify(forged, [KEY.verifier], full=True, state=state, processes=2)
    assert caught.value.index == 15_000


@pytest.mark.parametrize("path", ["tile/entries/100", "tile/entries/"])
def test_what_workers_that_died_had_to_read_is_read_without_them(log: TileDirectory, path: str) -> None:
    """The second of these kills every worker at its first stretch."""
    report = verify(Deadly(log.root, path), [KEY.verifier], full=True, processes=2)
    assert report.size == SIZE


def test_a_caller_that_stops_half_way_leaves_no_worker(
    log: TileDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[subprocess.Popen[bytes]] = []

    class Noted(subprocess.Popen[bytes]):
        def __init__(self, *arguments: Any, **options: Any) -> None:
            super().__init__(*arguments, **options)
            started.append(self)

    monkeypatch.setattr(subprocess, "Popen", Noted)
    results = examine_all(log, SIZE, 0, processes=2)
    next(results)
    assert len(started) == 2
    results.close()  # type: ignore[attr-defined]
    assert [process.returncode is not None for process in started] == [True, True]


def test_a_log_is_opened_by_its_place_and_read_by_as_many_processes_as_there_are_cores(
    log: TileDirectory,
) -> None:
    assert cores() >= 1
    assert verify(open_source(str(log.root)), [KEY.verifier], full=True, processes=cores()).size == SIZE
