"""Facts of one point and of people: what each opens, from when to when, and what is refused with its reason."""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import Any

import psycopg
import pytest

from databeheer.brussels import day_of
from databeheer.door.client import DoorRefusedError, Proof
from databeheer.site.storytelling import file_assessment
from databeheer.values import format_instant
from tests.conftest import LOTTES_EAN, MARIAS_EAN
from tests.doors import execute, query
from tests.house import Customer, Party, TheHouse
from tests.series import slots_in

MONTH = {"from": "2023-09-30T22:00:00Z", "until": "2023-10-31T23:00:00Z", "granularity": "month"}
UNKNOWN_EAN = "541448899990000060"
TOLD = {"channel": "letter", "text_sha256": "11" * 32}


def in_order(house: TheHouse, party: Party) -> Party:
    """A party with a DPIA and an overview of its processing."""
    file_assessment(house.operator, party.party_id, "GEB", day_of(house.clock.now()))
    url = "https://partij.example/verwerking"
    house.operator("registry.overview.check", party_id=party.party_id, url=url, reachable=True)
    return party


def reason(read: Any) -> str:
    """Why a read is refused."""
    with pytest.raises(DoorRefusedError) as refusal:
        read()
    return str(refusal.value.reason)


def refused(house: TheHouse, command: str, **arguments: Any) -> str:
    """Give a command that is refused and changes nothing; returns why."""
    size = query(house, "SELECT size FROM ledger.head")
    with pytest.raises(DoorRefusedError) as error:
        house.operator(command, **arguments)
    assert query(house, "SELECT size FROM ledger.head") == size
    assert error.value.code in ("conflict", "malformed-request", "not-found"), error.value.code
    return str(error.value)


def told(customer: Customer) -> list[str]:
    return [statement["event"] for statement in customer.statements()]


def today(house: TheHouse, days: int = 0) -> str:
    return (day_of(house.clock.now()) + timedelta(days=days)).isoformat()


# --- supply -----------------------------------------------------------------------------------------------


@pytest.mark.requirement("R72", "R75")
def test_a_supplier_sees_nothing_before_its_contract_is_accepted_and_then_its_own_customer_only(
    house: TheHouse, measured: Customer, maria: Customer, erik: Party
) -> None:
    before = today(house)
    erik.call("supply.request", ean=LOTTES_EAN, from_day=before)
    assert reason(lambda: erik.read(ean=LOTTES_EAN, **MONTH)) == "no_legal_basis"
    house.operator("registry.supply.accept", ean=LOTTES_EAN, party_id=erik.party_id, from_day="2023-01-01")
    assert erik.read(ean=LOTTES_EAN, **MONTH)["channels"]
    assert reason(lambda: erik.read(ean=MARIAS_EAN, **MONTH)) == "no_legal_basis"
    assert [one["state"] for one in erik.call("supply.list")["requests"]] == ["accepted"]
    assert "supply.accepted" in told(measured)


@pytest.mark.requirement("R76")
def test_a_supplier_reads_no_customer_data_but_those_that_it_gave_itself(
    house: TheHouse, measured: Customer, erik: Party
) -> None:
    """What it knows of its customer it told us: the point and the days. Nothing of ours comes with it."""
    erik.call("supply.request", ean=LOTTES_EAN, from_day=today(house))
    house.operator("registry.supply.accept", ean=LOTTES_EAN, party_id=erik.party_id, from_day="2023-01-01")
    read = erik.read(ean=LOTTES_EAN, **MONTH)
    assert read["channels"]
    answers = [
        read,
        erik.call("supply.list"),
        erik.call("permission.list"),
        erik.call("receipt.opening", index=read["index"]),
    ]
    said = json.dumps(answers)
    names = (measured.name, "Janssens", "Kerkstraat", str(measured.person_id), measured.occupancy())
    assert not [name for name in names if name in said]
    assert "ean" not in json.dumps(answers[1:3])  # nor what another told us of the point


@pytest.mark.requirement("R73", "R74")
def test_after_a_switch_each_supplier_has_its_own_period_and_nothing_later(
    house: TheHouse, measured: Customer, erik: Party
) -> None:
    other = house.party("Nieuwe Stroom", "supplier")
    house.operator("registry.supply.accept", ean=LOTTES_EAN, party_id=erik.party_id, from_day="2023-01-01")
    switch = {"ean": LOTTES_EAN, "party_id": other.party_id, "from_day": "2023-11-01"}
    assert "another supply contract" in refused(house, "registry.supply.accept", **switch)
    house.operator("registry.supply.accept", **switch, switch=True)
    assert erik.read(ean=LOTTES_EAN, **MONTH)["channels"]
    later = {"from": "2023-10-31T23:00:00Z", "until": "2023-11-30T23:00:00Z", "granularity": "month"}
    assert reason(lambda: erik.read(ean=LOTTES_EAN, **later)) == "no_contract"
    assert reason(lambda: other.read(ean=LOTTES_EAN, **MONTH)) == "no_contract"
    assert other.read(ean=LOTTES_EAN, **later)["channels"] == []  # nothing was measured then
    assert {"supply.ended", "supply.accepted"} <= set(told(measured))


