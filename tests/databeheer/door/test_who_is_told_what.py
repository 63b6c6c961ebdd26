"""What each is told of a read or a question: of the own stay, and of nobody else's dealings, move or investigation."""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest

from databeheer.brussels import day_of
from databeheer.door.client import DoorRefusedError
from databeheer.values import format_instant
from ledger.commitment import Opening
from ledger.entry import parse
from tests.conftest import LOTTES_EAN
from tests.doors import query
from tests.house import Customer, Party, TheHouse

WHOLE = {"from": "2023-10-27T22:00:00Z", "until": "2023-10-30T23:00:00Z"}
NOORS = {"from": "2023-10-28T22:00:00Z", "until": "2023-10-30T23:00:00Z"}
MONTH = {"from": "2023-09-30T22:00:00Z", "until": "2023-10-31T23:00:00Z", "granularity": "month"}
MOVED = "2023-10-28T22:00:00Z"
SECRETS = ("invalidated_by_move", "withdrawn", "terminated", "rejected", "no_contract")


def move(house: TheHouse, person: Customer | None, since: date = date(2023, 10, 29)) -> None:
    """Lotte leaves, and somebody comes on that day."""
    day = since.isoformat()
    house.operator("registry.occupancy.end", ean=LOTTES_EAN, until_day=day)
    if person is not None:
        came = {"person_id": str(person.person_id), "from_day": day}
        house.operator("registry.occupancy.begin", ean=LOTTES_EAN, **came)


@pytest.fixture
def noor(house: TheHouse) -> Customer:
    return house.customer("noor", "Noor Claes")


def opened(who: Customer | Party, index: int) -> Opening:
    """Everything that a receipt opens, held against its entry."""
    answer = who.call("receipt.opening", index=index)
    opening = Opening.from_dict(answer["opening"])
    opening.verify(parse(b64decode(answer["entry"])).commitment)
    return opening


def halves(who: Customer | Party, index: int) -> tuple[dict[str, Any], dict[str, Any]]:
    opening = opened(who, index)
    own = json.loads(opening.subject.body) if opening.subject is not None else {}
    return json.loads(opening.shared_body), own


def refusal(call: Callable[[], Any]) -> DoorRefusedError:
    with pytest.raises(DoorRefusedError) as refused:
        call()
    return refused.value


def index_of(call: Callable[[], Any]) -> int:
    index = refusal(call).index
    assert index is not None
    return index


ENDED: dict[str, Callable[[Customer, Party, str], Any]] = {
    "lost by moving": lambda lotte, bram, one: None,
    "withdrawn": lambda lotte, bram, one: lotte.withdraw(one),
    "given up": lambda lotte, bram, one: bram.call("permission.terminate", permission_id=one),
}


@pytest.mark.requirement("R29", "R98")
@pytest.mark.parametrize("ended", ENDED)
@pytest.mark.parametrize("kind", ["strict", "clip", "bulk"])
def test_the_newcomer_does_not_learn_with_whom_the_leaver_dealt(
    house: TheHouse, measured: Customer, noor: Customer, bram: Party, joris: Party, ended: str, kind: str
) -> None:
    permission = measured.grant(bram.ask())["permission"]["permission_id"]
    ENDED[ended](measured, bram, permission)
    move(house, noor)
    told = []
    for party in (bram, joris):
        wish: dict[str, Any] = {"granularity": "day", "purpose": "energy_advice", **NOORS}
        if kind == "bulk":
            index = party.call("readings.bulk", **wish, eans=[LOTTES_EAN])["index"]
        else:
            index = index_of(lambda wish=wish, party=party: party.read(ean=LOTTES_EAN, mode=kind, **wish))
        line = noor.statements()[0]
        assert line["index"] == index
        assert line["party"]["name"] == party.name  # who tried, she sees
        told.append((line["event"], line["reason"], line["sentence_nl"], line["permission_id"]))
        receipt = opened(noor, index).to_json()
        bodies = json.dumps(halves(noor, index))
        assert [word for word in (*SECRETS, permission) if word in receipt + bodies] == []
    assert told[0] == told[1]
    assert told[0][1] == "no_legal_basis"


