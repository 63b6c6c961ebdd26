"""Who of the house logs in, who gives whom which role, and under which case somebody looks."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest

from databeheer.brussels import day_of
from databeheer.door.client import Proof
from databeheer.staff import roles
from databeheer.values import Role
from tests.conftest import LOTTES_EAN, MARIAS_EAN
from tests.databases import Databases
from tests.desk import identified, meter, refused, size
from tests.doors import query
from tests.house import Colleague, Customer, TheHouse, open_house


@pytest.fixture(scope="module")
def lotte(house: TheHouse) -> Customer:
    customer = house.customer("lotte", "Lotte Janssens")
    house.point(LOTTES_EAN, customer)
    return customer


@pytest.fixture(scope="module")
def maria(house: TheHouse) -> Customer:
    customer = house.customer("maria", "Maria Peeters")
    house.point(MARIAS_EAN, customer)
    return customer


@pytest.fixture(scope="module")
def mats(house: TheHouse) -> Colleague:
    return house.colleague("mats", "metering_clerk")


@pytest.fixture(scope="module")
def tom(house: TheHouse) -> Colleague:
    return house.colleague("tom", "manager")


@pytest.fixture(scope="module")
def femke(house: TheHouse) -> Colleague:
    return house.colleague("femke", "security_officer", team="huis")


# --- who logs in ------------------------------------------------------------------------------------------


@pytest.mark.requirement("R162")
def test_who_has_no_account_logs_in_nowhere(house: TheHouse, lotte: Customer) -> None:
    before = size(house)
    assert refused(house.log_in, "stranger", "Stranger", "staff") == "no-staff-account"
    assert refused(house.log_in, lotte.subject, lotte.name, "staff") == "no-staff-account"
    assert size(house) == before


@pytest.mark.requirement("R162")
def test_a_person_and_a_log_in_have_one_live_account(house: TheHouse) -> None:
    one = house.colleague("karel")
    assert refused(house.colleague, "karel-2", employee=one.employee) == "conflict"
    assert refused(house.colleague, "karel", employee="E-other") == "conflict"
    for alike in ("e-KAREL", " E-karel ", "Ekarel", "E-ka-rel"):
        assert refused(house.colleague, "karel-2", employee=alike) == "conflict", alike
    before = size(house)
    looks_alike = (
        "E-k\u0430rel",
        "E-karel\u200b",
        "E-\u00adkarel",
        "\uff25-karel",
        "E\u2010karel",
        "E - karel",
        "E.karel",
        "E-\u212aarel",
        "-",
        "",
        "e" * 41,
    )
    for drawn in looks_alike:
        assert refused(house.colleague, "karel-2", employee=drawn) == "malformed-request", ascii(drawn)
        assert refused(house.colleague, "karel-2", by=drawn) == "malformed-request", ascii(drawn)
    assert size(house) == before


def test_staff_are_neither_customers_nor_inspectors_nor_operators(nadia: Colleague, lotte: Customer) -> None:
    for command, arguments in (
        ("statements.list", {}),
        ("oversight.summary", {}),
        ("clocks.report", {}),
        ("registry.person.add", {"subject": "x", "name": "X"}),
        (
            "readings.read",
            {
                "occupancy_id": lotte.occupancy(),
                "from": "2023-10-28T22:00:00Z",
                "until": "2023-10-29T23:00:00Z",
                "granularity": "day",
            },
        ),
    ):
        assert refused(nadia.call, command, **arguments) == "unauthenticated", command
    for command in ("stop.set", "stop.lift", "link.close", "link.reopen"):  # an administrator's, and not hers
        assert refused(nadia.call, command, reason="x") == "role-needed", command


def test_the_first_page_says_who_one_is_and_what_one_may(nadia: Colleague) -> None:
    me = nadia.call("staff.me")
    assert (me["name"], me["roles"], me["writes"], me["lacks"]) == ("Nadia", ["desk"], ["desk"], [])
    assert nadia.call("me") == {"role": "staff", "name": "Nadia", "occupancies": []}


@pytest.mark.requirement("R166")
@pytest.mark.parametrize(
    ("papers", "lacks"),
    [
        ({"clause_signed_on": None}, ["clause"]),
        ({"trained_until": None}, ["training"]),
        ({"trained_until": "2020-01-01"}, ["training"]),
        ({"clause_signed_on": "2090-01-01", "trained_until": None}, ["clause", "training"]),
    ],
)
def test_without_clause_or_training_no_role_works(
    house: TheHouse, papers: dict[str, Any], lacks: list[str]
) -> None:
    one = house.colleague(f"p-{'-'.join(lacks)}-{len(str(papers))}", "desk", **papers)
    me = one.call("staff.me")
    assert (me["roles"], me["writes"], me["lacks"]) == ([], [], lacks)
    assert refused(one.call, "staff.case.open", kind="question", what="x") == "role-needed"
    assert refused(one.call, "staff.case.list") == "role-needed"


@pytest.mark.requirement("R166", "R167")
def test_another_keeps_what_somebody_signed_and_then_it_counts_at_once(
    house: TheHouse, tom: Colleague
) -> None:
    one = house.colleague("late", "confidentiality_coordinator", trained_until=None)
    until = (day_of(house.clock.now()) + timedelta(days=100)).isoformat()
    assert refused(one.call, "staff.account.papers", account_id=one.account_id, trained_until=until) == (
        "role-needed"
    )
    own = {"account_id": tom.account_id, "trained_until": until}
    assert refused(tom.call, "staff.account.papers", **own) == "conflict"
    tom.call("staff.account.papers", account_id=one.account_id, trained_until=until)
    assert one.call("staff.me")["roles"] == ["confidentiality_coordinator"]


# --- who gives whom which role ----------------------------------------------------------------------------


@pytest.mark.requirement("R156", "R159")
def test_a_role_counts_once_another_person_approved_it(
    house: TheHouse, tom: Colleague, femke: Colleague
) -> None:
    one = house.colleague("new")
    asked = tom.call("staff.role.ask", account_id=one.account_id, role="desk", reason="joins the desk")
    assert one.call("staff.me")["roles"] == []
    assert refused(tom.call, "staff.role.approve", grant_id=asked["grant_id"]) == "conflict"
    femke.call("staff.role.approve", grant_id=asked["grant_id"])
    assert one.call("staff.me")["roles"] == ["desk"]
    assert refused(femke.call, "staff.role.approve", grant_id=asked["grant_id"]) == "conflict"


@pytest.mark.requirement("R156")
def test_nobody_approves_what_he_gets_or_asked_whatever_key_he_uses(
    house: TheHouse, tom: Colleague, femke: Colleague
) -> None:
    other = house.colleague("other-manager", "manager")
    own = other.asked("confidentiality_coordinator", by=tom.employee)
    assert refused(other.call, "staff.role.approve", grant_id=own) == "conflict"
    for by in (other.employee, f" {other.employee.lower()} ", tom.employee):
        assert refused(house.operator, "staff.role.approve", by=by, grant_id=own) == "conflict"
    assert refused(tom.call, "staff.role.approve", grant_id=own) == "conflict"
    assert other.call("staff.me")["roles"] == ["manager"]


@pytest.mark.requirement("R156", "R162")
def test_a_second_account_of_the_same_person_approves_nothing_either(
    house: TheHouse, femke: Colleague
) -> None:
    """He left, came back under another log-in, and finds what he had asked before."""
    one = house.colleague("before", "manager")
    new = house.colleague("helped")
    asked = one.call("staff.role.ask", account_id=new.account_id, role="desk", reason="x")
    with house.engine("superuser").begin() as connection:
        connection.exec_driver_sql(
            "UPDATE staff.account SET ended_at = now(), end_reason = 'left' WHERE account_id = %(id)s",
            {"id": UUID(one.account_id)},
        )
        connection.exec_driver_sql(
            "UPDATE staff.role_grant SET ended_at = now(), end_reason = 'left' WHERE account_id = %(id)s",
            {"id": UUID(one.account_id)},
        )
    assert refused(one.call, "staff.me") == "unauthenticated"
    again = house.colleague("again", "manager", employee=one.employee)
    assert refused(again.call, "staff.role.approve", grant_id=asked["grant_id"]) == "conflict"
    femke.call("staff.role.approve", grant_id=asked["grant_id"])


@pytest.mark.requirement("R156")
def test_the_database_refuses_the_same_person_too(house: TheHouse) -> None:
    one = house.colleague("checked")
    asked = one.asked("desk")
    with (
        psycopg.connect(house.database.url("door")) as door,
        pytest.raises(psycopg.errors.CheckViolation),
    ):
        door.execute(
            "UPDATE staff.role_grant SET approved_by = asked_by, approved_at = now(), approved_index = 0"
            " WHERE grant_id = %s",
            [asked],
        )


@pytest.mark.requirement("R168")
def test_roles_that_go_not_together_are_refused_by_the_door_and_by_the_database(house: TheHouse) -> None:
    one = house.colleague("both", "supplier_desk", writes=False)
    for role in ("desk", "metering_clerk", "market_clerk"):
        assert refused(one.asked, role) == "conflict"
    another = house.colleague("waits")
    desk, supplier = another.asked("desk"), another.asked("supplier_desk")
    house.operator("staff.role.approve", by="E-2", grant_id=desk)
    assert refused(house.operator, "staff.role.approve", by="E-2", grant_id=supplier) == "conflict"
    with (
        psycopg.connect(house.database.url("door")) as door,
        pytest.raises(psycopg.errors.CheckViolation, match="incompatible"),
    ):
        door.execute(
            "UPDATE staff.role_grant SET approved_by = 'x', approved_at = now(), approved_index = 0"
            " WHERE grant_id = %s",
            [supplier],
        )


@pytest.mark.requirement("R157")
def test_an_administrator_is_one_for_a_period_only(house: TheHouse, databases: Databases) -> None:
    with databases.clone() as database, open_house(database) as house:
        one = house.colleague("jonas")
        assert refused(one.asked, "administrator", until=None) == "malformed-request"
        too_long = (house.clock.now() + timedelta(days=31)).isoformat()
        assert refused(one.asked, "administrator", until=too_long) == "malformed-request"
        past = (house.clock.now() - timedelta(seconds=1)).isoformat()
        assert refused(one.asked, "administrator", until=past) == "malformed-request"
        one.is_given("administrator")
        assert one.call("staff.me")["roles"] == ["administrator"]
        house.clock.advance(roles.load().by_code["administrator"].longest or timedelta())
        one.log_in()
        assert one.call("staff.me")["roles"] == []


@pytest.mark.requirement("R155", "R162")
def test_each_command_takes_its_role_and_to_change_it_takes_the_role_to_write(
    house: TheHouse, tom: Colleague
) -> None:
    reader = house.colleague("reader", "desk", "manager", writes=False)
    clerk = house.colleague("clerk", "metering_clerk")
    one = house.colleague("target")
    asked = one.asked("desk")
    before = size(house)
    for who in (reader, clerk):
        for command, arguments in (
            ("staff.role.ask", {"account_id": one.account_id, "role": "desk", "reason": "x"}),
            ("staff.role.approve", {"grant_id": asked}),
            ("staff.role.end", {"grant_id": asked}),
            ("staff.account.papers", {"account_id": one.account_id, "trained_until": "2090-01-01"}),
            (
                "staff.account.add",
                {"employee": "E-x", "subject": "x", "name": "X", "team": "loket"},
            ),
        ):
            assert refused(who.call, command, **arguments) == "role-needed", command
    assert refused(reader.call, "staff.case.open", kind="question", what="x") == "role-needed"
    assert refused(clerk.call, "staff.account.list") == "role-needed"
    assert refused(tom.call, "staff.account.add", employee="E-x", subject="x", name="X", team="l") == (
        "role-needed"
    )
    assert size(house) == before
    assert reader.call("staff.account.list")["accounts"]


def test_a_session_names_nobody_and_the_operators_key_somebody(house: TheHouse, tom: Colleague) -> None:
    one = house.colleague("named")
    wish = {"account_id": one.account_id, "role": "desk", "reason": "x"}
    assert refused(tom.call, "staff.role.ask", by="E-2", **wish) == "malformed-request"
    assert refused(house.operator, "staff.role.ask", **wish) == "malformed-request"


@pytest.mark.requirement("R155")
def test_what_ends_counts_in_the_middle_of_a_session(house: TheHouse, tom: Colleague) -> None:
    one = house.colleague("ending", team="enders")  # whose cases are all his own
    grant = one.is_given("desk")
    assert one.call("staff.case.list")["cases"] == []
    tom.call("staff.role.end", grant_id=grant)
    assert refused(one.call, "staff.case.list") == "role-needed"
    assert refused(tom.call, "staff.role.end", grant_id=grant) == "conflict"


# --- under which case somebody looks ----------------------------------------------------------------------


@pytest.mark.requirement("R155", "R132")
def test_a_look_takes_a_case_and_the_customer_sees_it(
    house: TheHouse, lotte: Customer, mats: Colleague
) -> None:
    case = mats.call("staff.case.open", kind="wrong_values", what="a jump at noon", ean=LOTTES_EAN)
    shown = mats.call("staff.look", reference=case["reference"])
    assert (shown["ean"], shown["readers"]) == (LOTTES_EAN, [])
    line = lotte.statements(limit=1)[0]
    assert (line["event"], line["ground"], line["by"], line["task"], line["category"]) == (
        "data.read",
        "staff",
        "staff",
        case["reference"],
        "relational",
    )
    assert line["index"] == shown["index"]
    told = query(house, "SELECT entry_index, event FROM staff.deed WHERE account_id = %s", mats.account_id)
    assert (shown["index"], "data.read") in told


@pytest.mark.requirement("R155", "R132")
def test_without_a_case_of_ones_own_nothing_is_shown_and_it_is_on_the_inspectors_list(
    house: TheHouse, lotte: Customer, mats: Colleague
) -> None:
    peer = house.colleague("peer", "metering_clerk", team="elders")
    theirs = peer.call("staff.case.open", kind="missing_values", what="x", ean=LOTTES_EAN)["reference"]
    closed = mats.call("staff.case.open", kind="missing_values", what="x", ean=LOTTES_EAN)["reference"]
    mats.call("staff.case.close", reference=closed)
    of_nobody = mats.call("staff.case.open", kind="question", what="opening hours")["reference"]
    before = lotte.statements(limit=1)
    for reference in ("Z2026-999999", theirs, closed, of_nobody):
        assert refused(mats.call, "staff.look", reference=reference) == "no-case"
        if reference != of_nobody:  # that one is hers to close
            assert refused(mats.call, "staff.case.close", reference=reference) == "not-found"
    assert lotte.statements(limit=1) == before
    listed = house.client.call("staff.refusals", Proof.session(house.inspector()))["refusals"]
    assert [(one["what"], one["reason"]) for one in listed[:7]] == [
        ("look", "about_nobody"),
        ("case", "closed"),
        ("look", "closed"),
        ("case", "not_yours"),
        ("look", "not_yours"),
        ("case", "no_such_case"),
        ("look", "no_such_case"),
    ]
    assert {one["name"] for one in listed[:7]} == {"Mats"}


@pytest.mark.requirement("R155")
def test_a_case_of_the_team_and_one_that_was_handed_on_open_to_who_has_them(
    house: TheHouse, maria: Customer, mats: Colleague, tom: Colleague
) -> None:
    mate = house.colleague("mate", "metering_clerk")
    teams = mats.call("staff.case.open", kind="missing_values", what="x", ean=MARIAS_EAN, for_team=True)[
        "reference"
    ]
    assert mate.call("staff.look", reference=teams)["ean"] == MARIAS_EAN
    own = mats.call("staff.case.open", kind="missing_values", what="x", ean=MARIAS_EAN)["reference"]
    assert refused(mate.call, "staff.look", reference=own) == "no-case"
    assert refused(mate.call, "staff.case.hand_on", reference=own, account_id=mate.account_id) == "not-found"
    mats.call("staff.case.hand_on", reference=own, account_id=mate.account_id)
    assert mate.call("staff.look", reference=own)["ean"] == MARIAS_EAN
    assert refused(mats.call, "staff.look", reference=own) == "no-case"
    assert refused(tom.call, "staff.look", reference=own) == "role-needed"


@pytest.mark.requirement("R155", "R200")
def test_who_has_no_role_for_customers_looks_at_none(house: TheHouse, lotte: Customer) -> None:
    for code in roles.load().by_code.keys() - roles.load().reading("people"):
        one = house.colleague(f"none-{code}", code)
        assert refused(one.call, "staff.look", reference="Z2026-1") == "role-needed", code


@pytest.mark.requirement("R200")
def test_the_state_of_market_processes_shows_to_who_handles_them_and_to_nobody_else(
    house: TheHouse, maria: Customer, nadia: Colleague, mats: Colleague
) -> None:
    begun = house.operator("registry.process.begin", ean=MARIAS_EAN, kind="prepayment")
    clerk = house.colleague("market", "market_clerk")
    meter(house, MARIAS_EAN, "1SAG9400000001")
    who = {"ean": MARIAS_EAN, "meter": "1SAG9400000001", "name": "Maria Peeters"}
    kinds = ((clerk, "market_process"), (mats, "wrong_values"))
    of_clerks = [one.call("staff.case.open", kind=kind, what="x", ean=MARIAS_EAN) for one, kind in kinds]
    theirs = [case["reference"] for case in of_clerks]
    for one, case in ((clerk, theirs[0]), (mats, theirs[1]), (nadia, identified(nadia, **who))):
        sees = one is clerk
        shown = one.call("staff.look", reference=case)
        assert (shown["processes"] is not None) is sees
        if sees:
            assert [process["kind"] for process in shown["processes"]] == ["prepayment"]
        assert ("prepayment" in str(shown)) is sees
    house.operator("registry.process.end", process_id=begun["process_id"])


def test_a_look_shows_this_stay_and_nobody_before(house: TheHouse) -> None:
    old, new = house.customer("old", "Old Occupant"), house.customer("newer", "New Occupant")
    ean = "541448899990000077"
    house.point(ean, old)
    desk = house.colleague("mover", "market_clerk")
    before = desk.call("staff.case.open", kind="move", what="x", ean=ean)["reference"]
    today = day_of(house.clock.now())
    house.operator("registry.occupancy.end", ean=ean, until_day=today.isoformat())
    house.operator(
        "registry.occupancy.begin", ean=ean, person_id=str(new.person_id), from_day=today.isoformat()
    )
    house.operator("registry.person.add", subject="x", name="x")
    after = desk.call("staff.case.open", kind="move", what="x", ean=ean)["reference"]
    shown = desk.call("staff.look", reference=after)
    assert (shown["from"], shown["until"]) == (today.isoformat(), None)
    assert all(line["event"] == "data.read" and line["by"] == "staff" for line in shown["lines"])
    assert desk.call("staff.look", reference=before)["until"] == today.isoformat()


def test_while_all_hand_over_is_stopped_staff_see_nothing_either(
    house: TheHouse, lotte: Customer, mats: Colleague
) -> None:
    case = mats.call("staff.case.open", kind="missing_values", what="x", ean=LOTTES_EAN)["reference"]
    house.operator("stop.set", reason="drill")
    try:
        assert refused(mats.call, "staff.look", reference=case) == "stopped"
        assert lotte.statements(limit=1)[0]["event"] == "data.refused"
    finally:
        house.operator("stop.lift", reason="over")


@pytest.mark.requirement("R170")
def test_the_inspector_sees_how_staff_work_and_the_governance_committee_sees_no_customer(
    house: TheHouse, lotte: Customer, nadia: Colleague
) -> None:
    ines = Proof.session(house.inspector())
    people = house.client.call("staff.account.list", ines)["accounts"]
    assert nadia.account_id in {one["account_id"] for one in people}
    told = str(people) + str(house.client.call("staff.trail.people", ines))
    assert lotte.name not in told
    assert LOTTES_EAN not in told
    assert refused(house.client.call, "staff.look", ines, reference="Z2026-1") == "unauthenticated"
    committee = house.house.catalogue.plan(Role.GOVERNANCE_COMMITTEE)
    assert committee.excluded is not None
    assert not committee.statutory
    assert not committee.by_consent


@pytest.mark.requirement("R95")
def test_many_changes_of_one_service_hide_no_state_of_another(house: TheHouse) -> None:
    ada = house.colleague("ada", "administrator")
    house.operator("stop.set", reason="an incident")
    for _ in range(11):
        ada.call("link.close", reason="a drill")
        ada.call("link.reopen", reason="over")
    shown = {one["service"]: one for one in ada.call("systems.show")["services"]}
    house.operator("stop.lift", reason="over")
    assert (shown["handover"]["is_open"], shown["handover"]["changes"][0]["reason"]) == (False, "an incident")
    assert (shown["linking"]["is_open"], len(shown["linking"]["changes"])) == (True, 20)
