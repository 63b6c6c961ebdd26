"""Group commit: whatever waits shares one transaction, and each submitter learns its own outcome."""

from __future__ import annotations

import multiprocessing
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import CancelledError
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from ledger import idempotency
from ledger.entry import GENESIS_PREVIOUS, parse
from ledger.errors import (
    KeyReusedError,
    MalformedError,
    QueueFullError,
    UnknownOutcomeError,
    UnreachableError,
)
from ledger.idempotency import Key
from ledger.postgres import Appended, append, lock_head, read_entries, size
from ledger.sequencer import Sequencer
from ledger.ticket import Ticket
from ledger.tree import leaf_hash
from tests.ledger.conftest import Connect

Connection = psycopg.Connection[Any]
PATIENCE_SECONDS = 60
EMMA, FLOR = b"emma", b"flor"  # two who submit


def commitment(number: int) -> bytes:
    return number.to_bytes(32, "big")


def outcome(ticket: Ticket) -> list[Appended]:
    return ticket.result(PATIENCE_SECONDS)


def error_of(ticket: Ticket) -> BaseException | None:
    return ticket.exception(PATIENCE_SECONDS)


def entries_of(connection: Connection) -> list[bytes]:
    """All entries, seen to be one chain that the head ends."""
    entries = read_entries(connection, 0, 100_000)
    previous = GENESIS_PREVIOUS
    for entry in entries:
        assert parse(entry).previous == previous
        previous = leaf_hash(entry)
    assert lock_head(connection).last_leaf == previous
    connection.rollback()
    return entries


@contextmanager
def head_held(connect: Connect) -> Iterator[None]:
    """Somebody else holds the head, so that submissions gather."""
    holder = connect()
    lock_head(holder)
    yield
    holder.rollback()


@pytest.fixture
def log(connect: Connect) -> Iterator[Sequencer]:
    with Sequencer(connect) as sequencer:
        yield sequencer


def test_a_submission_is_in_the_log_once_its_outcome_is_there(log: Sequencer, connect: Connect) -> None:
    [appended] = outcome(log.submit([commitment(1)]))
    assert entries_of(connect()) == [appended.entry]
    assert (appended.index, parse(appended.entry).commitment) == (0, commitment(1))
    assert appended.leaf == leaf_hash(appended.entry)


def test_whatever_waits_shares_one_transaction_in_the_order_it_came(log: Sequencer, connect: Connect) -> None:
    with head_held(connect):
        waiting = [log.submit([commitment(number)]) for number in range(20)]
    assert [outcome(one)[0].index for one in waiting] == list(range(20))
    reader = connect()
    assert [parse(entry).commitment for entry in entries_of(reader)] == [commitment(n) for n in range(20)]
    assert reader.execute("SELECT count(DISTINCT xmin::text) FROM ledger.entry").fetchone() == (1,)


def test_the_entries_of_one_submission_stand_together(log: Sequencer, connect: Connect) -> None:
    with head_held(connect):
        waiting = [log.submit([commitment(number)] * number) for number in (1, 3, 0, 2)]
    assert [[one.index for one in outcome(each)] for each in waiting] == [[0], [1, 2, 3], [], [4, 5]]


def test_a_submission_larger_than_a_batch_goes_alone(connect: Connect) -> None:
    with Sequencer(connect, largest_batch=4) as log:
        with head_held(connect):
            waiting = [log.submit([commitment(number)] * 3) for number in range(2)]
            large = log.submit([commitment(9)] * 10)
        assert [one.index for one in outcome(large)] == list(range(6, 16))
        assert all(outcome(one) for one in waiting)
    reader = connect()
    assert reader.execute("SELECT count(DISTINCT xmin::text) FROM ledger.entry").fetchone() == (3,)


def test_somebody_elses_entries_between_two_of_ours_make_no_fork(log: Sequencer, connect: Connect) -> None:
    other = connect()
    for number in range(12):
        outcome(log.submit([commitment(number)]))
        if number % 3 == 2:  # by now the sequencer takes itself to be alone
            append(other, lock_head(other), [commitment(100 + number)])
            other.commit()
    assert [parse(entry).commitment for entry in entries_of(connect())] == [
        commitment(number)
        for three in range(0, 12, 3)
        for number in (three, three + 1, three + 2, 102 + three)
    ]


