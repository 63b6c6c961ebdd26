"""Why a decision is what it is: for whom it concerns, and recorded where somebody else asks."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from databeheer.access.catalogue import load
from databeheer.access.explain import Language, ground_sentence, reason_sentence
from databeheer.access.reasons import ReasonCode
from databeheer.brussels import midnight
from databeheer.door.client import DoorRefusedError, Proof
from databeheer.values import format_instant
from tests.conftest import LOTTES_EAN, MARIAS_EAN
from tests.doors import execute, query
from tests.house import Customer, Party, TheHouse

CATALOGUE = load()
DAY = {"from": "2023-10-28T22:00:00Z", "until": "2023-10-29T23:00:00Z", "granularity": "quarter_hour"}


def last_event(house: TheHouse) -> str:
    return str(query(house, "SELECT event FROM ledger.body ORDER BY index DESC LIMIT 1")[0][0])


def code(act: Any) -> str:
    with pytest.raises(DoorRefusedError) as error:
        act()
    return str(error.value.code)


@pytest.mark.requirement("R46")
def test_a_read_is_explained_to_its_party_and_its_customer_in_the_same_words(
    house: TheHouse, measured: Customer, bram: Party, granted: dict[str, Any]
) -> None:
    read = bram.read(granted["permission_id"])
    told = [one.call("decision.explain", index=read["index"]) for one in (bram, measured)]
    assert told[0] == told[1]
    (part,) = told[0]["parts"]
    assert (part["granted"], part["rule"], part["fact"]) == (True, "energy_service", granted["permission_id"])
    assert part["text"]["nl"].endswith(ground_sentence("energy_service", CATALOGUE, Language.DUTCH))
    assert part["rests_on"]["nl"] == "Dat steunt op een toestemming van de netgebruiker."
    assert told[0]["catalogue"] == told[0]["catalogue_now"] == CATALOGUE.version


@pytest.mark.requirement("R46")
def test_a_refusal_is_explained_with_its_reason_and_its_days(
    house: TheHouse, measured: Customer, bram: Party, granted: dict[str, Any]
) -> None:
    measured.withdraw(granted["permission_id"])
    with pytest.raises(DoorRefusedError) as refused:
        bram.read(granted["permission_id"])
    (part,) = measured.call("decision.explain", index=refused.value.index)["parts"]
    assert (part["granted"], part["reason"], part["rests_on"]) == (False, "withdrawn", None)
    assert (
        part["text"]["nl"]
        == f"Op 29 oktober 2023: geweigerd. {reason_sentence(ReasonCode.WITHDRAWN, Language.DUTCH)}"
    )


@pytest.mark.requirement("R98")
def test_nobody_gets_somebody_elses_decision_explained(
    house: TheHouse, measured: Customer, maria: Customer, bram: Party, joris: Party, granted: dict[str, Any]
) -> None:
    index = bram.read(granted["permission_id"])["index"]
    for stranger in (maria, joris):
        assert code(lambda who=stranger: who.call("decision.explain", index=index)) == "not-found"
    inspector = house.inspector()
    asked = lambda: house.client.call("decision.explain", Proof.session(inspector), index=index)  # noqa: E731
    assert code(asked) in ("not-found", "unauthenticated")


def test_an_entry_that_is_no_decision_has_no_explanation(
    house: TheHouse, measured: Customer, bram: Party
) -> None:
    asked = bram.ask()
    measured.grant(asked)
    size = query(house, "SELECT size FROM ledger.head")[0][0]
    for ask in (measured.call, house.operator):
        with pytest.raises(DoorRefusedError, match=r"it records permission\.granted") as refused:
            ask("decision.explain", index=size - 1)
        assert refused.value.code == "not-found"
    with pytest.raises(DoorRefusedError, match=f"there is no entry {10**9}: the ledger has {size},"):
        house.operator("decision.explain", index=10**9)
    execute(house, "DELETE FROM ledger.body WHERE index = %s", size - 1)
    with pytest.raises(DoorRefusedError, match="is lost"):
        house.operator("decision.explain", index=size - 1)
    assert query(house, "SELECT size FROM ledger.head") == [(size,)], "and nothing was recorded"


def test_the_operators_look_at_a_decision_is_an_entry_that_the_customer_sees(
    house: TheHouse, measured: Customer, bram: Party, granted: dict[str, Any]
) -> None:
    read = bram.read(granted["permission_id"])
    told = house.operator("decision.explain", index=read["index"])
    assert told["parts"] == bram.call("decision.explain", index=read["index"])["parts"]
    assert last_event(house) == "decision.explained"
    newest = measured.statements()[0]
    assert (newest["event"], newest["party"]) == ("decision.explained", None)


def test_a_party_hears_beforehand_what_it_would_hear_and_nothing_leaves(
    house: TheHouse, measured: Customer, bram: Party, joris: Party, granted: dict[str, Any]
) -> None:
    wished = bram.call("decision.wish", permission_id=granted["permission_id"], **DAY)
    assert [part["granted"] for part in wished["parts"]] == [True]
    assert "channels" not in wished
    assert last_event(house) == "decision.explained"
    assert measured.statements()[0]["event"] == "decision.explained"
    outsider = joris.call("decision.wish", permission_id=granted["permission_id"], **DAY)
    nowhere = joris.call("decision.wish", ean="541448899990009995", **DAY)
    somewhere = joris.call("decision.wish", ean=LOTTES_EAN, **DAY)
    assert outsider["parts"] == nowhere["parts"] == somewhere["parts"]
    assert [part["reason"] for part in nowhere["parts"]] == ["no_legal_basis"]
    assert (
        code(lambda: joris.call("decision.wish", party_id=bram.party_id, ean=LOTTES_EAN, **DAY))
        == "malformed-request"
    )


def test_a_customer_asks_what_a_party_would_get_of_the_own_time_and_of_no_other(
    house: TheHouse, measured: Customer, maria: Customer, bram: Party, joris: Party, granted: dict[str, Any]
) -> None:
    own = {"occupancy_id": measured.occupancy(), "purpose": "energy_advice", **DAY}
    assert measured.call("decision.wish", party_id=bram.party_id, **own)["parts"][0]["granted"] is True
    assert (
        measured.call("decision.wish", party_id=joris.party_id, **own)["parts"][0]["reason"]
        == "no_legal_basis"
    )
    assert code(lambda: maria.call("decision.wish", party_id=bram.party_id, **own)) == "not-found"
    before = format_instant(midnight(date(2021, 12, 1)))
    assert (
        code(lambda: measured.call("decision.wish", party_id=bram.party_id, **{**own, "from": before}))
        == "not-found"
    )


def test_the_operator_asks_for_a_party_and_the_customer_sees_that_too(
    house: TheHouse, measured: Customer, bram: Party, granted: dict[str, Any]
) -> None:
    told = house.operator(
        "decision.wish", party_id=bram.party_id, ean=LOTTES_EAN, purpose="energy_advice", **DAY
    )
    assert told["parts"][0]["granted"] is True
    assert measured.statements()[0]["event"] == "decision.explained"
    assert code(lambda: house.operator("decision.wish", ean=LOTTES_EAN, **DAY)) == "malformed-request"
    both = {"party_id": bram.party_id, "ean": MARIAS_EAN, "permission_id": granted["permission_id"], **DAY}
    assert code(lambda: house.operator("decision.wish", **both)) == "malformed-request"
