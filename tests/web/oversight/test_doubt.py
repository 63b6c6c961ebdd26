"""The regulator's page on doubt: numbers, cases, offenders, reports, files; and a doubt of its own."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from databeheer.brussels import day_of
from databeheer.door.client import DoorRefusedError
from databeheer.values import format_instant
from tests.conftest import LOTTES_EAN, MARIAS_EAN
from tests.databeheer.doubt.acts import raise_doubt
from tests.house import Customer, Party, TheHouse
from tests.web.portal.visiting import Page
from tests.web.sites import browser, make_whole_site
from web import close, saying
from web.oversight.doubt import COLUMNS, as_csv

PLACE = "/toezicht/twijfel"


@pytest.fixture
def ines(house: TheHouse) -> Iterator[FlaskClient]:
    """An inspector at her browser."""
    app = make_whole_site(house)
    yield browser(app, house.inspector())
    close(app)


@pytest.fixture
def granted(lotte: Customer, bram: Party) -> dict[str, Any]:
    asked = bram.ask()
    lotte.grant(asked)
    return asked


@pytest.mark.requirement("R108")
@pytest.mark.requirement("R113")
def test_the_regulator_reads_signals_block_latency_and_offenders_and_no_customer(
    house: TheHouse, ines: FlaskClient, lotte: Customer, bram: Party, granted: dict[str, Any]
) -> None:
    house.operator("doubt.terms.set", threshold=1, window_days=30)
    raise_doubt(lotte, granted)
    house.clock.advance(timedelta(seconds=1))
    house.operator(
        "doubt.signal",
        permission_id=granted["permission_id"],
        origin="consumer_body",
        concern="other",
        source="Ombudsdienst, dossier van Lotte Janssens",
        received_at=format_instant(house.clock.now() - timedelta(hours=5)),
    )
    page = Page(ines.get(PLACE))
    assert page.status == 200
    assert "Signalen 2" in page.text
    assert "Meteen geblokkeerd 1" in page.text
    assert f"{bram.name} 1 0 nog niet gevraagd" in page.text
    for secret in (lotte.name, LOTTES_EAN, "Ombudsdienst, dossier"):
        assert secret not in page.html
    for kind in ("json", "csv"):
        assert f"vorm={kind}" in "".join(page.links)
    told = json.loads(ines.get(PLACE, query_string={"vorm": "json"}).get_data())
    assert (told["signals"], told["blocked_at_once"], told["slowest_block_seconds"]) == (2, 1, 0)
    answer = ines.get(PLACE, query_string={"vorm": "csv"})
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="C3-twijfel-')
    assert answer.headers["Classification"].startswith("C3")
    header, line = csv.reader(io.StringIO(answer.get_data(as_text=True)))
    assert tuple(header) == COLUMNS
    assert dict(zip(header, line, strict=True))["state"] == "open"


def test_a_name_that_a_spreadsheet_would_calculate_is_only_a_name() -> None:
    case = dict.fromkeys(COLUMNS, "") | {"party": "=HYPERLINK(1)"}
    assert "'=HYPERLINK" in as_csv([case])


@pytest.mark.requirement("R99")
def test_an_inspector_reports_a_doubt_and_the_party_is_blocked_with_it(
    ines: FlaskClient, lotte: Customer, bram: Party, joris: Party, granted: dict[str, Any]
) -> None:
    post = [form for form in Page(ines.get(PLACE)).forms if form.method == "post" and form.action == PLACE]
    form = {"ean": LOTTES_EAN, "partij": bram.party_id, "wat": "not_given", "dossier": "VNR-12"}
    form |= {name: post[0].fields[name] for name in ("csrf_token", "melding")}
    for wrong, status in (
        ({"wat": ""}, 400),
        ({"dossier": "x"}, 400),
        ({"ean": "12"}, 400),
        ({"ean": MARIAS_EAN}, 404),
        ({"partij": joris.party_id}, 404),
        ({"melding": ""}, 400),
    ):
        assert ines.post(PLACE, data=form | wrong).status_code == status, wrong
    assert lotte.call("doubt.list")["cases"] == []
    assert ines.post(PLACE, data=form).status_code == 303
    with pytest.raises(DoorRefusedError) as refused:
        bram.read(granted["permission_id"])
    assert refused.value.code == "blocked"
    assert "een overheid" in Page(ines.get(PLACE)).text


def test_a_button_pressed_twice_is_one_signal_and_a_form_used_again_for_another_permission_is_none(
    ines: FlaskClient, lotte: Customer, maria: Customer, bram: Party, granted: dict[str, Any]
) -> None:
    maria.grant(bram.ask())
    post = [form for form in Page(ines.get(PLACE)).forms if form.method == "post" and form.action == PLACE]
    form = {"ean": LOTTES_EAN, "partij": bram.party_id, "wat": "not_given", "dossier": "VNR-12"}
    form |= {name: post[0].fields[name] for name in ("csrf_token", "melding")}
    for _ in range(2):
        assert ines.post(PLACE, data=form).status_code == 303
    [case] = lotte.call("doubt.list")["cases"]
    assert len(case["signals"]) == 1
    assert [one["event"] for one in case["history"]] == ["doubt.opened"]
    used = Page(ines.post(PLACE, data=form | {"ean": MARIAS_EAN}))
    assert used.status == 409
    assert "al verzonden" in used.text
    assert maria.call("doubt.list")["cases"] == []
    again = [one for one in used.forms if one.method == "post" and one.action == PLACE]
    assert again[0].fields["melding"] != form["melding"]


@pytest.mark.parametrize("form", ["pagina", "json", "csv"])
def test_a_day_that_cannot_be_is_named_with_the_days_that_can(
    house: TheHouse, ines: FlaskClient, form: str
) -> None:
    tomorrow = (day_of(house.clock.now()) + timedelta(days=1)).isoformat()
    possible = f"Vul een dag in, van 1 januari 1990 tot en met {saying.day(house.clock.now())}."
    for name, words in (("van", "Eerste dag"), ("tot", "Laatste dag")):
        for day in ("1900-01-01", tomorrow, "gisteren", ""):
            page = Page(ines.get(PLACE, query_string={name: day, "vorm": form}))
            assert page.status == 400
            assert f"{words}: {possible}" in page.text
            assert f"#{name}" in page.links
    turned = Page(ines.get(PLACE, query_string={"van": "2024-02-01", "tot": "2024-01-01", "vorm": form}))
    assert turned.status == 400
    assert "De laatste dag ligt voor de eerste." in turned.text


def test_who_cannot_be_helped_is_led_back_to_pages_of_his_own(
    house: TheHouse, ines: FlaskClient, lotte: Customer
) -> None:
    customer = browser(ines.application, lotte.session)
    for path in ("/nergens", f"{PLACE}?vorm=boek"):
        page = Page(ines.get(path))
        assert page.status in (400, 404)
        assert "/toezicht" in page.links
        assert "/mijn" not in page.links
    for path in ("/nergens", "/mijn/verbruik?adres=x"):
        page = Page(customer.get(path))
        assert "/mijn" in page.links
        assert "/toezicht" not in page.links


def test_a_customer_and_a_stranger_get_no_page_and_no_file(
    house: TheHouse, lotte: Customer, granted: dict[str, Any]
) -> None:
    app = make_whole_site(house)
    for query in ({}, {"vorm": "json"}, {"vorm": "csv"}):
        assert browser(app).get(PLACE, query_string=query).status_code == 303
        assert browser(app, lotte.session).get(PLACE, query_string=query).status_code == 403
    customer = browser(app, lotte.session)
    [token] = {
        form.fields["csrf_token"]
        for form in Page(customer.get("/mijn/twijfel")).forms
        if "csrf_token" in form.fields
    }
    assert customer.post(PLACE, data={"csrf_token": token}).status_code == 403
    close(app)
