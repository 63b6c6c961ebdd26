"""A history goes by letter where the meter is read by hand; it is the customer's own look, on record (R90)."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from functools import partial
from typing import Any
from uuid import uuid4

import pytest

from databeheer.door.client import DoorRefusedError
from databeheer.home_letters.history_words import Content, from_first_value
from databeheer.home_letters.history_words import paper as history_paper
from databeheer.site.letters import paper_of
from tests.conftest import LOTTES_EAN
from tests.doors import query
from tests.house import Customer, Party, TheHouse


def refused(act: Callable[[], Any]) -> str:
    with pytest.raises(DoorRefusedError) as error:
        act()
    return error.value.code


def home_of(customer: Customer) -> dict[str, Any]:
    [home] = [one for one in customer.call("history.show")["homes"] if one["commodity"] == "electricity"]
    return dict(home)


def meter_is(house: TheHouse, **kind: Any) -> None:
    house.operator("registry.meter.install", ean=LOTTES_EAN, meter="1SAG9100000009", **kind)


@pytest.mark.requirement("R90")
def test_what_is_offered_follows_the_meter_and_no_letter_goes_where_another_way_is(
    house: TheHouse, lotte: Customer, maria: Customer, bram: Party
) -> None:
    home = home_of(lotte)
    named = {"occupancy_id": home["occupancy_id"]}
    assert home["route"] == "portal", (
        "it is read by quarter-hours, so nobody need write down that it is digital"
    )
    lotte.call("interval_reading.choose", **named, on=False)
    assert home_of(lotte)["route"] == "letter"
    for kind, way in (
        ({"digital": True}, "portal"),
        ({"digital": False, "remotely_read": True}, "website"),
        ({"digital": False, "remotely_read": False}, "letter"),
        ({"digital": True}, "portal"),
    ):
        meter_is(house, **kind)
        assert home_of(lotte)["route"] == way
        if way != "letter":
            assert refused(lambda: lotte.call("history.ask_letter", **named)) == "conflict"
    assert refused(lambda: meter_is(house, digital=True, remotely_read=True)) == "malformed-request"
    assert refused(lambda: maria.call("history.ask_letter", **named)) == "not-found"
    assert refused(lambda: lotte.call("history.ask_letter", occupancy_id=str(uuid4()))) == "not-found"
    for command, given in (("history.show", {}), ("history.ask_letter", named)):
        for call in (bram.call, house.client.call, house.operator):
            assert refused(partial(call, command, **given)) == "unauthenticated"
    assert query(house, "SELECT count(*) FROM post.letter") == [(0,)]


@pytest.mark.requirement("R90")
def test_the_letter_tells_the_own_months_by_name_to_the_home_and_the_look_is_recorded(
    house: TheHouse, lotte: Customer
) -> None:
    meter_is(house, digital=False)
    named = {"occupancy_id": home_of(lotte)["occupancy_id"]}
    lotte.call("history.ask_letter", **named)
    assert home_of(lotte)["letter_waits"] is True
    assert refused(lambda: lotte.call("history.ask_letter", **named)) == "conflict"
    [queued] = house.operator("letter.list")["letters"]
    assert (queued["kind"], lotte.name in json.dumps(queued)) == ("history", False)
    opened = house.operator("letter.open", letter_id=queued["letter_id"])
    paper = paper_of(opened)
    assert paper.address == (lotte.name, "Kerkstraat 1", "9000 Gent")
    assert len(paper.before) > 2
    house.operator("letter.posted", letter_id=queued["letter_id"])
    assert query(house, "SELECT count(*) FROM post.letter") == [(0,)]
    told = [one["event"] for one in lotte.statements()]
    assert told[:3] == ["history_letter.posted", "history_letter.opened", "history_letter.written"]
    assert any("read" in event for event in told)


def test_each_year_has_a_line_and_a_month_without_a_value_a_dash() -> None:
    rows = [
        {"direction": "offtake", "unit": "kWh", "register": register, "month": month, "thousandths": value}
        for month, register, value in (
            ("2025-12-01", "day", 100_500),
            ("2025-12-01", "night", 20_000),
            ("2026-01-01", "day", None),
        )
    ]
    told = Content(
        "x",
        "nl",
        "Lotte",
        "Kerkstraat 1, 9000 Gent",
        date(2026, 2, 3),
        date(2025, 12, 1),
        date(2026, 2, 1),
        rows,
    )
    assert history_paper(told).before[-2:] == (
        "2025, afname in kWh: december 120,5.",
        "2026, afname in kWh: januari –.",
    )


def test_a_letter_begins_with_the_first_month_that_it_has_a_value_of() -> None:
    months = [{"month": f"2024-{month:02}-01", "thousandths": None} for month in (9, 10, 12)]
    november = {"month": "2024-11-01", "thousandths": 1}
    first = date(2023, 12, 1)
    assert from_first_value([*months, november], first) == ([months[2], november], date(2024, 11, 1))
    assert from_first_value(months, first) == (months, first)
    assert from_first_value([], first) == ([], first)
