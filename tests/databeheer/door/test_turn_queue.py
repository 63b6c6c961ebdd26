"""Commands that wait for a turn share one transaction; each has its own outcome, and ends of access come first."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, event, text
from sqlalchemy.exc import DBAPIError, OperationalError

from databeheer.door.client import DoorRefusedError
from databeheer.door.turn_queue import TurnLane, TurnQueue
from databeheer.errors import QueueFullError
from databeheer.storage.engine import make_engine
from tests.databases import Database
from tests.doors import HEAD, held, meanwhile, query, until
from tests.house import Customer, Party, TheHouse

PATIENCE_SECONDS = 60
TELL = "INSERT INTO registry.operator (operator, code, name) VALUES (:number, :name, :name)"
TOLD = "SELECT operator FROM registry.operator WHERE operator > 1 ORDER BY operator"


class Parts:
    """A queue over a database, and threads that do their parts in it; each notes a number in a table."""

    def __init__(self, engine: Engine, **limits: int) -> None:
        self.engine = engine
        self.queue = TurnQueue(engine, **limits)
        self.commits = 0
        self.order: list[int] = []
        self._gate = threading.Event()
        event.listen(engine, "commit", self._count)

    def _count(self, connection: Connection) -> None:
        self.commits += 1

    def do(
        self,
        number: int,
        lane: TurnLane = TurnLane.REST,
        then: Callable[[Connection], object] = lambda connection: None,
    ) -> Future[int]:
        """Do a part in a thread of its own; returns once it waits in the queue, or leads."""
        answer: Future[int] = Future()
        before = self.queue._number  # everybody who came, whatever became of it

        def run() -> None:
            try:
                with self.queue.part(lane) as (connection, _):
                    self.order.append(number)
                    connection.execute(text(TELL), {"number": number, "name": f"op-{number}"})
                    then(connection)
            except BaseException as error:
                answer.set_exception(error)
            else:
                answer.set_result(number)

        threading.Thread(target=run, daemon=True).start()
        until(lambda: self.queue._number > before, "it came")
        return answer

    def hold(self, then: Callable[[Connection], object] = lambda connection: None) -> Future[int]:
        """A part that leads, and is not done before `release`."""

        def wait(connection: Connection) -> None:
            self._gate.wait(PATIENCE_SECONDS)
            then(connection)

        return self.do(10, then=wait)

    def release(self) -> None:
        self._gate.set()

    def told(self) -> list[int]:
        """What is committed, as another connection sees it."""
        with self.engine.connect() as connection:
            return [row[0] for row in connection.execute(text(TOLD))]


@pytest.fixture
def parts(database: Database) -> Iterator[Parts]:
    engine = make_engine(database.url("superuser"), pool_size=2)
    yield Parts(engine, longest=3, largest=4)
    engine.dispose()


def error_of(answer: Future[int]) -> BaseException | None:
    return answer.exception(PATIENCE_SECONDS)


def fail(connection: Connection) -> None:
    raise LookupError("changed its mind")


def cut(connection: Connection) -> None:
    connection.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))


def test_parts_that_wait_share_the_leaders_transaction_in_the_order_they_came(parts: Parts) -> None:
    leader = parts.hold()
    others = [parts.do(number) for number in (11, 12, 13)]
    assert parts.told() == []
    parts.release()
    assert [answer.result(PATIENCE_SECONDS) for answer in (leader, *others)] == parts.order
    assert parts.told() == [10, 11, 12, 13]
    assert parts.commits == 1


def test_who_does_not_fit_in_one_transaction_has_the_next(parts: Parts) -> None:
    leader = parts.hold()
    others = [parts.do(number, TurnLane.ENDS) for number in range(11, 17)]
    parts.release()
    assert [error_of(answer) for answer in (leader, *others)] == [None] * 7
    assert parts.told() == list(range(10, 17))
    assert parts.commits == 2


def test_a_lone_part_has_a_transaction_of_its_own_and_the_queue_is_free_again(parts: Parts) -> None:
    for number in (11, 12):
        assert parts.do(number).result(PATIENCE_SECONDS) == number
    assert parts.commits == 2


def test_an_error_undoes_its_own_part_and_nobody_elses(parts: Parts) -> None:
    leader = parts.hold()
    good, minded, last = parts.do(11), parts.do(12, then=fail), parts.do(13)
    parts.release()
    assert isinstance(error_of(minded), LookupError)
    assert [error_of(answer) for answer in (leader, good, last)] == [None] * 3
    assert parts.told() == [10, 11, 13]


def test_a_part_that_the_database_refuses_undoes_nobody_elses(parts: Parts) -> None:
    leader = parts.hold()
    good, doubled = parts.do(11), parts.do(11)
    parts.release()
    assert isinstance(error_of(doubled), DBAPIError)
    assert [error_of(leader), error_of(good)] == [None, None]
    assert parts.told() == [10, 11]


def test_the_error_of_who_leads_undoes_its_own_part_and_the_others_are_served(parts: Parts) -> None:
    leader = parts.hold(then=fail)
    others = [parts.do(number) for number in (11, 12)]
    parts.release()
    assert isinstance(error_of(leader), LookupError)
    assert [error_of(answer) for answer in others] == [None, None]
    assert parts.told() == [11, 12]


def test_where_the_leaders_connection_breaks_those_who_wait_have_a_turn_all_the_same(parts: Parts) -> None:
    leader = parts.hold(then=cut)
    others = [parts.do(number) for number in (11, 12)]
    parts.release()
    assert isinstance(error_of(leader), OperationalError)
    assert [error_of(answer) for answer in others] == [None, None]
    assert parts.told() == [11, 12]


def test_where_the_connection_breaks_nobody_of_that_transaction_is_told_that_it_was_done(
    parts: Parts,
) -> None:
    leader = parts.hold()
    good, cutting, last = parts.do(11), parts.do(12, then=cut), parts.do(13)
    parts.release()
    assert all(isinstance(error_of(answer), OperationalError) for answer in (leader, good, cutting))
    assert error_of(last) is None  # it was not called yet: it has the next transaction
    assert parts.told() == [13]


def test_where_the_commit_fails_everybody_is_told_even_who_had_an_error_from_what_is_now_undone(
    parts: Parts,
) -> None:
    with parts.engine.begin() as connection:
        connection.execute(text(BREAKS_AT_COMMIT))
    leader = parts.hold()
    good, doubled = parts.do(11), parts.do(11)
    parts.release()
    assert all(isinstance(error_of(answer), OperationalError) for answer in (leader, good, doubled))
    assert parts.told() == []


BREAKS_AT_COMMIT = """
CREATE FUNCTION break_off() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END $$;
CREATE CONSTRAINT TRIGGER breaks_off AFTER INSERT ON registry.operator DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (NEW.operator = 11) EXECUTE FUNCTION break_off()
"""


# ---- overload -----------------------------------------------------------------------------------------------


def test_a_full_queue_turns_the_next_away_and_serves_all_it_holds(parts: Parts) -> None:
    leader = parts.hold()
    waiting = [parts.do(number) for number in (11, 12, 13)]
    assert isinstance(error_of(parts.do(14)), QueueFullError)
    parts.release()
    assert [error_of(answer) for answer in (leader, *waiting)] == [None] * 4
    assert parts.told() == [10, 11, 12, 13]


def test_a_customer_takes_the_place_of_the_last_of_the_rest_and_never_of_another_customer(
    parts: Parts,
) -> None:
    leader = parts.hold()
    first, second, third = (parts.do(number) for number in (11, 12, 13))
    customer = parts.do(14, TurnLane.CUSTOMER)
    assert isinstance(error_of(third), QueueFullError)
    more = [parts.do(number, TurnLane.CUSTOMER) for number in (15, 16)]
    assert all(isinstance(error_of(answer), QueueFullError) for answer in (first, second))
    assert isinstance(error_of(parts.do(17, TurnLane.CUSTOMER)), QueueFullError)
    parts.release()
    assert [error_of(answer) for answer in (leader, customer, *more)] == [None] * 4


def test_a_piece_of_a_job_gives_its_place_to_whoever_comes_and_goes_last(parts: Parts) -> None:
    leader = parts.hold()
    pieces = [parts.do(number, TurnLane.BATCH) for number in (21, 22)]
    rest = [parts.do(number) for number in (11, 12)]
    assert isinstance(error_of(pieces[1]), QueueFullError)
    parts.release()
    assert [error_of(answer) for answer in (leader, pieces[0], *rest)] == [None] * 4
    assert parts.told() == [10, 11, 12, 21]


def test_what_ends_access_is_never_turned_away_and_goes_first(parts: Parts) -> None:
    leader = parts.hold()
    waiting = [parts.do(number) for number in (11, 12, 13)]
    ends = [parts.do(number, TurnLane.ENDS) for number in (14, 15, 16, 17)]
    parts.release()
    assert [error_of(answer) for answer in (leader, *waiting, *ends)] == [None] * 8
    assert parts.order == [10, 14, 15, 16, 17, 11, 12, 13]


# ---- at the door --------------------------------------------------------------------------------------------


def _fill(house: TheHouse, bram: Party, monkeypatch: pytest.MonkeyPatch, lock: Any) -> list[Future[Any]]:
    """One command that leads and waits for the head, and two that wait behind it: the queue holds two."""
    monkeypatch.setattr(house.house.queue, "_longest", 2)
    asked = []
    for number in range(3):
        asked.append(meanwhile(house.client, bram.ask))
        lock.until_waiting(number + 1)
    return asked


def test_a_full_queue_refuses_with_a_time_to_come_back_and_records_nothing(
    house: TheHouse, bram: Party, joris: Party, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = int(query(house, "SELECT size FROM ledger.head")[0][0])
    with held(house, HEAD) as lock:
        asked = _fill(house, bram, monkeypatch, lock)
        with pytest.raises(DoorRefusedError) as refused:
            joris.ask()
        assert (refused.value.code, refused.value.retry_after) == ("queue-full", 1)
        lock.release()
        assert all(answer.exception(PATIENCE_SECONDS) is None for answer in asked)
    assert int(query(house, "SELECT size FROM ledger.head")[0][0]) == before + 3


@pytest.mark.requirement("R22")
def test_a_withdrawal_passes_a_full_queue_and_stands_before_what_waited_longer(
    house: TheHouse,
    measured: Customer,
    bram: Party,
    granted: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = int(query(house, "SELECT size FROM ledger.head")[0][0])
    with held(house, HEAD) as lock:
        asked = _fill(house, bram, monkeypatch, lock)
        withdrawing = meanwhile(house.client, lambda: measured.withdraw(granted["permission_id"]))
        lock.until_waiting(4)
        lock.release()
        assert withdrawing.result(PATIENCE_SECONDS)["index"] == before + 1  # behind the one that leads only
        assert all(answer.exception(PATIENCE_SECONDS) is None for answer in asked)


def test_commands_that_share_a_transaction_make_one_chain_with_an_entry_each(
    house: TheHouse, bram: Party, joris: Party
) -> None:
    before = int(query(house, "SELECT size FROM ledger.head")[0][0])
    commits: list[int] = []
    event.listen(house.house.engine, "commit", lambda connection: commits.append(1))
    with held(house, HEAD) as lock:
        asked = []
        for number in range(8):
            asked.append(meanwhile(house.client, (bram, joris)[number % 2].ask))
            lock.until_waiting(number + 1)
        wrong = meanwhile(
            house.client, lambda: joris.call("permission.terminate", permission_id=joris.party_id)
        )
        lock.until_waiting(9)
        commits.clear()
        lock.release()
        assert all(answer.exception(PATIENCE_SECONDS) is None for answer in asked)
        error = wrong.exception(PATIENCE_SECONDS)
        assert isinstance(error, DoorRefusedError)
        assert error.code == "not-found"
    assert [row[0] for row in query(house, "SELECT index FROM ledger.entry ORDER BY index")] == list(
        range(before + 8)
    )
    assert len(commits) == 1
