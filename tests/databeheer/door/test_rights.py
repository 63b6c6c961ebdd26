"""People's requests about their own data: filed, on paper too, extended, answered, taken back; and what they stop."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from databeheer import clocks
from databeheer.door.client import DoorRefusedError
from databeheer.rights import grounds
from databeheer.rights.requests import MOST_OPEN
from databeheer.values import format_instant
from tests.conftest import LOTTES_EAN, MARIAS_EAN
from tests.databeheer.door.test_clocks import all_clocks, clerk, derived, ends, later, standing
from tests.databeheer.door.test_erasure import reopened
from tests.databeheer.door.test_facts_of_points import MONTH, TOLD, centre, reason, today
from tests.databeheer.door.test_representatives import act_for, appoint, own_halves
from tests.databeheer.door.test_restored_post import dump, restored
from tests.doors import query
from tests.house import Customer, Party, TheHouse
from tests.restores import Backups

SCAN = "ab" * 32
WORDS = "Mijn huisnummer is 3, niet 1."
RECTIFY = {"kind": "rectification", "fact": "address", "words": WORDS}


def code(act: Callable[[], Any]) -> str:
    with pytest.raises(DoorRefusedError) as refused:
        act()
    return refused.value.code


def size(house: TheHouse) -> int:
    return int(query(house, "SELECT size FROM ledger.head")[0][0])


def object_to(who: Customer, stay: str, basis: str = "welfare_centre") -> str:
    asked = who.call(
        "rights.ask", kind="objection", basis=basis, occupancy_id=stay, words="Mijn zus werkt er."
    )
    return str(asked["request_id"])


def answer(house: TheHouse, request: str, decision: str = "accepted") -> dict[str, Any]:
    given = {"request_id": request, "decision": decision, "words": "Zo is het.", "decided_by": "DPO"}
    return house.operator("rights.answer", **given)


def of(who: Customer) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = who.call("rights.mine")["requests"]
    return found


@pytest.fixture
def ocmw(house: TheHouse, measured: Customer) -> Party:
    """A welfare centre that may see Lotte's consumption by law, and told her so."""
    party = centre(house)
    house.operator("registry.access_point.place", ean=LOTTES_EAN, municipality="44021")
    house.operator("registry.notice.give", party_id=party.party_id, purposes=["social_assistance"], **TOLD)
    return party


def read(party: Party) -> Any:
    return party.read(ean=LOTTES_EAN, purpose="social_assistance", **MONTH)


# ---- asking ------------------------------------------------------------------------------------------------


@pytest.mark.requirement("R50")
def test_a_request_is_on_record_waits_a_month_and_is_answered_in_words(
    house: TheHouse, lotte: Customer, maria: Customer
) -> None:
    asked = lotte.call("rights.ask", **RECTIFY)
    newest = lotte.statements()[0]
    assert (newest["event"], newest["index"]) == ("right.asked", asked["index"])
    [one] = of(lotte)
    due = clocks.shipped().get("right_request").term.due_at(house.clock.now())
    assert (one["state"], one["words"], one["due_at"]) == ("asked", WORDS, format_instant(due))
    assert of(maria) == []
    [waiting] = house.operator("rights.list")["requests"]
    assert (waiting["person_id"], waiting["words"]) == (str(lotte.person_id), WORDS)
    assert WORDS.encode() not in b"".join(
        bytes(row[0]) for row in query(house, "SELECT words_sealed FROM oversight.right_request")
    )
    answer(house, asked["request_id"])
    [one] = of(lotte)
    assert (one["state"], one["answer"], one["can_be_taken_back"]) == ("accepted", "Zo is het.", False)
    assert [each["kind"] for each in lotte.call("inbox.show")["messages"][:2]] == [
        "right.accepted",
        "right.asked",
    ]
    assert [each["kind"] for each in maria.call("inbox.show")["messages"]] == ["occupancy.begun"]
    assert house.operator("rights.list")["requests"] == []
    assert len(house.operator("rights.list", closed=True)["requests"]) == 1
    assert ends(house, "right_request") == [(True, False)]
    assert derived(house) == standing(house)
    assert house.operator("ledger.check_bodies", start=0, limit=2000)["problems"] == []


