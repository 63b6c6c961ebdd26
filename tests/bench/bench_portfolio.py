"""A portfolio through the door's socket: one day of many access points, both directions, every customer's own leaf.

A profile is one point, one day, one direction. Measured from the request to the parsed answer, over a door that has
told each customer of the first read before: who reads a portfolio does so every day.
"""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any
from unittest import mock

import psycopg

from databeheer.door.client import DoorClient, Proof
from databeheer.door.commands import bulk as command
from databeheer.door.reads import bulk as door_bulk
from databeheer.door.turn import Turn
from tests.bench.appending import durable_server
from tests.bench.measure import Benchmark, Row, seconds
from tests.bench.portfolio import WINDOW, settle
from tests.databases import Databases
from tests.doors import door_process
from tests.house import TheHouse, open_house_now

POINTS = 10_000
ROUNDS = 5
PROFILES_A_SECOND = 20_000


def portfolio(name: str) -> Row:
    """Profiles a second of a portfolio of 10,000 access points; the goal is a bound, not a peer."""
    with durable_server() as server, Databases(server).clone() as database, open_house_now(database) as house:
        bram, permissions = settle(house, POINTS)
        with door_process(house) as door:
            proof = Proof.token(bram.token)
            gc.freeze()  # what the harness holds is no client's
            first = seconds(lambda: read(door.client, proof, permissions))
            spent = [seconds(lambda: read(door.client, proof, permissions)) for _ in range(ROUNDS)]
            division = divided(house, proof, permissions)
            require_leaves(house, permissions, 3 + ROUNDS)
    figure = statistics.median(2 * POINTS / one for one in spent)
    told = ", ".join(f"{one:.2f}" for one in sorted(spent))
    print(f"{name}: the first time, with a message to each customer, {first:.2f} s; then {told} s")
    print(
        f"{name}: of one more, in one process: " + ", ".join(f"{what} {one:.2f} s" for what, one in division)
    )
    ratio = round(figure / PROFILES_A_SECOND, 3)
    return Row(name, round(figure), "profiles/s", PROFILES_A_SECOND, ratio, 1, ratio >= 1)


def read(door: DoorClient, proof: Proof, permissions: list[str]) -> dict[str, Any]:
    """Read the day of all of them; each comes whole."""
    answer = door.call("readings.bulk", proof, permission_ids=permissions, **WINDOW)
    if len(answer["items"]) != len(permissions) or not all(map(_is_whole, answer["items"])):
        raise AssertionError("a read gives less than the day")
    return answer


def _is_whole(item: dict[str, Any]) -> bool:
    channels = item["channels"]
    return len(channels) == 2 and all(len(one["series"][0]["values"]) == 96 for one in channels)


def divided(house: TheHouse, proof: Proof, permissions: list[str]) -> list[tuple[str, float]]:
    """Read once more through a door in this process; how long each part took, opening beside the rest."""
    spent: dict[str, float] = {}
    arguments = {"permission_ids": permissions, **WINDOW}
    message = {
        "command": "readings.bulk",
        "proof": {"kind": proof.kind, "value": proof.value},
        "arguments": arguments,
    }
    with ExitStack() as stack:
        for what, place, name in _PARTS:
            stack.enter_context(mock.patch.object(place, name, _timed(getattr(place, name), what, spent)))
        house.service.answer(message)  # this door has told nobody yet: its memory is its own
        spent.clear()
        spent["all"] = seconds(lambda: house.service.answer(message))
    return list(spent.items())


_PARTS: tuple[tuple[str, Any, str], ...] = (
    ("facts and decisions", door_bulk, "sort_out"),
    ("what is said", door_bulk, "bulk_statement"),
    ("leaves, rows and entry", Turn, "close"),
    ("promise after the commit", Turn, "committed"),
    ("opening and text, beside it", command, "items"),
)


def _timed(work: Callable[..., Any], what: str, spent: dict[str, float]) -> Callable[..., Any]:
    def timed(*arguments: Any, **named: Any) -> Any:
        start = time.perf_counter()
        try:
            return work(*arguments, **named)
        finally:
            spent[what] = spent.get(what, 0.0) + time.perf_counter() - start

    return timed


def require_leaves(house: TheHouse, permissions: list[str], reads: int) -> None:
    """See that each read left each customer a statement of the own."""
    with psycopg.connect(house.database.url("superuser")) as connection:
        row = connection.execute(
            "SELECT count(*), count(DISTINCT handle), max(counter), min(newest) FROM (SELECT handle, counter,"
            " max(counter) OVER (PARTITION BY handle) AS newest FROM ledger.statement WHERE event = 'data.read') s"
        ).fetchone()
    if row != (reads * len(permissions), len(permissions), reads, reads):
        raise AssertionError(f"statements are missing: {row}")


BENCHMARKS: dict[str, Benchmark] = {"door-portfolio": portfolio}
