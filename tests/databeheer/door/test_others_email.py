"""E-mail to who is not the customer: the data manager, and whom a court appointed to act for somebody."""

from __future__ import annotations

from contextlib import closing
from datetime import timedelta
from typing import Any

import pytest

from databeheer.door.main import SettingsError, house_from
from databeheer.post import outbox
from databeheer.post.deliveries import Channel
from tests.conftest import LOTTES_EAN
from tests.databeheer.door.test_representatives import appoint
from tests.doors import door_environment, query
from tests.house import Customer, Party, TheHouse
from tests.letters import Pouch, confirm_email, postman

DESK = "databeheer@huis.example"
SOFIES = "sofie@voorbeeld.be"


def sent(house: TheHouse) -> list[dict[str, Any]]:
    """The e-mails that were due."""
    pouch = Pouch()
    with closing(postman(house, email=pouch)) as carrier:
        while carrier.round(Channel.EMAIL):
            pass
    return [letter for _, letter in pouch.letters]


# ---- the data manager ----------------------------------------------------------------------------------------


@pytest.mark.requirement("R27")
def test_the_data_manager_is_told_by_email_where_it_has_an_address(
    house: TheHouse, lotte: Customer, bram: Party
) -> None:
    object.__setattr__(house.house, "data_manager_email", DESK)
    asked = bram.ask()
    lotte.grant(asked)
    lotte.withdraw(asked["permission_id"])
    letters = sent(house)
    assert {letter["to"] for letter in letters} == {DESK}
    assert {letter["subject"] for letter in letters} >= {
        "A party asked for a permission.",
        "A permission was granted.",
        "A permission was withdrawn.",
    }
    for letter in letters:
        assert "Bram Energieadvies" in letter["body"]
        assert "databeheer operator post.told" in letter["body"]
        assert "/toezicht" not in letter["body"]  # an inspector's pages: the operator cannot open them
        assert "Lotte" not in letter["body"] + letter["subject"]
    assert sent(house) == []


def test_without_an_address_it_has_its_list_alone(house: TheHouse, bram: Party, lotte: Customer) -> None:
    bram.ask()
    assert query(house, "SELECT count(*) FROM post.delivery") == [(0,)]
    assert len(house.operator("post.told")["messages"]) == 1


def test_an_address_that_was_taken_away_gets_nothing_that_still_waits(
    house: TheHouse, bram: Party, lotte: Customer
) -> None:
    object.__setattr__(house.house, "data_manager_email", DESK)
    bram.ask()
    object.__setattr__(house.house, "data_manager_email", "")
    assert sent(house) == []
    assert query(house, "SELECT state FROM post.delivery") == [("dropped",)]


@pytest.mark.parametrize("given", ["huis.example", "a@b, c@d", "Huis <a@b>", "a@b\r\nBcc: x@y", "a@@b"])
def test_what_is_not_one_address_stops_the_start(
    monkeypatch: pytest.MonkeyPatch, house: TheHouse, given: str
) -> None:
    environment = door_environment(house) | {"DATABEHEER_DATA_MANAGER_EMAIL": given}
    with pytest.raises(SettingsError, match="DATABEHEER_DATA_MANAGER_EMAIL"):
        house_from(environment)


# ---- representatives -----------------------------------------------------------------------------------------


@pytest.fixture
def sofie(house: TheHouse) -> Customer:
    """Who acts for Lotte, by a judgment; she gets e-mail of her own."""
    person = house.customer("sofie", "Sofie Maes")
    confirm_email(house, person, SOFIES)
    sent(house)
    return person


@pytest.mark.requirement("R27")
def test_who_acts_for_somebody_is_told_what_that_person_is_told(
    house: TheHouse, lotte: Customer, sofie: Customer, bram: Party
) -> None:
    appoint(house, lotte, sofie)
    sent(house)
    lotte.grant(bram.ask())
    letters = sent(house)
    assert {letter["to"] for letter in letters} == {SOFIES}
    assert "Voor wie u vertegenwoordigt: Bram Energieadvies mag uw meetgegevens lezen" in {
        letter["subject"] for letter in letters
    }
    assert not any("Lotte" in letter["body"] + letter["subject"] for letter in letters)
    assert all("/mijn/namens" in letter["body"] for letter in letters)
    # That her address counts, and that she was appointed: the others are Lotte's.
    assert sofie.call("inbox.show")["unread"] == 2


def test_both_get_it_where_both_want_it(
    house: TheHouse, lotte: Customer, sofie: Customer, bram: Party
) -> None:
    appoint(house, lotte, sofie)
    confirm_email(house, lotte, "lotte@voorbeeld.be")
    sent(house)
    bram.ask(ean=LOTTES_EAN)
    assert sorted(letter["to"] for letter in sent(house)) == ["lotte@voorbeeld.be", SOFIES]


def test_an_appointment_that_has_not_begun_tells_nothing(
    house: TheHouse, lotte: Customer, sofie: Customer, bram: Party
) -> None:
    appoint(house, lotte, sofie, since=1)
    sent(house)
    bram.ask(ean=LOTTES_EAN)
    assert sent(house) == []


def test_what_waits_when_an_appointment_ends_is_not_told_any_more(
    house: TheHouse, lotte: Customer, sofie: Customer, bram: Party
) -> None:
    appoint(house, lotte, sofie, days=1)
    sent(house)
    bram.ask(ean=LOTTES_EAN)
    house.clock.advance(timedelta(days=1))
    assert sent(house) == []
    assert "dropped" in {row[0] for row in query(house, "SELECT state FROM post.delivery")}


def test_an_outsider_hears_nothing(
    house: TheHouse, lotte: Customer, maria: Customer, sofie: Customer, bram: Party
) -> None:
    appoint(house, maria, sofie)
    sent(house)
    lotte.grant(bram.ask())
    assert sent(house) == []


def test_with_a_representative_goes_what_waits_for_that_address(
    house: TheHouse, lotte: Customer, sofie: Customer, bram: Party
) -> None:
    appoint(house, lotte, sofie)
    sent(house)
    bram.ask(ean=LOTTES_EAN)
    assert query(house, "SELECT count(*) FROM post.delivery WHERE state = 'waiting'") == [(1,)]
    with house.house.engine.begin() as connection:
        outbox.forget_person(connection, sofie.person_id)
    assert sent(house) == []
    assert lotte.call("inbox.show")["messages"][0]["kind"] == "permission.requested"
