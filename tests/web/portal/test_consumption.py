"""One's own consumption: every slot in its place, holes as holes, and recorded like any other read."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, timedelta

import pytest

from databeheer.brussels import day_bounds, day_of
from databeheer.values import format_instant
from tests.conftest import LOTTES_EAN
from tests.databeheer.metering.builders import Row, day_rows, english
from tests.house import Customer, TheHouse
from tests.series import as_series
from tests.web.portal.visiting import Visitor
from web import dutch
from web.portal.chart import Bar, Tick, draw
from web.portal.consumption import Window, series_of

Visit = Callable[[Customer], Visitor]


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
        for at in window.slots()[skip:]
    ]
    return {"direction": direction, "unit": "kWh", "meter": "1SAG9990000003", "series": as_series(slots)}


@pytest.mark.parametrize(
    ("day", "slots"), [(date(2023, 3, 26), 92), (date(2023, 6, 1), 96), (date(2023, 10, 29), 100)]
)
def test_every_quarter_of_the_day_has_its_bar(day: date, slots: int) -> None:
    window = Window.around(day, "quarter_hour")
    (series,) = series_of([channel(window)], window)
    assert len(series.slots) == slots
    bars = re.search(r'class="bar-offtake" d="([^"]*)"', series.chart)
    assert bars
    assert bars.group(1).count("M") == slots
    assert (series.offtake.value, series.offtake.is_partial) == (slots * 100, False)


def test_the_double_hour_of_october_is_named_twice() -> None:
    window = Window.around(date(2023, 10, 29), "quarter_hour")
    (series,) = series_of([channel(window)], window)
    labels = [slot.label for slot in series.slots]
    assert len(set(labels)) == 100
    assert "02.15 uur (zomertijd)" in labels
    assert "02.15 uur (wintertijd)" in labels
    assert "03.15 uur" in labels


def test_a_slot_that_was_never_sent_is_a_hole_not_a_shift() -> None:
    window = Window.around(date(2023, 6, 1), "quarter_hour")
    (series,) = series_of([channel(window, skip=24)], window)
    assert [slot.offtake for slot in series.slots[:25]] == [None] * 24 + [100]
    assert series.has_gaps
    assert re.search(r'class="gap" d="([^"]*)"', series.chart).group(1).count("M") == 24  # type: ignore[union-attr]


def test_a_measured_zero_is_no_hole() -> None:
    window = Window.around(date(2023, 6, 1), "quarter_hour")
    (series,) = series_of([channel(window, value=0)], window)
    assert not series.has_gaps
    assert series.offtake.value == 0


def test_a_day_without_any_value_has_no_total() -> None:
    window = Window.around(date(2023, 6, 1), "quarter_hour")
    (series,) = series_of([channel(window, value=None)], window)
    assert (series.offtake.value, series.offtake.is_partial) == (None, False)


def test_meters_of_one_direction_add_up_and_directions_stay_apart() -> None:
    window = Window.around(date(2023, 6, 1), "quarter_hour")
    channels = [channel(window), channel(window, value=50), channel(window, "injection", 30)]
    (series,) = series_of(channels, window)
    assert (series.offtake.value, series.injection.value) == (96 * 150, 96 * 30)


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
    assert "5,050 kWh van het net afgenomen" in page.text
    assert len(page.html.encode()) < 100_000
    text = visitor.get("/mijn/gelezen").text
    assert "U zelf Gelezen" in text
    assert "ten hoogste 100 waarden" in text


def test_a_day_without_data_says_so(visit: Visit, measured_autumn: Customer) -> None:
    assert (
        "Er zijn geen gegevens van deze dag."
        in visit(measured_autumn).get("/mijn/verbruik", dag="2023-12-01").text
    )


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
    page = visit(lotte).get("/mijn/verbruik", adres=occupancy, dag="2023-10-12")
    assert "1 oktober 2023 tot en met 31 oktober 2023" in page.text
    assert "Toon de 31 cijfers in een tabel" in page.text
    assert "5,050 kWh" in page.text
    assert "Dit is van 1 van de 31 dagen." in page.text


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
    yesterday = dutch.day(day_of(house.clock.now()) - timedelta(days=1))
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
    for query in ("dag=gisteren", "dag=2023-02-30", "dag=0001-01-01T00:00", "adres=x", "van=2023-01-01"):
        assert visitor.get(f"/mijn/verbruik?{query}").status == 400, query


@pytest.mark.requirement("R59")
def test_one_button_has_the_meter_read_finer_and_one_ends_it(
    visit: Visit, house: TheHouse, measured_autumn: Customer
) -> None:
    visitor = visit(measured_autumn)
    page = visitor.get("/mijn/verbruik", dag="2023-10-29")
    assert "Wij lezen uw verbruik per kwartier, omdat u dat vroeg." in page.text
    page = visitor.press(page, "/uitlezing")
    assert "Uw keuze is bewaard." in page.text
    assert "Lees mijn meter per kwartier" in page.text
    before = visitor.get("/mijn/verbruik", dag="2023-10-29")
    assert "Toon de 100 cijfers in een tabel" in before.text  # what was there stays
    page = visitor.press(visitor.get("/mijn/verbruik"), "/uitlezing")
    assert "Lees alleen de meterstand van elke dag" in page.text
    events = [one["event"] for one in measured_autumn.statements()]
    assert ("interval_reading.begun" in events, "interval_reading.ended" in events) == (True, True)
