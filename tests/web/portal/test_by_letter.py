"""`/brief`: the code from a letter shows what is asked and answers it, without a log-in; a stranger learns nothing."""

from __future__ import annotations

from datetime import timedelta

import pytest

from databeheer.approval_letters import code as codes
from databeheer.approval_letters.code import ALPHABET
from databeheer.brussels import day_of, midnight
from ledger import receipt
from ledger.note import VerifierKey
from tests.conftest import LOTTES_EAN
from tests.doors import query
from tests.house import Customer, Party, TheHouse
from tests.web.portal.visiting import Page, Visitor
from tests.web.programs import publish
from web import limits, saying


@pytest.fixture
def code(house: TheHouse, lotte: Customer, maria: Customer, bram: Party) -> str:
    """The code in the letter that Lotte got: Maria sent Bram's request on to her."""
    asked = bram.ask()
    link = {"permission_id": asked["permission_id"], "link_code": asked["link_code"]}
    maria.call("permission.forward", **link, ean=LOTTES_EAN)
    [letter] = house.operator("letter.list")["letters"]
    return str(house.operator("letter.open", letter_id=letter["letter_id"])["code"])


def entered(stranger: Visitor, code: str) -> Page:
    return stranger.press(stranger.get("/brief"), "/brief", code=code)


def state(bram: Party) -> str:
    [permission] = bram.call("permission.list")["permissions"]
    return str(permission["state"])


@pytest.mark.requirement("R36")
def test_who_has_the_letter_sees_exactly_what_is_asked_and_approves_with_a_receipt(
    stranger: Visitor, house: TheHouse, code: str, bram: Party
) -> None:
    page = stranger.get("/brief")
    assert (page.status, page.inline) == (200, [])
    page = entered(stranger, code.lower().replace("-", " "))
    until = saying.day(midnight(day_of(house.clock.now()) + timedelta(days=21)))
    for words in (
        "Bram Energieadvies vraagt uw meetgegevens",
        "Wie vraagt het?",
        "per kwartier",
        "Waarom?",
        "Over welke periode?",
        "Hoelang mag dit?",
        "Iemand anders kreeg deze vraag en stuurde ze naar u door",
        "Kerkstraat 1, 9000 Gent",
        until,
    ):
        assert words in page.text
    assert page.inline == []
    assert state(bram) == "requested"
    page = stranger.press(page, "/brief/antwoord", "grant")
    assert "U gaf Bram Energieadvies toestemming" in page.text
    assert "Uw bewijs Nr." in page.text
    assert page.has_form("/brief/bewijs")
    assert state(bram) == "active"
    [(text,)] = query(house, "SELECT text FROM permissions.notice WHERE text ~ '^notice '")
    assert "Bram Energieadvies" in text
    again = entered(stranger, code)
    assert (again.status, "Met deze code kan er niets" in again.text) == (404, True)


@pytest.mark.requirement("R36")
def test_approving_and_refusing_have_buttons_of_one_size_and_nothing_is_preselected(
    stranger: Visitor, code: str, bram: Party
) -> None:
    page = entered(stranger, code)
    form = page.form("/brief/antwoord")
    assert {look for _, _, look in form.buttons} == {"button"}
    assert [value for _, value, _ in form.buttons] == ["grant", "grant_past", "grant_future", "refuse"]
    assert form.preselected == []
    page = stranger.press(page, "/brief/antwoord", "refuse")
    assert "U hebt geweigerd" in page.text
    assert state(bram) == "rejected"


@pytest.mark.requirement("R36")
def test_unknown_and_dead_codes_get_the_same_page_and_a_slip_is_told_as_one(
    stranger: Visitor, house: TheHouse, code: str, bram: Party
) -> None:
    slip = entered(stranger, code[:-1] + next(sign for sign in ALPHABET if sign != code[-1]))
    assert (slip.status, "Er zit een tikfout in de code" in slip.text) == (400, True)
    bram.call(
        "permission.terminate", permission_id=bram.call("permission.list")["permissions"][0]["permission_id"]
    )
    dead, never = entered(stranger, code), entered(stranger, codes.new().shown)
    assert (dead.status, never.status) == (404, 404)
    assert dead.text == never.text
    assert code not in dead.html


def test_a_form_without_its_guard_with_more_or_with_another_text_decides_nothing(
    stranger: Visitor, code: str, bram: Party
) -> None:
    form = entered(stranger, code).form("/brief/antwoord")
    answer = form.fields | {"decision": "grant"}
    without = {name: value for name, value in answer.items() if name != "csrf_token"}
    assert stranger.send(form.action, without).status == 400
    assert stranger.send(form.action, answer | {"more": "1"}).status == 400
    assert stranger.send(form.action, answer | {"decision": "everything"}).status == 400
    changed = stranger.send(form.action, answer | {"notice_sha256": "00" * 32})
    assert (changed.status, "intussen veranderd" in changed.text) == (409, True)
    assert stranger.send("/brief", {"code": code}).status == 400
    assert state(bram) == "requested"


def test_no_address_and_no_log_line_holds_the_code(
    stranger: Visitor, code: str, caplog: pytest.LogCaptureFixture
) -> None:
    page = stranger.press(entered(stranger, code), "/brief/antwoord", "grant")
    assert not any(codes.parse(code).text in link for link in page.links)
    assert all(codes.parse(code).text not in record.getMessage() for record in caplog.records)
    assert stranger.get("/brief", code=code).status == 200
    assert code not in stranger.get("/brief", code=code).html
    assert page.response.headers["Cache-Control"] == "no-store"


@pytest.mark.requirement("R36")
def test_one_letter_and_one_address_can_be_tried_so_often_a_minute(
    stranger: Visitor, house: TheHouse, code: str
) -> None:
    guard = stranger.get("/brief").form("/brief").fields
    known = codes.parse(code)
    answers = []
    for _ in range(limits.LETTER.per_identity + 1):
        body = known.finder + codes.new().text[5:-1]
        answers.append(stranger.send("/brief", guard | {"code": body + codes.check_sign(body)}).status)
    assert answers[-1] == 429
    assert set(answers[:-1]) == {404}
    for _ in range(limits.LETTER.per_address):
        last = stranger.send("/brief", guard | {"code": codes.new().text}).status
    assert last == 429


@pytest.mark.requirement("R36")
def test_the_receipt_is_for_who_answered_and_a_stranger_verifies_it(
    stranger: Visitor, house: TheHouse, code: str
) -> None:
    page = stranger.press(entered(stranger, code), "/brief/antwoord", "refuse")
    key = publish(house)
    form = page.form("/brief/bewijs")
    download = stranger.send(form.action, form.fields).response
    verified = receipt.verify(receipt.parse(download.data), [VerifierKey.parse(key.vkey)])
    assert verified
    assert "attachment" in download.headers["Content-Disposition"]
    wrong = stranger.send(form.action, form.fields | {"ticket": "a" * 32})
    assert (wrong.status, "niet meer te halen" in wrong.text) == (404, True)
