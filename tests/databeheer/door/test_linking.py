"""Linking an access point: two elements, three attempts, a letter or the desk; no answer tells what exists."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import event

from databeheer import values
from databeheer.approval_letters import code as codes
from databeheer.brussels import day_of, midnight
from databeheer.door.client import DoorRefusedError, Proof
from databeheer.door.linking import identifiers
from databeheer.identity.linking import letters
from databeheer.identity.linking.attempts import MOST_WRONG
from databeheer.values import format_instant
from tests.conftest import LOTTES_EAN, MARIAS_EAN
from tests.databeheer.door.access_register.sending import send
from tests.databeheer.metering.builders import Row, day_rows, english
from tests.doors import HEAD, door_process, execute, held, meanwhile, query
from tests.house import Customer, Party, TheHouse
from tests.letters import to_whom
from tests.linking import EAN, METER, NOWHERE, ROSA, SINCE, report_rosa

LINKED = {"link.made", "link.refused", "link.released"}


@pytest.fixture
def home(house: TheHouse, net: Party) -> str:
    """Rosa's access point: her grid operator reported her under an identity with which nobody logs in."""
    return report_rosa(house, net)


@pytest.fixture
def rosa(house: TheHouse, home: str) -> Customer:
    """Rosa, logged in: the house knows nothing of her yet."""
    return house.customer("rosa", "Rosa Vermeulen")


def attempt(who: Customer, ean: str = EAN, meter: str = METER) -> dict[str, Any]:
    return who.call("link.attempt", ean=ean, meter=meter)


def is_linked(who: Customer, ean: str = EAN, meter: str = METER) -> bool:
    return bool(attempt(who, ean, meter)["linked"])


def lock(who: Customer, ean: str = NOWHERE) -> None:
    for _ in range(MOST_WRONG):
        assert not is_linked(who, ean, "1SAG0")


def refusal(act: Callable[[], Any]) -> str:
    with pytest.raises(DoorRefusedError) as error:
        act()
    return error.value.code


def printed(house: TheHouse) -> dict[str, Any]:
    """The one letter that waits, as the operator prints it."""
    [letter] = house.operator("letter.list")["letters"]
    assert letter["kind"] == "unlock"
    return house.operator("letter.open", letter_id=letter["letter_id"])


def events(house: TheHouse) -> list[str]:
    rows = query(house, "SELECT event FROM ledger.body ORDER BY index")
    return [event for (event,) in rows if event.startswith(("link", "letter"))]


@contextmanager
def statements(house: TheHouse) -> Iterator[list[str]]:
    """What the door sends to the database in a block."""
    sent: list[str] = []

    def keep(*said: Any) -> None:
        sent.append(str(said[2]))

    event.listen(house.house.engine, "before_cursor_execute", keep)
    try:
        yield sent
    finally:
        event.remove(house.house.engine, "before_cursor_execute", keep)


def first_granted(who: Customer) -> str:
    """From when on somebody gets values of the own stay, however far back is asked."""
    look = {"from": "2023-09-01T00:00:00Z", "until": "2023-10-03T22:00:00Z", "granularity": "day"}
    answer = who.call("readings.read", occupancy_id=who.occupancy(), mode="clip", **look)
    return str(answer["granted"][0]["from"])


# --- the way through --------------------------------------------------------------------------------------


