"""Mandates brought along over HTTP: a file is taken whole or refused line by line; a stranger's does not exist."""

from __future__ import annotations

from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from werkzeug.test import TestResponse

from databeheer.brussels import midnight
from databeheer.mandate_imports.file import COLUMNS, LARGEST_FILE, MOST_ROWS, RowProblem
from databeheer.mandate_imports.rows import NOTICE_DAYS
from databeheer.values import parse_instant
from tests.databeheer.mandate_imports.importing import Brought, csv_of, days, line, paper, post_letters, sweep
from tests.doors import query
from tests.house import Customer, Party, TheHouse
from tests.web.facade.calling import energy, get
from tests.web.programs import Caller, caller
from web.api.mandate_imports import WHAT

PATH = "/api/v1/mandate-imports"


def problem(answer: TestResponse) -> tuple[int, str]:
    return answer.status_code, urlsplit(answer.get_json()["type"]).path


def send(calls: Caller, content: bytes, media: str = "text/csv", **asked: str) -> TestResponse:
    headers = calls.headers() | {"Content-Type": media}
    return calls.http.post(PATH, data=content, headers=headers, query_string=asked)


def test_a_file_is_taken_followed_and_its_papers_handed_in(
    house: TheHouse, measured: Customer, bram: Party, bram_calls: Caller
) -> None:
    taken = send(bram_calls, csv_of([line()]))
    assert taken.status_code == 202
    assert "Ledger-Promise" in taken.headers
    path = urlsplit(taken.headers["Location"]).path
    assert bram_calls.get(path).get_json()["state"] == "announcing"
    sweep(house)
    shown = bram_calls.get(path).get_json()
    assert (shown["state"], shown["sample"]["lines"]) == ("sampled", [2])
    [row] = bram_calls.get(f"{path}/rows").get_json()["rows"]
    assert (row["reference"], row["state"], row["is_drawn"], row["handed_in_at"]) == (
        "ref-1",
        "requested",
        True,
        None,
    )
    first_day = midnight(parse_instant(shown["taken_at"]).date())
    assert parse_instant(row["earliest"]) >= first_day
    headers = bram_calls.headers() | {"Content-Type": "application/pdf"}
    put = f"/api/v1/permissions/{row['permission']}/mandate/document"
    assert bram_calls.http.put(put, data=paper("ref-1"), headers=headers).status_code == 200
    assert bram_calls.get(f"{path}/rows").get_json()["rows"][0]["handed_in_at"] is not None
    assert bram_calls.get(PATH).get_json()["imports"] == [bram_calls.get(path).get_json()]


def test_the_other_hubs_client_goes_on_with_its_reference(
    house: TheHouse, measured: Customer, bram: Party, bram_fluvius: Caller
) -> None:
    asked = {"referenceNumber": "ref-1"}

    def listed(calls: Caller, **more: str) -> list[tuple[str, str]]:
        answer = get(calls, "/esco/v3/api/mandate", asked | more).get_json()["data"]["mandates"]
        return [(one["referenceNumber"], one["status"]) for one in answer]

    brought = Brought.of(house, bram)
    assert listed(bram_fluvius) == []
    assert listed(bram_fluvius, status="Requested") == [("ref-1", "Requested")]
    waiting = energy(bram_fluvius, **asked)
    assert waiting.status_code == 404  # a 403 would have its client give the mandate up
    post_letters(house)
    brought.hand_all_in()
    days(house, NOTICE_DAYS + 1)
    sweep(house)
    again = caller(bram_fluvius.http.application, bram, "facade")
    assert listed(again) == [("ref-1", "Approved")]
    read = energy(again, **asked)
    assert read.status_code == 200
    assert read.get_json()["data"]["headpoint"] is not None


