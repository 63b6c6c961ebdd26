"""A day of staff in a browser without script: a case, a look, a role by two people, a consultation; and who may not."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask

from tests.conftest import LOTTES_EAN
from tests.databases import Databases
from tests.house import Colleague, Customer, TheHouse, open_house
from tests.web.portal.visiting import BASE_URL, Visitor
from tests.web.sites import make_whole_site
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


def at(app: Flask, house: TheHouse, session: str) -> Visitor:
    visitor = Visitor(app, house)
    visitor.http.set_cookie("session", session, domain="localhost")
    return visitor


@pytest.mark.requirement("R155", "R161")
def test_a_day_at_the_desk(app: Flask, house: TheHouse, lotte: Customer) -> None:
    nadia, tom = house.colleague("nadia", "desk"), house.colleague("tom", "manager")
    desk, boss = at(app, house, nadia.session), at(app, house, tom.session)
    form = desk.get("/dienst/dossiers/nieuw")
    filled = {"soort": "question", "waarvoor": "belt over haar factuur", "ean": LOTTES_EAN}
    begun = desk.press(form, "/dienst/dossiers/nieuw", **filled)
    assert "belt over haar factuur" in begun.text
    seen = desk.press(begun, "/dienst/dossiers/kijk")
    assert LOTTES_EAN in seen.text
    assert "Lotte" not in seen.text
    case = lotte.statements(limit=1)[0]["task"]
    told = at(app, house, lotte.session).get("/mijn/gelezen")
    assert f"Een medewerker van de databeheerder, dossier {case}" in told.text
    # A number that is not hers opens nothing, and stands on the inspector's list.
    strange = desk.send("/dienst/dossiers/kijk", begun.form("/kijk").fields | {"dossier": "Z2026-999999"})
    assert (strange.status, LOTTES_EAN in strange.text) == (403, False)
    listed = at(app, house, house.inspector()).get("/toezicht/medewerkers")
    assert "Nadia kijken naar een klant dit dossier bestaat niet" in listed.text
    # A consultation of the national register, signed under another name and under her own.
    register = desk.get("/dienst/rijksregister")
    wish = {"dossier": case, "waarom": "een erfgenaam vraagt"}
    forged = desk.press(register, "/dienst/rijksregister", naam="Tom", **wish)
    assert (forged.status, "Teken met uw eigen naam" in forged.text) == (400, True)
    desk.press(register, "/dienst/rijksregister", naam="Nadia", **wish)
    decided = boss.press(boss.get("/dienst/rijksregister"), "/dienst/rijksregister/beslis")
    assert "mag" in decided.text
    reviewed = boss.press(decided, "/dienst/rijksregister/nagekeken")
    assert "nagekeken op" in reviewed.text


@pytest.mark.requirement("R156", "R158")
def test_a_role_takes_two_and_a_leaver_is_cut_off_in_the_middle_of_a_session(
    app: Flask, house: TheHouse
) -> None:
    boss, other = house.colleague("boss", "manager"), house.colleague("other", "manager")
    new: Colleague = house.colleague("newcomer")
    asking, approving = at(app, house, boss.session), at(app, house, other.session)
    page = asking.get("/dienst/medewerkers")
    wish = {"medewerker": new.account_id, "rol": "desk", "waarvoor": "begint aan het loket"}
    asked = asking.press(page, "/dienst/medewerkers", **wish)
    assert not asked.has_form("/dienst/medewerkers/goedkeuren")
    newcomer = at(app, house, new.session)
    assert "wacht op goedkeuring" in newcomer.get("/dienst").text
    waiting = approving.get("/dienst")
    assert "1 gevraagde rol wacht" in waiting.text
    approving.press(approving.get("/dienst/medewerkers"), "/dienst/medewerkers/goedkeuren")
    assert "U en uw team hebben geen open dossier" in newcomer.get("/dienst").text
    today = house.clock.now().date().isoformat()
    house.operator("staff.hr.leavers", by="E-1", content=f"employee,left_on\n{new.employee},{today}\n")
    gone = newcomer.get("/dienst")
    assert (gone.status, gone.location) == (303, "/aanmelden")


def test_who_has_no_account_is_told_so_at_the_log_in(app: Flask, house: TheHouse) -> None:
    page = Visitor(app, house).log_in("stranger", "A Stranger", "staff")
    assert (page.status, "account als medewerker" in page.text) == (403, True)
