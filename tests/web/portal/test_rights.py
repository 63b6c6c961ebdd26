"""The page of rights: where each right is, what was asked and by when it is answered; forms that are wrong."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from databeheer.access import catalogue
from databeheer.brussels import day_of
from databeheer.clocks import shipped
from databeheer.rights import grounds
from databeheer.rights.requests import CLOCK, EXTENDED_CLOCK, Fact, Kind, State
from tests.house import Customer, TheHouse
from tests.web.portal.visiting import Visitor
from web import saying
from web.rights_words import FACTS, KINDS, NO_OBJECTION, STATES

Visit = Callable[[Customer], Visitor]
RECTIFY, OBJECT = "/mijn/rechten/verbeteren", "/mijn/rechten/bezwaar"
HTML = "<script>alert(1)</script> & <b>nee</b>"


def test_every_code_of_the_door_has_its_words() -> None:
    assert set(FACTS) == set(Fact)
    assert set(KINDS) == set(Kind)
    assert set(STATES) == set(State)
    assert {one.objection for one in grounds.shipped().values()} == {*NO_OBJECTION, "possible"}
    assert {row.code for row in catalogue.load().rows} == set(grounds.shipped())


@pytest.mark.requirement("R50")
def test_the_page_leads_to_each_right_also_when_nothing_was_asked(visit: Visit, lotte: Customer) -> None:
    page = visit(lotte).get("/mijn/rechten")
    assert "Er loopt nu geen verzoek van u." in page.text
    for path in (RECTIFY, OBJECT, "/mijn/wissen", "/mijn/gelezen", "/privacy", "/mijn/toestemmingen"):
        assert path in page.links, path
    assert "Vlaamse Toezichtcommissie" in page.text
    assert not page.inline


@pytest.mark.requirement("R50")
def test_a_request_shows_its_due_day_its_extension_and_its_answer(
    visit: Visit, house: TheHouse, lotte: Customer
) -> None:
    visitor = visit(lotte)
    page = visitor.press(visitor.get(RECTIFY), RECTIFY, wat="name", uitleg=HTML)
    due = shipped().get(CLOCK).term.due_at(house.clock.now())
    assert "Wij hebben uw verzoek: Verbeteren" in page.text
    assert f"Antwoord uiterlijk op {saying.last_day(due)}" in page.text
    assert HTML in page.text
    assert "<script>alert" not in page.html
    [one] = house.operator("rights.list")["requests"]
    house.clock.advance(timedelta(hours=1))
    asked_at = house.clock.now() - timedelta(hours=1)
    house.operator("rights.extend", request_id=one["request_id"], reason="Wij vragen het na bij de gemeente.")
    page = visit(lotte).get("/mijn/rechten")
    later = shipped().get(EXTENDED_CLOCK).term.due_at(asked_at)
    assert f"Antwoord uiterlijk op {saying.last_day(later)}" in page.text
    assert "Wij vragen het na bij de gemeente." in page.text
    house.operator(
        "rights.answer",
        request_id=one["request_id"],
        decision="refused",
        words="De naam klopt volgens uw identiteitskaart.",
        decided_by="DPO",
    )
    visitor = visit(lotte)
    page = visitor.get("/mijn/rechten")
    assert "Niet ingewilligd" in page.text
    assert "De naam klopt volgens uw identiteitskaart." in page.text
    assert "Lees waar u een klacht kunt indienen" in page.text
    assert "#klacht" in page.links
    assert not page.has_form("/terugnemen")
    inbox = visitor.get("/mijn/berichten")
    for title in (
        "Wij kregen uw verzoek over uw gegevens",
        "Wij hebben meer tijd nodig voor uw verzoek",
        "Wij gaan niet in op uw verzoek",
    ):
        assert title in inbox.text
    assert "/mijn/rechten" in inbox.links
    assert "Verzoek over uw gegevens" in visitor.get("/mijn/gelezen", soort="alles").text


def test_an_objection_that_was_accepted_says_what_stopped_and_can_be_taken_back_once(
    visit: Visit, house: TheHouse, lotte: Customer, maria: Customer
) -> None:
    visitor = visit(lotte)
    page = visitor.press(visitor.get(OBJECT), OBJECT, waartegen="welfare_centre", uitleg="Mijn zus werkt er.")
    [one] = house.operator("rights.list")["requests"]
    assert one["occupancy_id"] == lotte.occupancy()
    again = visitor.send(
        OBJECT,
        page.form("/terugnemen").fields
        | visitor.get(OBJECT).form(OBJECT).fields
        | {"waartegen": "welfare_centre", "uitleg": "Nog eens"},
    )
    assert (again.status, "U vroeg hierover al iets" in again.text, "Nog eens" in again.text) == (
        409,
        True,
        True,
    )
    other = visit(maria)
    guard = other.get(RECTIFY).form(RECTIFY).fields
    assert other.send(page.form("/terugnemen").action, {"csrf_token": guard["csrf_token"]}).status == 404
    house.operator(
        "rights.answer",
        request_id=one["request_id"],
        decision="accepted",
        words="Uw reden weegt door.",
        decided_by="DPO",
    )
    page = visitor.get("/mijn/rechten")
    assert "Niemand krijgt hiervoor nog gegevens van uw tijd op dit adres." in page.text
    done = visitor.press(page, "/terugnemen")
    assert "U hebt uw verzoek teruggenomen" in done.text
    late = visitor.press(page, "/terugnemen")
    assert (late.status, "Op dit verzoek is al geantwoord" in late.text) == (409, True)


def test_a_second_request_about_the_same_says_which_stands_in_its_way_and_that_it_can_be_taken_back(
    visit: Visit, lotte: Customer
) -> None:
    visitor = visit(lotte)
    first = {"wat": "address", "uitleg": "Ik woon in nummer 3."}
    visitor.press(visitor.get(RECTIFY), RECTIFY, **first)
    second = visitor.press(visitor.get(RECTIFY), RECTIFY, **first | {"uitleg": "De bus ontbreekt."})
    assert (second.status, "U vroeg hierover al iets" in second.text) == (409, True)
    assert "De bus ontbreekt." in second.text
    assert "Al uw toestemmingen" not in second.text
    [there] = [link for link in second.links if "#verzoek-" in link]
    page = visitor.get("/mijn/rechten")
    assert f'id="{there.partition("#")[2]}"' in page.html
    visitor.press(page, "/terugnemen")
    assert visitor.press(visitor.get(RECTIFY), RECTIFY, **first).status == 200


@pytest.mark.parametrize(
    ("path", "fields", "words"),
    [
        (RECTIFY, {"uitleg": "x"}, "Kies wat er niet klopt."),
        (RECTIFY, {"wat": "alles", "uitleg": "x"}, "Kies wat er niet klopt."),
        (RECTIFY, {"wat": "name", "uitleg": " "}, "Schrijf op wat er niet klopt"),
        (RECTIFY, {"wat": "name"}, "Schrijf op wat er niet klopt"),
        (RECTIFY, {"wat": "name", "uitleg": "x" * 2001}, "Schrijf ten hoogste 2000 tekens"),
        (RECTIFY, {"wat": "name", "uitleg": "a\x00b"}, "Gebruik gewone letters"),
        (RECTIFY, {"wat": "name", "uitleg": "x", "adres": "straat"}, "Kies voor welk adres."),
        (RECTIFY, {"wat": "name", "uitleg": "x", "extra": "1"}, "Er is niets veranderd."),
        (OBJECT, {"uitleg": "x"}, "Kies waartegen u bezwaar maakt."),
        (OBJECT, {"waartegen": "alles", "uitleg": "x"}, "Kies waartegen u bezwaar maakt."),
        (OBJECT, {"waartegen": "own", "uitleg": "x"}, "Kies waartegen u bezwaar maakt."),
        (OBJECT, {"waartegen": "data_management", "uitleg": "x"}, "Hiertegen kunt u geen bezwaar maken."),
        (OBJECT, {"waartegen": "welfare_centre"}, "Schrijf op waarom u dit niet wilt."),
        (OBJECT, {"waartegen": "welfare_centre", "uitleg": "x" * 3000}, "Schrijf ten hoogste 2000 tekens"),
    ],
)
def test_a_wrong_form_says_what_to_do_keeps_what_was_typed_and_files_nothing(
    visit: Visit, house: TheHouse, lotte: Customer, path: str, fields: dict[str, str], words: str
) -> None:
    visitor = visit(lotte)
    form = visitor.get(path).form(path)
    answer = visitor.send(path, form.fields | fields)
    assert answer.status in (400, 409)
    assert words in answer.text
    typed = fields.get("uitleg", "").strip("\x00 ")
    assert typed[:1] in answer.html
    assert house.operator("rights.list")["requests"] == []


def test_who_is_not_there_gets_nothing_and_a_stranger_must_log_in(
    visit: Visit, stranger: Visitor, lotte: Customer, maria: Customer
) -> None:
    for path in ("/mijn/rechten", RECTIFY, OBJECT):
        assert stranger.get(path).status in (302, 303, 401), path
    visitor = visit(maria)
    form = visitor.get(RECTIFY).form(RECTIFY).fields
    answer = visitor.send(RECTIFY, form | {"wat": "stay", "uitleg": "x", "adres": lotte.occupancy()})
    assert (answer.status, "Kies voor welk adres." in answer.text) == (400, True)
    twice = visitor.http.post(
        RECTIFY, data={"wat": ["name", "meter"], "uitleg": "x"} | form, base_url="http://localhost"
    )
    assert twice.status_code == 400
    unguarded = visitor.send(RECTIFY, {"wat": "name", "uitleg": "x"})
    assert unguarded.status == 400


def test_a_person_without_an_address_can_have_things_put_right_and_has_nothing_to_object_to(
    visit: Visit, house: TheHouse
) -> None:
    theo = house.customer("theo", "Theo Wouters")
    visitor = visit(theo)
    assert "Er is geen adres op uw naam." in visitor.get(OBJECT).text
    page = visitor.press(visitor.get(RECTIFY), RECTIFY, wat="other", uitleg="Ik sta er niet in.")
    assert "Wij hebben uw verzoek: Verbeteren" in page.text
    assert day_of(house.clock.now())
