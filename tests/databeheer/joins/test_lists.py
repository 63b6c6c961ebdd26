"""A list of lawful joins is whole or it is no list; what the law forbids no list may say."""

from __future__ import annotations

import pytest

from databeheer.joins.cases import JoinListError, Shape
from databeheer.joins.lists import SHIPPED, parse

LIST = SHIPPED.read_text()


def with_change(old: str, new: str, count: int = 1) -> bytes:
    assert old in LIST
    return LIST.replace(old, new, count).encode()


def aggregate_with(old: str, new: str) -> bytes:
    """Change a line of the second case, the aggregate."""
    head, mark, tail = LIST.partition('id = "area-month-statistics"')
    assert old in tail
    return (head + mark + tail.replace(old, new, 1)).encode()


@pytest.mark.requirement("R131")
def test_the_shipped_list_is_whole_and_cites_an_article_for_each_case() -> None:
    joins = parse(LIST.encode())
    assert joins.version >= 1
    assert {case.shape for case in joins.cases} == set(Shape)
    assert all(case.citations and case.sentence_nl for case in joins.cases)


def test_the_fraud_case_says_that_its_article_is_a_draft() -> None:
    case = parse(LIST.encode()).case("fraud-month-totals")
    assert case is not None
    assert case.citation.article == "4.1.3, tweede lid, 6°"
    assert str(case.citation).endswith("(ontwerp)")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff",
        b"format = 1\n",
        with_change("format = 1", "format = 2"),
        with_change("format = 1", 'format = "1"'),
        with_change("version = 2", "version = 0"),
        with_change("version = 2", "version = true"),
        with_change('issued = "2026-11-15"', 'issued = "yesterday"'),
        with_change("format = 1", "format = 1\nextra = 1"),
        with_change('id = "area-month-statistics"', 'id = "fraud-month-totals"'),
        with_change('id = "fraud-month-totals"', 'id = "Fraud"'),
        with_change('roles = ["dso"]', "roles = []"),
        with_change('roles = ["dso"]', 'roles = ["dso", "dso"]'),
        with_change('roles = ["dso"]', 'roles = ["landlord"]'),
        with_change('roles = ["dso"]', 'roles = ["grid_user"]'),
        with_change('purpose = "fraud_detection"', 'purpose = "marketing"'),
        with_change('granularity = "month"', 'granularity = "quarter_hour"'),
        with_change("max_points = 200", "max_points = 4"),
        with_change("max_points = 200", "max_points = -1"),
        with_change("approvals = 1\n", ""),
        with_change('status = "draft"', 'status = "soon"'),
        with_change('columns = ["pseudonym", ', 'columns = ["ean", '),
        with_change('basis = "dso_fraud_detection"', 'basis = ""'),
        b"#" * 300_000,
    ],
    ids=range(24),
)
def test_a_list_with_anything_wrong_is_no_list(content: bytes) -> None:
    with pytest.raises(JoinListError):
        parse(content)


@pytest.mark.requirement("R11")
@pytest.mark.parametrize("purpose", ["statistics", "research"])
def test_research_and_statistics_never_get_rows_of_single_points(purpose: str) -> None:
    with pytest.raises(JoinListError, match="aggregates only"):
        parse(with_change('purpose = "fraud_detection"', f'purpose = "{purpose}"'))


@pytest.mark.requirement("R11")
@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("min_points = 10", "min_points = 9"),
        ('scope = "area"', 'scope = "listed"'),
        ('basis = ""', 'basis = "dso_fraud_detection"'),
    ],
)
def test_an_aggregate_in_which_somebody_could_be_seen_cannot_be_listed(old: str, new: str) -> None:
    with pytest.raises(JoinListError):
        parse(aggregate_with(old, new))


@pytest.mark.requirement("R11")
@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("min_points = 10", "min_points = 9"),
        ("max_share_percent = 15", "max_share_percent = 16"),
        ('scope = "area"', 'scope = "listed"'),
        ('granularity = "hour"', 'granularity = "quarter_hour"'),
        ('granularity = "hour"', 'granularity = "month"'),
        ('"municipality", "profile_type"', '"pseudonym", "profile_type"'),
        ('purpose = "statistics"', 'purpose = "fraud_detection"'),
        ('shape = "table"', 'shape = "aggregate"'),
        ('shape = "table"', 'shape = "points"'),
        ('basis = ""', 'basis = "dso_fraud_detection"'),
    ],
)
def test_a_published_table_in_which_somebody_could_be_seen_cannot_be_listed(old: str, new: str) -> None:
    head, mark, tail = LIST.partition('id = "municipality-hour-statistics"')
    assert old in tail
    with pytest.raises(JoinListError):
        parse((head + mark + tail.replace(old, new, 1)).encode())


def test_only_a_table_is_of_more_points_than_one_entry_speaks_of() -> None:
    assert parse(with_change("max_points = 200", "max_points = 30000"))
    with pytest.raises(JoinListError, match="one entry"):
        parse(with_change("max_points = 200", "max_points = 30001"))
