"""Who supplies a home is told by a letter to that home alone (R80): the desk, and whoever calls it, hears nothing."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import psycopg
import pytest

from databeheer.brussels import day_of, midnight
from databeheer.door.client import DoorRefusedError
from databeheer.home_letters.letters import GOOD_FOR
from databeheer.site.letters import paper_of
from tests.commands import OPEN_TO_ALL, every_command
from tests.conftest import LOTTES_EAN, MARIAS_EAN
from tests.doors import query
from tests.house import OCMW_CHANNEL, Customer, Party, TheHouse
from tests.letters import confirm_email

NOWHERE = "541448899990000060"
SECOND_HOME = "541448899990000046"


def ask(house: TheHouse, ean: str = LOTTES_EAN, case: str = "C-2026/17") -> dict[str, Any]:
    return house.operator("letter.ask_supplier", ean=ean, case=case)


def queue(house: TheHouse) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = house.operator("letter.list")["letters"]
    return found


def printed(house: TheHouse) -> dict[str, Any]:
    [letter] = queue(house)
    return house.operator("letter.open", letter_id=letter["letter_id"])


def size(house: TheHouse) -> int:
    return int(query(house, "SELECT size FROM ledger.head")[0][0])


def events(house: TheHouse, after: int) -> list[str]:
    rows = query(house, "SELECT event FROM ledger.body WHERE index >= %s ORDER BY index", after)
    return [event for (event,) in rows]


def refused(act: Callable[[], Any]) -> str:
    with pytest.raises(DoorRefusedError) as error:
        act()
    return error.value.code


def today(house: TheHouse) -> str:
    return day_of(house.clock.now()).isoformat()


@pytest.fixture
def supplied(house: TheHouse, lotte: Customer, erik: Party) -> Customer:
    """Lotte, whom Erik supplies."""
    given = {"ean": LOTTES_EAN, "party_id": erik.party_id, "from_day": "2026-01-01"}
    house.operator("registry.supply.accept", **given)
    return lotte


@pytest.mark.requirement("R80")
def test_who_asks_at_the_desk_hears_no_name_and_the_letter_goes_to_the_home_of_the_meter(
    house: TheHouse, supplied: Customer, erik: Party
) -> None:
    confirm_email(house, supplied, "lotte@voorbeeld.be")
    house.point(SECOND_HOME, supplied, address="Zeedijk 8, 8400 Oostende")
    before = size(house)
    answer = ask(house)
    assert (set(answer), answer["case"], answer["index"]) == (
        {"case", "index", "promise"},
        "C-2026/17",
        before,
    )
    assert events(house, before) == ["supplier_letter.written"]
    for told in (answer, queue(house)):
        for secret in (erik.name, supplied.name, erik.party_id, LOTTES_EAN, "Kerkstraat"):
            assert secret not in json.dumps(told)
    assert query(
        house, "SELECT channel FROM post.delivery WHERE message_id IS NULL AND state = 'waiting'"
    ) == [("letter",)]
    supplied.call("contact.speak", language="fr")  # a letter speaks as its reader chose when it is printed
    letter = printed(house)
    assert (letter["name"], letter["address"]) == (supplied.name, "Kerkstraat 1, 9000 Gent")
    assert (letter["supplier"], letter["case"]) == (erik.name, "C-2026/17")
    paper = paper_of(letter)
    assert (paper.language, paper.subject) == ("fr", "Qui vous fournit l’électricité ?")
    assert paper.address == (supplied.name, "Kerkstraat 1", "9000 Gent")
    assert any(erik.name in one for one in paper.before)


@pytest.mark.requirement("R80")
def test_an_unknown_point_an_empty_home_and_one_without_a_supplier_look_the_same_at_the_desk(
    house: TheHouse, supplied: Customer, maria: Customer, erik: Party
) -> None:
    house.point(SECOND_HOME)  # nobody lives there
    before = size(house)
    answers = [ask(house, ean) for ean in (LOTTES_EAN, MARIAS_EAN, SECOND_HOME, NOWHERE)]
    assert [one["index"] for one in answers] == [before, before + 1, before + 2, before + 3]
    assert all(set(one) == set(answers[0]) and one["case"] == answers[0]["case"] for one in answers)
    assert len({len(one["promise"]) for one in answers}) == 1
    assert events(house, before) == [
        "supplier_letter.written",
        "supplier_letter.written",
        "supplier_letter.withheld",
        "supplier_letter.withheld",
    ]
    opened = [house.operator("letter.open", letter_id=one["letter_id"]) for one in queue(house)]
    to = {letter["name"]: letter for letter in opened}
    assert {name: letter["supplier"] for name, letter in to.items()} == {
        supplied.name: erik.name,
        maria.name: None,
    }
    assert "geen leverancier" in " ".join(paper_of(to[maria.name]).before)


@pytest.mark.requirement("R80")
def test_only_the_operator_asks_and_what_is_open_to_all_names_nobodys_supplier(
    house: TheHouse, supplied: Customer, maria: Customer, bram: Party, erik: Party
) -> None:
    before = size(house)
    for who in (supplied, maria, bram, erik):
        assert (
            refused(lambda who=who: who.call("letter.ask_supplier", ean=LOTTES_EAN, case="C-1"))  # type: ignore[misc]
            == "unauthenticated"
        )
    given = every_command(supplied, maria, bram, str(bram.ask()["permission_id"]))
    for command in OPEN_TO_ALL:
        try:
            said = json.dumps(house.client.call(command, **given[command]))
        except DoorRefusedError as error:
            said = str(error)
        assert erik.name not in said, command
        assert erik.party_id not in said, command
        assert OCMW_CHANNEL not in said, command
    assert not [event for event in events(house, before) if event.startswith("supplier_letter")]


@pytest.mark.requirement("R80")
def test_asking_printing_and_posting_are_recorded_and_who_lives_there_reads_of_it(
    house: TheHouse, supplied: Customer
) -> None:
    ask(house)
    [letter] = queue(house)
    named = {"letter_id": letter["letter_id"]}
    assert (letter["kind"], letter["opened_at"]) == ("supplier", None)
    assert refused(lambda: house.operator("letter.posted", **named)) == "conflict"
    printed(house)
    house.operator("letter.posted", **named)
    told = [one["event"] for one in supplied.statements() if one["event"].startswith("supplier_letter")]
    assert told == ["supplier_letter.posted", "supplier_letter.opened", "supplier_letter.written"]
    assert queue(house) == []
    assert query(house, "SELECT letter_sealed FROM post.letter") == []
    assert query(
        house, "SELECT kind, met_at IS NOT NULL FROM clocks.clock WHERE kind = 'letter_posting'"
    ) == [("letter_posting", True)]
    for command in ("letter.open", "letter.posted"):
        assert refused(lambda command=command: house.operator(command, **named)) == "not-found"  # type: ignore[misc]


def test_one_letter_waits_for_a_home_and_after_it_was_posted_another_may_go(
    house: TheHouse, supplied: Customer
) -> None:
    first, second = ask(house), ask(house, case="C-2")
    assert set(first) == set(second)
    assert printed(house)["case"] == "C-2026/17"
    house.operator("letter.posted", letter_id=queue(house)[0]["letter_id"])
    ask(house, case="C-3")
    assert printed(house)["case"] == "C-3"


def test_the_supplier_is_the_one_of_the_day_on_which_it_is_printed(
    house: TheHouse, supplied: Customer
) -> None:
    ask(house)
    other = house.party("Fien Energie", "supplier")
    switch = {"ean": LOTTES_EAN, "party_id": other.party_id, "from_day": today(house), "switch": True}
    house.operator("registry.supply.accept", **switch)
    assert printed(house)["supplier"] == other.name


def _moved(house: TheHouse, _: Customer) -> None:
    house.operator("registry.occupancy.end", ean=LOTTES_EAN, until_day=today(house))


def _died(house: TheHouse, lotte: Customer) -> None:
    died = {"person_id": str(lotte.person_id), "died_on": today(house), "reference": "R-1"}
    house.operator("registry.person.died", **died)


def _expired(house: TheHouse, _: Customer) -> None:
    house.clock.set(midnight(day_of(house.clock.now() + GOOD_FOR) + timedelta(days=1)))


def _restored(house: TheHouse, _: Customer) -> None:
    with psycopg.connect(house.database.url("superuser")) as connection:
        connection.execute(
            "INSERT INTO oversight.gap (first, until, found_by, found_at, journal_reaches)"
            " VALUES (0, 1, 'restore', %s, true)",
            (house.clock.now(),),
        )


@pytest.mark.requirement("R80")
@pytest.mark.parametrize("change", [_moved, _died, _expired, _restored])
def test_a_letter_to_who_lives_there_no_more_or_that_waited_too_long_is_neither_printed_nor_posted(
    house: TheHouse, supplied: Customer, change: Callable[[TheHouse, Customer], None]
) -> None:
    ask(house)
    letter_id = printed(house)["letter_id"]
    change(house, supplied)
    assert queue(house) == []
    for command in ("letter.open", "letter.posted"):
        assert refused(lambda command=command: house.operator(command, letter_id=letter_id)) == "conflict"  # type: ignore[misc]
    assert house.operator("letter.sweep")["recorded"] == {"supplier_letter_closed": 1}
    assert house.operator("letter.sweep")["recorded"] == {}
    assert query(house, "SELECT letter_sealed FROM post.letter") == []


def test_a_case_is_a_number_and_no_words_and_what_is_refused_changes_nothing(
    house: TheHouse, supplied: Customer
) -> None:
    before = size(house)
    for case in ("", " C-1", "Lotte Janssens", "C-1\n", "x" * 41, "/C", "ç", 17, None):
        assert refused(lambda case=case: ask(house, case=case)) == "malformed-request"  # type: ignore[misc]
    for ean in ("", "541448899990000061", LOTTES_EAN + "0", 541448899990000060):
        assert refused(lambda ean=ean: ask(house, ean)) == "malformed-request"  # type: ignore[misc]
    assert (size(house), queue(house)) == (before, [])
