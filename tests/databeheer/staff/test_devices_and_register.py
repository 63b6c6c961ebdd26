"""Staff come from a workstation of the house; a consultation of the national register takes a reason and two people."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from databeheer.brussels import day_of
from databeheer.door.client import Proof
from databeheer.door.staff import lookups, national_register, trail
from tests.conftest import LOTTES_EAN
from tests.databases import Databases
from tests.desk import lottes_home, refused
from tests.doors import query
from tests.house import Colleague, Customer, TheHouse, open_house


def a_print() -> str:
    return secrets.token_urlsafe(32)


def from_device(one: Colleague, certificate: str, command: str, **arguments: Any) -> dict[str, Any]:
    return one.house.client.call(command, Proof.session(one.session, certificate), **arguments)


def log_in_at(house: TheHouse, subject: str, certificate: str) -> str:
    """Log in as staff from where this certificate is; returns the session."""
    nonce = house.client.call("login.begin")["nonce"]
    answer = house.signed_answer(subject, subject, nonce, role="staff")
    proof = Proof("none", "", certificate)
    return str(house.client.call("login.finish", proof, answer=answer, nonce=nonce)["session"])


@pytest.mark.requirement("R198")
def test_once_a_workstation_is_registered_staff_come_from_one(databases: Databases) -> None:
    with databases.clone() as database, open_house(database) as house:
        one = house.colleague("nadia", "desk")
        ours, stolen = a_print(), a_print()
        assert from_device(one, stolen, "staff.me")["roles"] == ["desk"]  # none is registered yet
        device = house.operator("staff.device.register", by="E-1", certificate=ours, label="loket 1")
        for certificate in ("", stolen):
            assert refused(from_device, one, certificate, "staff.case.list") == "unauthenticated"
            assert refused(log_in_at, house, "nadia", certificate) == "no-staff-account"
        assert from_device(one, ours, "staff.me")["roles"] == ["desk"]
        # A session that was taken elsewhere ends with its first page, and the inspector sees it.
        assert refused(from_device, one, stolen, "me") == "unauthenticated"
        assert refused(from_device, one, ours, "staff.me") == "unauthenticated"
        one.session = log_in_at(house, "nadia", ours)
        assert from_device(one, ours, "me")["role"] == "staff"
        listed = house.client.call("staff.refusals", Proof.session(house.inspector()))["refusals"]
        assert [(row["what"], row["reason"]) for row in listed] == [
            ("session", "unknown_device"),
            ("log-in", "unknown_device"),
            ("log-in", "unknown_device"),
        ]
        # Ending the last one lets nobody in; the same certificate is not good a second time.
        house.operator("staff.device.end", by="E-1", device_id=device["device_id"])
        assert refused(from_device, one, ours, "staff.me") == "unauthenticated"
        again = {"by": "E-1", "certificate": ours, "label": "loket 1"}
        assert refused(house.operator, "staff.device.register", **again) == "conflict"
        assert refused(house.operator, "staff.device.end", by="E-1", device_id=device["device_id"]) == (
            "not-found"
        )
        # Customers and inspectors need none.
        assert house.client.call("me", Proof.session(house.inspector()))["role"] == "inspector"


@pytest.mark.requirement("R198", "R157")
def test_only_an_administrator_registers_a_workstation(house: TheHouse) -> None:
    for code in ("desk", "security_officer", "manager"):
        one = house.colleague(f"device-{code}", code)
        wish = {"certificate": a_print(), "label": "x"}
        assert refused(one.call, "staff.device.register", **wish) == "role-needed"
    for wrong in ("", "A" * 42, "A" * 44, "A" * 42 + "="):
        assert refused(house.operator, "staff.device.register", by="E-1", certificate=wrong, label="x") == (
            "malformed-request"
        )


def case_of(one: Colleague) -> str:
    return str(one.call("staff.case.open", kind="question", what="who lives there")["reference"])


def asked(one: Colleague, reference: str, **changes: Any) -> str:
    wish = {"reference": reference, "reason": "a heir asks", "signed_as": one.subject.capitalize()}
    return str(one.call("staff.register.ask", **(wish | changes))["consultation_id"])


@pytest.mark.requirement("R161")
def test_a_consultation_takes_a_signed_reason_and_a_superior_before_its_answer_counts(
    house: TheHouse,
) -> None:
    nadia, tom = house.colleague("rosa", "desk"), house.colleague("ria", "manager")
    reference = case_of(nadia)
    for wrong in ({"signed_as": "Somebody Else"}, {"reason": ""}, {"reason": "two\nlines"}):
        assert refused(asked, nadia, reference, **wrong) == "malformed-request"
    assert refused(asked, nadia, "Z2026-999999") == "not-found"
    one = asked(nadia, reference, signed_as="  ROSA ")
    outcome = {"consultation_id": one, "outcome": "answered"}
    assert refused(nadia.call, "staff.register.answered", **outcome) == "conflict"
    assert refused(nadia.call, "staff.register.judge", consultation_id=one, valid=True) == "role-needed"
    tom.call("staff.register.judge", consultation_id=one, valid=True)
    assert refused(tom.call, "staff.register.judge", consultation_id=one, valid=False) == "conflict"
    assert refused(house.colleague("mate", "desk").call, "staff.register.answered", **outcome) == "not-found"
    nadia.call("staff.register.answered", **outcome)
    assert refused(nadia.call, "staff.register.answered", **outcome) == "conflict"
    declined = asked(nadia, reference)
    tom.call("staff.register.judge", consultation_id=declined, valid=False)
    assert refused(nadia.call, "staff.register.answered", consultation_id=declined, outcome="x") == "conflict"
    listed = tom.call("staff.register.list")["consultations"]
    assert [(row["is_valid"], row["is_answered"], row["name"]) for row in listed] == [
        (False, False, "Rosa"),
        (True, True, "Rosa"),
    ]
    assert refused(nadia.call, "staff.register.list") == "role-needed"


@pytest.mark.requirement("R161")
def test_nobody_external_consults_the_register(house: TheHouse) -> None:
    external = house.colleague("xander", "desk", external=True)
    assert refused(asked, external, case_of(external)) == "conflict"


def test_a_button_pressed_twice_opens_one_case_and_asks_one_consultation(house: TheHouse) -> None:
    one, other = house.colleague("twice", "desk"), house.colleague("mine", "desk")
    case_id, consultation_id = str(uuid4()), str(uuid4())
    opening = {"kind": "question", "what": "who lives there", "case_id": case_id}
    reference = one.call("staff.case.open", **opening)["reference"]
    assert one.call("staff.case.open", **opening)["reference"] == reference
    assert [row["reference"] for row in one.call("staff.case.list")["cases"]].count(reference) == 1
    assert refused(other.call, "staff.case.open", **opening) == "conflict"
    assert refused(one.call, "staff.case.open", **(opening | {"kind": "complaint"})) == "conflict"
    for _ in range(2):
        assert asked(one, reference, consultation_id=consultation_id) == consultation_id
    twice = "SELECT count(*) FROM staff.register_consultation WHERE case_id = %s"
    with psycopg.connect(house.database.url("owner")) as owner:
        assert owner.execute(twice, [case_id]).fetchall() == [(1,)]
    another = case_of(one)
    assert refused(asked, one, another, consultation_id=consultation_id) == "conflict"
    assert refused(asked, other, case_of(other), consultation_id=consultation_id) == "conflict"


@pytest.mark.requirement("R161", "R156")
def test_nobody_validates_or_reviews_a_consultation_of_his_own(house: TheHouse) -> None:
    both = house.colleague("both", "desk", "manager")
    one = asked(both, case_of(both))
    assert refused(both.call, "staff.register.judge", consultation_id=one, valid=True) == "conflict"
    waiting = [
        row["consultation_id"]
        for row in both.call("staff.register.list")["consultations"]
        if not row["reviewed_at"]
    ]
    assert refused(both.call, "staff.register.review", consultation_ids=waiting) == "conflict"
    assert (
        refused(house.operator, "staff.register.review", by=both.employee, consultation_ids=waiting)
        == "conflict"
    )
    with psycopg.connect(house.database.url("door")) as door, pytest.raises(psycopg.errors.CheckViolation):
        door.execute(
            "UPDATE staff.register_consultation SET judged_by = employee_hash, judged_at = now(),"
            " is_valid = true WHERE consultation_id = %s",
            [one],
        )


@pytest.mark.requirement("R161")
def test_while_no_manager_reviewed_the_list_in_half_a_year_nobody_consults(databases: Databases) -> None:
    with databases.clone() as database, open_house(database) as house:
        until = (day_of(house.clock.now()) + timedelta(days=1000)).isoformat()
        desk = house.colleague("desk", "desk", trained_until=until)
        boss, other = (house.colleague(name, "manager", trained_until=until) for name in ("boss", "other"))
        reference = case_of(desk)
        first = asked(desk, reference)
        for _ in range(2):  # used in between, so that nobody is blocked; each role confirmed by another
            house.clock.advance(timedelta(days=80))
            for one in (desk, boss, other):
                one.log_in()
        for who, by in ((desk, boss), (boss, other), (other, boss)):
            for grant in who.call("staff.me")["grants"]:
                by.call("staff.role.confirm", grant_id=grant["grant_id"])
        house.clock.advance(timedelta(days=30))
        for one in (desk, boss):
            one.log_in()
        assert refused(asked, desk, reference) == "conflict"
        assert refused(boss.call, "staff.register.review", consultation_ids=[first, first]) == "conflict"
        boss.call("staff.register.review", consultation_ids=[first])
        assert asked(desk, reference)
        assert query(house, "SELECT count(*) FROM staff.register_consultation WHERE reviewed_at IS NULL") == [
            (1,)
        ]


@pytest.mark.requirement("R163")
def test_what_somebody_did_is_listed_by_time_from_the_ledger(house: TheHouse, databases: Databases) -> None:
    one, boss = house.colleague("traced", "desk"), house.colleague("sees", "manager")
    reference = case_of(one)
    one.call("staff.case.close", reference=reference)
    today = day_of(house.clock.now()).isoformat()
    span = {"account_id": one.account_id, "first": today, "last": today}
    for proof in (Proof.session(boss.session), Proof.session(house.inspector())):
        lines = house.client.call("staff.trail", proof, **span)["lines"]
        assert [line["event"] for line in lines] == [
            "staff.case.closed",
            "staff.case.opened",
            "staff.logged_in",
        ]
        assert lines[1]["said"] == {"case": reference, "kind": "question"}
        assert [line["case"] for line in lines] == [reference, reference, None]
    assert refused(one.call, "staff.trail", **span) == "role-needed"
    assert refused(house.operator, "staff.trail", **span) == "unauthenticated"
    turned = {**span, "first": "2026-02-02", "last": "2026-02-01"}
    assert refused(boss.call, "staff.trail", **turned) == "malformed-request"


def pages(call: Callable[..., dict[str, Any]], key: str) -> list[list[Any]]:
    """Every page of a list, the newest first, as one follows the other."""
    answer = call()
    found = [answer[key]]
    while answer["next"] is not None:
        answer = call(before=answer["next"])
        found.append(answer[key])
    return found


@pytest.mark.requirement("R161")
def test_a_list_longer_than_a_page_is_reviewed_page_by_page(
    house: TheHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(national_register, "MOST", 2)
    desk, boss, own = (
        house.colleague("long", "desk"),
        house.colleague("chief", "manager"),
        house.colleague("writes", "desk", "manager"),
    )
    reviewing = partial(boss.call, "staff.register.review")

    def waiting() -> list[list[str]]:
        listed = pages(partial(boss.call, "staff.register.list"), "consultations")
        assert all(len(page) <= 2 for page in listed)
        left = [[one["consultation_id"] for one in page if not one["reviewed_at"]] for page in listed]
        return [page for page in left if page]

    def clock() -> tuple[int, str | None]:
        """How many reviews were in time or late, and since when the half year runs."""
        [found] = query(
            house,
            "SELECT count(met_at), max(started_at) FILTER (WHERE met_at IS NULL) FROM clocks.clock"
            " WHERE kind = 'staff_register_review'",
        )
        return found[0], found[1] and found[1].isoformat()

    for page in waiting():  # what other tests of this house left
        reviewing(consultation_ids=page)
    before, none = clock()
    assert none is None
    reference = case_of(desk)
    ids = []
    for _ in range(5):
        house.clock.advance(timedelta(seconds=1))
        ids.append(asked(desk, reference))
    mine = asked(own, case_of(own))
    signed = dict(query(house, "SELECT consultation_id::text, signed_at FROM staff.register_consultation"))
    shown = waiting()
    assert [one for page in shown for one in page] == [mine, *reversed(ids)]
    assert refused(reviewing, consultation_ids=[ids[0], ids[0]]) == "conflict"
    assert refused(reviewing, consultation_ids=[ids[0], str(national_register.THE_LIST)]) == "conflict"
    assert refused(own.call, "staff.register.review", consultation_ids=[mine]) == "conflict"
    # A later page alone keeps no half year: the oldest is not in it.
    reviewing(consultation_ids=shown[1])
    assert refused(reviewing, consultation_ids=shown[1]) == "conflict"
    assert clock() == (before, signed[ids[0]].isoformat())
    # With the oldest, the half year runs from the first that is left.
    reviewing(consultation_ids=shown[2])
    assert clock() == (before + 1, signed[ids[4]].isoformat())
    reviewing(consultation_ids=shown[0])
    assert clock() == (before + 2, None)
    assert waiting() == []


@pytest.mark.requirement("R155", "R163")
def test_neither_a_refusal_nor_a_look_is_hidden_by_what_came_after(
    house: TheHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lookups, "MOST_REFUSALS", 2)
    monkeypatch.setattr(trail, "MOST", 2)
    one, noise, boss = (
        house.colleague("looked", "metering_clerk"),
        house.colleague("noise", "desk"),
        house.colleague("reads", "manager"),
    )
    lottes_home(house)
    seen = one.call("staff.case.open", kind="missing_values", what="x", ean=LOTTES_EAN)["reference"]
    one.call("staff.look", reference=seen)
    assert refused(one.call, "staff.look", reference="Z2026-1") == "no-case"
    for _ in range(5):
        assert refused(noise.call, "staff.look", reference="Z2026-1") == "no-case"
        one.call("staff.case.close", reference=case_of(one))
    inspecting = partial(house.client.call, "staff.refusals", Proof.session(house.inspector()))
    for reading in (inspecting, partial(boss.call, "staff.refusals")):
        listed = pages(reading, "refusals")
        assert [len(page) for page in listed[:-1]] == [2] * (len(listed) - 1)
        whole = [row for page in listed for row in page]
        assert [row["account_id"] for row in whole[:6]] == [noise.account_id] * 5 + [one.account_id]
        assert len({row["index"] for row in whole}) == len(whole)
    today = day_of(house.clock.now()).isoformat()
    following = partial(boss.call, "staff.trail", account_id=one.account_id, first=today, last=today)
    lines = [line for page in pages(following, "lines") for line in page]
    assert [line["event"] for line in lines].count("data.read") == 1
    assert len(lines) == 2 * 5 + 3
    [[looked]] = pages(partial(following, looks=True), "lines")
    assert (looked["event"], looked["case"]) == ("data.read", seen)
    for wrong in (-1, "1", 1.5, 2**60):
        assert refused(following, before=wrong) == "malformed-request"


def test_a_customer_sees_neither_list_nor_trail(house: TheHouse) -> None:
    maria: Customer = house.customer("maria", "Maria")
    for command in ("staff.refusals", "staff.trail.people", "staff.register.list", "staff.account.list"):
        assert refused(maria.call, command) == "unauthenticated", command