@pytest.mark.requirement("R29", "R46")
def test_of_one_read_over_both_stays_the_leaver_hears_her_reason_and_the_newcomer_none_of_it(
    house: TheHouse, measured: Customer, noor: Customer, bram: Party
) -> None:
    measured.grant(bram.ask())
    move(house, noor)
    wish = {"granularity": "day", "purpose": "energy_advice", **WHOLE}
    refused = refusal(lambda: bram.read(ean=LOTTES_EAN, **wish))
    assert refused.reason == "invalidated_by_move"
    assert refused.index is not None
    mine, hers = measured.statements()[0], noor.statements()[0]
    assert mine["index"] == hers["index"] == refused.index
    assert (mine["reason"], hers["reason"]) == ("invalidated_by_move", "no_legal_basis")
    shared, own = halves(noor, refused.index)
    assert own["refused"] == [[NOORS["from"], NOORS["until"], "no_legal_basis"]]
    assert shared["ground"] == "no_legal_basis"
    assert {"granted", "refused", "facts", "slots"}.isdisjoint(shared)
    assert halves(measured, refused.index)[1]["refused"] == [[WHOLE["from"], MOVED, "invalidated_by_move"]]
    grounds = query(house, "SELECT ground FROM ledger.statement WHERE index = %s", refused.index)
    assert {ground for (ground,) in grounds} == {"invalidated_by_move", "no_legal_basis"}


@pytest.mark.requirement("R75", "R98")
def test_the_newcomer_does_not_learn_who_supplied_the_leaver(
    house: TheHouse, measured: Customer, noor: Customer, erik: Party
) -> None:
    stranger = house.party("Andere Stroom", "supplier")
    contract = {"from_day": "2022-01-01", "until_day": "2023-10-29"}
    house.operator("registry.supply.accept", ean=LOTTES_EAN, party_id=erik.party_id, **contract)
    move(house, noor)
    wish = {"ean": LOTTES_EAN, "purpose": "billing", **MONTH, "from": NOORS["from"]}
    told = []
    for supplier in (erik, stranger):
        index = index_of(lambda supplier=supplier: supplier.read(**wish))
        shared, own = halves(noor, index)
        left_out = ("at", "counter", "previous", "party")
        told.append([{k: v for k, v in one.items() if k not in left_out} for one in (shared, own)])
    assert told[0] == told[1]


# --- one read by law, two stays ------------------------------------------------------------------------------


@pytest.fixture
def supplied(house: TheHouse, measured: Customer, noor: Customer, erik: Party) -> Party:
    """Erik supplies who leaves, and who comes."""
    house.operator("registry.supply.accept", ean=LOTTES_EAN, party_id=erik.party_id, from_day="2022-01-01")
    move(house, noor)
    house.operator("registry.supply.accept", ean=LOTTES_EAN, party_id=erik.party_id, from_day="2023-10-29")
    return erik


@pytest.mark.requirement("R76")
def test_a_supplier_does_not_see_in_its_answer_that_somebody_moved(supplied: Party) -> None:
    answer = supplied.read(ean=LOTTES_EAN, purpose="billing", mode="clip", **MONTH)
    assert [(one["from"], one["until"]) for one in answer["granted"]] == [(MONTH["from"], MONTH["until"])]
    many = supplied.call("readings.bulk", eans=[LOTTES_EAN], purpose="billing", **MONTH)["items"]
    assert many[0]["granted"] == answer["granted"]
    assert MOVED not in json.dumps(halves(supplied, answer["index"]))
    explained = supplied.call("decision.explain", index=answer["index"])["parts"]
    assert [(part["from"], part["until"], part["rule"]) for part in explained] == [
        (MONTH["from"], MONTH["until"], "supplier")
    ]
    wished = supplied.call("decision.wish", ean=LOTTES_EAN, purpose="billing", **MONTH)
    assert [(part["from"], part["until"]) for part in wished["parts"]] == [(MONTH["from"], MONTH["until"])]
    assert MOVED not in json.dumps(halves(supplied, wished["index"]))


@pytest.mark.requirement("R44")
@pytest.mark.parametrize("command", ["readings.read", "decision.wish"])
def test_each_occupant_is_told_of_the_own_stretch_only(
    supplied: Party, measured: Customer, noor: Customer, command: str
) -> None:
    index = supplied.call(command, ean=LOTTES_EAN, purpose="billing", **MONTH)["index"]
    for who, span in ((measured, [MONTH["from"], MOVED]), (noor, [MOVED, MONTH["until"]])):
        shared, own = halves(who, index)
        assert {"granted", "refused", "facts", "slots"}.isdisjoint(shared)
        assert (own["granted"], own["bases"]) == ([span], ["supplier"])
        assert own["slots"] == 2  # one month, by day and by night
        explained = who.call("decision.explain", index=index)["parts"]
        assert [(part["from"], part["until"]) for part in explained] == [tuple(span)]


def test_who_is_refused_all_because_a_part_outside_of_the_stay_was_hears_no_more_than_that(
    house: TheHouse, measured: Customer, noor: Customer, bram: Party
) -> None:
    """All or nothing was asked: of Noor's days Bram may have all, of Lotte's nothing."""
    measured.grant(bram.ask())
    move(house, noor)
    noor.grant(bram.ask())
    index = index_of(lambda: bram.read(ean=LOTTES_EAN, purpose="energy_advice", mode="strict", **WHOLE))
    _, own = halves(noor, index)
    assert own["refused"] == [[WHOLE["from"], MOVED, "not_occupant"]]
    assert noor.statements()[0]["reason"] == "not_occupant"
    assert halves(measured, index)[1]["refused"] == [[WHOLE["from"], MOVED, "invalidated_by_move"]]


