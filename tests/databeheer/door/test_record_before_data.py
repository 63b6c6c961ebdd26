"""Nothing leaves that is not in the ledger first: every answer is held against the entries, failures included."""

from __future__ import annotations

import threading
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest

from databeheer.door.client import DoorClient, DoorRefusedError, DoorUnreachableError, Proof
from ledger.entry import GENESIS_PREVIOUS, parse
from ledger.note import VerifierKey
from ledger.promise import open_promise
from ledger.tree import leaf_hash
from tests.doors import HEAD, DoorProcess, door_process, execute, held, meanwhile, query, start_door, until
from tests.house import ORIGIN, Customer, Party, TheHouse
from tests.series import slots_in

WISH = {"from": "2023-10-28T22:00:00Z", "until": "2023-10-29T23:00:00Z", "granularity": "quarter_hour"}


def entries(house: TheHouse) -> dict[int, bytes]:
    """The ledger as another connection sees it: what is committed."""
    return {
        row[0]: bytes(row[1]) for row in query(house, "SELECT index, entry FROM ledger.entry ORDER BY index")
    }


def hold_to_the_ledger(house: TheHouse, vkey: VerifierKey, index: int, note: bytes) -> None:
    """Compare a promise with the committed entry that it names."""
    promise = open_promise(note, vkey)
    committed = entries(house)
    assert (promise.origin, promise.index) == (ORIGIN, index)
    assert promise.leaf == leaf_hash(committed[index])


@pytest.mark.requirement("R1")
def test_every_answer_names_an_entry_that_is_committed_and_is_what_was_promised(
    house: TheHouse, measured: Customer, bram: Party, granted: dict[str, Any]
) -> None:
    vkey, before = house.house.promise_key.verifier, len(entries(house))
    answers = [meanwhile(house.client, lambda: bram.read(granted["permission_id"])) for _ in range(12)]
    indices = set()
    for waiting in answers:
        answer = waiting.result(60)
        hold_to_the_ledger(house, vkey, answer["index"], b64decode(answer["promise"]))
        indices.add(answer["index"])
    assert len(indices) == 12  # one entry each, never one for two answers
    assert len(entries(house)) == before + 12


def test_a_promise_falls_due_a_minute_after_the_entry(
    house: TheHouse, measured: Customer, bram: Party, granted: dict[str, Any]
) -> None:
    answer = bram.read(granted["permission_id"])
    promise = open_promise(b64decode(answer["promise"]), house.house.promise_key.verifier)
    assert promise.deadline_unix == int(house.clock.now().timestamp()) + 60


@pytest.mark.requirement("R46")
def test_a_refusal_is_in_the_ledger_with_its_promise(
    house: TheHouse, measured: Customer, joris: Party
) -> None:
    with pytest.raises(DoorRefusedError) as refused:
        joris.read(ean="541448899990000039")
    assert refused.value.index is not None
    hold_to_the_ledger(
        house, house.house.promise_key.verifier, refused.value.index, refused.value.promise_note or b""
    )


def test_the_entries_form_one_chain(
    house: TheHouse, measured: Customer, bram: Party, granted: dict[str, Any]
) -> None:
    bram.read(granted["permission_id"])
    previous = GENESIS_PREVIOUS
    for index, entry in entries(house).items():
        assert parse(entry).previous == previous, index
        previous = leaf_hash(entry)


def _refuse_at(timing: str, table: str = "ledger.entry") -> str:
    return f"""
        CREATE FUNCTION public.full_disk() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
        BEGIN RAISE EXCEPTION USING ERRCODE = 'disk_full', MESSAGE = 'No space left on device'; END $$;
        CREATE CONSTRAINT TRIGGER full_disk AFTER INSERT ON {table} {timing}
            FOR EACH ROW EXECUTE FUNCTION public.full_disk()"""


_MEND = "DROP FUNCTION public.full_disk CASCADE"
_DURING, _AT_COMMIT = "NOT DEFERRABLE", "DEFERRABLE INITIALLY DEFERRED"
FAULTS = pytest.mark.parametrize(
    ("break_it", "mend_it"),
    [
        pytest.param(
            "REVOKE INSERT ON ledger.entry FROM databeheer_door",
            "GRANT INSERT ON ledger.entry TO databeheer_door",
            id="the door may not append",
        ),
        pytest.param(_refuse_at(_DURING), _MEND, id="the disk is full at the append"),
        pytest.param(_refuse_at(_AT_COMMIT), _MEND, id="the commit fails"),
        pytest.param(_refuse_at(_DURING, "ledger.statement"), _MEND, id="the subject's half cannot be kept"),
    ],
)


@pytest.mark.requirement("R1")
@FAULTS
def test_where_the_ledger_cannot_take_the_entry_nothing_leaves(
    house: TheHouse, measured: Customer, bram: Party, granted: dict[str, Any], break_it: str, mend_it: str
) -> None:
    before = entries(house)
    execute(house, break_it)
    raw = _raw_read(house, bram, granted["permission_id"])
    assert set(raw) == {"error"}
    assert set(raw["error"]) <= {"code", "detail", "retry_after"}  # no index, no promise, no value
    assert entries(house) == before
    execute(house, mend_it)
    assert bram.read(granted["permission_id"])["index"] == len(before)  # no gap


@FAULTS
def test_where_the_ledger_cannot_take_the_entry_no_permission_changes(
    house: TheHouse, measured: Customer, bram: Party, break_it: str, mend_it: str
) -> None:
    asked = bram.ask()
    execute(house, break_it)
    with pytest.raises(DoorRefusedError):
        measured.grant(asked)
    execute(house, mend_it)
    assert bram.permission(asked["permission_id"])["state"] == "requested"


