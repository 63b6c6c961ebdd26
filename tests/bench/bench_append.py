"""Durable appends: how many, how soon, against the usual ways and against the disk; how many bytes an entry takes."""

from __future__ import annotations

import os
import secrets
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import psycopg
from pymerkle import SqliteTree

from ledger import postgres
from ledger.note import SigningKey
from ledger.postgres import PostgresEntries
from ledger.publisher import Publisher
from tests.bench.appending import bare_commit, durable_server, ledger_database, lone_append, rate
from tests.bench.measure import Benchmark, Row, at_most, fsync_latency
from tests.databases import Databases
from tests.databeheer.metering.builders import day_rows, english
from tests.doors import door_process
from tests.house import TheHouse, open_house_now

ROUNDS = 5
QUIET_FSYNC_US = 200
LONE_ROUNDS = 9
SPAN_SECONDS = 3.0
STORED = 1 << 16
_DAYS = (date(2023, 10, 28), date(2023, 10, 29), date(2023, 10, 30))
_RECORDED = ("ledger.entry", "ledger.body", "ledger.statement")


def append_against_locking(name: str) -> Row:
    """64 clients in three processes: group commit against a chain that locks its head row for each entry."""
    with durable_server() as server:
        figures = []
        for _ in range(ROUNDS):
            with ledger_database(server) as ours, ledger_database(server) as theirs:
                figures.append((rate("grouped", ours), rate("locking", theirs)))
    return _ratio(name, figures, "entries/s", goal=5)


def append_against_pymerkle(name: str) -> Row:
    """The same against pymerkle's SqliteTree, which commits each entry: one writer, its best case."""
    with durable_server() as server:
        figures = []
        for _ in range(ROUNDS):
            with ledger_database(server) as ours:
                figures.append((rate("grouped", ours, seconds=SPAN_SECONDS), _pymerkle_rate()))
    return _ratio(name, figures, "entries/s", goal=15)


def append_on_a_quiet_disk(name: str) -> Row:
    """The same against 10,000 a second, which is asked of a machine left alone: no goal where this one is not."""
    with durable_server() as server, ledger_database(server) as ours:
        is_quiet = fsync_latency() < QUIET_FSYNC_US and os.getloadavg()[0] < len(os.sched_getaffinity(0)) / 2
        figure = max(rate("grouped", ours) for _ in range(ROUNDS))
    return _ratio(name, [(figure, 10_000.0)], "entries/s", goal=1 if is_quiet else 0)


def lone_client(name: str) -> Row:
    """How long one client waits for its entry, at most three bare commits; rounds in turn."""
    with durable_server() as server, ledger_database(server) as url:
        pairs = [(lone_append(url), bare_commit(url)) for _ in range(LONE_ROUNDS)]
    ours = statistics.median(one for one, _ in pairs)
    bare = statistics.median(other for _, other in pairs)
    ratio = round(statistics.median(3 * other / one for one, other in pairs), 3)
    return Row(name, round(ours * 1e6), "µs", round(3 * bare * 1e6), ratio, 1.0, ratio >= 1)


def bytes_published(name: str) -> Row:
    """Bytes an entry takes in the published log: its own, its length, its part of the tiles."""
    with durable_server() as server, ledger_database(server) as url, tempfile.TemporaryDirectory() as folder:
        _store(url)
        public, key = Path(folder, "public"), SigningKey("ledger.example/bench", secrets.token_bytes(32))
        entries = PostgresEntries(lambda: psycopg.connect(url))
        Publisher(entries, public, [key], key.name, Path(folder, "memory")).publish()
        entries.close()
        size = sum(path.stat().st_size for path in (public / "tile").rglob("*") if path.is_file())
    return at_most(name, size / STORED, "bytes/entry", 144)


def bytes_in_database(name: str) -> Row:
    """Bytes an entry takes in the database, indexes included, without its body."""
    with durable_server() as server, ledger_database(server) as url:
        _store(url)
        size = _relation_sizes(url, "ledger.entry")
    return at_most(name, size / STORED, "bytes/entry", 512)


