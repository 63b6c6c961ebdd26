"""One bit flipped in each byte of a published log: a full verification sees every one of them."""

from __future__ import annotations

import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest

from ledger.note import SigningKey
from ledger.verifier import verify
from ledger.workers import cores
from tests.ledger.flips import Files, InMemory, unseen_flips
from tests.ledger.logs import ORIGIN, chained, publish_anew

KEY = SigningKey(ORIGIN, bytes(range(32)))
SIZE = 300
AT_A_TIME = 2000


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    public: Path = publish_anew(tmp_path_factory.mktemp("log"), chained(SIZE), KEY).public
    return {str(path.relative_to(public)): path.read_bytes() for path in public.rglob("*") if path.is_file()}


def test_the_log_has_these_files_and_holds(files: Files) -> None:
    assert {path: len(data) for path, data in files.items() if path != "checkpoint"} == {
        "tile/0/000": 256 * 32,
        "tile/0/001.p/44": 44 * 32,
        "tile/1/000.p/1": 32,
        "tile/entries/000": 256 * 111,
        "tile/entries/001.p/44": 44 * 111,
    }
    assert verify(InMemory(files), [KEY.verifier], full=True).size == SIZE


def test_a_flipped_bit_in_any_byte_is_seen(files: Files) -> None:
    """All bytes, no sample: each of them is one whole verification of the log."""
    works = [(path, at) for path, data in files.items() for at in range(0, len(data), AT_A_TIME)]
    with ProcessPoolExecutor(cores(), multiprocessing.get_context("spawn")) as pool:
        outcomes = [
            (path, pool.submit(unseen_flips, files, KEY.vkey, path, at, at + AT_A_TIME)) for path, at in works
        ]
        assert [(path, at) for path, outcome in outcomes for at in outcome.result()] == []


def test_what_counts_the_unseen_flips_sees_them(files: Files) -> None:
    """That test would fail: a log of which a file is not looked at at all has nothing but unseen flips."""
    assert unseen_flips({**files, "vkey": b"abc"}, KEY.vkey, "vkey", 0, 10) == [0, 1, 2]
