"""One read in each form: JSON, CSV, Parquet; packed or not; known again by its tag, and recorded each time."""

from __future__ import annotations

import csv
import gzip
import io
import json
from typing import Any

import pyarrow.parquet as pq
import pytest
from werkzeug.test import TestResponse

from ledger import receipt
from tests.doors import query
from tests.house import Customer, TheHouse
from tests.web.api.test_bulk import UNKNOWN, permissions  # noqa: F401  # a fixture
from tests.web.api.test_journey import granted, problem
from tests.web.programs import Caller, publish

DAY = {"from": "2023-10-29", "until": "2023-10-30"}
PARQUET = "application/vnd.apache.parquet"


def size(house: TheHouse) -> int:
    return int(query(house, "SELECT size FROM ledger.head")[0][0])


def path_of(permission: str) -> str:
    return f"/api/v1/permissions/{permission}/readings"


def rows(answer: TestResponse) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(answer.get_data(as_text=True))))


def said(answer: TestResponse) -> dict[str, Any]:
    metadata = pq.ParquetFile(io.BytesIO(answer.get_data())).metadata.metadata
    found: dict[str, Any] = json.loads(metadata[b"databeheer"])
    return found


def test_json_csv_and_parquet_hold_the_same_readings(bram_calls: Caller, measured: Customer) -> None:
    path = path_of(granted(bram_calls, measured))
    shown = bram_calls.get(path, **DAY).get_json()
    written = rows(bram_calls.get(path, headers={"Accept": "text/csv"}, **DAY))
    packed = bram_calls.get(path, headers={"Accept": PARQUET}, **DAY)
    assert (packed.status_code, packed.content_type) == (200, PARQUET)
    table = pq.read_table(io.BytesIO(packed.get_data())).to_pylist()
    slots = [(one, slot) for one in shown["channels"] for slot in one["readings"]]
    assert len(table) == len(written) == len(slots) >= 100
    for row, line, (channel, slot) in zip(table, written, slots, strict=True):
        start = f"{row['start']:%Y-%m-%dT%H:%M:%SZ}"
        assert (
            (start, row["direction"])
            == (line["start"], line["direction"])
            == (slot["start"], channel["direction"])
        )
        value = None if row["value"] is None else str(row["value"])
        assert value == (line["value"] or None) == slot["value"]
        assert row["state"] == line["state"] == slot["state"]
    assert said(packed)["granted"] == shown["granted"]
    assert bram_calls.get(path, format="parquet", **DAY).content_type == PARQUET


def test_a_read_whose_tag_is_known_is_told_so_and_is_recorded_with_a_receipt_of_its_own(
    bram_calls: Caller, measured: Customer, house: TheHouse
) -> None:
    path = path_of(granted(bram_calls, measured))
    for form in ("json", "csv", "parquet"):
        first = bram_calls.get(path, format=form, **DAY)
        before = size(house)
        again = bram_calls.get(path, format=form, headers={"If-None-Match": first.headers["ETag"]}, **DAY)
        assert (again.status_code, again.get_data()) == (304, b"")
        assert again.headers["ETag"] == first.headers["ETag"]
        assert size(house) == before + 1
        assert measured.statements()[0]["event"] == "data.read"
        assert again.headers["Link"] == f'</api/v1/receipts/{before}>; rel="receipt"'
        assert again.headers["Ledger-Promise"] != first.headers["Ledger-Promise"]
    key = publish(house)
    proof = bram_calls.get(f"/api/v1/receipts/{before}")
    receipt.verify(receipt.parse(proof.get_data()), [key.verifier])


def test_a_tag_is_of_the_readings_and_of_the_form(bram_calls: Caller, measured: Customer) -> None:
    path = path_of(granted(bram_calls, measured))
    tags = {bram_calls.get(path, format=form, **DAY).headers["ETag"] for form in ("json", "csv", "parquet")}
    tags.add(bram_calls.get(path, **DAY | {"until": "2023-10-31"}).headers["ETag"])
    assert len(tags) == 4
    for tag in tags:
        whole = bram_calls.get(path, headers={"If-None-Match": tag}, **DAY | {"from": "2023-10-28"})
        assert whole.status_code == 200


def test_who_may_not_read_any_more_is_not_told_that_nothing_changed(
    bram_calls: Caller, measured: Customer, house: TheHouse
) -> None:
    permission = granted(bram_calls, measured)
    tag = bram_calls.get(path_of(permission), **DAY).headers["ETag"]
    measured.withdraw(permission)
    for known in (tag, "*"):
        answer = bram_calls.get(path_of(permission), headers={"If-None-Match": known}, **DAY)
        assert problem(answer) == (403, "/problems/permission-ended")
    assert measured.statements()[0]["event"] == "data.refused"


