"""Moves and meters that a grid operator reports: what follows in the house, what is undone, what is refused."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from databeheer.brussels import day_of
from databeheer.door.client import DoorRefusedError
from tests.conftest import LOTTES_EAN
from tests.databeheer.door.access_register.sending import hanging, refused, send, stays, who
from tests.house import Customer, Party, TheHouse

WHOLE = {
    "from": "2023-10-27T22:00:00Z",
    "until": "2023-10-30T23:00:00Z",
    "granularity": "day",
    "mode": "clip",
}
MOVED = "2023-10-29"


def logged_in(house: TheHouse, name: str) -> Customer:
    return house.customer(name, name.title())


@pytest.mark.requirement("R29", "R82")
def test_one_in_anothers_place_ends_what_was_hers_and_gives_him_what_is_his(
    house: TheHouse, measured: Customer, bram: Party, erik: Party, net: Party
) -> None:
    """A malicious grid operator can do this to a customer: she is told, her party too, and it is undone."""
    asked = bram.ask()
    measured.grant(asked)
    house.operator("registry.supply.accept", ean=LOTTES_EAN, party_id=erik.party_id, from_day="2023-01-01")
    send(net, "customer.changed", ean=LOTTES_EAN, on=MOVED, left="lotte", customer=who("noor"))
    noor = logged_in(house, "noor")
    assert [stay[1:] for stay in stays(house, LOTTES_EAN)] == [("2022-01-01", MOVED), (MOVED, None)]
    with pytest.raises(DoorRefusedError) as error:
        bram.read(asked["permission_id"])
    assert error.value.code == "permission-ended"
    [contract] = erik.call("supply.contracts")["contracts"]
    assert contract["until"] == MOVED
    measured.session = house.log_in(measured.subject, measured.name)
    for one, told in ((measured, "occupancy.ended"), (noor, "occupancy.begun")):
        assert told in [message["kind"] for message in one.call("inbox.show", limit=50)["messages"]]
        assert "register.message_taken" in [line["event"] for line in one.statements()]
    # Undone: the newcomer never lived there, and she is there again.
    send(net, "customer.called_off", ean=LOTTES_EAN, identity="noor", on=MOVED)
    send(net, "customer.moved_in", ean=LOTTES_EAN, customer=who("lotte"), **{"from": MOVED})
    assert {stay[0] for stay in stays(house, LOTTES_EAN)} == {str(measured.person_id)}
    measured.session = house.log_in(measured.subject, measured.name)
    again = {"occupancy_id": measured.occupancy(), **WHOLE}
    assert measured.call("readings.read", **again)["channels"]  # what was measured since is hers
    noor.session = house.log_in(noor.subject, noor.name)
    assert noor.call("me")["occupancies"] == []


def test_a_message_never_hits_another_customer_than_the_one_it_names(
    house: TheHouse, lotte: Customer, net: Party
) -> None:
    for kind, said in (
        ("customer.moved_out", {"identity": "noor", "until": MOVED}),
        ("customer.called_off", {"identity": "noor", "on": "2022-01-01"}),
        ("customer.called_off", {"identity": "lotte", "on": MOVED}),
        ("customer.changed", {"left": "noor", "customer": who("piet"), "on": MOVED}),
        ("customer.changed", {"left": "lotte", "customer": who("lotte"), "on": MOVED}),
        ("customer.moved_in", {"customer": who("noor"), "from": MOVED}),
    ):
        assert refused(net, kind, ean=LOTTES_EAN, **said)[0] == "conflict", kind
    tomorrow = (day_of(house.clock.now()) + timedelta(days=1)).isoformat()
    ahead = {"identity": "lotte", "until": tomorrow}
    assert refused(net, "customer.moved_out", ean=LOTTES_EAN, **ahead)[0] == "malformed-request"
    assert len(stays(house, LOTTES_EAN)) == 1


def test_a_move_out_that_is_told_twice_does_not_hit_whoever_moved_in(
    house: TheHouse, lotte: Customer, net: Party
) -> None:
    send(net, "customer.changed", ean=LOTTES_EAN, on=MOVED, left="lotte", customer=who("noor"))
    told = {"ean": LOTTES_EAN, "identity": "lotte", "until": MOVED}
    assert refused(net, "customer.moved_out", **told) == ("conflict", "this move is known already")
    assert [stay[1:] for stay in stays(house, LOTTES_EAN)] == [("2022-01-01", MOVED), (MOVED, None)]


def test_a_stay_that_has_its_end_gets_another_only_by_a_message_that_names_it(
    house: TheHouse, lotte: Customer, net: Party
) -> None:
    """An end that comes late may be of another stay of the same customer, before it or after it."""
    told = {"ean": LOTTES_EAN, "identity": "lotte"}
    ended = ("conflict", f"that stay ended on {MOVED}; if that was wrong, name that day")
    send(net, "customer.moved_out", **told, until=MOVED)
    earlier = {"until": "2023-10-20"}
    noor_comes = {"ean": LOTTES_EAN, "left": "lotte", "customer": who("noor"), "on": "2023-10-20"}
    for wrong in ({}, {"instead_of": "2023-10-28"}):
        assert refused(net, "customer.moved_out", **told, **earlier, **wrong) == ended
    assert refused(net, "customer.changed", **noor_comes) == ended
    for wrong in ({}, {"until": "2023-10-28"}):
        assert refused(net, "customer.called_off", **told, on="2022-01-01", **wrong) == ended
    send(net, "customer.moved_out", **told, **earlier, instead_of=MOVED)
    assert [stay[1:] for stay in stays(house, LOTTES_EAN)] == [("2022-01-01", "2023-10-20")]
    send(net, "customer.called_off", **told, on="2022-01-01", until="2023-10-20")
    assert stays(house, LOTTES_EAN) == []


def test_a_message_that_takes_a_stay_to_have_ended_does_not_end_one_that_lasts(
    house: TheHouse, lotte: Customer, net: Party
) -> None:
    told = {"ean": LOTTES_EAN, "identity": "lotte"}
    lasts = ("conflict", "no move out of that stay is known")
    assert refused(net, "customer.moved_out", **told, until=MOVED, instead_of="2023-10-28") == lasts
    assert refused(net, "customer.called_off", **told, on="2022-01-01", until=MOVED) == lasts
    assert [stay[1:] for stay in stays(house, LOTTES_EAN)] == [("2022-01-01", None)]


def test_a_grid_operator_is_not_told_that_somebody_died(house: TheHouse, lotte: Customer, net: Party) -> None:
    noor = logged_in(house, "noor")
    house.operator("registry.occupancy.end", ean=LOTTES_EAN, until_day=MOVED)
    died = {"person_id": str(noor.person_id), "died_on": MOVED, "reference": "x"}
    house.operator("registry.person.died", **died)
    code, words = refused(net, "customer.moved_in", ean=LOTTES_EAN, customer=who("noor"), **{"from": MOVED})
    assert code == "conflict"
    assert "death" not in words
    assert "died" not in words


@pytest.mark.requirement("R51", "R52")
def test_a_meter_is_swapped_whole_or_not_at_all(house: TheHouse, lotte: Customer, net: Party) -> None:
    hung: dict[str, Any] = {"ean": LOTTES_EAN, "digital": True, "ports": ["P1"]}
    send(net, "meter.installed", meter="1SAG0000000001", **hung, **{"from": "2022-01-01"})
    by = {"meter": "1SAG0000000002", "digital": False, "ports": ["P1"]}  # has no ports: refused
    swap = {"ean": LOTTES_EAN, "meter": "1SAG0000000001", "on": MOVED}
    assert refused(net, "meter.replaced", **swap, by=by)[0] == "malformed-request"
    assert refused(net, "meter.replaced", **swap, by=by | {"meter": swap["meter"]})[0] == "malformed-request"
    assert hanging(house, LOTTES_EAN) == [("1SAG0000000001", "2022-01-01", None)]
    send(net, "meter.replaced", **swap, by=by | {"digital": True})
    assert hanging(house, LOTTES_EAN) == [
        ("1SAG0000000001", "2022-01-01", MOVED),
        ("1SAG0000000002", MOVED, None),
    ]
    [point] = lotte.call("port.list")["points"]
    ports = [port for meter in point["meters"] for port in meter["ports"]]
    assert [(port["port"], port["is_open"]) for port in ports] == [("P1", False)]
    assert "meter.installed" in [one["kind"] for one in lotte.call("inbox.show", limit=50)["messages"]]


def test_what_a_meter_cannot_have_done_is_refused_in_words(
    house: TheHouse, lotte: Customer, net: Party
) -> None:
    hung: dict[str, Any] = {"ean": LOTTES_EAN, "meter": "1SAG0000000001", "digital": True}
    send(net, "meter.installed", **hung, **{"from": "2022-01-10"})
    taken = {"ean": LOTTES_EAN, "meter": "1SAG0000000001"}
    assert (
        "hangs there since 2022-01-10" in refused(net, "meter.installed", **hung, **{"from": "2022-03-01"})[1]
    )
    assert "was not taken away before" in refused(net, "meter.removed", **taken, on="2022-01-09")[1]
    tomorrow = (day_of(house.clock.now()) + timedelta(days=1)).isoformat()
    assert refused(net, "meter.removed", **taken, on=tomorrow)[0] == "malformed-request"
    send(net, "meter.removed", **taken, on="2022-02-01")
    assert refused(net, "meter.removed", **taken, on="2022-02-02")[0] == "conflict"
    assert "from that day" in refused(net, "meter.installed", **hung, **{"from": "2022-01-20"})[1]
    send(net, "meter.installed", **hung, **{"from": "2022-02-01"})
    assert hanging(house, LOTTES_EAN) == [("1SAG0000000001", "2022-02-01", None)]