@pytest.mark.requirement("R73", "R82")
@pytest.mark.parametrize("ended", [True, False])
def test_nothing_of_the_newcomer_reaches_the_supplier_of_who_left(
    house: TheHouse, measured: Customer, maria: Customer, erik: Party, ended: bool
) -> None:
    """The months between the move and the newcomer's own supplier are nobody's but his, whoever forgot what."""
    house.operator("registry.supply.accept", ean=LOTTES_EAN, party_id=erik.party_id, from_day="2023-01-01")
    brp = house.party("Evenwicht", "balance_responsible", contract=False)
    link = {"ean": LOTTES_EAN, "party_id": brp.party_id, "from_day": "2023-01-01"}
    house.operator("registry.registration.add", **link)
    moved = "2023-10-01"
    house.operator("registry.occupancy.end", ean=LOTTES_EAN, until_day=moved)
    house.operator("registry.occupancy.begin", ean=LOTTES_EAN, person_id=str(maria.person_id), from_day=moved)
    if not ended:  # as in a database of before contracts ended with a move
        execute(house, "UPDATE registry.supply_contract SET until_day = NULL")
        execute(house, "UPDATE registry.registration SET until_day = NULL")
    assert reason(lambda: erik.read(ean=LOTTES_EAN, **MONTH)) == "no_contract"
    balancing = {"purpose": "balancing", **MONTH, "granularity": "quarter_hour"}
    assert reason(lambda: brp.read(ean=LOTTES_EAN, **balancing)) == "not_registered"
    of_maria = [one for one in maria.call("statutory.list")["parties"] if one["from"] > "2023-09"]
    assert of_maria == []
    if ended:
        house.operator("registry.supply.accept", ean=LOTTES_EAN, party_id=erik.party_id, from_day=moved)
        assert erik.read(ean=LOTTES_EAN, **MONTH)["channels"]


def test_a_switch_that_was_planned_by_who_leaves_is_no_contract_of_who_comes(
    house: TheHouse, lotte: Customer, maria: Customer, erik: Party
) -> None:
    contract = {"ean": LOTTES_EAN, "party_id": erik.party_id, "from_day": today(house, 20)}
    house.operator("registry.supply.accept", **contract)
    house.operator("registry.occupancy.end", ean=LOTTES_EAN, until_day=today(house))
    came = {"ean": LOTTES_EAN, "person_id": str(maria.person_id), "from_day": today(house)}
    house.operator("registry.occupancy.begin", **came)
    held = "SELECT count(*) FROM registry.supply_contract WHERE until_day IS NULL OR from_day < until_day"
    assert query(house, held) == [(0,)]
    assert "supply.ended" in told(lotte)
    assert "supply.accepted" not in told(maria)


def test_a_switch_that_is_called_off_gives_the_supplier_before_its_days_back(
    house: TheHouse, lotte: Customer, erik: Party
) -> None:
    other = house.party("Nieuwe Stroom", "supplier")
    before = {"ean": LOTTES_EAN, "party_id": erik.party_id, "from_day": "2023-01-01"}
    house.operator("registry.supply.accept", **before, until_day=today(house, 300))
    switch = {"ean": LOTTES_EAN, "from_day": today(house, 6)}
    house.operator("registry.supply.accept", **switch, party_id=other.party_id, switch=True)
    assert house.operator("registry.supply.cancel", **switch) == {"resumed": True}
    contracts = "SELECT from_day::text, until_day::text FROM registry.supply_contract ORDER BY 1"
    assert query(house, contracts) == [("2023-01-01", today(house, 300)), (today(house, 6),) * 2]
    assert told(lotte)[:2] == ["supply.resumed", "supply.ended"]
    assert "no supply contract begins" in refused(house, "registry.supply.cancel", **switch)
    later = {"party_id": other.party_id, "switch": True}
    house.operator("registry.supply.accept", **switch, **later)
    third = {"ean": LOTTES_EAN, "from_day": today(house, 9)}
    house.operator("registry.supply.accept", **third, **later)
    assert house.operator("registry.supply.cancel", **switch) == {"resumed": True}
    assert (today(house, 9), None) in query(house, contracts)  # up to what was accepted since
    assert ("2023-01-01", today(house, 9)) in query(house, contracts)


@pytest.mark.parametrize("moved", [3, 6, 9], ids=["before the switch", "on its day", "after it"])
def test_a_switch_that_is_called_off_after_a_move_gives_no_day_beyond_the_stay_back(
    house: TheHouse, lotte: Customer, maria: Customer, erik: Party, moved: int
) -> None:
    other = house.party("Nieuwe Stroom", "supplier")
    before = {"ean": LOTTES_EAN, "party_id": erik.party_id, "from_day": "2023-01-01"}
    house.operator("registry.supply.accept", **before)
    switch = {"ean": LOTTES_EAN, "from_day": "2023-10-06"}
    house.operator("registry.supply.accept", **switch, party_id=other.party_id, switch=True)
    until = f"2023-10-0{moved}"
    house.operator("registry.occupancy.end", ean=LOTTES_EAN, until_day=until)
    if moved > 6:
        assert house.operator("registry.supply.cancel", **switch) == {"resumed": True}
    else:  # it was cancelled with the stay in which it was planned
        assert "no supply contract begins" in refused(house, "registry.supply.cancel", **switch)
    came = {"ean": LOTTES_EAN, "person_id": str(maria.person_id), "from_day": "2023-10-20"}
    house.operator("registry.occupancy.begin", **came)
    contracts = "SELECT until_day::text FROM registry.supply_contract WHERE party_id = %s"
    assert query(house, contracts, erik.party_id) == [(until,)]
    assert "supply.resumed" not in told(maria)


def test_a_contract_that_ends_before_it_begins_or_overlaps_another_is_refused(
    house: TheHouse, lotte: Customer, erik: Party, bram: Party
) -> None:
    contract = {"ean": LOTTES_EAN, "party_id": erik.party_id, "from_day": "2023-03-26"}
    for until in ("2023-03-25", "2023-03-26"):
        assert "until_day" in refused(house, "registry.supply.accept", **contract, until_day=until)
    assert "only a supplier" in refused(
        house, "registry.supply.accept", **(contract | {"party_id": bram.party_id})
    )
    assert "no such access point" in refused(
        house, "registry.supply.accept", **(contract | {"ean": UNKNOWN_EAN})
    )
    house.operator("registry.supply.accept", **contract)
    for until in ("2023-03-26", "2023-03-25"):
        assert "no supply contract runs" in refused(
            house, "registry.supply.end", ean=LOTTES_EAN, until_day=until
        )
    house.operator("registry.supply.end", ean=LOTTES_EAN, until_day="2023-03-27")
    assert "no supply contract" in refused(
        house, "registry.supply.end", ean=LOTTES_EAN, until_day="2023-03-28"
    )