@pytest.mark.requirement("R91", "R82")
def test_who_has_both_elements_and_the_registered_name_reads_the_own_stay_and_no_day_before(
    house: TheHouse, net: Party, home: str, rosa: Customer, lotte: Customer
) -> None:
    before = SINCE - timedelta(days=9)
    row = Row(ean=f'="{EAN}"', meter=METER)
    house.ingest(english(*day_rows(before, row=row), *day_rows(SINCE, row=row)))
    assert rosa.call("me")["occupancies"] == []
    answer = attempt(rosa, meter=" 1sag 9100000001 ")
    assert (answer["linked"], answer["attempts_left"]) == (True, MOST_WRONG)
    [stay] = rosa.call("me")["occupancies"]
    assert (stay["ean"], stay["from"], stay["until"]) == (EAN, SINCE.isoformat(), None)
    assert first_granted(rosa) == format_instant(midnight(SINCE))
    assert to_whom(house, "link.made") == {("customer", rosa.person_id)}
    assert [one["event"] for one in rosa.statements() if one["event"] in LINKED] == ["link.made"]
    assert lotte.call("me")["occupancies"][0]["ean"] == LOTTES_EAN
    # The grid operator names whom it reported, and moves her out: the reading space closes (R97).
    send(
        net,
        "customer.moved_out",
        ean=EAN,
        identity=ROSA["identity"],
        until=day_of(house.clock.now()).isoformat(),
    )
    assert refusal(lambda: rosa.call("me")) == "unauthenticated"


@pytest.mark.requirement("R91")
def test_one_element_two_that_do_not_fit_or_another_name_link_nothing(
    house: TheHouse, home: str, lotte: Customer
) -> None:
    landlord = house.customer("karel", "Karel Verhuurder")
    assert not is_linked(landlord)
    for name, arguments in {"meter": {"ean": EAN}, "ean": {"meter": METER}}.items():
        with pytest.raises(DoorRefusedError, match=name) as error:
            landlord.call("link.attempt", **arguments)
        assert error.value.code == "malformed-request"
    rosa = house.customer("rosa", "Rosa Vermeulen")
    assert not is_linked(rosa, EAN, "1SAG9100000002")
    assert not is_linked(rosa, LOTTES_EAN, METER)
    assert rosa.call("me")["occupancies"] == []
    assert landlord.call("me")["occupancies"] == []


@pytest.mark.requirement("R91", "R89")
def test_a_stay_that_somebody_reads_already_is_nobody_elses_not_even_a_namesakes(
    house: TheHouse, home: str, rosa: Customer
) -> None:
    assert is_linked(rosa)
    namesake = house.customer("rosa-2", "Rosa Vermeulen")
    assert not is_linked(namesake)
    assert not is_linked(rosa)
    assert [one["ean"] for one in rosa.call("me")["occupancies"]] == [EAN]
    assert namesake.call("me")["occupancies"] == []


def test_nothing_links_after_a_death_for_who_has_an_administrator_or_in_anothers_name(
    house: TheHouse, home: str, rosa: Customer, lotte: Customer
) -> None:
    [(reported,)] = query(
        house,
        "SELECT person_id FROM registry.occupancy WHERE person_id IS NOT NULL AND person_id <> %s",
        lotte.person_id,
    )
    died = {"person_id": str(reported), "died_on": day_of(house.clock.now()).isoformat(), "reference": "x"}
    house.operator("registry.person.died", **died)
    assert not is_linked(rosa)
    house.operator("registry.person.alive", person_id=str(reported), reason="a mistake")
    appointed = house.operator(
        "registry.representation.add",
        person_id=str(reported),
        representative_id=str(lotte.person_id),
        reference="judgment 1",
        from_day="2023-10-01",
    )
    assert not is_linked(rosa)
    lotte.call("representation.take_up", representation_id=appointed["id"])
    assert refusal(lambda: attempt(lotte)) == "not-for-representatives"
    assert rosa.call("me")["occupancies"] == []


# --- three attempts ---------------------------------------------------------------------------------------


@pytest.mark.requirement("R92")
@pytest.mark.machine_time
def test_after_three_in_vain_the_log_in_is_locked_also_for_what_is_right_and_also_after_a_restart(
    house: TheHouse, home: str, rosa: Customer
) -> None:
    assert [attempt(rosa, NOWHERE)["attempts_left"] for _ in range(MOST_WRONG)] == [2, 1, 0]
    assert not is_linked(rosa)
    with door_process(house):
        assert not is_linked(rosa)
        assert rosa.call("link.show")["attempts_left"] == 0
    house.clock.advance(timedelta(days=400))
    rosa.session = house.log_in("rosa", "Rosa Vermeulen")
    assert not is_linked(rosa)


