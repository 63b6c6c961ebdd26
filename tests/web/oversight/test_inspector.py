"""An inspector's minute: what was read and refused, the joins, how to check; and nobody else gets in."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask.testing import FlaskClient

from databeheer.door.client import DoorRefusedError, Proof
from tests.conftest import LOTTES_EAN
from tests.databeheer.joins.street import STRICT, settle
from tests.house import Customer, Party, TheHouse
from tests.web.portal.visiting import Page
from tests.web.programs import publish
from tests.web.sites import browser, make_whole_site
from web import close

PAGES = ("/toezicht", "/toezicht/logboek", "/toezicht/koppelingen", "/toezicht/berichten")


@pytest.fixture
def ines(house: TheHouse) -> Iterator[FlaskClient]:
    """An inspector at her browser."""
    app = make_whole_site(house)
    yield browser(app, house.inspector())
    close(app)


@pytest.mark.parametrize("path", PAGES)
def test_who_is_not_logged_in_logs_in_first_and_a_customer_is_told_plainly(
    house: TheHouse, lotte: Customer, path: str
) -> None:
    app = make_whole_site(house)
    nobody = browser(app).get(path)
    assert (nobody.status_code, nobody.headers["Location"]) == (303, "/aanmelden")
    customer = Page(browser(app, lotte.session).get(path))
    assert customer.status == 403
    assert "Deze pagina is voor de toezichthouder" in customer.text
    close(app)


def test_an_inspector_counts_reads_and_refusals_per_ground_and_party(
    ines: FlaskClient, lotte: Customer, bram: Party
) -> None:
    asked = bram.ask()
    lotte.grant(asked)
    bram.read(asked["permission_id"])
    bram.read(asked["permission_id"])
    lotte.withdraw(asked["permission_id"])
    with pytest.raises(Exception, match="withdrawn"):
        bram.read(asked["permission_id"])
    page = Page(ines.get("/toezicht"))
    assert (
        f"{bram.name} energiedienst Artikel 4.1.22/5, 5° van het Energiedecreet van 8 mei 2009. 2"
        in page.text
    )
    assert f"{bram.name} energiedienst De toestemming is ingetrokken. 1" in page.text
    assert "Ingetrokken door de klant 1" in page.text
    assert lotte.name not in page.html


@pytest.mark.requirement("R9")
def test_an_inspector_sees_how_often_each_party_is_refused_and_how_long_it_waits(
    house: TheHouse, ines: FlaskClient, lotte: Customer, bram: Party, net: Party
) -> None:
    """The grid operator stands in the same list, also before it asked anything: one queue, and one report."""
    assert f"{net.name} netbeheerder 0 0 – –" in Page(ines.get("/toezicht")).text
    for _ in range(3):
        with pytest.raises(DoorRefusedError):
            bram.read(ean=LOTTES_EAN)
    day = {"from": "2023-10-28T22:00:00Z", "until": "2023-10-29T23:00:00Z", "granularity": "day"}
    net.read(ean=LOTTES_EAN, **day)
    told = house.client.call("oversight.summary", Proof.session(house.inspector()))["treatment"]
    by_name = {one["party"]["name"]: one for one in told}
    assert {name: (one["asked"], one["refused"], one["waits"]) for name, one in by_name.items()} == {
        bram.name: (3, 3, 3),
        net.name: (1, 0, 1),
    }
    assert all(0 < one["mean_ms"] <= one["longest_ms"] for one in told)
    page = Page(ines.get("/toezicht"))
    assert "Wordt iedereen gelijk behandeld?" in page.text
    assert f"{bram.name} energiedienst 3 3 (100 %)" in page.text
    assert f"{net.name} netbeheerder 1 0 (0 %)" in page.text
    given = ines.get("/toezicht/cijfers.json").get_json()
    assert {(one["party"]["name"], one["event"], one["operator"], one["count"]) for one in given["rows"]} == {
        (bram.name, "data.refused", 0, 3),  # refused before it was known whose grid it is
        (net.name, "data.read", 1, 1),
    }
    assert [one["asked"] for one in given["treatment"]] == [3, 1]
    before = ines.get("/toezicht/cijfers.json?tot=2020-01-01")
    assert before.get_json()["rows"] == []
    assert 'filename="cijfers-tot-2020-01-01.json"' in before.headers["Content-Disposition"]
    for wrong in ("van=gisteren", "van=2020-01-01&van=2020-01-02", "wie=allen"):
        assert ines.get(f"/toezicht/cijfers.json?{wrong}").status_code == 400


def test_the_emergency_stop_shows_at_once(ines: FlaskClient, house: TheHouse) -> None:
    page = Page(ines.get("/toezicht"))
    assert "De noodstop staat uit" in page.text
    assert "Koppelen is gesloten" not in page.text
    house.operator("link.close", reason="een oefening", by="Ona Operator")
    closed = Page(ines.get("/toezicht")).text.partition("Koppelen is gesloten")[2]
    assert closed.startswith(" Sinds ")
    assert "koppelt niemand een aansluiting. Reden: een oefening" in closed
    house.operator("link.reopen", reason="voorbij", by="Ona Operator")
    assert "Koppelen is gesloten" not in Page(ines.get("/toezicht")).text
    house.operator("stop.set", reason="Lek gemeld")
    assert "Lek gemeld" in Page(ines.get("/toezicht")).text


def test_three_lines_to_copy_hold_the_real_address_and_key(ines: FlaskClient, house: TheHouse) -> None:
    key = publish(house)
    page = Page(ines.get("/toezicht/logboek"))
    assert f"echo '{key.vkey}' > log.vkey" in page.text
    assert ".venv/bin/ledger verify http://127.0.0.1:8000/ledger --key log.vkey --full --state" in page.text
    assert ".venv/bin/databeheer ledger audit" in page.text
    root = (house.folder / "public" / "checkpoint").read_text().splitlines()[2]  # as it is signed
    assert root in page.text


@pytest.mark.requirement("R11", "R130")
def test_an_inspector_runs_a_lawful_join_and_is_refused_another_both_recorded(
    ines: FlaskClient, house: TheHouse
) -> None:
    house.party("Toezichthouder", "regulator")
    neighbours = settle(house, 10)
    forms = Page(ines.get("/toezicht/koppelingen"))
    lawful, unlawful = [form for form in forms.forms if form.action == "/toezicht/koppelingen"]
    ran = Page(ines.post("/toezicht/koppelingen", data=lawful.fields))
    assert "Uitgevoerd en vastgelegd" in ran.text
    refused = Page(ines.post("/toezicht/koppelingen", data=unlawful.fields))
    assert "Deze koppeling staat niet op de lijst" in refused.text
    assert refused.text.count("Toezichthouder Uitgevoerd") == 1
    assert refused.text.count("Toezichthouder Geweigerd") == 1
    assert "Verbruik naast adressen leggen, om reclame te maken" in refused.text
    for page in (refused, Page(ines.get("/toezicht"))):
        assert "consumption-with-addresses" not in page.text
        assert "marketing" not in page.text
    assert [one["event"] for one in neighbours[0].person.statements(kind="reads")] == ["join.run"]


def test_a_join_is_not_run_by_a_form_of_somebody_elses(ines: FlaskClient, house: TheHouse) -> None:
    house.party("Toezichthouder", "regulator")
    assert ines.post("/toezicht/koppelingen", data={"wish": "lawful"}).status_code == 400
    fields = next(
        form for form in Page(ines.get("/toezicht/koppelingen")).forms if "wish" in form.fields
    ).fields
    assert ines.post("/toezicht/koppelingen", data=fields | {"wish": "everything"}).status_code == 400
    assert ines.post("/toezicht/koppelingen", data=fields | {"eans": "1"}).status_code == 400
    assert "Er werd nog geen koppeling gevraagd" in Page(ines.get("/toezicht/koppelingen")).text


def test_a_list_without_a_valid_signature_stops_joins_and_shows(ines: FlaskClient, house: TheHouse) -> None:
    house.party("Toezichthouder", "regulator")
    house.join_files.note.unlink()
    page = Page(ines.get("/toezicht/koppelingen"))
    assert "De lijst is nu niet geldig" in page.text
    form = next(form for form in page.forms if form.fields.get("wish") == "lawful")
    refused = Page(ines.post("/toezicht/koppelingen", data=form.fields))
    assert "niet geldig ondertekend" in refused.text


def test_a_join_that_more_people_must_agree_to_waits_and_shows_nothing(
    ines: FlaskClient, house: TheHouse
) -> None:
    house.sign_joins(STRICT)
    settle(house, 10)
    house.party("Toezichthouder", "regulator")
    form = next(
        form for form in Page(ines.get("/toezicht/koppelingen")).forms if form.fields.get("wish") == "lawful"
    )
    page = Page(ines.post("/toezicht/koppelingen", data=form.fields))
    assert "de goedkeuring van 2 personen, u inbegrepen" in page.text
    assert "Totalen per maand" not in page.text
