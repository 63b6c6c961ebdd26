"""What cannot be written down is left for the next sweep, and keeps nothing else from being written."""

from __future__ import annotations

from datetime import timedelta

import pytest

from databeheer.site.clerk import Clerk
from tests.conftest import LOTTES_EAN, MARIAS_EAN
from tests.doors import execute, query
from tests.house import Customer, Party, TheHouse

REFUSE = """
CREATE FUNCTION public.refuse_one() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'a row that nobody foresaw'; END $$;
CREATE TRIGGER refuse_one BEFORE INSERT ON permissions.event
    FOR EACH ROW WHEN (NEW.permission_id = '{}') EXECUTE FUNCTION public.refuse_one();
"""


@pytest.fixture
def stuck(house: TheHouse, lotte: Customer, maria: Customer, bram: Party) -> str:
    """Bram's requests to both had no answer in time, and the database takes no event of the one to Maria."""
    asked = bram.ask(ean=MARIAS_EAN)["permission_id"]
    house.clock.advance(timedelta(seconds=1))  # it is the first in the row
    bram.ask(ean=LOTTES_EAN)
    house.clock.advance(timedelta(days=31))
    execute(house, REFUSE.format(asked))
    return str(asked)


def events(house: TheHouse) -> int:
    return int(
        query(house, "SELECT count(*) FROM ledger.body WHERE event = %s", "permission.timed_out")[0][0]
    )


def test_one_that_fails_stops_no_other_and_leaves_nothing_of_itself(house: TheHouse, stuck: str) -> None:
    swept = house.operator("permission.sweep")
    assert (swept["recorded"], swept["failed"], swept["more"]) == ({"timed_out": 1}, 1, False)
    assert query(
        house, "SELECT permission_id::text FROM permissions.permission WHERE state = 'requested'"
    ) == [(stuck,)]
    assert events(house) == 1
    told = "SELECT count(*) FROM post.message WHERE kind = 'permission.timed_out' AND about = %s"
    assert query(house, told, stuck) == [(0,)]


def test_a_whole_batch_that_fails_keeps_nothing_behind_it_from_being_done(
    house: TheHouse, stuck: str
) -> None:
    first = house.operator("permission.sweep", limit=1)
    assert (first["recorded"], first["failed"], first["more"]) == ({}, 1, True)
    assert Clerk(house.client, house.clerk_key, limit=1).round() == {"timed_out": 1}
    assert Clerk(house.client, house.clerk_key, limit=1).round() == {}  # and it ends
    swept = house.operator("permission.sweep", limit=1, skip=1)
    assert (swept["recorded"], swept["failed"], swept["more"]) == ({}, 0, False)
    execute(house, "DROP TRIGGER refuse_one ON permissions.event")
    assert house.operator("permission.sweep")["recorded"] == {"timed_out": 1}


def test_a_command_that_fails_keeps_none_of_the_others_from_being_done(
    house: TheHouse, lotte: Customer, bram: Party
) -> None:
    lotte.withdraw(lotte.grant(bram.ask(ean=LOTTES_EAN))["permission"]["permission_id"])
    house.clock.advance(timedelta(days=31))
    execute(house, "REVOKE SELECT ON permissions.mandate FROM databeheer_door")
    assert Clerk(house.client, house.clerk_key).round() == {"deletion_confirmation": 1}