@pytest.mark.requirement("R92")
def test_an_ean_code_is_locked_whoever_tried_and_the_desk_unlocks_by_its_case(
    house: TheHouse, home: str, rosa: Customer, lotte: Customer
) -> None:
    for number in range(MOST_WRONG):
        assert not is_linked(house.customer(f"guesser-{number}", "Rosa Vermeulen"), EAN, f"1SAG{number}")
    assert not is_linked(rosa)
    desk = {"reference": "case 2026-113", "by": "An Desk"}
    assert refusal(lambda: rosa.call("link.release", ean=EAN, **desk)) == "unauthenticated"
    assert refusal(lambda: house.operator("link.release", **desk)) == "malformed-request"
    assert house.operator("link.release", ean=EAN, **desk)["released"]
    assert not house.operator("link.release", ean=NOWHERE, **desk)["released"]
    assert house.operator("link.release", person_id=str(rosa.person_id), **desk)["released"]
    assert is_linked(rosa)
    assert events(house).count("link.released") == 3
    assert [one["event"] for one in rosa.statements() if one["event"] in LINKED] == [
        "link.made",
        "link.released",
        *["link.refused"] * (MOST_WRONG + 1),
    ]


@pytest.mark.requirement("R92")
def test_of_many_attempts_at_the_same_moment_no_more_than_three_count_as_looked_at(
    house: TheHouse, home: str, rosa: Customer
) -> None:
    meters = [f"1SAG{number}" for number in range(MOST_WRONG)]
    with held(house, HEAD) as lock:
        wrong = [meanwhile(house.client, lambda one=one: attempt(rosa, meter=one)) for one in meters]
        lock.until_waiting(1)
        lock.release()
        assert sorted(one.result(60)["attempts_left"] for one in wrong) == [0, 1, 2]
    with held(house, HEAD) as lock:
        right = [meanwhile(house.client, lambda: attempt(rosa)) for _ in range(4)]
        lock.until_waiting(1)
        lock.release()
        assert {one.result(60)["linked"] for one in right} == {False}
    assert events(house) == ["link.refused"] * 7


@pytest.mark.requirement("R92", "R98")
def test_ten_thousand_guesses_learn_nothing_and_lock_what_they_must(
    house: TheHouse, home: str, rosa: Customer, lotte: Customer
) -> None:
    # Attempts that were made before stand as counts: what 10,000 guessers would leave, without their evenings.
    key = identifiers.of_ean(house.house, values.EAN(EAN))
    execute(house, "INSERT INTO identity.link_attempts VALUES (%s, 9997, %s)", key, house.clock.now())
    guessers = [house.customer(f"bot-{number}", "Rosa Vermeulen") for number in range(3)]
    answers = [
        attempt(guesser, ean, METER if ean == EAN else "1SAG0")
        for guesser in guessers
        for ean in (EAN, NOWHERE, LOTTES_EAN, EAN)
    ]
    assert {repr(one) for one in answers} == {
        repr({"linked": False, "attempts_left": left, "occupancy_id": None}) for left in (2, 1, 0)
    }
    assert all(guesser.call("link.show")["attempts_left"] == 0 for guesser in guessers)
    assert query(house, "SELECT wrong FROM identity.link_attempts WHERE identifier_hash = %s", key) == [
        (10_003,)
    ]
    assert all(guesser.call("me")["occupancies"] == [] for guesser in guessers)
    assert not is_linked(rosa)