@pytest.mark.requirement("R78")
@pytest.mark.parametrize("kind", ["drop", "budget_meter", "prepayment"])
def test_a_switch_starts_and_is_accepted_whatever_is_under_way(
    house: TheHouse, lotte: Customer, erik: Party, kind: str
) -> None:
    house.operator("registry.process.begin", ean=LOTTES_EAN, kind=kind)
    assert erik.call("supply.request", ean=LOTTES_EAN, from_day=today(house))["state"] == "received"
    house.operator("registry.supply.accept", ean=LOTTES_EAN, party_id=erik.party_id, from_day=today(house))


def test_only_a_supplier_announces_a_switch_and_only_near_its_day(
    house: TheHouse, lotte: Customer, erik: Party, joris: Party
) -> None:
    with pytest.raises(DoorRefusedError) as outsider:
        joris.call("supply.request", ean=LOTTES_EAN, from_day=today(house))
    assert outsider.value.code == "no-legal-basis"
    for day in (today(house, -1), today(house, 400)):
        with pytest.raises(DoorRefusedError) as error:
            erik.call("supply.request", ean=LOTTES_EAN, from_day=day)
        assert error.value.code == "malformed-request"


def test_an_announced_switch_is_replaced_withdrawn_or_refused_once(
    house: TheHouse, lotte: Customer, erik: Party
) -> None:
    other = house.party("Nieuwe Stroom", "supplier")
    first = erik.call("supply.request", ean=LOTTES_EAN, from_day=today(house))["request_id"]
    second = erik.call("supply.request", ean=LOTTES_EAN, from_day=today(house, 1))["request_id"]
    waiting = house.operator("supply.list")["requests"]
    assert [(one["request_id"], one["ean"]) for one in waiting] == [(second, LOTTES_EAN)]
    with pytest.raises(DoorRefusedError) as outsider:
        other.call("supply.withdraw", request_id=second)
    assert outsider.value.code == "not-found"
    assert other.call("supply.list")["requests"] == []
    erik.call("supply.withdraw", request_id=second)
    assert "no such request" in refused(
        house, "registry.supply.refuse", request_id=first, reason="not_accepted"
    )
    states = {one["request_id"]: one["state"] for one in erik.call("supply.list")["requests"]}
    assert states == {first: "replaced", second: "withdrawn"}


# --- dynamic price ----------------------------------------------------------------------------------------


@pytest.mark.requirement("R38", "R63")
@pytest.mark.parametrize("consent", [True, False])
@pytest.mark.parametrize("regime", [True, False])
def test_quarter_hours_for_a_dynamic_price_need_consent_and_regime_both(
    house: TheHouse, measured: Customer, maria: Customer, erik: Party, consent: bool, regime: bool
) -> None:
    in_order(house, erik)
    contract = {"ean": LOTTES_EAN, "party_id": erik.party_id, "from_day": "2023-01-01"}
    house.operator("registry.supply.accept", **contract)
    house.operator("registry.dynamic_price.begin", **contract, information="INFO-2023-7")
    asked = erik.ask(purpose="dynamic_price_billing")
    measured.grant(asked)
    if regime:
        house.operator("registry.regime.set", ean=LOTTES_EAN, regime="SMR3", from_day="2023-01-01")
    if not consent:
        measured.withdraw(asked["permission_id"])
    read = {"permission_id": asked["permission_id"], "purpose": "dynamic_price_billing"}
    if consent and regime:
        assert len(slots_in(erik.read(**read)["channels"][0])) == 100
        other = erik.ask(purpose="dynamic_price_billing")
        maria.grant(other)
        assert reason(lambda: erik.read(other["permission_id"])) == "no_contract"
    elif consent:
        assert reason(lambda: erik.read(**read)) == "no_metering_regime"
    else:
        assert reason(lambda: erik.read(**read)) == "withdrawn"


@pytest.mark.requirement("R37")
def test_a_dynamic_price_without_the_information_that_the_supplier_gave_first_is_none(
    house: TheHouse, measured: Customer, erik: Party
) -> None:
    contract = {"ean": LOTTES_EAN, "party_id": erik.party_id, "from_day": "2023-01-01"}
    house.operator("registry.supply.accept", **contract)
    house.operator("registry.regime.set", ean=LOTTES_EAN, regime="SMR3", from_day="2023-01-01")
    asked = erik.ask(purpose="dynamic_price_billing")
    measured.grant(asked)
    begin = "registry.dynamic_price.begin"
    assert "information" in refused(house, begin, **contract)
    assert "information" in refused(house, begin, **contract, information="")
    assert reason(lambda: erik.read(asked["permission_id"])) == "no_dynamic_price"
    house.operator(begin, **contract, information="INFO-2023-7")
    assert erik.read(asked["permission_id"])["channels"]


