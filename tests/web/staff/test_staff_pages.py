"""A day of staff in a browser without script: a case, a look, a role by two people, a consultation; and who may not."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from html import unescape

import pytest
from flask import Flask

from databeheer.brussels import day_of
from databeheer.door.client import DoorRefusedError, Proof
from databeheer.door.staff import lookups, national_register, trail
from tests.conftest import LOTTES_EAN
from tests.databases import Databases
from tests.doors import query
from tests.governance import said
from tests.house import Colleague, Customer, TheHouse, open_house
from tests.web.portal.visiting import BASE_URL, Visitor
from tests.web.sites import make_whole_site
from web import close
from web.forms import NO_EAN_HERE


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


def events(house: TheHouse) -> list[str]:
    return [row[0] for row in query(house, "SELECT event FROM ledger.body ORDER BY index")]


def at(app: Flask, house: TheHouse, session: str) -> Visitor:
    visitor = Visitor(app, house)
    visitor.http.set_cookie("session", session, domain="localhost")
    return visitor


@pytest.mark.requirement("R155", "R161")
def test_a_day_of_who_looks_into_wrong_values(
    app: Flask, house: TheHouse, lotte: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    nadia, tom = house.colleague("nadia", "metering_clerk"), house.colleague("tom", "manager")
    desk, boss = at(app, house, nadia.session), at(app, house, tom.session)
    form = desk.get("/dienst/dossiers/nieuw")
    filled = {"soort": "wrong_values", "waarvoor": "een sprong om twaalf uur", "ean": LOTTES_EAN}
    for kind in ("question", "move"):
        wrong = desk.press(form, "/dienst/dossiers/nieuw", **(filled | {"soort": kind}))
        assert (wrong.status, "alleen een dossier van uw eigen werk" in wrong.text) == (403, True)
    begun = desk.press(form, "/dienst/dossiers/nieuw", **filled)
    assert "een sprong om twaalf uur" in begun.text
    seen = desk.press(begun, "/dienst/dossiers/kijk")
    assert LOTTES_EAN in seen.text
    assert "Lotte" not in seen.text
    case = lotte.statements(limit=1)[0]["task"]
    told = at(app, house, lotte.session).get("/mijn/gelezen")
    assert f"Een medewerker van de databeheerder, dossier {case}" in told.text
    assert "Zag geen meetwaarden" in told.text
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
    # Each list goes on on a further page, from where the first one ended.
    for module, most in ((lookups, "MOST_REFUSALS"), (trail, "MOST"), (national_register, "MOST")):
        monkeypatch.setattr(module, most, 1)
    desk.press(desk.get("/dienst/rijksregister"), "/dienst/rijksregister", naam="Nadia", **wish)
    unknown = begun.form("/kijk").fields | {"dossier": "Z2026-999998"}
    assert desk.send("/dienst/dossiers/kijk", unknown).status == 403
    inspector = at(app, house, house.inspector())
    trails = f"/toezicht/medewerkers?wie={nadia.account_id}"
    for visitor, path, most in (
        (boss, "/dienst/rijksregister", 2),
        (inspector, "/toezicht/medewerkers", 2),
        (inspector, trails, 4),
        (boss, trails.replace("/toezicht/medewerkers", "/dienst/wie-keek"), 4),
        (inspector, trails + "&alleen=kijken", 1),
    ):
        seen = [visitor.get(path)]
        while further := re.findall(r'<a href="([^"]+)">Vroegere regels', seen[-1].html):
            seen.append(visitor.get(unescape(further[-1]).partition("#")[0]))
        assert len(seen) >= most, path
        assert len({one.html for one in seen}) == len(seen), path


@pytest.mark.requirement("R156", "R158")
def test_a_role_takes_two_and_a_leaver_is_cut_off_in_the_middle_of_a_session(
    app: Flask, house: TheHouse
) -> None:
    boss, other = house.colleague("boss", "manager"), house.colleague("other", "manager")
    new: Colleague = house.colleague("newcomer")
    asking, approving = at(app, house, boss.session), at(app, house, other.session)
    page = asking.get("/dienst/medewerkers")
    names = re.findall(r'<th scope="row">(\w+)', page.html)
    assert {"Boss", "Newcomer", "Other"} <= set(names)
    assert names == sorted(names)
    wish = {"medewerker": new.account_id, "rol": "desk", "waarvoor": "begint aan het loket"}
    asked = asking.press(page, "/dienst/medewerkers", **wish)
    assert not asked.has_form("/dienst/medewerkers/goedkeuren")
    newcomer = at(app, house, new.session)
    assert "wacht op goedkeuring" in newcomer.get("/dienst").text
    waiting = approving.get("/dienst")
    assert "1 gevraagde rol wacht" in waiting.text
    # Who reads the people and cannot give roles is not told to do so.
    reader = at(app, house, house.colleague("reader", "manager", writes=False).session)
    assert "gevraagde rol" not in reader.get("/dienst").text
    approving.press(approving.get("/dienst/medewerkers"), "/dienst/medewerkers/goedkeuren")
    assert "U en uw team hebben geen open dossier" in newcomer.get("/dienst").text
    today = house.clock.now().date().isoformat()
    house.operator("staff.hr.leavers", by="E-1", content=f"employee,left_on\n{new.employee},{today}\n")
    gone = newcomer.get("/dienst")
    assert (gone.status, gone.location) == (303, "/aanmelden")


@pytest.mark.requirement("R133")
def test_an_ean_code_in_words_is_refused_on_each_page_with_what_to_do(app: Flask, house: TheHouse) -> None:
    both, ada = house.colleague("words", "desk", "manager"), house.colleague("words2", "administrator")
    desk, admin, ines = (at(app, house, one) for one in (both.session, ada.session, house.inspector()))
    once, day = "00000000-0000-4000-8000-0000000000e1", house.clock.now().date().isoformat()
    parted, before = " ".join(LOTTES_EAN), events(house)
    for visitor, page, action, field, filled in (
        (desk, "/dienst/dossiers/nieuw", "/nieuw", "waarvoor", {"eenmaal": once, "soort": "question"}),
        (desk, "/dienst/loket", "/loket", "waarover", {"eenmaal": once, "weg": "letter", "wie": "customer"}),
        (desk, "/dienst/medewerkers", "/medewerkers", "waarvoor", {"rol": "desk", "medewerker": once}),
        (
            desk,
            "/dienst/rijksregister",
            "/rijksregister",
            "waarom",
            {"eenmaal": once, "dossier": "Z1", "naam": "Words"},
        ),
        (admin, "/dienst/beheer", "/beheer", "reden", {"dienst": "linking", "doe": "sluit"}),
        (admin, "/dienst/toestellen", "/toestellen", "naam", {"afdruk": "A" * 43}),
        (ines, "/toezicht/inzage", "/inzage", "taak", {"van": day, "tot": day}),
    ):
        token = visitor.get(page).form(action).fields["csrf_token"]
        sent = {"csrf_token": token} | filled | {field: f"zie {parted}"}
        told = visitor.send(page, sent)
        assert (told.status, NO_EAN_HERE in told.text) == (400, True), (page, told.status)
    assert events(house) == before


def test_who_has_no_account_is_told_so_at_the_log_in(app: Flask, house: TheHouse) -> None:
    page = Visitor(app, house).log_in("stranger", "A Stranger", "staff")
    assert (page.status, "account als medewerker" in page.text) == (403, True)


@pytest.mark.requirement("R95")
def test_a_public_service_is_closed_and_opened_by_an_administrator_and_the_drill_is_kept_as_it_was(
    app: Flask, house: TheHouse, lotte: Customer
) -> None:
    ada, sven = house.colleague("ada", "administrator"), house.colleague("sven", "security_officer")
    cockpit, looker = at(app, house, ada.session), at(app, house, sven.session)
    page = cockpit.get("/dienst/beheer")
    assert "Koppelen van een aansluiting: open" in page.text
    wish = {"dienst": "linking", "doe": "sluit", "reden": "oefening van het najaar"}
    assert looker.get("/dienst/beheer").status == 200
    guard = {"csrf_token": page.form("/dienst/beheer").fields["csrf_token"]}
    for wrong in ({"reden": ""}, {"reden": "x" * 501}, {"dienst": "alles"}, {"doe": "weg"}, {"meer": "x"}):
        assert cockpit.send("/dienst/beheer", guard | wish | wrong).status == 400, wrong
    before = events(house)
    own = {"csrf_token": looker.get("/dienst/toestellen").form("/afmelden").fields["csrf_token"]}
    assert looker.send("/dienst/beheer", own | wish).status == 403
    with pytest.raises(DoorRefusedError, match="role"):
        sven.call("link.close", reason="I may not")
    with pytest.raises(DoorRefusedError, match="role"):
        sven.call("stop.set", reason="I may not")
    with pytest.raises(DoorRefusedError, match="session nobody"):
        ada.call("link.close", reason="as somebody else", by="Femke")
    assert events(house) == before
    cockpit.send("/dienst/beheer", guard | wish)
    closed = cockpit.get("/dienst/beheer")
    assert "Koppelen van een aansluiting: gesloten" in closed.text
    assert "oefening van het najaar" in closed.text
    assert cockpit.send("/dienst/beheer", guard | wish).status == 409
    shut = at(app, house, lotte.session).get("/mijn/aansluiting")
    assert "Koppelen kan nu even niet" in shut.text
    measure = str(
        sven.call("governance.write", register="measure", said=said("measure", house.clock.now()))[
            "record_id"
        ]
    )
    drill = said("measure_test", house.clock.now(), what="closure", measures=[measure], minutes=7)
    with pytest.raises(DoorRefusedError, match="closed and opened again that day"):
        sven.call("governance.write", register="measure_test", said=drill)
    house.clock.advance(timedelta(minutes=7))
    cockpit.send("/dienst/beheer", guard | wish | {"doe": "heropen", "reden": "oefening voorbij"})
    opened = cockpit.get("/dienst/beheer")
    assert "Koppelen van een aansluiting: open" in opened.text
    assert events(house)[-2:] == ["measure.written", "linking.opened"]
    with pytest.raises(DoorRefusedError, match="closed for 7 minutes"):
        sven.call("governance.write", register="measure_test", said=drill | {"minutes": 5})
    sven.call("governance.write", register="measure_test", said=drill)
    assert "duurde 7 minuten" in cockpit.get("/dienst/beheer").text
    deeds = query(
        house, f"SELECT event FROM staff.deed WHERE account_id = '{ada.account_id}' ORDER BY entry_index"
    )
    assert deeds[-2:] == [("linking.closed",), ("linking.opened",)]


@pytest.mark.requirement("R155", "R158", "R198")
def test_somebody_comes_and_leaves_a_workstation_too_and_a_case_changes_hands(
    app: Flask, house: TheHouse
) -> None:
    ada, mira = house.colleague("ada2", "administrator"), house.colleague("mira", "desk")
    boss, thief = house.colleague("boss2", "manager"), house.colleague("thief", "desk", team="elders")
    admin, desk = at(app, house, ada.session), at(app, house, mira.session)
    form = admin.get("/dienst/medewerkers/nieuw")
    filled = {"naam": "Wim", "nummer": "E-wim", "aanmelding": "wim", "team": "loket"}
    for wrong in ({"team": "Loket!"}, {"getekend": "gisteren"}, {"naam": ""}):
        assert admin.press(form, "/nieuw", **(filled | wrong)).status == 400, wrong
    drawn = admin.press(form, "/nieuw", **(filled | {"nummer": "E-w\u0456m"}))
    assert (drawn.status, "letters van a tot z" in drawn.text) == (400, True)
    assert "Wim" in admin.press(form, "/nieuw", **filled).text
    again = admin.press(form, "/nieuw", **(filled | {"naam": "Een tweede Wim", "aanmelding": "wim-2"}))
    assert (again.status, "heeft al een account" in again.text) == (409, True)
    # A case goes to a colleague of one's team, and nobody else's can be given away.
    case = mira.call("staff.case.open", kind="question", what="belt", ean=None)["reference"]
    handing = desk.get(f"/dienst/dossiers/geef-door?dossier={case}")
    assert handing.text.count("Thief") == 0
    # Whose role opens no contact leaves a trace, by its page too.
    tried = at(app, house, boss.session).get(f"/dienst/loket/{case}")
    assert (tried.status, "Uw rol opent deze pagina niet" in tried.text) == (403, True)
    listed = house.client.call("staff.refusals", Proof.session(house.inspector()))["refusals"]
    assert (listed[0]["account_id"], listed[0]["reason"]) == (boss.account_id, "role_needed")
    assert desk.press(handing, "/geef-door", aan="").status == 400
    assert desk.press(handing, "/geef-door", aan="nobody").status == 400
    strange = at(app, house, thief.session)
    assert strange.get(f"/dienst/dossiers/geef-door?dossier={case}").status == 404
    own = {"csrf_token": strange.get("/dienst").form("/afmelden").fields["csrf_token"]}
    taken = strange.send("/dienst/dossiers/geef-door", own | {"dossier": case, "aan": "team:elders"})
    assert taken.status == 404
    desk.press(handing, "/geef-door", aan="team:elders")
    assert mira.call("staff.case.list")["cases"] == []
    assert [one["reference"] for one in thief.call("staff.case.list")["cases"]] == [case]
    # Wim leaves: a list with one wrong line cuts nobody off.
    leaving = at(app, house, boss.session)
    page = leaving.get("/dienst/medewerkers/vertrokken")
    wrong = leaving.press(page, "/vertrokken", wie="E-wim,2023-01-02\nE-wim")
    assert (wrong.status, "Er is niemand afgesloten" in wrong.text) == (400, True)
    today = day_of(house.clock.now()).isoformat()
    nobody = leaving.press(page, "/vertrokken", wie=f"E-unknown,{today}")
    assert "Niemand is afgesloten" in nobody.text
    gone = leaving.press(page, "/vertrokken", wie=f"E-wim,{today}\nE-unknown,{today}")
    assert "1 account is afgesloten" in gone.text
    assert "1 van de lijst had hier geen account" in gone.text
    # The first workstation: from then on nobody comes from elsewhere, so it is ended with all the rest.
    devices = admin.get("/dienst/toestellen")
    assert admin.press(devices, "/toestellen", naam="Loket 1", afdruk="kort").status == 400
    registered = admin.press(devices, "/toestellen", naam="Loket 1", afdruk="A" * 43)
    assert registered.status != 200 or "Loket 1" not in registered.text
    with pytest.raises(DoorRefusedError):
        ada.call("staff.device.list")
