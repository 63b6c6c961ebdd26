"""What people and parties get wrong is refused with its reason, changes nothing, and is on record if it is an outcome.

The rest of the list stands with its subject: overlapping stays (late moves), contracts of suppliers that end before
they begin and days beyond the century (facts of points), two tabs at once and who moved out yesterday (life of
permissions).
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from databeheer.door.client import DoorRefusedError
from databeheer.values import format_instant
from tests.doors import query
from tests.house import Customer, Party, TheHouse
from tests.series import slots_in

AUTUMN_DAY = {"from": "2023-10-28T22:00:00Z", "until": "2023-10-29T23:00:00Z"}


def refusal(call: Any) -> DoorRefusedError:
    with pytest.raises(DoorRefusedError) as refused:
        call()
    return refused.value


def state(house: TheHouse) -> list[tuple[Any, ...]]:
    """The ledger's size and every permission as it is."""
    size = query(house, "SELECT size FROM ledger.head")
    return size + query(house, "SELECT * FROM permissions.permission ORDER BY permission_id")


def unchanged(house: TheHouse, call: Any) -> DoorRefusedError:
    before = state(house)
    refused = refusal(call)
    assert state(house) == before
    return refused


def test_what_has_ended_is_not_ended_again_by_anybody(
    house: TheHouse, measured: Customer, bram: Party, granted: dict[str, Any]
) -> None:
    permission = granted["permission_id"]
    measured.withdraw(permission)
    for again in (
        lambda: measured.withdraw(permission),
        lambda: bram.call("permission.terminate", permission_id=permission),
        lambda: measured.call("permission.withdraw", permission_id=permission, part="past"),
    ):
        assert unchanged(house, again).code == "conflict"


def test_what_time_ended_is_not_withdrawn_either(house: TheHouse, measured: Customer, bram: Party) -> None:
    asked = bram.ask(valid_until=format_instant(house.clock.now() + timedelta(minutes=5)))
    measured.grant(asked)
    house.clock.advance(timedelta(minutes=5))
    assert unchanged(house, lambda: measured.withdraw(asked["permission_id"])).code == "conflict"


def test_the_link_of_a_permission_that_was_withdrawn_gives_nothing_to_whoever_opens_it(
    house: TheHouse, measured: Customer, maria: Customer, bram: Party, granted: dict[str, Any]
) -> None:
    measured.withdraw(granted["permission_id"])
    home = maria.occupancy()
    assert unchanged(house, lambda: measured.grant(granted, measured.occupancy())).code == "conflict"
    assert unchanged(house, lambda: maria.grant(granted, home)).code in ("conflict", "not-found")
    link = {"link_code": granted["link_code"]}
    assert unchanged(house, lambda: maria.call("permission.by_link", **link)).code == "not-found"
    refused = refusal(lambda: bram.read(granted["permission_id"]))
    assert refused.reason == "withdrawn"
    events = query(house, "SELECT event FROM ledger.body WHERE index = %s", refused.index)
    assert events == [("data.refused",)]


@pytest.mark.parametrize("purpose", ["marketing", "", "ENERGY_ADVICE", "energy advice"])
def test_an_unknown_purpose_is_no_request_and_no_read(
    house: TheHouse, measured: Customer, bram: Party, granted: dict[str, Any], purpose: str
) -> None:
    for call in (
        lambda: bram.ask(purpose=purpose),
        lambda: bram.read(granted["permission_id"], purpose=purpose),
    ):
        assert unchanged(house, call).code == "malformed-request"


def test_finer_than_the_ceiling_is_refused_and_that_is_on_record(
    house: TheHouse, measured: Customer, bram: Party
) -> None:
    asked = bram.ask(granularity="day")
    measured.grant(asked)
    for finer in ("quarter_hour", "hour"):
        refused = refusal(lambda finer=finer: bram.read(asked["permission_id"], granularity=finer))
        assert (refused.code, refused.reason) == ("granularity-too-fine", "granularity_too_fine")
        told = measured.statements()[0]
        assert (told["index"], told["event"], told["slots"]) == (refused.index, "data.refused", 0)
    assert bram.read(asked["permission_id"], granularity="day")["channels"]


@pytest.mark.parametrize("until", ["2024-03-31T00:00:00Z", "2024-03-30T23:59:59Z", "2020-01-01T00:00:00Z"])
def test_a_data_access_contract_that_ends_before_it_begins_is_none(
    house: TheHouse, bram: Party, until: str
) -> None:
    contract = {"party_id": bram.party_id, "number": "C-1", "valid_from": "2024-03-31T00:00:00Z"}
    add = "registry.contract.add"
    assert "valid_until" in str(unchanged(house, lambda: house.operator(add, **contract, valid_until=until)))


@pytest.mark.parametrize(
    ("until", "slots"),
    [
        ("2023-10-29T00:00:00Z", 8),  # 2:00, the first time
        ("2023-10-29T00:45:00Z", 11),
        ("2023-10-29T01:00:00Z", 12),  # 2:00 again
        ("2023-10-29T02:00:00Z", 16),  # 3:00
    ],
)
def test_a_permission_that_ends_in_the_hour_that_comes_twice_ends_there_and_not_an_hour_off(
    measured: Customer, bram: Party, until: str, slots: int
) -> None:
    asked = bram.ask(data_until=until)
    measured.grant(asked)
    given = bram.read(asked["permission_id"], **AUTUMN_DAY, mode="clip")
    assert sum(len(slots_in(channel)) for channel in given["channels"]) == slots
    assert slots_in(given["channels"][0])[-1]["end"] == until
    assert refusal(lambda: bram.read(asked["permission_id"], **AUTUMN_DAY)).reason == "outside_data_period"
