"""`/mijn/aansluiting`: from nothing to the own data with two numbers from a bill; a guesser reads one page always."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from databeheer.approval_letters import code as codes
from tests.conftest import LOTTES_EAN
from tests.doors import query
from tests.house import Customer, Party, TheHouse
from tests.linking import EAN, METER, NOWHERE, report_rosa
from tests.web.portal.visiting import Page, Visitor
from web import limits

LINK, LETTER, CODE = "/mijn/aansluiting", "/mijn/aansluiting/brief", "/mijn/aansluiting/code"


@pytest.fixture
def rosa(house: TheHouse, net: Party) -> Customer:
    """Rosa, logged in; her access point is registered under her name and another identity."""
    report_rosa(house, net)
    return house.customer("rosa", "Rosa Vermeulen")


def tried(visitor: Visitor, ean: str = EAN, meter: str = METER) -> Page:
    return visitor.press(visitor.get(LINK), LINK, ean=ean, meter=meter)


def code_of(house: TheHouse) -> str:
    """The code in the one letter that waits."""
    [letter] = house.operator("letter.list")["letters"]
    return str(house.operator("letter.open", letter_id=letter["letter_id"])["code"])


@pytest.mark.requirement("R91", "R92")
def test_who_has_nothing_yet_is_led_to_linking_locked_out_after_three_and_let_in_by_a_letter(
    house: TheHouse, rosa: Customer, visit: Callable[[Customer], Visitor]
) -> None:
    visitor = visit(rosa)
    first = visitor.get("/mijn")
    assert "Koppel uw aansluiting" in first.text
    assert LINK in first.links
    assert "Waar vind ik die nummers?" in visitor.get(LINK).text
    for left in ("2 keer", "één keer"):
        page = tried(visitor, meter="1SAG0")
        assert (page.status, left in page.text, page.inline) == (403, True, [])
    locked = tried(visitor, meter="1SAG0")
    assert "Koppelen is geblokkeerd" in locked.text
    assert not locked.has_form(LINK)
    asked = visitor.press(visitor.get(LETTER), LETTER, ean=EAN)
    assert "Vul de code uit de brief in" in asked.text
    wrong = visitor.press(asked, CODE, code=codes.new().shown)
    assert (wrong.status, "Met deze code kan er niets" in wrong.text) == (404, True)
    slip = visitor.press(asked, CODE, code="K7QX")
    assert (slip.status, "Er zit een tikfout in de code" in slip.text) == (400, True)
    unlocked = visitor.press(asked, CODE, code=code_of(house).lower())
    assert "De code klopt" in unlocked.text
    done = visitor.press(unlocked, LINK, ean=f" {EAN[:6]} {EAN[6:]} ", meter=METER.lower())
    assert "Uw aansluiting is gekoppeld" in done.text
    assert "Molenstraat 7, 9000 Gent" in visitor.get("/mijn").text
    assert "Uw aansluiting is gekoppeld" in visitor.get("/mijn/berichten").text


@pytest.mark.requirement("R98")
def test_each_wrong_answer_is_the_same_page_whatever_exists(
    house: TheHouse, rosa: Customer, lotte: Customer, visit: Callable[[Customer], Visitor]
) -> None:
    for number in range(3):
        house.customer(f"bot-{number}", "Karel Kijker").call("link.attempt", ean=LOTTES_EAN, meter="1SAG0")
    pages = []
    for number, (ean, meter) in enumerate(
        [(NOWHERE, "1SAG0"), (EAN, "1SAG0"), (EAN, METER), (LOTTES_EAN, METER)]
    ):
        page = tried(visit(house.customer(f"kijker-{number}", "Karel Kijker")), ean, meter)
        hidden = re.sub(r'value="[^"]*"', "", page.html)
        pages.append((page.status, hidden))
    assert all(one == pages[0] for one in pages)
    letters = []
    for number, ean in enumerate([NOWHERE, EAN, LOTTES_EAN]):
        visitor = visit(house.customer(f"vrager-{number}", "Karel Kijker"))
        page = visitor.press(visitor.get(LETTER), LETTER, ean=ean)
        letters.append((page.status, re.sub(r'value="[^"]*"', "", page.html)))
    assert all(one == letters[0] for one in letters)


def test_a_slip_costs_no_attempt_and_what_was_typed_stays(
    house: TheHouse, rosa: Customer, visit: Callable[[Customer], Visitor], stranger: Visitor
) -> None:
    visitor = visit(rosa)
    forms: list[dict[str, Any]] = [
        {"ean": "", "meter": ""},
        {"ean": EAN[:-1] + str((int(EAN[-1]) + 1) % 10), "meter": METER},
        {"ean": EAN, "meter": " "},
        {"ean": EAN, "meter": "x" * 60},
        {"ean": "<b>" * 10, "meter": "<script>"},
    ]
    for form in forms:
        page = visitor.press(visitor.get(LINK), LINK, **form)
        assert (page.status, "Deze poging telt niet mee" in page.text) == (400, True)
        assert "<script>" not in page.html
        assert ("Er zit een tikfout in deze EAN-code" in page.text) == (form == forms[1])
    assert EAN in visitor.press(visitor.get(LINK), LINK, ean=EAN, meter="").html
    guard = visitor.get(LINK).form(LINK).fields
    assert visitor.send(LINK, guard | {"ean": EAN, "meter": METER, "more": "1"}).status == 400
    assert visitor.send(LINK, {"ean": EAN, "meter": METER}).status == 400
    assert visitor.press(visitor.get(LETTER), LETTER, ean="1").status == 400
    assert query(house, "SELECT count(*) FROM identity.link_attempts") == [(0,)]
    for path in (LINK, LETTER, CODE, f"{LINK}/klaar"):
        assert "/aanmelden" in stranger.get(path).location
    assert visitor.get(f"{LINK}/klaar").location == LINK


@pytest.mark.requirement("R93")
def test_one_client_cannot_try_many(
    house: TheHouse, rosa: Customer, visit: Callable[[Customer], Visitor]
) -> None:
    visitor = visit(rosa)
    guard = visitor.get(LINK).form(LINK).fields
    answers = [
        visitor.send(LINK, guard | {"ean": NOWHERE, "meter": "1SAG0"}).status
        for _ in range(limits.LINK.per_identity)
    ]
    assert (answers[0], answers[-1]) == (403, 429)
    other = visit(house.customer("ander", "Ander Mens"))
    statuses = [other.get(CODE).status for _ in range(limits.LINK.per_address)]
    assert statuses[-1] == 429
    # Behind it the door counts for itself: three, whatever the web lets through.
    assert rosa.call("link.show")["attempts_left"] == 0


@pytest.mark.requirement("R95")
def test_while_linking_is_closed_each_of_its_pages_says_so_and_all_others_go_on(
    house: TheHouse, lotte: Customer, visit: Callable[[Customer], Visitor]
) -> None:
    visitor = visit(lotte)
    guard = visitor.get(LINK).form(LINK).fields
    house.operator("link.close", reason="a drill", by="Ona Operator")
    for path in (LINK, LETTER, CODE):
        assert "Koppelen kan nu even niet" in visitor.get(path).text
    late = visitor.send(LINK, guard | {"ean": EAN, "meter": METER})
    assert (late.status, "geen enkele poging telde mee" in late.text) == (503, True)
    assert visitor.get("/mijn").status == 200
    house.operator("link.reopen", reason="over", by="Ona Operator")
    assert visitor.get(LINK).has_form(LINK)
