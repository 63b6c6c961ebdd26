"""One's own readings as a file: what the door gives, in three formats, recorded; and nothing for anybody else."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable
from datetime import date, timedelta
from itertools import pairwise
from types import SimpleNamespace
from typing import cast

import pyarrow.parquet as pq
import pytest

from databeheer.metering.exports import read_export
from databeheer.metering.states import State
from databeheer.oversight.retention import DETAIL_MONTHS, HISTORY_YEARS
from databeheer.values import Granularity
from tests.conftest import LOTTES_EAN
from tests.databeheer.metering.builders import day_rows, english, real_files
from tests.doors import query
from tests.house import Customer, Party, TheHouse
from tests.web.portal.test_erasing import erase, move_out
from tests.web.portal.visiting import Page, Visitor
from web.portal import own_readings
from web.portal.downloading import MOST_YEARS, granularities
from web.portal.shown import Point

Visit = Callable[[Customer], Visitor]
PATH = "/mijn/verbruik/bestand"
REFUSED = "SELECT count(*) FROM ledger.body WHERE event = 'data.refused'"
AUTUMN = "2023-10-29"
WISH = {"van": AUTUMN, "tot": AUTUMN, "per": "quarter_hour", "vorm": "csv", "taal": "nl"}


def download(visitor: Visitor, address: str = "", **changes: str) -> Page:
    """Open the page, fill in the form, press its button."""
    page = visitor.get(PATH, **({"adres": address} if address else {}))
    return visitor.press(page, PATH, **(WISH | changes))


def content(page: Page) -> bytes:
    assert page.status == 200, page.text
    return page.response.get_data()


def owns(customer: Customer) -> list[dict[str, object]]:
    return [one for one in customer.statements(limit=200) if one["event"] == "data.read"]


@pytest.mark.requirement("R45")
def test_lottes_file_is_the_export_that_was_taken_in_and_its_reading_is_written_down(
    visit: Visit, measured_autumn: Customer
) -> None:
    visitor = visit(measured_autumn)
    assert any(link.startswith(PATH) for link in visitor.get("/mijn/verbruik", dag=AUTUMN).links)
    before = len(owns(measured_autumn))
    page = download(visitor)
    assert read_export(content(page)).days == read_export(english(*day_rows(date(2023, 10, 29)))).days
    assert len(owns(measured_autumn)) == before + 1
    assert "Uzelf Gelezen" in visitor.get("/mijn/gelezen").text


def test_the_answer_is_a_file_that_no_cache_keeps_and_whose_name_says_nothing_of_whom(
    visit: Visit, measured_autumn: Customer
) -> None:
    visitor = visit(measured_autumn)
    dutch, english_ = download(visitor), download(visitor, taal="en")
    headers = dutch.response.headers
    name = "Verbruikshistoriek_elektriciteit_20231029_20231029_kwartiertotalen.csv"
    assert headers["Content-Disposition"] == f'attachment; filename="{name}"'
    assert headers["Cache-Control"] == "no-store"
    assert headers["Content-Type"].startswith("text/csv")
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "Consumption_history_electricity_" in english_.response.headers["Content-Disposition"]
    assert content(english_).startswith(b"\xef\xbb\xbfFrom (date);")
    assert not re.search("[0-9]{12}|Lotte|Janssens", name)


@pytest.mark.requirement("R70")
@pytest.mark.parametrize(
    ("granularity", "rows"),
    [("quarter_hour", 100), ("hour", 25), ("day", 1), ("week", 1), ("month", 1), ("year", 1)],
)
def test_every_granularity_adds_up_to_the_same(
    visit: Visit, measured_autumn: Customer, granularity: str, rows: int
) -> None:
    page = download(visit(measured_autumn), van="2023-10-01", tot="2023-10-31", per=granularity)
    lines = content(page).decode("utf-8-sig").split("\r\n")[1:-1]
    assert len(lines) == rows
    assert sum(int(line.split(";")[8].replace(",", "")) for line in lines) == 5050


@pytest.mark.parametrize("finest", ["quarter_hour", "day"])
def test_what_a_file_can_be_stands_from_fine_to_coarse(finest: str) -> None:
    found = list(granularities(cast(Point, SimpleNamespace(finest=finest))))
    fine = ["quarter_hour", "hour", "day", "week", "month", "year"]
    assert found == fine[fine.index(finest) :]


@pytest.mark.parametrize(("day", "rows"), [("2023-03-26", 92), ("2023-06-01", 96), ("2023-10-29", 100)])
def test_days_of_every_length_come_whole_with_what_has_no_value(
    visit: Visit, house: TheHouse, lotte: Customer, day: str, rows: int
) -> None:
    asked = date.fromisoformat(day)
    taken = day_rows(asked)
    taken[20] = taken[20].but(volume="", state="No consumption")
    house.ingest(english(*taken))
    data = content(download(visit(lotte), van=day, tot=day))
    [back] = read_export(data).days
    assert len(back.values) == rows
    assert (back.values[20], back.states[20]) == (None, State.NONE)
    assert ";;kWh;Geen verbruik;" in data.decode()


def test_json_and_parquet_say_the_same_as_the_csv(visit: Visit, measured_autumn: Customer) -> None:
    visitor = visit(measured_autumn)
    document = json.loads(content(download(visitor, vorm="json")))
    [channel] = document["channels"]
    parquet = download(visitor, vorm="parquet")
    table = pq.read_table(io.BytesIO(content(parquet)))
    [day] = read_export(content(download(visitor))).days
    assert [round(float(one["value"]) * 1000) for one in channel["readings"]] == list(day.values)
    assert [int(value * 1000) for value in table["value"].to_pylist()] == list(day.values)
    assert [f"{at:%Y-%m-%dT%H:%M:%SZ}" for at in table["start"].to_pylist()] == [
        one["start"] for one in channel["readings"]
    ]
    assert document["receipts"][0]["index"] in [one["index"] for one in owns(measured_autumn)]
    assert document["granted"]
    assert parquet.response.headers["Content-Disposition"].endswith('_kwartiertotalen.parquet"')


def test_a_real_year_comes_back_as_it_was_taken_in_electricity_and_gas(
    visit: Visit, house: TheHouse, lotte: Customer
) -> None:
    ean = "541448899990000046"
    gas = house.point(ean, lotte, commodity="gas", address="Kerkstraat 1, 9000 Gent")
    electricity = next(
        str(one["occupancy_id"]) for one in lotte.call("me")["occupancies"] if one["ean"] == LOTTES_EAN
    )
    assert gas
    visitor = visit(lotte)
    for pattern, address in (("*electricity*0039*.csv", electricity), ("*gas*0046*.csv", gas)):
        [path] = real_files().glob(pattern)
        house.ingest(path)
        per = "hour" if address == gas else "quarter_hour"
        page = download(visitor, address, van="2023-10-22", tot="2023-11-30", taal="en", per=per)
        before = {(d.direction, d.unit, d.day): d for d in read_export(path).days}
        after = {(d.direction, d.unit, d.day): d for d in read_export(content(page)).days}
        assert after == before


def test_a_long_file_is_read_in_parts_each_written_down_and_holds_every_day_once(
    visit: Visit, house: TheHouse, lotte: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    days = [date(2023, 6, 1) + timedelta(days=offset) for offset in range(5)]
    house.ingest(english(*(row for day in days for row in day_rows(day, 60))))
    monkeypatch.setattr(own_readings, "PART", timedelta(days=2))
    before = len(owns(lotte))
    page = download(visit(lotte), van="2023-06-01", tot="2023-06-05")
    assert [day.day for day in read_export(content(page)).days] == days
    assert len(owns(lotte)) == before + 3


def test_the_parts_of_three_years_meet_and_months_are_not_cut() -> None:
    first, last = date(2021, 1, 1), date(2023, 12, 31)
    parts = list(own_readings._parts(first, last, Granularity.QUARTER_HOUR))
    assert parts[0][0] == first
    assert parts[-1][1] == last
    assert all(end + timedelta(days=1) == begin for (_, end), (begin, _) in pairwise(parts))
    assert list(own_readings._parts(first, last, Granularity.MONTH)) == [(first, last)]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"van": ""}, "Vul een eerste en een laatste dag in."),
        ({"tot": "2023-02-30"}, "Vul een eerste en een laatste dag in."),
        ({"van": "2023-11-02"}, "Draai de dagen om"),
        ({"van": "2021-12-31"}, "Kies een eerste dag vanaf dan"),
        ({"tot": "2999-01-01"}, "Kies een laatste dag tot en met"),
        ({"van": "2022-01-01", "tot": "2025-01-01"}, "Kies minder dagen"),
    ],
)
def test_days_that_cannot_be_say_what_to_do_and_nothing_is_read(
    visit: Visit, measured_autumn: Customer, changes: dict[str, str], words: str
) -> None:
    visitor = visit(measured_autumn)
    before = len(measured_autumn.statements(limit=200))
    page = download(visitor, **changes)
    assert page.status == 400
    assert words in page.text
    assert page.form(PATH).fields["tot"] == changes.get("tot", AUTUMN)
    assert not page.inline
    assert len(measured_autumn.statements(limit=200)) == before


def test_three_years_to_the_day_are_given(visit: Visit, measured_autumn: Customer) -> None:
    page = download(visit(measured_autumn), van="2022-01-01", tot="2024-12-31", per="day")
    assert len(read_export(content(page)).days) == 1


def test_days_without_readings_give_a_page_not_an_empty_file(visit: Visit, measured_autumn: Customer) -> None:
    page = download(visit(measured_autumn), van="2023-12-01", tot="2023-12-02")
    assert page.status == 404
    assert "Er zijn geen gegevens van deze dagen." in page.text
    assert page.has_form(PATH)


def test_who_has_no_address_is_told_so(visit: Visit, house: TheHouse) -> None:
    page = visit(house.customer("nora", "Nora Nieuw")).get(PATH)
    assert "Wij vinden geen aansluiting op uw naam." in page.text
    assert not page.has_form(PATH)


def test_a_meter_read_by_the_day_is_not_offered_finer(visit: Visit, house: TheHouse, lotte: Customer) -> None:
    occupancy = house.point(
        "541448899990000022", lotte, interval_reading=False, address="Zeedijk 8, Oostende"
    )
    assert occupancy
    page = visit(lotte).get(PATH, adres=occupancy)
    assert "Per dag" in page.text
    assert "Per kwartier" not in page.text
    assert download(visit(lotte), occupancy).status == 400


@pytest.mark.requirement("R98")
def test_joris_gets_nothing_of_lotte_and_that_he_tried_is_written_down(
    visit: Visit, house: TheHouse, measured_autumn: Customer
) -> None:
    joris = visit(house.customer("joris", "Joris Buitenstaander"))
    theirs = measured_autumn.occupancy()
    assert joris.get(PATH, adres=theirs).status == 404
    token = joris.get("/mijn/berichten/instellingen").forms[0].fields["csrf_token"]
    before = len(measured_autumn.statements(limit=200))
    page = joris.send(PATH, WISH | {"adres": theirs, "csrf_token": token})
    assert page.status == 404
    assert b"kWh" not in page.response.get_data()
    told = measured_autumn.statements(limit=200)
    assert len(told) == before + 1
    assert told[0]["event"] == "data.refused"


@pytest.mark.requirement("R98")
@pytest.mark.parametrize("per", ["quarter_hour", "day"])
@pytest.mark.parametrize(
    ("first", "last"),
    [
        ("9999-12-31", "9999-12-31"),
        ("0001-01-01", "0001-01-01"),
        ("0001-01-01", "9999-12-31"),
        ("2023-11-02", "2023-11-01"),
    ],
)
def test_whatever_days_joris_asks_of_lotte_he_is_refused_on_record_once(
    visit: Visit, house: TheHouse, measured_autumn: Customer, first: str, last: str, per: str
) -> None:
    joris = visit(house.customer("joris", "Joris Buitenstaander"))
    token = joris.get("/mijn/berichten/instellingen").forms[0].fields["csrf_token"]
    before = query(house, REFUSED)[0][0]
    wish = WISH | {"adres": measured_autumn.occupancy(), "csrf_token": token, "van": first, "tot": last}
    assert joris.send(PATH, wish | {"per": per}).status == 404
    assert query(house, REFUSED)[0][0] == before + 1


def test_joris_the_party_has_no_use_for_the_page(
    visit: Visit, stranger: Visitor, measured_autumn: Customer, joris: Party
) -> None:
    theirs = measured_autumn.occupancy()
    page = visit(measured_autumn).get(PATH)
    fields = page.form(PATH).fields | WISH | {"adres": theirs}
    stranger.http.set_cookie("session", joris.token)
    answer = stranger.send(PATH, fields)
    assert answer.status in (303, 400)
    assert b"kWh" not in answer.response.get_data()


def test_without_the_guard_of_the_form_or_a_log_in_nothing_leaves(
    visit: Visit, stranger: Visitor, measured_autumn: Customer
) -> None:
    theirs = measured_autumn.occupancy()
    visitor = visit(measured_autumn)
    before = len(measured_autumn.statements(limit=200))
    assert visitor.send(PATH, WISH | {"adres": theirs}).status == 400
    assert visitor.get(PATH + "?" + "&".join(f"{k}={v}" for k, v in WISH.items())).status == 400
    assert stranger.get(PATH).location == "/aanmelden"
    assert len(measured_autumn.statements(limit=200)) == before


def test_who_moved_out_takes_the_own_days_along_and_no_day_after(
    visit: Visit, house: TheHouse, measured_autumn: Customer, maria: Customer
) -> None:
    house.ingest(english(*(row for n in (1, 2, 3, 4) for row in day_rows(date(2024, 6, n)))))
    house.operator("registry.occupancy.end", ean=LOTTES_EAN, until_day="2024-06-03")
    house.operator(
        "registry.occupancy.begin",
        ean=LOTTES_EAN,
        person_id=str(maria.person_id),
        from_day="2024-06-03",
        interval_reading=True,
    )
    visitor = visit(measured_autumn)
    late = download(visitor, van="2024-06-01", tot="2024-06-04")
    assert late.status == 400
    assert "U woonde hier tot en met 2 juni 2024." in late.text
    own = download(visitor, van="2023-10-01", tot="2024-06-02")
    days = [day.day for day in read_export(content(own)).days]
    assert days == [date(2023, 10, 29), date(2024, 6, 1), date(2024, 6, 2)]


def test_erased_readings_are_said_to_be_erased(
    visit: Visit, house: TheHouse, measured_autumn: Customer
) -> None:
    stay = measured_autumn.occupancy()
    move_out(house, 3)
    visitor = visit(measured_autumn)
    form = visitor.get(PATH).form(PATH).fields | WISH
    index = erase(house, stay, "readings")
    page = visitor.get(PATH)
    assert f"zie inschrijving {index}" in page.text
    assert not page.has_form(PATH)
    tried = visitor.send(PATH, form)
    assert tried.status == 404
    assert f"zie inschrijving {index}" in tried.text


def test_a_form_that_is_not_ours_is_refused(visit: Visit, measured_autumn: Customer) -> None:
    visitor = visit(measured_autumn)
    form = visitor.get(PATH).form(PATH).fields | WISH
    for name, value in (("vorm", "xlsx"), ("per", "jaar"), ("taal", "fr"), ("adres", "x"), ("extra", "1")):
        assert visitor.send(PATH, form | {name: value}).status == 400, name


@pytest.mark.requirement("R70")
def test_one_file_holds_the_whole_history_that_is_due() -> None:
    assert MOST_YEARS >= HISTORY_YEARS
    assert 12 * MOST_YEARS >= DETAIL_MONTHS
