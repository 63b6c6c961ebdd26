"""Moments have one spelling; a lost plus sign is mended."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from databeheer.errors import MalformedRequestError
from web.moments import parse_moment


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2023-10-28T22:00:00Z", datetime(2023, 10, 28, 22, tzinfo=UTC)),
        ("2023-10-29T00:00:00+02:00", datetime(2023, 10, 28, 22, tzinfo=UTC)),
        ("2023-10-29T00:00:00 02:00", datetime(2023, 10, 28, 22, tzinfo=UTC)),
        ("2023-10-29", datetime(2023, 10, 28, 22, tzinfo=UTC)),
        ("2023-10-30", datetime(2023, 10, 29, 23, tzinfo=UTC)),
        ("1990-01-01", datetime(1989, 12, 31, 23, tzinfo=UTC)),
        ("2100-12-31T23:00:00Z", datetime(2100, 12, 31, 23, tzinfo=UTC)),
        ("2023-10-28T22:00:00.500Z", datetime(2023, 10, 28, 22, 0, 0, 500_000, tzinfo=UTC)),
    ],
)
def test_a_moment_is_read(text: str, moment: datetime) -> None:
    assert parse_moment(text) == moment


@pytest.mark.parametrize(
    "text",
    [
        "",
        "now",
        "2023-10-28T22:00:00",
        "2023-10-28 22:00:00Z",
        "2023-W43-7T00:00:00Z",
        "20231028T220000Z",
        "2023-10-28T22:00Z",
        "2023-10-28T22:00:00,5Z",
        "2023-13-01T00:00:00Z",
        "2023-02-30",
        "2023-10-28T24:01:00Z",
        "2023-10-28T22:00:60Z",
        "1989-12-31T00:00:00Z",
        "1989-12-31",
        "1989-12-31T22:59:59Z",
        "2100-12-31T23:00:01Z",
        "2101-01-01",
        "9999-12-31T23:59:59-23:59",
        "0001-01-01T00:00:00+23:59",
        "2023-10-28T22:00:00+99:99",
        "٢٠٢٣-١٠-٢٨",
        "2023-10-28T22:00:00Z\n",
        "1698530400",
    ],
)
def test_any_other_spelling_is_refused(text: str) -> None:
    with pytest.raises(MalformedRequestError):
        parse_moment(text)
