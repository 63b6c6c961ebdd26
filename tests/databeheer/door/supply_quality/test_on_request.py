"""The quality of supply: its grid operator has it on request, for a task that it names; nobody else has it."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from databeheer.brussels import day_of, midnight
from databeheer.door.client import DoorRefusedError, Proof
from databeheer.values import format_instant
from tests.conftest import LOTTES_EAN, MARIAS_EAN
from tests.copies import setting_up
from tests.doors import execute, query
from tests.house import Customer, Party, TheHouse

METER = "1SAG0000000001"
UNKNOWN_EAN = "541448899990000060"
DAY = timedelta(days=1)


@pytest.fixture
@setting_up
def metered(house: TheHouse, lotte: Customer) -> Customer:
    """Lotte has a digital meter, which said something of yesterday and of the day before."""
    house.operator("registry.meter.install", ean=LOTTES_EAN, meter=METER, digital=True)
    take(house, said(house, 1, interruptions=1, interrupted_s=540, lowest_dv=2087, highest_dv=2391))
    take(house, said(house, 2, sags=3))
    return lotte


def ago(house: TheHouse, days: int) -> date:
    return day_of(house.clock.now()) - days * DAY


def said(house: TheHouse, days_ago: int = 1, device: str = METER, **changes: Any) -> dict[str, Any]:
    nothing = {"interruptions": 0, "interrupted_s": 0, "sags": 0, "swells": 0}
    return {"device": device, "day": ago(house, days_ago).isoformat()} | nothing | changes


def take(house: TheHouse, *days: dict[str, Any]) -> dict[str, Any]:
    return house.intake("supply_quality.take", days=list(days))


def wish(house: TheHouse, first: int = 2, ean: str = LOTTES_EAN, **changes: Any) -> dict[str, Any]:
    """Of the day so many days ago up to today."""
    span = {"from": midnight(ago(house, first)), "until": midnight(ago(house, 0))}
    return {"ean": ean, "task": "fault"} | {k: format_instant(v) for k, v in span.items()} | changes


def look(party: Party, **asked: Any) -> dict[str, Any]:
    return party.call("supply_quality.read", **(wish(party.house) | asked))


def refused(party: Party | Customer, **asked: Any) -> str:
    with pytest.raises(DoorRefusedError) as refusal:
        party.call("supply_quality.read", **(wish(party.house) | asked))
    return refusal.value.code


def size(house: TheHouse) -> int:
    return int(query(house, "SELECT size FROM ledger.head")[0][0])


# --- on request ---------------------------------------------------------------------------------------------


@pytest.mark.requirement("R66")
def test_the_grid_operator_gets_what_the_meter_said_and_the_customer_sees_for_which_task(
    house: TheHouse, metered: Customer, net: Party
) -> None:
    before = size(house)
    answer = look(net, task="complaint")
    earlier, yesterday = answer["days"]
    assert (earlier["day"], earlier["sags"], earlier["lowest_dv"]) == (ago(house, 2).isoformat(), 3, None)
    assert yesterday == {
        "day": ago(house, 1).isoformat(),
        "meter": METER,
        "interruptions": 1,
        "interrupted_s": 540,
        "sags": 0,
        "swells": 0,
        "lowest_dv": 2087,
        "highest_dv": 2391,
    }
    [stretch] = answer["granted"]
    assert stretch["ground"] == "dso_supply_quality"
    assert (answer["index"], size(house)) == (before, before + 1)
    line = metered.statements()[0]
    assert (line["event"], line["index"], line["ground"]) == ("data.read", before, "dso_supply_quality")
    assert (line["category"], line["task"], line["slots"]) == ("supply_quality", "complaint", 2)
    assert line["party"]["name"] == "Netbeheerder Test"
    assert "data.first_read" in [row[0] for row in query(house, "SELECT kind FROM post.message")]


@pytest.mark.requirement("R66")
def test_each_request_is_a_record_of_its_own_also_of_what_was_asked_before(
    house: TheHouse, metered: Customer, net: Party
) -> None:
    first, second = look(net), look(net, task="reinforcement")
    assert second["index"] == first["index"] + 1
    lines = [one for one in metered.statements() if one["category"] == "supply_quality"]
    assert [one["task"] for one in lines] == ["reinforcement", "fault"]


@pytest.mark.requirement("R66")
@pytest.mark.parametrize("task", [None, "", "marketing", "fraud_detection"])
def test_without_a_task_of_its_own_nothing_is_asked(metered: Customer, net: Party, task: str | None) -> None:
    before = size(net.house)
    assert refused(net, task=task) == "malformed-request"
    assert size(net.house) == before


@pytest.mark.requirement("R66")
def test_no_read_of_another_kind_gives_it(house: TheHouse, metered: Customer, net: Party) -> None:
    window = {name: value for name, value in wish(house).items() if name != "task"}
    answer = net.call("readings.read", **window, purpose="grid_management", granularity="day", mode="clip")
    assert answer["channels"] == []


# --- to nobody else -----------------------------------------------------------------------------------------


@pytest.mark.requirement("R66")
def test_an_outsider_a_supplier_and_other_grid_operators_get_nothing_and_it_is_recorded(
    house: TheHouse, metered: Customer, erik: Party, joris: Party, net: Party
) -> None:
    house.operator("registry.supply.accept", ean=LOTTES_EAN, party_id=erik.party_id, from_day="2022-01-01")
    house.operator("registry.operator.add", operator=2, code="net-ander", name="Ander Net")
    other_net = house.party("Ander Net", "dso", operator=2)
    transmission = house.party("Hoog Net", "transmission_operator")
    for party in (joris, erik, other_net, transmission):
        assert refused(party) == "no-legal-basis"
        line = metered.statements()[0]
        assert (line["event"], line["party"]["name"]) == ("data.refused", party_name(party))
        assert line["category"] == "supply_quality"
    assert why_refused(other_net) == why_refused(joris) == "no_legal_basis"  # no standing at all
    assert look(net)["days"]


def why_refused(party: Party) -> str | None:
    with pytest.raises(DoorRefusedError) as refusal:
        party.call("supply_quality.read", **wish(party.house))
    return refusal.value.reason


def party_name(party: Party) -> str:
    return str(party.call("party.me")["name"])


@pytest.mark.requirement("R66")
def test_of_a_point_that_does_not_exist_the_answer_is_the_outsiders(
    house: TheHouse, metered: Customer, joris: Party, net: Party
) -> None:
    outsiders = []
    for party, ean in ((joris, LOTTES_EAN), (joris, UNKNOWN_EAN), (net, UNKNOWN_EAN)):
        with pytest.raises(DoorRefusedError) as refusal:
            party.call("supply_quality.read", **wish(house, ean=ean))
        outsiders.append((refusal.value.code, str(refusal.value)))
    assert len(set(outsiders)) == 1


def test_no_person_and_no_staff_ask_it(house: TheHouse, metered: Customer) -> None:
    assert refused(metered) == "unauthenticated"
    for proof in (
        Proof.operator(house.operator_key),
        Proof.intake(house.intake_key),
        Proof.session(house.inspector()),
    ):
        with pytest.raises(DoorRefusedError) as refusal:
            house.client.call("supply_quality.read", proof, **wish(house))
        assert refusal.value.code == "unauthenticated"


@pytest.mark.requirement("R66")
def test_a_grid_operator_without_papers_or_notice_and_a_stopped_house_give_nothing(
    house: TheHouse, metered: Customer
) -> None:
    bare = house.party("Net zonder GEB", "dso", operator=1, papers=False)
    assert refused(bare) == "no-legal-basis"
    house.put_in_order(bare.party_id)
    assert look(bare)["days"]
    house.operator("stop.set", reason="a test")
    assert refused(bare) == "stopped"


def test_only_days_that_lie_whole_in_the_period_are_given(
    house: TheHouse, metered: Customer, net: Party
) -> None:
    noon = format_instant(midnight(ago(house, 2)) + timedelta(hours=12))
    assert [one["day"] for one in look(net, **{"from": noon})["days"]] == [ago(house, 1).isoformat()]
    until = format_instant(midnight(ago(house, 0)) - timedelta(seconds=1))
    assert [one["day"] for one in look(net, until=until)["days"]] == [ago(house, 2).isoformat()]
    long_ago = format_instant(midnight(ago(house, 367)))
    assert refused(net, **{"from": long_ago}) == "malformed-request"


# --- whose it is --------------------------------------------------------------------------------------------


def test_a_late_move_takes_the_days_to_whom_they_are_of(
    house: TheHouse, metered: Customer, net: Party
) -> None:
    root = query(house, "SELECT root_id FROM registry.occupancy WHERE person_id = %s", metered.person_id)
    moved = ago(house, 1)
    house.operator("registry.occupancy.end", ean=LOTTES_EAN, until_day=moved.isoformat())
    noor = house.customer("noor", "Noor")
    who = {"person_id": str(noor.person_id), "from_day": moved.isoformat()}
    house.operator("registry.occupancy.begin", ean=LOTTES_EAN, **who)
    house.tell_customers(net.party_id, "dso")
    answer = look(net)
    assert [(one["day"], one["sags"]) for one in answer["days"]] == [
        (ago(house, 2).isoformat(), 3),
        (ago(house, 1).isoformat(), 0),
    ]
    assert root != query(
        house, "SELECT root_id FROM registry.occupancy WHERE person_id = %s", metered.person_id
    )
    for who_lived, slots in ((metered, 1), (noor, 1)):
        line = next(one for one in who_lived.statements() if one["event"] == "data.read")
        assert line["slots"] == slots


def test_what_a_meter_said_goes_with_the_readings_of_its_stay_and_of_no_other(
    house: TheHouse, metered: Customer, maria: Customer, net: Party
) -> None:
    other = "1SAG0000000003"
    house.operator("registry.meter.install", ean=MARIAS_EAN, meter=other, digital=True)
    take(house, said(house, 1, other, swells=4))
    stay = metered.occupancy()
    house.operator("registry.occupancy.end", ean=LOTTES_EAN, until_day=ago(house, 0).isoformat())
    wish = {"data_class": "readings", "reason": "wrong_person", "decided_by": "DPO"}
    house.operator("erasure.decide", occupancy_id=stay, **wish)
    assert stored(house) == 3
    house.operator("erasure.execute")
    assert stored(house) == 1
    assert [one["swells"] for one in look(net, ean=MARIAS_EAN)["days"]] == [4]


def stored(house: TheHouse) -> int:
    return int(query(house, "SELECT count(*) FROM metering.supply_quality")[0][0])


def test_what_a_meter_said_since_it_was_taken_away_goes_when_that_is_reported(
    house: TheHouse, metered: Customer, net: Party
) -> None:
    other = "1SAG0000000002"
    house.operator("registry.meter.install", ean=LOTTES_EAN, meter=other, digital=True)
    take(house, said(house, 1, other, swells=2))
    taken_away = {"ean": LOTTES_EAN, "meter": METER, "removed_on": ago(house, 1).isoformat()}
    house.operator("registry.meter.remove", **taken_away)
    assert [(one["day"], one["sags"], one["swells"]) for one in look(net)["days"]] == [
        (ago(house, 2).isoformat(), 3, 0),
        (ago(house, 1).isoformat(), 0, 2),
    ]


def test_a_row_that_was_changed_or_copied_gives_nothing_and_hinders_no_other(
    house: TheHouse, metered: Customer, net: Party
) -> None:
    execute(
        house,
        "UPDATE metering.supply_quality SET said_sealed = (SELECT said_sealed FROM metering.supply_quality"
        " WHERE day = %s) WHERE day = %s",
        ago(house, 2),
        ago(house, 1),
    )
    assert [one["day"] for one in look(net)["days"]] == [ago(house, 2).isoformat()]


def test_rows_say_neither_whose_they_are_nor_how_bad_it_was(house: TheHouse, metered: Customer) -> None:
    rows = query(house, "SELECT handle, device, said_sealed FROM metering.supply_quality")
    assert len({len(bytes(row[2])) for row in rows}) == 1
    ids = query(house, "SELECT occupancy_id, access_point_id, root_id FROM registry.occupancy")
    stored = b"".join(bytes(part) for row in rows for part in row)
    for one in (part for row in ids for part in row):
        assert one.bytes not in stored


# --- what comes in ------------------------------------------------------------------------------------------


def test_what_comes_in_is_one_entry_and_what_is_older_than_kept_goes(
    house: TheHouse, metered: Customer, net: Party
) -> None:
    before = size(house)
    answer = take(house, said(house, 1, swells=2))
    assert (answer["taken"], answer["index"], size(house)) == (1, before, before + 1)
    assert look(net)["days"][-1]["swells"] == 2  # said again, it takes the place of what was said before
    assert len(query(house, "SELECT day FROM metering.supply_quality")) == 2
    house.clock.advance(401 * DAY)
    take(house, said(house))
    assert len(query(house, "SELECT day FROM metering.supply_quality")) == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"interruptions": -1},
        {"interrupted_s": 5},
        {"interruptions": 1, "interrupted_s": 90_001},
        {"sags": 10**9},
        {"sags": "3"},
        {"lowest_dv": 2300},
        {"lowest_dv": 2400, "highest_dv": 2300},
        {"lowest_dv": -1, "highest_dv": 2300},
        {"day": "2099-01-01"},
        {"day": "2020-01-01"},
        {"ean": LOTTES_EAN},
    ],
)
def test_what_cannot_be_is_refused_with_all_that_came_with_it(
    house: TheHouse, metered: Customer, changes: dict[str, Any]
) -> None:
    before = size(house), query(house, "SELECT * FROM metering.supply_quality ORDER BY day")
    with pytest.raises(DoorRefusedError) as refusal:
        take(house, said(house, 2, swells=9), said(house, 1) | changes)
    assert refusal.value.code == "malformed-request"
    assert (size(house), query(house, "SELECT * FROM metering.supply_quality ORDER BY day")) == before


@pytest.mark.parametrize("device", ["1SAG-nobody", "GAS-1", "OLD-1"])
def test_of_no_device_but_a_digital_electricity_meter_anything_is_kept(
    house: TheHouse, metered: Customer, maria: Customer, device: str
) -> None:
    house.point("541448899990000053", maria, commodity="gas", address="Dorpsplein 3, 9000 Gent")
    house.operator("registry.meter.install", ean="541448899990000053", meter="GAS-1", digital=True)
    house.operator("registry.meter.install", ean=MARIAS_EAN, meter="OLD-1", digital=False)
    with pytest.raises(DoorRefusedError) as refusal:
        take(house, said(house), said(house, device=device))
    assert refusal.value.code == "no-supply-here"
    assert str(refusal.value).startswith("days: 1: ")


def test_only_intake_hands_it_in(house: TheHouse, metered: Customer, net: Party) -> None:
    for proof in (Proof.operator(house.operator_key), Proof.token(net.token)):
        with pytest.raises(DoorRefusedError):
            house.client.call("supply_quality.take", proof, days=[said(house)])
