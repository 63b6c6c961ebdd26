"""Appending in the caller's transaction: order equals commit order, no gaps, no forks, no changes."""

from __future__ import annotations

import threading
from typing import Any

import psycopg
import pytest

from ledger.entry import GENESIS_PREVIOUS, encode, parse
from ledger.errors import InconsistentError, LedgerError, MalformedError, StaleHeadError, UnreachableError
from ledger.postgres import PostgresEntries, append, lock_head, read_entries, size
from ledger.storage import EMPTY_HEAD, Head
from ledger.tree import leaf_hash
from tests.ledger.conftest import Connect

Connection = psycopg.Connection[Any]


def commitment(number: int) -> bytes:
    return number.to_bytes(32, "big")


def test_a_new_ledger_is_empty_and_its_head_names_32_zero_bytes(ledger_connection: Connection) -> None:
    assert lock_head(ledger_connection) == EMPTY_HEAD
    assert size(ledger_connection) == 0
    assert read_entries(ledger_connection, 0, 10) == []


def test_appended_entries_form_a_chain_and_move_the_head(ledger_connection: Connection) -> None:
    appended = append(ledger_connection, lock_head(ledger_connection), [commitment(n) for n in range(5)])
    assert [one.index for one in appended] == [0, 1, 2, 3, 4]
    previous = GENESIS_PREVIOUS
    for number, one in enumerate(appended):
        assert parse(one.entry).commitment == commitment(number)
        assert parse(one.entry).previous == previous
        assert one.leaf == leaf_hash(one.entry)
        previous = one.leaf
    assert lock_head(ledger_connection) == Head(5, previous)
    assert read_entries(ledger_connection, 0, 10) == [one.entry for one in appended]
    assert read_entries(ledger_connection, 2, 2) == [one.entry for one in appended[2:4]]


def test_two_appends_in_one_transaction_follow_each_other(ledger_connection: Connection) -> None:
    first = append(ledger_connection, lock_head(ledger_connection), [commitment(1)])
    second = append(ledger_connection, lock_head(ledger_connection), [commitment(2)])
    assert parse(second[0].entry).previous == first[0].leaf


def test_appending_nothing_changes_nothing(ledger_connection: Connection) -> None:
    assert append(ledger_connection, lock_head(ledger_connection), []) == []
    assert size(ledger_connection) == 0


def test_a_rolled_back_append_leaves_no_gap(ledger_connection: Connection) -> None:
    append(ledger_connection, lock_head(ledger_connection), [commitment(1)])
    ledger_connection.rollback()
    appended = append(ledger_connection, lock_head(ledger_connection), [commitment(2)])
    assert appended[0].index == 0
    assert parse(appended[0].entry).previous == GENESIS_PREVIOUS


def test_append_does_not_commit(connect: Connect) -> None:
    writer, reader = connect(), connect()
    append(writer, lock_head(writer), [commitment(1)])
    assert size(reader) == 0
    writer.commit()
    assert size(reader) == 1


@pytest.mark.parametrize("head", [Head(1, GENESIS_PREVIOUS), Head(0, bytes([1]) * 32)])
def test_an_append_behind_another_head_is_refused_and_stores_nothing(
    ledger_connection: Connection, head: Head
) -> None:
    with pytest.raises(StaleHeadError):
        append(ledger_connection, head, [commitment(1)])
    assert size(ledger_connection) == 0
    assert read_entries(ledger_connection, 0, 10) == []


def test_an_append_behind_a_head_that_moved_meanwhile_is_refused(connect: Connect) -> None:
    one, other = connect(), connect()
    stale = lock_head(one)
    one.rollback()  # lets go of the lock, keeps the old head
    append(other, lock_head(other), [commitment(1)])
    other.commit()
    with pytest.raises(StaleHeadError):
        append(one, stale, [commitment(2)])


@pytest.mark.parametrize("bad", [b"", bytes(31), bytes(33)])
def test_a_commitment_of_another_length_is_refused_before_anything_is_sent(
    ledger_connection: Connection, bad: bytes
) -> None:
    with pytest.raises(MalformedError):
        append(ledger_connection, lock_head(ledger_connection), [commitment(1), bad])
    assert size(ledger_connection) == 0


def test_many_writers_at_once_make_one_chain_without_gap_or_fork(connect: Connect) -> None:
    writers, rounds = 8, 12
    connections = [connect() for _ in range(writers)]
    failures: list[BaseException] = []

    def write(number: int) -> None:
        try:
            for turn in range(rounds):
                with connections[number].transaction():
                    head = lock_head(connections[number])
                    append(connections[number], head, [commitment(number * 1000 + turn)] * (1 + turn % 3))
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(writers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    total = writers * sum(1 + turn % 3 for turn in range(rounds))
    reader = connect()
    entries = read_entries(reader, 0, total + 1)
    assert len(entries) == total
    previous = GENESIS_PREVIOUS
    for entry in entries:
        assert parse(entry).previous == previous
        previous = leaf_hash(entry)
    assert lock_head(reader) == Head(total, previous)


def test_who_waited_for_the_head_sees_what_committed_meanwhile(connect: Connect) -> None:
    first, second = connect(), connect()
    append(first, lock_head(first), [commitment(1)])
    seen: list[Head] = []
    waiting = threading.Thread(target=lambda: seen.append(lock_head(second)))
    waiting.start()
    first.commit()
    waiting.join()
    assert seen[0].size == 1


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE ledger.entry SET entry = entry",
        "DELETE FROM ledger.entry",
        "DELETE FROM ledger.entry WHERE index = 99",
        "TRUNCATE ledger.entry",
        "DELETE FROM ledger.head",
        "TRUNCATE ledger.head",
        "UPDATE ledger.head SET size = size - 1",
        "UPDATE ledger.head SET size = size",
        "UPDATE ledger.head SET id = 1, last_leaf = decode(repeat('00', 32), 'hex')",
    ],
)
def test_even_the_owner_cannot_change_or_remove_an_entry_or_move_the_head_back(
    ledger_connection: Connection, statement: str
) -> None:
    appended = append(ledger_connection, lock_head(ledger_connection), [commitment(1), commitment(2)])
    ledger_connection.commit()
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        ledger_connection.execute(statement.encode())
    ledger_connection.rollback()
    assert lock_head(ledger_connection) == Head(2, appended[1].leaf)


