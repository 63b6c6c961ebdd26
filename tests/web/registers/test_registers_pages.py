"""`/dienst/registers` and `/toezicht/registers`: from a first version to what the inspector takes along."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import date, timedelta
from uuid import uuid4

import pytest
from flask import Flask

from databeheer.brussels import day_of
from databeheer.door.client import DoorRefusedError
from databeheer.values import format_instant
from tests.conftest import LOTTES_EAN, MARIAS_EAN
from tests.databases import Databases
from tests.databeheer.doubt.acts import raise_doubt
from tests.governance import HASH, agreed, approve, said, write
from tests.governance import close as close_record
from tests.house import Colleague, TheHouse, open_house
from tests.web.portal.visiting import BASE_URL, Page, Visitor
from tests.web.sites import make_whole_site
from web import close, saying
from web.days import usual_spans


@pytest.fixture(scope="module")
def house(databases: Databases) -> Iterator[TheHouse]:
    with databases.clone() as database, open_house(database) as house:
        yield house


@pytest.fixture(scope="module")
def app(house: TheHouse) -> Iterator[Flask]:
    app = make_whole_site(house, base_url=BASE_URL)
    yield app
    close(app)


def visitor(app: Flask, house: TheHouse, session: str) -> Visitor:
    one = Visitor(app, house)
    one.http.set_cookie("session", session, domain="localhost")
    return one


@pytest.fixture(scope="module")
def hilde(house: TheHouse) -> Colleague:
    return house.colleague("hilde", "privacy_officer")


@pytest.fixture(scope="module")
def pieter(house: TheHouse) -> Colleague:
    return house.colleague("pieter", "privacy_officer")


@pytest.fixture(scope="module")
def femke(house: TheHouse) -> Colleague:
    return house.colleague("femke", "security_officer")


NEW = "/dienst/registers/{}/nieuw"


@pytest.mark.requirement("R114", "R118", "R119")
def test_an_assessment_is_written_by_one_approved_by_another_and_read_by_the_inspector(
    app: Flask, house: TheHouse, hilde: Colleague, pieter: Colleague
) -> None:
    party = house.party("Zonnewijzer", "energy_service", papers=False)
    writing = visitor(app, house, hilde.session)
    page = writing.get(NEW.format("assessment"))
    typed = said("assessment", house.clock.now(), title=None) | {"partij": party.party_id}
    lacking = writing.press(page, NEW.format("assessment"), **(typed | {"legal_expert": ""}))
    assert (lacking.status, "Vul dit in." in lacking.text) == (400, True)
    assert 'value="privacy_expert of assessment"' in lacking.html
    written = writing.press(page, NEW.format("assessment"), **typed)
    assert "wacht op een tweede persoon" in written.text
    own = writing.press(written, "/beslissen", button="goedkeuren")
    assert (own.status, "Een ander dan wie het schreef, beslist" in own.text) == (409, True)
    path = written.form("/beslissen").action.removesuffix("/beslissen")
    deciding = visitor(app, house, pieter.session)
    without = deciding.press(deciding.get(path), "/beslissen", button="weigeren")
    assert (without.status, "Schrijf waarom." in without.text) == (400, True)
    approved = deciding.press(deciding.get(path), "/beslissen", button="goedkeuren")
    assert "Versie 1: geldt" in approved.text
    assert "Geschreven door Hilde" in approved.text
    assert "Goedgekeurd door Pieter" in approved.text
    ines = visitor(app, house, house.inspector())
    seen = ines.get(path.replace("/dienst", "/toezicht"))
    assert "legal_expert of assessment" in seen.text
    assert not seen.has_form("/beslissen")
    assert "Zonnewijzer" in ines.get("/toezicht/registers/assessment").text


@pytest.mark.requirement("R115", "R116")
def test_a_lapsed_assessment_says_since_when_and_why_and_a_new_one_begins_with_what_it_says(
    app: Flask, house: TheHouse, hilde: Colleague, pieter: Colleague
) -> None:
    party = house.party("Maanwijzer", "energy_service", papers=False).party_id
    old = agreed(house, "assessment", party_id=party, reference="GEB-oud", risks="Iemand leest mee.")
    path = f"/dienst/registers/stuk/{old}"
    writing, ines = visitor(app, house, hilde.session), visitor(app, house, house.inspector())
    assert "Stand Telt tot" in writing.get(path).text
    house.operator("registry.dpia.stale", party_id=party, trigger="organisation_changed")
    since = f"elt niet meer sinds {saying.day(house.clock.now())}, door een belangrijke wijziging van de technische"
    task = "Maak een nieuwe effectbeoordeling van Maanwijzer"
    for looking, area in ((writing, "dienst"), (ines, "toezicht")):
        for place in ("assessment", f"stuk/{old}"):
            assert f"T{since}" in looking.get(f"/{area}/registers/{place}").text, (area, place)
        assert f"{task}: de vorige t{since}" in looking.get(f"/{area}/registers").text, area
    record = writing.get(path)
    assert "Versie 1: telt niet meer" in record.text
    assert "Schrijf een nieuwe versie" not in record.text
    assert "1 partij heeft er geen die nog telt" in ines.get("/toezicht").text
    page = writing.get(NEW.format("assessment"), stuk=old)
    given = page.form("/nieuw").fields
    assert (given["stuk"], given["reference"], given["it_expert"]) == ("", "", "it_expert of assessment")
    assert ">Iemand leest mee.</textarea>" in page.html
    assert f'value="{party}" selected' in page.html
    ours = said("assessment", house.clock.now(), reference="GEB-nieuw", assessed_on=None) | {"partij": party}
    today = day_of(house.clock.now())
    early = writing.press(page, "/nieuw", assessed_on=today.isoformat(), **ours)
    assert early.status == 409
    assert f"met als dag {saying.day(today + timedelta(days=1))} of later" in early.text
    again = writing.press(page, "/nieuw", stuk=old, assessed_on=today.isoformat(), **(ours | {"partij": ""}))
    assert (again.status, "Deze beoordeling geldt en verandert niet meer" in again.text) == (409, True)
    assert "Kenmerk: Dit klopt niet" not in again.text
    assert f'value="{party}" selected' in writing.get(NEW.format("assessment"), partij=party).html


def test_the_first_page_names_what_waits_for_a_second_person_and_the_hours_of_a_breach(
    app: Flask, house: TheHouse, hilde: Colleague, pieter: Colleague
) -> None:
    typed = said("questionnaire", house.clock.now(), title="Een nieuw scherm")
    written = hilde.call("governance.write", register="questionnaire", said=typed)
    aware = format_instant(house.clock.now() - timedelta(hours=2))
    breach = write(house, "breach", title="Een brief is zoek", detected_at=aware, aware_at=aware)
    place = f"/dienst/registers/stuk/{written['record_id']}"
    page = visitor(app, house, pieter.session).get("/dienst")
    assert "op u als tweede persoon" in page.text
    assert place in page.links
    assert "Nog 70 uur" in page.text
    assert f"/dienst/registers/stuk/{breach['record_id']}" in page.links
    assert place not in visitor(app, house, hilde.session).get("/dienst").links
    outsider = visitor(app, house, house.colleague("joris", "desk").session).get("/dienst")
    assert "tweede persoon" not in outsider.text
    agreed(house, "breach_assessment", within=breach["record_id"], risk="unlikely")


@pytest.mark.requirement("R117")
def test_a_new_version_begins_with_what_counts_and_a_record_is_closed_with_a_reason(
    app: Flask, house: TheHouse, hilde: Colleague
) -> None:
    risk = write(house, "risk", title="Iemand raadt een code", likelihood=3)["record_id"]
    writing = visitor(app, house, hilde.session)
    page = writing.get(NEW.format("risk"), stuk=risk)
    assert page.form("/nieuw").fields["likelihood"] == "3"
    fields = said("risk", house.clock.now()) | {"likelihood": "tien"}
    wrong = writing.press(page, "/nieuw", **fields)
    assert (wrong.status, "Vul een getal in" in wrong.text) == (400, True)
    again = writing.press(page, "/nieuw", **(fields | {"likelihood": "2", "impact": "4"}))
    assert "Versie 2: geldt" in again.text
    unsaid = writing.press(again, "/sluiten", hoe="gone")
    assert unsaid.status == 400
    done = writing.press(again, "/sluiten", hoe="gone", waarom="Het bestaat niet meer.")
    assert "Afgesloten" in done.text
    assert not done.has_form("/sluiten")


@pytest.mark.requirement("R140", "R146", "R149")
def test_what_belongs_together_is_written_from_the_record_that_it_is_in(
    app: Flask, house: TheHouse, femke: Colleague
) -> None:
    measure = write(house, "measure", title="Sleutels onder slot")
    writing = visitor(app, house, femke.session)
    page = writing.get(NEW.format("measure_test"))
    assert "Sleutels onder slot" in page.text
    fields = {name: str(value) for name, value in said("measure_test", house.clock.now()).items()}
    gone = agreed(house, "measure", title="Een hek")
    close_record(house, {"record_id": gone}, "dropped")
    for unknown in (str(uuid4()), "measure-99", gone, measure["name"], f"{measure['record_id']} {gone}"):
        wrong = writing.press(page, "/nieuw", **(fields | {"measures": unknown}))
        assert (wrong.status, "Kies stukken van de lijst" in wrong.text) == (400, True), unknown
    assert "Een hek" not in writing.get(NEW.format("measure_test")).text
    tested = writing.press(page, "/nieuw", **(fields | {"measures": measure["record_id"]}))
    called = f"Sleutels onder slot ({measure['name']}, {saying.day(house.clock.now())})"
    assert f"Welke maatregelen {called}" in tested.text
    inside = next(link for link in tested.links if "/finding/nieuw" in link)
    day = (day_of(house.clock.now()) + timedelta(days=9)).isoformat()
    within = writing.get(inside)
    assert "Hoort bij title of measure_test (measure_test-" in within.text
    found = writing.press(within, "/nieuw", title="Een zwak punt", severity="high", detail="x", due_on=day)
    assert "Een zwak punt" in found.text
    early = writing.press(found, "/sluiten", hoe="solved", waarom="Denk ik.")
    assert (early.status, "zodra een actie erin gedaan is" in early.text) == (409, True)
    assert "Iets nieuws" not in writing.get("/dienst/registers/risk").text


@pytest.mark.requirement("R140")
def test_the_hours_that_are_left_to_notify_a_breach_stand_on_its_page_and_above_the_registers(
    app: Flask, house: TheHouse, hilde: Colleague
) -> None:
    aware = format_instant(house.clock.now() - timedelta(hours=2))
    breach = write(house, "breach", title="Een laptop is weg", detected_at=aware, aware_at=aware)
    path, words = (
        f"/dienst/registers/stuk/{breach['record_id']}",
        "Een inbreuk in verband met persoonsgegevens melden",
    )
    looking = visitor(app, house, hilde.session)
    assert f"{words} aan de toezichthoudende autoriteit." in looking.get(path).text
    # Wherever the breach is named, it is in words, with its code and its day.
    called = f"Een laptop is weg ({breach['name']}, {saying.day(house.clock.now())})"
    for page in ("/dienst/registers", path):
        assert "nog 70 uur" in looking.get(page).text
        assert called in looking.get(page).text
    for inside in ("breach_notice", "breach_assessment", "breach_told", "breach_exemption"):
        form = looking.get(NEW.format(inside), binnen=breach["record_id"])
        assert f"Hoort bij {called}" in form.text
        lacking = looking.press(form, "/nieuw")
        assert (lacking.status, f"Hoort bij {called}" in lacking.text) == (400, True)
    assert f"Versie van {called}" in looking.get(NEW.format("breach"), stuk=breach["record_id"]).text
    assert f"Afsluiten: {called}" in looking.get(path).text
    assert looking.get(NEW.format("breach_notice"), binnen=str(uuid4())).status == 404
    outsider = visitor(app, house, house.colleague("joost", "desk").session)
    assert "nog 70 uur" not in outsider.get("/dienst/registers").text
    agreed(house, "breach_assessment", within=breach["record_id"], risk="unlikely")
    assert "Een risico is niet waarschijnlijk (breach_assessment-" in looking.get(path).text
    for page in ("/dienst/registers", path):
        assert words not in looking.get(page).text


@pytest.mark.requirement("R140")
def test_people_are_told_of_a_breach_only_after_who_writes_it_saw_what_they_read_and_that_the_judgement_waits(
    app: Flask, house: TheHouse, hilde: Colleague
) -> None:
    maria = house.customer("maria-told", "Maria Claes")
    house.point(MARIAS_EAN, maria)
    aware = format_instant(house.clock.now() - timedelta(hours=2))
    breach = write(house, "breach", detected_at=aware, aware_at=aware)
    inside = {"within": breach["record_id"]}

    def told() -> int:
        return sum(one["kind"] == "breach.told" for one in maria.call("inbox.show", limit=50)["messages"])

    writing = visitor(app, house, hilde.session)
    form = writing.get(NEW.format("breach_told"), binnen=breach["record_id"])
    typed = {
        "eans": MARIAS_EAN,
        "since": day_of(house.clock.now()).isoformat(),
        "words": "Een lijst is <zoek>.",
        "contact": "dpo@example",
    }
    shown = writing.press(form, "/nieuw", **typed)
    assert (shown.status, told()) == (200, 0)
    assert "De inbreuk is nog niet beoordeeld." in shown.text
    assert "Een lijst is &lt;zoek&gt;. Vragen? dpo@example" in shown.html
    assert "Er ging iets mis met uw gegevens" in shown.text
    waiting = write(house, "breach_assessment", risk="high", **inside)
    warned = "wacht nog op een tweede persoon"
    # What was shown is sent, and nothing else: not by a guess, nor with other words.
    for changed in ({"gezien": "x"}, {"words": "Iets anders."}, {"contact": "elders"}, {"eans": LOTTES_EAN}):
        again = writing.press(shown, "/nieuw", **(typed | changed))
        assert (again.status, told(), warned in again.text) == (200, 0, True), changed
    approve(house, waiting)
    shown = writing.press(form, "/nieuw", **typed)
    assert (warned in shown.text, "nog niet beoordeeld" in shown.text) == (False, False)
    sent = writing.press(shown, "/nieuw", **typed)
    assert ("Versie 1: geldt" in sent.text, told()) == (True, 1)
    assert writing.send(NEW.format("risk"), {**said_as_typed(house), "gezien": "x"}).status == 400


@pytest.mark.requirement("R112")
def test_a_case_of_doubt_is_picked_by_its_party_and_day_and_not_typed(
    app: Flask, house: TheHouse, hilde: Colleague
) -> None:
    lotte, bram = (
        house.customer("lotte", "Lotte Janssens"),
        house.party("Bram Energieadvies", "energy_service"),
    )
    house.point(LOTTES_EAN, lotte)
    asked = bram.ask()
    lotte.grant(asked)
    case = raise_doubt(lotte, asked)["case_id"]
    called = f"Bram Energieadvies: Iemand meldde dat deze toestemming niet gegeven is ({saying.day(house.clock.now())})"
    writing = visitor(app, house, hilde.session)
    page = writing.get(NEW.format("breach"))
    assert f'<option value="{case}">{called}</option>' in page.html
    assert lotte.name not in page.html
    moment = f"{house.clock.now() - timedelta(hours=3):%Y-%m-%dT%H:%M}"
    typed = {
        "title": "Een partij las te veel",
        "nature": "confidentiality",
        "detected_at": moment,
        "description": "x",
    }
    for unknown, status in ((str(uuid4()), 404), ("zaak-1", 400)):
        wrong = writing.press(page, "/nieuw", **(typed | {"doubt_case": unknown}))
        assert (wrong.status, "ze blijkt: Kies een zaak van de lijst" in wrong.text) == (status, True), (
            unknown
        )
    written = writing.press(page, "/nieuw", **(typed | {"doubt_case": case}))
    assert f"Zaak van twijfel waaruit ze blijkt {called}" in written.text
    for stranger in (house.colleague("dirk", "desk"), lotte, bram):
        with pytest.raises(DoorRefusedError):
            stranger.call("governance.doubts")


@pytest.mark.requirement("R141", "R154")
def test_the_inspector_takes_a_register_along_with_its_label(app: Flask, house: TheHouse) -> None:
    aware = said("breach", house.clock.now())["detected_at"]
    breach = write(house, "breach", title="=cmd|'/c calc'!A1", detected_at=aware, aware_at=aware)
    agreed(house, "breach_assessment", within=breach["record_id"], risk="unlikely")
    ines = visitor(app, house, house.inspector())
    table = ines.http.get("/toezicht/registers/breach.csv", base_url=BASE_URL)
    assert table.headers["Classification"].startswith("C4")
    assert 'filename="C4-breach.csv"' in table.headers["Content-Disposition"]
    row = next(csv.DictReader(io.StringIO(table.get_data(as_text=True))))
    assert (row["label"], row["record"][:7], row["title"][:1]) == ("C4", "breach-", "'")
    who = "de toezichthouder en wie hier de rol heeft van Functionaris voor gegevensbescherming"
    named = f"C4: alleen voor wie hier genoemd is: {who} of Veiligheidsverantwoordelijke"
    assert row["readers"] == named
    assert "C4: de toezichthouder, Functionaris voor gegevensbescherming, Veiligheidsverantwoordelijke" in (
        ines.get("/toezicht/registers").text
    )
    for path in ("/breach", f"/stuk/{breach['record_id']}"):
        assert named in ines.get(f"/toezicht/registers{path}").text, path
    whole = ines.http.get("/toezicht/registers/breach.json", base_url=BASE_URL)
    assert (whole.json or {})["readers"] == named
    assert (whole.json or {})["records"][0]["inside"][0]["register"] == "breach_assessment"
    assert whole.headers["Cache-Control"] == "no-store"


@pytest.mark.requirement("R154", "R189")
def test_a_document_fills_in_a_usual_period_and_says_who_may_have_it(app: Flask, house: TheHouse) -> None:
    ines = visitor(app, house, house.inspector())
    page = ines.get("/toezicht/documenten")
    offered = [link for link in page.links if "periode=" in link]
    assert len(offered) == 3
    for link in offered:
        path, _, query = link.removesuffix("#soort").partition("?")
        filled = ines.get(path, periode=query.removeprefix("periode="))
        form = filled.form("/toezicht/documenten").fields
        assert '<option value="evidence" selected>' in filled.html
        made = ines.press(filled, "/toezicht/documenten", soort="evidence")
        assert f"over {saying.day(form['van'])} tot en met {saying.day(form['tot'])}" in made.text
        assert "C4: alleen voor wie hier genoemd is: de toezichthouder en wie hier de rol heeft" in made.text
    assert ines.get("/toezicht/documenten", periode="ooit").status == 400
    assert ines.get("/toezicht/documenten", anders="x").status == 400


@pytest.mark.parametrize(
    ("now", "this", "before", "five"),
    [
        ("2026-11-22", ("2026-07-01", "2026-11-22"), ("2026-01-01", "2026-06-30"), "2021-11-23"),
        ("2027-06-30", ("2027-01-01", "2027-06-30"), ("2026-07-01", "2026-12-31"), "2022-07-01"),
        ("2027-07-01", ("2027-07-01", "2027-07-01"), ("2027-01-01", "2027-06-30"), "2022-07-02"),
        ("2028-02-29", ("2028-01-01", "2028-02-29"), ("2027-07-01", "2027-12-31"), "2023-03-02"),
    ],
)
def test_usual_periods_are_whole_halves_of_a_year_and_five_years(
    now: str, this: tuple[str, str], before: tuple[str, str], five: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("web.days.today", lambda: date.fromisoformat(now))
    found = {one.code: (one.first.isoformat(), one.last.isoformat()) for one in usual_spans()}
    assert found == {"dit-halfjaar": this, "vorig-halfjaar": before, "vijf-jaar": (five, now)}


def test_what_is_not_there_is_not_found_and_a_hand_made_form_is_refused(
    app: Flask, house: TheHouse, hilde: Colleague
) -> None:
    writing, ines = visitor(app, house, hilde.session), visitor(app, house, house.inspector())
    for path in ("no_such", "Risk", "no_such.json", f"stuk/{uuid4()}"):
        assert ines.get(f"/toezicht/registers/{path}").status == 404
    for path in ("no_such", "no_such/nieuw", f"stuk/{uuid4()}"):
        assert writing.get(f"/dienst/registers/{path}").status == 404
    fields = writing.get(NEW.format("risk")).form("/nieuw").fields
    for more in ({"surprise": "x"}, {"stuk": "x"}, {"binnen": "../x"}):
        assert writing.send(NEW.format("risk"), fields | more).status == 400
    unknown: Page = writing.send(NEW.format("risk"), fields | said_as_typed(house) | {"stuk": str(uuid4())})
    assert unknown.status == 404


def said_as_typed(house: TheHouse) -> dict[str, str]:
    return {name: str(value) for name, value in said("risk", house.clock.now()).items()} | {"owner": HASH[:5]}
