"""Order is truth: what commits before a read has its turn, that read sees; what comes after waits for it.

Real locks from a second connection; the tests wait for PostgreSQL to say that somebody waits, never for time.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from databeheer.door.client import DoorClient, DoorRefusedError, Proof
from databeheer.door.house import House
from databeheer.door.server import DoorServer
from databeheer.door.service import DoorService
from databeheer.storage.engine import make_engine
from databeheer.values import format_instant
from tests.conftest import LOTTES_EAN
from tests.doors import FACTS, HEAD, execute, held, meanwhile, query
from tests.house import Customer, Party, TheHouse
from tests.series import slots_in

End = Callable[[TheHouse, Customer, Party, str], Any]


def _withdraw(house: TheHouse, lotte: Customer, bram: Party, permission: str) -> Any:
    return lotte.withdraw(permission)


def _terminate(house: TheHouse, lotte: Customer, bram: Party, permission: str) -> Any:
    return bram.call("permission.terminate", permission_id=permission)


def _move_out(house: TheHouse, lotte: Customer, bram: Party, permission: str) -> Any:
    today = house.clock.now().date().isoformat()
    return house.operator("registry.occupancy.end", ean=LOTTES_EAN, until_day=today)


def _suspend(house: TheHouse, lotte: Customer, bram: Party, permission: str) -> Any:
    return house.operator(
        "registry.party.suspend", party_id=bram.party_id, reason="does not meet the conditions"
    )


def _stop(house: TheHouse, lotte: Customer, bram: Party, permission: str) -> Any:
    return house.operator("stop.set", reason="a drill")


def _doubt(house: TheHouse, lotte: Customer, bram: Party, permission: str) -> Any:
    return lotte.call("doubt.raise", permission_id=permission, concern="not_given")


ENDS = pytest.mark.parametrize(
    ("end", "code"),
    [
        pytest.param(_withdraw, "permission-ended", id="the customer withdraws"),
        pytest.param(_terminate, "permission-ended", id="the party terminates"),
        pytest.param(_move_out, "permission-ended", id="the customer moves out"),
        pytest.param(_suspend, "unauthenticated", id="the party is suspended"),
        pytest.param(_stop, "stopped", id="the operator stops everything"),
        pytest.param(
            _doubt, "blocked", id="the customer doubts", marks=pytest.mark.requirement("R100", "R113")
        ),
    ],
)


def refusal(answer: Any) -> DoorRefusedError:
    error = answer.exception(60)
    assert isinstance(error, DoorRefusedError), error
    return error


@pytest.mark.requirement("R22", "R13", "R28", "R29")
@ENDS
def test_an_end_that_commits_while_a_read_waits_is_seen_by_that_read(
    house: TheHouse, measured: Customer, bram: Party, granted: dict[str, Any], end: End, code: str
) -> None:
    permission = granted["permission_id"]
    with held(house, HEAD) as lock:
        ending = meanwhile(house.client, lambda: end(house, measured, bram, permission))
        lock.until_waiting(1)
        reading = meanwhile(house.client, lambda: bram.read(permission))
        lock.until_waiting(2)
        lock.release()
        assert refusal(reading).code == code
        assert ending.exception(60) is None


@ENDS
def test_a_read_that_has_its_turn_is_served_and_the_end_waits_for_it(
    house: TheHouse, measured: Customer, bram: Party, granted: dict[str, Any], end: End, code: str
) -> None:
    permission = granted["permission_id"]
    with held(house, FACTS) as lock:
        reading = meanwhile(house.client, lambda: bram.read(permission))
        lock.until_waiting(1)  # it has the head row, and waits for the facts
        ending = meanwhile(house.client, lambda: end(house, measured, bram, permission))
        lock.until_waiting(2)
        assert not ending.done()
        lock.release()
        assert len(slots_in(reading.result(60)["channels"][0])) == 100
        assert ending.exception(60) is None
    with pytest.raises(DoorRefusedError) as again:
        bram.read(permission)
    assert again.value.code == code


def test_the_ledger_tells_read_and_withdrawal_in_the_order_in_which_they_happened(
    house: TheHouse, measured: Customer, bram: Party, granted: dict[str, Any]
) -> None:
    permission = granted["permission_id"]
    with held(house, FACTS) as lock:
        reading = meanwhile(house.client, lambda: bram.read(permission))
        lock.until_waiting(1)
        ending = meanwhile(house.client, lambda: measured.withdraw(permission))
        lock.until_waiting(2)
        lock.release()
        assert reading.result(60)["index"] + 1 == ending.result(60)["index"]
    told = [statement["event"] for statement in measured.statements()[:2]]
    assert told == ["permission.revoked", "data.read"]


@pytest.mark.requirement("R22")
def test_a_withdrawal_written_by_another_transaction_under_the_head_is_seen(
    house: TheHouse, measured: Customer, bram: Party, granted: dict[str, Any]
) -> None:
    with held(house, HEAD) as lock:
        reading = meanwhile(house.client, lambda: bram.read(granted["permission_id"]))
        lock.until_waiting(1)
        lock.connection.execute(
            "UPDATE permissions.permission SET state = 'revoked', reason = 'withdrawn_by_customer'"
            " WHERE permission_id = %s",
            [granted["permission_id"]],
        )
        lock.release()
        assert refusal(reading).code == "permission-ended"


@pytest.mark.requirement("R24")
def test_a_permission_that_passes_its_end_while_a_read_waits_gives_nothing(
    house: TheHouse, measured: Customer, bram: Party
) -> None:
    ends = house.clock.now() + timedelta(minutes=30)
    asked = bram.ask(valid_until=format_instant(ends))
    measured.grant(asked)
    with held(house, HEAD) as lock:
        reading = meanwhile(house.client, lambda: bram.read(asked["permission_id"]))
        lock.until_waiting(1)
        house.clock.set(ends)
        lock.release()
        refused = refusal(reading)
    assert (refused.code, refused.reason) == ("permission-ended", "expired")


@pytest.mark.requirement("R24")
def test_a_read_that_took_its_turn_before_the_end_is_served_though_the_end_passes_meanwhile(
    house: TheHouse, measured: Customer, bram: Party
) -> None:
    ends = house.clock.now() + timedelta(minutes=9)
    asked = bram.ask(valid_until=format_instant(ends))
    measured.grant(asked)
    house.clock.set(ends - timedelta(milliseconds=1))
    with held(house, FACTS) as lock:
        reading = meanwhile(house.client, lambda: bram.read(asked["permission_id"]))
        lock.until_waiting(1)
        house.clock.set(ends)
        lock.release()
        answer = reading.result(60)
    told = measured.statements()[0]
    assert (told["index"], told["event"]) == (answer["index"], "data.read")
    assert told["at"] < format_instant(ends)


@pytest.mark.requirement("R12")
def test_a_data_access_contract_that_ends_while_a_read_waits_gives_nothing(
    house: TheHouse, measured: Customer, bram: Party, granted: dict[str, Any]
) -> None:
    ends = house.clock.now() + timedelta(minutes=5)
    execute(house, "UPDATE registry.contract SET valid_until = %s WHERE party_id = %s", ends, bram.party_id)
    with held(house, HEAD) as lock:
        reading = meanwhile(house.client, lambda: bram.read(granted["permission_id"]))
        lock.until_waiting(1)
        house.clock.set(ends)
        lock.release()
        assert refusal(reading).reason == "no_data_access_contract"


def own_read(customer: Customer, occupancy: str) -> dict[str, Any]:
    return customer.call(
        "readings.read",
        **{
            "occupancy_id": occupancy,
            "from": "2023-10-28T22:00:00Z",
            "until": "2023-10-29T23:00:00Z",
            "granularity": "quarter_hour",
        },
    )


def test_a_session_that_ends_while_its_read_waits_reads_nothing(house: TheHouse, measured: Customer) -> None:
    occupancy, before = measured.occupancy(), ledger_size(house)
    with held(house, HEAD) as lock:
        reading = meanwhile(house.client, lambda: own_read(measured, occupancy))
        lock.until_waiting(1)
        measured.call("session.end")  # needs no turn: it commits while the read waits
        lock.release()
        assert refusal(reading).code == "unauthenticated"
    assert ledger_size(house) == before  # nobody is known who asked


def test_a_session_that_passes_its_hour_while_its_read_waits_reads_nothing(
    house: TheHouse, measured: Customer
) -> None:
    occupancy = measured.occupancy()
    with held(house, HEAD) as lock:
        reading = meanwhile(house.client, lambda: own_read(measured, occupancy))
        lock.until_waiting(1)
        house.clock.advance(timedelta(hours=1))
        lock.release()
        assert refusal(reading).code == "unauthenticated"


def test_a_session_that_ends_after_the_read_took_its_turn_does_not_undo_it(
    house: TheHouse, measured: Customer
) -> None:
    occupancy = measured.occupancy()
    with held(house, FACTS) as lock:
        reading = meanwhile(house.client, lambda: own_read(measured, occupancy))
        lock.until_waiting(1)
        measured.call("session.end")
        lock.release()
        assert reading.result(60)["channels"]


def test_a_token_that_passes_its_hour_while_its_read_waits_reads_nothing(
    house: TheHouse, measured: Customer, bram: Party, granted: dict[str, Any]
) -> None:
    with held(house, HEAD) as lock:
        reading = meanwhile(house.client, lambda: bram.read(granted["permission_id"]))
        lock.until_waiting(1)
        house.clock.advance(timedelta(hours=1))
        lock.release()
        assert refusal(reading).code == "unauthenticated"


def test_a_client_that_is_ended_while_its_read_waits_reads_nothing(
    house: TheHouse, measured: Customer, bram: Party, granted: dict[str, Any]
) -> None:
    with held(house, HEAD) as lock:
        reading = meanwhile(house.client, lambda: bram.read(granted["permission_id"]))
        lock.until_waiting(1)
        lock.connection.execute(
            "UPDATE identity.client SET ended_at = %s WHERE party_id = %s", [house.clock.now(), bram.party_id]
        )
        lock.release()
        assert refusal(reading).code == "unauthenticated"


def test_a_grant_that_commits_while_a_read_waits_is_seen_too(
    house: TheHouse, measured: Customer, bram: Party
) -> None:
    asked, occupancy = bram.ask(), measured.occupancy()
    with held(house, HEAD) as lock:
        granting = meanwhile(house.client, lambda: measured.grant(asked, occupancy))
        lock.until_waiting(1)
        reading = meanwhile(house.client, lambda: bram.read(asked["permission_id"]))
        lock.until_waiting(2)
        lock.release()
        assert granting.result(60)["index"] < reading.result(60)["index"]


def test_one_revoked_token_in_a_batch_takes_nothing_from_the_others(
    house: TheHouse, measured: Customer, bram: Party, granted: dict[str, Any]
) -> None:
    permission = granted["permission_id"]
    with held(house, HEAD) as lock:
        first = meanwhile(house.client, lambda: bram.read(permission))
        lock.until_waiting(1)  # what comes now waits in the queue and shares one batch
        good = [meanwhile(house.client, lambda: bram.read(permission)) for _ in range(3)]
        bad = meanwhile(
            house.client,
            lambda: house.client.call("readings.read", Proof.token("made-up"), **_wish(permission)),
        )
        lock.release()
        assert refusal(bad).code == "unauthenticated"
        indices = {answer.result(60)["index"] for answer in (first, *good)}
    assert len(indices) == 4


def _wish(permission: str) -> dict[str, str]:
    return {
        "permission_id": permission,
        "from": "2023-10-28T22:00:00Z",
        "until": "2023-10-29T23:00:00Z",
        "granularity": "quarter_hour",
    }


@pytest.fixture
def second_door(house: TheHouse) -> Any:
    """Another door over the same database and key store."""
    one = house.house
    twin = House(
        engine=make_engine(house.database.url("door"), pool_size=4),
        keys=type(one.keys)(house.folder / "keys"),
        clock=one.clock,
        catalogue=one.catalogue,
        origin=one.origin,
        promise_key=one.promise_key,
        operator_key_hash=one.operator_key_hash,
        intake_key_hash=one.intake_key_hash,
        clerk_key_hash=one.clerk_key_hash,
        provider=one.provider,
        public_url=one.public_url,
    )
    server = DoorServer(house.folder / "second.sock", DoorService(twin))
    server.start()
    client = DoorClient(house.folder / "second.sock")
    yield client
    client.close()
    server.close()
    twin.engine.dispose()


def test_a_withdrawal_at_one_door_is_seen_at_once_at_another(
    house: TheHouse, measured: Customer, bram: Party, granted: dict[str, Any], second_door: DoorClient
) -> None:
    permission = granted["permission_id"]
    assert second_door.call("readings.read", Proof.token(bram.token), **_wish(permission))["channels"]
    measured.withdraw(permission)
    with pytest.raises(DoorRefusedError) as refused:
        second_door.call("readings.read", Proof.token(bram.token), **_wish(permission))
    assert refused.value.reason == "withdrawn"


def test_two_doors_share_one_ledger_without_gap_or_fork(
    house: TheHouse, measured: Customer, bram: Party, granted: dict[str, Any], second_door: DoorClient
) -> None:
    permission, start = granted["permission_id"], ledger_size(house)
    reads = [
        meanwhile(
            door, lambda door=door: door.call("readings.read", Proof.token(bram.token), **_wish(permission))
        )
        for door in (house.client, second_door) * 8
    ]
    indices = sorted(read.result(60)["index"] for read in reads)
    assert indices == list(range(start, start + 16))
    assert [row[0] for row in query(house, "SELECT index FROM ledger.entry ORDER BY index")] == list(
        range(start + 16)
    )


def test_a_permission_gives_nothing_at_a_time_before_it_was_given(
    house: TheHouse, measured: Customer, bram: Party, granted: dict[str, Any]
) -> None:
    house.clock.advance(timedelta(minutes=-1))
    with pytest.raises(DoorRefusedError) as refused:
        bram.read(granted["permission_id"])
    assert refused.value.reason == "not_yet_valid"


def test_a_permission_that_does_not_exist_waits_its_turn_like_any_other(house: TheHouse, bram: Party) -> None:
    with held(house, HEAD) as lock:
        reading = meanwhile(house.client, lambda: bram.read(str(uuid4())))
        lock.until_waiting(1)
        lock.release()
        assert refusal(reading).index is not None


def ledger_size(house: TheHouse) -> int:
    return int(query(house, "SELECT size FROM ledger.head")[0][0])