@pytest.mark.requirement("R50")
def test_its_month_is_extended_once_within_it_with_a_reason_and_a_miss_is_on_record(
    house: TheHouse, lotte: Customer
) -> None:
    first = lotte.call("rights.ask", **RECTIFY)["request_id"]
    second = lotte.call("rights.ask", **(RECTIFY | {"fact": "name"}))["request_id"]
    asked_at = house.clock.now()
    later(house, timedelta(days=20), lotte)
    house.operator("rights.extend", request_id=first, reason="Wij vragen het na.")
    assert code(lambda: house.operator("rights.extend", request_id=first, reason="Nog eens.")) == "conflict"
    one = next(each for each in of(lotte) if each["request_id"] == first)
    due = clocks.shipped().get("right_extended").term.due_at(asked_at)
    assert (one["due_at"], one["extension"]) == (format_instant(due), "Wij vragen het na.")
    later(house, timedelta(days=20), lotte)
    assert code(lambda: house.operator("rights.extend", request_id=second, reason="Te laat.")) == "conflict"
    assert clerk(house).round()["right_request"] == 1
    assert lotte.statements()[0]["event"] == "clock.missed"
    answer(house, first, "refused")
    lotte.call("rights.withdraw", request_id=second)
    assert ends(house, "right_extended") == [(True, False)]
    assert [clock.missed_index is not None for clock in all_clocks(house, "right_request")] == [False, True]
    assert derived(house) == standing(house)


def test_what_makes_no_sense_or_is_asked_twice_changes_nothing(
    house: TheHouse, lotte: Customer, maria: Customer
) -> None:
    stay, other = lotte.occupancy(), maria.occupancy()
    lotte.call("rights.ask", **RECTIFY)
    before = size(house)
    for changes, refusal in (
        ({}, "conflict"),
        ({"fact": None}, "malformed-request"),
        ({"fact": "salary"}, "malformed-request"),
        ({"words": ""}, "malformed-request"),
        ({"words": "x" * 2001}, "malformed-request"),
        ({"words": "a\x00b"}, "malformed-request"),
        ({"basis": "welfare_centre"}, "malformed-request"),
        ({"kind": "copy", "fact": None}, "malformed-request"),
        ({"kind": "objection"}, "malformed-request"),
        ({"kind": "objection", "fact": None}, "malformed-request"),
        ({"kind": "objection", "fact": None, "basis": "welfare_centre"}, "malformed-request"),
        ({"fact": "name", "occupancy_id": other}, "not-found"),
        ({"fact": "name", "occupancy_id": str(uuid4())}, "not-found"),
        ({"kind": "objection", "fact": None, "basis": "welfare_centre", "occupancy_id": other}, "not-found"),
        ({"kind": "objection", "fact": None, "basis": "x", "occupancy_id": stay}, "no-right-to-object"),
        ({"surprise": 1}, "malformed-request"),
    ):
        assert code(lambda given=changes: lotte.call("rights.ask", **(RECTIFY | given))) == refusal, changes
    assert size(house) == before
    assert len(of(lotte)) == 1


def test_nobody_can_object_where_the_law_gives_no_right_to(house: TheHouse, lotte: Customer) -> None:
    stay, before = lotte.occupancy(), size(house)
    for ground in grounds.shipped().values():
        if ground.objection != "possible":
            with pytest.raises(DoorRefusedError) as refused:
                object_to(lotte, stay, ground.code)
            assert refused.value.code == "no-right-to-object", ground.code
            assert len(str(refused.value)) > 20
    assert size(house) == before


def test_ten_requests_wait_at_most(house: TheHouse, lotte: Customer) -> None:
    stay = lotte.occupancy()
    facts = ("name", "address", "stay", "meter", "readings", "permission", "other")
    wishes = [{"fact": fact} for fact in facts] + [{"fact": fact, "occupancy_id": stay} for fact in facts]
    for wish in wishes[:MOST_OPEN]:
        lotte.call("rights.ask", **(RECTIFY | wish))
    assert code(lambda: lotte.call("rights.ask", **(RECTIFY | wishes[MOST_OPEN]))) == "conflict"
    lotte.call("rights.withdraw", request_id=of(lotte)[0]["request_id"])
    lotte.call("rights.ask", **(RECTIFY | wishes[MOST_OPEN]))