def test_an_answer_is_packed_for_who_takes_gzip_and_no_other(bram_calls: Caller, measured: Customer) -> None:
    path = path_of(granted(bram_calls, measured))
    plain = bram_calls.get(path, format="csv", **DAY)
    packed = bram_calls.get(path, format="csv", headers={"Accept-Encoding": "gzip"}, **DAY)
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.get_data()) == plain.get_data()
    assert int(packed.headers["Content-Length"]) == len(packed.get_data()) < len(plain.get_data()) / 4
    assert "Content-Encoding" not in plain.headers
    for answer in (plain, packed):
        assert {"Accept", "Accept-Encoding"} <= {one.strip() for one in answer.headers["Vary"].split(",")}
    for other in ("br", "gzip;q=0", "identity"):
        answer = bram_calls.get(path, headers={"Accept-Encoding": other}, **DAY)
        assert "Content-Encoding" not in answer.headers, other
    own = bram_calls.get(path, format="parquet", headers={"Accept-Encoding": "gzip"}, **DAY)
    assert "Content-Encoding" not in own.headers
    short = bram_calls.get("/api/v1/me", headers={"Accept-Encoding": "gzip"})
    assert "Content-Encoding" not in short.headers


def test_many_come_in_each_form_and_what_has_a_problem_is_named(
    bram_calls: Caller,
    permissions: list[str],  # noqa: F811
) -> None:
    body = {"permissions": [UNKNOWN, *permissions], **DAY}
    shown = bram_calls.post("/api/v1/readings", body).get_json()["items"]
    assert [one["place"] for one in shown] == [0, 1, 2]
    lines = rows(bram_calls.post("/api/v1/readings?format=csv", body))
    slots = [slot for channel in shown[1]["channels"] for slot in channel["readings"]]
    assert (lines[0]["place"], lines[0]["problem"], lines[0]["value"]) == ("0", "no-legal-basis", "")
    assert [(one["place"], one["problem"], one["value"] or None) for one in lines[1:]] == [
        ("1", "", slot["value"]) for slot in slots
    ]
    packed = bram_calls.post("/api/v1/readings", body, headers={"Accept": PARQUET})
    table = pq.read_table(io.BytesIO(packed.get_data())).to_pylist()
    assert [(one["place"], one["start"].strftime("%H:%M")) for one in table] == [
        (1, slot["start"][11:16]) for slot in slots
    ]
    told = said(packed)
    assert [one["problem"] and one["problem"]["type"] for one in told["items"]] == [
        "/problems/no-legal-basis",
        None,
        None,
    ]
    assert told["receipt"]["promise"] == packed.headers["Ledger-Promise"]


def test_nothing_yet_part_all_and_an_estimate_are_different_answers(
    bram_calls: Caller, measured: Customer, maria: Customer
) -> None:
    path = path_of(granted(bram_calls, measured))
    whole = bram_calls.get(path, **DAY).get_json()["coverage"]
    assert (whole["state"], whole["missing"]) == ("complete", 0)
    beyond = bram_calls.get(path, **DAY | {"until": "2023-12-24"}).get_json()
    assert beyond["coverage"]["state"] == "partial"
    marks = [slot["state"] for channel in beyond["channels"] for slot in channel["readings"] if slot["value"]]
    assert beyond["coverage"]["estimated"] == marks.count("EST")
    assert beyond["coverage"]["values"] == len(marks)
    nothing = bram_calls.get(path_of(granted(bram_calls, maria)), **DAY).get_json()
    assert nothing["coverage"] == {"state": "not_yet", "values": 0, "estimated": 0, "missing": 0}
    assert nothing["channels"] == []


@pytest.mark.parametrize(
    "accept", ["image/png", "text/html", "application/parquet", "application/vnd.apache.arrow.stream"]
)
def test_another_form_is_told_not_acceptable_and_reads_nothing(
    bram_calls: Caller, measured: Customer, house: TheHouse, accept: str
) -> None:
    path = path_of(granted(bram_calls, measured))
    before = size(house)
    assert problem(bram_calls.get(path, headers={"Accept": accept}, **DAY)) == (
        406,
        "/problems/not-acceptable",
    )
    assert size(house) == before