def bytes_with_body(name: str) -> Row:
    """Bytes that a recorded read takes in the database: entry, sealed body, the subject's row, all indexes."""
    with _busy_house() as (house, token, permission), door_process(house) as door:
        url = house.database.url("superuser")
        before = ledger_size(url), _relation_sizes(url, *_RECORDED)
        rate("reading", str(door.socket), token, permission)
        count, size = ledger_size(url) - before[0], _relation_sizes(url, *_RECORDED) - before[1]
    return at_most(name, size / count, "bytes/entry", 3072)


def door_reads(name: str) -> Row:
    """Reads through the door's socket, 64 clients in three processes, against bare commits of one connection.

    Nobody asks for a ratio here: the goal is a guard, half of what was seen, that says when to look.
    """
    with _busy_house() as (house, token, permission), door_process(house) as door:
        url = house.database.url("superuser")
        with psycopg.connect(url) as connection:
            connection.execute("CREATE TABLE bare (value bytea NOT NULL)")
        figures = []
        for _ in range(ROUNDS):
            reads = rate("reading", str(door.socket), token, permission)
            figures.append((reads, 1 / bare_commit(url)))
    return _ratio(name, figures, "reads/s", goal=0.03)


@contextmanager
def _busy_house() -> Iterator[tuple[TheHouse, str, str]]:
    """A house on a durable database: Lotte's three days, Bram's token, and the permission that she gave him."""
    with durable_server() as server:
        databases = Databases(server)
        with databases.clone() as database, open_house_now(database) as house:
            yield house, *settle(house)


def settle(house: TheHouse) -> tuple[str, str]:
    """Lotte's three days, and Bram's service with her permission; returns Bram's token and the permission."""
    lotte = house.customer("lotte", "Lotte Janssens")
    house.point("541448899990000039", lotte)
    house.ingest(english(*(row for day in _DAYS for row in day_rows(day))))
    bram = house.party("Bram Energieadvies", "energy_service")
    asked = bram.ask()
    lotte.grant(asked)
    return bram.token, asked["permission_id"]


def _pymerkle_rate() -> float:
    """Entries a second over as long as ours are counted: a short look catches the disk's moods only."""
    with tempfile.TemporaryDirectory() as folder, SqliteTree(f"{folder}/tree.db") as tree:
        count, begun = 0, time.perf_counter()
        while time.perf_counter() - begun < SPAN_SECONDS:
            tree.append_entry(secrets.token_bytes(109))
            count += 1
        return count / (time.perf_counter() - begun)


def _store(url: str) -> None:
    with psycopg.connect(url) as connection:
        for _ in range(STORED // 1024):
            commitments = [secrets.token_bytes(32) for _ in range(1024)]
            postgres.append(connection, postgres.lock_head(connection), commitments)
            connection.commit()


def _relation_sizes(url: str, *tables: str) -> int:
    """pg_total_relation_size of these tables and their partitions."""
    query = (
        "SELECT sum(pg_total_relation_size(relid)) FROM unnest(%s::regclass[]) AS root,"
        " LATERAL (SELECT root AS relid UNION SELECT relid FROM pg_partition_tree(root)) AS part"
    )
    with psycopg.connect(url) as connection:
        row = connection.execute(query, [list(tables)]).fetchone()
    assert row is not None
    return int(row[0])


def ledger_size(url: str) -> int:
    """The size of the ledger in a database."""
    with psycopg.connect(url) as connection:
        return postgres.size(connection)


def _ratio(name: str, figures: list[tuple[float, float]], unit: str, goal: float) -> Row:
    ours = statistics.median(one for one, _ in figures)
    theirs = statistics.median(other for _, other in figures)
    ratio = round(statistics.median(one / other for one, other in figures), 3)
    return Row(name, round(ours), unit, round(theirs), ratio, goal, ratio >= goal)


BENCHMARKS: dict[str, Benchmark] = {
    "append-64-clients": append_against_locking,
    "append-64-clients-pymerkle": append_against_pymerkle,
    "append-64-clients-quiet": append_on_a_quiet_disk,
    "append-one-client": lone_client,
    "door-reads-64-clients": door_reads,
    "ledger-bytes-log": bytes_published,
    "ledger-bytes-database": bytes_in_database,
    "ledger-bytes-database-body": bytes_with_body,
}
