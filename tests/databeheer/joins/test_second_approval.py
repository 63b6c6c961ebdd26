"""A join that more than one person has to agree to: it waits, another agrees, and it runs exactly as it was asked."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import text

from databeheer.door.bodies.opened import shared_body
from databeheer.door.client import DoorRefusedError, Proof
from databeheer.door.joins.intents import TERM
from tests.copies import setting_up
from tests.databeheer.joins.street import BOTH_MONTHS, SEPTEMBER, STRICT, Neighbour, settle
from tests.databeheer.joins.test_joins_at_the_door import FRAUD, STATISTICS, events, fraud
from tests.house import Customer, Party, TheHouse

THREE = STRICT.replace(b"approvals = 2\n", b"approvals = 3\n")


@pytest.fixture
@setting_up
def neighbours(house: TheHouse) -> list[Neighbour]:
    house.sign_joins(STRICT)
    return settle(house, 6)


def refusal(call: Callable[[], Any]) -> DoorRefusedError:
    with pytest.raises(DoorRefusedError) as refused:
        call()
    return refused.value


def agree(house: TheHouse, intent: dict[str, Any], by: str = "An Peeters") -> dict[str, Any]:
    return house.operator("joins.agree", intent_id=intent["intent_id"], by=by)


def later(house: TheHouse, party: Party, **by: float) -> None:
    house.clock.advance(timedelta(**by))
    party.token = house.token(party.client_id, party.client_secret)


def said_of(house: TheHouse, event: str) -> list[dict[str, Any]]:
    """What the entries of an event say, opened as the house opens them."""
    with house.engine("superuser").connect() as connection:
        rows = connection.execute(
            text(
                "SELECT index, key_sealed, shared_sealed FROM ledger.body WHERE event = :event ORDER BY index"
            ),
            {"event": event},
        )
        return [shared_body(house.house, row).said for row in rows]


@pytest.mark.requirement("R130", "R132")
def test_it_waits_for_another_and_then_runs_as_it_was_asked(
    house: TheHouse, net: Party, neighbours: list[Neighbour]
) -> None:
    asked = fraud(net, neighbours)
    assert (asked["state"], asked["agreed"], asked["needed"]) == ("waiting", 1, 2)
    assert "rows" not in asked
    assert not any(one["event"].startswith("join") for one in neighbours[0].person.statements())
    assert agree(house, asked)["agreed"] == 2
    answer = fraud(net, neighbours[::-1])
    assert (answer["state"], len(answer["rows"])) == ("released", 6)
    assert events(house) == ["join_list.adopted", "join.waiting", "join.agreed", "join.run", "join.released"]
    assert said_of(house, "join.run")[0]["intent"] == asked["index"]
    assert [said_of(house, event)[0]["agreed"] for event in ("join.run", "join.released")] == [2, 2]
    assert neighbours[0].person.statements(kind="reads")[0]["event"] == "join.run"


@pytest.mark.requirement("R130")
def test_what_was_agreed_to_runs_once(house: TheHouse, net: Party, neighbours: list[Neighbour]) -> None:
    asked = fraud(net, neighbours)
    agree(house, asked)
    fraud(net, neighbours)
    again = fraud(net, neighbours)
    assert (again["state"], again["agreed"]) == ("waiting", 1)
    assert again["intent_id"] != asked["intent_id"]


def test_asked_again_before_anybody_agrees_it_is_the_same_that_waits(
    net: Party, neighbours: list[Neighbour]
) -> None:
    first, second = fraud(net, neighbours), fraud(net, neighbours)
    assert first["intent_id"] == second["intent_id"]
    assert first["lapses_at"] == second["lapses_at"]


@pytest.mark.requirement("R130", "R132")
def test_nobody_agrees_twice(house: TheHouse, net: Party, neighbours: list[Neighbour]) -> None:
    house.sign_joins(THREE)
    asked = fraud(net, neighbours)
    agree(house, asked)
    for name in (
        *("An Peeters", " an   PEETERS ", "An\u00a0Peeters", "A\u0301n Peeters", "An Peet\u00ebrs"),
        *("An-Peeters.", "Peeters, An", "\uff21n Peeters", "An Peet\u00aders", "\U0001d400n Peeters"),
    ):
        assert refusal(partial(agree, house, asked, name)).code == "conflict", name
    for name in ("\u0410n Peeters", "An P\u0435eters", "...", "\u200b"):  # of another script, or of none
        assert refusal(partial(agree, house, asked, name)).code == "malformed-request", name
    assert fraud(net, neighbours)["state"] == "waiting"
    agree(house, asked, "Bert Claes")
    assert fraud(net, neighbours)["state"] == "released"
    assert said_of(house, "join.released")[0]["agreed"] == 3


@pytest.mark.requirement("R130", "R132")
def test_an_inspector_does_not_agree_to_what_he_asked_not_from_another_session_either(
    house: TheHouse,
) -> None:
    house.sign_joins(STRICT)
    settle(house, 10)
    house.party("Toezichthouder", "regulator")
    ines, ines_again = Proof.session(house.inspector()), Proof.session(house.inspector())
    other = Proof.session(house.log_in("otto", "Otto", role="inspector"))
    wish = {**STATISTICS, **BOTH_MONTHS}
    asked = house.client.call("joins.run", ines, **wish)
    own = {"intent_id": asked["intent_id"]}
    for proof in (ines, ines_again):
        assert refusal(partial(house.client.call, "joins.agree", proof, **own)).code == "conflict"
    assert house.client.call("joins.agree", other, **own)["agreed"] == 2
    # Who agreed asks for a wish of his own; only who asked runs this one.
    assert house.client.call("joins.run", other, **wish)["state"] == "waiting"
    assert house.client.call("joins.run", ines_again, **wish)["points"] == 10


@pytest.mark.requirement("R132")
def test_nobody_else_agrees_and_nobody_without_a_name(
    house: TheHouse, net: Party, lotte: Customer, erik: Party, neighbours: list[Neighbour]
) -> None:
    own = {"intent_id": fraud(net, neighbours)["intent_id"]}
    inspector = Proof.session(house.inspector())
    for command in ("joins.agree", "joins.refuse"):
        for proof in (None, Proof.session(lotte.session), Proof.token(net.token), Proof.token(erik.token)):
            asked = refusal(partial(house.client.call, command, proof, **own))
            assert asked.code == "unauthenticated"
        nameless: tuple[dict[str, Any], ...] = ({}, {"by": ""}, {"by": "  "})
        for by in nameless:
            asked = refusal(partial(house.operator, command, **own, **by))
            assert asked.code == "malformed-request"
        asked = refusal(partial(house.client.call, command, inspector, **own, by="An Peeters"))
        assert asked.code == "malformed-request"
    assert house.operator("joins.waiting")["joins"][0]["agreed"] == 1
    unknown = {"intent_id": "01234567-89ab-4cde-8f01-23456789abcd"}
    assert refusal(lambda: house.operator("joins.agree", **unknown, by="An")).code == "not-found"


@pytest.mark.requirement("R130")
def test_what_was_agreed_to_is_no_other_wish(house: TheHouse, net: Party) -> None:
    house.sign_joins(STRICT)
    neighbours = settle(house, 10)
    asked = fraud(net, neighbours)
    agree(house, asked)
    changes: dict[str, dict[str, Any]] = {
        "note": {"requester_note": "FR-2023/119"},
        "period": BOTH_MONTHS,
        "points": {"eans": [one.ean.digits for one in neighbours[1:]]},
        "case": {"case_id": "area-month-statistics", "purpose": "statistics", "eans": None},
    }
    seen = {asked["intent_id"]}
    for what, change in changes.items():
        other = fraud(net, neighbours, **change)
        assert (other["state"], other["agreed"]) == ("waiting", 1), what
        assert other["intent_id"] not in seen, what
        seen.add(other["intent_id"])


@pytest.mark.requirement("R130")
def test_another_party_does_not_run_it(house: TheHouse, net: Party) -> None:
    house.sign_joins(STRICT)
    settle(house, 10)
    house.party("Toezichthouder", "regulator")
    wish = {**STATISTICS, **SEPTEMBER}
    agree(house, net.call("joins.run", **wish))
    other = house.client.call("joins.run", Proof.session(house.inspector()), **wish)
    assert (other["state"], other["agreed"]) == ("waiting", 1)
    assert net.call("joins.run", **wish)["state"] == "released"


@pytest.mark.requirement("R130")
def test_it_lapses(house: TheHouse, net: Party, neighbours: list[Neighbour]) -> None:
    asked = fraud(net, neighbours)
    agree(house, asked)
    later(house, net, seconds=TERM.total_seconds())
    assert fraud(net, neighbours)["intent_id"] != asked["intent_id"]
    assert refusal(lambda: agree(house, asked, "Bert Claes")).code == "conflict"


@pytest.mark.requirement("R130")
def test_just_before_it_lapses_it_runs(house: TheHouse, net: Party, neighbours: list[Neighbour]) -> None:
    agree(house, fraud(net, neighbours))
    later(house, net, seconds=TERM.total_seconds() - 1)
    assert fraud(net, neighbours)["state"] == "released"


@pytest.mark.requirement("R131")
def test_another_list_and_it_is_asked_anew(house: TheHouse, net: Party, neighbours: list[Neighbour]) -> None:
    asked = fraud(net, neighbours)
    agree(house, asked)
    house.sign_joins(STRICT.replace(b"version = 3\n", b"version = 4\n"))
    assert refusal(lambda: agree(house, asked, "Bert Claes")).code == "conflict"
    assert (fraud(net, neighbours)["agreed"], events(house)[-1]) == (1, "join.waiting")
    house.join_files.note.write_bytes(b"")
    assert refusal(lambda: agree(house, asked, "Bert Claes")).code == "conflict"
    assert refusal(lambda: fraud(net, neighbours)).reason == "list_not_in_force"


@pytest.mark.requirement("R130")
def test_it_is_decided_again_when_it_runs(house: TheHouse, net: Party, neighbours: list[Neighbour]) -> None:
    agree(house, fraud(net, neighbours))
    house.operator("stop.set", reason="a test")
    assert refusal(lambda: fraud(net, neighbours)).reason == "stopped"
    house.operator("stop.lift", reason="over")
    assert fraud(net, neighbours)["state"] == "released"


def test_what_no_approval_mends_does_not_wait(house: TheHouse, net: Party, erik: Party) -> None:
    house.sign_joins(STRICT)
    neighbours = settle(house, 6)
    assert refusal(lambda: fraud(erik, neighbours)).reason == "role_not_allowed"
    assert refusal(lambda: fraud(net, neighbours[:1])).reason == "too_few_points"
    unknown = [one.ean.digits for one in neighbours] + ["541448899990000039"]
    assert refusal(lambda: fraud(net, neighbours, eans=unknown)).reason == "point_not_given"
    wish = STATISTICS | SEPTEMBER | {"case_id": "municipality-hour-statistics"}
    assert refusal(lambda: net.call("joins.run", **wish)).reason == "published_only"
    assert "join.waiting" not in events(house)


@pytest.mark.requirement("R130")
@pytest.mark.parametrize("who", ["another", "who asked"])
def test_refused_or_taken_back_it_is_over(
    house: TheHouse, net: Party, erik: Party, neighbours: list[Neighbour], who: str
) -> None:
    asked = fraud(net, neighbours)
    own = {"intent_id": asked["intent_id"]}
    agree(house, asked)
    assert refusal(lambda: erik.call("joins.withdraw", **own)).code == "not-found"
    if who == "another":
        house.operator("joins.refuse", **own, by="Bert Claes")
    else:
        net.call("joins.withdraw", **own)
    assert events(house)[-1] == ("join.disagreed" if who == "another" else "join.withdrawn")
    assert refusal(lambda: agree(house, asked, "Carla Maes")).code == "conflict"
    assert refusal(lambda: net.call("joins.withdraw", **own)).code == "conflict"
    states = [one["state"] for one in net.call("joins.waiting")["joins"]]
    assert states == ["refused" if who == "another" else "withdrawn"]
    assert fraud(net, neighbours)["intent_id"] != asked["intent_id"]


def test_of_a_wish_from_before_a_restore_nobody_knows_its_end(
    house: TheHouse, net: Party, neighbours: list[Neighbour]
) -> None:
    asked = fraud(net, neighbours)
    agree(house, asked)
    with house.engine("superuser").begin() as connection:
        gap = (
            "INSERT INTO oversight.gap (first, until, found_by, found_at, reconciled_index)"
            " VALUES (:at, :at, 'restore', :now, 0)"
        )
        connection.execute(text(gap), {"at": asked["index"] + 2, "now": house.clock.now()})
    assert fraud(net, neighbours)["intent_id"] != asked["intent_id"]
    assert refusal(lambda: agree(house, asked, "Bert Claes")).code == "conflict"


@pytest.mark.requirement("R133")
def test_who_agrees_sees_what_it_is_for_and_neither_he_nor_a_dump_sees_of_which_points(
    house: TheHouse, net: Party, erik: Party, neighbours: list[Neighbour]
) -> None:
    agree(house, fraud(net, neighbours))
    (seen,) = house.operator("joins.waiting")["joins"]
    assert (seen["case"], seen["note"], seen["points"]) == (FRAUD["case_id"], FRAUD["requester_note"], 6)
    assert (seen["state"], seen["agreed"], seen["needed"]) == ("waiting", 2, 2)
    assert erik.call("joins.waiting")["joins"] == []
    with house.engine("superuser").connect() as connection:
        tables = ("joins.intent", "joins.agreement")
        dumped = str([connection.execute(text(f"SELECT * FROM {table}")).all() for table in tables])
    assert not any(one.ean.digits in dumped + str(seen) for one in neighbours)