@pytest.mark.requirement("R98")
def test_what_exists_and_what_does_not_get_the_same_answer_after_the_same_look_ups(
    house: TheHouse, home: str, rosa: Customer, lotte: Customer
) -> None:
    seen = []
    for number, (ean, meter) in enumerate(
        [(NOWHERE, "1SAG0"), (EAN, "1SAG0"), (EAN, METER), (LOTTES_EAN, "1SAG0"), (MARIAS_EAN, METER)]
    ):
        guesser = house.customer(f"bot-{number}", "Karel Kijker")
        with statements(house) as sent:
            answer = attempt(guesser, ean, meter)
        kinds = [
            re.sub(r"[^A-Za-z. ]+", "?", one) for one in sent if "identity." in one or "registry." in one
        ]
        seen.append((answer, kinds))
    assert all(one == seen[0] for one in seen)
    assert events(house) == ["link.refused"] * len(seen)


@pytest.mark.requirement("R94")
def test_no_identifier_follows_from_another(house: TheHouse, home: str, rosa: Customer) -> None:
    assert not is_linked(rosa, meter="1SAG0")
    stored = {bytes(one) for (one,) in query(house, "SELECT identifier_hash FROM identity.link_attempts")}
    plain = [EAN, EAN[::-1], str(rosa.person_id), "rosa"]
    assert not stored & {sha256(one.encode()).digest() for one in plain}
    assert not stored & {bytes(one) for (one,) in query(house, "SELECT ean_hash FROM registry.access_point")}
    assert not stored & {bytes(one) for (one,) in query(house, "SELECT subject_hash FROM identity.person")}
    assert len(stored) == 2
    assert is_linked(rosa)
    [stay] = rosa.call("me")["occupancies"]
    assert UUID(stay["occupancy_id"]).version == 4
    people = query(house, "SELECT person_id FROM identity.person")
    assert {one.version for (one,) in people} == {4}


# --- the letter -------------------------------------------------------------------------------------------


@pytest.mark.requirement("R92")
def test_a_letter_to_the_address_of_the_installation_unlocks_for_who_asked_it_once(
    house: TheHouse, home: str, rosa: Customer, lotte: Customer
) -> None:
    lock(rosa)
    asked = rosa.call("link.letter", ean=EAN)
    assert rosa.call("link.show")["letter_until"] == asked["until"]
    assert to_whom(house, "link.letter_written") == {("data_manager", None)}
    letter = printed(house)
    assert (letter["name"], letter["address"]) == (ROSA["name"], "Molenstraat 7, 9000 Gent")
    assert EAN not in str(letter)
    assert METER not in str(letter)
    house.operator("letter.posted", letter_id=letter["letter_id"])
    assert query(house, "SELECT count(*) FROM post.letter") == [(0,)]
    assert refusal(lambda: lotte.call("link.unlock", code=letter["code"])) == "letter-code-unknown"
    assert refusal(lambda: rosa.call("link.unlock", code="K7QX")) == "letter-code-mistyped"
    rosa.call("link.unlock", code=letter["code"].lower())
    assert rosa.call("link.show") == {"is_open": True, "attempts_left": MOST_WRONG, "letter_until": None}
    assert refusal(lambda: rosa.call("link.unlock", code=letter["code"])) == "letter-code-unknown"
    assert is_linked(rosa)


@pytest.mark.requirement("R92", "R98")
def test_a_letter_is_asked_with_the_same_answer_where_none_can_go(
    house: TheHouse, home: str, rosa: Customer, lotte: Customer
) -> None:
    answers = [
        house.customer(f"bot-{number}", "Karel Kijker").call("link.letter", ean=ean)
        for number, ean in enumerate([NOWHERE, LOTTES_EAN, EAN])
    ]
    assert len({repr(one) for one in answers}) == 1
    assert len(house.operator("letter.list")["letters"]) == 1
    assert query(house, "SELECT count(*), count(occupancy_id) FROM identity.link_letter") == [(3, 1)]
    # Nobody's letter box is filled, and nobody asks without end.
    for number in range(3, 3 + letters.MOST):
        house.customer(f"bot-{number}", "Karel Kijker").call("link.letter", ean=EAN)
    assert query(house, "SELECT count(occupancy_id) FROM identity.link_letter") == [(letters.MOST,)]
    for _ in range(letters.MOST):
        rosa.call("link.letter", ean=EAN)
    assert refusal(lambda: rosa.call("link.letter", ean=EAN)) == "too-many-letters"


