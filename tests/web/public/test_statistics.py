"""The page of statistics: empty, told, downloaded, and proven by a stranger."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import pytest
from flask.testing import FlaskClient

from databeheer.statistics.rules import Reason
from databeheer.values import ProfileType
from ledger import receipt
from ledger.vkeys import keys_of_log, parse_vkeys
from tests.databases import Databases
from tests.databeheer.statistics.town import GENT, run, settle
from tests.house import TheHouse, open_house
from tests.web.portal.visiting import Page
from tests.web.programs import publish
from tests.web.sites import browser, make_whole_site
from web import close
from web.public.wording import PROFILE_TYPES, WITHHELD, hour_words

NOBODY = "00000000-0000-4000-8000-000000000001"


@dataclass(frozen=True)
class Told:
    """A site on which October was told, and somebody who walks by."""

    house: TheHouse
    browser: FlaskClient
    answer: dict[str, Any]

    @property
    def address(self) -> str:
        return f"/statistieken/{self.answer['release_id']}"

    def page(self, address: str = "", status: int = 200) -> Page:
        answer = self.browser.get(self.address + address)
        assert answer.status_code == status
        return Page(answer)


@pytest.fixture(scope="module")
def told(databases: Databases) -> Iterator[Told]:
    with databases.clone() as database, open_house(database) as house:
        house.party("Netbeheerder Test", "dso", operator=1)
        settle(house, [100 + 5 * number for number in range(12)])
        app = make_whole_site(house)
        anybody = browser(app)
        answer = run(house)
        publish(house)
        yield Told(house, anybody, answer)
        close(app)


def test_where_nothing_was_told_the_page_says_so_and_by_which_rules(house: TheHouse) -> None:
    app = make_whole_site(house)
    anybody = browser(app)
    page = Page(anybody.get("/statistieken"))
    assert "Er is nog geen maand gepubliceerd." in page.text
    assert "Niemand heeft meer dan 15 % van een som." in page.text
    assert anybody.get("/statistieken.json").get_json()["releases"] == []
    assert "/statistieken" in Page(anybody.get("/register")).links
    close(app)


@pytest.mark.requirement("R11")
def test_a_day_is_shown_as_sums_between_two_numbers_over_so_many_customers(told: Told) -> None:
    assert told.address in Page(told.browser.get("/statistieken")).links
    page = told.page("?gemeente=44021&dag=2023-10-28")
    assert "huishoudens, minstens 10 6,0 kWh 6,5 kWh" in page.text
    assert "alle soorten samen" in page.text
    assert f"regel {told.answer['index']} van het logboek" in page.text


def test_who_names_no_day_sees_the_first_of_which_something_is_told(told: Told) -> None:
    assert "Gemeente 44021, 28 oktober 2023" in told.page().text


def test_a_day_of_which_nothing_may_be_shown_says_so(told: Told) -> None:
    assert "mogen wij hier geen enkele som tonen" in told.page("?dag=2023-10-02").text


def test_the_hour_that_comes_twice_is_told_apart(told: Told) -> None:
    text = told.page("?dag=2023-10-29").text
    assert "2.00 uur (zomertijd)" in text
    assert "2.00 uur (wintertijd)" in text
    assert hour_words(datetime(2023, 10, 29, 2, tzinfo=UTC)) == "3.00 uur"


@pytest.mark.requirement("R11")
def test_a_stranger_downloads_the_table_and_the_report_and_proves_both_from_the_log(told: Told) -> None:
    table = told.browser.get(f"{told.address}.csv")
    report = told.browser.get(f"{told.address}/report.json")
    proof = told.browser.get(f"{told.address}.tlog-proof")
    assert (table.status_code, report.status_code, proof.status_code) == (200, 200, 200)
    keys = keys_of_log(parse_vkeys(told.browser.get("/ledger/vkey").get_data(as_text=True)))
    proven = receipt.verify(receipt.parse(proof.data), keys)
    assert proven.opening is not None
    said = json.loads(proven.opening.shared_body)
    assert said["table_sha256"] == sha256(table.data).hexdigest()
    assert said["report_sha256"] == sha256(report.data).hexdigest()
    lines = list(csv.DictReader(io.StringIO(table.get_data(as_text=True))))
    assert {line["municipality"] for line in lines} == {GENT, "all"}
    assert len(lines) == json.loads(report.data)["second_look"]["lines"]


def test_programs_get_the_same_as_json(told: Told) -> None:
    [one] = told.browser.get("/statistieken.json").get_json()["releases"]
    assert (one["month"], one["entry"], one["csv"]) == (
        "2023-10",
        told.answer["index"],
        f"{told.address}.csv",
    )
    members = told.browser.get(f"{told.address}.json").get_json()
    lines = list(csv.DictReader(io.StringIO(told.browser.get(one["csv"]).get_data(as_text=True))))
    assert [float(line["kwh_from"]) for line in lines] == [line["kwh_from"] for line in members["lines"]]
    assert members["report"] == told.answer["report"]


@pytest.mark.parametrize(
    "address", ["", ".csv", ".json", "/report.json", ".tlog-proof", "?gemeente=44021", "?dag=2023-10-28"]
)
def test_what_was_not_told_is_not_there(told: Told, address: str) -> None:
    assert told.browser.get(f"/statistieken/{NOBODY}{address}").status_code == 404


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("?gemeente=31005", 404),
        ("?dag=2023-11-01", 404),
        ("?dag=yesterday", 400),
        ("?gemeente=' OR 1", 400),
        ("?gemeente=44021&gemeente=31005", 400),
        ("?ean=541448899990000039", 400),
    ],
)
def test_a_hand_made_question_is_answered_plainly(told: Told, query: str, status: int) -> None:
    told.page(query, status)


def test_every_code_has_words() -> None:
    assert set(WITHHELD) == {reason.value for reason in Reason}
    assert set(PROFILE_TYPES) == {kind.value for kind in ProfileType} | {"unknown", "rest", "all"}
