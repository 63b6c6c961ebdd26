"""A portfolio: what is alike is decided once, and nobody can tell; more than one turn takes come in several."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from databeheer.brussels import day_of
from databeheer.door.bodies.checking import check_bodies
from databeheer.door.bodies.halves import canonical
from databeheer.door.bodies.opened import subject_body
from databeheer.door.client import DoorRefusedError
from databeheer.door.commands import bulk as command
from databeheer.door.portfolio import crowd, sorting
from databeheer.door.portfolio.opening import open_day
from databeheer.door.portfolio.sorting import Sorted
from databeheer.door.proofs import Proof
from databeheer.door.reads import bulk as door_bulk
from databeheer.door.reads.bulk import BulkRead, admit_bulk
from databeheer.door.reads.request import ReadRequest, Wanted
from databeheer.metering.street import invented_ean
from databeheer.values import Granularity, Period, parse_instant
from tests.conftest import LOTTES_EAN, MARIAS_EAN
from tests.copies import setting_up
from tests.databeheer.door.bulk import UNKNOWN, WINDOW, Neighbours, measured_day, read_bulk, values
from tests.doors import execute, query
from tests.house import Customer, Party, TheHouse

ELS, TOM = invented_ean(4001).digits, invented_ean(4002).digits


@pytest.fixture
def sorted_out(monkeypatch: pytest.MonkeyPatch) -> list[Sorted]:
    """What the door sorted out of each part of each read in bulk from here on."""
    found: list[Sorted] = []
    honest = door_bulk.sort_out

    def watched(*arguments: Any) -> Sorted:
        found.append(honest(*arguments))
        return found[-1]

    monkeypatch.setattr(door_bulk, "sort_out", watched)
    return found


@pytest.fixture
def one_by_one(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """From its call on nothing is decided together."""
    return lambda: monkeypatch.setattr(sorting, "_FEWEST", 10**9)


@pytest.fixture
@setting_up
def street(neighbours: Neighbours, house: TheHouse, bram: Party) -> list[str]:
    """Beside Lotte and Maria: Els and Tom, measured the same day, with a permission of each for Bram."""
    given = list(neighbours.both)
    for number, (ean, name) in enumerate(((ELS, "els"), (TOM, "tom")), 3):
        person = house.customer(name, name.title())
        house.point(ean, person)
        house.ingest(measured_day(ean, f"M{ean[-7:]}", number))
        asked = bram.ask()
        person.grant(asked)
        given.append(asked["permission_id"])
    return given


def together(found: Sorted) -> set[int]:
    """The places of those that one decision was said of."""
    return {one.place for kind in found.kinds for one in kind.members}


def test_four_alike_are_decided_once_and_each_gets_the_own_values(
    street: list[str], bram: Party, sorted_out: list[Sorted]
) -> None:
    answer = read_bulk(bram, street)
    assert [values(item)[0] for item in answer["items"]] == [1001, 2001, 3001, 4001]
    assert [together(one) for one in sorted_out] == [{0, 1, 2, 3}]
    assert not sorted_out[0].reads


def withdrawn(house: TheHouse, person: Customer, bram: Party, permission: str) -> None:
    person.withdraw(permission)


def second_resident(house: TheHouse, person: Customer, bram: Party, permission: str) -> None:
    noor = house.customer("noor", "Noor")
    house.operator(
        "registry.concerned.begin",
        ean=LOTTES_EAN,
        person_id=str(noor.person_id),
        from_day="2023-01-01",
    )


def moved_out(house: TheHouse, person: Customer, bram: Party, permission: str) -> None:
    today = day_of(house.clock.now()).isoformat()
    house.operator("registry.occupancy.end", ean=LOTTES_EAN, until_day=today)


def moves_in_on_the_day(house: TheHouse, person: Customer, bram: Party, permission: str) -> None:
    execute(
        house,
        "UPDATE registry.occupancy SET from_day = '2023-10-30' WHERE occupancy_id = %s",
        person.occupancy(),
    )


def from_noon(house: TheHouse, person: Customer, bram: Party, permission: str) -> None:
    execute(
        house,
        "UPDATE permissions.permission SET data_from = '2023-10-29T11:07:00Z' WHERE permission_id = %s",
        permission,
    )


def until_noon(house: TheHouse, person: Customer, bram: Party, permission: str) -> None:
    execute(
        house,
        "UPDATE permissions.permission SET data_until = '2023-10-29T11:00:00Z' WHERE permission_id = %s",
        permission,
    )


def only_offtake(house: TheHouse, person: Customer, bram: Party, permission: str) -> None:
    execute(
        house,
        "UPDATE permissions.permission SET directions = '{offtake}' WHERE permission_id = %s",
        permission,
    )


def only_days(house: TheHouse, person: Customer, bram: Party, permission: str) -> None:
    execute(
        house,
        "UPDATE permissions.permission SET granularity = 'day' WHERE permission_id = %s",
        permission,
    )


def died(house: TheHouse, person: Customer, bram: Party, permission: str) -> None:
    today = day_of(house.clock.now()).isoformat()
    house.operator("registry.person.died", person_id=str(person.person_id), died_on=today, reference="B-1")


def signed_by_another(house: TheHouse, person: Customer, bram: Party, permission: str) -> None:
    other = str(house.customer("noor", "Noor").person_id)
    execute(
        house, "UPDATE permissions.permission SET person_id = %s WHERE permission_id = %s", other, permission
    )


def blocked(house: TheHouse, person: Customer, bram: Party, permission: str) -> None:
    execute(house, "UPDATE permissions.permission SET state = 'blocked' WHERE permission_id = %s", permission)


def closed_by_the_clock(house: TheHouse, person: Customer, bram: Party, permission: str) -> None:
    execute(
        house,
        "UPDATE permissions.permission SET closes_at = %s WHERE permission_id = %s",
        house.clock.now() - timedelta(seconds=1),
        permission,
    )


ODD = (
    *(withdrawn, second_resident, moved_out, moves_in_on_the_day, from_noon, until_noon, only_offtake),
    *(only_days, died, signed_by_another, blocked, closed_by_the_clock),
)


@pytest.mark.parametrize(
    ("what", "mode"),
    [
        *((what, "strict") for what in ODD),
        (from_noon, "clip"),
        (until_noon, "clip"),
        (moves_in_on_the_day, "clip"),
    ],
)
def test_what_differs_gets_what_it_would_by_itself_and_so_do_the_others(
    street: list[str],
    house: TheHouse,
    lotte: Customer,
    bram: Party,
    sorted_out: list[Sorted],
    one_by_one: Callable[[], None],
    what: Callable[[TheHouse, Customer, Party, str], None],
    mode: str,
) -> None:
    what(house, lotte, bram, street[0])
    asked = [street[2], UNKNOWN, street[0], street[1], street[3]]
    found = read_bulk(bram, asked, mode=mode)
    assert 2 not in together(sorted_out[0])
    assert {0, 3, 4} <= together(sorted_out[0])
    one_by_one()
    again = read_bulk(bram, asked, mode=mode)
    assert together(sorted_out[1]) == set()
    assert found["items"] == again["items"]


def test_a_stay_that_is_asked_twice_has_one_half_that_tells_both(
    street: list[str], house: TheHouse, lotte: Customer, bram: Party, sorted_out: list[Sorted]
) -> None:
    second = bram.ask(purpose="energy_monitoring")
    lotte.grant(second)
    answer = read_bulk(bram, [*street, second["permission_id"]])
    assert together(sorted_out[0]) == {1, 2, 3}
    assert [values(item)[0] for item in answer["items"]] == [1001, 2001, 3001, 4001, 1001]
    index = answer["index"]
    assert query(house, "SELECT count(*) FROM ledger.statement WHERE index = %s", index) == [(4,)]
    assert check_bodies(house.house, 0, 1000).problems == ()


def halves_of(house: TheHouse, index: int) -> dict[str, dict[str, Any]]:
    """What each subject of an entry is told, by its permission, but for its place in the chain."""
    found = {}
    with house.house.engine.connect() as connection:
        rows = connection.exec_driver_sql("SELECT * FROM ledger.statement WHERE index = %s", (index,)).all()
    for row in rows:
        body = subject_body(house.house, row)
        assert body.content == canonical(body.said)
        found[body.said["permission"]] = {
            name: value for name, value in body.said.items() if name not in ("counter", "previous")
        }
    return found


def test_a_half_says_byte_for_byte_what_it_says_by_itself(
    street: list[str], house: TheHouse, bram: Party, one_by_one: Callable[[], None]
) -> None:
    first = read_bulk(bram, street)
    one_by_one()
    second = read_bulk(bram, street)
    told = halves_of(house, first["index"])
    assert told.keys() == set(street)
    assert told == halves_of(house, second["index"])
    columns = "handle, counter, leaf > 0, month, operator, day, party_id, ground, event, length(key_sealed)"
    rows = [
        query(house, f"SELECT {columns} FROM ledger.statement WHERE index = %s ORDER BY 1", one["index"])
        for one in (first, second)
    ]
    assert [(row[0], row[1] + 1, *row[2:]) for row in rows[0]] == rows[1]
    assert check_bodies(house.house, 0, 1000).problems == ()


@pytest.mark.parametrize("word", ["@counter@", "@fact@", "@subject@"])
def test_a_half_that_says_what_stands_for_a_gap_is_not_spelled(word: str) -> None:
    with pytest.raises(ValueError, match="cannot be spelled"):
        crowd.template_of({"purpose": word})


def test_each_customer_of_a_portfolio_is_told_of_the_first_read_once(
    street: list[str], house: TheHouse, bram: Party
) -> None:
    read_bulk(bram, street)
    read_bulk(bram, street)
    house.house.told_reads._told.clear()  # as after a new start of the door
    read_bulk(bram, street)
    messages = query(house, "SELECT person_id FROM post.message WHERE kind = 'data.first_read'")
    assert len(messages) == len(set(messages)) == 4


# --- opening ---------------------------------------------------------------------------------------------------


def test_a_row_that_was_changed_gives_nothing_and_hinders_no_other(
    street: list[str], house: TheHouse, bram: Party, one_by_one: Callable[[], None]
) -> None:
    execute(
        house,
        "UPDATE metering.profile SET values_sealed = set_byte(values_sealed, 7, get_byte(values_sealed, 7) # 1)"
        " WHERE pseudonym = (SELECT min(pseudonym) FROM metering.profile)",
    )
    found = read_bulk(bram, street)["items"]
    assert sorted(len(item["channels"]) for item in found) == [0, 1, 1, 1]
    one_by_one()
    assert read_bulk(bram, street)["items"] == found


def test_a_root_that_is_lost_gives_nobody_anything(
    street: list[str], house: TheHouse, lotte: Customer, bram: Party, monkeypatch: pytest.MonkeyPatch
) -> None:
    lost = UUID(lotte.occupancy()).bytes
    honest = type(house.house).roots_held
    monkeypatch.setattr(
        type(house.house),
        "roots_held",
        lambda self, names: {name: root for name, root in honest(self, names).items() if name != lost},
    )
    with pytest.raises(DoorRefusedError) as refused:
        read_bulk(bram, street)
    assert refused.value.code == "unavailable"


def recorded(house: TheHouse, bram: Party, permissions: list[str]) -> BulkRead:
    """Decide on permissions and record it, and open nothing yet."""
    period = Period(parse_instant(WINDOW["from"]), parse_instant(WINDOW["until"]))
    proof = Proof("token", bram.token)
    common = ReadRequest(proof, period, Granularity.QUARTER_HOUR, None, True)
    wanted = Wanted(common, [UUID(one) for one in permissions])
    return admit_bulk(house.house, proof, wanted, {"idempotency_key": None})


def test_what_was_recorded_before_a_late_move_and_opens_after_it_is_whole(
    street: list[str], house: TheHouse, bram: Party
) -> None:
    bulk = recorded(house, bram, street)
    before = open_day(house.house, bulk.kinds, bulk.as_of)
    house.operator("registry.occupancy.end", ean=LOTTES_EAN, until_day="2023-10-30")
    after = open_day(house.house, bulk.kinds, bulk.as_of)
    assert [json.loads(after[place]) for place in range(4)] == [
        json.loads(before[place]) for place in range(4)
    ]
    assert len(json.loads(after[0])) == 1


def test_what_is_corrected_after_the_record_is_handed_over_as_it_stood(
    street: list[str], house: TheHouse, bram: Party
) -> None:
    bulk = recorded(house, bram, street)
    house.ingest(measured_day(MARIAS_EAN, "1SAG9990000099", 8))
    opened = json.loads(open_day(house.house, bulk.kinds, bulk.as_of)[1])
    assert opened[0]["series"][0]["values"][0] == 2001
    assert values(read_bulk(bram, street)["items"][1])[0] == 8001


# --- several turns ----------------------------------------------------------------------------------------------


@pytest.fixture
def two_a_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "AT_ONCE", 2)


@pytest.mark.usefixtures("two_a_turn")
def test_more_than_a_turn_takes_stand_in_several_entries_and_come_in_order(
    street: list[str], house: TheHouse, maria: Customer, bram: Party
) -> None:
    asked = [street[3], UNKNOWN, *street[:3]]
    answer = read_bulk(bram, asked)
    assert [item["code"] for item in answer["items"]] == [None, "no-legal-basis", None, None, None]
    assert [values(item)[0] for item in answer["items"] if item["channels"]] == [4001, 1001, 2001, 3001]
    last = answer["index"]
    assert [(one["index"], one["items"]) for one in answer["entries"]] == [
        (last - 2, 2),
        (last - 1, 2),
        (last, 1),
    ]
    assert answer["entries"][-1]["promise"] == answer["promise"]
    assert [one["index"] for one in maria.statements() if one["event"] == "data.read"] == [last - 1]
    assert check_bodies(house.house, 0, 1000).problems == ()


@pytest.mark.usefixtures("two_a_turn")
def test_a_stop_and_a_withdrawal_between_two_turns_hold_for_the_next(
    street: list[str], house: TheHouse, maria: Customer, bram: Party, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = command.admit_bulk

    def interrupted(*arguments: Any) -> BulkRead:
        found = honest(*arguments)
        if not query(house, "SELECT FROM oversight.stop"):
            maria.withdraw(street[1])
            house.operator("stop.set", reason="a drill")
            house.client.close()  # of this thread, which is the door's
        return found

    monkeypatch.setattr(command, "admit_bulk", interrupted)
    answer = read_bulk(bram, [street[0], street[2], street[1], street[3]])
    assert [item["reason"] for item in answer["items"]] == [None, None, "withdrawn", "stopped"]


@pytest.mark.usefixtures("two_a_turn")
def test_what_breaks_off_between_two_turns_hands_over_nothing_and_is_repeated_without_doubling(
    street: list[str], house: TheHouse, lotte: Customer, bram: Party, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest, turns = command.admit_bulk, list[int]()

    def breaks_off(*arguments: Any) -> BulkRead:
        turns.append(1)
        if len(turns) == 2:
            raise RuntimeError("power is gone")
        return honest(*arguments)

    monkeypatch.setattr(command, "admit_bulk", breaks_off)
    with pytest.raises(DoorRefusedError) as refused:
        read_bulk(bram, street, idempotency_key="k-1")
    assert refused.value.code == "internal"
    answer = read_bulk(bram, street, idempotency_key="k-1")
    assert [values(item)[0] for item in answer["items"]] == [1001, 2001, 3001, 4001]
    assert len([one for one in lotte.statements() if one["event"] == "data.read"]) == 1
    assert read_bulk(bram, street, idempotency_key="k-1") == answer


def test_ten_thousand_may_be_asked_for_a_day_and_no_more(
    bram: Party, house: TheHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = [str(uuid4()) for _ in range(command.MOST_ASKED + 1)]
    with pytest.raises(DoorRefusedError) as refused:
        read_bulk(bram, asked)
    assert refused.value.code == "malformed-request"
    answer = read_bulk(bram, asked[1:1502])
    assert [one["items"] for one in answer["entries"]] == [1000, 501]
    assert {item["code"] for item in answer["items"]} == {"no-legal-basis"}
