"""A supplier announces and ends its own; the grid operator accepts, refuses, calls off; whom it concerns is told."""

from __future__ import annotations

from datetime import timedelta

import pytest

from databeheer.brussels import day_of
from databeheer.door.client import DoorRefusedError
from databeheer.values import parse_instant
from tests.conftest import LOTTES_EAN, MARIAS_EAN
from tests.databeheer.door.access_register.sending import announced, contracts, refused, send
from tests.doors import query
from tests.house import Customer, Party, TheHouse

UNKNOWN_EAN = "541448899990000060"


def today(house: TheHouse, days: int = 0) -> str:
    return (day_of(house.clock.now()) + timedelta(days=days)).isoformat()


def accept(net: Party, name: str) -> None:
    send(net, "contract.accepted", announcement=name)


def inbox(customer: Customer) -> list[str]:
    return [one["kind"] for one in customer.call("inbox.show", limit=50)["messages"]]


def hooks(house: TheHouse, party: Party) -> list[str]:
    rows = query(house, "SELECT kind FROM post.message WHERE party_id = %s", party.party_id)
    return [row[0] for row in rows]


@pytest.mark.requirement("R72", "R75")
def test_a_supplier_that_claims_a_contract_reads_nothing_until_the_grid_operator_accepts(
    house: TheHouse, lotte: Customer, maria: Customer, erik: Party, net: Party
) -> None:
    name = announced(erik, LOTTES_EAN, today(house))
    wish = {
        "ean": LOTTES_EAN,
        "from": f"{today(house, -1)}T23:00:00Z",
        "until": f"{today(house, 1)}T23:00:00Z",
        "granularity": "day",
        "mode": "clip",
    }
    with pytest.raises(DoorRefusedError) as error:
        erik.call("readings.read", **wish)
    assert (error.value.code, error.value.reason) == ("no-legal-basis", "no_legal_basis")
    [waiting] = net.call("supply.announcements")["announcements"]
    assert (waiting["announcement_id"], waiting["ean"], waiting["supplier"]["name"]) == (
        name,
        LOTTES_EAN,
        erik.name,
    )
    term = parse_instant(waiting["due_at"]) - parse_instant(waiting["received_at"])
    assert (term, waiting["is_overdue"]) == (timedelta(hours=24), False)
    house.clock.advance(timedelta(hours=24))
    house.put_in_order(net.party_id)
    net.token = house.token(net.client_id, net.client_secret)
    assert net.call("supply.announcements")["announcements"][0]["is_overdue"]
    accept(net, name)
    assert contracts(house, LOTTES_EAN) == [(erik.name, waiting["from"], None)]
    assert "customer.notified" in inbox_of(house, lotte)
    assert net.call("supply.announcements")["announcements"] == []
    erik.token = house.token(erik.client_id, erik.client_secret)
    [own] = erik.call("supply.announcements")["announcements"]
    assert (own["state"], "ean" in own) == ("accepted", False)
    [contract] = erik.call("supply.contracts")["contracts"]
    assert (contract["ean"], contract["from"], contract["until"]) == (LOTTES_EAN, waiting["from"], None)
    assert refused(net, "contract.accepted", announcement=name)[0] == "not-found"


def inbox_of(house: TheHouse, customer: Customer) -> list[str]:
    customer.session = house.log_in(customer.subject, customer.name)
    return inbox(customer)


@pytest.mark.requirement("R27", "R73")
def test_a_claim_that_was_accepted_by_mistake_is_called_off_and_all_are_told(
    house: TheHouse, lotte: Customer, erik: Party, net: Party
) -> None:
    thief = house.party("Gluiper", "supplier")
    accept(net, announced(erik, LOTTES_EAN, today(house, -100)))
    first = today(house)
    accept(net, announced(thief, LOTTES_EAN, first))
    assert {"customer.notified", "supply.ended"} <= set(inbox(lotte))  # the one of before, and who came
    assert hooks(house, erik) == ["supply.ended"]
    wrong = {"ean": LOTTES_EAN, "from": first}
    assert refused(net, "contract.called_off", **wrong, supplier=erik.party_id)[0] == "conflict"
    send(net, "contract.called_off", **wrong, supplier=thief.party_id)
    assert contracts(house, LOTTES_EAN) == [(erik.name, today(house, -100), None)]
    assert thief.call("supply.contracts")["contracts"] == []
    assert hooks(house, thief) == ["supply.ended"]
    assert "supply.resumed" in hooks(house, erik)
    assert "supply.resumed" in inbox(lotte)
    assert refused(net, "contract.called_off", **wrong, supplier=thief.party_id)[0] == "conflict"


def test_a_supplier_ends_its_own_and_learns_nothing_of_others(
    house: TheHouse, lotte: Customer, maria: Customer, erik: Party, net: Party
) -> None:
    other = house.party("Nieuwe Stroom", "supplier")
    accept(net, announced(erik, LOTTES_EAN, today(house, -30)))
    until = today(house, -3)
    told = {
        refused(other, "contract.ended", ean=ean, until=until)
        for ean in (LOTTES_EAN, MARIAS_EAN, UNKNOWN_EAN)
    }
    assert len(told) == 1
    assert told.pop()[0] == "not-found"
    send(erik, "contract.ended", ean=LOTTES_EAN, until=until)
    assert contracts(house, LOTTES_EAN) == [(erik.name, today(house, -30), until)]
    assert refused(erik, "contract.ended", ean=LOTTES_EAN, until=until)[0] == "not-found"
    assert "supply.ended" in inbox(lotte)