@pytest.mark.requirement("R38")
def test_the_price_and_the_regime_are_held_against_when_the_energy_flowed(
    house: TheHouse, measured: Customer, erik: Party
) -> None:
    in_order(house, erik)
    contract = {"ean": LOTTES_EAN, "party_id": erik.party_id, "from_day": "2023-01-01"}
    house.operator("registry.supply.accept", **contract)
    asked = erik.ask(purpose="dynamic_price_billing")
    measured.grant(asked)
    house.operator("registry.regime.set", ean=LOTTES_EAN, regime="SMR3", from_day="2023-01-01")

    def read(**changes: Any) -> dict[str, Any]:
        return erik.read(asked["permission_id"], purpose="dynamic_price_billing", **changes)

    assert reason(read) == "no_dynamic_price"
    # The day of 25 hours belongs to the price as a whole: it ends at the local midnight after it.
    house.operator("registry.dynamic_price.begin", **contract, until_day="2023-10-30", information="INFO")
    assert len(slots_in(read()["channels"][0])) == 100
    edge = {"from": "2023-10-29T22:45:00Z", "until": "2023-10-29T23:15:00Z", "mode": "clip"}
    clipped = read(**edge)
    assert [one["from"] for one in clipped["granted"]] == ["2023-10-29T22:45:00Z"]
    assert [one["until"] for one in clipped["granted"]] == ["2023-10-29T23:00:00Z"]
    assert [one["reason"] for one in clipped["refused"]] == ["no_dynamic_price"]


def test_a_price_cancelled_on_its_first_day_is_told_to_the_newcomer_and_not_to_who_left(
    house: TheHouse, lotte: Customer, maria: Customer, erik: Party
) -> None:
    house.operator("registry.occupancy.end", ean=LOTTES_EAN, until_day="2023-10-01")
    since = {"ean": LOTTES_EAN, "from_day": "2023-10-01"}
    house.operator("registry.occupancy.begin", **since, person_id=str(maria.person_id))
    contract = since | {"party_id": erik.party_id}
    house.operator("registry.supply.accept", **contract)
    house.operator("registry.dynamic_price.begin", **contract, information="INFO")
    house.operator(
        "registry.dynamic_price.end", ean=LOTTES_EAN, party_id=erik.party_id, until_day="2023-10-01"
    )
    for who, hears in ((maria, 1), (lotte, 0)):
        assert [one["event"] for one in who.statements()].count("dynamic_price.ended") == hears


def test_a_price_without_contract_twice_or_longer_than_it_is_refused(
    house: TheHouse, lotte: Customer, erik: Party
) -> None:
    price = {
        "ean": LOTTES_EAN,
        "party_id": erik.party_id,
        "from_day": "2023-01-01",
        "information": "INFO",
    }
    assert "no accepted contract" in refused(house, "registry.dynamic_price.begin", **price)
    contract = {"ean": LOTTES_EAN, "party_id": erik.party_id, "from_day": "2023-01-01"}
    house.operator("registry.supply.accept", **contract, until_day="2024-01-01")
    assert "contract ends before" in refused(house, "registry.dynamic_price.begin", **price)
    bounded = price | {"until_day": "2024-01-01"}
    assert "until_day" in refused(
        house, "registry.dynamic_price.begin", **(price | {"until_day": "2022-12-31"})
    )
    without = {name: value for name, value in bounded.items() if name != "information"}
    assert "information" in refused(house, "registry.dynamic_price.begin", **without)
    house.operator("registry.dynamic_price.begin", **bounded)
    assert "already" in refused(house, "registry.dynamic_price.begin", **bounded)


@pytest.mark.requirement("R38")
def test_a_customer_chooses_the_regime_of_an_own_point_from_today_on(
    house: TheHouse, lotte: Customer, maria: Customer
) -> None:
    mine = lotte.occupancy()
    choice = {"regime": "SMR3", "from_day": today(house)}
    lotte.call("regime.choose", occupancy_id=mine, **choice)
    assert told(lotte)[0] == "regime.chosen"
    for customer, arguments, code in (
        (maria, choice, "not-found"),
        (lotte, choice, "conflict"),
        (lotte, choice | {"from_day": today(house, -1)}, "malformed-request"),
        (lotte, choice | {"regime": "SMR2"}, "malformed-request"),
    ):
        with pytest.raises(DoorRefusedError) as refusal:
            customer.call("regime.choose", occupancy_id=mine, **arguments)
        assert refusal.value.code == code, arguments
    lotte.call("regime.choose", occupancy_id=mine, regime="SMR1", from_day=today(house, 5))
    rows = query(house, "SELECT regime, from_day, until_day FROM registry.metering_regime ORDER BY 2")
    (last,) = [row for row in rows if row[0] == "SMR1"]
    assert [row[2] for row in rows] == [last[1], None]


def regimes(house: TheHouse) -> list[tuple[str, str, str | None]]:
    """The choices that hold some day, with their days."""
    return query(
        house,
        "SELECT regime, from_day::text, until_day::text FROM registry.metering_regime"
        " WHERE until_day IS NULL OR from_day < until_day ORDER BY from_day",
    )


@pytest.mark.requirement("R38")
@pytest.mark.parametrize("later", [0, 1, 40])
def test_a_customer_can_always_give_his_supplier_less_from_today_on(
    house: TheHouse, lotte: Customer, later: int
) -> None:
    mine = {"occupancy_id": lotte.occupancy()}
    lotte.call("regime.choose", **mine, regime="SMR3", from_day=today(house, later))
    lotte.call("regime.choose", **mine, regime="SMR1", from_day=today(house))
    assert regimes(house) == [("SMR1", today(house), None)]
    lotte.call("regime.choose", **mine, regime="SMR1", from_day=today(house))  # again is no mistake
    assert regimes(house) == [("SMR1", today(house), None)]
    lotte.call("regime.choose", **mine, regime="SMR3", from_day=today(house))  # and may change his mind
    assert regimes(house) == [("SMR3", today(house), None)]


@pytest.mark.requirement("R38")
def test_quarter_hours_that_were_chosen_today_and_undone_today_reach_nobody(
    house: TheHouse, measured: Customer, erik: Party
) -> None:
    contract = {"ean": LOTTES_EAN, "party_id": erik.party_id, "from_day": "2023-01-01"}
    house.operator("registry.supply.accept", **contract)
    house.operator("registry.dynamic_price.begin", **contract, information="INFO")
    asked = erik.ask(purpose="dynamic_price_billing")
    measured.grant(asked)
    house.operator("registry.regime.set", ean=LOTTES_EAN, regime="SMR3", from_day="2023-01-01")
    assert erik.read(asked["permission_id"], purpose="dynamic_price_billing")["channels"]
    house.operator("registry.regime.set", ean=LOTTES_EAN, regime="SMR1", from_day="2023-01-01")
    assert reason(lambda: erik.read(asked["permission_id"], purpose="dynamic_price_billing")) == (
        "no_metering_regime"
    )


