"""Values as they stood at an earlier entry, and only what changed since an earlier read."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from tests.conftest import LOTTES_EAN
from tests.databeheer.door.test_statements_and_receipts import opened, said
from tests.databeheer.metering.builders import METER, Row, day_rows, english
from tests.doors import query
from tests.house import Customer, TheHouse
from tests.web.api.test_journey import granted, problem
from tests.web.programs import Caller

FIRST = date(2023, 10, 16)
LAST = FIRST + timedelta(days=2)
WINDOW = {"from": "2023-10-16", "until": "2023-10-19"}


def take_in(house: TheHouse, *days: date, whole: int = 0, ean: str = LOTTES_EAN) -> None:
    """Take in days of which every quarter-hour is so many kWh and a little."""
    rows = [row for day in days for row in day_rows(day, row=Row(ean=f'="{ean}"', meter=METER))]
    house.ingest(english(*(row.but(volume=f"{whole},{row.volume[2:]}") for row in rows)))


@pytest.fixture
def path(house: TheHouse, lotte: Customer, bram_calls: Caller) -> str:
    """Where Bram reads three days of Lotte, all of them taken in."""
    take_in(house, FIRST, FIRST + timedelta(days=1), LAST)
    return f"/api/v1/permissions/{granted(bram_calls, lotte)}/readings"


def read(calls: Caller, path: str, **query: Any) -> dict[str, Any]:
    answer = calls.get(path, **(WINDOW | {"granularity": "day"} | query))
    assert answer.status_code == 200, answer.get_data(as_text=True)
    found: dict[str, Any] = answer.get_json()
    return found


def starts(answer: dict[str, Any]) -> list[str]:
    """The beginnings of what was handed over, each once, in order of time."""
    return sorted({slot["start"] for one in answer["channels"] for slot in one["readings"]})


def values(answer: dict[str, Any]) -> list[str]:
    return [slot["value"] for one in answer["channels"] for slot in one["readings"]]


def test_a_version_gives_again_what_a_read_of_then_gave(
    path: str, house: TheHouse, bram_calls: Caller
) -> None:
    first = read(bram_calls, path)
    take_in(house, LAST, whole=3)
    now = read(bram_calls, path)
    assert values(now) != values(first)
    again = read(bram_calls, path, as_of=first["receipt"]["index"])
    assert again["channels"] == first["channels"]
    assert read(bram_calls, path, as_of=now["receipt"]["index"])["channels"] == now["channels"]
    for early in (0, 1):
        assert read(bram_calls, path, as_of=early)["channels"] == []
    assert read(bram_calls, path, as_of=10**15 - 1)["channels"] == now["channels"]


def test_a_version_of_then_is_given_by_what_may_be_read_now(
    path: str, lotte: Customer, bram_calls: Caller
) -> None:
    first = read(bram_calls, path)
    lotte.withdraw(path.split("/")[-2])
    answer = bram_calls.get(path, **WINDOW, as_of=first["receipt"]["index"])
    assert problem(answer) == (403, "/problems/permission-ended")


@pytest.mark.parametrize("granularity", ["quarter_hour", "hour", "day"])
def test_since_a_read_comes_what_was_corrected_and_what_came_in_and_no_day_more(
    house: TheHouse, lotte: Customer, bram_calls: Caller, granularity: str
) -> None:
    take_in(house, FIRST, FIRST + timedelta(days=1))
    path = f"/api/v1/permissions/{granted(bram_calls, lotte)}/readings"
    first = read(bram_calls, path, granularity=granularity)
    nothing = read(bram_calls, path, granularity=granularity, since=first["cursor"])
    assert (nothing["channels"], nothing["coverage"]["state"]) == ([], None)
    take_in(house, FIRST, whole=3)  # corrected
    take_in(house, LAST)  # came in
    changed = read(bram_calls, path, granularity=granularity, since=nothing["cursor"])
    whole = read(bram_calls, path, granularity=granularity)
    middle = [one for one in starts(whole) if "2023-10-16T22" <= one < "2023-10-17T22"]
    assert starts(changed) == [one for one in starts(whole) if one not in middle]
    assert len(middle) == {"quarter_hour": 96, "hour": 24, "day": 1}[granularity]
    kept = {slot["start"]: slot["value"] for one in whole["channels"] for slot in one["readings"]}
    got = {slot["start"]: slot["value"] for one in changed["channels"] for slot in one["readings"]}
    assert got.items() <= kept.items()
    assert read(bram_calls, path, granularity=granularity, since=changed["cursor"])["channels"] == []


def test_of_months_and_years_the_whole_sum_comes_in_which_something_changed(
    house: TheHouse, lotte: Customer, bram_calls: Caller
) -> None:
    days = [date(2022, 12, 30), date(2022, 12, 31), date(2023, 1, 31), date(2023, 2, 1)]
    take_in(house, *days)
    path = f"/api/v1/permissions/{granted(bram_calls, lotte, data_from='2022-01-01')}/readings"
    window = {"from": "2022-01-01", "until": "2024-01-01"}
    months = read(bram_calls, path, granularity="month", **window)
    years = read(bram_calls, path, granularity="year", **window)
    assert [one[:7] for one in starts(months)] == ["2022-12", "2023-01", "2023-01"]
    assert [one[:4] for one in starts(years)] == ["2022", "2023"]
    take_in(house, date(2023, 1, 31), whole=2)
    changed = read(bram_calls, path, granularity="month", since=months["cursor"], **window)
    assert starts(changed) == ["2023-01-30T23:00:00Z"]
    whole = read(bram_calls, path, granularity="year", **window)
    changed = read(bram_calls, path, granularity="year", since=years["cursor"], **window)
    assert len(starts(changed)) == 1
    assert set(values(changed)) < set(values(whole))


def test_years_are_the_sums_of_their_months(path: str, bram_calls: Caller) -> None:
    window = {"from": "2023-01-01", "until": "2024-01-01"}
    months = read(bram_calls, path, granularity="month", **window)
    years = read(bram_calls, path, granularity="year", **window)
    assert years["granularity"] == "year"
    assert sum(map(_thousandths, values(years))) == sum(map(_thousandths, values(months))) > 0


def _thousandths(value: str) -> int:
    return int(value.replace(".", ""))


def test_what_was_not_granted_at_the_last_read_comes_whole(
    path: str, house: TheHouse, bram_calls: Caller
) -> None:
    before = read(bram_calls, path, until="2023-10-18")
    changed = read(bram_calls, path, since=before["cursor"])
    assert starts(changed) == ["2023-10-17T22:00:00Z"]
    take_in(house, FIRST, whole=3)
    changed = read(bram_calls, path, since=before["cursor"], **{"from": "2023-10-15"})
    assert starts(changed) == ["2023-10-15T22:00:00Z", "2023-10-17T22:00:00Z"]


def test_the_ledger_says_which_version_was_asked_since_when_and_of_years(
    path: str, bram_calls: Caller
) -> None:
    first = read(bram_calls, path)
    index = first["receipt"]["index"]
    asked: list[tuple[dict[str, Any], dict[str, Any]]] = [
        ({}, {}),
        ({"since": first["cursor"]}, {"since": index}),
        ({"as_of": index}, {"as_of": index}),
        ({"granularity": "year", "mode": "clip"}, {"per": "year"}),
    ]
    for changes, recorded in asked:
        body = said(opened(bram_calls.party, read(bram_calls, path, **changes)["receipt"]["index"]))
        assert {name: body[name] for name in ("since", "as_of", "per") if name in body} == recorded
    many = {"permissions": [path.split("/")[-2]], "granularity": "year", "as_of": index, **WINDOW}
    answer = bram_calls.post("/api/v1/readings", many).get_json()
    body = said(opened(bram_calls.party, answer["receipt"]["index"]))
    assert (body["per"], body["as_of"], body["granularity"]) == ("year", index, "month")


def test_who_withdraws_gives_no_changes(path: str, lotte: Customer, bram_calls: Caller) -> None:
    first = read(bram_calls, path)
    lotte.withdraw(path.split("/")[-2])
    answer = bram_calls.get(path, **WINDOW, granularity="day", since=first["cursor"])
    assert problem(answer) == (403, "/problems/permission-ended")


def test_of_many_each_gives_its_own_changes(
    house: TheHouse, lotte: Customer, maria: Customer, bram_calls: Caller, path: str
) -> None:
    body = {
        "permissions": [path.split("/")[-2], granted(bram_calls, maria)],
        "granularity": "day",
        "mode": "clip",
        **WINDOW,
    }
    first = bram_calls.post("/api/v1/readings", body).get_json()
    take_in(house, LAST, whole=3)
    changed = bram_calls.post("/api/v1/readings", body | {"since": first["cursor"]}).get_json()
    assert [starts(one) for one in changed["items"]] == [["2023-10-17T22:00:00Z"], []]
    then = bram_calls.post("/api/v1/readings", body | {"as_of": first["receipt"]["index"]}).get_json()
    assert [one["channels"] for one in then["items"]] == [one["channels"] for one in first["items"]]
    other = bram_calls.post("/api/v1/readings", body | {"since": first["cursor"], "granularity": "month"})
    assert problem(other) == (400, "/problems/malformed-request")


def test_a_cursor_of_another_question_or_by_hand_is_refused_and_reads_nothing(
    path: str, house: TheHouse, lotte: Customer, bram_calls: Caller
) -> None:
    cursor = read(bram_calls, path)["cursor"]
    other = f"/api/v1/permissions/{granted(bram_calls, lotte)}/readings"
    before = query(house, "SELECT size FROM ledger.head")
    for where, wrong in (
        (path, {"since": "x"}),
        (path, {"since": cursor[:-1]}),
        (path, {"since": cursor + "é"}),
        (path, {"since": cursor, "granularity": "hour"}),
        (path, {"since": cursor, "direction": "offtake"}),
        (other, {"since": cursor}),
        (path, {"as_of": "-1"}),
        (path, {"as_of": "01"}),
        (path, {"as_of": "1e3"}),
        (path, {"as_of": str(10**15)}),
    ):
        answer = bram_calls.get(where, **(WINDOW | {"granularity": "day"} | wrong))
        assert problem(answer) == (400, "/problems/malformed-request"), wrong
    assert query(house, "SELECT size FROM ledger.head") == before
