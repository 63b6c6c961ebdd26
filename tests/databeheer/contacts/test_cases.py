"""A case about a customer: out of a contact in which he was identified, or a role's own work; nothing goes round."""

from __future__ import annotations

from functools import partial
from uuid import uuid4

import pytest

from databeheer.door.client import Proof
from databeheer.door.staff.asking import MOST_UNKNOWN
from databeheer.staff import roles
from databeheer.staff.cases import KINDS
from tests.conftest import LOTTES_EAN, MARIAS_EAN
from tests.desk import LOTTE, contact, identified, lottes_home, refused, size
from tests.doors import execute
from tests.house import Colleague, Customer, TheHouse
from tests.linking import NOWHERE


@pytest.fixture(scope="module")
def lotte(house: TheHouse) -> Customer:
    return lottes_home(house)


@pytest.fixture(scope="module")
def mats(house: TheHouse) -> Colleague:
    return house.colleague("mats", "metering_clerk")


def of_contact(one: Colleague, reference: str, **changes: object) -> str:
    wish = {"case_id": str(uuid4()), "kind": "complaint", "what": "vraagt uitleg", "for_team": False}
    return str(one.call("desk.open_case", reference=reference, **(wish | changes))["case"])


def reasons(house: TheHouse) -> list[str]:
    listed = house.client.call("staff.refusals", Proof.session(house.inspector()))["refusals"]
    return [one["reason"] for one in listed]


@pytest.mark.requirement("R81", "R155")
@pytest.mark.parametrize("role", sorted(roles.load().writing("cases")))
def test_by_an_ean_code_each_role_opens_its_own_work_alone_and_the_desk_nothing(
    house: TheHouse, lotte: Customer, role: str
) -> None:
    one, reader = house.colleague(f"o-{role}", role), house.colleague(f"r-{role}", role, writes=False)
    own = {"metering_clerk": {"missing_values", "wrong_values"}}
    own |= {"market_clerk": {"move", "market_process", "fraud"}}
    for kind in KINDS:
        ask = partial(one.call, "staff.case.open", kind=kind, what="x")
        if kind in own.get(role, set()):
            assert ask(ean=LOTTES_EAN)["reference"]
        else:
            before = size(house)
            # Whether the access point is there makes no difference.
            assert {refused(ask, ean=ean) for ean in (LOTTES_EAN, MARIAS_EAN, NOWHERE)} == {"role-needed"}
            assert size(house) == before
        assert refused(reader.call, "staff.case.open", kind=kind, what="x", ean=LOTTES_EAN) == "role-needed"


@pytest.mark.requirement("R155")
def test_a_code_that_is_not_there_stands_on_the_inspectors_list_and_after_some_none_is_found_that_day(
    house: TheHouse, lotte: Customer
) -> None:
    one, other = house.colleague("guesses", "metering_clerk"), house.colleague("works", "metering_clerk")
    wish = {"kind": "missing_values", "what": "x"}
    for _ in range(MOST_UNKNOWN):
        before = size(house)
        assert refused(one.call, "staff.case.open", **wish, ean=NOWHERE) == "not-found"
        assert size(house) == before + 1
    assert reasons(house)[:MOST_UNKNOWN] == ["unknown_point"] * MOST_UNKNOWN
    # What is right is not found any more, a colleague finds it, and so does everybody the next day.
    assert refused(one.call, "staff.case.open", **wish, ean=LOTTES_EAN) == "not-found"
    assert reasons(house)[0] == "locked"
    assert one.call("staff.case.open", **wish)["reference"]
    assert other.call("staff.case.open", **wish, ean=LOTTES_EAN)["reference"]
    # An inspector's guess leaves an entry too, and opens no dossier.
    inspector, day = Proof.session(house.inspector()), house.clock.now().date().isoformat()
    dossier = {"reference": "KL-1", "origin": "customer", "first": day, "last": day}
    opening = partial(house.client.call, "complaint.open", inspector, complaint_id=str(uuid4()), **dossier)
    before = size(house)
    assert refused(opening, ean=NOWHERE) == "not-found"
    assert size(house) == before + 1
    assert house.client.call("complaint.list", inspector)["complaints"] == []
    execute(house, "UPDATE staff.refusal SET at = at - interval '1 day' WHERE what = 'ean'")
    assert one.call("staff.case.open", **wish, ean=LOTTES_EAN)["reference"]


@pytest.mark.requirement("R81", "R155")
def test_a_case_by_ean_code_opens_nothing_to_a_role_that_it_is_not_the_work_of(
    house: TheHouse, lotte: Customer, nadia: Colleague, mats: Colleague
) -> None:
    case = mats.call("staff.case.open", kind="wrong_values", what="x", ean=LOTTES_EAN)["reference"]
    mats.call("staff.case.hand_on", reference=case, account_id=nadia.account_id)
    before = lotte.statements(limit=1)
    assert refused(nadia.call, "staff.look", reference=case) == "no-case"
    assert (lotte.statements(limit=1), reasons(house)[0]) == (before, "nobody_identified")
    market = house.colleague("market", "market_clerk")
    nadia.call("staff.case.hand_on", reference=case, account_id=market.account_id)
    assert refused(market.call, "staff.look", reference=case) == "no-case"
    market.call("staff.case.hand_on", reference=case, account_id=mats.account_id)
    assert mats.call("staff.look", reference=case)["ean"] == LOTTES_EAN


