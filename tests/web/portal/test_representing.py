"""Acting in another's name in the portal: chosen, seen on every page, ended; and what the represented sees of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from databeheer.brussels import day_of
from tests.house import Customer, Party, TheHouse
from tests.letters import confirm_email
from tests.web.portal.visiting import Visitor

Visit = Callable[[Customer], Visitor]
JUDGMENT = "vrederechter Gent 2026/17"


@pytest.fixture
def theo(house: TheHouse) -> Customer:
    return house.customer("theo", "Theo Wouters")


@pytest.fixture
def appointed(house: TheHouse, lotte: Customer, theo: Customer) -> str:
    """Theo acts for Lotte, for a day; it is noon, so that no session outlives it by accident."""
    today = day_of(house.clock.now())
    added = house.operator(
        "registry.representation.add",
        person_id=str(lotte.person_id),
        representative_id=str(theo.person_id),
        reference=JUDGMENT,
        from_day=(today - timedelta(days=5)).isoformat(),
    )
    return str(added["id"])


def as_lotte(visitor: Visitor, appointment: str) -> None:
    visitor.press(visitor.get("/mijn/namens"), appointment)


def test_he_chooses_for_whom_he_acts_and_every_page_says_so(
    visit: Visit, lotte: Customer, theo: Customer, appointed: str
) -> None:
    visitor = visit(theo)
    page = visitor.get("/mijn/namens")
    assert "Lotte Janssens" in page.text
    assert JUDGMENT in page.text
    assert "U handelt namens" not in visitor.get("/mijn").text
    page = visitor.press(page, appointed)
    for path in (
        "/mijn",
        "/mijn/toestemmingen",
        "/mijn/gelezen",
        "/mijn/poorten",
        "/mijn/wissen",
        "/mijn/namens",
    ):
        shown = visitor.get(path)
        assert shown.status == 200, path
        assert "U handelt namens Lotte Janssens" in shown.text, path
    assert "Kerkstraat 1" in visitor.get("/mijn").text
    page = visitor.press(visitor.get("/mijn"), "/mijn/namens/uzelf")
    assert "U handelt namens" not in page.text
    assert "Kerkstraat 1" not in visitor.get("/mijn").text


def test_what_he_decides_the_represented_reads_as_done_in_her_name(
    visit: Visit, lotte: Customer, theo: Customer, bram: Party, appointed: str
) -> None:
    visitor = visit(theo)
    as_lotte(visitor, appointed)
    asked = bram.ask()
    request = visitor.get("/verbruik/dienstverlener", id=asked["link_code"])
    visitor.press(request, asked["permission_id"], "grant")
    own = visit(lotte)
    lines = own.get("/mijn/gelezen", soort="alles").text
    assert "Uw vertegenwoordiger Toestemming gegeven" in lines
    assert "Uw vertegenwoordiger meldde zich aan in uw naam" in lines
    history = own.get(f"/mijn/toestemming/{asked['permission_id']}")
    assert "door de vertegenwoordiger, in uw naam" in history.text
    visitor.press(visitor.get("/mijn"), "/intrekken")
    ended = own.get("/mijn/toestemmingen").text
    assert "Uw vertegenwoordiger heeft de toestemming in uw naam ingetrokken" in ended
    assert "U hebt de toestemming zelf ingetrokken" not in ended
    assert "Theo Wouters handelt in uw naam: een rechter stelde" in own.get("/mijn").text
    namens = own.get("/mijn/namens")
    assert "Theo Wouters" in namens.text
    assert "U blijft zelf alles zien" in namens.text


def test_what_is_his_own_is_not_found_while_he_acts_and_the_page_says_in_whose_name_he_is(
    visit: Visit, lotte: Customer, theo: Customer, bram: Party, appointed: str
) -> None:
    permission_id = lotte.grant(bram.ask())["permission"]["permission_id"]
    place = f"/mijn/toestemming/{permission_id}"
    visitor = visit(theo)
    before = visitor.get(place)
    assert (before.status, "U handelt nu namens" in before.text) == (404, False)
    as_lotte(visitor, appointed)
    assert visitor.get(place).status == 200
    missing = visitor.get("/mijn/toestemming/00000000-0000-4000-8000-000000000000")
    assert (missing.status, "U handelt nu namens Lotte Janssens" in missing.text) == (404, True)


def test_at_the_end_his_next_click_does_nothing_and_makes_him_himself_again(
    visit: Visit, house: TheHouse, lotte: Customer, theo: Customer, bram: Party, appointed: str
) -> None:
    permission_id = lotte.grant(bram.ask())["permission"]["permission_id"]
    visitor = visit(theo)
    as_lotte(visitor, appointed)
    page = visitor.get("/mijn")
    today = day_of(house.clock.now()).isoformat()
    house.operator("registry.representation.end", id=appointed, until_day=today)
    refused = visitor.press(page, "/intrekken")
    assert refused.status == 403
    assert "U mag niet meer in die naam handelen" in refused.text
    assert bram.permission(permission_id)["state"] == "active"
    assert "Kerkstraat 1" not in visitor.get("/mijn").text
    assert "U beslist nu voor niemand anders" in visitor.get("/mijn/namens").text


def test_what_only_the_person_can_do_says_so(
    visit: Visit, house: TheHouse, lotte: Customer, theo: Customer, appointed: str
) -> None:
    visitor = visit(theo)
    as_lotte(visitor, appointed)
    guard = visitor.get("/mijn").form("/uzelf").fields["csrf_token"]
    answer = visitor.send("/mijn/wissen", {"csrf_token": guard, "soort": "person", "zeker": "ja"})
    assert answer.status == 403
    assert "Dit kan alleen de persoon zelf" in answer.text


def test_he_sees_neither_her_address_nor_a_form_to_change_it_and_sending_one_changes_nothing(
    visit: Visit, house: TheHouse, lotte: Customer, theo: Customer, appointed: str
) -> None:
    confirm_email(house, lotte, "lotte@voorbeeld.be")
    place = "/mijn/berichten/instellingen"
    assert "lotte@voorbeeld.be" in visit(lotte).get(place).text
    visitor = visit(theo)
    assert visitor.get(place).has_form("/adres")
    as_lotte(visitor, appointed)
    page = visitor.get(place)
    assert page.status == 200
    assert "Het e-mailadres van Lotte Janssens ziet u hier niet" in page.text
    assert "lotte@voorbeeld.be" not in page.html
    assert [form.action for form in page.forms if place in form.action] == []
    guard = {"csrf_token": page.form("/uzelf").fields["csrf_token"]}
    before = lotte.call("contact.show")
    for path, fields in (
        ("adres", {"email": "theo@voorbeeld.be"}),
        ("code", {"code": "12345678"}),
        ("taal", {"taal": "en"}),
        ("heel", {"heel": "ja"}),
        ("uit", {}),
    ):
        answer = visitor.send(f"{place}/{path}", guard | fields)
        assert (answer.status, "Dit kan alleen de persoon zelf" in answer.text) == (403, True), path
    assert lotte.call("contact.show") == before
    own = visitor.press(page, "/uzelf")
    assert own.status == 200
    assert visitor.get(place).has_form("/adres")


def test_the_outsider_and_a_stranger_get_nowhere(
    visit: Visit, stranger: Visitor, lotte: Customer, maria: Customer, appointed: str
) -> None:
    assert stranger.get("/mijn/namens").status == 303
    other = visit(maria)
    page = other.get("/mijn/namens")
    assert "U beslist nu voor niemand anders" in page.text
    assert not page.has_form(appointed)
    guard = {"csrf_token": other.get("/mijn").form("/afmelden").fields["csrf_token"]}
    assert other.send(f"/mijn/namens/{appointed}", guard).status == 404
    assert "Namens iemand anders" not in other.get("/mijn").text
