"""Reads in bulk: many permissions or access points for one window, each with its own outcome, in one entry."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from databeheer.door.client import DoorRefusedError, Proof
from databeheer.door.desk import Desk
from databeheer.door.proofs import Proof as DoorProof
from databeheer.door.reads.bulk_statements import leaves_for
from databeheer.errors import QueueFullError
from tests.conftest import LOTTES_EAN, MARIAS_EAN
from tests.databeheer.door.bulk import (
    UNKNOWN,
    UNKNOWN_EAN,
    WINDOW,
    Neighbours,
    measured_day,
    read_bulk,
    values,
)
from tests.databeheer.metering.builders import METER
from tests.doors import FACTS, HEAD, door_process, held, meanwhile, query, until
from tests.house import Customer, Party, TheHouse

MONTH = {"from": "2023-09-30T22:00:00Z", "until": "2023-10-31T23:00:00Z", "granularity": "month"}


@pytest.fixture(scope="module")
def anybody(standing: TheHouse) -> Party:
    """A party to whom nothing is recorded."""
    return standing.party("Bram Energieadvies", "energy_service")


def size(house: TheHouse) -> int:
    return int(query(house, "SELECT size FROM ledger.head")[0][0])


def refusal(attempt: Any) -> DoorRefusedError:
    with pytest.raises(DoorRefusedError) as refused:
        attempt()
    return refused.value


def outcome(item: dict[str, Any]) -> tuple[str | None, str | None, int]:
    return item["code"], item["reason"], len(values(item))


def test_all_are_read_in_one_entry_and_each_gives_what_a_read_of_its_own_gives(
    neighbours: Neighbours, house: TheHouse, bram: Party
) -> None:
    before = size(house)
    answer = read_bulk(bram, neighbours.both)
    assert (size(house), answer["index"]) == (before + 1, before)
    assert [outcome(item) for item in answer["items"]] == [(None, None, 100), (None, None, 100)]
    assert [values(item)[0] for item in answer["items"]] == [1001, 2001]
    for permission, item in zip(neighbours.both, answer["items"], strict=True):
        alone = bram.read(permission)
        assert {name: item[name] for name in ("granted", "refused", "commodity", "channels")} == {
            name: alone[name] for name in ("granted", "refused", "commodity", "channels")
        }


def test_the_answer_is_in_the_order_of_the_question(neighbours: Neighbours, bram: Party) -> None:
    answer = read_bulk(bram, [UNKNOWN, neighbours.marias, neighbours.lottes])
    assert [outcome(item)[0] for item in answer["items"]] == ["no-legal-basis", None, None]
    assert [values(item)[0] for item in answer["items"][1:]] == [2001, 1001]


def test_each_item_is_refused_for_itself_and_takes_nothing_from_the_others(
    neighbours: Neighbours, maria: Customer, bram: Party
) -> None:
    asked = bram.ask()["permission_id"]
    maria.withdraw(neighbours.marias)
    answer = read_bulk(bram, [neighbours.lottes, neighbours.marias, asked, UNKNOWN])
    assert [outcome(item) for item in answer["items"]] == [
        (None, None, 100),
        ("permission-ended", "withdrawn", 0),
        ("permission-not-active", "requested", 0),
        ("no-legal-basis", "no_legal_basis", 0),
    ]


def test_strict_and_clip_hold_for_each_item(neighbours: Neighbours, maria: Customer, bram: Party) -> None:
    part = bram.ask(data_from="2023-10-29T10:00:00Z")
    maria.grant(part)
    ids = [neighbours.lottes, part["permission_id"]]
    strict, clipped = (read_bulk(bram, ids, mode=mode)["items"] for mode in ("strict", "clip"))
    assert [outcome(item)[0] for item in strict] == [None, "outside-granted-period"]
    assert [item["granted"] for item in strict][1] == []
    assert [len(values(item)) for item in clipped] == [100, 52]
    assert clipped[1]["granted"][0]["from"] == "2023-10-29T10:00:00Z"


def test_a_stranger_cannot_tell_a_permission_of_others_from_one_that_does_not_exist(
    neighbours: Neighbours, joris: Party
) -> None:
    answer = read_bulk(joris, [neighbours.lottes, UNKNOWN, neighbours.marias])
    first, unknown, third = answer["items"]
    assert first == unknown == third
    assert unknown["code"] == "no-legal-basis"
    points = joris.call(
        "readings.bulk", **WINDOW, eans=[LOTTES_EAN, UNKNOWN_EAN, MARIAS_EAN], purpose="billing"
    )["items"]
    assert points[0] == points[1] == points[2] == unknown


def test_a_strangers_attempt_is_told_to_those_whom_it_concerns(
    neighbours: Neighbours, lotte: Customer, maria: Customer, joris: Party
) -> None:
    index = read_bulk(joris, [neighbours.lottes, UNKNOWN])["index"]
    told = lotte.statements()[0]
    assert (told["index"], told["event"], told["reason"]) == (index, "data.refused", "no_legal_basis")
    assert told["party"]["name"] == joris.name
    assert maria.statements()[0]["index"] < index


@pytest.mark.requirement("R30", "R44")
def test_each_customer_sees_a_single_read_of_the_own_point(
    neighbours: Neighbours, lotte: Customer, maria: Customer, bram: Party
) -> None:
    alone = bram.read(neighbours.lottes)["index"]
    index = read_bulk(bram, [*neighbours.both, UNKNOWN])["index"]
    bulk, single = lotte.statements()[:2]
    assert (bulk["index"], single["index"]) == (index, alone)
    for name in single.keys() - {"index", "counter", "at"}:
        assert bulk[name] == single[name], name
    assert bulk["counter"] == single["counter"] + 1
    hers = maria.statements()[0]
    assert (hers["index"], hers["event"], hers["permission_id"]) == (index, "data.read", neighbours.marias)
    [live] = maria.call("overview.show")["permissions"]
    assert live["last_read_at"] == bulk["at"]


def test_a_supplier_reads_its_portfolio_by_law_and_only_its_own_time(
    neighbours: Neighbours, house: TheHouse, lotte: Customer, maria: Customer, erik: Party
) -> None:
    for ean, until_day in ((LOTTES_EAN, None), (MARIAS_EAN, "2023-10-15")):
        house.operator(
            "registry.supply.accept",
            ean=ean,
            party_id=erik.party_id,
            from_day="2022-01-01",
            until_day=until_day,
        )
    eans = [LOTTES_EAN, MARIAS_EAN, UNKNOWN_EAN]
    wish = {**MONTH, "eans": eans, "purpose": "billing", "mode": "clip"}
    answer = erik.call("readings.bulk", **wish)
    first, second, unknown = answer["items"]
    assert first["granted"][0]["ground"] == "supplier"
    assert (first["code"], unknown["code"]) == (None, "no-legal-basis")
    assert values(first) == [sum(range(1001, 1101))]
    assert second["channels"] == []
    for person in (lotte, maria):
        told = person.statements()[0]
        assert (told["index"], told["permission_id"]) == (answer["index"], None)


def test_two_permissions_of_one_person_are_one_link_in_the_chain_and_two_lines_in_the_list(
    neighbours: Neighbours, lotte: Customer, bram: Party, house: TheHouse
) -> None:
    other = bram.ask(granularity="day", purpose="energy_monitoring")
    lotte.grant(other)
    before = lotte.statements()[0]["counter"]
    answer = read_bulk(bram, [other["permission_id"], neighbours.lottes])
    assert [outcome(item)[0] for item in answer["items"]] == ["granularity-too-fine", None]
    first, second = lotte.statements()[:2]
    assert {first["counter"], second["counter"]} == {before + 1}
    assert [one["event"] for one in (first, second)] == ["data.read", "data.refused"]
    assert [one["permission_id"] for one in (first, second)] == [neighbours.lottes, other["permission_id"]]
    assert second["reason"] == "granularity_too_fine"
    assert house.operator("ledger.check_bodies", start=0, limit=2000)["problems"] == []


def test_the_inspectors_figures_count_each_that_was_asked(
    neighbours: Neighbours, house: TheHouse, joris: Party, bram: Party
) -> None:
    def counted() -> dict[tuple[str, str, str], int]:
        rows = house.client.call("oversight.summary", Proof.session(house.inspector()))["rows"]
        return {(one["party"]["name"], one["event"], one["ground"]): one["count"] for one in rows}

    read_bulk(bram, [*neighbours.both, UNKNOWN])
    bram.read(neighbours.lottes)
    read_bulk(joris, [neighbours.lottes, UNKNOWN])
    assert counted() == {
        (bram.name, "data.read", "energy_service"): 3,
        (bram.name, "data.refused", "no_legal_basis"): 1,
        (joris.name, "data.refused", "no_legal_basis"): 2,
    }


def test_a_customer_is_explained_the_own_part_and_the_party_none_of_the_whole(
    neighbours: Neighbours, lotte: Customer, bram: Party, joris: Party
) -> None:
    index = read_bulk(bram, neighbours.both)["index"]
    told = lotte.call("decision.explain", index=index)
    assert [(part["granted"], part["rule"], part["fact"]) for part in told["parts"]] == [
        (True, "energy_service", neighbours.lottes)
    ]
    for party in (bram, joris):
        assert refusal(lambda party=party: party.call("decision.explain", index=index)).code == "not-found"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"permission_ids": []}, "malformed-request"),
        ({"permission_ids": [UNKNOWN, UNKNOWN]}, "malformed-request"),
        ({"permission_ids": [UNKNOWN, UNKNOWN.upper()]}, "malformed-request"),
        ({"permission_ids": [str(uuid4()) for _ in range(10_001)]}, "malformed-request"),
        ({"permission_ids": ["no id"]}, "malformed-request"),
        ({"permission_ids": UNKNOWN}, "malformed-request"),
        ({"permission_ids": None}, "malformed-request"),
        ({"eans": [LOTTES_EAN], "purpose": "billing"}, "malformed-request"),
        ({"permission_ids": None, "eans": [LOTTES_EAN]}, "malformed-request"),
        ({"permission_ids": None, "eans": [LOTTES_EAN] * 2, "purpose": "billing"}, "malformed-request"),
        ({"permission_ids": None, "eans": ["54144889999000003x"], "purpose": "billing"}, "malformed-request"),
        ({"purpose": "billing"}, "malformed-request"),
        ({"until": WINDOW["from"]}, "malformed-request"),
        ({"granularity": "minute"}, "malformed-request"),
        ({"directions": ["offtake", "offtake"]}, "malformed-request"),
        ({"mode": "loose"}, "malformed-request"),
        ({"idempotency_key": "x" * 201}, "malformed-request"),
        ({"more": 1}, "malformed-request"),
        ({"from": "2020-10-28T22:00:00Z"}, "too-large"),
        (
            {"permission_ids": [str(uuid4()) for _ in range(1000)], "until": "2023-10-30T23:00:00Z"},
            "too-large",
        ),
    ],
)
def test_what_is_malformed_or_too_much_is_refused_and_nothing_is_recorded(
    anybody: Party, change: dict[str, Any], code: str
) -> None:
    before = size(anybody.house)
    assert refusal(lambda: read_bulk(anybody, **({"permission_ids": [UNKNOWN]} | change))).code == code
    assert size(anybody.house) == before


def test_a_thousand_of_the_longest_day_may_be_asked(bram: Party, house: TheHouse) -> None:
    before = size(house)
    answer = read_bulk(bram, [str(uuid4()) for _ in range(1000)])
    assert len(answer["items"]) == 1000
    assert {outcome(item)[0] for item in answer["items"]} == {"no-legal-basis"}
    assert size(house) == before + 1


def test_only_a_party_with_a_token_of_this_interface_reads_in_bulk(
    neighbours: Neighbours, house: TheHouse, lotte: Customer, bram: Party
) -> None:
    before = size(house)
    facade = house.token(bram.client_id, bram.client_secret, "facade")
    proofs = [Proof.session(lotte.session), Proof.token(facade), Proof.token("made-up"), None]
    proofs += [Proof.operator(house.operator_key), Proof.session(house.inspector())]
    for proof in proofs:
        wish = {**WINDOW, "permission_ids": neighbours.both}
        error = refusal(lambda proof=proof, wish=wish: house.client.call("readings.bulk", proof, **wish))
        assert error.code == "unauthenticated"
    assert size(house) == before


@pytest.mark.requirement("R22")
def test_a_withdrawal_that_commits_while_a_bulk_read_waits_is_seen_by_it(
    neighbours: Neighbours, house: TheHouse, maria: Customer, bram: Party
) -> None:
    with held(house, HEAD) as lock:
        ending = meanwhile(house.client, lambda: maria.withdraw(neighbours.marias))
        lock.until_waiting(1)
        reading = meanwhile(house.client, lambda: read_bulk(bram, neighbours.both))
        lock.until_waiting(2)
        lock.release()
        items = reading.result(60)["items"]
        assert ending.result(60)["index"] < reading.result(60)["index"]
    assert [outcome(item)[:2] for item in items] == [(None, None), ("permission-ended", "withdrawn")]


def test_a_bulk_read_that_has_its_turn_is_served_and_the_withdrawal_waits_for_it(
    neighbours: Neighbours, house: TheHouse, maria: Customer, bram: Party
) -> None:
    with held(house, FACTS) as lock:
        reading = meanwhile(house.client, lambda: read_bulk(bram, neighbours.both))
        lock.until_waiting(1)  # it has the head row, and waits for the facts
        ending = meanwhile(house.client, lambda: maria.withdraw(neighbours.marias))
        lock.until_waiting(2)
        assert not ending.done()
        lock.release()
        answer = reading.result(60)
        assert ending.result(60)["index"] == answer["index"] + 1
    assert [len(values(item)) for item in answer["items"]] == [100, 100]
    assert [one["event"] for one in maria.statements()[:2]] == ["permission.revoked", "data.read"]


def test_when_all_hand_over_is_stopped_nothing_leaves_and_each_refusal_is_told(
    neighbours: Neighbours, house: TheHouse, lotte: Customer, bram: Party
) -> None:
    house.operator("stop.set", reason="a drill")
    answer = read_bulk(bram, neighbours.both)
    assert [outcome(item)[:2] for item in answer["items"]] == [("stopped", "stopped")] * 2
    assert lotte.statements()[0]["index"] == answer["index"]


# --- repeated after a lost answer -------------------------------------------------------------------------


def test_repeated_with_its_key_the_same_values_come_from_the_same_entry(
    neighbours: Neighbours, house: TheHouse, lotte: Customer, bram: Party
) -> None:
    first = read_bulk(bram, neighbours.both, idempotency_key="k-1")
    before = size(house)
    again = read_bulk(bram, neighbours.both, idempotency_key="k-1")
    assert again == first
    assert size(house) == before
    assert len([one for one in lotte.statements() if one["event"] == "data.read"]) == 1


def test_a_key_does_not_outlive_the_consent(
    neighbours: Neighbours, house: TheHouse, maria: Customer, bram: Party
) -> None:
    read_bulk(bram, neighbours.both, idempotency_key="k-1")
    maria.withdraw(neighbours.marias)
    before = size(house)
    assert refusal(lambda: read_bulk(bram, neighbours.both, idempotency_key="k-1")).code == "conflict"
    assert size(house) == before
    fresh = read_bulk(bram, neighbours.both, idempotency_key="k-2")
    assert [outcome(item)[0] for item in fresh["items"]] == [None, "permission-ended"]


def test_a_key_belongs_to_one_request_of_one_party(neighbours: Neighbours, bram: Party, joris: Party) -> None:
    read_bulk(bram, neighbours.both, idempotency_key="k-1")
    other = refusal(lambda: read_bulk(bram, [neighbours.lottes], idempotency_key="k-1"))
    assert other.code == "idempotency-key-reused"
    theirs = read_bulk(joris, neighbours.both, idempotency_key="k-1")
    assert {outcome(item)[0] for item in theirs["items"]} == {"no-legal-basis"}


def test_a_key_belongs_to_the_access_points_that_were_asked(
    neighbours: Neighbours, house: TheHouse, maria: Customer, joris: Party
) -> None:
    wish = {**WINDOW, "purpose": "billing", "idempotency_key": "k-1"}
    joris.call("readings.bulk", **wish, eans=[LOTTES_EAN])
    before = size(house), len(maria.statements())
    other = refusal(lambda: joris.call("readings.bulk", **wish, eans=[MARIAS_EAN]))
    assert other.code == "idempotency-key-reused"
    assert (size(house), len(maria.statements())) == before


def test_a_refusal_is_not_repeated_about_somebody_who_was_not_told_of_it(
    neighbours: Neighbours, house: TheHouse, lotte: Customer, joris: Party
) -> None:
    wish = {**WINDOW, "purpose": "billing", "eans": [LOTTES_EAN], "idempotency_key": "k-1"}
    first = joris.call("readings.bulk", **wish)
    assert joris.call("readings.bulk", **wish) == first
    house.operator("registry.occupancy.end", ean=LOTTES_EAN, until_day="2023-10-29")
    noor = house.customer("noor", "Noor")
    house.operator(
        "registry.occupancy.begin", ean=LOTTES_EAN, person_id=str(noor.person_id), from_day="2023-10-29"
    )
    told = len(noor.statements())
    assert refusal(lambda: joris.call("readings.bulk", **wish)).code == "conflict"
    joris.call("readings.bulk", **(wish | {"idempotency_key": "k-2"}))
    assert len(noor.statements()) == told + 1


def test_what_a_key_hands_over_again_is_what_was_stored_then(
    neighbours: Neighbours, house: TheHouse, bram: Party
) -> None:
    first = read_bulk(bram, neighbours.both, idempotency_key="k-1")
    house.ingest(measured_day(LOTTES_EAN, METER, 7))
    assert read_bulk(bram, neighbours.both, idempotency_key="k-1") == first
    assert values(read_bulk(bram, neighbours.both)["items"][0])[0] == 7001


@pytest.mark.machine_time
def test_a_door_killed_under_bulk_reads_has_recorded_what_it_answered_and_repeats_double_nothing(
    neighbours: Neighbours, house: TheHouse, lotte: Customer, bram: Party
) -> None:
    def read(door: Any, key: str) -> dict[str, Any]:
        wish = {**WINDOW, "permission_ids": neighbours.both, "idempotency_key": key}
        return door.client.call("readings.bulk", Proof.token(bram.token), **wish)

    before = size(house)
    with door_process(house) as door:
        answered = {"k-0": read(door, "k-0")}
        cut = [meanwhile(door.client, lambda key=key: read(door, key)) for key in ("k-1", "k-2", "k-3")]
        until(lambda: size(house) > before + 1, "a second one is recorded")
        door.kill()
        for one in cut:
            one.exception(60)  # answered before the kill, or cut off: the one who asks cannot know
    with door_process(house) as door:
        again = {key: read(door, key) for key in ("k-0", "k-1", "k-2", "k-3")}
    assert again["k-0"] == answered["k-0"]
    assert len({one["index"] for one in again.values()}) == 4
    assert size(house) == before + 4
    assert len([one for one in lotte.statements() if one["event"] == "data.read"]) == 4


# --- how much at once ---------------------------------------------------------------------------------------


def test_of_one_asker_only_so_many_wait_and_others_still_come_in() -> None:
    desk, mine, others = (
        Desk("reads in bulk", at_once=3, waiting=1, most_of_one=2),
        DoorProof("token", "a"),
        DoorProof("token", "b"),
    )
    with desk.place(mine), desk.place(mine):
        with pytest.raises(QueueFullError), desk.place(mine):
            raise AssertionError("a third had a place")
        with desk.place(others):
            pass
    with desk.place(mine):
        pass


@pytest.mark.parametrize(
    ("asked", "subjects", "leaves"), [(1, 0, 4), (1, 2, 4), (1, 4, 8), (1000, 0, 2048), (1000, 2047, 2048)]
)
def test_the_number_of_halves_follows_from_what_was_asked(asked: int, subjects: int, leaves: int) -> None:
    assert leaves_for(asked, subjects) == leaves
    assert leaves > subjects  # the house's half has a place too


def test_a_session_that_waits_for_its_turn_past_its_hour_reads_nothing(
    neighbours: Neighbours, house: TheHouse, bram: Party
) -> None:
    before = size(house)
    with held(house, HEAD) as lock:
        reading = meanwhile(house.client, lambda: read_bulk(bram, neighbours.both))
        lock.until_waiting(1)
        house.clock.advance(timedelta(hours=1))
        lock.release()
        error = reading.exception(60)
    assert isinstance(error, DoorRefusedError)
    assert error.code == "unauthenticated"
    assert size(house) == before
