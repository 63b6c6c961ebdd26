"""`/ean-code`: a visitor asks for his EAN code; no page shows one, and each answer is the same page (R84, R98)."""

from __future__ import annotations

import re

import pytest

from tests.doors import query
from tests.house import Party, TheHouse
from tests.linking import EAN, METER, report_rosa
from tests.web.portal.visiting import Visitor
from web import limits

PAGE = "/ean-code"
ROSAS = {"meter": METER, "name": "Rosa Vermeulen", "street": "Molenstraat 7", "postcode": "9000"}


def size(house: TheHouse) -> int:
    return int(query(house, "SELECT size FROM ledger.head")[0][0])


@pytest.mark.requirement("R84", "R93", "R98")
def test_right_or_wrong_the_page_is_the_same_and_slips_are_told_and_kept(
    house: TheHouse, net: Party, stranger: Visitor
) -> None:
    report_rosa(house, net)
    pages = {}
    for mobile in ("", "0470 12 34 56"):
        for changes in ({}, {"meter": "1SAG0"}):
            house.clock.advance(limits.WINDOW)
            page = stranger.press(stranger.get(PAGE), PAGE, **(ROSAS | changes), mobile=mobile)
            assert (page.status, EAN in page.html, page.inline) == (200, False, [])
            hidden = re.sub(r'value="[^"]*"', "", page.html)
            assert pages.setdefault(mobile, hidden) == hidden
    assert "met een sms" in pages["0470 12 34 56"]
    assert "met een brief" in pages[""]
    asked = size(house)
    for wrong, words in (
        ({"meter": " "}, "Vul het meternummer in"),
        ({"name": ""}, "Vul uw naam in"),
        ({"street": "x" * 200}, "Vul de straat en het huisnummer"),
        ({"postcode": "90"}, "Vul de postcode in"),
        ({"mobile": "09 123 45 67"}, "geen Belgisch gsm-nummer"),
        ({"meter": "<script>" * 10}, "Vul het meternummer in"),
    ):
        house.clock.advance(limits.WINDOW)
        page = stranger.press(stranger.get(PAGE), PAGE, **({**ROSAS, "mobile": ""} | wrong))
        assert (page.status, words in page.text, "<script>" in page.html) == (400, True, False)
        assert "Molenstraat 7" in page.html or "street" in wrong
    guard = stranger.get(PAGE).form(PAGE).fields
    assert stranger.send(PAGE, guard | ROSAS | {"more": "1"}).status == 400
    assert stranger.send(PAGE, ROSAS).status == 400
    assert size(house) == asked
    statuses = [stranger.get(PAGE).status for _ in range(limits.EAN.per_address)]
    assert statuses[-1] == 429  # one client cannot try many
    house.clock.advance(limits.WINDOW)
    house.operator("link.close", reason="a drill", by="Ona Operator")
    assert "kan nu even niet" in stranger.get(PAGE).text
    house.clock.advance(limits.WINDOW)
    assert stranger.send(PAGE, guard | ROSAS).status == 503
