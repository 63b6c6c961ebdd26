"""What is stored already of a chunk's rows is found by their pseudonyms, not by going through the day."""

from __future__ import annotations

from datetime import date, timedelta

import psycopg
import pytest
from sqlalchemy import text

from databeheer.door.commands.batches import _BY_PSEUDONYM, _VERSIONS, _month_of
from tests.house import TheHouse

BEFORE = date(2024, 6, 3)
DAY = BEFORE + timedelta(days=1)
POINTS = 20_000


@pytest.fixture
def filling(house: TheHouse) -> TheHouse:
    """A night: the day before is in and counted, most of this day is in and in no statistics yet."""
    with psycopg.connect(house.database.url("superuser"), autocommit=True) as connection:
        connection.execute("SELECT metering.ensure_month('2024-06-01')")
        connection.execute(
            "INSERT INTO metering.batch (operator, sha256, profiles, opened_at, first_day, last_day)"
            " VALUES (1, decode(repeat('00', 32), 'hex'), 0, now(), %s, %s)",
            [BEFORE, DAY],
        )
        connection.execute(_ROWS, {"day": BEFORE, "points": POINTS})
        connection.execute("ANALYZE metering.profile, metering.batch")
        connection.execute(_ROWS, {"day": DAY, "points": POINTS})
    return house


@pytest.mark.parametrize("times", [1, 8])
def test_a_day_that_is_in_no_statistics_yet_is_not_gone_through(filling: TheHouse, times: int) -> None:
    """Nor once the statement is prepared."""
    with filling.house.engine.begin() as connection:
        wanted = connection.execute(
            text("SELECT DISTINCT pseudonym FROM metering.profile LIMIT 500")
        ).scalars()
        asked = {
            "pseudonyms": b"".join(bytes(one) for one in wanted),
            "count": 500,
            "day": DAY,
            **_month_of(DAY),
        }
        connection.execute(_BY_PSEUDONYM)
        for _ in range(times):
            assert len(connection.execute(_VERSIONS, asked).all()) == 500
            explained = connection.execute(text("EXPLAIN (ANALYZE, TIMING OFF) " + str(_VERSIONS)), asked)
            plan = "\n".join(row[0] for row in explained)
    assert "pseudonym_idx" in plan
    assert "day_batch_idx" not in plan
    assert "Rows Removed by Filter: 500\n" in plan  # the day before


_ROWS = """
INSERT INTO metering.profile
    (day, version, operator, batch, pseudonym, channel, fingerprint, total_sealed, values_sealed)
SELECT %(day)s, 1, 1, (SELECT max(batch) FROM metering.batch), decode(md5(n::text), 'hex'),
    decode(repeat('00', 8), 'hex'), decode(repeat('00', 16), 'hex'), decode(repeat('00', 48), 'hex'),
    decode(repeat('00', 200), 'hex')
FROM generate_series(1, %(points)s) AS n
"""
