"""A mandate that a party brought along: who, what, signed when, from when; refused by one press, before and after."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from databeheer.mandate_imports.rows import NOTICE_DAYS, earliest
from tests.databeheer.mandate_imports.importing import Brought, back_in, days, post_letters, sweep
from tests.house import Customer, Party, TheHouse
from tests.web.portal.visiting import Visitor
from web import saying

Visit = Callable[[Customer], Visitor]


def state(bram: Party, brought: Brought) -> str:
    return str(bram.permission(brought.permission())["state"])


@pytest.mark.parametrize("path", ["/mijn", "/mijn/toestemmingen"])
def test_a_customer_refuses_by_one_press_before_it_begins(
    visit: Visit, house: TheHouse, lotte: Customer, bram: Party, path: str
) -> None:
    brought = Brought.of(house, bram)
    visitor = visit(lotte)
    page = visitor.get(path)
    for words in (
        "Bram Energieadvies zegt dat u hiervoor op 1 mei 2023 een mandaat tekende",
        f"Ten vroegste vanaf {saying.day(earliest(house.clock.now()))} kan Bram Energieadvies lezen",
        "Tot dan leest niemand er iets mee",
    ):
        assert words in page.text
    visitor.pressed = 0
    visitor.press(page, f"/mijn/vraag/{brought.permission()}/terugnemen")
    assert (visitor.pressed, state(bram, brought)) == (1, "rejected")


def test_the_message_leads_to_a_page_that_says_all_of_it(
    visit: Visit, house: TheHouse, lotte: Customer, bram: Party
) -> None:
    brought = Brought.of(house, bram)
    visitor = visit(lotte)
    assert "Bram Energieadvies brengt een mandaat van u mee" in visitor.get("/mijn/berichten").text
    page = visitor.get(f"/mijn/vraag/{brought.permission()}")
    assert "Bram Energieadvies brengt uw mandaat mee" in page.text
    assert "Er gebeurt niets zolang u niet antwoordt" not in page.text
    assert "Wat u van het net afneemt en wat u op het net zet, per kwartier." in page.text
    visitor.press(page, brought.permission(), "refuse")
    assert state(bram, brought) == "rejected"


def test_a_customer_withdraws_by_one_press_after_it_began(
    visit: Visit, house: TheHouse, lotte: Customer, bram: Party
) -> None:
    brought = Brought.of(house, bram)
    post_letters(house)
    brought.hand_all_in()
    days(house, NOTICE_DAYS + 1)
    sweep(house)
    back_in(house, bram)
    assert state(bram, brought) == "active"
    visitor = visit(lotte)
    page = visitor.get(f"/mijn/toestemming/{brought.permission()}")
    assert "De dienst brengt een mandaat mee uit een ander register" in page.text
    assert "volgens de dienst getekend op 1 mei 2023" in page.text
    visitor.press(page, "/intrekken")
    assert state(bram, brought) == "revoked"


def test_a_mandate_that_is_held_is_said_to_give_nothing(
    visit: Visit, house: TheHouse, lotte: Customer, bram: Party
) -> None:
    Brought.of(house, bram)
    days(house, NOTICE_DAYS + 1)
    sweep(house)
    text = visit(lotte).get("/mijn").text
    assert "Zonder uw toestemming krijgt Bram Energieadvies hiermee niets" in text
    assert "Ten vroegste vanaf" not in text


def test_others_see_nothing_of_it(
    visit: Visit, house: TheHouse, lotte: Customer, maria: Customer, bram: Party
) -> None:
    brought = Brought.of(house, bram)
    visitor = visit(maria)
    assert "mandaat" not in visitor.get("/mijn").text
    assert visitor.get(f"/mijn/vraag/{brought.permission()}").status == 404
