"""A house from before there were clocks gets those that would run by now."""

from __future__ import annotations

import importlib
from datetime import date, timedelta
from hashlib import sha256
from typing import Any

import psycopg

from databeheer.brussels import day_of
from databeheer.site.storytelling import file_assessment
from tests.conftest import MARIAS_EAN
from tests.doors import execute, query
from tests.house import Customer, Party, TheHouse

STATEMENTS = importlib.import_module("migrations.versions.0020_clocks_from_before").FROM_BEFORE
WHOLE_DAYS = importlib.import_module("migrations.versions.0044_whole_days_to_delete").WHOLE_DAYS
# A reminder's history says when it was due, its clock when it went out: that start is not compared.
RUNNING = (
    "SELECT operator, kind, about, party_id, occupancy_id, due_at, CASE WHEN kind <> 'reminder' THEN started_at END"
    " FROM clocks.clock WHERE met_at IS NULL AND dropped_at IS NULL ORDER BY kind, about"
)


_DRAWN_BY_ITSELF = """
ALTER TABLE permissions.mandate ADD COLUMN IF NOT EXISTS sampled_at timestamptz,
    ADD COLUMN IF NOT EXISTS due_at timestamptz, ADD COLUMN IF NOT EXISTS produced_at timestamptz;
UPDATE permissions.mandate m SET sampled_at = s.drawn_at, due_at = s.due_at, produced_at = s.produced_at
    FROM permissions.mandate_sample s WHERE s.permission_id = m.permission_id
"""
_STALE_BY_ITSELF = b"""
    ALTER TABLE registry.dpia ADD COLUMN IF NOT EXISTS stale_at timestamptz;
    UPDATE registry.dpia d SET stale_at = t.at FROM registry.dpia_trigger t WHERE t.party_id = d.party_id;
"""


def later(house: TheHouse, days: int, *people: Customer | Party) -> None:
    house.clock.advance(timedelta(days=days))
    for one in people:
        if isinstance(one, Customer):
            one.session = house.log_in(one.subject, one.name)
        else:
            one.token = house.token(one.client_id, one.client_secret)


def fill(house: TheHouse) -> None:
    """What the migration does, by who does it; twice, as after a house was upgraded that had clocks already.

    It ran when a DPIA itself said that it was out of date, and a mandate that it was drawn. A later one makes whole
    days of the hours in which to delete.
    """
    with psycopg.connect(house.database.url("owner")) as connection:
        connection.execute(_STALE_BY_ITSELF)
        connection.execute(_DRAWN_BY_ITSELF)
        for statement in STATEMENTS * 2:
            connection.execute(statement.encode())
        connection.execute(WHOLE_DAYS)


def test_what_runs_is_found_again_and_what_is_over_is_not(
    house: TheHouse, lotte: Customer, maria: Customer, bram: Party, joris: Party
) -> None:
    stay, asked = maria.occupancy(), [bram.ask() for _ in range(4)]
    for one in asked:
        lotte.grant(one)
    permission: dict[str, Any] = {"permission_id": asked[0]["permission_id"]}
    bram.call(
        "mandate.register",
        document_sha256=sha256(b"signed").hexdigest(),
        signed_on="2023-01-01",
        **permission,
    )
    house.operator("mandate.sample")
    lotte.withdraw(asked[1]["permission_id"])
    lotte.withdraw(asked[2]["permission_id"])
    bram.call("permission.confirm_deletion", permission_id=asked[2]["permission_id"])
    bram.ask()
    house.operator("registry.dpia.stale", party_id=joris.party_id, trigger="use_changed")
    house.operator("registry.occupancy.end", ean=MARIAS_EAN, until_day=day_of(house.clock.now()).isoformat())
    later(house, 366, lotte, bram)
    house.operator("permission.sweep")
    later(house, 1200, maria)
    maria.call("erasure.ask", data_class="readings", occupancy_id=stay)
    house.put_in_order(bram.party_id)
    before = query(house, RUNNING)
    assert {row[1] for row in before} >= {
        *("reminder", "deletion_confirmation", "mandate_sample", "dpia_validity", "erasure_request")
    }
    execute(house, "TRUNCATE clocks.clock")
    fill(house)
    assert query(house, RUNNING) == before


def test_it_is_the_same_moment_as_the_engines_whatever_day_it_is(house: TheHouse, bram: Party) -> None:
    for day in ("2024-02-29", "2023-03-26", "2025-10-26", "2025-12-31"):
        execute(house, "TRUNCATE clocks.clock")
        execute(house, "DELETE FROM registry.dpia")
        file_assessment(house.operator, bram.party_id, f"D-{day}", date.fromisoformat(day))
        before = query(house, RUNNING)
        execute(house, "TRUNCATE clocks.clock")
        fill(house)
        assert query(house, RUNNING) == before
