"""Parties under doubt: the contact group, who comes back regularly, improvement, reports; breach and figures."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from databeheer.brussels import day_of
from databeheer.door.client import DoorRefusedError, Proof
from databeheer.values import format_instant
from tests.databeheer.doubt.acts import contact, later, lift, raise_doubt, show
from tests.doors import execute
from tests.house import Customer, Party, TheHouse


def refusal(act: Callable[[], object]) -> DoorRefusedError:
    with pytest.raises(DoorRefusedError) as refused:
        act()
    return refused.value


def figures(house: TheHouse, days: int = 400) -> dict[str, Any]:
    today = day_of(house.clock.now())
    first = (today - timedelta(days=days)).isoformat()
    found: dict[str, Any] = house.operator("doubt.figures", first=first, last=today.isoformat())
    return found


def offenders(house: TheHouse) -> list[tuple[str, int, int]]:
    return [(one["party"]["name"], one["cases"], one["unproven"]) for one in figures(house)["offenders"]]


@pytest.mark.requirement("R111")
def test_a_party_that_nobody_can_reach_about_doubt_asks_for_no_permission(
    house: TheHouse, lotte: Customer, bram: Party
) -> None:
    execute(house, "DELETE FROM doubt.contact WHERE party_id = %s", bram.party_id)
    refused = refusal(bram.ask)
    assert refused.code == "no-legal-basis"
    assert "contact" in str(refused)
    bram.call("doubt.contact.set", name="Desk", email="desk@bram.example", phone="+32 9 000 00 01")
    assert bram.ask()["state"] == "requested"


@pytest.mark.requirement("R111")
def test_the_contact_group_is_open_to_suppliers_services_and_operators_and_closed_to_everybody_else(
    house: TheHouse, lotte: Customer, bram: Party, erik: Party, net: Party
) -> None:
    for party in (bram, erik, net):
        names = {one["party"]["name"] for one in party.call("doubt.contacts")["contacts"]}
        assert {bram.name, erik.name, net.name} <= names
    assert refusal(lambda: lotte.call("doubt.contacts")).code == "unauthenticated"
    assert refusal(lambda: house.client.call("doubt.contacts", Proof("none", ""))).code == "unauthenticated"
    theft = {"party_id": erik.party_id, "name": "x", "email": "x@x.example", "phone": "+32 9 000 00 00"}
    assert refusal(lambda: bram.call("doubt.contact.set", **theft)).code == "malformed-request"


@pytest.mark.requirement("R108")
def test_regularly_is_the_threshold_and_not_one_less_in_the_window_and_not_before(
    house: TheHouse, lotte: Customer, bram: Party
) -> None:
    house.operator("doubt.terms.set", threshold=3, window_days=30)
    cases = []
    for number in range(3):
        asked = bram.ask(purpose="energy_monitoring" if number else "energy_advice")
        lotte.grant(asked)
        assert offenders(house) == []
        cases.append(raise_doubt(lotte, asked))
        if number < 2:
            contact(house, cases[-1])
            later(house, timedelta(days=4), lotte, bram)
            house.operator("doubt.sweep")
    assert offenders(house) == [(bram.name, 3, 2)]
    contact(house, cases[2])
    show(bram, cases[2])
    lift(house, cases[2])  # in this one nothing was wrong
    assert offenders(house) == []
    house.operator("doubt.terms.set", threshold=2)
    assert offenders(house) == [(bram.name, 2, 2)]
    later(house, timedelta(days=22) - timedelta(seconds=1), lotte, bram)
    assert offenders(house) == [(bram.name, 2, 2)]
    later(house, timedelta(seconds=1), lotte, bram)
    assert offenders(house) == []


@pytest.mark.requirement("R108")
def test_without_sufficient_improvement_the_regulator_is_told_and_not_before_somebody_asked(
    house: TheHouse, bram: Party
) -> None:
    about = {"party_id": bram.party_id, "by": "Nadia"}
    told = {**about, "reason": "no_improvement", "words": "Drie klachten, geen nieuw formulier."}
    assert refusal(lambda: house.operator("doubt.report", **told)).code == "conflict"
    assert (
        refusal(lambda: house.operator("doubt.improvement.judge", sufficient=False, **about)).code
        == "conflict"
    )
    house.operator("doubt.improvement.ask", words="Hoe verbetert u uw formulier?", **about)
    assert refusal(lambda: house.operator("doubt.improvement.ask", words="x", **about)).code == "conflict"
    assert refusal(lambda: house.operator("doubt.report", **told)).code == "conflict"
    house.operator("doubt.improvement.judge", sufficient=True, **about)
    assert refusal(lambda: house.operator("doubt.report", **told)).code == "conflict"
    house.clock.advance(timedelta(days=1))
    house.operator("doubt.improvement.ask", words="En nu?", **about)
    house.operator("doubt.improvement.judge", sufficient=False, **about)
    house.operator("doubt.report", **told)
    house.clock.advance(timedelta(minutes=1))
    [report] = figures(house)["reports"]
    assert (report["reason"], report["words"]) == ("no_improvement", told["words"])


@pytest.mark.requirement("R109")
def test_the_regulator_can_be_told_of_any_party_at_any_time_and_the_party_has_no_receipt_of_it(
    house: TheHouse, lotte: Customer, bram: Party, joris: Party
) -> None:
    asked = bram.ask()
    lotte.grant(asked)
    case = raise_doubt(lotte, asked)
    wish = {"reason": "ad_hoc", "words": "Een patroon.", "by": "Nadia", "case_id": case["case_id"]}
    wrong = refusal(lambda: house.operator("doubt.report", party_id=joris.party_id, **wish))
    assert wrong.code == "malformed-request"
    index = house.operator("doubt.report", party_id=bram.party_id, **wish)["index"]
    house.clock.advance(timedelta(minutes=1))
    assert [one["reason"] for one in figures(house)["reports"]] == ["ad_hoc"]
    assert refusal(lambda: bram.call("receipt.opening", index=index)).code == "not-found"
    for proof in (Proof.token(bram.token), Proof.session(lotte.session), Proof.session(house.inspector())):
        refused = refusal(
            lambda proof=proof: house.client.call("doubt.report", proof, party_id=bram.party_id, **wish)
        )
        assert refused.code == "unauthenticated"


@pytest.mark.requirement("R112")
def test_a_case_waits_for_a_word_on_whether_it_is_a_breach_and_a_breach_names_its_own_case(
    house: TheHouse, lotte: Customer, bram: Party
) -> None:
    asked = bram.ask()
    lotte.grant(asked)
    case = raise_doubt(lotte, asked)
    contact(house, case)
    later(house, timedelta(hours=72), lotte, bram)
    house.operator("doubt.sweep")
    house.clock.advance(timedelta(minutes=1))
    assert figures(house)["undecided_breach"] == 1
    wish = {"case_id": case["case_id"], "breach": True, "by": "DPO"}
    assert "reference" in str(refusal(lambda: house.operator("doubt.decide_breach", **wish)))
    decided = house.operator("doubt.decide_breach", reference="LEK-2026-7", **wish)
    assert (decided["case"]["breach"], decided["case"]["breach_reference"]) == ("yes", "LEK-2026-7")
    assert figures(house)["undecided_breach"] == 0
    assert refusal(lambda: bram.call("receipt.opening", index=decided["index"])).code == "not-found"
    # Nor does it learn that anybody asked: not by an entry, a moment or a step of its case.
    for told in (bram.call("doubt.show", case_id=case["case_id"]), bram.call("doubt.list")):
        assert "breach" not in json.dumps(told)
        assert decided["index"] not in [
            one["index"] for row in told.get("cases", [told.get("case")]) for one in row["history"]
        ]
    assert "doubt.breach_decided" in json.dumps(lotte.call("doubt.show", case_id=case["case_id"]))


@pytest.mark.requirement("R113")
def test_the_figures_tell_how_many_signals_came_and_how_long_unlawful_reading_could_last(
    house: TheHouse, lotte: Customer, maria: Customer, bram: Party
) -> None:
    asked, at_maria = bram.ask(), bram.ask()
    lotte.grant(asked)
    maria.grant(at_maria)
    raise_doubt(lotte, asked)
    house.operator(
        "doubt.signal",
        permission_id=at_maria["permission_id"],
        origin="authority",
        concern="other",
        source="VNR",
        received_at=format_instant(house.clock.now() - timedelta(hours=30)),
    )
    house.clock.advance(timedelta(minutes=1))
    found = figures(house)
    assert (found["signals"], found["by_origin"]) == (2, {"customer": 1, "authority": 1})
    assert (found["blocked_at_once"], found["slowest_block_seconds"]) == (1, 30 * 3600)
    assert found["by_state"] == {"open": 2}
    span = {"first": "2026-01-01", "last": "2026-01-02"}
    for proof in (Proof.token(bram.token), Proof.session(lotte.session)):
        refused = refusal(lambda proof=proof: house.client.call("doubt.figures", proof, **span))
        assert refused.code == "unauthenticated"
