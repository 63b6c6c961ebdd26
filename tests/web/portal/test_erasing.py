"""What a customer can have erased, when and why not; asking it; and what pages say of what is gone."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from databeheer.brussels import day_of
from databeheer.oversight.retention import DataClass, Obstacle, Reason
from tests.conftest import LOTTES_EAN
from tests.house import Customer, TheHouse
from tests.web.portal.visiting import Visitor
from web import saying
from web.erasing_words import CLASSES, OBSTACLES, REASONS

Visit = Callable[[Customer], Visitor]


def move_out(house: TheHouse, years: int) -> None:
    today = day_of(house.clock.now()).isoformat()
    house.operator("registry.occupancy.end", ean=LOTTES_EAN, until_day=today)
    house.clock.advance(timedelta(days=366 * years))


def erase(house: TheHouse, stay: str, *classes: str) -> int:
    for data_class in classes:
        wish = {"data_class": data_class, "occupancy_id": stay, "reason": "retention_ended"}
        house.operator("erasure.decide", decided_by="DPO", **wish)
    return int(house.operator("erasure.execute")["index"])


def test_who_lives_there_sees_why_nothing_can_be_erased_now(visit: Visit, measured_autumn: Customer) -> None:
    page = visit(measured_autumn).get("/mijn/wissen")
    address, person = page.text.split("Uzelf", 1)
    assert address.count("Dit kan nu niet. Dit adres staat nog op uw naam.") == 2
    assert person.count("Dit kan nu niet. U hebt nog een adres op uw naam.") == 1
    assert "Dit adres" not in person
    assert "Een toestemming intrekken is niet hetzelfde als wissen" in page.text
    assert not page.has_form("/mijn/wissen")
    assert "<h2></h2>" not in page.html


def test_asking_needs_a_tick_and_the_page_says_what_happens_next(
    visit: Visit, house: TheHouse, measured_autumn: Customer
) -> None:
    stay = measured_autumn.occupancy()
    move_out(house, 3)
    visitor = visit(measured_autumn)
    page = visitor.get("/mijn/wissen")
    assert "Dit kan vanaf" in page.text  # the record of reads
    unsure = visitor.press(page, "/mijn/wissen")
    assert unsure.status == 400
    assert "Vink aan dat u het zeker weet" in unsure.text
    page = visitor.press(page, "/mijn/wissen", zeker="ja")
    assert "U hebt gevraagd om te wissen: Uw meetgegevens" in page.text
    assert "Databeheer beslist binnen een maand" in page.text
    index = erase(house, stay, "readings")
    page = visitor.get("/mijn/wissen")
    assert f"zie inschrijving {index}: de bewaartermijn was voorbij" in page.text
    gone = visitor.get("/mijn/verbruik", dag="2023-10-29")
    assert f"zie inschrijving {index}" in gone.text
    assert "Gewist" in visitor.get("/mijn/gelezen", soort="alles").text


def test_a_refused_request_says_why_and_from_which_day(
    visit: Visit, house: TheHouse, measured_autumn: Customer
) -> None:
    stay = measured_autumn.occupancy()
    move_out(house, 3)
    visitor = visit(measured_autumn)
    form = visitor.get("/mijn/wissen").form("/mijn/wissen")
    page = visitor.send("/mijn/wissen", {**form.fields, "soort": "ledger", "adres": stay, "zeker": "ja"})
    assert page.status == 409
    assert f"Wij kunnen dit nu niet wissen: {CLASSES['ledger']}" in page.text
    assert re.search(r"De wet vraagt om dit een tijd te bewaren. Het kan vanaf \d+ \w+ \d{4}", page.text)


def test_asking_twice_says_that_it_was_asked(
    visit: Visit, house: TheHouse, measured_autumn: Customer
) -> None:
    move_out(house, 3)
    visitor = visit(measured_autumn)
    page = visitor.get("/mijn/wissen")
    visitor.press(page, "/mijn/wissen", zeker="ja")
    again = visitor.press(page, "/mijn/wissen", zeker="ja")
    assert again.status == 409
    assert "Dit was al gevraagd: Uw meetgegevens" in again.text
    assert "Berichten" in again.text


@pytest.mark.requirement("R49")
def test_a_request_is_taken_back_with_one_button_and_twice_says_when_it_was(
    visit: Visit, house: TheHouse, measured_autumn: Customer
) -> None:
    move_out(house, 3)
    visitor = visit(measured_autumn)
    asked = visitor.press(visitor.get("/mijn/wissen"), "/mijn/wissen", zeker="ja")
    assert "U kunt uw vraag terugnemen zolang er niets gewist is." in asked.text
    page = visitor.press(asked, "/terugnemen")
    at = saying.moment(house.clock.now())
    assert "U hebt uw vraag om te wissen teruggenomen" in page.text
    assert f"U nam uw vraag terug op {at}." in page.text
    assert not page.has_form("/terugnemen")
    house.clock.advance(timedelta(minutes=5))
    again = visitor.press(asked, "/terugnemen")
    assert again.status == 409
    assert "Deze vraag was al teruggenomen: Uw meetgegevens" in again.text
    assert f"Dat was op {at}." in again.text
    assert "Vraag om te wissen teruggenomen" in visitor.get("/mijn/gelezen", soort="alles").text
    assert "Uw vraag om gegevens te wissen is teruggenomen" in visitor.get("/mijn/berichten").text
    assert visitor.press(page, "/mijn/wissen", zeker="ja").has_form("/terugnemen")


def test_who_comes_back_from_a_log_in_reads_what_goes_before_it_is_asked(
    visit: Visit, house: TheHouse, measured_autumn: Customer
) -> None:
    move_out(house, 3)
    visitor = visit(measured_autumn)
    fields = visitor.get("/mijn/wissen").form("/mijn/wissen").fields | {"zeker": "ja"}
    for changes, said in (
        ({}, (f"Wat {CLASSES['readings']}", "Adres Kerkstraat")),
        (
            {"soort": "person", "reden": "wrong_person"},
            (str(CLASSES["person"]), str(REASONS["wrong_person"])),
        ),
        ({"soort": "<b>", "adres": "x"}, ("vragen om gegevens te wissen",)),
    ):
        visitor.lose_session()
        assert visitor.send("/mijn/wissen", fields | changes).location == "/aanmelden?eerst=1"
        back = visitor.get(visitor.log_in(measured_autumn.subject, measured_autumn.name).location)
        for words in said:
            assert words in back.text, (changes, back.text)
        assert "<b>" not in back.html
        fields |= {"csrf_token": back.form("/wissen").fields["csrf_token"]}
    assert not visitor.get("/mijn/wissen").has_form("/terugnemen")


def test_what_is_erased_cannot_be_taken_back_and_anothers_request_does_not_exist(
    visit: Visit, house: TheHouse, measured_autumn: Customer, maria: Customer
) -> None:
    stay = measured_autumn.occupancy()
    move_out(house, 3)
    visitor = visit(measured_autumn)
    asked = visitor.press(visitor.get("/mijn/wissen"), "/mijn/wissen", zeker="ja")
    other = visit(maria)
    guard = other.get("/mijn/wissen").form("/afmelden").fields
    assert other.send(asked.form("/terugnemen").action, guard).status == 404
    wish = {"data_class": "readings", "occupancy_id": stay, "reason": "data_subject_request"}
    house.operator("erasure.decide", decided_by="DPO", **wish)
    assert visitor.get("/mijn/wissen").has_form("/terugnemen")
    house.operator("erasure.execute")
    late = visitor.press(asked, "/terugnemen")
    assert late.status == 409
    assert "Te laat: dit is al gewist" in late.text
    assert f"gewist op {saying.moment(house.clock.now())}" in late.text


def test_who_sees_readings_of_another_asks_so_and_need_not_wait(
    visit: Visit, house: TheHouse, measured_autumn: Customer
) -> None:
    visitor = visit(measured_autumn)
    assert (
        "Staan hier gegevens van iemand anders op uw naam? Meld het ons" in visitor.get("/mijn/wissen").text
    )
    move_out(house, 1)
    visitor = visit(measured_autumn)
    page = visitor.get("/mijn/wissen")
    assert "Zijn dit niet uw gegevens?" in page.text
    unsure = visitor.press(page, "/mijn/wissen")
    assert (unsure.status, "Vink aan dat u het zeker weet" in unsure.text) == (400, True)
    [target] = {link for link in unsure.links if link.startswith("#zeker-")}
    assert f'id="{target[1:]}"' in unsure.html
    page = visitor.press(page, "/mijn/wissen", zeker="ja")
    assert "U vroeg dit omdat het gegevens van iemand anders zijn." in page.text
    [asked] = [one for one in house.operator("erasure.list")["erasures"] if one["state"] == "asked"]
    assert (asked["reason"], asked["data_class"]) == ("wrong_person", "readings")


def test_lines_that_were_erased_are_said_to_be_so(
    visit: Visit, house: TheHouse, measured_autumn: Customer
) -> None:
    stay = measured_autumn.occupancy()
    move_out(house, 11)
    index = erase(house, stay, "readings", "ledger")
    visitor = visit(measured_autumn)
    page = visitor.get("/mijn/gelezen")
    assert page.status == 200
    assert f"zijn gewist op {day_words(house)}, zie inschrijving {index}" in page.text
    assert "Nog niemand las uw gegevens" in page.text
    assert visitor.get("/mijn").status == 200


def day_words(house: TheHouse) -> str:
    return saying.day(house.clock.now())


def test_a_stranger_logs_in_first_and_nobody_asks_for_anothers(
    stranger: Visitor, visit: Visit, house: TheHouse, measured_autumn: Customer, maria: Customer
) -> None:
    assert stranger.get("/mijn/wissen").status == 303
    stay = measured_autumn.occupancy()
    move_out(house, 3)
    visitor = visit(measured_autumn)
    form = visitor.get("/mijn/wissen").form("/mijn/wissen")
    other = visit(maria)
    guard: dict[str, Any] = {**form.fields, "zeker": "ja"}
    guard["csrf_token"] = other.get("/mijn").form("/afmelden").fields["csrf_token"]
    assert guard["adres"] == stay
    assert other.send("/mijn/wissen", guard).status == 404


@pytest.mark.parametrize(
    ("codes", "words"), [(Reason, REASONS), (Obstacle, OBSTACLES), (set(DataClass) - {"house"}, CLASSES)]
)
def test_every_code_of_erasure_has_words(codes: Any, words: dict[str, str]) -> None:
    assert {str(code) for code in codes} == set(words)