@pytest.mark.requirement("R29")
def test_the_newcomer_gets_no_name_of_the_leavers_permission(
    house: TheHouse, measured: Customer, noor: Customer, bram: Party, granted: dict[str, Any]
) -> None:
    """A move that is reported late tells her who looked at her days: who, but not under which permission."""
    read = bram.read(granted["permission_id"], **WHOLE, mode="clip")
    move(house, noor)
    (hers,) = [
        one for one in noor.statements() if one["event"] == "data.read_corrected" and one["party"] is not None
    ]
    assert hers["party"]["name"] == bram.name
    assert granted["permission_id"] not in opened(noor, hers["index"]).to_json()
    assert granted["permission_id"] not in json.dumps(halves(noor, hers["index"]))
    assert halves(bram, hers["index"])[0]["read"] == read["index"]
    mine = [one for one in measured.statements() if one["event"] == "data.read_corrected"]
    assert granted["permission_id"] in {one["permission_id"] for one in mine}


# --- what a customer may ask ---------------------------------------------------------------------------------


def asks(who: Customer, party: Party, purpose: str, **changes: Any) -> list[tuple[bool, str | None]]:
    wish = {"occupancy_id": who.occupancy(), "purpose": purpose, "granularity": "day", **NOORS}
    answer = who.call("decision.wish", party_id=party.party_id, **(wish | changes))
    return [(part["granted"], part["reason"]) for part in answer["parts"]]


@pytest.mark.requirement("R29")
def test_a_customer_who_asks_what_a_party_would_get_hears_nothing_of_the_one_before(
    house: TheHouse, measured: Customer, noor: Customer, bram: Party, joris: Party
) -> None:
    measured.grant(bram.ask())
    move(house, noor)
    assert (
        asks(noor, bram, "energy_advice") == asks(noor, joris, "energy_advice") == [(False, "no_legal_basis")]
    )
    noor.grant(bram.ask())
    assert asks(noor, bram, "energy_advice") == [(True, None)]


def test_a_customer_does_not_find_out_by_asking_that_he_is_investigated(
    house: TheHouse, measured: Customer, net: Party
) -> None:
    assert asks(measured, net, "grid_management") == [(True, None)]
    purposes = {"fraud_detection": "quarter_hour", "grid_management": "quarter_hour"}
    before = {p: asks(measured, net, p, granularity=fine) for p, fine in purposes.items()}
    for purpose in purposes:
        house.operator(
            "registry.necessity.add",
            ean=LOTTES_EAN,
            party_id=net.party_id,
            purpose=purpose,
            granularity="quarter_hour",
            article="4.1.22/6",
            reason="dossier 17",
            data_from="2023-01-01",
            data_until="2024-01-01",
            valid_until=format_instant(house.clock.now() + timedelta(days=30)),
        )
    assert {p: asks(measured, net, p, granularity=fine) for p, fine in purposes.items()} == before
    assert net.read(ean=LOTTES_EAN, purpose="fraud_detection")["granted"]  # and it is there
    assert measured.statements()[0]["ground"] == "dso_fraud_detection"  # once it is used, he sees it


def test_a_permission_of_a_supplier_as_service_provider_stands_under_its_own_row(
    house: TheHouse, measured: Customer, bram: Party
) -> None:
    for party, row in (
        (house.party("Erik Diensten", "supplier_service"), "supplier_service"),
        (bram, "energy_service"),
    ):
        measured.grant(party.ask())
        [(ground,)] = query(
            house,
            "SELECT ground FROM ledger.body WHERE event = 'permission.granted' ORDER BY index DESC LIMIT 1",
        )
        assert ground == row


@pytest.mark.requirement("R77")
@pytest.mark.parametrize("reason", ["prepayment", "a drop is under way", ""])
def test_why_a_switch_is_refused_is_said_in_words_that_tell_nothing_of_the_point(
    house: TheHouse, lotte: Customer, erik: Party, reason: str
) -> None:
    house.operator("registry.process.begin", ean=LOTTES_EAN, kind="prepayment")
    day = day_of(house.clock.now()).isoformat()
    request = erik.call("supply.request", ean=LOTTES_EAN, from_day=day)["request_id"]
    refused = refusal(lambda: house.operator("registry.supply.refuse", request_id=request, reason=reason))
    assert refused.code == "malformed-request"
    house.operator("registry.supply.refuse", request_id=request, reason="not_accepted")
    index = query(house, "SELECT size - 1 FROM ledger.head")[0][0]
    assert halves(erik, index)[0]["reason"] == "not_accepted"