# ---- an objection ------------------------------------------------------------------------------------------


@pytest.mark.requirement("R50")
def test_an_accepted_objection_stops_its_basis_at_its_stay_until_it_is_taken_back(
    house: TheHouse, measured: Customer, ocmw: Party
) -> None:
    def by_law() -> set[str]:
        return {one["ground"] for one in measured.call("statutory.list")["parties"]}

    request = object_to(measured, measured.occupancy())
    assert read(ocmw)["channels"]  # it is weighed first
    assert "welfare_centre" in by_law()
    answer(house, request)
    assert reason(lambda: read(ocmw)) == "objected"
    assert "welfare_centre" not in by_law()
    own = measured.call("readings.read", occupancy_id=measured.occupancy(), **MONTH)
    assert own["channels"]
    assert code(lambda: house.operator("rights.withdraw", request_id=request)) == "not-found"
    assert code(lambda: object_to(measured, measured.occupancy())) == "conflict"
    measured.call("rights.withdraw", request_id=request)
    assert read(ocmw)["channels"]
    assert "welfare_centre" in by_law()
    assert code(lambda: measured.call("rights.withdraw", request_id=request)) == "conflict"
    assert house.operator("ledger.check_bodies", start=0, limit=2000)["problems"] == []


def test_a_refused_or_another_objection_stops_nothing(
    house: TheHouse, measured: Customer, ocmw: Party
) -> None:
    stay = measured.occupancy()
    answer(house, object_to(measured, stay), "refused")
    answer(house, object_to(measured, stay, "public_body"))
    assert read(ocmw)["channels"]
    refused = next(one for one in of(measured) if one["basis"] == "welfare_centre")
    assert code(lambda: measured.call("rights.withdraw", request_id=refused["request_id"])) == "conflict"
    assert code(lambda: answer(house, refused["request_id"])) == "conflict"


def test_a_restored_database_that_forgot_it_stops_the_basis_again(
    house: TheHouse, backups: Backups, measured: Customer, ocmw: Party
) -> None:
    known = object_to(measured, measured.occupancy(), "public_body")
    dump(backups)
    answer(house, known)
    forgotten = object_to(measured, measured.occupancy())
    answer(house, forgotten)
    restored(backups, measured, ocmw)
    assert reason(lambda: read(ocmw)) == "unreconciled"
    assert house.operator("reconcile.finish")["ended_again"] == 2
    backups.log_in_again(measured, ocmw)
    assert reason(lambda: read(ocmw)) == "objected"
    assert {one["request_id"]: one["state"] for one in of(measured)} == {
        known: "accepted",
        forgotten: "accepted",
    }
    measured.call("rights.withdraw", request_id=forgotten)
    assert read(ocmw)["channels"]


# ---- who -----------------------------------------------------------------------------------------------------


@pytest.mark.requirement("R50")
def test_who_lived_there_asks_of_that_stay_and_the_next_occupant_of_the_own_only(
    house: TheHouse, measured: Customer, maria: Customer, ocmw: Party
) -> None:
    stay = measured.occupancy()
    house.operator("registry.occupancy.end", ean=LOTTES_EAN, until_day=today(house))
    house.operator(
        "registry.occupancy.begin", ean=LOTTES_EAN, person_id=str(maria.person_id), from_day=today(house)
    )
    reopened(house, measured)
    reopened(house, maria)
    measured.call("rights.ask", **(RECTIFY | {"occupancy_id": stay}))
    assert code(lambda: object_to(maria, stay)) == "not-found"
    answer(house, object_to(measured, stay))
    assert maria.statements()[0]["event"] != "right.accepted"
    assert of(maria) == []