def test_a_supplier_that_ends_its_contract_on_its_first_day_gives_the_one_before_its_days_back(
    house: TheHouse, lotte: Customer, erik: Party, net: Party
) -> None:
    other = house.party("Nieuwe Stroom", "supplier")
    accept(net, announced(erik, LOTTES_EAN, today(house, -30)))
    accept(net, announced(other, LOTTES_EAN, today(house, 5)))
    send(other, "contract.ended", ean=LOTTES_EAN, until=today(house, 5))
    assert contracts(house, LOTTES_EAN) == [(erik.name, today(house, -30), None)]


def test_a_supplier_gives_no_days_that_are_over_to_the_one_before(
    house: TheHouse, lotte: Customer, erik: Party, net: Party
) -> None:
    """Else what it supplied for months would be the other's to read, on its word alone (R72)."""
    other = house.party("Nieuwe Stroom", "supplier")
    accept(net, announced(erik, LOTTES_EAN, today(house, -200)))
    accept(net, announced(other, LOTTES_EAN, today(house, -100)))
    code, words = refused(other, "contract.ended", ean=LOTTES_EAN, until=today(house, -100))
    assert (code, "grid operator" in words) == ("conflict", True)
    assert contracts(house, LOTTES_EAN)[-1] == (other.name, today(house, -100), None)
    called_off = {"supplier": other.party_id, "from": today(house, -100)}
    send(net, "contract.called_off", ean=LOTTES_EAN, **called_off)
    assert contracts(house, LOTTES_EAN) == [(erik.name, today(house, -200), None)]


def test_an_announcement_is_withdrawn_or_refused_once_and_only_one_waits(
    house: TheHouse, lotte: Customer, erik: Party, net: Party
) -> None:
    other = house.party("Nieuwe Stroom", "supplier")
    first = announced(erik, LOTTES_EAN, today(house))
    code, words = refused(erik, "contract.announced", ean=LOTTES_EAN, **{"from": today(house, 1)})
    assert (code, "withdraw that one first" in words) == ("conflict", True)
    assert refused(other, "contract.withdrawn", announcement=first)[0] == "not-found"
    send(erik, "contract.withdrawn", announcement=first)
    assert refused(net, "contract.accepted", announcement=first)[0] == "not-found"
    second = announced(erik, LOTTES_EAN, today(house, 1))
    send(net, "contract.refused", announcement=second, reason="not_accepted")
    rows = erik.call("supply.announcements")["announcements"]
    states = {one["announcement_id"]: one["state"] for one in rows}
    assert states == {first: "withdrawn", second: "refused"}
    assert contracts(house, LOTTES_EAN) == []


def test_an_announcement_lies_within_a_year_of_today(house: TheHouse, erik: Party) -> None:
    for days in (-367, 367):
        code, _ = refused(erik, "contract.announced", ean=LOTTES_EAN, **{"from": today(house, days)})
        assert code == "malformed-request"


@pytest.mark.requirement("R77", "R78")
def test_an_announcement_is_answered_alike_whatever_it_names_and_whatever_is_under_way(
    house: TheHouse, lotte: Customer, maria: Customer, erik: Party
) -> None:
    house.operator("registry.process.begin", ean=LOTTES_EAN, kind="drop")
    day, said = today(house), []
    for place, ean in enumerate((LOTTES_EAN, MARIAS_EAN, UNKNOWN_EAN)):
        answer = send(erik, "contract.announced", number=f"{place}", ean=ean, **{"from": day})
        said.append({name: type(value) for name, value in answer.items()})
    assert said[0] == said[1] == said[2]
    lists = erik.call("supply.announcements")["announcements"]
    assert {frozenset(one) for one in lists} == {frozenset(lists[0])}
    assert {(one["state"], one["from"]) for one in lists} == {("received", day)}


def test_a_switch_that_is_told_late_takes_its_place_between_the_others(
    house: TheHouse, lotte: Customer, erik: Party, net: Party
) -> None:
    second, third = house.party("Tweede", "supplier"), house.party("Derde", "supplier")
    days = [today(house, ahead) for ahead in (-60, -40, -20)]
    for supplier, day in ((erik, days[0]), (third, days[2]), (second, days[1])):
        accept(net, announced(supplier, LOTTES_EAN, day))
    in_time = [(erik.name, days[0], days[1]), (second.name, days[1], days[2]), (third.name, days[2], None)]
    assert contracts(house, LOTTES_EAN) == in_time
    send(net, "contract.called_off", ean=LOTTES_EAN, supplier=third.party_id, **{"from": days[2]})
    assert contracts(house, LOTTES_EAN) == [in_time[0], (second.name, days[1], None)]
    send(net, "contract.called_off", ean=LOTTES_EAN, supplier=second.party_id, **{"from": days[1]})
    assert contracts(house, LOTTES_EAN) == [(erik.name, days[0], None)]
