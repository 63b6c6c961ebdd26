"""What time does, told twice: for a row in hand, and in SQL for whoever asks there. Both say the same."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, text

from databeheer.access.facts import PermissionState as State
from databeheer.permissions import timing
from databeheer.permissions.states import LIVE
from databeheer.storage.engine import make_engine
from tests.databases import Databases

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
_DAYS = st.integers(-2, 2)
_MAYBE = st.one_of(st.none(), _DAYS)
MOMENTS = ("link_expires_at", "closes_at", "ends_at", "fulfils_at", "renew_from", "block_at")
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "state": st.sampled_from([state.value for state in State]),
            "link_expires_at": _DAYS,
            "closes_at": _MAYBE,
            "ends_at": _DAYS,
            "fulfils_at": _MAYBE,
            "renew_from": _MAYBE,
            "block_at": _MAYBE,
        }
    ),
    min_size=40,
    max_size=40,
)


@pytest.fixture(scope="module")
def connection(databases: Databases) -> Iterator[Connection]:
    with databases.clone() as database:
        engine = make_engine(database.url("door"))
        with engine.connect() as opened:
            yield opened
        engine.dispose()


def as_row(members: dict[str, Any]) -> Any:
    moments = {
        name: None if members[name] is None else NOW + timedelta(days=members[name]) for name in MOMENTS
    }
    return SimpleNamespace(**{"reason": "", "valid_until": None, "ended_at": None, **members, **moments})


@settings(max_examples=25, deadline=None)
@given(ROWS)
def test_sql_tells_the_same_as_the_row_in_hand(connection: Connection, drawn: list[dict[str, Any]]) -> None:
    rows = [as_row(one) for one in drawn]
    asked = {"now": NOW, "states": [row.state for row in rows]}
    asked |= {name: [getattr(row, name) for row in rows] for name in MOMENTS}
    told = connection.execute(
        text(
            f"SELECT {timing.STATE_AT} AS state, coalesce({timing.IS_LIVE}, false) AS is_live, {timing.OVER_AT} AS over"
            " FROM (SELECT *, CAST(NULL AS timestamptz) AS ended_at FROM unnest(CAST(:states AS text[]),"
            + ", ".join(f" CAST(:{name} AS timestamptz[])" for name in MOMENTS)
            + f") AS r (state, {', '.join(MOMENTS)})) p"
        ),
        asked,
    ).all()
    assert [one.state for one in told] == [timing.state_at(row, NOW)[0] for row in rows]
    assert [one.is_live for one in told] == [
        row.state in LIVE and timing.state_at(row, NOW)[0] in LIVE for row in rows
    ]
    for row, one in zip(rows, told, strict=True):
        if row.state in LIVE and not one.is_live:
            assert one.over == timing.ended_at(row, NOW)
