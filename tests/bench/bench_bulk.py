"""Reads in bulk through the door's socket: a thousand access points in one entry, against as many reads of one each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from datetime import date
from threading import Barrier
from typing import Any

from databeheer.door.client import DoorClient, Proof
from databeheer.metering.street import invented_ean
from tests.bench.appending import durable_server
from tests.bench.measure import Benchmark, Row, rates
from tests.databases import Databases
from tests.databeheer.metering.builders import Row as ExportRow
from tests.databeheer.metering.builders import day_rows, english
from tests.doors import door_process
from tests.house import TheHouse, open_house_now

POINTS = 1000
CONNECTIONS = 8
CHANNELS = 60
"""How many one file may bring."""
DAY = date(2023, 10, 28)
WINDOW = {"from": "2023-10-27T22:00:00Z", "until": "2023-10-28T22:00:00Z", "granularity": "quarter_hour"}


def bulk_read(name: str) -> Row:
    """A day of quarter-hours of each point: one read in bulk against single reads over eight connections at once."""
    with durable_server() as server, Databases(server).clone() as database, open_house_now(database) as house:
        token, permissions = settle(house, POINTS)
        with door_process(house) as door, several(door.client) as pool:
            proof = Proof.token(token)
            return rates(
                name,
                ours=lambda: together(door.client, proof, permissions),
                theirs=lambda: one_by_one(pool, door.client, proof, permissions),
                count=POINTS,
                unit="points/s",
                goal=2,
                rounds=5,
            )


@contextmanager
def several(door: DoorClient, connections: int = CONNECTIONS) -> Iterator[Executor]:
    """Threads of which each has a connection of its own; all are closed with the block."""
    everybody = Barrier(connections)

    def leave(_: int) -> None:
        everybody.wait()
        door.close()

    with ThreadPoolExecutor(connections) as pool:
        yield pool
        list(pool.map(leave, range(connections)))


def settle(house: TheHouse, points: int) -> tuple[str, list[str]]:
    """Register so many measured points, and a permission for each; returns the party's token too."""
    lotte, bram = house.customer("lotte", "Lotte Janssens"), house.party("Bram", "energy_service")
    eans = [invented_ean(7001 + number).digits for number in range(points)]
    with several(house.client) as pool:
        homes = list(pool.map(lambda ean: house.point(ean, lotte), eans))
        for first in range(0, points, CHANNELS):
            house.ingest(_export(eans[first : first + CHANNELS]))
        asked = list(pool.map(lambda _: bram.ask(), eans))
        list(pool.map(lotte.grant, asked, homes))
    return bram.token, [one["permission_id"] for one in asked]


def together(door: DoorClient, proof: Proof, permissions: list[str]) -> None:
    """All of them in one entry."""
    _require_whole(door.call("readings.bulk", proof, permission_ids=permissions, **WINDOW)["items"])


def one_by_one(pool: Executor, door: DoorClient, proof: Proof, permissions: list[str]) -> None:
    """Each in an entry of its own."""

    def read(permission: str) -> dict[str, Any]:
        return door.call("readings.read", proof, permission_id=permission, **WINDOW)

    _require_whole(pool.map(read, permissions))


def _export(eans: list[str]) -> bytes:
    rows = (
        row for ean in eans for row in day_rows(DAY, row=ExportRow(ean=f'="{ean}"', meter=f"M{ean[-7:]}"))
    )
    return english(*rows)


def _require_whole(items: Iterable[dict[str, Any]]) -> None:
    if not all(len(item["channels"][0]["series"][0]["values"]) == 96 for item in items):
        raise AssertionError("a read gives less than the day")


BENCHMARKS: dict[str, Benchmark] = {"door-bulk-read": bulk_read}
