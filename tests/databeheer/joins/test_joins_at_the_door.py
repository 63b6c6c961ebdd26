"""The join gate as the door keeps it: intent before opening, outcome before leaving, refusals recorded."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from databeheer.brussels import day_of, midnight
from databeheer.door.client import DoorRefusedError, Proof
from databeheer.joins.lists import SHIPPED
from databeheer.joins.signature import sign
from databeheer.statistics.windows import window_of
from databeheer.values import format_instant
from ledger.note import SigningKey
from tests.copies import setting_up
from tests.databeheer.joins.street import BOTH_MONTHS, SEPTEMBER, Neighbour, settle
from tests.house import Party, TheHouse

LIST = SHIPPED.read_bytes()
FRAUD = {"case_id": "fraud-month-totals", "purpose": "fraud_detection", "requester_note": "FR-2023/118"}
STATISTICS = {"case_id": "area-month-statistics", "purpose": "statistics", "requester_note": "STAT-2023/9"}
MARKETING = {
    "case_id": "consumption-with-addresses",
    "purpose": "marketing",
    "requester_note": "CAMPAIGN-7",
}


def fraud(net: Party, neighbours: list[Neighbour], **changes: Any) -> dict[str, Any]:
    eans = [one.ean.digits for one in neighbours]
    return net.call("joins.run", **(FRAUD | SEPTEMBER | {"eans": eans} | changes))


def refused(party: Party, **wish: Any) -> DoorRefusedError:
    with pytest.raises(DoorRefusedError) as refusal:
        party.call("joins.run", **wish)
    return refusal.value


def inspect(house: TheHouse, command: str, **arguments: Any) -> dict[str, Any]:
    return house.client.call(command, Proof.session(house.inspector()), **arguments)


def events(house: TheHouse) -> list[str]:
    with house.engine("superuser").connect() as connection:
        rows = connection.execute(
            text("SELECT event FROM ledger.body WHERE event LIKE 'join%' ORDER BY index")
        )
        return [row.event for row in rows]


@pytest.fixture
@setting_up
def neighbours(house: TheHouse) -> list[Neighbour]:
    return settle(house, 6)


@pytest.mark.requirement("R130", "R131", "R196")
def test_the_grid_operator_gets_month_totals_under_pseudonyms_of_this_release(
    house: TheHouse, net: Party, neighbours: list[Neighbour]
) -> None:
    answer = fraud(net, neighbours)
    assert sorted(row["value"] for row in answer["rows"]) == [n * 30_000 for n in range(1, 7)]
    assert {(row["month"], row["unit"], row["direction"]) for row in answer["rows"]} == {
        ("2023-09", "kWh", "offtake")
    }
    again = fraud(net, neighbours)
    assert not {row["pseudonym"] for row in answer["rows"]} & {row["pseudonym"] for row in again["rows"]}
    with house.engine("superuser").connect() as connection:
        stored = {
            bytes(row[0]).hex() for row in connection.execute(text("SELECT pseudonym FROM metering.profile"))
        }
    assert not stored & {row["pseudonym"] for row in answer["rows"]}
    assert not any(one.ean.digits in str(answer) for one in neighbours)


@pytest.mark.requirement("R133")
def test_rows_do_not_stand_in_the_order_in_which_points_were_named(
    net: Party, neighbours: list[Neighbour]
) -> None:
    rows = fraud(net, neighbours)["rows"]
    assert [row["pseudonym"] for row in rows] == sorted(row["pseudonym"] for row in rows)


@pytest.mark.requirement("R130")
def test_intent_and_outcome_are_two_entries_and_the_list_is_named(
    house: TheHouse, net: Party, neighbours: list[Neighbour]
) -> None:
    answer = fraud(net, neighbours)
    assert events(house) == ["join_list.adopted", "join.run", "join.released"]
    assert answer["index"] == answer["intent_index"] + 1
    (run,) = inspect(house, "joins.latest")["joins"]
    assert (run["case"], run["list"], run["note"]) == ("fraud-month-totals", 2, "FR-2023/118")
    assert (run["points"], run["outcome"]) == (6, answer["index"])


@pytest.mark.requirement("R40")
def test_every_customer_sees_the_join_as_a_read_by_law(net: Party, neighbours: list[Neighbour]) -> None:
    answer = fraud(net, neighbours)
    for neighbour in neighbours:
        seen = neighbour.person.statements(kind="reads")[0]
        assert (seen["event"], seen["index"]) == ("join.run", answer["intent_index"])
        assert seen["party"]["name"] == net.name
        assert "(ontwerp)" in seen["sentence_nl"]
        assert seen["period"] == SEPTEMBER
        assert seen["granularity"] == "month"
    # It never read there itself: the overview does not call that never, and says when its join did.
    lawful = neighbours[0].person.call("overview.show")["statutory"]
    told = {
        (one["last_read_at"], one["last_joined_at"]) for one in lawful if one["party"]["name"] == net.name
    }
    assert told == {(None, neighbours[0].person.statements(kind="reads")[0]["at"])}


def test_a_customer_and_the_party_each_hold_a_receipt_of_the_one_entry(
    house: TheHouse, net: Party, neighbours: list[Neighbour]
) -> None:
    index = fraud(net, neighbours)["intent_index"]
    of_customer = neighbours[2].person.call("receipt.opening", index=index)["opening"]
    of_party = net.call("receipt.opening", index=index)["opening"]
    assert of_customer["subject"]["count"] == 6
    assert of_customer["shared"] == of_party["shared"]
    assert "subject" not in of_party


@pytest.mark.requirement("R130", "R132")
def test_a_supplier_that_wants_consumption_with_addresses_is_refused_and_recorded(
    house: TheHouse, erik: Party, neighbours: list[Neighbour]
) -> None:
    refusal = refused(erik, **MARKETING, **SEPTEMBER, eans=[neighbours[0].ean.digits])
    assert (refusal.code, refusal.reason) == ("no-legal-basis", "not_on_list")
    assert refusal.promise_note is not None
    seen = neighbours[0].person.statements(kind="reads")[0]
    assert (seen["event"], seen["reason"], seen["index"]) == ("join.refused", "not_on_list", refusal.index)
    assert "geweigerd" in seen["sentence_nl"]
    assert not any(one["event"].startswith("join") for one in neighbours[1].person.statements())


@pytest.mark.requirement("R132")
def test_a_supplier_cannot_borrow_the_grid_operators_case(erik: Party, neighbours: list[Neighbour]) -> None:
    eans = [one.ean.digits for one in neighbours]
    assert refused(erik, **FRAUD, **SEPTEMBER, eans=eans).reason == "role_not_allowed"


@pytest.mark.requirement("R98")
def test_a_point_that_does_not_exist_and_one_of_another_grid_are_refused_alike(
    house: TheHouse, net: Party, neighbours: list[Neighbour], joris: Party
) -> None:
    house.operator("registry.operator.add", operator=2, code="other", name="Ander net")
    elsewhere = house.party("Ander Net", "dso", operator=2)
    eans = [one.ean.digits for one in neighbours]
    foreign = refused(elsewhere, **FRAUD, **SEPTEMBER, eans=eans)
    unknown = refused(net, **FRAUD, **SEPTEMBER, eans=[*eans, "541448899990000039"])
    assert foreign.reason == unknown.reason == "point_not_given"
    assert (foreign.code, str(foreign)) == (unknown.code, str(unknown))


@pytest.mark.requirement("R11")
def test_a_sum_over_a_small_area_is_suppressed_and_over_ten_points_shown(house: TheHouse, net: Party) -> None:
    settle(house, 11)
    answer = net.call("joins.run", **STATISTICS, **BOTH_MONTHS)
    sums = [window_of(66 * days * 1000) for days in (30, 31)]
    assert [(row["month"], row["points"], row["value"]) for row in answer["rows"]] == [
        ("2023-09", 10, (sums[0].low + sums[0].high) // 2),
        ("2023-10", 10, (sums[1].low + sums[1].high) // 2),
    ]
    assert "pseudonym" not in answer["rows"][0]


@pytest.mark.requirement("R11")
def test_nobody_gets_the_published_table_apart(house: TheHouse, net: Party) -> None:
    wish = STATISTICS | SEPTEMBER | {"case_id": "municipality-hour-statistics"}
    assert refused(net, **wish).reason == "published_only"


def test_a_grid_operator_without_a_grid_has_no_area(house: TheHouse) -> None:
    settle(house, 10)
    assert refused(house.party("Nergens", "dso"), **STATISTICS, **SEPTEMBER).reason == "too_few_points"


def test_the_area_of_one_grid_operator_is_not_anothers(house: TheHouse) -> None:
    settle(house, 10)
    house.operator("registry.operator.add", operator=2, code="other", name="Ander net")
    elsewhere = house.party("Ander Net", "dso", operator=2)
    assert refused(elsewhere, **STATISTICS, **SEPTEMBER).reason == "too_few_points"


def test_a_join_that_one_entry_cannot_speak_of_is_refused(
    net: Party, neighbours: list[Neighbour], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("databeheer.door.joins.scope.MOST_SUBJECTS", 5)
    eans = [one.ean.digits for one in neighbours]
    assert refused(net, **FRAUD, **SEPTEMBER, eans=eans).reason == "too_many_points"


@pytest.mark.requirement("R11")
def test_an_area_with_fewer_than_ten_points_gives_nothing(
    house: TheHouse, net: Party, neighbours: list[Neighbour]
) -> None:
    assert refused(net, **STATISTICS, **SEPTEMBER).reason == "too_few_points"
    assert events(house) == ["join_list.adopted", "join.refused"]


def test_an_inspector_asks_for_the_regulator(house: TheHouse) -> None:
    settle(house, 10)
    wish = {**STATISTICS, **SEPTEMBER}
    with pytest.raises(DoorRefusedError) as unregistered:
        inspect(house, "joins.run", **wish)
    assert unregistered.value.code == "conflict"
    regulator = house.party("Toezichthouder", "regulator")
    answer = inspect(house, "joins.run", **wish)
    assert answer["points"] == 10
    assert inspect(house, "joins.latest")["joins"][0]["party"]["id"] == regulator.party_id


@pytest.mark.requirement("R130")
@pytest.mark.parametrize("damage", ["unsigned", "changed", "by a stranger", "gone"])
def test_without_the_regulators_signature_every_join_stops(
    house: TheHouse, net: Party, neighbours: list[Neighbour], damage: str
) -> None:
    fraud(net, neighbours)
    files = house.join_files
    if damage == "unsigned":
        files.note.write_bytes(b"")
    elif damage == "changed":
        files.content.write_bytes(LIST.replace(b"max_points = 200", b"max_points = 201"))
    elif damage == "by a stranger":
        files.note.write_bytes(sign(LIST, SigningKey(house.regulator.name, bytes(32))))
    else:
        files.content.unlink()
    with pytest.raises(DoorRefusedError) as stopped:
        fraud(net, neighbours)
    assert stopped.value.reason == "list_not_in_force"
    assert not house.client.call("joins.list")["in_force"]


@pytest.mark.requirement("R131")
def test_a_newer_list_is_adopted_and_the_older_one_never_comes_back(
    house: TheHouse, net: Party, neighbours: list[Neighbour]
) -> None:
    fraud(net, neighbours)
    house.sign_joins(
        LIST.replace(b"version = 2\n", b"version = 3\n").replace(b"min_points = 5", b"min_points = 6")
    )
    fraud(net, neighbours)
    assert house.client.call("joins.list")["version"] == 3
    house.sign_joins(LIST)
    with pytest.raises(DoorRefusedError) as stopped:
        fraud(net, neighbours)
    assert stopped.value.reason == "list_not_in_force"
    assert events(house).count("join_list.adopted") == 2


def test_a_signed_list_of_the_same_version_with_other_words_is_refused(
    house: TheHouse, net: Party, neighbours: list[Neighbour]
) -> None:
    fraud(net, neighbours)
    house.sign_joins(LIST.replace(b"max_points = 200\n", b"max_points = 300\n"))
    with pytest.raises(DoorRefusedError) as stopped:
        fraud(net, neighbours)
    assert stopped.value.reason == "list_not_in_force"


def test_the_emergency_stop_stops_joins_too(house: TheHouse, net: Party, neighbours: list[Neighbour]) -> None:
    house.operator("stop.set", reason="a test")
    with pytest.raises(DoorRefusedError) as stopped:
        fraud(net, neighbours)
    assert (stopped.value.code, stopped.value.reason) == ("stopped", "stopped")


def test_an_open_gate_is_no_oracle_a_party_may_try_ten_times_an_hour(
    house: TheHouse, erik: Party, net: Party, neighbours: list[Neighbour]
) -> None:
    for _ in range(10):
        assert (
            refused(erik, **MARKETING, **SEPTEMBER, eans=[neighbours[0].ean.digits]).reason == "not_on_list"
        )
    eleventh = refused(erik, **MARKETING, **SEPTEMBER, eans=[neighbours[0].ean.digits])
    assert (eleventh.code, eleventh.reason) == ("rate-limited", "rate_limited")
    assert len(neighbours[0].person.statements(kind="reads")) == 10
    fraud(net, neighbours)
    house.clock.advance(timedelta(minutes=61))
    erik.token = house.token(erik.client_id, erik.client_secret)
    assert refused(erik, **MARKETING, **SEPTEMBER, eans=[neighbours[0].ean.digits]).reason == "not_on_list"


def test_a_month_that_is_not_over_is_refused(
    house: TheHouse, net: Party, neighbours: list[Neighbour]
) -> None:
    first = day_of(house.clock.now()).replace(day=1)
    after = (first + timedelta(days=32)).replace(day=1)
    this_month = {"from": format_instant(midnight(first)), "until": format_instant(midnight(after))}
    with pytest.raises(DoorRefusedError) as refusal:
        fraud(net, neighbours, **this_month)
    assert refusal.value.reason == "not_whole_months"


MALFORMED: tuple[dict[str, Any], ...] = (
    {"requester_note": "Jan Peeters, Wilgenstraat 3"},
    {"requester_note": "541448899990000039"},
    {"requester_note": ""},
    {"case_id": "Fraud; DROP TABLE"},
    {"purpose": ""},
    {"eans": []},
    {"eans": ["541448899990000038"]},
    {"until": "2023-08-31T22:00:00Z"},
    {"from": "soon"},
    {"extra": 1},
)


def test_a_malformed_wish_changes_nothing(house: TheHouse, net: Party, neighbours: list[Neighbour]) -> None:
    for changes in MALFORMED:
        with pytest.raises(DoorRefusedError) as refusal:
            fraud(net, neighbours, **changes)
        assert refusal.value.code == "malformed-request", changes
    assert events(house) == []


def test_a_customer_an_operator_and_nobody_run_no_join(
    house: TheHouse, neighbours: list[Neighbour], net: Party
) -> None:
    wish = {**FRAUD, **SEPTEMBER, "eans": [one.ean.digits for one in neighbours]}
    facade = Proof.token(house.token(net.client_id, net.client_secret, "facade"))
    for proof in (
        None,
        Proof.session(neighbours[0].person.session),
        Proof.operator(house.operator_key),
        facade,
    ):
        with pytest.raises(DoorRefusedError) as refusal:
            house.client.call("joins.run", proof, **wish)
        assert refusal.value.code == "unauthenticated"
    assert events(house) == []


@pytest.mark.requirement("R133")
def test_what_the_database_holds_of_joins_names_no_point(
    house: TheHouse, net: Party, neighbours: list[Neighbour]
) -> None:
    fraud(net, neighbours)
    with house.engine("superuser").connect() as connection:
        dumped = str(
            [
                connection.execute(text(f"SELECT * FROM {table}")).all()
                for table in (
                    "joins.list",
                    "joins.attempt",
                    "joins.release",
                    "ledger.body",
                    "ledger.statement",
                )
            ]
        )
    assert not any(one.ean.digits in dumped or one.person.name in dumped for one in neighbours)
