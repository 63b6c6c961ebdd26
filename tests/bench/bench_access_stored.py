"""Decisions with their facts from PostgreSQL: against the bare queries, for a portfolio, and as the grants grow."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from random import Random
from typing import Any
from unittest.mock import patch
from uuid import UUID

import psycopg
from sqlalchemy import Connection

from databeheer.access.catalogue import load
from databeheer.access.decide import decide
from databeheer.access.decision import Decision, Wish
from databeheer.door.facts import of_requests as facts
from databeheer.door.facts.of_requests import read_facts
from databeheer.storage.engine import make_engine
from databeheer.storage.look import Look
from databeheer.values import Granularity, Period, Purpose, Role
from tests.bench.granted import BOTH, NOW
from tests.bench.measure import Benchmark, Row, rates
from tests.databases import running

CATALOGUE = load()
PARTIES = 60
SMALL, LARGE = 100_000, 1_000_000
"""Ten times as many here; a hundred times as many in tests/soak, where the database takes some minutes to fill."""
ASKED = 200
PORTFOLIO = 4_000
WEEK = Period.of_days(NOW.date().replace(month=3, day=4), NOW.date().replace(month=3, day=10))

FILL = """
INSERT INTO registry.operator (operator, code, name) VALUES (1, 'bench', 'Bench');
INSERT INTO registry.party (party_id, name, role, created_at)
  SELECT {party}, 'Party ' || n, 'energy_service', {now} FROM generate_series(0, {parties} - 1) n;
INSERT INTO registry.contract (contract_id, operator, party_id, number, valid_from)
  SELECT gen_random_uuid(), 1, {party}, 'C' || n, {now} - interval '1 year' FROM generate_series(0, {parties} - 1) n;
INSERT INTO registry.dpia (dpia_id, party_id, reference, assessed_on, filed_at)
  SELECT gen_random_uuid(), {party}, 'D' || n, date ({now} - interval '1 month'), {now} - interval '1 month'
  FROM generate_series(0, {parties} - 1) n;
INSERT INTO registry.processing_overview (overview_id, party_id, url, reachable_from, checked_at)
  SELECT gen_random_uuid(), {party}, 'https://party.example/privacy', {now} - interval '1 month', {now}
  FROM generate_series(0, {parties} - 1) n;
INSERT INTO registry.access_point
  (access_point_id, access_point_no, operator, ean_hash, ean_sealed, commodity, registered_at)
  OVERRIDING SYSTEM VALUE SELECT {point}, n, 1, sha256(int8send(n)), '', 'electricity', {now}
  FROM generate_series(0, {points} - 1) n;
INSERT INTO identity.person (person_id, subject_hash, name_sealed, created_at)
  SELECT {person}, sha256(int8send(n)), '', {now} FROM generate_series(0, {points} - 1) n;
INSERT INTO registry.occupancy
  (occupancy_id, root_id, operator, access_point_id, access_point_no, person_id, from_day, interval_reading)
  SELECT {home}, {home}, 1, {point}, n, {person}, date '2021-01-01', true FROM generate_series(0, {points} - 1) n;
-- Every access point has grants; a party's are spread over all of them.
INSERT INTO permissions.permission
  (permission_id, operator, party_id, service, purpose, category, directions, granularity, data_from, state, link_hash,
   link_expires_at, requested_at, reference_hash, reference_sealed, occupancy_id, person_id, decided_at,
   ends_at, renew_from, remind_at, deletion_days)
  SELECT md5('grant' || g)::uuid, 1, {asker}, '', 'energy_monitoring', 'readings', '{{offtake,injection}}',
    'quarter_hour', {now} - interval '2 years', 'active', sha256(int8send(g)), {now}, {now} - interval '1 year',
    sha256(int8send(g)), '', {home}, {person}, {now} - interval '1 year',
    {now} + interval '4 years', {now} + interval '46 months', {now} + interval '1 day', 30
  FROM (SELECT g, g % {points} AS n FROM generate_series(0, {grants} - 1) g) one;
