"""One bit flipped in a byte of a published log: a full verification sees it, whichever byte it is.

The short form; `make soak` flips one in each.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from ledger.note import SigningKey
from ledger.verifier import verify
from tests.ledger.flips import Files, InMemory, unseen_flips
from tests.ledger.logs import ORIGIN, chained, publish_anew

KEY = SigningKey(ORIGIN, bytes(range(32)))
SIZE = 300
EACH = 7
"""Has no factor in common with 32 or 111: every place in a hash and in an entry has its turn, in some forty of them."""
LARGE = 2000


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


def test_a_flipped_bit_is_seen_in_every_place_of_a_hash_and_of_an_entry(files: Files) -> None:
    """All bytes of the small files, each seventh of the large ones."""
    for path, data in files.items():
        places = range(0, len(data), EACH if len(data) > LARGE else 1)
        assert unseen_flips(files, KEY.vkey, path, places) == [], path


def test_what_counts_the_unseen_flips_sees_them(files: Files) -> None:
    """That test would fail: a log of which a file is not looked at at all has nothing but unseen flips."""
    assert unseen_flips({**files, "vkey": b"abc"}, KEY.vkey, "vkey", range(3)) == [0, 1, 2]
