"""A rotation through the door: two people, in the ledger, while everybody reads; and a door over a token."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from databeheer.brussels import midnight
from databeheer.door.client import DoorClient, DoorRefusedError, Proof
from databeheer.door.house import LEDGER_HOUSE
from databeheer.door.keys.store import KeyStore, KeyStoreError, Kind
from databeheer.values import format_instant
from tests.conftest import MARIAS_EAN
from tests.databeheer.door.conftest import DAYS
from tests.databeheer.door.test_erasure import refusal
from tests.databeheer.metering.builders import Row, day_rows, english
from tests.doors import HEAD, PATIENCE_SECONDS, door_environment, door_process, held, launch, meanwhile, query
from tests.house import Customer, Party, TheHouse
from tests.tokens import SoftToken

ONE_DAY = {"from": "2023-10-28T22:00:00Z", "until": "2023-10-29T23:00:00Z", "granularity": "quarter_hour"}


def events(house: TheHouse) -> list[str]:
    found = query(house, "SELECT event FROM ledger.body WHERE event LIKE 'key_rotation.%%' ORDER BY index")
    return [row[0] for row in found]


def begun(house: TheHouse) -> None:
    house.operator("key_rotation.ask", by="An Peeters", reason="yearly")
    house.operator("key_rotation.begin", by="Bert Claes")


def step_through(house: TheHouse, limit: int, between: Callable[[], Any] = lambda: None) -> dict[str, Any]:
    while (answer := house.operator("key_rotation.step", limit=limit))["state"] != "finished":
        between()
    return answer


def test_one_asks_and_another_begins(house: TheHouse) -> None:
    assert refusal(lambda: house.operator("key_rotation.begin", by="An"))[0] == "conflict"
    assert refusal(lambda: house.operator("key_rotation.step"))[0] == "conflict"
    house.operator("key_rotation.ask", by="An Peeters", reason="yearly")
    for call in (
        lambda: house.operator("key_rotation.ask", by="Bert Claes", reason="again"),
        lambda: house.operator("key_rotation.step"),
        lambda: house.operator("key_rotation.begin", by="An Peeters"),
        lambda: house.operator("key_rotation.begin", by=" an  PEETERS "),
    ):
        assert refusal(call)[0] == "conflict"
    assert house.operator("key_rotation.status")["rotation"]["state"] == "asked"
    house.operator("key_rotation.begin", by="Bert Claes")
    assert refusal(lambda: house.operator("key_rotation.begin", by="Bert Claes"))[0] == "conflict"
    done = step_through(house, 2)
    assert (done["epoch_ended"], done["epoch_begun"], done["destroy"]) == (1, 2, [])
    assert events(house) == ["key_rotation.asked", "key_rotation.begun", "key_rotation.finished"]
    assert house.operator("key_rotation.status")["rotation"] is None
    assert refusal(lambda: house.operator("key_rotation.step"))[0] == "conflict"


def test_nobody_but_the_operator_rotates(house: TheHouse, lotte: Customer, joris: Party) -> None:
    begun(house)
    for proof in (Proof.session(lotte.session), Proof.token(joris.token), Proof.intake(house.intake_key)):
        for command, arguments in (
            ("ask", {"by": "x", "reason": "x"}),
            ("begin", {"by": "x"}),
            ("step", {}),
            ("status", {}),
            ("recovered", {"by": "x", "shares": "1"}),
        ):
            with pytest.raises(DoorRefusedError) as refused:
                house.client.call(f"key_rotation.{command}", proof, **arguments)
            assert refused.value.code == "unauthenticated"
    assert house.house.keys.epoch == 1


def test_reads_batches_and_moves_go_on_and_everything_opens_afterwards(
    house: TheHouse, measured: Customer, maria: Customer, granted: dict[str, Any], bram: Party
) -> None:
    before = bram.read(granted["permission_id"])["channels"]
    secret = (house.folder / "keys" / "epoch-0001.key").read_bytes()
    old = shutil.copytree(house.folder / "keys", house.folder / "old")
    made, read = list[Customer](), list[Any]()

    def meanwhile() -> None:
        customer = house.customer(f"newcomer-{len(made)}", "Newcomer")
        made.append(customer)
        if len(made) == 1:  # a batch in the middle: write keys, seals, and its own fresh reads
            house.ingest(english(*day_rows(DAYS[0], row=Row(ean=f'="{MARIAS_EAN}"', meter="2SAG9990000003"))))
        read.append(bram.read(granted["permission_id"])["channels"])

    begun(house)
    done = step_through(house, 3, meanwhile)
    assert len(read) >= 2
    assert all(one == before for one in read)
    assert bram.read(granted["permission_id"])["channels"] == before
    assert house.house.keys.epoch == 2
    for customer in (*made, measured):
        assert customer.call("me")
    wish = {"occupancy_id": maria.occupancy(), "granularity": "day"}
    day = {"from": format_instant(midnight(DAYS[0])), "until": format_instant(midnight(DAYS[1]))}
    assert maria.call("readings.read", **wish, **day)["channels"]
    assert done["total"] == len(KeyStore(house.folder / "keys"))
    whole = b"".join(file.read_bytes() for file in (house.folder / "keys").iterdir())
    assert secret not in whole
    shutil.copy(house.folder / "keys" / "epoch-0002.wrapped", old / "epoch-0001.wrapped")
    with pytest.raises(KeyStoreError, match="does not open"):  # the old key opens nothing of today's
        KeyStore(old).get(Kind.HOUSE, LEDGER_HOUSE)


def test_who_reads_all_the_while_waits_for_no_rotation_and_reads_the_same(
    house: TheHouse, measured: Customer, granted: dict[str, Any], bram: Party
) -> None:
    before, stop, reads = bram.read(granted["permission_id"])["channels"], threading.Event(), list[Any]()
    proof, wish = Proof.token(bram.token), {"permission_id": granted["permission_id"], **ONE_DAY}

    def read(client: DoorClient) -> None:
        while not stop.is_set():
            reads.append(client.call("readings.read", proof, **wish)["channels"])

    clients = [DoorClient(house.socket) for _ in range(2)]
    readers = [meanwhile(client, partial(read, client)) for client in clients]
    for epoch in (1, 2):
        begun(house)
        seen = len(reads)
        assert step_through(house, 1)["epoch_begun"] == epoch + 1
        assert len(reads) > seen
    stop.set()
    for reader in readers:
        reader.result(PATIENCE_SECONDS)
    assert all(one == before for one in reads)


@pytest.mark.machine_time
def test_a_door_that_is_killed_in_the_middle_is_followed_by_one_that_goes_on(
    house: TheHouse, measured: Customer, granted: dict[str, Any], bram: Party
) -> None:
    before, begun_, dones = bram.read(granted["permission_id"])["channels"], False, list[int]()
    while True:
        with door_process(house) as door:
            if not begun_:
                begun(house)
                begun_ = True
            answer = house.operator("key_rotation.step", limit=2)
            assert bram.read(granted["permission_id"])["channels"] == before
            if answer["state"] == "finished":
                break
            dones.append(answer["done"])
            status = house.operator("key_rotation.status")["rotation"]
            assert (status["state"], status["done"], status["total"]) == ("begun", dones[-1], answer["total"])
            door.kill()
    assert dones == list(range(2, dones[-1] + 1, 2))
    assert len(dones) >= 2
    assert events(house) == ["key_rotation.asked", "key_rotation.begun", "key_rotation.finished"]
    assert bram.read(granted["permission_id"])["channels"] == before


def test_a_door_that_died_between_the_new_epoch_and_its_entry_writes_it_next_time(house: TheHouse) -> None:
    begun(house)
    while not house.house.rotation.step().is_complete:
        pass
    house.house.rotation.finish(1)
    assert events(house) == ["key_rotation.asked", "key_rotation.begun"]
    answer = house.operator("key_rotation.step")
    assert (answer["state"], answer["epoch_begun"]) == ("finished", 2)
    assert events(house)[-1] == "key_rotation.finished"


def test_two_who_take_the_last_step_at_once_end_one_epoch_by_one_entry(house: TheHouse) -> None:
    begun(house)
    with held(house, HEAD) as lock:
        steps = [
            meanwhile(house.client, lambda: house.operator("key_rotation.step", limit=100)) for _ in range(2)
        ]
        lock.until_waiting(2)
        lock.release()
        answers = [one.result(PATIENCE_SECONDS) for one in steps]
    assert answers[0] == answers[1]
    assert (answers[0]["state"], answers[0]["epoch_begun"], house.house.keys.epoch) == ("finished", 2, 2)
    assert events(house).count("key_rotation.finished") == 1


def test_a_copy_of_before_a_rotation_is_named_and_does_not_start_a_door(
    house: TheHouse, measured: Customer
) -> None:
    copy = house.operator("key_copy.made", custodian="Notaris Peeters", place="kluis 7")
    shutil.copytree(house.folder / "keys", house.folder / "old")
    begun(house)
    done = step_through(house, 100)
    assert [one["copy_id"] for one in done["destroy"]] == [copy["copy_id"]]
    assert [one["copy_id"] for one in house.operator("erasure.list")["destroy"]] == [copy["copy_id"]]
    shutil.rmtree(house.folder / "keys")
    (house.folder / "old").rename(house.folder / "keys")
    log = house.folder / "door.log"
    assert launch(door_environment(house), log).wait(PATIENCE_SECONDS) == 2
    assert "from before an erasure or a rotation" in log.read_text()


@pytest.mark.machine_time
def test_a_house_moves_its_keys_under_a_token_and_runs_on_it(
    house: TheHouse, measured: Customer, granted: dict[str, Any], bram: Party, token: SoftToken
) -> None:
    before, keys = bram.read(granted["permission_id"])["channels"], house.folder / "keys"
    with door_process(house, **token.environment, DATABEHEER_PKCS11_MOVE="1"):
        begun(house)
        step_through(house, 5)
        assert bram.read(granted["permission_id"])["channels"] == before
    assert sorted(file.suffix for file in keys.glob("epoch-*")) == [".sealed", ".wrapped"]
    with door_process(house, **token.environment):
        assert bram.read(granted["permission_id"])["channels"] == before
        assert measured.call("me")
    log = house.folder / "door.log"
    token.pull()
    log.unlink()
    assert launch(door_environment(house) | token.environment, log).wait(PATIENCE_SECONDS) == 2
    assert (
        log.read_text() == "the door does not start: the token is not there; nothing sealed can be opened\n"
    )
    assert token.pin not in log.read_text()
