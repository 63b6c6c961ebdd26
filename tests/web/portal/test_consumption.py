"""One's own consumption: every slot in its place, holes as holes, and recorded like any other read."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, timedelta

import pytest

from databeheer.brussels import day_bounds, day_of
from databeheer.values import format_instant
from tests.conftest import LOTTES_EAN
from tests.databeheer.metering.builders import ENGLISH_GAS, Row, day_rows, english, text
from tests.house import Customer, Party, TheHouse
from tests.series import as_series
from tests.web.portal.visiting import Page, Visitor
from web import saying
from web.portal.chart import Bar, Tick, draw
from web.portal.consumed import Answer, Series, series_of
from web.portal.windows import Days, Span, Steps, Window

Visit = Callable[[Customer], Visitor]
LOTTES_GAS = "541448899990000046"
MARCH, OCTOBER = date(2023, 3, 26), date(2023, 10, 29)


def by_quarters(day: date, *channels: dict[str, object]) -> Series:
    """What is drawn of a day that is read by the quarter-hour."""
    window = quarters_of(day)
    steps = Steps.of(Days(day, day), lambda _: "quarter_hour")
    (series,) = series_of(Answer(window, steps, channels), None)
    return series


def quarters_of(day: date) -> Window:
    return Window.around(day, Span.DAY, "quarter_hour")


def channel(
    window: Window, direction: str = "offtake", value: int | None = 100, skip: int = 0
) -> dict[str, object]:
    step = {"quarter_hour": timedelta(minutes=15), "hour": timedelta(hours=1)}.get(window.granularity)
    slots = [
        {
            "start": format_instant(at),
            "end": format_instant(at + step if step else day_bounds(day_of(at))[1]),
            "value": value,
            "state": "READ",
            "register": "night",
        }
        for at in window.bars()[skip:]
    ]
    return {"direction": direction, "unit": "kWh", "meter": "1SAG9990000003", "series": as_series(slots)}


@pytest.mark.parametrize(("day", "slots"), [(MARCH, 92), (date(2023, 6, 1), 96), (OCTOBER, 100)])
def test_every_quarter_of_the_day_has_its_bar(day: date, slots: int) -> None:
    series = by_quarters(day, channel(quarters_of(day)))
    assert len(series.rows) == slots
    bars = re.search(r'class="bar-offtake" d="([^"]*)"', series.chart)
    assert bars
    assert bars.group(1).count("M") == slots
    assert (series.offtake.value, series.offtake.is_partial) == (slots * 100, False)


def test_the_double_hour_of_october_is_named_twice() -> None:
    labels = [row.label for row in by_quarters(OCTOBER, channel(quarters_of(OCTOBER))).rows]
    assert len(set(labels)) == 100
    assert "02.15 uur (zomertijd)" in labels
    assert "02.15 uur (wintertijd)" in labels
    assert "03.15 uur" in labels


def test_a_slot_that_was_never_sent_is_a_hole_not_a_shift() -> None:
    day = date(2023, 6, 1)
    series = by_quarters(day, channel(quarters_of(day), skip=24))
    assert [row.offtake.value for row in series.rows[:25]] == [None] * 24 + [100]
    assert series.has_gaps
    assert (series.offtake.missing, series.offtake.steps) == (24, 96)
    assert re.search(r'class="gap" d="([^"]*)"', series.chart).group(1).count("M") == 24  # type: ignore[union-attr]


def test_a_measured_zero_is_no_hole() -> None:
    day = date(2023, 6, 1)
    series = by_quarters(day, channel(quarters_of(day), value=0))
    assert not series.has_gaps
    assert series.offtake.value == 0


def test_a_day_without_any_value_has_no_total() -> None:
    day = date(2023, 6, 1)
    series = by_quarters(day, channel(quarters_of(day), value=None))
    assert (series.offtake.value, series.offtake.is_partial) == (None, False)


def test_meters_of_one_direction_add_up_and_directions_stay_apart() -> None:
    window = quarters_of(date(2023, 6, 1))
    series = by_quarters(
        window.chosen, channel(window), channel(window, value=50), channel(window, "injection", 30)
    )
    assert (series.offtake.value, series.injection.value) == (96 * 150, 96 * 30)


@pytest.mark.parametrize(
    ("chosen", "span", "first", "last", "bars"),
    [
        (OCTOBER, Span.WEEK, date(2023, 10, 23), OCTOBER, 7),
        (MARCH, Span.WEEK, date(2023, 3, 20), MARCH, 7),
        (OCTOBER, Span.MONTH, date(2023, 10, 1), date(2023, 10, 31), 31),
        (date(2024, 2, 29), Span.MONTH, date(2024, 2, 1), date(2024, 2, 29), 29),
        (date(2023, 12, 31), Span.YEAR, date(2023, 1, 1), date(2023, 12, 31), 12),
        (date(2024, 12, 31), Span.YEAR, date(2024, 1, 1), date(2024, 12, 31), 12),
    ],
)
def test_a_window_is_whole_weeks_months_and_years(
    chosen: date, span: Span, first: date, last: date, bars: int
) -> None:
    window = Window.around(chosen, span, "quarter_hour")
    assert (window.first, window.last, len(window.bars())) == (first, last, bars)
    assert Window.around(window.before, span, "day").after == first


@pytest.mark.parametrize(
    ("chosen", "span", "until", "first", "last"),
    [
        (OCTOBER, Span.DAY, OCTOBER, date(2022, 10, 29), date(2022, 10, 29)),
        (date(2024, 2, 29), Span.DAY, date(2024, 2, 29), date(2023, 2, 28), date(2023, 2, 28)),
        (OCTOBER, Span.WEEK, OCTOBER, date(2022, 10, 24), date(2022, 10, 30)),
        (OCTOBER, Span.WEEK, date(2023, 10, 24), date(2022, 10, 24), date(2022, 10, 25)),
        (date(2024, 2, 5), Span.MONTH, date(2024, 2, 29), date(2023, 2, 1), date(2023, 2, 28)),
        (date(2025, 2, 5), Span.MONTH, date(2025, 2, 28), date(2024, 2, 1), date(2024, 2, 29)),
        (OCTOBER, Span.YEAR, OCTOBER, date(2022, 1, 1), date(2022, 10, 29)),
    ],
)
def test_a_year_before_goes_as_far_as_this_year_does(
    chosen: date, span: Span, until: date, first: date, last: date
) -> None:
    past = Window.around(chosen, span, "quarter_hour").a_year_before(until)
    assert (past.first, past.last) == (first, last)


def test_the_chart_has_a_name_for_who_hears_it_and_no_style() -> None:
    chart = draw(
        [Bar(1, 2), Bar(None, None)], [Tick(0, "<b>")], name="one", title="Titel <x>", description="Uitleg"
    )
    assert 'role="img"' in chart
    assert '<title id="one-title">Titel &lt;x&gt;</title>' in chart
    assert "<b>" not in chart
    assert "style" not in chart


def test_lottes_own_look_shows_all_hundred_quarters_and_is_recorded(
    visit: Visit, measured_autumn: Customer
) -> None:
    visitor = visit(measured_autumn)
    page = visitor.get("/mijn/verbruik", dag="2023-10-29")
    assert "Zondag 29 oktober 2023" in page.text
    assert "Toon de 100 cijfers in een tabel" in page.text
    assert "Deze dag telde 25 uur." in page.text
    assert "Deze dag telde" not in visitor.get("/mijn/verbruik", dag="2023-10-29", periode="maand").text
    assert "5,050 kWh van het net afgenomen" in page.text
    assert len(page.html.encode()) < 100_000
    text = visitor.get("/mijn/gelezen").text
    assert "Uzelf Gelezen" in text
    assert "ten hoogste 100 waarden" in text


def measured_years(house: TheHouse, lotte: Customer) -> str:
    """Days of two years of stroom with injection and an estimate, and of gas; returns the occupancy of the gas."""
    injected = Row(register="Injection Day")
    estimated = Row(state="Estimated")
    house.ingest(
        english(
            *day_rows(date(2022, 10, 24)),
            *day_rows(MARCH),
            *day_rows(date(2023, 10, 23), row=estimated),
            *day_rows(date(2023, 10, 24))[:-4],
            *day_rows(OCTOBER),
            *day_rows(OCTOBER, row=injected),
        )
    )
    gas = house.point(LOTTES_GAS, lotte, commodity="gas")
    assert gas
    row = Row(ean=f'="{LOTTES_GAS}"', meter="7FLO9990000001", meter_type="Digital meter", register="Offtake")
    house.ingest(
        text(
            ENGLISH_GAS,
            [
                each.but(unit=unit)
                for day in (MARCH, OCTOBER)
                for each in day_rows(day, 60, row=row)
                for unit in ("kWh", "m3")
            ],
            tail=("Definitive", ""),
        )
    )
    return gas


def rows_of(page: Page) -> dict[str, list[str]]:
    """The cells of each row of the first table, by its heading."""
    table = page.html.partition("<tbody>")[2].partition("</tbody>")[0]
    plain = [re.sub(r"<[^>]+>", " ", cell) for cell in re.findall(r"<t[hd].*?</t[hd]>", table, re.DOTALL)]
    across = page.html.partition("<thead>")[2].partition("</thead>")[0].count("<th ")
    cells = [" ".join(cell.split()) for cell in plain]
    return {cells[at]: cells[at + 1 : at + across] for at in range(0, len(cells), across)}


def test_weeks_months_and_years_add_up_the_days_and_say_what_they_lack(
    visit: Visit, house: TheHouse, lotte: Customer
) -> None:
    gas = measured_years(house, lotte)
    stroom = lotte.occupancy() if lotte.occupancy() != gas else lotte.occupancy(1)
    visitor = visit(lotte)

    def look(day: date, span: str, address: str = stroom) -> Page:
        page = visitor.get("/mijn/verbruik", adres=address, dag=day.isoformat(), periode=span)
        assert page.status == 200
        assert len(page.html.encode()) < 100_000
        return page

    week = look(OCTOBER, "week")
    assert "23 oktober 2023 tot en met 29 oktober 2023" in week.text
    # 4.656 of a Monday, 4.278 of a Tuesday that lacks an hour, and 5.050 of the day of 25 hours.
    assert (
        "13,984 kWh van het net afgenomen Dit is van 288 van de 676 kwartieren: 388 ontbreken." in week.text
    )
    assert "5,050 kWh op het net gezet (injectie) Dit is van 100 van de 676 kwartieren" in week.text
    assert "Een jaar vroeger, van 24 oktober 2022 tot en met 30 oktober 2022: 4,656 kWh ." in week.text
    assert "Dit is van 96 van de 676 kwartieren: 580 ontbreken." in week.text
    days = rows_of(week)
    assert list(days.values()) == [
        ["4,656", "4,656", "geen waarde", "–", "geschat"],
        ["4,278 4 kwartieren ontbreken", "–", "geen waarde", "–", "uitgelezen"],
        *[["geen waarde", "–", "geen waarde", "–", "–"]] * 4,
        ["5,050", "–", "5,050", "–", "uitgelezen"],
    ]
    assert week.html.count("<circle ") == 1  # the estimate, by its shape
    assert "Geheel of deels geschat: een rondje" in week.text
    assert "een rondje" not in look(MARCH, "week").text
    assert "4,278 kWh van het net afgenomen Dit is van 92 van de 668 kwartieren" in look(MARCH, "week").text

    month = look(OCTOBER, "maand")
    assert "13,984 kWh" in month.text
    assert "van de 2.980 kwartieren" in month.text  # 31 days and an hour
    assert len(rows_of(month)) == 31
    assert rows_of(month)["29 oktober 2023"][0] == "5,050"
    assert "van de 2.972 kwartieren" in look(MARCH, "maand").text
    year = look(OCTOBER, "jaar")
    months = rows_of(year)
    assert len(months) == 12
    assert months["maart 2023"][:2] == ["4,278 2.880 kwartieren ontbreken", "–"]
    assert months["oktober 2023"][:2] == [
        "13,984 2.692 kwartieren ontbreken",
        "4,656 2.884 kwartieren ontbreken",
    ]
    assert "18,262 kWh" in year.text
    assert "van de 35.040 kwartieren" in year.text
    day = look(date(2023, 10, 24), "dag")
    assert "4,278 kWh van het net afgenomen Dit is van 92 van de 96 kwartieren: 4 ontbreken." in day.text
    before = look(date(2023, 10, 24), "dag").text
    assert "Een jaar vroeger, op maandag 24 oktober 2022: 4,656 kWh ." in before

    of_gas = look(OCTOBER, "week", gas)
    assert "0,325 kWh van het net afgenomen Dit is van 25 van de 169 uren: 144 ontbreken." in of_gas.text
    assert "0,325 m³" in of_gas.text
    assert "van de 167 uren" in look(MARCH, "week", gas).text
    assert "Toon de 25 cijfers in een tabel" in look(OCTOBER, "dag", gas).text
    assert "Van een jaar vroeger zijn er geen gegevens." in of_gas.text

    first = look(date(2022, 10, 24), "week")
    assert "Een jaar vroeger was dit adres nog niet van u" in first.text
    looked = lotte.statements(kind="reads")[0]  # and nothing was asked of before her time
    assert looked["period"]["from"] == "2022-10-23T22:00:00Z"


def test_weeks_of_before_and_after_ones_own_time_are_not_asked(
    visit: Visit, house: TheHouse, lotte: Customer, maria: Customer
) -> None:
    house.ingest(english(*(row for day in range(24, 30) for row in day_rows(date(2023, 10, day)))))
    house.operator("registry.occupancy.end", ean=LOTTES_EAN, until_day="2023-10-26")
    noor = house.customer("noor", "Noor")
    person = {"person_id": str(noor.person_id), "from_day": "2023-10-26"}
    house.operator("registry.occupancy.begin", ean=LOTTES_EAN, interval_reading=True, **person)
    left = visit(lotte).get("/mijn/verbruik", dag="2023-10-25", periode="week")
    came = visit(noor).get("/mijn/verbruik", dag="2023-10-26", periode="week")
    assert "9,312 kWh van het net afgenomen Dit is van 192 van de 288 kwartieren: 96 ontbreken." in left.text
    assert [cells[0] for cells in rows_of(left).values()] == [
        "geen waarde",
        "4,656",
        "4,656",
        "–",
        "–",
        "–",
        "–",
    ]
    assert [cells[0] for cells in rows_of(came).values()] == [
        "–",
        "–",
        "–",
        "4,656",
        "4,656",
        "4,656",
        "5,050",
    ]
    assert "Een jaar vroeger was dit adres nog niet van u" in came.text
    for person, page in ((lotte, left), (noor, came)):
        assert page.status == 200
        assert {one["event"] for one in person.statements(kind="reads")} == {"data.read"}
    assert "Volgende week" not in left.text
    assert "Vorige week" not in came.text
    whole_year = visit(noor).get("/mijn/verbruik", dag="2023-01-01", periode="jaar")
    assert (
        "Dit adres is van u vanaf 26 oktober 2023. Daarom ziet u het jaar van 26 oktober 2023."
        in whole_year.text
    )
    assert "U kunt kiezen uit 26 oktober 2023 tot en met " in whole_year.text
    assert visit(maria).get("/mijn/verbruik", adres=lotte.occupancy(), periode="jaar").status == 404


def test_a_day_without_data_says_so_and_leads_to_the_nearest_that_there_is(
    visit: Visit, measured_autumn: Customer
) -> None:
    visitor = visit(measured_autumn)
    yesterday = day_of(measured_autumn.house.clock.now()) - timedelta(days=1)
    late = visitor.get("/mijn/verbruik", dag=yesterday.isoformat())
    assert "Er zijn geen gegevens van deze dag. Gegevens komen meestal één dag later binnen" in late.text
    assert "Kerkstraat 1, 9000 Gent, elektriciteit" in late.text  # of which address, where she has one
    long_ago = visitor.get("/mijn/verbruik", dag="2023-12-01")
    assert "Er zijn geen gegevens van deze dag. De nieuwste zijn van" in long_ago.text
    assert "Gegevens komen meestal" not in long_ago.text
    early = visitor.get("/mijn/verbruik", dag="2022-03-01")
    assert "Er zijn geen gegevens van deze dag. De oudste zijn van" in early.text
    assert "Gegevens komen meestal" not in early.text
    [oldest] = [link for link in early.links if "dag=2023-10" in link]
    assert "Er zijn geen gegevens" not in visitor.get(oldest.replace("&amp;", "&")).text


def test_a_day_of_rows_without_a_value_is_not_told_as_zero(
    visit: Visit, house: TheHouse, lotte: Customer
) -> None:
    house.ingest(
        english(*(row.but(volume="", state="No Consumption") for row in day_rows(date(2023, 10, 30))))
    )
    page = visit(lotte).get("/mijn/verbruik", dag="2023-10-30")
    assert "De meter gaf voor deze dag geen geldige waarde door." in page.text
    assert "0,000 kWh" not in page.text


def test_a_meter_read_by_the_day_shows_a_month(visit: Visit, house: TheHouse, lotte: Customer) -> None:
    ean = "541448899990000022"
    occupancy = house.point(ean, lotte, interval_reading=False, address="Zeedijk 8, 8400 Oostende")
    assert occupancy
    whole_day = Row(
        begin="12/10/2023", begin_time="00:00:00", end="13/10/2023", end_time="00:00:00", volume="5,050"
    )
    house.ingest(english(whole_day.but(ean=f'="{ean}"', meter="1SAG9990000009")))
    visitor = visit(lotte)
    page = visitor.get("/mijn/verbruik", adres=occupancy, dag="2023-10-12")
    assert "1 oktober 2023 tot en met 31 oktober 2023" in page.text
    assert "Toon de 31 cijfers in een tabel" in page.text
    assert "5,050 kWh" in page.text
    assert "Dit is van 1 van de 31 dagen: 30 ontbreken." in page.text
    assert "maar één keer gelezen" not in page.text
    page = visitor.get("/mijn/verbruik", adres=occupancy, dag="2023-10-12", periode="dag")
    assert "Op 12 oktober 2023 werd uw meter maar één keer gelezen." in page.text
    assert "Toon de 31 cijfers in een tabel" in page.text


@pytest.mark.parametrize(
    ("asked", "instead"),
    [
        (
            "2019-01-01",
            "U vroeg 1 januari 2019. Dit adres is van u vanaf 1 januari 2022. Daarom ziet u 1 januari 2022.",
        ),
        ("0001-01-01", "Dit adres is van u vanaf 1 januari 2022. Daarom ziet u 1 januari 2022."),
        (
            "2999-12-31",
            "U vroeg 31 december 2999. Van vandaag en later zijn er nog geen gegevens. Daarom ziet u ",
        ),
    ],
)
def test_a_day_that_cannot_be_is_not_asked_and_the_page_says_what_it_shows_instead_and_why(
    visit: Visit, measured_autumn: Customer, asked: str, instead: str
) -> None:
    visitor = visit(measured_autumn)
    page = visitor.get("/mijn/verbruik", dag=asked)
    assert page.status == 200
    assert "U ziet een andere dag dan u vroeg" in page.text
    assert instead in page.text
    for page in (visitor.get("/mijn/verbruik"), visitor.get("/mijn/verbruik", dag="2023-10-29")):
        assert "andere dag dan u vroeg" not in page.text


def test_after_somebody_left_the_page_says_until_when_he_lived_there(
    visit: Visit, house: TheHouse, measured_autumn: Customer
) -> None:
    house.operator("registry.occupancy.end", ean=LOTTES_EAN, until_day="2024-01-01")
    page = visit(measured_autumn).get("/mijn/verbruik", dag="2025-05-05")
    assert "U woonde hier tot en met 31 december 2023. Daarom ziet u 31 december 2023." in page.text


def test_what_is_no_day_is_named_with_the_days_that_can_be_and_reads_nothing(
    visit: Visit, house: TheHouse, measured_autumn: Customer
) -> None:
    visitor = visit(measured_autumn)
    yesterday = saying.day(day_of(house.clock.now()) - timedelta(days=1))
    for wrong in ("gisteren", "2023-02-30", "29-10-2023"):
        page = visitor.get("/mijn/verbruik", dag=wrong)
        assert page.status == 400
        assert f"Vul een dag in, van 1 januari 2022 tot en met {yesterday}." in page.text
        assert "#dag" in page.links
        assert page.form("/mijn/verbruik").fields["dag"]
    assert [one["event"] for one in measured_autumn.statements(kind="reads")] == []


def test_marias_address_does_not_exist_for_lotte(visit: Visit, lotte: Customer, maria: Customer) -> None:
    assert visit(lotte).get("/mijn/verbruik", adres=maria.occupancy()).status == 404


def test_a_made_up_query_is_refused(visit: Visit, lotte: Customer) -> None:
    visitor = visit(lotte)
    for query in (
        "dag=gisteren",
        "dag=2023-02-30",
        "dag=0001-01-01T00:00",
        "adres=x",
        "van=2023-01-01",
        "periode=eeuw",
    ):
        assert visitor.get(f"/mijn/verbruik?{query}").status == 400, query


@pytest.mark.requirement("R59")
def test_one_button_has_the_meter_read_finer_and_one_ends_it_and_says_whom_that_gives_less(
    visit: Visit, house: TheHouse, measured_autumn: Customer, bram: Party, maria: Customer
) -> None:
    measured_autumn.grant(bram.ask())
    visitor = visit(measured_autumn)
    assert "/mijn/uitlezing" in visitor.get("/mijn/verbruik").links
    page = visitor.get("/mijn/uitlezing")
    assert "Nu: per kwartier." in page.text
    assert "dan krijgen deze diensten niets nieuws meer dat fijner is dan een dagtotaal" in page.text
    assert "Bram Energieadvies" in page.text
    page = visitor.press(page, "/uitlezing")
    assert "Uw keuze is bewaard." in page.text
    assert "Nu: één keer per dag." in page.text
    assert "Zolang uw meter één keer per dag gelezen wordt, komt er niets nieuws bij" in page.text
    assert "Lees mijn meter per kwartier" in page.text
    before = visitor.get("/mijn/verbruik", dag="2023-10-29")
    assert "Toon de 100 cijfers in een tabel" in before.text  # what was there stays
    page = visitor.press(page, "/uitlezing")
    assert "Lees alleen de meterstand van elke dag" in page.text
    events = [one["event"] for one in measured_autumn.statements()]
    assert ("interval_reading.begun" in events, "interval_reading.ended" in events) == (True, True)
    hers = visit(maria)
    form = hers.get("/mijn/uitlezing").form("/uitlezing")
    assert "Bram" not in hers.get("/mijn/uitlezing").html
    for wrong, status in (
        ({"adres": measured_autumn.occupancy()}, 404),
        ({"aan": "misschien"}, 400),
        ({"aan": ""}, 400),
    ):
        assert hers.send("/mijn/uitlezing", form.fields | wrong).status == status, wrong
    house.operator("registry.occupancy.end", ean=LOTTES_EAN, until_day="2024-01-01")
    left = visit(measured_autumn).get("/mijn/uitlezing")
    assert "Wij kennen geen meter op een adres dat nu op uw naam staat." in left.text
