"""A database from an older dump: a mandate that its customer refused since does not begin by silence."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from databeheer.mandate_imports.rows import NOTICE_DAYS
from tests.databeheer.mandate_imports.importing import Brought, back_in, days, post_letters, sweep
from tests.doors import execute
from tests.house import Customer, Party, TheHouse
from tests.restores import Backups


@pytest.fixture
def backups(house: TheHouse, tmp_path: Path) -> Iterator[Backups]:
    made = Backups(house, tmp_path)
    yield made
    made.close()


def test_a_refusal_that_a_restored_database_forgot_is_found_before_anything_is_carried_on(
    house: TheHouse, backups: Backups, lotte: Customer, bram: Party
) -> None:
    brought = Brought.of(house, bram)
    permission_id = brought.permission()
    post_letters(house)
    brought.hand_all_in()
    days(house, NOTICE_DAYS)
    backups.dump()
    lotte.call("permission.refuse", permission_id=permission_id)
    backups.publish()
    backups.put_back()
    backups.refill()
    backups.restart_door()
    house.operator("reconcile.status")
    days(house, 1)
    backups.log_in_again(lotte, bram)
    assert sweep(house) == {}
    house.operator("reconcile.finish")
    assert sweep(house) == {}
    assert bram.permission(permission_id)["state"] == "rejected"


@pytest.mark.parametrize(("reaches", "carried_on"), [("true", 1), ("false", 0), ("NULL", 0)])
def test_silence_of_before_a_gap_is_a_word_only_where_the_journal_of_ends_reaches_over_it(
    house: TheHouse, lotte: Customer, bram: Party, reaches: str, carried_on: int
) -> None:
    brought = Brought.of(house, bram)
    post_letters(house)
    brought.hand_all_in()
    days(house, NOTICE_DAYS + 1)
    now = house.clock.now().isoformat()
    execute(
        house,
        "INSERT INTO oversight.gap (first, until, found_by, found_at, journal_reaches, reconciled_index)"
        f" VALUES (1, 1, 'restore', '{now}', {reaches}, 1)",
    )
    assert sweep(house)["mandate_carried_on"] == carried_on
    back_in(house, bram)
    assert bram.permission(brought.permission())["state"] == ("active" if carried_on else "requested")