def _append_many(url: str, clients: int, each: int, answers: Any) -> None:
    with Sequencer(lambda: psycopg.connect(url)) as log:

        def run(client: int) -> None:
            for number in range(each):
                mine = commitment(client * 1000 + number)
                [appended] = outcome(log.submit([mine]))
                found.append((appended.index, appended.entry))

        found: list[tuple[int, bytes]] = []
        threads = [threading.Thread(target=run, args=(client,)) for client in range(clients)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    answers.put(found)


def test_appenders_in_several_processes_make_one_chain_and_nothing_acknowledged_is_elsewhere(
    connect: Connect,
) -> None:
    reader = connect()
    processes, clients, each = 3, 8, 15
    context = multiprocessing.get_context("spawn")
    answers = context.Queue()
    url = f"{reader.info.dsn} password={reader.info.password}"
    started = [
        context.Process(target=_append_many, args=(url, clients, each, answers)) for _ in range(processes)
    ]
    for process in started:
        process.start()
    acknowledged = [one for _ in started for one in answers.get(timeout=PATIENCE_SECONDS)]
    for process in started:
        process.join()
    assert sorted(acknowledged) == list(enumerate(entries_of(reader)))
    assert len(acknowledged) == processes * clients * each


# ---- deciding under the head --------------------------------------------------------------------------------


def test_who_decides_sees_what_committed_while_it_waited_and_where_its_entry_will_stand(
    log: Sequencer, connect: Connect
) -> None:
    other, seen = connect(), list[tuple[int, int]]()

    def decide(connection: Connection, index: int) -> Sequence[bytes]:
        seen.append((size(connection), index))
        return [commitment(7)]

    head = lock_head(other)
    before, deciding = log.submit([commitment(5)]), log.submit(decide)
    append(other, head, [commitment(1)])
    other.commit()
    assert outcome(before)[0].index == 1
    assert outcome(deciding)[0].index == 2
    assert seen == [(1, 2)]


def test_what_one_raises_fails_and_undoes_that_one_only(log: Sequencer, connect: Connect) -> None:
    connect().execute("CREATE TABLE noted (number integer PRIMARY KEY); COMMIT")

    def note(number: int) -> Any:
        def decide(connection: Connection, index: int) -> Sequence[bytes]:
            connection.execute("INSERT INTO noted VALUES (%s)", [number])
            if number == 2:
                raise LookupError("changed its mind")
            return [commitment(number)]

        return decide

    with head_held(connect):
        good, doubled, minded = log.submit(note(1)), log.submit(note(1)), log.submit(note(2))
        last = log.submit(note(3))
    assert [outcome(good)[0].index, outcome(last)[0].index] == [0, 1]
    assert isinstance(error_of(doubled), psycopg.errors.UniqueViolation)
    assert isinstance(error_of(minded), LookupError)
    reader = connect()
    assert reader.execute("SELECT number FROM noted ORDER BY number").fetchall() == [(1,), (3,)]
    assert len(entries_of(reader)) == 2


@pytest.mark.parametrize("bad", [b"", bytes(31), bytes(33)])
def test_a_decision_for_something_that_is_no_commitment_is_refused(
    log: Sequencer, connect: Connect, bad: bytes
) -> None:
    with head_held(connect):
        deciding, good = log.submit(lambda *_: [commitment(1), bad]), log.submit([commitment(2)])
    assert isinstance(error_of(deciding), MalformedError)
    assert outcome(good)[0].index == 0


@pytest.mark.parametrize("bad", [b"", bytes(31), bytes(33)])
def test_what_is_no_commitment_never_enters_the_queue(log: Sequencer, connect: Connect, bad: bytes) -> None:
    with pytest.raises(MalformedError):
        log.submit([commitment(1), bad])
    assert entries_of(connect()) == []


# ---- the queue ----------------------------------------------------------------------------------------------


def test_a_full_queue_refuses_with_a_time_to_come_back_and_loses_nothing_of_what_it_took(
    connect: Connect,
) -> None:
    with Sequencer(connect, longest_queue=3, largest_batch=1) as log:
        with head_held(connect):
            taken = [log.submit([commitment(1)] * 2), log.submit([commitment(2)])]
            with pytest.raises(QueueFullError) as refused:
                log.submit([commitment(3)])
            assert refused.value.retry_after >= 1
        assert [outcome(one)[-1].index for one in taken] == [1, 2]
        assert outcome(log.submit([commitment(4)]))[0].index == 3
    assert len(entries_of(connect())) == 4


def test_what_waits_when_the_sequencer_closes_is_appended_and_what_comes_later_refused(
    connect: Connect,
) -> None:
    with Sequencer(connect) as log:
        waiting = [log.submit([commitment(number)]) for number in range(5)]
    assert [outcome(one)[0].index for one in waiting] == list(range(5))
    with pytest.raises(QueueFullError):
        log.submit([commitment(6)])


def test_a_submission_that_was_taken_back_while_it_waited_is_not_appended(connect: Connect) -> None:
    with Sequencer(connect, largest_batch=1) as log:
        with head_held(connect):
            kept, back = log.submit([commitment(1)]), log.submit([commitment(2)])
            assert back.cancel()
            assert not back.cancel()
            with pytest.raises(CancelledError):
                outcome(back)
            assert not kept.done()
            with pytest.raises(TimeoutError):
                kept.result(0)
        outcome(kept)
        assert not kept.cancel()
    assert [parse(entry).commitment for entry in entries_of(connect())] == [commitment(1)]


# ---- keys ---------------------------------------------------------------------------------------------------


def test_the_same_key_with_the_same_request_gives_the_first_answer_and_no_second_entry(
    connect: Connect,
) -> None:
    key = Key.of(EMMA, b"k1", b"request")
    with Sequencer(connect) as log:
        outcome(log.submit([commitment(9)]))
        first = outcome(log.submit([commitment(1), commitment(2)], key))
    with Sequencer(connect) as log:  # another process, later
        assert outcome(log.submit([commitment(3), commitment(4)], key)) == first
    assert len(entries_of(connect())) == 3


@pytest.mark.parametrize("submitter", [EMMA, FLOR])
def test_the_same_key_with_another_request_is_an_error_for_its_owner_and_new_for_others(
    log: Sequencer, connect: Connect, submitter: bytes
) -> None:
    outcome(log.submit([commitment(1)], Key.of(EMMA, b"k1", b"request")))
    again = log.submit([commitment(2)], Key.of(submitter, b"k1", b"another request"))
    if submitter == EMMA:
        assert isinstance(error_of(again), KeyReusedError)
        assert len(entries_of(connect())) == 1
    else:
        assert outcome(again)[0].index == 1


def test_a_key_that_comes_several_times_at_once_makes_one_entry(log: Sequencer, connect: Connect) -> None:
    key, other = Key.of(EMMA, b"k1", b"request"), Key.of(EMMA, b"k1", b"another")
    with head_held(connect):
        waiting = [log.submit([commitment(number)], key) for number in range(8)]
        wrong = log.submit([commitment(9)], other)
    [first, *repeated] = [outcome(one) for one in waiting]
    assert all(one == first for one in repeated)
    assert isinstance(error_of(wrong), KeyReusedError)
    assert len(entries_of(connect())) == 1


def test_two_sequencers_that_get_one_key_at_once_make_one_entry(connect: Connect) -> None:
    key = Key.of(EMMA, b"k1", b"request")
    with Sequencer(connect) as one, Sequencer(connect) as other:
        with head_held(connect):
            waiting = [log.submit([commitment(1)], key) for log in (one, other) * 3]
        assert len({tuple(outcome(each)) for each in waiting}) == 1
    assert len(entries_of(connect())) == 1


def test_a_key_whose_submission_failed_may_be_tried_again(log: Sequencer, connect: Connect) -> None:
    key = Key.of(EMMA, b"k1", b"request")

    def refuse(connection: Connection, index: int) -> Sequence[bytes]:
        raise LookupError("not now")

    with head_held(connect):
        refused, tried = log.submit(refuse, key), log.submit([commitment(1)], key)
    assert isinstance(error_of(refused), LookupError)
    assert outcome(tried)[0].index == 0


def test_a_key_is_forgotten_when_its_time_is_over_and_not_before(connect: Connect) -> None:
    start, key = datetime(2026, 11, 20, tzinfo=UTC), Key.of(EMMA, b"k1", b"request")
    with Sequencer(connect, clock=lambda: start) as log:
        first = outcome(log.submit([commitment(1)], key))
        keeper = connect()
        assert idempotency.forget(keeper, start) == 0
        keeper.commit()
        assert outcome(log.submit([commitment(2)], key)) == first
        assert idempotency.forget(keeper, start + timedelta(seconds=1)) == 1
        keeper.commit()
        assert outcome(log.submit([commitment(2)], key)) != first


def test_a_key_in_another_form_than_its_hash_is_refused() -> None:
    with pytest.raises(MalformedError):
        Key(b"k1", bytes(32))


# ---- a database that goes away ------------------------------------------------------------------------------

END_OTHERS = (
    "SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity"  # waits until they are gone
    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
)
END_IN_COMMIT = """
CREATE FUNCTION break_off() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END $$;
CREATE CONSTRAINT TRIGGER breaks_off AFTER INSERT ON ledger.entry DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (NEW.index = {index}) EXECUTE FUNCTION break_off();
COMMIT
"""


@pytest.mark.parametrize("before", [1, 4], ids=["behind a lock", "alone"])
def test_a_connection_that_was_cut_while_nothing_was_asked_is_made_anew(
    log: Sequencer, connect: Connect, before: int
) -> None:
    for number in range(before):
        outcome(log.submit([commitment(number)]))
    connect().execute(END_OTHERS)
    assert outcome(log.submit([commitment(9)]))[0].index == before


def test_a_connection_that_is_cut_before_the_commit_appends_nothing_and_says_so(
    log: Sequencer, connect: Connect
) -> None:
    def cut(connection: Connection, index: int) -> Sequence[bytes]:
        connection.execute("SELECT pg_terminate_backend(pg_backend_pid())")
        return [commitment(1)]

    with head_held(connect):
        cutting, other = log.submit(cut), log.submit([commitment(2)])
    assert isinstance(error_of(cutting), UnreachableError)
    assert isinstance(error_of(other), UnreachableError)
    assert entries_of(connect()) == []
    assert outcome(log.submit([commitment(3)]))[0].index == 0


@pytest.mark.parametrize("before", [0, 4], ids=["behind a lock", "alone"])
def test_a_connection_that_is_cut_in_the_commit_says_that_the_outcome_is_unknown(
    log: Sequencer, connect: Connect, before: int
) -> None:
    for number in range(before):
        outcome(log.submit([commitment(number)]))
    connect().execute(END_IN_COMMIT.format(index=before).encode())
    assert isinstance(error_of(log.submit([commitment(9)])), UnknownOutcomeError)
    connect().execute("DROP TRIGGER breaks_off ON ledger.entry; COMMIT")
    assert outcome(log.submit([commitment(9)]))[0].index == before
    assert len(entries_of(connect())) == before + 1


def test_who_is_refused_hears_it_only_when_what_it_saw_is_durable(log: Sequencer, connect: Connect) -> None:
    connect().execute("CREATE TABLE noted (number integer PRIMARY KEY); COMMIT")
    connect().execute(END_IN_COMMIT.format(index=0))

    def note(connection: Connection, index: int) -> Sequence[bytes]:
        connection.execute("INSERT INTO noted VALUES (1)")
        return [commitment(1)]

    with head_held(connect):
        first, doubled = log.submit(note), log.submit(note)
    assert isinstance(error_of(first), UnknownOutcomeError)
    assert isinstance(error_of(doubled), UnknownOutcomeError)  # there is nothing that it doubles
    connect().execute("DROP TRIGGER breaks_off ON ledger.entry; COMMIT")
    assert outcome(log.submit(note))[0].index == 0


def test_after_an_unknown_outcome_the_key_tells(log: Sequencer, connect: Connect) -> None:
    key = Key.of(EMMA, b"k1", b"request")
    connect().execute(END_IN_COMMIT.format(index=0).encode())
    assert isinstance(error_of(log.submit([commitment(1)], key)), UnknownOutcomeError)
    connect().execute("DROP TRIGGER breaks_off ON ledger.entry; COMMIT")
    first = outcome(log.submit([commitment(1)], key))
    assert outcome(log.submit([commitment(1)], key)) == first
    assert len(entries_of(connect())) == 1


def test_a_database_that_does_not_answer_appends_nothing() -> None:
    with Sequencer(lambda: psycopg.connect("host=/nowhere dbname=nothing")) as log:
        waiting = [log.submit([commitment(1)]), log.submit(lambda *_: [commitment(2)])]
        assert all(isinstance(error_of(one), UnreachableError) for one in waiting)