ANALYZE;
"""
NAMES = {
    "party": "md5('party' || n)::uuid",
    "asker": "md5('party' || (g / {points} * 7 + n) % {parties})::uuid",
    "point": "md5('point' || n)::uuid",
    "person": "md5('person' || n)::uuid",
    "home": "md5('home' || n)::uuid",
}


@contextmanager
def grants_in_postgres(*counts: int) -> Iterator[list[Connection]]:
    """Houses' databases with so many grants each, as the door's role sees them; a point has two and a half."""
    with running() as databases, ExitStack() as stack:
        found: list[Connection] = []
        for count in counts:
            database = stack.enter_context(databases.clone())
            fill(database.url("superuser"), count)
            engine = make_engine(database.url("door"), pool_size=1)
            stack.callback(engine.dispose)
            found.append(stack.enter_context(engine.connect()))
        yield found


def fill(url: str, grants: int) -> None:
    """Put so many grants into an empty database of a house."""
    points, now = grants * 2 // 5, f"timestamptz '{NOW.isoformat()}'"
    names = {name: text.format(points=points, parties=PARTIES) for name, text in NAMES.items()}
    with psycopg.connect(url, autocommit=True) as server:
        server.execute(b"SET session_replication_role = replica")  # no look-up of foreign keys row by row
        server.execute(FILL.format(**names, points=points, parties=PARTIES, grants=grants, now=now).encode())


Key = tuple[UUID, UUID]


def keys_of(connection: Connection, count: int) -> list[Key]:
    """Pairs of party and access point that have a grant, from all over."""
    rows = connection.exec_driver_sql(
        "SELECT p.party_id, o.access_point_id FROM permissions.permission p JOIN registry.occupancy o"
        " USING (occupancy_id) WHERE p.permission_id = ANY(SELECT md5('grant' || g)::uuid FROM"
        f" generate_series(0, {count * 17}, 17) g)"
    )
    found = [(row[0], row[1]) for row in rows]
    Random(1).shuffle(found)
    return found[:count]


def decide_of(connection: Connection, keys: Sequence[Key]) -> list[Decision]:
    """The whole decision for each pair: its facts in one look-up, then decide()."""
    points, parties = {point for _, point in keys}, {party for party, _ in keys}
    book = read_facts(connection, NOW, points=points, permissions=(), parties=parties)
    return [
        decide(_wish(party), book.facts(book.points[point], party, None), NOW, CATALOGUE)
        for party, point in keys
    ]


def _wish(party: UUID) -> Wish:
    role, purpose = Role.ENERGY_SERVICE, Purpose.ENERGY_MONITORING
    return Wish(role, str(party), None, purpose, "readings", BOTH, Granularity.QUARTER_HOUR, WEEK)


class BareQueries:
    """The statements that a look-up of facts sends, sent again without anything being made of their rows."""

    def __init__(self, connection: Connection, keys: Sequence[Key]) -> None:
        self._connection = connection
        self._sent: list[list[tuple[str, Mapping[str, Any]]]] = []
        points, parties = {point for _, point in keys}, {party for party, _ in keys}
        with patch.object(facts, "Look", self._recording):
            read_facts(connection, NOW, points=points, permissions=(), parties=parties)

    def __call__(self) -> None:
        for together in self._sent:
            look = Look(self._connection)
            for query, parameters in together:
                look.ask(query, parameters)
            look.send()

    def _recording(self, connection: Connection) -> Look:
        asked: list[tuple[str, Mapping[str, Any]]] = []
        self._sent.append(asked)
        return _Recording(connection, asked)


class _Recording(Look):
    """Remembers what it is asked."""

    def __init__(self, connection: Connection, asked: list[tuple[str, Mapping[str, Any]]]) -> None:
        super().__init__(connection)
        self._remembered = asked

    def ask(self, query: str, parameters: Mapping[str, Any]) -> list[Any]:
        self._remembered.append((query, parameters))
        return super().ask(query, parameters)


def from_postgres(name: str) -> Row:
    """One decision with its facts from PostgreSQL against the bare queries for the same facts; 100,000 grants."""
    with grants_in_postgres(SMALL) as (connection,):
        keys = keys_of(connection, ASKED)
        if not all(decision.granted for key in keys for decision in decide_of(connection, [key])):
            raise AssertionError("a grant gives nothing")
        bare = [BareQueries(connection, [key]) for key in keys]

        def decisions() -> None:
            for key in keys:
                decide_of(connection, [key])

        def queries() -> None:
            for query in bare:
                query()

        return rates(
            name, ours=decisions, theirs=queries, count=ASKED, unit="decisions/s", goal=round(1 / 1.5, 3)
        )


def portfolio(name: str) -> Row:
    """A portfolio of 4,000 access points: facts in one look-up, decisions in memory; against one after another."""
    with grants_in_postgres(SMALL) as (connection,):
        keys = keys_of(connection, PORTFOLIO)
        if not all(decision.granted for decision in decide_of(connection, keys)):
            raise AssertionError("a grant gives nothing")
        return rates(
            name,
            ours=lambda: decide_of(connection, keys),
            theirs=lambda: [decide_of(connection, [key]) for key in keys[:ASKED] * (PORTFOLIO // ASKED)],
            count=PORTFOLIO,
            unit="decisions/s",
            goal=4,
            rounds=3,
        )


def growth(name: str) -> Row:
    """What a decision costs among 1,000,000 grants against 100,000: less than half as much again."""
    return grown(name, SMALL, LARGE)


def grown(name: str, small: int, large: int, rounds: int = 15) -> Row:
    """Decide in a small and in a large database in turn; what is asked for is in memory in both."""
    with grants_in_postgres(small, large) as connections:
        keys = [keys_of(connection, ASKED) for connection in connections]

        def all_of(which: int) -> None:
            for key in keys[which]:
                decide_of(connections[which], [key])

        all_of(0)
        all_of(1)
        return rates(
            name,
            ours=lambda: all_of(1),
            theirs=lambda: all_of(0),
            count=ASKED,
            unit="decisions/s",
            goal=round(1 / 1.5, 3),
            rounds=rounds,
        )


BENCHMARKS: dict[str, Benchmark] = {
    "access-decide-from-postgresql": from_postgres,
    "access-portfolio": portfolio,
    "access-growth": growth,
}