@pytest.mark.requirement("R199")
def test_a_request_goes_to_the_grid_operator_of_the_stay_and_another_one_reads_nothing_there(
    house: TheHouse, measured: Customer, net: Party
) -> None:
    house.operator("registry.operator.add", operator=2, code="net-ander", name="Ander Net")
    other = house.party("Ander Net", "dso", operator=2)
    ean = "541448899990000077"
    house.operator("registry.access_point.register", ean=ean, commodity="gas", operator=2)
    came = {"ean": ean, "person_id": str(measured.person_id), "from_day": "2024-01-01"}
    begun = house.operator("registry.occupancy.begin", **came)["occupancy_id"]
    here = next(one for one in measured.call("me")["occupancies"] if one["occupancy_id"] != begun)
    for stay in (begun, here["occupancy_id"]):
        measured.call("rights.ask", **(RECTIFY | {"occupancy_id": stay}))
    routed = query(house, "SELECT occupancy_id, operator FROM oversight.right_request")
    assert {str(stay): operator for stay, operator in routed} == {begun: 2, here["occupancy_id"]: 1}
    for party, strange in ((net, ean), (other, LOTTES_EAN)):
        assert (
            code(lambda p=party, e=strange: p.read(ean=e, purpose="grid_management", **MONTH))
            == "no-legal-basis"
        )


def test_who_lives_there_too_asks_without_the_grid_user_reading_it_and_stops_the_own_time(
    house: TheHouse, measured: Customer, ocmw: Party
) -> None:
    sam = house.customer("sam", "Sam Peeters")
    stay = measured.occupancy()
    house.operator(
        "registry.concerned.begin", ean=LOTTES_EAN, person_id=str(sam.person_id), from_day="2023-11-01"
    )
    before = len(measured.statements())
    request = object_to(sam, stay)
    answer(house, request)
    assert len(measured.statements()) == before
    assert of(measured) == []
    assert read(ocmw)["channels"]  # October was before Sam's time
    november = {"from": "2023-10-31T23:00:00Z", "until": "2023-11-30T23:00:00Z", "granularity": "month"}
    assert reason(lambda: ocmw.read(ean=LOTTES_EAN, purpose="social_assistance", **november)) == "objected"
    assert code(lambda: measured.call("rights.withdraw", request_id=request)) == "not-found"


def test_a_representative_asks_in_her_name_on_record_and_an_ended_one_does_not(
    house: TheHouse, lotte: Customer
) -> None:
    theo = house.customer("theo", "Theo Wouters")
    appointment = appoint(house, lotte, theo)
    assert (
        code(lambda: theo.call("rights.ask", **(RECTIFY | {"occupancy_id": lotte.occupancy()})))
        == "not-found"
    )
    act_for(theo, appointment)
    theo.call("rights.ask", **RECTIFY)
    [half] = own_halves(house, lotte, "right.asked")
    assert half["representation"] == appointment
    [one] = of(lotte)
    assert (
        code(lambda: theo.call("rights.withdraw", request_id=one["request_id"])) == "not-for-representatives"
    )
    house.operator("registry.representation.end", id=appointment, until_day=today(house))
    assert code(lambda: theo.call("rights.mine")) != ""
    lotte.call("rights.withdraw", request_id=one["request_id"])


def test_outsiders_learn_and_change_nothing(
    house: TheHouse, lotte: Customer, maria: Customer, joris: Party
) -> None:
    request = lotte.call("rights.ask", **RECTIFY)["request_id"]
    before = size(house)
    for number in (request, str(uuid4())):
        assert code(lambda: maria.call("rights.withdraw", request_id=number)) == "not-found"  # noqa: B023
    for command, given in (
        ("rights.mine", {}),
        ("rights.ask", RECTIFY),
        ("rights.withdraw", {"request_id": request}),
        ("rights.list", {}),
        ("rights.extend", {"request_id": request, "reason": "x"}),
        ("rights.enter", {"person_id": str(lotte.person_id), **RECTIFY, "document_sha256": SCAN}),
    ):
        assert code(lambda: joris.call(command, **given)) == "unauthenticated", command  # noqa: B023
        if command in ("rights.list", "rights.extend", "rights.enter"):
            assert code(lambda: maria.call(command, **given)) == "unauthenticated", command  # noqa: B023
    assert size(house) == before


