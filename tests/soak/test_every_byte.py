"""One bit flipped in each byte of a published log, no sample: a full verification sees every one of them."""

from __future__ import annotations

import multiprocessing
from concurrent.futures import ProcessPoolExecutor

from ledger.workers import cores
from tests.ledger.flips import Files, unseen_flips
from tests.ledger.test_every_byte import KEY, files

__all__ = ["files"]
AT_A_TIME = 2000


def test_a_flipped_bit_in_any_byte_is_seen(files: Files) -> None:
    works = [
        (path, range(at, min(at + AT_A_TIME, len(data))))
        for path, data in files.items()
        for at in range(0, len(data), AT_A_TIME)
    ]
    with ProcessPoolExecutor(cores(), multiprocessing.get_context("spawn")) as pool:
        outcomes = [
            (path, places, pool.submit(unseen_flips, files, KEY.vkey, path, places)) for path, places in works
        ]
        assert [(path, places) for path, places, outcome in outcomes if outcome.result()] == []