# --- welfare centre, notice, authorities ------------------------------------------------------------------


def centre(house: TheHouse, municipality: str = "44021") -> Party:
    """A welfare centre in good order, with its territory."""
    party = in_order(house, house.party("OCMW Gent", "welfare_centre", contract=False))
    given = {"party_id": party.party_id, "municipality": municipality, "from_day": "2026-01-01"}
    house.operator("registry.territory.add", **given)
    return party


@pytest.mark.requirement("R39", "R7")
def test_a_welfare_centre_sees_its_own_inhabitants_after_they_were_told(
    house: TheHouse, measured: Customer, maria: Customer
) -> None:
    ocmw = centre(house)
    house.operator("registry.access_point.place", ean=LOTTES_EAN, municipality="44021")
    house.operator("registry.access_point.place", ean=MARIAS_EAN, municipality="31005")

    def read(ean: str) -> dict[str, Any]:
        return ocmw.read(ean=ean, purpose="social_assistance", **MONTH)

    assert reason(lambda: read(LOTTES_EAN)) == "no_notice"
    notice = {"party_id": ocmw.party_id, "purposes": ["social_assistance"], **TOLD}
    assert house.operator("registry.notice.give", **notice) == {"told": 1, "left": 0}
    assert house.operator("registry.notice.give", **notice) == {"told": 0, "left": 0}
    assert read(LOTTES_EAN)["channels"]
    assert told(measured)[:2] == ["data.read", "customer.notified"]
    assert "customer.notified" not in told(maria)
    assert reason(lambda: read(MARIAS_EAN)) == reason(lambda: read(UNKNOWN_EAN))
    for statement in (measured.statements()[1],):
        assert statement["party"]["name"] == "OCMW Gent"


@pytest.mark.requirement("R39")
def test_a_mandate_ends_with_its_territory_and_the_outsider_has_none(
    house: TheHouse, measured: Customer, joris: Party
) -> None:
    ocmw = centre(house)
    house.operator("registry.access_point.place", ean=LOTTES_EAN, municipality="44021")
    notice = {"party_id": ocmw.party_id, "purposes": ["social_assistance"], **TOLD}
    house.operator("registry.notice.give", **notice, ean=LOTTES_EAN)
    assert ocmw.read(ean=LOTTES_EAN, **MONTH)["channels"]
    assert reason(lambda: joris.read(ean=LOTTES_EAN, **MONTH)) == "no_legal_basis"
    (territory,) = query(house, "SELECT territory_id::text FROM registry.territory")[0]
    house.operator("registry.condition.end", fact="territory", id=territory, until_day=today(house))
    assert reason(lambda: ocmw.read(ean=LOTTES_EAN, **MONTH)) == "no_legal_basis"


@pytest.mark.requirement("R39")
def test_who_moved_away_is_its_inhabitant_no_more(house: TheHouse, measured: Customer) -> None:
    ocmw = centre(house)
    house.operator("registry.access_point.place", ean=LOTTES_EAN, municipality="44021")
    notice = {"party_id": ocmw.party_id, "purposes": ["social_assistance"], **TOLD}
    house.operator("registry.notice.give", **notice, ean=LOTTES_EAN)
    assert ocmw.read(ean=LOTTES_EAN, **MONTH)["channels"]
    house.operator("registry.occupancy.end", ean=LOTTES_EAN, until_day=today(house))
    assert reason(lambda: ocmw.read(ean=LOTTES_EAN, **MONTH)) == "no_legal_basis"


@pytest.mark.requirement("R7")
def test_the_next_occupant_was_not_told_and_a_vacancy_cannot_be(
    house: TheHouse, measured: Customer, maria: Customer
) -> None:
    ocmw = centre(house)
    house.operator("registry.access_point.place", ean=LOTTES_EAN, municipality="44021")
    notice = {"party_id": ocmw.party_id, "purposes": ["social_assistance"], **TOLD}
    house.operator("registry.notice.give", **notice, ean=LOTTES_EAN)
    assert "told so already" in refused(house, "registry.notice.give", **notice, ean=LOTTES_EAN)
    house.operator("registry.occupancy.end", ean=LOTTES_EAN, until_day=today(house))
    assert "nobody lives there" in refused(house, "registry.notice.give", **notice, ean=LOTTES_EAN)
    house.operator(
        "registry.occupancy.begin",
        ean=LOTTES_EAN,
        person_id=str(maria.person_id),
        from_day=today(house),
    )
    assert house.operator("registry.notice.give", **notice) == {"told": 1, "left": 0}


DAY = {"from": "2023-10-28T22:00:00Z", "until": "2023-10-29T23:00:00Z", "granularity": "day"}
NOTICES = "SELECT party_id::text, purposes, channel FROM registry.notice ORDER BY given_at, 2"


@pytest.mark.requirement("R7")
def test_who_moves_in_is_told_of_the_grid_operator_in_that_turn_and_who_was_not_told_is_not_read(
    house: TheHouse, net: Party
) -> None:
    lotte = house.customer("lotte", "Lotte Janssens")
    before = len(query(house, NOTICES))
    house.point(LOTTES_EAN, lotte)
    tasks = ["fraud_detection", "grid_management", "supply_quality"]
    assert query(house, NOTICES)[before:] == [(net.party_id, tasks, "portal")]
    assert [one["event"] for one in lotte.statements()] == ["occupancy.begun"]
    (message,) = lotte.call("inbox.show")["messages"]
    assert "netbeheerder" in json.dumps(message)
    assert "granted" in net.read(ean=LOTTES_EAN, **DAY)
    execute(house, "DELETE FROM registry.notice")
    assert reason(lambda: net.read(ean=LOTTES_EAN, **DAY)) == "no_notice"


