"""Doubt about a mandate: who raises it, the block that comes with it, and who sees what of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from databeheer.brussels import day_of
from databeheer.door.client import DoorRefusedError, Proof
from databeheer.values import format_instant
from tests.conftest import LOTTES_EAN, MARIAS_EAN
from tests.databeheer.doubt.acts import contact, later, lift, raise_doubt, show
from tests.doors import query
from tests.house import Customer, Party, TheHouse


def refusal(act: Callable[[], object]) -> DoorRefusedError:
    with pytest.raises(DoorRefusedError) as refused:
        act()
    return refused.value


def states(house: TheHouse) -> list[str]:
    return [row[0] for row in query(house, "SELECT state FROM doubt.doubt_case ORDER BY opened_at")]


@pytest.mark.requirement("R99")
@pytest.mark.requirement("R100")
def test_a_doubt_of_the_customer_blocks_the_party_in_the_turn_that_takes_it(
    house: TheHouse, measured: Customer, bram: Party, granted: dict[str, Any]
) -> None:
    permission = granted["permission_id"]
    assert bram.read(permission)["granted"]
    raised = measured.call(
        "doubt.raise", permission_id=permission, concern="not_given", words="Nooit gegeven"
    )
    assert raised["case"]["is_blocked"]
    refused = refusal(lambda: bram.read(permission))
    assert (refused.code, refused.reason) == ("blocked", "blocked")
    assert refusal(lambda: bram.read(ean=LOTTES_EAN)).reason == "blocked"
    assert (bram.permission(permission)["state"], bram.permission(permission)["reason"]) == (
        "blocked",
        "doubt",
    )
    seen = measured.permission(permission)
    assert seen["history"][-1]["event"] == "permission.blocked"
    # In the ledger with the state: the case, then the permission.
    assert refused.index is not None
    events = [one["event"] for one in measured.statements() if one["index"] < refused.index][:2]
    assert events == ["permission.blocked", "doubt.opened"]
    assert refused.index > raised["index"]


@pytest.mark.requirement("R100")
def test_what_the_law_gives_flows_on_while_a_supplier_is_blocked(
    house: TheHouse, measured: Customer, granted: dict[str, Any], erik: Party
) -> None:
    house.operator("registry.supply.accept", ean=LOTTES_EAN, party_id=erik.party_id, from_day="2022-01-01")
    month = {"from": "2023-09-30T22:00:00Z", "until": "2023-10-31T23:00:00Z", "granularity": "month"}
    raise_doubt(measured, granted)
    # Even where the case were about the supplier itself.
    query(house, "UPDATE doubt.doubt_case SET party_id = %s RETURNING 1", erik.party_id)
    assert erik.call("readings.read", ean=LOTTES_EAN, **month)["granted"]


@pytest.mark.requirement("R100")
def test_only_that_party_on_that_connection_is_blocked(
    house: TheHouse, measured: Customer, bram: Party, granted: dict[str, Any], maria: Customer
) -> None:
    other = house.party("Ander Advies", "energy_service")
    of_other, at_maria = other.ask(), bram.ask()
    measured.grant(of_other)
    maria.grant(at_maria)
    raise_doubt(measured, granted)
    assert other.read(of_other["permission_id"])["granted"]
    assert bram.permission(at_maria["permission_id"])["state"] == "active"
    assert bram.read(at_maria["permission_id"])["granted"]


@pytest.mark.requirement("R99")
def test_a_doubt_about_a_read_blocks_who_read(
    measured: Customer, bram: Party, granted: dict[str, Any]
) -> None:
    by_permission = bram.read(granted["permission_id"])["index"]
    by_ean = bram.read(ean=LOTTES_EAN, purpose="energy_advice")["index"]
    case = measured.call("doubt.raise", index=by_ean, concern="too_much")["case"]
    assert case["permission_id"] == granted["permission_id"]
    again = refusal(lambda: measured.call("doubt.raise", index=by_permission, concern="other"))
    assert again.code == "conflict"
    assert refusal(lambda: bram.read(granted["permission_id"])).code == "blocked"


def test_one_of_the_reads_of_a_bulk_read_can_be_doubted_by_whom_it_concerns_and_blocks_there_alone(
    measured: Customer, maria: Customer, bram: Party, granted: dict[str, Any]
) -> None:
    at_maria = bram.ask()
    maria.grant(at_maria)
    permissions = [granted["permission_id"], at_maria["permission_id"]]
    day = {"from": "2023-10-28T22:00:00Z", "until": "2023-10-29T23:00:00Z", "granularity": "quarter_hour"}
    index = bram.call("readings.bulk", permission_ids=permissions, mode="clip", **day)["index"]
    case = measured.call("doubt.raise", index=index, concern="not_given")["case"]
    assert case["permission_id"] == granted["permission_id"]
    assert bram.permission(at_maria["permission_id"])["state"] == "active"
    assert bram.permission(granted["permission_id"])["state"] == "blocked"


def test_what_would_be_decided_is_told_with_the_block_and_with_the_gap(
    house: TheHouse, measured: Customer, bram: Party, granted: dict[str, Any]
) -> None:
    wish = {
        "occupancy_id": measured.occupancy(),
        "party_id": bram.party_id,
        "purpose": "energy_advice",
        "granularity": "quarter_hour",
        "from": "2023-10-28T22:00:00Z",
        "until": "2023-10-29T23:00:00Z",
    }
    case = raise_doubt(measured, granted)
    [part] = measured.call("decision.wish", **wish)["parts"]
    assert (part["granted"], part["reason"]) == (False, "blocked")
    assert "geblokkeerd" in part["text"]["nl"]
    contact(house, case)
    later(house, timedelta(hours=72), measured, bram)
    house.operator("doubt.sweep")
    [part] = measured.call("decision.wish", **wish)["parts"]
    assert part["reason"] == "unproven"
    query(
        house,
        "UPDATE doubt.doubt_case SET opened_at = '2023-10-29T00:00Z', closed_at = '2023-10-29T06:00Z' RETURNING 1",
    )
    measured.grant(bram.ask())
    parts = measured.call("decision.wish", **wish)["parts"]
    assert [(one["granted"], one["reason"]) for one in parts] == [
        (True, None),
        (False, "doubt_gap"),
        (True, None),
    ]
    assert "toonde ze geen toestemming" in parts[1]["text"]["nl"]
    past = measured.call("decision.explain", index=measured.statements()[0]["index"])["parts"]
    assert [one["reason"] for one in past] == [None, "doubt_gap", None]


def test_a_read_by_law_has_no_mandate_to_doubt(house: TheHouse, measured: Customer, erik: Party) -> None:
    house.operator("registry.supply.accept", ean=LOTTES_EAN, party_id=erik.party_id, from_day="2022-01-01")
    month = {"from": "2023-09-30T22:00:00Z", "until": "2023-10-31T23:00:00Z", "granularity": "month"}
    index = erik.call("readings.read", ean=LOTTES_EAN, **month)["index"]
    refused = refusal(lambda: measured.call("doubt.raise", index=index, concern="other"))
    assert refused.code == "conflict"
    assert "law" in str(refused)
    assert states(house) == []


def test_nobody_doubts_what_is_somebody_elses_and_nothing_changes(
    house: TheHouse, measured: Customer, maria: Customer, bram: Party, joris: Party, granted: dict[str, Any]
) -> None:
    permission, index = granted["permission_id"], bram.read(granted["permission_id"])["index"]
    own = {
        "concern": "other",
        "customer": "unknown",
        "received_at": format_instant(house.clock.now()),
        "words": "x",
    }
    for act in (
        lambda: maria.call("doubt.raise", permission_id=permission, concern="not_given"),
        lambda: maria.call("doubt.raise", index=index, concern="not_given"),
        lambda: maria.call("doubt.raise", permission_id=str(uuid4()), concern="not_given"),
        lambda: joris.call("doubt.report_own", permission_id=permission, **own),
        lambda: measured.call("doubt.raise", index=index + 10**6, concern="not_given"),
    ):
        assert refusal(act).code == "not-found"
    for proof in (Proof.token(joris.token), Proof.session(maria.session)):
        refused = refusal(
            lambda proof=proof: house.client.call(
                "doubt.signal",
                proof,
                permission_id=permission,
                origin="authority",
                concern="other",
                source="x",
            )
        )
        assert refused.code == "unauthenticated"
    assert states(house) == []
    case = raise_doubt(measured, granted)
    for stranger in (maria, joris):
        assert refusal(lambda s=stranger: s.call("doubt.show", case_id=case["case_id"])).code == "not-found"
        assert stranger.call("doubt.list")["cases"] == []
    assert refusal(lambda: maria.call("doubt.retract", case_id=case["case_id"])).code == "not-found"


def test_a_request_that_nobody_granted_is_refused_rather_than_doubted(
    measured: Customer, bram: Party
) -> None:
    asked = bram.ask(ean=LOTTES_EAN)
    refused = refusal(
        lambda: measured.call("doubt.raise", permission_id=asked["permission_id"], concern="not_given")
    )
    assert refused.code == "conflict"
    assert "refuse" in str(refused)


@pytest.mark.requirement("R99")
@pytest.mark.parametrize("origin", ["authority", "consumer_body", "market_party", "customer"])
def test_a_doubt_that_reaches_the_operator_blocks_as_one_of_the_customer(
    house: TheHouse, measured: Customer, bram: Party, granted: dict[str, Any], origin: str
) -> None:
    signalled = house.operator(
        "doubt.signal",
        ean=LOTTES_EAN,
        party_id=bram.party_id,
        origin=origin,
        concern="not_given",
        source="Consumentenombudsdienst, dossier 12",
        words="Wij kregen een klacht.",
        received_at=format_instant(house.clock.now() - timedelta(hours=2)),
    )
    assert signalled["case"]["signals"][0]["origin"] == origin
    opened = house.operator("doubt.open_words", case_id=signalled["case"]["case_id"], by="Nadia")["signals"][
        0
    ]
    assert opened["source"].startswith("Consumentenombudsdienst")
    assert opened["words"] == "Wij kregen een klacht."
    assert refusal(lambda: bram.read(granted["permission_id"])).code == "blocked"
    # Who it was, and in which words, is neither the party's nor the inspector's.
    seen = bram.call("doubt.list")["cases"][0]["signals"][0]
    assert "words" not in seen
    assert "source" not in seen


@pytest.mark.requirement("R99")
def test_an_inspector_doubts_as_an_authority_and_as_nobody_else(
    house: TheHouse, measured: Customer, bram: Party, granted: dict[str, Any]
) -> None:
    ines = Proof.session(house.inspector())
    wish = {"permission_id": granted["permission_id"], "concern": "other", "source": "Dossier 7"}
    refused = refusal(lambda: house.client.call("doubt.signal", ines, origin="customer", **wish))
    assert refused.code == "malformed-request"
    house.client.call("doubt.signal", ines, origin="authority", **wish)
    assert refusal(lambda: bram.read(granted["permission_id"])).code == "blocked"
    [case] = house.client.call("doubt.list", ines)["cases"]
    assert (case["signals"][0]["origin"], case["history"][0]["by"]) == ("authority", "authority")


def test_a_point_without_that_party_and_one_that_does_not_exist_give_the_operator_the_same_answer(
    house: TheHouse, measured: Customer, joris: Party
) -> None:
    wish = {"party_id": joris.party_id, "origin": "authority", "concern": "other", "source": "x"}
    answers = {
        (refused.code, str(refused))
        for ean in (LOTTES_EAN, MARIAS_EAN)
        for refused in [refusal(lambda e=ean: house.operator("doubt.signal", ean=e, **wish))]
    }
    assert {code for code, _ in answers} == {"not-found"}
    assert len(answers) == 1
    for wrong in ({}, {"ean": LOTTES_EAN, "permission_id": str(uuid4())}):
        assert (
            refusal(lambda w=wrong: house.operator("doubt.signal", **(wish | {"party_id": None} | w))).code
            == "malformed-request"
        )


def test_a_second_signal_joins_the_case_and_starts_no_clock_anew(
    house: TheHouse, measured: Customer, bram: Party, granted: dict[str, Any]
) -> None:
    case = raise_doubt(measured, granted)
    assert refusal(lambda: raise_doubt(measured, granted)).code == "conflict"
    later(house, timedelta(hours=20), measured, bram)
    joined = house.operator(
        "doubt.signal",
        permission_id=granted["permission_id"],
        origin="consumer_body",
        concern="other",
        source="Ombudsdienst",
    )["case"]
    assert joined["case_id"] == case["case_id"]
    assert len(joined["signals"]) == 2
    assert joined["contact_due_at"] == case["contact_due_at"]
    assert refusal(lambda: measured.call("doubt.retract", case_id=case["case_id"])).code == "conflict"
    assert states(house) == ["open"]


def test_an_ended_permission_can_be_doubted_and_its_party_can_read_nothing_more(
    house: TheHouse, measured: Customer, bram: Party, granted: dict[str, Any]
) -> None:
    measured.withdraw(granted["permission_id"])
    case = raise_doubt(measured, granted)
    assert case["state"] == "open"
    assert bram.permission(granted["permission_id"])["state"] == "revoked"
    contact(house, case)
    later(house, timedelta(hours=72), measured, bram)
    assert house.operator("doubt.sweep")["recorded"]["doubt_unproven"] == 1
    assert bram.permission(granted["permission_id"])["state"] == "revoked"


def test_a_permission_granted_while_its_party_is_blocked_waits_for_the_case(
    house: TheHouse, measured: Customer, bram: Party, granted: dict[str, Any]
) -> None:
    case = raise_doubt(measured, granted)
    later(house, timedelta(hours=1), measured, bram)
    new = bram.ask(purpose="energy_monitoring")
    measured.grant(new)
    assert bram.permission(new["permission_id"])["state"] == "blocked"
    assert refusal(lambda: bram.read(new["permission_id"])).code == "blocked"
    contact(house, case)
    later(house, timedelta(hours=72), measured, bram)
    house.operator("doubt.sweep")
    assert bram.permission(granted["permission_id"])["state"] == "invalidated"
    assert bram.permission(new["permission_id"])["state"] == "active"
    assert bram.read(new["permission_id"])["granted"]


@pytest.mark.requirement("R105")
def test_who_doubted_by_mistake_takes_it_back_and_the_block_ends_at_once(
    house: TheHouse, measured: Customer, bram: Party, granted: dict[str, Any]
) -> None:
    case = raise_doubt(measured, granted)
    assert case["can_retract"]
    retracted = measured.call("doubt.retract", case_id=case["case_id"])["case"]
    assert (retracted["state"], retracted["is_blocked"], retracted["gap"]) == ("retracted", False, None)
    assert bram.read(granted["permission_id"])["granted"]
    assert refusal(lambda: measured.call("doubt.retract", case_id=case["case_id"])).code == "conflict"


def test_a_lifted_block_can_be_followed_by_another_doubt(
    house: TheHouse, measured: Customer, bram: Party, granted: dict[str, Any]
) -> None:
    first = raise_doubt(measured, granted)
    contact(house, first)
    show(bram, first)
    lift(house, first)
    assert bram.read(granted["permission_id"])["granted"]
    house.clock.advance(timedelta(minutes=1))
    second = raise_doubt(measured, granted)
    assert second["case_id"] != first["case_id"]
    assert refusal(lambda: bram.read(granted["permission_id"])).code == "blocked"
    assert states(house) == ["lifted", "open"]


def test_a_withdrawal_ends_a_permission_in_doubt_for_good(
    house: TheHouse, measured: Customer, bram: Party, granted: dict[str, Any]
) -> None:
    case = raise_doubt(measured, granted)
    contact(house, case)
    measured.withdraw(granted["permission_id"])
    show(bram, case)
    lift(house, case)
    assert bram.permission(granted["permission_id"])["state"] == "revoked"
    assert refusal(lambda: bram.read(granted["permission_id"])).reason == "withdrawn"


def test_with_a_move_the_block_ends_for_whoever_comes_next_and_the_old_permissions_with_it(
    house: TheHouse, measured: Customer, maria: Customer, bram: Party, granted: dict[str, Any]
) -> None:
    raise_doubt(measured, granted)
    today = day_of(house.clock.now())
    house.operator("registry.occupancy.end", ean=LOTTES_EAN, until_day=today.isoformat())
    house.operator(
        "registry.occupancy.begin",
        ean=LOTTES_EAN,
        person_id=str(maria.person_id),
        from_day=today.isoformat(),
        interval_reading=True,
    )
    house.clock.advance(timedelta(minutes=1))
    assert bram.permission(granted["permission_id"])["state"] == "invalidated"
    new = bram.ask()
    home = next(one["occupancy_id"] for one in maria.call("me")["occupancies"] if one["ean"] == LOTTES_EAN)
    maria.grant(new, home)
    assert bram.permission(new["permission_id"])["state"] == "active"
    assert maria.call("doubt.list")["cases"] == []


def test_the_customer_reads_own_words_and_deadlines_and_the_party_neither_words_nor_address(
    house: TheHouse, measured: Customer, bram: Party, granted: dict[str, Any]
) -> None:
    case = measured.call(
        "doubt.raise", permission_id=granted["permission_id"], concern="not_given", words="Ik ken hen niet."
    )["case"]
    [mine] = measured.call("doubt.list")["cases"]
    assert mine["signals"][0]["words"] == "Ik ken hen niet."
    assert mine["signals"][0]["is_yours"]
    assert mine["contact_due_at"]
    assert mine["occupancy_id"] == measured.occupancy()
    [theirs] = bram.call("doubt.list")["cases"]
    assert theirs["case_id"] == case["case_id"]
    assert "occupancy_id" not in theirs
    assert "words" not in theirs["signals"][0]
    contact(house, case)
    assert bram.call("doubt.show", case_id=case["case_id"])["case"]["evidence_due_at"]


def test_whoever_reads_what_a_customer_wrote_stands_in_that_customers_list(
    house: TheHouse, measured: Customer, bram: Party, granted: dict[str, Any]
) -> None:
    doubted = {"permission_id": granted["permission_id"], "concern": "not_given", "words": "Ik ken hen niet."}
    case = {"case_id": measured.call("doubt.raise", **doubted)["case"]["case_id"]}
    for seen in (house.operator("doubt.show", **case)["case"], *house.operator("doubt.list")["cases"]):
        assert not {"words", "source"} & seen["signals"][0].keys()
    before = measured.statements()[0]["index"]
    inspector = Proof.session(house.inspector())
    for proof in (Proof.session(measured.session), Proof.token(bram.token), inspector):
        with pytest.raises(DoorRefusedError) as refused:
            house.client.call("doubt.open_words", proof, **case, by="Joris")
        assert refused.value.code == "unauthenticated"
    assert measured.statements()[0]["index"] == before
    opened = house.operator("doubt.open_words", **case, by="Nadia")
    assert [one["words"] for one in opened["signals"]] == ["Ik ken hen niet."]
    told = measured.statements()[0]
    assert (told["event"], told["index"]) == ("doubt.words_opened", opened["index"])
    history = [one["event"] for one in measured.call("doubt.show", **case)["case"]["history"]]
    assert history[-1] == "doubt.words_opened"
    assert "doubt.words_opened" not in [
        one["event"] for one in bram.call("doubt.show", **case)["case"]["history"]
    ]


@pytest.mark.requirement("R107")
def test_allocation_on_the_data_in_doubt_goes_to_zero_and_then_to_the_profile_or_back(
    house: TheHouse, measured: Customer, erik: Party, granted: dict[str, Any]
) -> None:
    house.operator("registry.supply.accept", ean=LOTTES_EAN, party_id=erik.party_id, from_day="2023-01-01")
    price = erik.ask(purpose="dynamic_price_billing")
    measured.grant(price)
    assert raise_doubt(measured, granted)["allocation"] == "untouched"
    case = raise_doubt(measured, price)
    assert case["allocation"] == "zero"
    contact(house, case)
    assert show(erik, case)["allocation"] == "zero"
    assert lift(house, case)["allocation"] == "smart_meter"
    again = raise_doubt(measured, price)
    contact(house, again)
    later(house, timedelta(hours=72), measured, erik)
    assert erik.call("doubt.show", case_id=again["case_id"])["case"]["allocation"] == "profile"