# ---- on paper ------------------------------------------------------------------------------------------------


@pytest.mark.requirement("R43", "R50")
def test_a_request_on_paper_writes_the_same_events_and_counts_from_the_day_it_came(
    house: TheHouse, lotte: Customer
) -> None:
    lotte.call("rights.ask", **RECTIFY)
    came = house.clock.now() - timedelta(days=3)
    on_paper = RECTIFY | {"person_id": str(lotte.person_id), "fact": "name", "document_sha256": SCAN}
    house.operator("rights.enter", **on_paper, received_at=format_instant(came))
    on_portal, paper = (
        {key: one[key] for key in one if key not in ("index", "at", "receipt")}
        for one in reversed(lotte.statements()[:2])
    )
    assert paper["event"] == on_portal["event"] == "right.asked"
    assert [one["kind"] for one in lotte.call("inbox.show")["messages"][:2]] == ["right.asked"] * 2
    one = next(each for each in of(lotte) if each["channel"] == "paper")
    assert (one["document_sha256"], one["words"]) == (SCAN, WORDS)
    due = clocks.shipped().get("right_request").term.due_at(came)
    assert one["due_at"] == format_instant(due)
    assert derived(house) == standing(house)


def test_paper_that_is_wrong_is_not_entered(house: TheHouse, lotte: Customer, maria: Customer) -> None:
    given = {"person_id": str(lotte.person_id), "kind": "copy", "document_sha256": SCAN}
    before = size(house)
    tomorrow = format_instant(house.clock.now() + timedelta(days=1))
    for changes, refusal in (
        ({"document_sha256": "AB" * 32}, "malformed-request"),
        ({"document_sha256": "ab"}, "malformed-request"),
        ({"person_id": str(uuid4())}, "not-found"),
        ({"received_at": tomorrow}, "malformed-request"),
        ({"fact": "name"}, "malformed-request"),
        ({"occupancy_id": maria.occupancy()}, "not-found"),
        ({"kind": "erasure"}, "malformed-request"),
    ):
        assert code(lambda wish=changes: house.operator("rights.enter", **(given | wish))) == refusal, changes
    assert size(house) == before
    house.operator("rights.enter", **given)
    assert code(lambda: house.operator("rights.enter", **given)) == "conflict"
    assert MARIAS_EAN


@pytest.mark.requirement("R43")
def test_a_request_to_erase_on_paper_is_one_like_any_other_and_refused_like_any_other(
    house: TheHouse, measured: Customer, maria: Customer
) -> None:
    stay = measured.occupancy()
    given = {"person_id": str(measured.person_id), "data_class": "readings", "document_sha256": SCAN}
    given["occupancy_id"] = stay
    assert code(lambda: house.operator("erasure.enter", **given)) == "erasure-refused"  # she lives there
    assert measured.statements()[0]["event"] == "erasure.refused"
    house.operator("registry.occupancy.end", ean=LOTTES_EAN, until_day=today(house))
    later(house, timedelta(days=1500), measured, maria)
    before = size(house)
    assert (
        code(lambda: house.operator("erasure.enter", **(given | {"person_id": str(uuid4())}))) == "not-found"
    )
    of_another = given | {"person_id": str(maria.person_id)}
    assert code(lambda: house.operator("erasure.enter", **of_another)) == "not-found"
    assert (
        code(lambda: house.operator("erasure.enter", **(given | {"document_sha256": "x"})))
        == "malformed-request"
    )
    assert code(lambda: maria.call("erasure.enter", **given)) == "unauthenticated"
    assert size(house) == before
    came = house.clock.now() - timedelta(days=2)
    house.operator("erasure.enter", **given, received_at=format_instant(came))
    assert code(lambda: house.operator("erasure.enter", **given)) == "conflict"
    assert measured.statements()[0]["event"] == "erasure.asked"
    [asked] = measured.call("rights.mine")["erasures"]
    due = clocks.shipped().get("erasure_request").term.due_at(came)
    assert (asked["state"], asked["due_at"]) == ("asked", format_instant(due))
    assert derived(house) == standing(house)