@pytest.mark.requirement("R81", "R155")
def test_a_case_that_was_opened_by_ean_code_before_the_rule_opens_nothing(
    house: TheHouse, lotte: Customer, nadia: Colleague
) -> None:
    case = of_contact(nadia, identified(nadia))
    with house.engine("superuser").begin() as connection:
        old = "UPDATE staff.case_file SET contact_id = NULL WHERE reference = %(reference)s"
        connection.exec_driver_sql(old, {"reference": case})
    assert refused(nadia.call, "staff.look", reference=case) == "no-case"
    assert reasons(house)[0] == "nobody_identified"


@pytest.mark.requirement("R81", "R84", "R155")
def test_a_case_out_of_a_contact_is_about_who_was_identified_and_outlasts_it_without_his_code(
    house: TheHouse, lotte: Customer, nadia: Colleague, mats: Colleague
) -> None:
    reference, once = identified(nadia), str(uuid4())
    case = of_contact(nadia, reference, case_id=once)
    before = size(house)
    assert of_contact(nadia, reference, case_id=once) == case  # a button pressed twice
    assert size(house) == before
    other = identified(nadia)
    assert refused(of_contact, nadia, other, case_id=once) == "conflict"
    log = [one["event"] for one in nadia.call("desk.show", reference=reference)["log"]]
    assert log == ["desk.contact_opened", "desk.identified", "staff.case.opened"]
    nadia.call("staff.case.close", reference=reference)
    seen = nadia.call("staff.look", reference=case)
    assert (seen["address"], seen["ean"]) == ("Kerkstraat 1, 9000 Gent", None)
    assert lotte.statements(limit=1)[0]["task"] == case
    # Who works by the code has it.
    nadia.call("staff.case.hand_on", reference=case, account_id=mats.account_id)
    assert mats.call("staff.look", reference=case)["ean"] == LOTTES_EAN
    teams = of_contact(nadia, other, for_team=True)
    assert house.colleague("mate", "desk").call("staff.look", reference=teams)["address"]


@pytest.mark.requirement("R155")
def test_a_case_is_handed_to_nobody_who_cannot_work_with_it(
    house: TheHouse, lotte: Customer, nadia: Colleague, mats: Colleague
) -> None:
    gone, blocked, lapsed = (house.colleague(name, "desk", team="weg") for name in ("gus", "bo", "lies"))
    reader = house.colleague("lea", "desk", team="weg", writes=False)
    supplier = house.colleague("sup", "supplier_desk", team="leverancier")
    house.operator("staff.account.end", by="E-1", account_id=gone.account_id)
    with house.engine("superuser").begin() as connection:
        for change, one in (
            ("blocked_at = now(), block_reason = 'unused'", blocked),
            ("trained_until = '2020-01-01'", lapsed),
        ):
            changed = f"UPDATE staff.account SET {change} WHERE account_id = %(account)s"
            connection.exec_driver_sql(changed, {"account": one.account_id})
    talk, case = identified(nadia), nadia.call("staff.case.open", kind="question", what="x")["reference"]
    before = size(house)
    nobody = [{"account_id": one.account_id} for one in (gone, blocked, lapsed, reader, supplier)]
    nobody += [{"team": team} for team in ("weg", "leverancier", "niemand")]
    for reference in (talk, case):
        for to in nobody:
            assert refused(nadia.call, "staff.case.hand_on", reference=reference, **to) == "conflict", to
    assert refused(nadia.call, "staff.case.hand_on", reference=talk, account_id=mats.account_id) == "conflict"
    assert size(house) == before
    listed = nadia.call("staff.case.list")
    takers = {one["account_id"] for one in listed["takers"]}
    assert (mats.account_id in takers, takers & {one.account_id for one in (gone, blocked, lapsed)}) == (
        True,
        set(),
    )
    assert not {"weg", "leverancier"} & set(listed["teams"])
    nadia.call("staff.case.hand_on", reference=talk, team="loket")
    nadia.call("staff.case.hand_on", reference=case, account_id=mats.account_id)


@pytest.mark.requirement("R81", "R155")
def test_no_case_comes_out_of_a_contact_in_which_nobody_was_identified_or_of_anothers(
    house: TheHouse, lotte: Customer, nadia: Colleague, mats: Colleague
) -> None:
    unknown, landlord, closed = contact(nadia), contact(nadia, caller="landlord"), identified(nadia)
    nadia.call("desk.identify", reference=unknown, **(LOTTE | {"name": "X"}))
    nadia.call("staff.case.close", reference=closed)
    outsider = house.colleague("joris", "desk", team="elders")
    before = size(house)
    for one, reference, code in (
        (nadia, unknown, "conflict"),
        (nadia, landlord, "conflict"),
    ):
        assert refused(of_contact, one, reference) == code
    for changes in (
        {"kind": "contact"},
        {"kind": "ean_codes"},
        {"what": ""},
        {"case_id": "1"},
        {"ean": NOWHERE},
    ):
        assert refused(of_contact, nadia, unknown, **changes) == "malformed-request", changes
    assert size(house) == before
    for one, reference in ((nadia, closed), (outsider, unknown), (nadia, "Z2026-999999")):
        assert refused(of_contact, one, reference) == "no-case"
    assert refused(of_contact, mats, unknown) == "role-needed"
    assert reasons(house)[:4] == ["role_needed", "no_such_case", "not_yours", "closed"]
