"""Queries that go to the database together: what each wants next shares a trip, and each finds what it would alone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from uuid import UUID

import psycopg
import pytest
from sqlalchemy import Connection, text

from databeheer.storage.engine import driver, make_engine
from databeheer.storage.look import Look, Work, look, together
from tests.databases import Databases

ID, DAY = UUID(int=7), date(2024, 2, 29)
AT = datetime(2024, 2, 29, 12, 30, tzinfo=UTC)
ADDED = "SELECT CAST(%(one)s AS int) + %(other)s AS sum"


@pytest.fixture(scope="module")
def connection(databases: Databases) -> Iterator[Connection]:
    """One for all of them: whatever goes wrong, it is as good as before after a rollback."""
    with databases.clone() as database:
        engine = make_engine(database.url("door"))
        with engine.connect() as opened:
            yield opened
        engine.dispose()


class Counted(Look):
    """A look that counts its trips."""

    trips = 0

    def send(self) -> None:
        self.trips += 1
        super().send()


def doubled(look: Look, number: int, times: int) -> Work[int]:
    """Work that asks for as many answers in turn, each made of the last."""
    for _ in range(times):
        rows = look.ask(ADDED, {"one": number, "other": number})
        yield
        number = rows[0].sum
    return number


def test_works_share_their_trips_and_each_finds_what_it_finds_alone(connection: Connection) -> None:
    asked = Counted(connection)
    before = asked.ask(ADDED, {"one": 20, "other": 3})
    assert asked.do(together(doubled(asked, 1, 3), doubled(asked, 5, 1), doubled(asked, 7, 0))) == (8, 10, 7)
    assert asked.trips == 3
    assert [row.sum for row in before] == [23]  # it went with the first of them
    assert asked.do(together()) == ()
    assert asked.do(doubled(asked, 3, 2)) == 12


def test_both_spellings_of_a_query_give_rows_with_names(connection: Connection) -> None:
    of_alchemy = text("SELECT CAST(:one AS int) + :other AS sum, 7 % 4 AS rest, 'a:b'::text AS index")
    [row] = look(connection, of_alchemy, {"one": 1, "other": 2})
    assert (row.sum, row.rest, row.index) == (3, 3, "a:b")
    assert look(connection, "SELECT 1 WHERE false", {}) == []


def test_what_fails_fails_as_a_whole_and_leaves_the_connection_good(connection: Connection) -> None:
    asked = Look(connection)
    good, bad = asked.ask(ADDED, {"one": 1, "other": 1}), asked.ask("SELECT 1 / 0 AS never", {})
    asked.ask(ADDED, {"one": 2, "other": 2})
    with pytest.raises(psycopg.errors.DivisionByZero):
        asked.send()
    assert good == bad == []
    driver(connection).rollback()
    assert asked.do(doubled(asked, 1, 1)) == 2  # nothing of what failed was left to be sent


def test_work_that_fails_sends_nothing_further(connection: Connection) -> None:
    asked = Counted(connection)

    def refusing() -> Work[None]:
        yield
        raise LookupError

    with pytest.raises(LookupError):
        asked.do(together(doubled(asked, 1, 9), refusing()))
    assert asked.trips == 1


def test_the_server_forgets_what_it_prepared_with_a_rollback_and_is_told_again(
    connection: Connection,
) -> None:
    asked = Look(connection)
    for undo in ("ROLLBACK", "ROLLBACK TO here"):
        for number in range(9):  # the driver prepares what comes again
            assert asked.do(doubled(asked, number, 1)) == 2 * number
        connection.execute(text("SAVEPOINT here"))
        driver(connection).execute(undo.encode())
        assert asked.do(doubled(asked, 4, 2)) == 16


def test_a_failure_where_each_statement_commits_leaves_nothing_behind_for_who_comes_next(
    databases: Databases,
) -> None:
    late = "SELECT CAST(%(one)s AS int) * 2 AS twice"
    with databases.clone() as database:
        engine = make_engine(database.url("door"))
        for _ in range(3):  # not only the first time
            with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as opened:
                for number in range(driver(opened).prepare_threshold or 0):
                    assert look(opened, late, {"one": number})[0].twice == 2 * number
                asked = Look(opened)
                asked.ask("SELECT 1 / CAST(%(by)s AS int) AS never", {"by": 0})
                asked.ask(late, {"one": 1})  # its turn to be prepared, and it never comes
                with pytest.raises(psycopg.errors.DivisionByZero):
                    asked.send()
            with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as after:
                assert [look(after, late, {"one": 4})[0].twice for _ in range(9)] == [8] * 9
                assert look(after, "SELECT 1 / CAST(%(by)s AS int) AS never", {"by": 1})[0].never == 1
            late += " "  # another query by the driver's book
        engine.dispose()


def test_values_come_whole_however_large_and_of_whatever_kind(connection: Connection) -> None:
    many = [bytes([number % 256]) * 100 for number in range(5_000)]
    asked = Look(connection)
    large = asked.ask("SELECT CAST(%(many)s AS bytea[]) AS back", {"many": many})
    kinds = asked.ask(
        "SELECT CAST(%(id)s AS uuid) AS id, CAST(%(day)s AS date) AS day, CAST(%(at)s AS timestamptz) AS at,"
        " CAST(%(words)s AS text[]) AS words, CAST(%(said)s AS jsonb) AS said, CAST(%(no)s AS int) AS no,"
        " CAST(%(name)s AS text) = 'é%%' AS same",
        {
            "id": str(ID),
            "day": DAY,
            "at": AT,
            "words": ["a", "b"],
            "said": '{"é": [1]}',
            "no": None,
            "name": "é%",
        },
    )
    asked.send()
    assert large[0].back == many
    assert kinds == [(ID, DAY, AT, ["a", "b"], {"é": [1]}, None, True)]


def test_what_cannot_be_spelled_is_found_before_anything_is_sent(connection: Connection) -> None:
    asked = Look(connection)
    asked.ask(ADDED, {"one": 1, "other": 1})
    asked.ask(ADDED, {"one": 1})
    with pytest.raises(KeyError):
        asked.send()
    assert asked.do(doubled(asked, 1, 1)) == 2


def test_a_connection_that_breaks_is_told_as_the_database_not_answering(databases: Databases) -> None:
    with databases.clone() as database:
        engine = make_engine(database.url("door"))
        with engine.connect() as opened, psycopg.connect(database.url("superuser"), autocommit=True) as other:
            asked = Look(opened)
            assert asked.do(doubled(asked, 1, 1)) == 2
            other.execute("SELECT pg_terminate_backend(%s, 10000)", [driver(opened).info.backend_pid])
            with pytest.raises(psycopg.OperationalError):
                asked.do(doubled(asked, 1, 1))
            opened.invalidate()
        engine.dispose()
