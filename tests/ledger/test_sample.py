"""A quick look proves entries taken at random to be in the signed tree."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from random import Random

import pytest

from ledger.checkpoint import open_checkpoint
from ledger.errors import InconsistentError
from ledger.note import SigningKey
from ledger.sample import SAMPLE, check_sample
from ledger.tiles import TileDirectory, bundle_path, tile_path
from ledger.tree import leaf_hash
from ledger.verifier import verify
from tests.ledger.logs import ORIGIN, chained, changed, edit, overwrite, write_log

KEY = SigningKey(ORIGIN, bytes(range(32)))
SIZE = 1000


@cache
def entries() -> list[bytes]:
    """All of them; made when first asked for, for who only collects this needs none."""
    return chained(SIZE)


class Picks(Random):
    """Takes the entries that a test names."""

    def __init__(self, *indices: int) -> None:
        super().__init__()
        self.indices = indices

    def sample(self, population: Sequence[int], k: int, **_: object) -> list[int]:  # type: ignore[override]
        return list(self.indices)


@pytest.fixture
def log(tmp_path: Path) -> TileDirectory:
    return write_log(tmp_path / "log", entries(), KEY)


def look(log: TileDirectory, *indices: int) -> int:
    checkpoint = open_checkpoint(log.fetch("checkpoint", 10_000), [KEY.verifier])
    return check_sample(log, checkpoint, len(indices), Picks(*indices))


def test_every_entry_can_be_proven(log: TileDirectory) -> None:
    assert look(log, *range(SIZE)) == SIZE


def test_the_report_says_how_many_were_taken(log: TileDirectory, tmp_path: Path) -> None:
    for count, shown in ((None, SAMPLE), (5, 5), (0, 0), (10**9, SIZE)):
        report = verify(log, [KEY.verifier], **({} if count is None else {"sample": count}))  # type: ignore[arg-type]
        (check,) = [check for check in report.checks if check.name == "sample"]
        assert check.detail.startswith(f"{shown} of {SIZE} entries, taken at random")
    empty = write_log(tmp_path / "empty", [], KEY)
    assert "0 of 0 entries" in verify(empty, [KEY.verifier]).checks[-1].detail


def test_other_entries_are_taken_each_time(log: TileDirectory) -> None:
    asked: list[set[str]] = []

    class Watched:
        def fetch(self, path: str, limit: int) -> bytes:
            asked[-1].add(path)
            return log.fetch(path, limit)

    for _ in range(40):  # one bundle of four at a time: the same one forty times is one chance in 10^23
        asked.append(set())
        checkpoint = open_checkpoint(log.fetch("checkpoint", 10_000), [KEY.verifier])
        check_sample(Watched(), checkpoint, 1)
    assert len({frozenset(paths) for paths in asked}) > 1


@pytest.mark.parametrize("index", [0, 1, 255, 256, 999])
@pytest.mark.parametrize("tiles", [False, True])
def test_a_changed_entry_that_is_taken_is_named(log: TileDirectory, index: int, tiles: bool) -> None:
    overwrite(log.root, changed(entries(), index), SIZE, tiles=tiles)
    with pytest.raises(InconsistentError) as caught:
        look(log, index)
    assert caught.value.index == index
    if not tiles:
        assert look(log, 500, 700) == 2  # who takes others does not see it


def test_a_taken_entry_out_of_its_chain_is_named_though_the_log_signed_it(tmp_path: Path) -> None:
    stray = chained(700, name="stray")
    forged = write_log(tmp_path / "forged", [*entries()[:300], *stray[300:]], KEY)
    with pytest.raises(InconsistentError, match="chain") as caught:
        look(forged, 300)
    assert caught.value.index == 300
    with pytest.raises(InconsistentError, match="chain"):
        look(write_log(tmp_path / "late", entries()[1:], KEY), 0)


@pytest.mark.parametrize("index", [300, 512])
def test_a_log_that_changes_a_tile_between_two_questions_hides_no_broken_chain(
    tmp_path: Path, index: int
) -> None:
    stray = chained(700, name="stray")
    forged = write_log(tmp_path / "forged", [*entries()[:index], *stray[index:]], KEY)
    path, at = tile_path(0, (index - 1) // 256), (index - 1) % 256 * 32

    class TwoFaced:
        asked = 0

        def fetch(self, wanted: str, limit: int) -> bytes:
            data = forged.fetch(wanted, limit)
            self.asked += wanted == path
            if wanted != path or self.asked > 1:
                return data
            return data[:at] + leaf_hash(stray[index - 1]) + data[at + 32 :]

    checkpoint = open_checkpoint(forged.fetch("checkpoint", 10_000), [KEY.verifier])
    with pytest.raises(InconsistentError) as caught:
        check_sample(TwoFaced(), checkpoint, 1, Picks(index))
    assert caught.value.index == index


@pytest.mark.parametrize(
    ("path", "index"), [(bundle_path(1), 300), (tile_path(0, 1), 300), (tile_path(1, 0, 3), 600)]
)
@pytest.mark.parametrize(
    "change",
    [lambda data: b"", lambda data: data[:50], lambda data: bytes(len(data)), lambda data: data + b"x"],
)
def test_a_taken_entry_with_damaged_files_is_named(
    log: TileDirectory, path: str, index: int, change: Callable[[bytes], bytes]
) -> None:
    edit(log.root / path, change)
    with pytest.raises(InconsistentError) as caught:
        look(log, index)
    assert caught.value.index == index
    (log.root / path).unlink()
    with pytest.raises(InconsistentError):
        look(log, index)
