"""A message is in the transaction of what it tells: never one without the other, and never twice."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from databeheer import clocks
from databeheer.brussels import day_of
from databeheer.door.client import DoorClient, DoorRefusedError, DoorUnreachableError, Proof
from databeheer.door.post.telling import tell
from databeheer.door.statement import Statement
from databeheer.permissions.states import Event
from databeheer.post import catalogue, outbox
from databeheer.post.catalogue import PostCatalogueError
from tests.conftest import LOTTES_EAN, MARIAS_EAN
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


@pytest.mark.machine_time
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
    assert told(house, kind) == []


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


# ---- everything else that is told ------------------------------------------------------------------------------


@pytest.mark.parametrize("event", Event)
def test_every_step_of_a_permission_has_a_message(event: Event) -> None:
    assert f"permission.{event}" in catalogue.load()


@pytest.mark.requirement("R8")
def test_a_partys_first_read_is_told_once(
    house: TheHouse, measured: Customer, bram: Party, granted: dict[str, Any]
) -> None:
    first = bram.read(granted["permission_id"])
    bram.read(granted["permission_id"])
    house.house.told_reads.__init__()  # type: ignore[misc]  # as after a restart: only the database knows
    bram.read(granted["permission_id"])
    [message] = told(house, "data.first_read")
    assert (message.to.id, message.index) == (measured.person_id, first["index"])
    assert message.said == {"party": bram.party_id}
    assert message.about == UUID(granted["permission_id"])


@pytest.mark.requirement("R8")
def test_a_first_read_by_law_is_told_too(house: TheHouse, measured: Customer, erik: Party) -> None:
    house.operator("registry.supply.accept", ean=LOTTES_EAN, party_id=erik.party_id, from_day="2023-01-01")
    month = {"from": "2023-09-30T22:00:00Z", "until": "2023-10-31T23:00:00Z", "granularity": "month"}
    erik.read(ean=LOTTES_EAN, **month)
    erik.read(ean=LOTTES_EAN, **month)
    [message] = told(house, "data.first_read")
    assert (message.to.id, message.about) == (measured.person_id, None)


def test_the_first_reads_of_a_bulk_read_are_told_once(
    house: TheHouse, measured: Customer, bram: Party, granted: dict[str, Any]
) -> None:
    wish = {"from": "2023-10-28T22:00:00Z", "until": "2023-10-29T23:00:00Z", "granularity": "quarter_hour"}
    for _ in range(2):
        bram.call("readings.bulk", permission_ids=[granted["permission_id"]], **wish)
    assert to_whom(house, "data.first_read") == {to(measured)}


def test_neither_a_refusal_nor_an_own_look_is_a_first_read(
    house: TheHouse, measured: Customer, bram: Party, joris: Party
) -> None:
    with pytest.raises(DoorRefusedError):
        joris.read(ean=LOTTES_EAN)
    wish = {"from": "2023-10-28T22:00:00Z", "until": "2023-10-29T23:00:00Z", "granularity": "quarter_hour"}
    measured.call("readings.read", occupancy_id=measured.occupancy(), **wish)
    assert told(house, "data.first_read") == []


def test_a_first_read_whose_turn_is_undone_is_told_by_the_next(
    house: TheHouse, measured: Customer, bram: Party, granted: dict[str, Any]
) -> None:
    execute(house, "REVOKE INSERT ON ledger.body FROM databeheer_door")
    with pytest.raises(DoorRefusedError):
        bram.read(granted["permission_id"])
    execute(house, "GRANT INSERT ON ledger.body TO databeheer_door")
    assert told(house, "data.first_read") == []
    bram.read(granted["permission_id"])
    assert to_whom(house, "data.first_read") == {to(measured)}


def test_a_move_in_and_a_move_out_are_told(house: TheHouse, lotte: Customer) -> None:
    assert to_whom(house, "occupancy.begun") == {to(lotte)}
    today = day_of(house.clock.now()).isoformat()
    house.operator("registry.occupancy.end", ean=LOTTES_EAN, until_day=today)
    [message] = told(house, "occupancy.ended")
    assert (message.to.id, message.said) == (lotte.person_id, {"until": today})


@pytest.mark.requirement("R27")
def test_a_representative_and_whom_he_acts_for_are_both_told_and_nobody_else(
    house: TheHouse, lotte: Customer, maria: Customer
) -> None:
    today = day_of(house.clock.now()).isoformat()
    persons = {"person_id": str(lotte.person_id), "representative_id": str(maria.person_id)}
    house.operator("registry.representation.add", **persons, reference="vonnis 1", from_day=today)
    assert to_whom(house, "representation.begun") == {to(lotte)}
    assert to_whom(house, "representation.assigned") == {to(maria)}
    [told_maria] = told(house, "representation.assigned")
    assert told_maria.said == {}


@pytest.mark.requirement("R27")
def test_who_holds_a_home_and_who_makes_himself_known_there_are_both_told(
    house: TheHouse, lotte: Customer, maria: Customer
) -> None:
    lives = {"ean": LOTTES_EAN, "person_id": str(maria.person_id), "from_day": "2022-01-01"}
    house.operator("registry.concerned.begin", **lives)
    assert to_whom(house, "person_concerned.begun") == {to(lotte)}
    assert to_whom(house, "person_concerned.registered") == {to(maria)}
    with pytest.raises(DoorRefusedError):  # refused, it tells nobody
        house.operator("registry.concerned.begin", **lives)
    assert len(told(house, "person_concerned.begun")) == 1


def test_who_was_reported_dead_by_mistake_hears_what_became_of_it(house: TheHouse, lotte: Customer) -> None:
    person = {"person_id": str(lotte.person_id)}
    died_on = day_of(house.clock.now()).isoformat()
    house.operator("registry.person.died", **person, died_on=died_on, reference="akte 1")
    assert told(house, "person.death_refuted") == []
    house.operator("registry.person.alive", **person, reason="een ander")
    assert to_whom(house, "person.death_refuted") == {to(lotte)}


@pytest.mark.requirement("R13")
def test_a_suspension_and_its_end_are_told_to_the_party(house: TheHouse, bram: Party) -> None:
    house.operator("registry.party.suspend", party_id=bram.party_id, reason="onderzoek")
    house.operator("registry.party.reinstate", party_id=bram.party_id, reason="voorbij")
    for kind in ("party.suspended", "party.reinstated"):
        assert to_whom(house, kind) == {to_party(bram), MANAGER}


@pytest.mark.requirement("R7")
def test_a_notice_that_a_party_processes_by_law_is_in_the_inbox(
    house: TheHouse, lotte: Customer, maria: Customer
) -> None:
    party = house.party("Tussenpersoon", "intermediary", contract=False)
    answer = house.operator(
        "registry.notice.give",
        party_id=party.party_id,
        purposes=["market_facilitation"],
        channel="letter",
        text_sha256="00" * 32,
    )
    assert answer["told"] == 2
    assert to_whom(house, "customer.notified") == {to(lotte), to(maria)}


@pytest.mark.requirement("R7")
def test_of_two_homes_of_one_customer_each_has_its_notice(house: TheHouse, lotte: Customer) -> None:
    house.point(MARIAS_EAN, lotte, address="Dorp 2")
    house.operator(
        "registry.notice.give",
        party_id=house.party("Tussenpersoon", "intermediary", contract=False).party_id,
        purposes=["market_facilitation"],
        channel="letter",
        text_sha256="00" * 32,
    )
    homes = query(
        house, "SELECT count(DISTINCT occupancy_id) FROM post.message WHERE kind = 'customer.notified'"
    )
    assert homes == [(2,)]


def test_each_step_of_an_erasure_is_told(house: TheHouse, measured: Customer, maria: Customer) -> None:
    with pytest.raises(DoorRefusedError):
        measured.call("erasure.ask", data_class="readings", occupancy_id=measured.occupancy())
    assert to_whom(house, "erasure.refused") == {to(measured), MANAGER}
    occupancy = measured.occupancy()
    today = day_of(house.clock.now()).isoformat()
    house.operator("registry.occupancy.end", ean=LOTTES_EAN, until_day=today)
    house.clock.advance(timedelta(days=1))
    house.operator(
        "erasure.decide",
        data_class="readings",
        occupancy_id=occupancy,
        reason="authority_order",
        decided_by="Ines",
    )
    assert to_whom(house, "erasure.decided") == {to(measured), MANAGER}
    house.operator("erasure.execute")
    assert to_whom(house, "erasure.executed") == {to(measured), MANAGER}


def test_a_missed_term_is_told(house: TheHouse, lotte: Customer, bram: Party) -> None:
    with house.house.turn() as turn:
        turn.record(Statement("test.happened", {}))
        occupancy_id = UUID(lotte.occupancy())
        clocks.start(turn.connection, "port_forwarding", uuid4(), turn.now, occupancy_id=occupancy_id)
    house.clock.advance(timedelta(days=1))
    house.operator("clocks.sweep")
    [to_lotte, to_manager] = told(house, "clock.missed")
    assert (to_lotte.to.id, to_manager.to) == (lotte.person_id, outbox.DATA_MANAGER)
    assert to_lotte.said["clock"] == "port_forwarding"
    house.operator("clocks.sweep")
    assert len(told(house, "clock.missed")) == 2