@pytest.mark.requirement("R92")
def test_a_code_dies_with_five_wrong_ones_with_its_time_and_with_who_lives_there(
    house: TheHouse, home: str, rosa: Customer
) -> None:
    rosa.call("link.letter", ean=EAN)
    letter = printed(house)
    for _ in range(codes.MOST_WRONG):
        assert refusal(lambda: rosa.call("link.unlock", code=codes.new().text)) == "letter-code-unknown"
    assert refusal(lambda: rosa.call("link.unlock", code=letter["code"])) == "letter-code-unknown"
    assert refusal(lambda: house.operator("letter.posted", letter_id=letter["letter_id"])) == "conflict"
    assert house.operator("letter.sweep")["recorded"] == {"letter_closed": 1}
    rosa.call("link.letter", ean=EAN)
    letter = printed(house)
    house.clock.advance(timedelta(days=23))
    rosa.session = house.log_in("rosa", "Rosa Vermeulen")
    assert refusal(lambda: rosa.call("link.unlock", code=letter["code"])) == "letter-code-unknown"
    assert rosa.call("link.show")["letter_until"] is None
    rosa.call("link.letter", ean=EAN)
    letter = printed(house)
    today = day_of(house.clock.now()).isoformat()
    house.operator("registry.occupancy.end", ean=EAN, until_day=today)
    assert refusal(lambda: rosa.call("link.unlock", code=letter["code"])) == "letter-code-unknown"
    assert house.operator("letter.sweep")["recorded"] == {"letter_closed": 1}
    assert query(house, "SELECT end_reason FROM identity.link_letter ORDER BY written_at") == [
        ("guessed",),
        ("expired",),
        ("not_holder",),
    ]


# --- the switch -------------------------------------------------------------------------------------------


@pytest.mark.requirement("R95")
@pytest.mark.machine_time
def test_the_drill_linking_closes_at_once_survives_a_restart_and_opens_again_on_record(
    house: TheHouse, home: str, rosa: Customer, bram: Party
) -> None:
    why = {"reason": "guesses from many log-ins", "by": "Ona Operator"}
    for proof in (Proof.session(rosa.session), Proof.session(house.inspector()), Proof.token(bram.token)):
        assert refusal(lambda proof=proof: house.client.call("link.close", proof, **why)) == "unauthenticated"
    closed = house.operator("link.close", **why)["index"]
    assert rosa.call("link.show")["is_open"] is False
    for act in (
        lambda: attempt(rosa),
        lambda: rosa.call("link.letter", ean=EAN),
        lambda: rosa.call("link.unlock", code=codes.new().text),
    ):
        assert refusal(act) == "linking-closed"
    with door_process(house):
        assert refusal(lambda: attempt(rosa)) == "linking-closed"
    assert refusal(lambda: house.operator("link.close", **why)) == "conflict"
    assert rosa.call("me")["role"] == "customer"
    assert query(house, "SELECT count(*) FROM identity.link_attempts") == [(0,)]
    opened = house.operator("link.reopen", **why)["index"]
    assert refusal(lambda: house.operator("link.reopen", **why)) == "conflict"
    assert is_linked(rosa)
    rows = query(
        house, "SELECT event FROM ledger.body WHERE index = ANY(%s) ORDER BY index", [closed, opened]
    )
    assert rows == [("linking.closed",), ("linking.opened",)]


@pytest.mark.requirement("R92")
def test_while_a_restored_database_may_have_forgotten_attempts_nobody_links(
    house: TheHouse, home: str, rosa: Customer
) -> None:
    execute(
        house,
        "INSERT INTO oversight.gap (first, until, found_by, found_at) VALUES (0, 1, 'door', %s)",
        house.clock.now(),
    )
    for act in (lambda: attempt(rosa), lambda: rosa.call("link.letter", ean=EAN)):
        assert refusal(act) == "conflict"
    assert rosa.call("me")["occupancies"] == []