def insert(connection: Connection, index: int, entry: bytes, leaf: bytes) -> None:
    connection.execute("INSERT INTO ledger.entry VALUES (%s, %s, %s)", (index, entry, leaf))


def test_two_entries_after_the_same_entry_are_a_fork_and_refused(ledger_connection: Connection) -> None:
    fork = encode(commitment(7), GENESIS_PREVIOUS)
    append(ledger_connection, lock_head(ledger_connection), [commitment(1)])
    with pytest.raises(psycopg.errors.UniqueViolation, match="entry_previous"):
        insert(ledger_connection, 1, fork, leaf_hash(fork))


def test_an_index_is_given_once(ledger_connection: Connection) -> None:
    other = encode(commitment(7), bytes([7]) * 32)
    append(ledger_connection, lock_head(ledger_connection), [commitment(1)])
    with pytest.raises(psycopg.errors.UniqueViolation, match="entry_pkey"):
        insert(ledger_connection, 0, other, leaf_hash(other))


def test_a_row_whose_leaf_is_not_its_entrys_hash_is_refused(ledger_connection: Connection) -> None:
    entry = encode(commitment(7), GENESIS_PREVIOUS)
    with pytest.raises(psycopg.errors.CheckViolation, match="entry_leaf"):
        insert(ledger_connection, 0, entry, bytes(32))


@pytest.mark.parametrize("entry", [b"", b"{}", encode(bytes(32), bytes(32)) + b" "])
def test_a_row_of_another_length_is_refused(ledger_connection: Connection, entry: bytes) -> None:
    with pytest.raises(psycopg.errors.CheckViolation, match="entry_entry_check"):
        insert(ledger_connection, 0, entry, leaf_hash(entry))


def test_a_negative_index_is_refused(ledger_connection: Connection) -> None:
    entry = encode(commitment(7), GENESIS_PREVIOUS)
    with pytest.raises(psycopg.errors.CheckViolation, match="entry_index_check"):
        insert(ledger_connection, -1, entry, leaf_hash(entry))


def test_a_second_head_row_is_refused(ledger_connection: Connection) -> None:
    with pytest.raises(psycopg.errors.CheckViolation):
        ledger_connection.execute("INSERT INTO ledger.head VALUES (2, 0, decode(repeat('00', 32), 'hex'))")


def test_a_missing_row_is_named_when_entries_are_read(ledger_connection: Connection) -> None:
    append(ledger_connection, lock_head(ledger_connection), [commitment(n) for n in range(4)])
    ledger_connection.execute("ALTER TABLE ledger.entry DISABLE TRIGGER entry_only_grows")
    ledger_connection.execute("DELETE FROM ledger.entry WHERE index = 2")
    with pytest.raises(InconsistentError) as caught:
        read_entries(ledger_connection, 0, 10)
    assert caught.value.index == 2


def test_a_ledger_without_head_row_says_so(ledger_connection: Connection) -> None:
    ledger_connection.execute("ALTER TABLE ledger.head DISABLE TRIGGER head_stays")
    ledger_connection.execute("DELETE FROM ledger.head")
    with pytest.raises(LedgerError, match="no head row"):
        lock_head(ledger_connection)


def test_the_publishers_source_sees_committed_entries_only(connect: Connect) -> None:
    writer = connect()
    source = PostgresEntries(connect)
    appended = append(writer, lock_head(writer), [commitment(1)])
    assert source.read_head() == EMPTY_HEAD
    writer.commit()
    assert source.read_head() == Head(1, appended[0].leaf)
    assert source.read_entries(0, 10) == [appended[0].entry]


def test_the_publishers_source_reconnects_after_a_lost_connection(connect: Connect) -> None:
    source = PostgresEntries(connect)
    source.read_head()
    connect().execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    with pytest.raises(UnreachableError):
        source.read_head()
    assert source.read_head() == EMPTY_HEAD


def test_a_database_without_the_ledgers_tables_says_so(connect: Connect) -> None:
    connect().execute("DROP SCHEMA ledger CASCADE; COMMIT")
    source = PostgresEntries(connect)
    with pytest.raises(LedgerError, match="does not let the ledger be read"):
        source.read_head()


def test_a_database_that_does_not_answer_is_unreachable_not_inconsistent() -> None:
    source = PostgresEntries(lambda: psycopg.connect("host=/nowhere dbname=nothing"))
    with pytest.raises(UnreachableError):
        source.read_head()
