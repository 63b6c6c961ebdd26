"""Mandates that a party brings along: announced, sampled, and active only once notice and sample are over."""

from __future__ import annotations

from tests.databeheer.mandate_imports.importing import Brought, back_in, days, post_letters, sweep
from tests.house import Customer, Party, TheHouse


def test_a_mandate_is_active_once_its_customer_was_told_and_its_sample_was_good(
    house: TheHouse, lotte: Customer, bram: Party
) -> None:
    brought = Brought.of(house, bram)
    permission_id = brought.permission()
    assert brought.now()["state"] == "sampled"
    assert bram.permission(permission_id)["state"] == "requested"
    assert bram.permission(permission_id)["reference"] == "ref-1"
    post_letters(house)
    brought.hand_all_in()
    assert brought.now()["state"] == "passed"
    assert bram.permission(permission_id)["state"] == "requested"
    days(house, 14)
    back_in(house, bram)
    assert sweep(house) == {}
    assert bram.permission(permission_id)["state"] == "requested"
    days(house, 1)
    back_in(house, bram)
    assert sweep(house) == {"mandate_carried_on": 1}
    assert bram.permission(permission_id)["state"] == "active"
