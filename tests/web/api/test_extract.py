"""A long extract: fetched as Parquet, taken up where it broke off, and stopped where a customer withdraws meanwhile."""

from __future__ import annotations

import io
import json
from typing import Any

import pyarrow.parquet as pq
import pytest
from werkzeug.test import TestResponse

from databeheer.door.jobs import asking
from databeheer.door.jobs.worker import JobWorker
from tests.copies import setting_up
from tests.databeheer.door.bulk import Neighbours
from tests.databeheer.door.bulk import settle as settle_street
from tests.databeheer.door.test_statements_and_receipts import opened, said
from tests.doors import query
from tests.house import Customer, Party, TheHouse
from tests.web.api.test_journey import problem
from tests.web.programs import Caller

PATH = "/api/v1/jobs"
DAY = {"from": "2023-10-29", "until": "2023-10-30"}
PARQUET = {"Accept": "application/vnd.apache.parquet"}


@pytest.fixture(autouse=True)
def by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    """No job is worked but where a test says so, and a piece is of one item."""
    monkeypatch.setattr(JobWorker, "start", lambda _: None)
    monkeypatch.setattr(asking, "LARGEST_PIECE", 1)


@pytest.fixture
@setting_up
def neighbours(house: TheHouse, lotte: Customer, maria: Customer, bram: Party) -> Neighbours:
    return settle_street(house, lotte, maria, bram)


def hand_in(calls: Caller, *permissions: str) -> str:
    answer = calls.post(PATH, {"permissions": list(permissions), **DAY})
    assert answer.status_code == 202, answer.get_data(as_text=True)
    return f"{PATH}/{answer.get_json()['job']}"


def step(house: TheHouse, pieces: int = 1) -> None:
    for _ in range(pieces):
        assert house.service.jobs.step()


def piece(calls: Caller, job: str, number: int) -> dict[str, Any]:
    answer = calls.get(f"{job}/pieces/{number}")
    assert answer.status_code == 200, answer.get_data(as_text=True)
    found: dict[str, Any] = answer.get_json()
    return found


def own(person: Customer, index: int) -> dict[str, Any]:
    """What an entry says in this person's own half."""
    opening = opened(person, index)
    assert opening.subject is not None
    found: dict[str, Any] = json.loads(opening.subject.body)
    return found


def told(person: Customer, since: int) -> list[tuple[str, int]]:
    """What the ledger told a person from an entry on, oldest first."""
    return [(one["event"], one["index"]) for one in reversed(person.statements()) if one["index"] >= since]


def size(house: TheHouse) -> int:
    return int(query(house, "SELECT size FROM ledger.head")[0][0])


def read_table(answer: TestResponse) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = pq.read_table(io.BytesIO(answer.get_data())).to_pylist()
    return rows


@pytest.mark.requirement("R22", "R27")
def test_a_withdrawal_while_it_runs_stops_the_rest_of_that_point_and_the_ledger_tells_what_left_before(
    neighbours: Neighbours, lotte: Customer, maria: Customer, bram: Party, bram_calls: Caller
) -> None:
    house = neighbours.house
    other = bram.ask(purpose="energy_monitoring")
    lotte.grant(other)
    since = size(house)
    # Two pieces of Lotte's point, and one of Maria's between them and the last of Lotte's.
    job = hand_in(bram_calls, neighbours.lottes, other["permission_id"], neighbours.marias)
    step(house, 2)
    [fetched] = piece(bram_calls, job, 0)["items"]
    assert fetched["coverage"]["state"] == "complete"
    for permission in (neighbours.lottes, other["permission_id"]):
        lotte.withdraw(permission)
    step(house)
    for number, left in ((0, True), (1, False)):
        answer = piece(bram_calls, job, number)
        [item] = answer["items"]
        assert (item["problem"]["type"], item["channels"]) == ("/problems/permission-ended", [])
        index = answer["withheld"]["index"]
        half = own(lotte, index)
        assert (half["event"], half["left"], half["granted"]) == ("data.refused", left, [])
        assert said(opened(bram, index))["instead_of"] == answer["receipt"]["index"]
    assert piece(bram_calls, job, 2)["items"][0]["coverage"]["state"] == "complete"
    events = told(lotte, since)
    assert [event for event, _ in events] == [
        *("data.read", "data.read"),
        *("permission.revoked", "permission.revoked"),
        *("data.refused", "data.refused"),
    ]
    # What left before is one day of the first permission, and nothing of the second: as Lotte's own halves say.
    withheld = {said(opened(lotte, index))["instead_of"]: own(lotte, index) for _, index in events[-2:]}
    reads = {index: own(lotte, index) for _, index in events[:2]}
    left_by = [reads[index] for index, half in withheld.items() if half["left"]]
    assert reads.keys() == withheld.keys()
    assert [one["permission"] for one in left_by] == [neighbours.lottes]
    assert left_by[0]["granted"] == [[one["from"], one["until"]] for one in fetched["granted"]]
    assert left_by[0]["slots"] >= sum(len(one["readings"]) for one in fetched["channels"]) == 100
    assert [event for event, _ in told(maria, since)] == ["data.read"]
    assert house.operator("ledger.check_bodies", start=0, limit=2000)["problems"] == []