@pytest.mark.requirement("R7")
def test_an_accepted_supplier_is_told_to_its_customer_by_name_and_who_was_not_told_is_not_read(
    house: TheHouse, measured: Customer, erik: Party
) -> None:
    contract = {"ean": LOTTES_EAN, "party_id": erik.party_id}
    house.operator("registry.supply.accept", **contract, from_day="2023-01-01", until_day="2023-11-01")
    assert query(house, NOTICES) == [(erik.party_id, ["billing"], "portal")]
    titles = [one["title"] for one in measured.call("inbox.show")["messages"]]
    assert [title for title in titles if erik.name in title]
    house.operator("registry.supply.accept", **contract, from_day="2023-11-01")
    assert len(query(house, NOTICES)) == 1  # it is the same supplier: nothing new to tell
    assert erik.read(ean=LOTTES_EAN, **MONTH)["channels"]
    execute(house, "DELETE FROM registry.notice")
    assert reason(lambda: erik.read(ean=LOTTES_EAN, **MONTH)) == "no_notice"


@pytest.mark.requirement("R7")
def test_a_grid_operator_that_begins_later_reads_nobody_who_lives_there_until_they_are_told(
    house: TheHouse, lotte: Customer, maria: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(house, "tell_customers", lambda *_: None)
    house.operator("registry.operator.add", operator=2, code="net-ander", name="Ander Net")
    net, other = house.party("Net", "dso", operator=1), house.party("Ander", "dso", operator=2)
    assert reason(lambda: net.read(ean=LOTTES_EAN, **DAY)) == "no_notice"
    tasks = {"purposes": ["grid_management"], **TOLD}
    assert house.operator("registry.notice.give", party_id=other.party_id, **tasks) == {"told": 0, "left": 0}
    assert house.operator("registry.notice.give", party_id=net.party_id, **tasks) == {"told": 2, "left": 0}
    assert "granted" in net.read(ean=LOTTES_EAN, **DAY)


def needed_by(party: Party, **changes: Any) -> dict[str, Any]:
    """A record of why a party needs Lotte's October."""
    return {
        "party_id": party.party_id,
        "ean": LOTTES_EAN,
        "purpose": "public_task",
        "granularity": "month",
        "article": "12, §2",
        "reason": "dossier 17",
        "data_from": "2023-10-01",
        "data_until": "2023-11-01",
        "valid_until": format_instant(party.house.clock.now() + timedelta(days=30)),
    } | changes


def authorised(party: Party, article: str, granularity: str, **changes: Any) -> str:
    """A law that lets a party know readings; returns its id."""
    law = {
        "party_id": party.party_id,
        "act": "Decreet van 1 januari 2024",
        "version": "geconsolideerd",
        "article": article,
        "categories": ["readings"],
        "granularity": granularity,
        "from_day": "2024-01-01",
    }
    return str(party.house.operator("registry.authorisation.add", **(law | changes))["id"])


@pytest.fixture
def authority(house: TheHouse, measured: Customer) -> Party:
    """An authority of which Lotte was told."""
    party = in_order(house, house.party("Agentschap", "authority", contract=False))
    notice = {"party_id": party.party_id, "purposes": ["public_task"], **TOLD}
    house.operator("registry.notice.give", **notice, ean=LOTTES_EAN)
    return party


@pytest.mark.requirement("R14")
def test_an_authority_needs_its_law_and_a_recorded_necessity(
    house: TheHouse, measured: Customer, authority: Party
) -> None:
    def read() -> dict[str, Any]:
        return authority.read(ean=LOTTES_EAN, purpose="public_task", **MONTH)

    assert reason(read) == "no_legal_basis"
    add = "registry.necessity.add"
    assert "names the law" in refused(house, add, **needed_by(authority))
    law = authorised(authority, "12, §2", "month")
    needed = needed_by(authority, authorisation_id=law)
    added = house.operator(add, **needed)
    answer = read()
    assert answer["channels"]
    assert "Decreet van 1 januari 2024" in answer["granted"][0]["citation"]
    assert "necessity.recorded" not in told(measured)  # of an investigation nobody is warned
    house.operator("registry.condition.end", fact="authorisation", id=law, until_day=today(house))
    assert reason(read) == "no_authorisation"
    house.operator("registry.necessity.end", id=added["id"])
    assert reason(read) == "expired"
    for wrong in ({"data_until": "2023-10-01"}, {"valid_until": "2024-01-01T00:00:00Z"}):
        refused(house, add, **(needed | wrong))


@pytest.mark.requirement("R3", "R14")
def test_what_one_law_lets_an_authority_know_does_not_leave_under_the_file_of_another(
    house: TheHouse, measured: Customer, authority: Party
) -> None:
    fine = authorised(authority, "7", "quarter_hour")
    coarse = authorised(authority, "12, §2", "month")
    by_coarse = needed_by(authority, granularity="quarter_hour", authorisation_id=coarse)
    house.operator("registry.necessity.add", **by_coarse)
    wish = {"ean": LOTTES_EAN, "purpose": "public_task"}
    assert reason(lambda: authority.read(**wish)) == "granularity_too_fine"
    assert "12, §2" in authority.read(**wish, **MONTH)["granted"][0]["citation"]
    house.operator("registry.necessity.add", **(by_coarse | {"authorisation_id": fine, "article": "7"}))
    assert "artikel 7 " in authority.read(**wish)["granted"][0]["citation"]


def test_a_record_names_a_law_of_its_own_party_and_article_and_only_where_one_is_needed(
    house: TheHouse, measured: Customer, authority: Party, net: Party
) -> None:
    add = "registry.necessity.add"
    other = house.party("Ander agentschap", "authority", contract=False)
    of_another, own = authorised(other, "12, §2", "month"), authorised(authority, "9", "month")
    for law in (of_another, own, "00000000-0000-0000-0000-000000000000"):
        assert "no such authorisation" in refused(house, add, **needed_by(authority, authorisation_id=law))
    fraud = needed_by(net, purpose="fraud_detection", authorisation_id=own)
    assert "nobody else" in refused(house, add, **fraud)


@pytest.mark.requirement("R60")
def test_finer_than_days_the_grid_operator_reads_only_by_a_record_of_who_needs_it_and_by_which_article(
    house: TheHouse, measured: Customer, net: Party
) -> None:
    wish = {"ean": LOTTES_EAN, "purpose": "grid_management"}
    assert net.read(**wish, granularity="day")["channels"]
    for fine in ("quarter_hour", "hour"):
        assert reason(lambda fine=fine: net.read(**wish, granularity=fine)) == "granularity_too_fine"
    needed = needed_by(net, purpose="grid_management", granularity="quarter_hour", article="4.1.22/6")
    for missing in ("party_id", "article", "reason"):
        refused(house, "registry.necessity.add", **{k: v for k, v in needed.items() if k != missing})
    added = house.operator("registry.necessity.add", **needed)
    assert len(slots_in(net.read(**wish)["channels"][0])) == 100
    before = {"from": "2023-09-29T22:00:00Z", "until": "2023-09-30T22:00:00Z"}  # of a day it does not name
    assert reason(lambda: net.read(**wish, **before)) == "granularity_too_fine"
    house.operator("registry.necessity.end", id=added["id"])
    assert reason(lambda: net.read(**wish)) == "granularity_too_fine"


# --- registrations, participations ------------------------------------------------------------------------


def test_a_registration_and_a_participation_are_for_their_roles_once_and_end(
    house: TheHouse, lotte: Customer, erik: Party
) -> None:
    for command, role, fact in (
        ("registry.registration.add", "balance_responsible", "registration"),
        ("registry.participation.add", "energy_community", "participation"),
    ):
        party = house.party(role, role, contract=False)
        link = {"ean": LOTTES_EAN, "party_id": party.party_id, "from_day": "2023-01-01"}
        assert "only a" in refused(house, command, **(link | {"party_id": erik.party_id}))
        assert "until_day" in refused(house, command, **link, until_day="2023-01-01")
        added = house.operator(command, **link)
        assert "already" in refused(house, command, **link)
        house.operator("registry.link.end", fact=fact, id=added["id"], until_day="2023-06-01")
        assert "lasts longer" in refused(
            house, "registry.link.end", fact=fact, id=added["id"], until_day="2023-07-01"
        )
        wrong = house.operator(command, **(link | {"from_day": "2023-06-01"}))
        house.operator("registry.link.end", fact=fact, id=wrong["id"], until_day="2023-06-01")
        house.operator(command, **(link | {"from_day": "2023-06-01"}))


def test_one_party_of_a_role_stands_registered_on_a_point_at_a_time(house: TheHouse, lotte: Customer) -> None:
    parties = {
        name: house.party(name, role, contract=False)
        for name, role in (("one", "balance_responsible"), ("two", "balance_responsible"), ("gas", "shipper"))
    }
    add = "registry.registration.add"

    def link(name: str, first: str) -> dict[str, Any]:
        return {"ean": LOTTES_EAN, "party_id": parties[name].party_id, "from_day": first}

    house.operator(add, **link("one", "2023-01-01"), until_day="2023-06-01")
    assert "of this role" in refused(house, add, **link("two", "2023-05-31"))
    house.operator(add, **link("gas", "2023-01-01"))
    house.operator(add, **link("two", "2023-06-01"))
    with pytest.raises(psycopg.errors.ExclusionViolation):
        execute(house, "UPDATE registry.registration SET until_day = NULL WHERE until_day = '2023-06-01'")


@pytest.mark.requirement("R29")
def test_a_move_ends_what_the_customer_chose_and_joined(
    house: TheHouse, lotte: Customer, maria: Customer
) -> None:
    community = house.party("Deelstroom", "energy_community", contract=False)
    house.operator("registry.regime.set", ean=LOTTES_EAN, regime="SMR3", from_day="2023-01-01")
    house.operator(
        "registry.participation.add",
        ean=LOTTES_EAN,
        party_id=community.party_id,
        from_day="2023-01-01",
    )
    house.operator("registry.occupancy.end", ean=LOTTES_EAN, until_day=today(house))
    for table in ("metering_regime", "participation"):
        rows = query(house, f"SELECT until_day::text FROM registry.{table}")
        assert rows == [(today(house),)], table
    assert told(lotte)[:2] == ["participation.ended", "occupancy.ended"]


@pytest.mark.requirement("R97")
def test_who_moves_out_is_logged_out_unless_he_lives_elsewhere_too(
    house: TheHouse, lotte: Customer, maria: Customer
) -> None:
    house.point("541448899990000077", maria)
    sessions = lotte.session, maria.session
    for ean in (LOTTES_EAN, MARIAS_EAN):
        house.operator("registry.occupancy.end", ean=ean, until_day=today(house))
    with pytest.raises(DoorRefusedError) as gone:
        house.client.call("me", Proof.session(sessions[0]))
    assert gone.value.code == "unauthenticated"
    assert house.client.call("me", Proof.session(sessions[1]))["role"] == "customer"


# --- death, administrator ---------------------------------------------------------------------------------


def test_with_a_death_consents_and_sessions_end_and_nobody_looks_in_that_name(
    house: TheHouse, measured: Customer, bram: Party, granted: dict[str, Any]
) -> None:
    session = measured.session
    waiting = bram.ask(ean=LOTTES_EAN)
    death = {
        "person_id": str(measured.person_id),
        "died_on": today(house, -3),
        "reference": "akte 17",
    }
    assert house.operator("registry.person.died", **death) == {"ended_permissions": 1}
    assert reason(lambda: bram.read(granted["permission_id"])) == "holder_died"
    ended = bram.permission(granted["permission_id"])
    assert (ended["state"], ended["reason"]) == ("invalidated", "holder_died")
    # A request that waits tells a stranger nothing of a death: it times out as any other.
    assert bram.permission(waiting["permission_id"])["state"] == "requested"
    with pytest.raises(DoorRefusedError) as gone:
        house.client.call("me", Proof.session(session))
    assert gone.value.code == "unauthenticated"
    with pytest.raises(DoorRefusedError) as again:
        house.log_in(measured.subject, measured.name)
    assert again.value.code == "death-reported"
    assert "known already" in refused(house, "registry.person.died", **death)


def test_a_death_reported_by_mistake_is_put_right_and_brings_no_consent_back(
    house: TheHouse, measured: Customer, bram: Party, granted: dict[str, Any]
) -> None:
    person = {"person_id": str(measured.person_id)}
    assert "no death" in refused(house, "registry.person.alive", **person, reason="x")
    assert "future" in refused(
        house, "registry.person.died", **person, died_on=today(house, 1), reference="x"
    )
    house.operator("registry.person.died", **person, died_on=today(house), reference="x")
    house.operator("registry.person.alive", **person, reason="another person of that name")
    measured.session = house.log_in(measured.subject, measured.name)
    assert told(measured)[0] == "person.death_refuted"
    with pytest.raises(DoorRefusedError):
        bram.read(granted["permission_id"])
    anew = bram.ask()
    measured.grant(anew)
    assert bram.read(anew["permission_id"])["channels"]


def own_look(customer: Customer, occupancy: str) -> dict[str, Any]:
    day = {"from": "2023-10-28T22:00:00Z", "until": "2023-10-29T23:00:00Z"}
    look = {"occupancy_id": occupancy, "granularity": "quarter_hour", **day}
    return customer.call("readings.read", **look)


def test_an_administrator_looks_for_his_ward_while_the_judgment_holds(
    house: TheHouse, measured: Customer, maria: Customer
) -> None:
    occupancy = measured.occupancy()
    assert reason(lambda: own_look(maria, occupancy)) == "no_legal_basis"
    judgment = {
        "person_id": str(measured.person_id),
        "representative_id": str(maria.person_id),
        "reference": "vrederechter Gent 2026/17",
        "from_day": today(house),
    }
    added = house.operator("registry.representation.add", **judgment, until_day=today(house, 10))
    assert reason(lambda: own_look(maria, occupancy)) == "no_legal_basis"  # as herself she is nobody here
    maria.call("representation.take_up", representation_id=added["id"])
    assert own_look(maria, occupancy)["channels"]
    assert "data.read" in told(measured)[:1]
    assert own_look(measured, occupancy)["channels"]  # he does not lose his own view
    house.clock.advance(timedelta(days=11))
    for customer in (maria, measured):
        customer.session = house.log_in(customer.subject, customer.name)
    assert reason(lambda: own_look(maria, occupancy)) == "no_legal_basis"
    assert own_look(measured, occupancy)["channels"]
    assert "lasts longer" in refused(
        house, "registry.representation.end", id=added["id"], until_day=today(house, -1)
    )


def test_an_administrator_entered_for_the_wrong_person_ends_the_same_day(
    house: TheHouse, measured: Customer, maria: Customer
) -> None:
    judgment = {
        "person_id": str(measured.person_id),
        "representative_id": str(maria.person_id),
        "reference": "vrederechter Gent 2026/17",
        "from_day": today(house),
    }
    added = house.operator("registry.representation.add", **judgment)
    maria.call("representation.take_up", representation_id=added["id"])
    assert own_look(maria, measured.occupancy())["channels"]
    house.operator("registry.representation.end", id=added["id"], until_day=today(house))
    with pytest.raises(DoorRefusedError) as ended:
        own_look(maria, measured.occupancy())
    assert ended.value.code == "representation-ended"
    assert maria.call("representation.show")["may_act_for"] == []


def test_who_represents_himself_twice_or_nobody_is_refused(
    house: TheHouse, lotte: Customer, maria: Customer
) -> None:
    judgment = {
        "person_id": str(lotte.person_id),
        "representative_id": str(maria.person_id),
        "reference": "x",
        "from_day": "2026-01-01",
    }
    add = "registry.representation.add"
    nobody = {"representative_id": "00000000-0000-0000-0000-000000000000"}
    assert "no such person" in refused(house, add, **(judgment | nobody))
    himself = {"representative_id": str(lotte.person_id)}
    assert "himself" in refused(house, add, **(judgment | himself))
    assert "until_day" in refused(house, add, **judgment, until_day="2026-01-01")
    house.operator(add, **judgment)
    assert "already" in refused(house, add, **judgment)


def test_who_has_lived_there_since_before_2000_is_known_from_his_own_first_day(
    house: TheHouse, maria: Customer
) -> None:
    ean = "541448899990000077"
    house.point(ean, maria, since=date(1993, 5, 1))
    places = maria.call("me")["occupancies"]
    assert "1993-05-01" in {place["from"] for place in places}


@pytest.mark.parametrize("day", ["1899-12-31", "1989-12-31", "2101-01-01", "9999-12-31", "0001-01-01"])
def test_days_beyond_the_century_are_refused(house: TheHouse, lotte: Customer, erik: Party, day: str) -> None:
    assert "from_day" in refused(
        house, "registry.supply.accept", ean=LOTTES_EAN, party_id=erik.party_id, from_day=day
    )
