"""A file of mandates is read whole or refused whole: each wrong line with its number, its column and a code."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from databeheer.brussels import midnight
from databeheer.errors import TooLargeError
from databeheer.mandate_imports import file as files
from databeheer.mandate_imports.file import COLUMNS, MandatesRefusedError, Row, RowProblem
from databeheer.values import Granularity
from tests.databeheer.mandate_imports.importing import csv_of, line, paper
from web.facade.names import GRANULARITY_OF_SERVICE
from web.facade.parameters import REFERENCE

PAGE = Path(__file__).parents[3] / "docs" / "how-to" / "bring-mandates-along.md"
NOW = datetime(2026, 11, 21, 20, tzinfo=UTC)
HEADER = ",".join(COLUMNS)
SANDBOX_CODE = "541440010000000002"


def read(content: bytes, *, sandbox: bool = False) -> list[Row]:
    return files.read(content, NOW, sandbox=sandbox)


def problems(content: bytes) -> list[tuple[int, str, str]]:
    with pytest.raises(MandatesRefusedError) as refusal:
        read(content)
    return [(one.line, one.column, one.code.value) for one in refusal.value.problems]


def test_a_good_line_says_what_the_other_hub_said() -> None:
    [row] = read(
        csv_of([line("a-b", dataPeriodTo="2026-01-01", mandateExpirationDate="2028-01-01T00:00:00Z")])
    )
    assert (row.line, row.reference, row.service) == (2, "a-b", "VH_kwartier_uur")
    assert row.granularity is Granularity.QUARTER_HOUR
    assert row.data_from == midnight(date(2023, 1, 1))
    assert row.data_until == midnight(date(2026, 1, 1))
    assert row.valid_until == datetime(2028, 1, 1, tzinfo=UTC)
    assert row.signed_on == date(2023, 5, 1)
    assert row.document_sha256.hex() == line("a-b")["documentSha256"]


@pytest.mark.parametrize(
    "content",
    [
        csv_of([line()], ";"),
        csv_of([line()]).replace(b"\n", b"\r\n"),
        b"\xef\xbb\xbf" + csv_of([line()]),
        csv_of([line()]) + b"\n\n",
        csv_of([line()]).rstrip(),
        csv_of([line()]).replace(b"ref-1", b'"ref-1"'),
    ],
    ids=["semicolons", "lines of another system", "byte-order mark", "empty end", "no end", "quotes"],
)
def test_what_a_spreadsheet_writes_is_read(content: bytes) -> None:
    assert read(content) == read(csv_of([line()]))


def test_columns_may_come_in_any_order() -> None:
    names = list(reversed(COLUMNS))
    text = ",".join(names) + "\n" + ",".join(line()[name] for name in names)
    assert read(text.encode()) == read(csv_of([line()]))


@pytest.mark.parametrize(
    ("column", "value", "code"),
    [
        ("referenceNumber", "", "missing"),
        ("referenceNumber", "a b", "malformed"),
        ("referenceNumber", "x" * 101, "malformed"),
        ("referenceNumber", "é", "malformed"),
        ("referenceNumber", "=1+1", "malformed"),
        ("ean", "", "missing"),
        ("ean", "54144889999000003", "malformed"),
        ("ean", "5414488999900000399", "malformed"),
        ("ean", "54144889999000003x", "malformed"),
        ("ean", "٥٤١٤٤٨٨٩٩٩٩٠٠٠٠٠٣٩", "malformed"),
        ("ean", "541448899990000038", "wrong_check_digit"),
        ("ean", SANDBOX_CODE, "wrong_check_digit"),
        ("dataServiceType", "", "missing"),
        ("dataServiceType", "VH_onbepaald", "not_served"),
        ("dataServiceType", "IG", "not_served"),
        ("dataServiceType", "vh_dag", "not_served"),
        ("dataPeriodFrom", "", "missing"),
        ("dataPeriodFrom", "2023-02-29", "no_such_day"),
        ("dataPeriodFrom", "2023-13-01", "no_such_day"),
        ("dataPeriodFrom", "1889-01-01", "no_such_day"),
        ("dataPeriodFrom", "01/01/2023", "no_such_day"),
        ("dataPeriodFrom", "2023-01-01T00:00:00", "no_such_day"),
        ("dataPeriodFrom", "2023-01-01T25:00:00Z", "no_such_day"),
        ("dataPeriodTo", "2023-01-01", "ends_before_it_begins"),
        ("dataPeriodTo", "2022-12-31", "ends_before_it_begins"),
        ("dataPeriodTo", "2101-01-02", "no_such_day"),
        ("mandateExpirationDate", "2026-11-21", "ended_already"),
        ("mandateExpirationDate", "2026-11-21T20:00:00Z", "ended_already"),
        ("mandateExpirationDate", "soon", "no_such_day"),
        ("signedOn", "", "missing"),
        ("signedOn", "2026-11-22", "in_the_future"),
        ("signedOn", "2023-06-31", "no_such_day"),
        ("signedOn", "2023-05-01T00:00:00Z", "no_such_day"),
        ("documentSha256", "", "missing"),
        ("documentSha256", "ab", "malformed"),
        ("documentSha256", "A" * 64, "malformed"),
        ("documentSha256", "g" * 64, "malformed"),
        ("documentSha256", "0" * 65, "malformed"),
    ],
)
def test_a_wrong_field_is_named_and_the_good_line_before_it_is_not_taken_either(
    column: str, value: str, code: str
) -> None:
    assert problems(csv_of([line("good"), line("bad", **{column: value})])) == [(3, column, code)]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", [(1, name, "missing_column") for name in sorted(COLUMNS)]),
        (HEADER.encode(), [(2, "", "no_rows")]),
        (
            csv_of([line()]).replace(b"signedOn", b"signed_on"),
            [(1, "", "unknown_column"), (1, "signedOn", "missing_column")],
        ),
        (csv_of([line()]).replace(HEADER.encode(), HEADER.encode() + b",name"), [(1, "", "unknown_column")]),
        (csv_of([line()]).replace(HEADER.encode(), HEADER.encode() + b",ean"), [(1, "", "unknown_column")]),
        (csv_of([line(), line("b")]) + b"x,y\n", [(4, "", "not_a_table")]),
        (csv_of([line()]) + b"\n" + csv_of([line("b")]).split(b"\n", 1)[1], [(3, "", "not_a_table")]),
        (csv_of([line()]).replace(b"ref-1", b'"ref-1'), [(2, "", "not_a_table")]),
        (csv_of([line()]).replace(b"ref-1", b"ref\x001"), [(2, "", "not_text")]),
        (csv_of([line()]).replace(b"ref-1", b"ref\x7f"), [(2, "", "not_text")]),
        (csv_of([line()]).replace(b"ref-1", "ref\u2028".encode()), [(2, "", "not_text")]),
        (csv_of([line()]).replace(b"ref-1", b"\xff"), [(2, "", "not_text")]),
        (csv_of([line()]).decode().encode("utf-16"), [(1, "", "not_text")]),
    ],
)  # fmt: skip
def test_what_is_no_such_table_is_refused(content: bytes, said: list[tuple[int, str, str]]) -> None:
    assert problems(content) == said


def test_every_wrong_line_is_named_in_order() -> None:
    lines = [line("a", ean="1"), line("b"), line("c", signedOn="x", documentSha256="y")]
    assert problems(csv_of(lines)) == [
        (2, "ean", "malformed"),
        (4, "documentSha256", "malformed"),
        (4, "signedOn", "no_such_day"),
    ]


@pytest.mark.parametrize("other", ["abc-def", "abcdef", "ABC-DEF", "a-b-c-d-e-f"])
def test_a_reference_stands_once_however_its_clients_spell_it(other: str) -> None:
    assert problems(csv_of([line("abc-def"), line(other)])) == [(3, "referenceNumber", "twice")]


def test_one_reference_may_have_two_data_services() -> None:
    assert len(read(csv_of([line("a"), line("a", dataServiceType="VH_dag")]))) == 2


def test_no_more_than_five_wait_for_one_access_point() -> None:
    lines = [line(f"r{number}") for number in range(7)]
    assert problems(csv_of(lines)) == [
        (7, "ean", "too_many_for_one_point"),
        (8, "ean", "too_many_for_one_point"),
    ]


def test_a_file_that_is_too_large_is_refused_unread() -> None:
    with pytest.raises(TooLargeError):
        read(b"\xff" * (files.LARGEST_FILE + 1))
    with pytest.raises(TooLargeError):
        read((HEADER + "\n" + "x\n" * (files.MOST_ROWS + 1)).encode())


def test_the_most_rows_are_read_and_a_refusal_of_all_names_a_hundred() -> None:
    content = (HEADER + "\n" + "x\n" * files.MOST_ROWS).encode()
    with pytest.raises(MandatesRefusedError) as refusal:
        read(content)
    assert refusal.value.members["problem_count"] == files.MOST_ROWS
    assert len(refusal.value.members["problems"]) == files.MOST_TOLD


def test_the_codes_of_a_sandbox_are_read_in_a_sandbox_alone() -> None:
    content = csv_of([line(ean=SANDBOX_CODE)])
    assert read(content, sandbox=True)[0].ean.digits != SANDBOX_CODE
    assert problems(content) == [(2, "ean", "wrong_check_digit")]


def test_a_refusal_repeats_nothing_of_the_file() -> None:
    with pytest.raises(MandatesRefusedError) as refusal:
        read(csv_of([line("private-name", ean="541448899990000038")]))
    told = str(refusal.value) + str(refusal.value.members)
    assert "private" not in told
    assert "541448" not in told


@given(st.binary(max_size=400))
def test_no_bytes_are_a_file_by_accident(content: bytes) -> None:
    with pytest.raises(MandatesRefusedError):
        read(content)


@given(st.text(max_size=60), st.sampled_from(COLUMNS))
def test_no_text_in_a_field_breaks_the_reading(text: str, column: str) -> None:
    with suppress(MandatesRefusedError):
        assert len(read(csv_of([line(**{column: text})]))) == 1


def test_the_page_shows_a_file_that_is_read_and_every_column_and_code() -> None:
    page = PAGE.read_text(encoding="utf-8")
    shown = [one.strip() for one in page.splitlines() if one.startswith("    ") and one.count(",") == 7]
    assert len(read("\n".join(shown).encode())) == 1
    named = set(re.findall(r"`([A-Za-z0-9_]+)`", page))
    assert {*COLUMNS, *(code.value for code in RowProblem), *files.SERVICES} <= named


def test_the_words_are_those_of_the_facade() -> None:
    assert {service.value: one for service, one in GRANULARITY_OF_SERVICE.items()} == files.SERVICES
    assert REFERENCE.pattern == files._REFERENCE.pattern
    assert paper("a") != paper("b")