def test_what_is_withheld_is_recorded_once_and_never_opened_by_that_piece_again(
    neighbours: Neighbours, lotte: Customer, bram_calls: Caller
) -> None:
    house = neighbours.house
    job = hand_in(bram_calls, neighbours.lottes)
    step(house)
    lotte.withdraw(neighbours.lottes)
    first = piece(bram_calls, job, 0)
    before = size(house)
    again = piece(bram_calls, job, 0)
    assert size(house) == before
    assert (first["withheld"] is None, again["withheld"]) == (False, None)
    assert again["items"] == first["items"]


def test_what_was_refused_from_the_start_is_not_told_twice(
    neighbours: Neighbours, lotte: Customer, bram_calls: Caller
) -> None:
    house = neighbours.house
    lotte.withdraw(neighbours.lottes)
    job = hand_in(bram_calls, neighbours.lottes)
    step(house)
    before = size(house)
    assert piece(bram_calls, job, 0)["withheld"] is None
    assert size(house) == before


def test_a_piece_as_parquet_is_taken_up_where_it_broke_off(
    neighbours: Neighbours, bram_calls: Caller
) -> None:
    house = neighbours.house
    path = f"{hand_in(bram_calls, neighbours.lottes, neighbours.marias)}/pieces/0"
    step(house, 2)
    before = size(house)
    whole = bram_calls.get(path, headers=PARQUET)
    assert (whole.status_code, whole.headers["Accept-Ranges"]) == (200, "bytes")
    assert [row["place"] for row in read_table(whole)] == [0] * 100
    data, tag = whole.get_data(), whole.headers["ETag"]
    assert not tag.startswith("W/")
    got = b""
    while len(got) < len(data):
        part = bram_calls.get(
            path, headers={**PARQUET, "Range": f"bytes={len(got)}-{len(got) + 999}", "If-Range": tag}
        )
        assert part.status_code == 206
        got += part.get_data()
        assert part.headers["Content-Range"].endswith(f"/{len(data)}")
    assert got == data
    same = bram_calls.get(path, headers={**PARQUET, "If-None-Match": tag})
    assert (same.status_code, same.get_data()) == (304, b"")
    beyond = bram_calls.get(path, headers={**PARQUET, "Range": f"bytes={len(data)}-"})
    assert problem(beyond) == (416, "/problems/range-not-satisfiable")
    assert beyond.headers["Content-Range"] == f"bytes */{len(data)}"
    assert size(house) == before  # the piece's own entry is the record of all of it


def test_what_was_withdrawn_half_way_a_download_is_in_no_part_of_the_rest(
    neighbours: Neighbours, lotte: Customer, bram_calls: Caller
) -> None:
    path = f"{hand_in(bram_calls, neighbours.lottes)}/pieces/0"
    step(neighbours.house)
    whole = bram_calls.get(path, headers=PARQUET)
    half = len(whole.get_data()) // 2
    ranged = {**PARQUET, "Range": f"bytes={half}-", "If-Range": whole.headers["ETag"]}
    lotte.withdraw(neighbours.lottes)
    rest = bram_calls.get(path, headers=ranged)
    assert rest.status_code == 200  # another file: it comes whole, and there is nothing in it
    assert read_table(rest) == []
    assert rest.headers["ETag"] != whole.headers["ETag"]


@pytest.mark.parametrize("form", ["json", "csv"])
def test_a_piece_in_another_form_comes_whole_whatever_range_is_asked(
    neighbours: Neighbours, bram_calls: Caller, form: str
) -> None:
    path = f"{hand_in(bram_calls, neighbours.lottes)}/pieces/0"
    step(neighbours.house)
    answer = bram_calls.get(path, headers={"Range": "bytes=0-9"}, format=form)
    assert answer.status_code == 200
    again = bram_calls.get(path, headers={"If-None-Match": answer.headers["ETag"]}, format=form)
    assert again.status_code == 304
