"""A party that lost an answer asks again under its key: it gets the first answer, and nothing happens twice."""

from __future__ import annotations

import socket
from base64 import b64decode
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from databeheer.door.bodies.halves import canonical
from databeheer.door.client import DoorRefusedError, Proof
from databeheer.door.protocol import send
from databeheer.door.repeats import spelled
from databeheer.values import EAN
from ledger.promise import open_promise
from tests.conftest import LOTTES_EAN, MARIAS_EAN
from tests.databeheer.doubt.acts import PDF, contact, raise_doubt, show
from tests.doors import HEAD, execute, held, meanwhile, query, until
from tests.house import Customer, Party, TheHouse

KEY = "8e03978e-40d5-43dd-bc93-6894a57f9324"


def ledger_size(house: TheHouse) -> int:
    return int(query(house, "SELECT size FROM ledger.head")[0][0])


def refused(party: Party, command: str, **arguments: Any) -> str:
    with pytest.raises(DoorRefusedError) as error:
        party.call(command, **arguments)
    return error.value.code


def test_the_same_request_under_the_same_key_gets_the_first_answer_and_is_recorded_once(
    house: TheHouse, bram: Party, lotte: Customer
) -> None:
    first = bram.ask(idempotency_key=KEY, ean=LOTTES_EAN)
    size = ledger_size(house)
    house.clock.advance(timedelta(minutes=5))
    assert bram.ask(idempotency_key=KEY, ean=LOTTES_EAN) == first
    assert ledger_size(house) == size
    assert len(bram.call("permission.list")["permissions"]) == 1
    lotte.grant(bram.ask(idempotency_key=KEY, ean=LOTTES_EAN))  # the link of the repeated answer works
    assert bram.permission(first["permission_id"])["state"] == "active"


def test_an_answer_that_got_lost_on_the_way_is_given_to_who_asks_again(house: TheHouse, bram: Party) -> None:
    wish = {
        "purpose": "energy_advice",
        "category": "readings",
        "granularity": "day",
        "directions": ["offtake"],
    }
    wish |= {"data_from": "2023-01-01T00:00:00Z", "reference": "r-1", "idempotency_key": KEY}
    proof = {"kind": "token", "value": bram.token}
    before = ledger_size(house)
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(house.socket))
        send(connection, {"command": "permission.request", "proof": proof, "arguments": wish})
    until(lambda: ledger_size(house) == before + 1, "it is carried out though nobody hears of it")
    answer = bram.call("permission.request", **wish)
    assert answer["reference"] == "r-1"
    assert ledger_size(house) == before + 1


def test_without_a_key_the_same_request_is_another_one(bram: Party) -> None:
    assert bram.ask()["permission_id"] != bram.ask()["permission_id"]


@pytest.mark.parametrize(
    "change",
    [{"purpose": "energy_monitoring"}, {"granularity": "day"}, {"ean": LOTTES_EAN}, {"reference": "r-1"}],
    ids=lambda change: next(iter(change)),
)
def test_another_request_under_the_same_key_is_refused_and_changes_nothing(
    house: TheHouse, bram: Party, change: dict[str, str]
) -> None:
    bram.ask(idempotency_key=KEY)
    size = ledger_size(house)
    with pytest.raises(DoorRefusedError) as error:
        bram.ask(idempotency_key=KEY, **change)
    assert error.value.code == "idempotency-key-reused"
    assert ledger_size(house) == size
    assert len(bram.call("permission.list")["permissions"]) == 1


def test_another_access_point_under_the_same_key_is_another_request(
    house: TheHouse, lotte: Customer, maria: Customer, bram: Party
) -> None:
    bram.ask(idempotency_key=KEY, ean=LOTTES_EAN)
    size = ledger_size(house)
    with pytest.raises(DoorRefusedError) as error:
        bram.ask(idempotency_key=KEY, ean=MARIAS_EAN)
    assert error.value.code == "idempotency-key-reused"
    assert ledger_size(house) == size


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (EAN(LOTTES_EAN), EAN(MARIAS_EAN)),
        ([EAN(LOTTES_EAN)], [EAN(MARIAS_EAN)]),
        ([EAN(LOTTES_EAN), EAN(MARIAS_EAN)], [EAN(MARIAS_EAN), EAN(LOTTES_EAN)]),
        (UUID(int=1), UUID(int=2)),
        (datetime(2024, 1, 1, tzinfo=UTC), datetime(2024, 1, 1, microsecond=1, tzinfo=UTC)),
        (date(2024, 1, 1), date(2024, 1, 2)),
        (None, False),
        ([], None),
        (["a", "b"], ["a,b"]),
    ],
    ids=str,
)
def test_arguments_that_differ_are_spelled_differently(one: Any, other: Any) -> None:
    assert canonical(spelled({"a": one})) != canonical(spelled({"a": other}))


@pytest.mark.parametrize("value", [1.5, b"bytes", {1, 2}, object()], ids=lambda one: type(one).__name__)
def test_what_has_no_spelling_is_an_error_and_never_left_out(value: Any) -> None:
    with pytest.raises(TypeError, match="no spelling"):
        spelled({"a": [value]})


def test_joris_learns_nothing_from_brams_key_and_may_use_the_same(bram: Party, joris: Party) -> None:
    first = bram.ask(idempotency_key=KEY)
    other = joris.ask(idempotency_key=KEY)
    assert other["permission_id"] != first["permission_id"]
    assert other["link_code"] != first["link_code"]
    code = refused(joris, "permission.terminate", permission_id=first["permission_id"], idempotency_key="k2")
    assert code == "not-found"


