"""Requests about own data in a browser without script: the list, one on record, its answer; and who may not."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from flask import Flask

from databeheer.brussels import day_of
from databeheer.door.client import DoorRefusedError
from databeheer.values import format_instant
from tests.conftest import LOTTES_EAN, MARIAS_EAN
from tests.databases import Databases
from tests.house import Customer, TheHouse, open_house
from tests.web.portal.visiting import BASE_URL
from tests.web.sites import make_whole_site
from tests.web.staff.test_staff_pages import at, events
from web import close


@pytest.fixture(scope="module")
def house(databases: Databases) -> Iterator[TheHouse]:
    with databases.clone() as database, open_house(database) as house:
        yield house


@pytest.fixture(scope="module")
def app(house: TheHouse) -> Iterator[Flask]:
    app = make_whole_site(house, base_url=BASE_URL)
    yield app
    close(app)


@pytest.fixture(scope="module")
def lotte(house: TheHouse) -> Customer:
    customer = house.customer("lotte", "Lotte Janssens")
    house.point(LOTTES_EAN, customer)
    return customer


@pytest.mark.requirement("R50", "R155", "R163")
def test_a_request_about_ones_own_data_is_read_on_record_and_answered_what_is_late_first(
    app: Flask, house: TheHouse, lotte: Customer
) -> None:
    words = "Mijn huisnummer is 3, niet 1."
    asked = lotte.call("rights.ask", kind="rectification", fact="address", words=words)["request_id"]
    long_ago = format_instant(house.clock.now() - timedelta(days=40))
    paper = {"kind": "copy", "document_sha256": "ab" * 32, "received_at": long_ago}
    late = house.operator("rights.enter", person_id=str(lotte.person_id), **paper)["request_id"]
    hilde = house.colleague("hilde", "privacy_officer")
    officer = at(app, house, hilde.session)
    assert (
        "2 verzoeken over eigen gegevens wachten op een antwoord, waarvan 1 te laat"
        in officer.get("/dienst").text
    )
    before = events(house)
    listed = officer.get("/dienst/rechten")
    shown = [link.rpartition("/")[2] for link in listed.links if link.startswith("/dienst/rechten/")]
    assert shown == [late, asked]
    assert "Een kopie van alle gegevens op papier" in listed.text
    assert (words in listed.text, events(house) == before) == (False, True)

    page = officer.get(f"/dienst/rechten/{asked}")
    assert words in page.text
    newest = lotte.statements(limit=1)[0]
    assert newest["event"] == "right.opened"
    seen = at(app, house, lotte.session).get("/mijn/gelezen")
    assert "Uw verzoek gelezen door een medewerker" in seen.text
    assert "Een medewerker van de databeheerder, dossier" not in seen.text
    # What is wrong with an answer is said beside it, and changes nothing.
    place = f"/dienst/rechten/{asked}/antwoord"
    for wrong in (
        {"besluit": ""},
        {"besluit": "withdrawn"},
        {"woorden": ""},
        {"woorden": "x" * 2001},
        {"woorden": "een\x07bel"},
    ):
        filled = {"besluit": "accepted", "woorden": "Uw huisnummer is nu 3."}
        assert officer.press(page, place, **(filled | wrong)).status == 400, wrong
    assert lotte.call("rights.mine")["requests"][1]["state"] == "asked"
    after = officer.press(page, place, besluit="accepted", woorden="Uw huisnummer is nu 3.")
    assert (asked in after.html, late in after.html) == (False, True)
    mine = {one["request_id"]: one for one in lotte.call("rights.mine")["requests"]}
    assert (mine[asked]["state"], mine[asked]["answer"]) == ("accepted", "Uw huisnummer is nu 3.")
    assert "Ingewilligd, door Hilde" in officer.get("/dienst/rechten?gesloten=ja").text
    # Answered is answered, and the first month of the other is over: more time comes too late.
    again = officer.send(place, page.form(place).fields | {"besluit": "refused", "woorden": "Toch niet."})
    assert again.status == 409
    guard = {"csrf_token": page.form(place).fields["csrf_token"]}
    more = officer.send(f"/dienst/rechten/{late}/uitstel", guard | {"waarom": "Wij zoeken nog."})
    assert (more.status, "binnen de eerste maand" in more.text) == (409, True)

    # Whoever sees trails sees it there; the desk, who only reads, and customers do not get in.
    trail = officer.get(f"/dienst/wie-keek?wie={hilde.account_id}")
    assert "Las een vraag over eigen gegevens" in trail.text
    assert "Willigde een vraag over eigen gegevens in" in trail.text
    desk = at(app, house, house.colleague("dina", "desk").session)
    looking = at(app, house, house.colleague("leen", "privacy_officer", writes=False).session)
    for visitor in (desk, at(app, house, lotte.session), at(app, house, house.inspector())):
        for path in ("/dienst/rechten", f"/dienst/rechten/{late}", "/dienst/wie-keek"):
            assert visitor.get(path).status == 403, path
    read = looking.get(f"/dienst/rechten/{late}")
    assert (read.status, read.has_form("/antwoord")) == (200, False)
    own = {"csrf_token": read.form("/afmelden").fields["csrf_token"]}
    assert looking.send(place, own | {"besluit": "refused", "woorden": "Neen."}).status == 403
    assert officer.get("/dienst/rechten/00000000-0000-4000-8000-00000000beef").status == 404


@pytest.mark.requirement("R50", "R155")
def test_who_answers_a_request_is_who_logged_in_and_nobody_else(house: TheHouse, lotte: Customer) -> None:
    asked = lotte.call("rights.ask", kind="rectification", fact="name", words="Ik heet Lotta.")["request_id"]
    joan, dries = house.colleague("joan", "privacy_officer"), house.colleague("dries", "desk")
    given = {"request_id": asked, "decision": "accepted", "words": "Zo is het."}
    for who, arguments, code in (
        (joan, given | {"decided_by": "Somebody Else"}, "malformed-request"),
        (dries, given, "role-needed"),
        (lotte, given, "unauthenticated"),
    ):
        with pytest.raises(DoorRefusedError) as refused:
            who.call("rights.answer", **arguments)
        assert refused.value.code == code
    for act, code in (
        (lambda: house.operator("rights.answer", **given), "malformed-request"),
        (lambda: house.operator("rights.open", request_id=asked), "unauthenticated"),
        (lambda: dries.call("rights.open", request_id=asked), "role-needed"),
        (lambda: dries.call("rights.list"), "role-needed"),
        (lambda: lotte.call("rights.list"), "unauthenticated"),
    ):
        with pytest.raises(DoorRefusedError) as refused:
            act()
        assert refused.value.code == code
    assert "words" not in joan.call("rights.list")["requests"][0]
    joan.call("rights.answer", **given)
    closed = house.operator("rights.list", closed=True)["requests"]
    assert {one["request_id"]: one["decided_by"] for one in closed}[asked] == "Joan"


def test_a_request_to_erase_stands_in_the_same_list_with_its_last_day(app: Flask, house: TheHouse) -> None:
    maria = house.customer("maria", "Maria Peeters")
    stay = house.point(MARIAS_EAN, maria)
    until = day_of(house.clock.now()).isoformat()
    house.operator("registry.occupancy.end", ean=MARIAS_EAN, until_day=until)
    maria.session = house.log_in(maria.subject, maria.name)
    wish = {"data_class": "readings", "occupancy_id": stay, "reason": "wrong_person"}
    maria.call("erasure.ask", **wish)
    officer = at(app, house, house.colleague("oona", "privacy_officer").session)
    listed = officer.get("/dienst/rechten")
    assert "Wissen: meetwaarden" in listed.text
    assert "Wissen" not in officer.get("/dienst/rechten?gesloten=ja").text.partition("<caption>")[2]
    [waiting] = house.operator("rights.list")["erasures"]
    assert waiting["occupancy_id"] == stay
    for secret in (MARIAS_EAN, maria.name):
        assert secret not in listed.html
