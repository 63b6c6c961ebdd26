"""A house that was closed for a successor, and the first turn of whoever opens it: nobody comes in on an old proof."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from databeheer.door.client import DoorRefusedError
from databeheer.oversight import gaps, handover
from tests.doors import execute, query
from tests.house import ORIGIN, Customer, Party, TheHouse

pytestmark = pytest.mark.requirement("R190")


def refusal(act: Any) -> DoorRefusedError:
    with pytest.raises(DoorRefusedError) as refused:
        act()
    return refused.value


def hand_over(house: TheHouse) -> dict[str, Any]:
    return house.operator("handover.begin", successor="Opvolger", decided_by="Raad", confirm=ORIGIN)


def reopen(house: TheHouse, outcome: str) -> dict[str, Any]:
    """What `handover take` and `handover call-off` do: with the login of the owner, and then by the door."""
    with house.engine("owner").begin() as owner:
        handover.open_log(owner)
    return house.operator("handover.opened", outcome=outcome, decided_by="Opvolger")


@pytest.mark.parametrize("outcome", ["taken_over", "called_off"])
def test_every_session_and_token_of_the_house_that_was_is_dead_once_it_opens_again(
    house: TheHouse, maria: Customer, bram: Party, outcome: str
) -> None:
    hand_over(house)
    reopen(house, outcome)
    assert refusal(lambda: maria.call("me")).code == "unauthenticated"
    assert refusal(lambda: bram.call("permission.list")).code == "unauthenticated"
    maria.session = house.log_in(maria.subject, maria.name)
    bram.token = house.token(bram.client_id, bram.client_secret)
    assert maria.call("me")["occupancies"]
    assert bram.call("permission.list")["permissions"] == []


def test_what_had_ended_before_keeps_its_own_moment(house: TheHouse, maria: Customer) -> None:
    maria.call("session.end")
    ended = query(house, "SELECT ended_at FROM identity.session WHERE ended_at IS NOT NULL")
    assert len(ended) == 1
    hand_over(house)
    house.clock.advance(timedelta(minutes=1))
    reopen(house, "taken_over")
    assert ended[0] in query(house, "SELECT ended_at FROM identity.session")


def test_an_open_house_is_not_opened_again(house: TheHouse) -> None:
    refused = refusal(lambda: house.operator("handover.opened", outcome="taken_over", decided_by="Joris"))
    assert (refused.code, "this house is open" in str(refused)) == ("conflict", True)


def test_a_house_with_a_gap_is_not_handed_over(house: TheHouse) -> None:
    with house.engine("owner").begin() as owner:
        gaps.record(owner, 0, 1, "restore", house.clock.now())
    assert "handing the house over waits" in str(refusal(lambda: hand_over(house)))
    assert query(house, "SELECT count(*) FROM oversight.handover") == [(0,)]


def test_nobody_but_the_operator_closes_opens_or_sees_it(
    house: TheHouse, maria: Customer, joris: Party
) -> None:
    begin = {"successor": "Joris", "decided_by": "Joris", "confirm": ORIGIN}
    opened = {"outcome": "taken_over", "decided_by": "Joris"}
    for command, arguments in (
        ("handover.begin", begin),
        ("handover.opened", opened),
        ("handover.status", {}),
    ):
        for call in (maria.call, joris.call, house.intake):
            refused = refusal(
                lambda call=call, command=command, arguments=arguments: call(command, **arguments)
            )
            assert refused.code == "unauthenticated"
    assert query(house, "SELECT count(*) FROM oversight.handover") == [(0,)]


def test_the_turn_that_closes_the_house_takes_the_doors_right_with_it_or_neither(house: TheHouse) -> None:
    held = "SELECT has_table_privilege('databeheer_door', 'ledger.entry', 'INSERT')"
    assert query(house, held) == [(True,)]
    execute(house, "ALTER TABLE oversight.handover ADD CHECK (successor <> 'Opvolger')")
    with pytest.raises(DoorRefusedError):
        hand_over(house)
    assert query(house, held) == [(True,)]
    execute(house, "ALTER TABLE oversight.handover DROP CONSTRAINT handover_successor_check")
    index = hand_over(house)["index"]
    assert query(house, held) == [(False,)]
    assert query(house, "SELECT max(index) FROM ledger.entry") == [(index,)]
    assert refusal(lambda: house.operator("stop.set", reason="too late")).code == "handed-over"
