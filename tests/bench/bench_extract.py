"""An extract through the market API: a month of quarter-hours of 10,000 access points, both directions, as Parquet.

Measured from handing the job in to the last piece's bytes: every piece decided, recorded, decided again when it is
fetched, opened, and written as a file, over a door of its own and the web in this process, with two downloads at once.
A value is one quarter-hour of one direction. The goal is a bound, not a peer.
"""

from __future__ import annotations

import gc
import io
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import pyarrow.parquet as pq
from flask import Flask

import web
from databeheer.brussels import slots_in_day
from tests.bench.appending import durable_server
from tests.bench.flanders import days
from tests.bench.measure import Benchmark, Row
from tests.bench.portfolio import settle
from tests.databases import Databases
from tests.doors import door_process
from tests.house import Party, TheHouse, open_house_now
from tests.web.programs import make_app
from web.api.negotiation import PARQUET
from web.door import close as close_door

POINTS, DAYS = 10_000, 30
DOWNLOADS = 2
VALUES_A_SECOND = 1_000_000


@dataclass(frozen=True)
class Extract:
    """What came of an extract: its values, in how many files, and when the first and the last were there."""

    values: int
    pieces: int
    seconds: float


def extract(name: str) -> Row:
    """Values a second of an extract of 10,000 points for a month."""
    with durable_server() as server, Databases(server).clone() as database, open_house_now(database) as house:
        bram, permissions = settle(house, POINTS, DAYS)
        with door_process(house) as door, serving(replace(house, socket=door.socket)) as app:
            gc.freeze()
            found = taken(app, bram, permissions, DAYS)
    print(f"{name}: {found.values:,} values in {found.pieces} files, {found.seconds:.1f} s")
    figure = found.values / found.seconds
    ratio = round(figure / VALUES_A_SECOND, 3)
    return Row(name, round(figure), "values/s", VALUES_A_SECOND, ratio, 1, ratio >= 1)


@contextmanager
def serving(house: TheHouse) -> Iterator[Flask]:
    """The web's interface for programs over a house's door."""
    app = make_app(house)
    try:
        yield app
    finally:
        web.close(app)


def taken(app: Flask, bram: Party, permissions: list[str], count: int) -> Extract:
    """Hand the job in, and fetch each piece as soon as it is there; each comes whole."""
    first, *_, last = days(count + 1)
    body = {"permissions": permissions, "from": first.isoformat(), "until": last.isoformat()}
    start = time.perf_counter()
    job = _asked(app, bram, "POST", "/api/v1/jobs", body)["job"]
    pieces = int(_asked(app, bram, "GET", f"/api/v1/jobs/{job}")["pieces"])
    with ThreadPoolExecutor(DOWNLOADS) as pool:
        sizes = list(
            pool.map(lambda number: _fetched(app, bram, f"/api/v1/jobs/{job}/pieces/{number}"), range(pieces))
        )
    spent = time.perf_counter() - start
    values = sum(sizes)
    if values != 2 * len(permissions) * sum(slots_in_day(day) for day in days(count)):
        raise AssertionError(f"an extract of {values} values lacks some")
    return Extract(values, pieces, spent)


def _fetched(app: Flask, bram: Party, path: str) -> int:
    """Fetch a piece as Parquet, once it is recorded; returns how many values it has."""
    try:
        while True:
            answer = app.test_client().get(path, headers={**_bearer(bram), "Accept": PARQUET})
            if answer.status_code != 409:
                break
            time.sleep(0.1)  # not recorded yet
        if answer.status_code != 200:
            raise AssertionError(answer.get_data(as_text=True))
        return int(pq.ParquetFile(io.BytesIO(answer.get_data())).metadata.num_rows)
    finally:
        close_door(app)  # this thread's connection


def _asked(app: Flask, bram: Party, method: str, path: str, body: Any = None) -> dict[str, Any]:
    answer = app.test_client().open(path, method=method, json=body, headers=_bearer(bram))
    if answer.status_code >= 400:
        raise AssertionError(answer.get_data(as_text=True))
    found: dict[str, Any] = answer.get_json()
    return found


def _bearer(bram: Party) -> dict[str, str]:
    return {"Authorization": f"Bearer {bram.token}"}


BENCHMARKS: dict[str, Benchmark] = {"api-extract-parquet": extract}