def test_requests_under_one_key_that_come_at_once_are_one(house: TheHouse, bram: Party) -> None:
    before = ledger_size(house)
    with held(house, HEAD) as lock:
        asked = []
        for number in range(5):
            asked.append(meanwhile(house.client, lambda: bram.ask(idempotency_key=KEY)))
            lock.until_waiting(number + 1)
        lock.release()
        answers = [answer.result(60) for answer in asked]
    assert all(answer == answers[0] for answer in answers)
    assert ledger_size(house) == before + 1


def test_an_end_under_a_key_gets_the_same_promise_again_and_without_one_a_conflict(
    house: TheHouse, measured: Customer, bram: Party, granted: dict[str, Any]
) -> None:
    permission = granted["permission_id"]
    first = bram.call("permission.terminate", permission_id=permission, idempotency_key=KEY)
    size = ledger_size(house)
    house.clock.advance(timedelta(minutes=5))
    assert bram.call("permission.terminate", permission_id=permission, idempotency_key=KEY) == first
    assert refused(bram, "permission.terminate", permission_id=permission) == "conflict"
    assert ledger_size(house) == size
    promise = open_promise(b64decode(first["promise"]), house.house.promise_key.verifier)
    assert promise.index == first["index"]


def test_a_key_of_one_command_is_none_of_another(bram: Party) -> None:
    asked = bram.ask(idempotency_key=KEY)
    code = refused(bram, "permission.terminate", permission_id=asked["permission_id"], idempotency_key=KEY)
    assert code == "idempotency-key-reused"
    assert bram.permission(asked["permission_id"])["state"] == "requested"


def test_what_was_refused_is_not_kept_the_key_is_still_free(bram: Party) -> None:
    bram.ask(reference="r-1")
    with pytest.raises(DoorRefusedError) as error:
        bram.ask(reference="r-1", idempotency_key=KEY)
    assert error.value.code == "conflict"
    assert bram.ask(reference="r-2", idempotency_key=KEY)["reference"] == "r-2"


@pytest.mark.parametrize(("after", "is_kept"), [(24, True), (49, False)])
def test_an_answer_is_kept_for_a_day_at_least_and_then_forgotten(
    house: TheHouse, bram: Party, after: int, is_kept: bool
) -> None:
    first = bram.ask(idempotency_key=KEY)
    house.clock.advance(timedelta(hours=after))
    bram.token = house.token(bram.client_id, bram.client_secret)
    again = bram.ask(idempotency_key=KEY)
    assert (again == first) is is_kept
    assert len(query(house, "SELECT 1 FROM ledger.idempotency")) == 1


def test_a_suspended_party_does_not_get_its_first_answer_again(house: TheHouse, bram: Party) -> None:
    bram.ask(idempotency_key=KEY)
    house.operator("registry.party.suspend", party_id=bram.party_id, reason="a drill")
    with pytest.raises(DoorRefusedError) as error:
        bram.ask(idempotency_key=KEY)
    assert error.value.code == "unauthenticated"


def test_the_database_does_not_tell_what_was_asked_or_answered_under_a_key(
    house: TheHouse, bram: Party, lotte: Customer
) -> None:
    first = bram.ask(idempotency_key=KEY, ean=LOTTES_EAN, reference="klant-77")
    [row] = query(house, "SELECT * FROM ledger.idempotency")
    stored = b"".join(bytes(value) for value in row if isinstance(value, bytes | memoryview))
    for secret in (first["link_code"], LOTTES_EAN, "klant-77", KEY):
        assert secret.encode() not in stored


def test_an_answer_that_was_put_under_another_key_in_the_database_opens_for_nobody(
    house: TheHouse, bram: Party, joris: Party
) -> None:
    bram.ask(idempotency_key=KEY)
    joris.ask(idempotency_key=KEY)
    exchanged = "UPDATE ledger.idempotency i SET answer = o.answer FROM ledger.idempotency o"
    assert execute(house, f"{exchanged} WHERE o.key_hash <> i.key_hash") == 2
    size = ledger_size(house)
    for party in (bram, joris):
        with pytest.raises(DoorRefusedError):
            party.ask(idempotency_key=KEY)
    assert ledger_size(house) == size


def test_a_document_that_is_shown_twice_under_a_key_is_one(
    house: TheHouse, measured: Customer, bram: Party, granted: dict[str, Any]
) -> None:
    case = raise_doubt(measured, granted)
    contact(house, case)
    first, size = show(bram, case, idempotency_key=KEY), ledger_size(house)
    assert show(bram, case, idempotency_key=KEY) == first
    with pytest.raises(DoorRefusedError) as error:
        show(bram, case, PDF + b" and more", idempotency_key=KEY)
    assert error.value.code == "idempotency-key-reused"
    assert (ledger_size(house), query(house, "SELECT count(*) FROM doubt.evidence")) == (size, [(1,)])


@pytest.mark.parametrize("key", ["", "two words", "é", "tab\t", "x" * 201, 7])
def test_a_key_in_no_form_of_a_key_is_refused_and_nothing_happens(
    house: TheHouse, bram: Party, key: Any
) -> None:
    size = ledger_size(house)
    with pytest.raises(DoorRefusedError) as error:
        bram.ask(idempotency_key=key)
    assert error.value.code == "malformed-request"
    assert ledger_size(house) == size


def test_a_customers_commands_take_no_key(house: TheHouse, lotte: Customer, bram: Party) -> None:
    asked = bram.ask()
    with pytest.raises(DoorRefusedError) as error:
        house.client.call(
            "permission.withdraw",
            Proof.session(lotte.session),
            permission_id=asked["permission_id"],
            idempotency_key=KEY,
        )
    assert error.value.code == "malformed-request"