def test_a_wrong_file_is_refused_line_by_line_and_changes_nothing(
    house: TheHouse, bram: Party, bram_calls: Caller
) -> None:
    size = query(house, "SELECT size FROM ledger.head")
    wrong = csv_of([line("a"), line("b", ean="541448899990000038", signedOn="2023-02-30"), line("a")])
    for asked in ({}, {"dry_run": "true"}):
        answer = send(bram_calls, wrong, **asked)
        assert problem(answer) == (422, "/problems/mandates-refused")
        assert answer.get_json()["errors"] == [
            {
                "where": "line 3, ean",
                "detail": "wrong_check_digit: the check digit of this EAN code is wrong",
            },
            {"where": "line 3, signedOn", "detail": f"no_such_day: {WHAT[RowProblem.NO_SUCH_DAY]}"},
            {"where": "line 4, referenceNumber", "detail": f"twice: {WHAT[RowProblem.TWICE]}"},
        ]
    assert query(house, "SELECT size FROM ledger.head") == size


def test_what_is_no_file_of_mandates_is_refused(bram_calls: Caller) -> None:
    good = csv_of([line()])
    assert problem(send(bram_calls, b"")) == (400, "/problems/malformed-request")
    assert problem(send(bram_calls, good, dry_run="yes")) == (400, "/problems/malformed-request")
    assert problem(send(bram_calls, good, dryrun="true")) == (400, "/problems/malformed-request")
    assert problem(send(bram_calls, good, "application/json")) == (415, "/problems/unsupported-media-type")
    assert problem(send(bram_calls, b"x" * (LARGEST_FILE + 1))) == (413, "/problems/too-large")
    long = (",".join(COLUMNS) + "\n" + "x\n" * (MOST_ROWS + 1)).encode()
    assert problem(send(bram_calls, long)) == (413, "/problems/too-large")
    assert bram_calls.get(PATH).get_json() == {"imports": []}


def test_a_dry_run_says_how_many_rows_are_good(bram_calls: Caller) -> None:
    answer = send(bram_calls, csv_of([line()]), dry_run="true")
    assert (answer.status_code, answer.get_json()) == (202, {"rows": 1, "import": None})
    assert "Ledger-Promise" not in answer.headers


def test_the_same_file_again_is_the_same_import_with_the_same_promise(
    house: TheHouse, lotte: Customer, bram_calls: Caller
) -> None:
    first, second = (send(bram_calls, csv_of([line()])) for _ in range(2))
    assert first.get_json() == second.get_json()
    assert first.headers["Ledger-Promise"] == second.headers["Ledger-Promise"]
    assert first.headers["Location"] == second.headers["Location"]


def test_lines_come_by_pages(house: TheHouse, lotte: Customer, bram: Party, bram_calls: Caller) -> None:
    brought = Brought.of(house, bram, line("a"), line("b"), line("c"))
    path = f"{PATH}/{brought.import_id}/rows"
    one = bram_calls.get(path, limit="2").get_json()
    assert ([row["reference"] for row in one["rows"]], one["next_line"]) == (["a", "b"], 3)
    rest = bram_calls.get(path, after_line="3").get_json()
    assert ([row["reference"] for row in rest["rows"]], rest["next_line"]) == (["c"], None)
    for wrong in (
        {"limit": "0"},
        {"limit": "201"},
        {"after_line": "-1"},
        {"after_line": "+1"},
        {"line": "1"},
    ):
        assert problem(bram_calls.get(path, **wrong)) == (400, "/problems/malformed-request")


def test_a_strangers_import_does_not_exist(
    house: TheHouse, lotte: Customer, bram: Party, joris_calls: Caller
) -> None:
    brought = Brought.of(house, bram)
    for path in (f"{PATH}/{brought.import_id}", f"{PATH}/{brought.import_id}/rows", f"{PATH}/{uuid4()}"):
        assert problem(joris_calls.get(path)) == (404, "/problems/not-found")
    assert joris_calls.get(PATH).get_json() == {"imports": []}


@pytest.mark.parametrize("code", list(RowProblem))
def test_every_code_has_words(code: RowProblem) -> None:
    assert WHAT[code]