def test_what_cannot_be_opened_was_recorded_all_the_same(
    house: TheHouse, measured: Customer, bram: Party, granted: dict[str, Any]
) -> None:
    """The order is record, then open: a fault in between leaves a record too many, never one too few."""
    before = len(entries(house))
    execute(house, "REVOKE SELECT ON metering.profile FROM databeheer_door")
    assert set(_raw_read(house, bram, granted["permission_id"])) == {"error"}
    assert len(entries(house)) == before + 1
    execute(house, "GRANT SELECT ON metering.profile TO databeheer_door")
    bram.read(granted["permission_id"])
    assert len(entries(house)) == before + 2


def test_a_read_whose_connection_is_cut_while_it_waits_gets_a_clean_error_and_the_door_lives(
    house: TheHouse, measured: Customer, bram: Party, granted: dict[str, Any]
) -> None:
    before = entries(house)
    with held(house, HEAD) as lock:
        reading = meanwhile(house.client, lambda: bram.read(granted["permission_id"]))
        lock.until_waiting(1)
        query(
            house,
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'databeheer_door'"
            " AND datname = current_database() AND wait_event_type = 'Lock'",
        )
        error = reading.exception(60)
    assert isinstance(error, DoorRefusedError)
    assert error.code == "unavailable"
    assert entries(house) == before
    assert bram.read(granted["permission_id"])["channels"]


@pytest.mark.requirement("R1")
@pytest.mark.machine_time
def test_whatever_a_killed_door_handed_over_is_in_the_ledger_and_the_next_one_serves(
    house: TheHouse, measured: Customer, bram: Party, granted: dict[str, Any]
) -> None:
    before = len(entries(house))
    with door_process(house) as door:
        received = _readers_until_killed(door, bram, granted["permission_id"], answers=40)
    assert len(received) >= 40
    for index, note in received:
        hold_to_the_ledger(house, door.verifier, index, note)
    assert len({index for index, _ in received}) == len(received)
    assert len(entries(house)) - before >= len(received)
    again = start_door(house)
    try:
        answer = again.client.call(
            "readings.read", Proof.token(bram.token), permission_id=granted["permission_id"], **WISH
        )
        assert len(slots_in(answer["channels"][0])) == 100
    finally:
        again.end()
    assert sorted(entries(house)) == list(range(len(entries(house))))


def _readers_until_killed(
    door: DoorProcess, bram: Party, permission: str, *, answers: int
) -> list[tuple[int, bytes]]:
    """Read with eight clients at once until the door is killed in the midst of it; return what came through."""
    received: list[tuple[int, bytes]] = []

    def read_on() -> None:
        client = DoorClient(door.socket)
        try:
            while True:
                answer = client.call(
                    "readings.read", Proof.token(bram.token), permission_id=permission, **WISH
                )
                received.append((answer["index"], b64decode(answer["promise"])))
        except DoorUnreachableError:
            return
        finally:
            client.close()

    readers = [threading.Thread(target=read_on) for _ in range(8)]
    for reader in readers:
        reader.start()
    until(lambda: len(received) >= answers, "the door answers its readers")
    door.kill()
    for reader in readers:
        reader.join()
    return received


def test_a_new_month_that_begins_with_a_failure_takes_its_entries_all_the_same(
    house: TheHouse, measured: Customer, bram: Party, granted: dict[str, Any]
) -> None:
    """The month's partitions went with the rollback, so they are made again."""
    house.clock.advance(timedelta(days=40))
    bram.token = house.token(bram.client_id, bram.client_secret)
    execute(house, "REVOKE INSERT ON ledger.entry FROM databeheer_door")
    assert set(_raw_read(house, bram, granted["permission_id"])) == {"error"}
    execute(house, "GRANT INSERT ON ledger.entry TO databeheer_door")
    before = len(entries(house))
    answers = [meanwhile(house.client, lambda: bram.read(granted["permission_id"])) for _ in range(4)]
    assert sorted(answer.result(60)["index"] for answer in answers) == list(range(before, before + 4))


@pytest.mark.machine_time
def test_a_door_that_is_asked_to_end_ends_cleanly(house: TheHouse) -> None:
    with door_process(house) as door:
        assert door.end() == 0
        assert not door.socket.exists()


def test_commits_are_durable_even_where_the_database_would_rather_not(house: TheHouse) -> None:
    """An administrator's `synchronous_commit = off` would make the door promise what a crash can take back."""
    role_setting = "ALTER ROLE databeheer_door IN DATABASE {} SET synchronous_commit = off"
    execute(house, role_setting.format(house.database.name))
    with house.engine("door").connect() as connection:
        assert connection.exec_driver_sql("SHOW synchronous_commit").scalar_one() == "on"


def _raw_read(house: TheHouse, party: Party, permission: str) -> dict[str, Any]:
    """The whole answer of the door, nothing taken off it."""
    message = {
        "command": "readings.read",
        "proof": {"kind": "token", "value": party.token},
        "arguments": {"permission_id": permission, **WISH},
    }
    with _connected(house) as client:
        answer: dict[str, Any] = client._exchange(message)
    return answer


@contextmanager
def _connected(house: TheHouse) -> Iterator[DoorClient]:
    client = DoorClient(house.socket)
    try:
        yield client
    finally:
        client.close()
