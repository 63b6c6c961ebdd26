"""A message is in the transaction of what it tells: never one without the other, and never twice."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from databeheer.brussels import day_of
from databeheer.door.client import DoorClient, DoorRefusedError, DoorUnreachableError, Proof
from databeheer.door.telling import tell
from databeheer.door.turn import Statement
from databeheer.post import outbox
from databeheer.post.catalogue import PostCatalogueError
from tests.conftest import LOTTES_EAN
from tests.doors import door_process, execute, held, meanwhile, query
from tests.house import Customer, Party, TheHouse
from tests.letters import to_whom, told

MANAGER = ("data_manager", None)
MESSAGES = "LOCK TABLE post.message IN ACCESS EXCLUSIVE MODE"
"""What makes a turn wait that has done everything but its messages."""


def to(customer: Customer) -> tuple[str, UUID]:
    return ("customer", customer.person_id)


def to_party(party: Party) -> tuple[str, UUID]:
    return ("party", UUID(party.party_id))


@pytest.mark.requirement("R8", "R27")
def test_a_grant_is_told_to_customer_party_and_data_manager(
    house: TheHouse, lotte: Customer, bram: Party
) -> None:
    asked = bram.ask()
    lotte.grant(asked)
    assert to_whom(house, "permission.granted") == {to(lotte), to_party(bram), MANAGER}
    told_lotte = next(one for one in told(house, "permission.granted") if one.to.id == lotte.person_id)
    assert told_lotte.about == UUID(asked["permission_id"])
    assert told_lotte.said["party"] == bram.party_id


@pytest.mark.requirement("R27")
def test_a_withdrawal_is_told_to_all_three(house: TheHouse, lotte: Customer, bram: Party) -> None:
    asked = bram.ask()
    lotte.grant(asked)
    lotte.withdraw(asked["permission_id"])
    assert to_whom(house, "permission.revoked") == {to(lotte), to_party(bram), MANAGER}


@pytest.mark.requirement("R28")
def test_a_party_that_stops_is_told_to_the_customer(house: TheHouse, lotte: Customer, bram: Party) -> None:
    asked = bram.ask()
    lotte.grant(asked)
    bram.call("permission.terminate", permission_id=asked["permission_id"])
    assert to(lotte) in to_whom(house, "permission.terminated")


@pytest.mark.requirement("R27", "R29")
def test_a_move_is_told_to_who_left_and_to_the_party(house: TheHouse, lotte: Customer, bram: Party) -> None:
    lotte.grant(bram.ask())
    today = day_of(house.clock.now())
    house.operator("registry.occupancy.end", ean=LOTTES_EAN, until_day=today.isoformat())
    assert to_whom(house, "permission.invalidated") == {to(lotte), to_party(bram), MANAGER}


@pytest.mark.requirement("R27")
def test_what_time_does_is_told_when_it_is_written_down(
    house: TheHouse, lotte: Customer, bram: Party
) -> None:
    lotte.grant(bram.ask(valid_until=(house.clock.now() + timedelta(days=30)).isoformat()))
    house.clock.advance(timedelta(days=31))
    house.operator("permission.sweep")
    assert to_whom(house, "permission.expired") == {to(lotte), to_party(bram), MANAGER}
    house.operator("permission.sweep")
    assert len(told(house, "permission.expired")) == 3


def test_a_request_is_told_to_who_lives_at_the_point_that_it_names(
    house: TheHouse, lotte: Customer, maria: Customer, bram: Party
) -> None:
    bram.ask(ean=LOTTES_EAN)
    assert to_whom(house, "permission.requested") == {to(lotte), MANAGER}


@pytest.mark.requirement("R98")
def test_a_party_is_told_the_same_of_a_point_that_exists_and_one_that_does_not(
    house: TheHouse, lotte: Customer, bram: Party
) -> None:
    real, invented = bram.ask(ean=LOTTES_EAN), bram.ask(ean="541448899990000060")
    house.clock.advance(timedelta(days=31))
    house.operator("permission.sweep")
    of_party = [one for one in told(house) if one.to.id == UUID(bram.party_id)]
    assert {one.about for one in of_party} == {UUID(real["permission_id"]), UUID(invented["permission_id"])}
    assert len({(one.kind, str(one.said)) for one in of_party}) == 1


@pytest.mark.requirement("R36")
def test_of_two_who_must_sign_the_other_is_asked_and_the_party_not_told(
    house: TheHouse, lotte: Customer, bram: Party
) -> None:
    sam = house.customer("sam", "Sam Smets")
    house.operator(
        "registry.concerned.begin", ean=LOTTES_EAN, person_id=str(sam.person_id), from_day="2022-01-01"
    )
    lotte.grant(bram.ask())
    assert to_whom(house, "permission.signed") == {to(sam)}


def test_joris_is_told_nothing_of_others(house: TheHouse, lotte: Customer, bram: Party, joris: Party) -> None:
    asked = bram.ask(ean=LOTTES_EAN)
    lotte.grant(asked)
    lotte.withdraw(asked["permission_id"])
    assert [one for one in told(house) if one.to.id == UUID(joris.party_id)] == []


def test_nobody_writes_to_the_dead(house: TheHouse, lotte: Customer, bram: Party) -> None:
    lotte.grant(bram.ask())
    house.operator(
        "registry.person.died", person_id=str(lotte.person_id), died_on="2024-01-01", reference="akte 1"
    )
    assert to_whom(house, "permission.invalidated") == {to_party(bram), MANAGER}


def test_a_message_names_the_entry_that_it_tells_of(house: TheHouse, lotte: Customer, bram: Party) -> None:
    given = lotte.grant(bram.ask())
    assert {one.index for one in told(house, "permission.granted")} == {given["index"]}


def test_a_command_that_fails_after_it_told_has_told_nobody(
    house: TheHouse, lotte: Customer, bram: Party
) -> None:
    asked = bram.ask()
    before = told(house)
    execute(house, "REVOKE INSERT ON ledger.body FROM databeheer_door")
    with pytest.raises(DoorRefusedError):
        lotte.grant(asked)
    execute(house, "GRANT INSERT ON ledger.body TO databeheer_door")
    assert told(house) == before
    assert bram.permission(asked["permission_id"])["state"] == "requested"


def test_what_cannot_be_told_is_not_done(house: TheHouse, lotte: Customer, bram: Party) -> None:
    asked = bram.ask()
    entries = query(house, "SELECT size FROM ledger.head")
    execute(house, "REVOKE INSERT ON post.message FROM databeheer_door")
    with pytest.raises(DoorRefusedError):
        lotte.grant(asked)
    execute(house, "GRANT INSERT ON post.message TO databeheer_door")
    assert query(house, "SELECT size FROM ledger.head") == entries
    assert bram.permission(asked["permission_id"])["state"] == "requested"


def test_a_door_that_is_killed_while_it_tells_leaves_neither_event_nor_message(
    house: TheHouse, lotte: Customer, bram: Party
) -> None:
    with door_process(house) as door:
        asked = bram.ask()
        entries, before = query(house, "SELECT size FROM ledger.head"), told(house)
        grant: dict[str, Any] = {
            "permission_id": asked["permission_id"],
            "link_code": asked["link_code"],
            "occupancy_id": lotte.occupancy(),
            "notice": "x",
            "language": "nl",
        }
        with held(house, MESSAGES) as lock:
            client = DoorClient(door.socket)
            answer = meanwhile(
                client, lambda: client.call("permission.grant", Proof.session(lotte.session), **grant)
            )
            lock.until_waiting(1)
            door.kill()
            with pytest.raises(DoorUnreachableError):
                answer.result(60)
    assert query(house, "SELECT size FROM ledger.head") == entries
    assert told(house) == before
    assert query(house, "SELECT state FROM permissions.permission") == [("requested",)]


def test_the_database_refuses_a_message_without_its_entry(house: TheHouse, lotte: Customer) -> None:
    with (
        psycopg.connect(house.database.url("superuser"), autocommit=True) as connection,
        pytest.raises(psycopg.errors.ForeignKeyViolation),
    ):
        connection.execute(
            "INSERT INTO post.message (message_id, operator, kind, recipient, said_sealed, key_hash, index, at)"
            " VALUES (gen_random_uuid(), 1, 'x', 'data_manager', '', sha256('x'), 10000, now())"
        )


def test_the_same_key_twice_is_one_message(house: TheHouse, lotte: Customer) -> None:
    for _ in range(2):
        with house.house.turn() as turn:
            turn.record(Statement("test.happened", {}))
            everybody = [outbox.customer(lotte.person_id), outbox.DATA_MANAGER]
            tell(house.house, turn, "erasure.asked", to=[*everybody, *everybody], operator=1, key="once")
    assert to_whom(house, "erasure.asked") == {to(lotte), MANAGER}


def test_without_a_key_each_entry_is_told(house: TheHouse, lotte: Customer) -> None:
    for _ in range(2):
        with house.house.turn() as turn:
            turn.record(Statement("test.happened", {}))
            tell(house.house, turn, "erasure.asked", to=[outbox.customer(lotte.person_id)], operator=1)
    assert len(told(house, "erasure.asked")) == 2


@pytest.mark.parametrize(
    ("kind", "said", "to_manager"),
    [
        ("nothing.known", {}, False),
        ("erasure.asked", {"party": "x"}, False),
        ("erasure.asked", {"name": "Lotte"}, False),
        ("data.first_read", {}, True),
    ],
)
def test_what_the_catalogue_does_not_have_is_not_told(
    house: TheHouse, lotte: Customer, kind: str, said: dict[str, str], to_manager: bool
) -> None:
    addressee = outbox.DATA_MANAGER if to_manager else outbox.customer(lotte.person_id)
    with house.house.turn() as turn:
        turn.record(Statement("test.happened", {}))
        with pytest.raises(PostCatalogueError):
            tell(house.house, turn, kind, to=[addressee], operator=1, said=said)
    assert told(house) == []


def test_a_turn_that_recorded_nothing_has_nothing_to_tell(house: TheHouse, lotte: Customer) -> None:
    with pytest.raises(PostCatalogueError), house.house.turn() as turn:
        tell(house.house, turn, "erasure.asked", to=[outbox.customer(lotte.person_id)], operator=1)


def test_what_a_message_says_opens_with_the_persons_key_only(
    house: TheHouse, lotte: Customer, maria: Customer, bram: Party
) -> None:
    """A row that is passed off as another person's does not open."""
    lotte.grant(bram.ask())
    execute(house, "UPDATE post.message SET person_id = %s WHERE recipient = 'customer'", maria.person_id)
    with pytest.raises(Exception, match="does not open"):
        told(house)


def test_a_message_to_nobody_is_refused(house: TheHouse) -> None:
    with pytest.raises(ValueError):
        outbox.Addressee(outbox.Recipient.CUSTOMER)
    with pytest.raises(ValueError):
        outbox.Addressee(outbox.Recipient.DATA_MANAGER, uuid4())


def test_the_database_knows_no_message_of_two_addressees(house: TheHouse, lotte: Customer) -> None:
    with house.house.engine.connect() as connection, pytest.raises(IntegrityError):
        connection.execute(
            text(
                "INSERT INTO post.message (message_id, operator, kind, recipient, person_id, said_sealed, key_hash,"
                " index, at) VALUES (gen_random_uuid(), 1, 'x', 'data_manager', :person, '', sha256('x'), 0, :now)"
            ),
            {"person": lotte.person_id, "now": house.clock.now()},
        )
