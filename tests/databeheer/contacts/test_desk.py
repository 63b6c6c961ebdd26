"""At the desk: nothing before who asks is identified, no code on a screen, papers as the same events, recordings."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from databeheer.contacts.contacts import Caller, Channel
from databeheer.contacts.recordings import DUTIES, until
from databeheer.door.client import DoorRefusedError, Proof
from databeheer.door.contacts import recordings as recording_commands
from databeheer.permissions import history
from databeheer.values import parse_instant
from tests.conftest import LOTTES_EAN, MARIAS_EAN
from tests.databases import Databases
from tests.databeheer.door.access_register.sending import ean_of
from tests.desk import (
    LOTTE,
    METER,
    MOBILE,
    contact,
    events,
    identified,
    lottes_home,
    meter,
    refused,
    scan,
    size,
    waiting,
)
from tests.doors import query
from tests.house import Colleague, Customer, Party, TheHouse, open_house
from tests.linking import NOWHERE

EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
GAS_METER, MARIAS_METER, GARAGE_METER = "1SAG9200000002", "1SAG9200000003", "1SAG9200000005"
BY_ADDRESS = {"street": "Kerkstraat 1", "postcode": "9000", "meter": METER, "name": "JANSSENS Lotte"}


@pytest.fixture(scope="module")
def lotte(house: TheHouse, gas_ean: str) -> Customer:
    customer = lottes_home(house)
    house.point(gas_ean, customer, commodity="gas", interval_reading=False)
    meter(house, gas_ean, GAS_METER)
    house.point(ean_of(79), customer, address="Garage 1, 9000 Gent")
    meter(house, ean_of(79), GARAGE_METER)
    return customer


@pytest.fixture(scope="module")
def gas_ean() -> str:
    return ean_of(77)


@pytest.fixture(scope="module")
def maria(house: TheHouse) -> Customer:
    customer = house.customer("maria", "Maria Peeters")
    house.point(MARIAS_EAN, customer, address="Molenstraat 7, 9000 Gent")
    meter(house, MARIAS_EAN, MARIAS_METER)
    return customer


@pytest.fixture(scope="module")
def tom(house: TheHouse) -> Colleague:
    return house.colleague("tom", "manager", team="leiding")


@pytest.fixture(scope="module")
def outsider(house: TheHouse) -> Colleague:
    """Somebody of the house with the same role, in another team."""
    return house.colleague("joris", "desk", team="elders")


# --- who asks ---------------------------------------------------------------------------------------------


@pytest.mark.requirement("R88")
@pytest.mark.parametrize(
    "missing", [{"told_recorded": False}, {"recording": None}, {"channel": "visit"}, {"channel": "letter"}]
)
def test_a_call_begins_with_the_word_that_it_is_recorded_and_nothing_else_does(
    house: TheHouse, nadia: Colleague, missing: dict[str, Any]
) -> None:
    before = size(house)
    call = {"channel": "call", "caller": "customer", "told_recorded": True, "recording": "R-1"}
    wish = call | {"contact_id": str(uuid4()), "what": "vraagt iets"} | missing
    assert refused(nadia.call, "desk.open", **wish) == "malformed-request"
    assert size(house) == before
    with psycopg.connect(house.database.url("door")) as door, pytest.raises(psycopg.errors.CheckViolation):
        door.execute(
            "INSERT INTO staff.contact (case_id, operator, channel, caller, told_recorded)"
            " VALUES (gen_random_uuid(), 0, 'call', 'customer', false)"
        )


@pytest.mark.requirement("R81", "R82", "R83")
def test_nothing_is_seen_before_who_asks_is_identified_and_then_only_his_own_stay(
    house: TheHouse, nadia: Colleague, lotte: Customer, maria: Customer
) -> None:
    reference = contact(nadia)
    assert LOTTES_EAN not in str(nadia.call("desk.show", reference=reference))
    assert refused(nadia.call, "staff.look", reference=reference) == "no-case"
    for act in (
        partial(nadia.call, "desk.send_eans", reference=reference, meters=[METER]),
        partial(nadia.call, "desk.history_way", reference=reference),
    ):
        assert refused(act) == "conflict"
    assert nadia.call("desk.identify", reference=reference, **LOTTE)["identified"] is True
    seen = nadia.call("staff.look", reference=reference)
    assert (seen["address"], seen["from"]) == ("Kerkstraat 1, 9000 Gent", "2022-01-01")
    # Of whoever was identified, and once; another asks in a contact of his own.
    other = {"ean": MARIAS_EAN, "meter": MARIAS_METER, "name": "Maria Peeters"}
    assert refused(nadia.call, "desk.identify", reference=reference, **other) == "conflict"
    assert events(lotte, 2) == ["data.read", "desk.identified"]
    assert lotte.statements(limit=1)[0]["task"] == reference
    assert not [one for one in events(maria, 20) if one.startswith("desk.")]


@pytest.mark.requirement("R83", "R98")
@pytest.mark.parametrize(
    "wrong",
    [
        {"meter": MARIAS_METER},
        {"meter": "1SAG9999999999"},
        {"name": "Karel Kijker"},
        {"name": "Maria Peeters"},
        {"ean": MARIAS_EAN},
        {"ean": NOWHERE},
        {"ean": None, "street": "Kerkstraat 2", "postcode": "9000"},
        {"ean": None, "street": "Kerkstraat 1", "postcode": "9001"},
    ],
)
def test_whatever_does_not_fit_the_answer_is_the_same_and_so_is_what_is_written(
    house: TheHouse, nadia: Colleague, lotte: Customer, maria: Customer, wrong: dict[str, Any]
) -> None:
    reference, before = contact(nadia), size(house)
    answer = nadia.call("desk.identify", reference=reference, **(LOTTE | wrong))
    assert answer == {"identified": False, "tries_left": 2}
    written = query(house, "SELECT event FROM ledger.body WHERE index >= %s", before)
    assert written == [("desk.not_identified",)]
    assert refused(nadia.call, "staff.look", reference=reference) == "no-case"
    _release(nadia)


def _release(nadia: Colleague) -> None:
    """So that no test locks what another asks."""
    paper = contact(nadia, "letter")
    for ean, number in ((LOTTES_EAN, METER), (MARIAS_EAN, MARIAS_METER), (NOWHERE, "1SAG9999999999")):
        nadia.call("desk.paper_unlock", reference=paper, document_sha256=scan(), ean=ean, meter=number)


@pytest.mark.requirement("R83")
def test_a_meter_number_is_asked_whatever_else_is_known(nadia: Colleague, lotte: Customer) -> None:
    reference = contact(nadia)
    for lacking in ("meter", "name", "ean"):
        asked = {name: value for name, value in LOTTE.items() if name != lacking}
        assert refused(nadia.call, "desk.identify", reference=reference, **asked) == "malformed-request"
    both = LOTTE | BY_ADDRESS
    assert refused(nadia.call, "desk.identify", reference=reference, **both) == "malformed-request"
    assert nadia.call("desk.identify", reference=reference, **BY_ADDRESS)["identified"] is True


@pytest.mark.requirement("R92", "R98")
def test_three_in_vain_lock_contact_meter_and_code_also_for_what_is_right_until_a_paper_unlocks(
    house: TheHouse, nadia: Colleague, maria: Customer
) -> None:
    right = {"ean": MARIAS_EAN, "meter": MARIAS_METER, "name": "Maria Peeters"}
    reference = contact(nadia)
    lefts = [
        nadia.call("desk.identify", reference=reference, **(right | {"name": "X"}))["tries_left"]
        for _ in range(3)
    ]
    assert lefts == [2, 1, 0]
    assert nadia.call("desk.identify", reference=reference, **right) == {"identified": False, "tries_left": 0}
    another = contact(nadia)
    assert nadia.call("desk.identify", reference=another, **right) == {"identified": False, "tries_left": 2}
    asked = {"document_sha256": scan(), "ean": MARIAS_EAN, "meter": MARIAS_METER.lower()}
    by_phone = partial(nadia.call, "desk.paper_unlock", reference=contact(nadia), **asked)
    assert refused(by_phone) == "conflict"
    nadia.call("desk.paper_unlock", reference=contact(nadia, "letter"), **asked)
    assert nadia.call("desk.identify", reference=another, **right)["identified"] is True
    assert "link.released" in events(maria, 5)


@pytest.mark.requirement("R92")
def test_a_scan_unlocks_one_home_and_a_contact_a_few(
    house: TheHouse, nadia: Colleague, lotte: Customer, maria: Customer
) -> None:
    right = {"ean": MARIAS_EAN, "meter": MARIAS_METER, "name": "Maria Peeters"}
    for _ in range(3):
        nadia.call("desk.identify", reference=contact(nadia), **(right | {"name": "X"}))
    paper = {"reference": contact(nadia, "letter"), "document_sha256": scan()}
    unlock = partial(nadia.call, "desk.paper_unlock")
    for _ in range(2):  # a button pressed twice
        unlock(**paper, ean=LOTTES_EAN, meter=MARIAS_METER)  # of one home: a neighbour's meter stays locked
    before, hers = size(house), events(maria, 1)
    for other in ({"meter": MARIAS_METER}, {"ean": MARIAS_EAN}, {"ean": LOTTES_EAN}, {"meter": "X1"}):
        assert refused(unlock, **paper, **other) == "conflict", other
    assert (size(house), hers) == (before, ["desk.not_identified"])
    assert not nadia.call("desk.identify", reference=contact(nadia), **right)["identified"]
    again = paper | {"document_sha256": scan()}
    unlock(**again, ean=MARIAS_EAN, meter=MARIAS_METER.lower())
    assert nadia.call("desk.identify", reference=contact(nadia), **right)["identified"]
    before = size(house)
    for scanned in (paper, again, again | {"document_sha256": scan()}):
        assert refused(unlock, **scanned, ean=LOTTES_EAN, meter=MARIAS_METER) == "conflict"
    assert size(house) == before


@pytest.mark.requirement("R92")
def test_three_meter_numbers_in_vain_lock_an_address_however_it_is_written_until_its_own_number_opens_it(
    house: TheHouse, nadia: Colleague, outsider: Colleague, maria: Customer
) -> None:
    there = {"ean": None, "street": "Molenstraat 7", "postcode": "9000", "name": "Maria Peeters"}
    for written, guess in (
        ("Molenstraat 7", "1SAG9000000001"),
        ("MOLENSTRAAT, 7", "2"),
        ("molenstraat 7", "3"),
    ):
        asked = there | {"street": written, "meter": guess}
        assert not outsider.call("desk.identify", reference=contact(outsider), **asked)["identified"]
    right = there | {"meter": MARIAS_METER}
    assert not nadia.call("desk.identify", reference=contact(nadia), **right)["identified"]
    by_ean = {"ean": MARIAS_EAN, "meter": MARIAS_METER, "name": "Maria Peeters"}
    assert nadia.call("desk.identify", reference=contact(nadia), **by_ean)["identified"]
    assert nadia.call("desk.identify", reference=contact(nadia), **right)["identified"]


@pytest.mark.requirement("R79", "R89")
@pytest.mark.parametrize("caller", sorted(set(Caller) - {Caller.CUSTOMER, Caller.MANDATED}))
def test_landlord_and_supplier_are_told_nothing_whatever_they_know(
    house: TheHouse, nadia: Colleague, lotte: Customer, caller: str
) -> None:
    reference = contact(nadia, caller=caller)
    before = size(house)
    assert refused(nadia.call, "desk.identify", reference=reference, **LOTTE) == "conflict"
    assert (size(house), nadia.call("desk.show", reference=reference)["is_known_here"]) == (before, False)
    with psycopg.connect(house.database.url("door")) as door, pytest.raises(psycopg.errors.CheckViolation):
        door.execute(
            "UPDATE staff.contact SET identified_at = now() WHERE case_id ="
            " (SELECT case_id FROM staff.case_file WHERE reference = %s)",
            [reference],
        )


@pytest.mark.requirement("R81")
def test_who_has_a_mandate_is_known_by_his_own_name_and_only_as_such(
    house: TheHouse, nadia: Colleague, maria: Customer
) -> None:
    vera = house.customer("vera", "Vera Voogd")
    wish = {
        "person_id": str(maria.person_id),
        "representative_id": str(vera.person_id),
        "reference": "Vred. Gent 2023/1",
        "from_day": "2023-01-01",
    }
    house.operator("registry.representation.add", **wish)
    known = {"ean": MARIAS_EAN, "meter": MARIAS_METER}
    as_herself, mandated = contact(nadia), contact(nadia, caller="mandated")
    for reference, name in ((as_herself, "Vera Voogd"), (mandated, "Maria Peeters")):
        wrong = nadia.call("desk.identify", reference=reference, name=name, **known)
        assert wrong["identified"] is False
    assert nadia.call("desk.identify", reference=mandated, name="Vera Voogd", **known)["identified"] is True
    _release(nadia)


@pytest.mark.requirement("R81", "R155")
def test_another_teams_contact_opens_nothing_and_trying_stands_on_the_inspectors_list(
    house: TheHouse, nadia: Colleague, outsider: Colleague, tom: Colleague, lotte: Customer
) -> None:
    reference, ours = identified(nadia, "letter"), contact(outsider, "letter")
    signed = {"reason": "verhuisd", "signed_as": "Joris"}
    asked = partial(outsider.call, reference=reference)
    tried: list[tuple[str, dict[str, Any]]] = [
        ("desk.identify", LOTTE),
        ("desk.send_eans", {"meters": [METER]}),
        ("desk.ask_supplier", {"ean": LOTTES_EAN}),
        ("desk.history_way", {}),
        ("desk.paper_grant", {"permission_id": str(uuid4()), "document_sha256": scan()}),
        ("desk.paper_withdraw", {"permission_id": str(uuid4()), "document_sha256": scan()}),
        ("desk.paper_right", {"kind": "copy", "document_sha256": scan()}),
        ("desk.paper_unlock", {"ean": LOTTES_EAN, "document_sha256": scan()}),
        ("desk.keep_recording", {"duty": "gas_smell"}),
    ]
    for command, arguments in tried:
        assert refused(asked, command, **arguments) == "no-case", command
        assert refused(tom.call, command, reference=reference, **arguments) == "role-needed", command
        unknown = arguments | {"reference": "Z2026-999999"}
        assert refused(nadia.call, command, **unknown) == "no-case", command
    for reader in (outsider, house.colleague("rita", "desk", team="elders", writes=False)):
        assert refused(reader.call, "desk.show", reference=reference) == "no-case"
    assert refused(tom.call, "desk.show", reference=reference) == "role-needed"
    listed = house.client.call("staff.refusals", inspectors(house))["refusals"]
    mine = [one["reason"] for one in listed if (one["what"], one["name"]) == ("contact", "Joris")]
    assert mine == ["not_yours"] * (len(tried) + 1)  # a mere look at its page is one of them
    assert ("contact", "not_yours", "Rita") in [(one["what"], one["reason"], one["name"]) for one in listed]
    assert outsider.call("desk.show", reference=ours)["identified_at"] is None
    # Nor does who has another role leave no trace, or who does what is done with any case.
    adam = house.colleague("adam", "administrator")
    for one, command, arguments, what, code, why in (
        (tom, "desk.show", {}, "contact", "role-needed", "role_needed"),
        (tom, "desk.send_eans", {"meters": [METER]}, "contact", "role-needed", "role_needed"),
        (tom, "staff.look", {}, "look", "role-needed", "role_needed"),
        (adam, "desk.show", {}, "contact", "role-needed", "role_needed"),
        (adam, "staff.case.close", {}, "case", "role-needed", "role_needed"),
        (outsider, "staff.case.close", {}, "case", "not-found", "not_yours"),
        (outsider, "staff.case.hand_on", {"team": "elders"}, "case", "not-found", "not_yours"),
        (outsider, "staff.register.ask", signed, "register", "not-found", "not_yours"),
    ):
        before = size(house)
        assert refused(one.call, command, reference=reference, **arguments) == code, command
        newest = house.client.call("staff.refusals", inspectors(house))["refusals"][0]
        assert (newest["what"], newest["reason"], newest["account_id"]) == (what, why, one.account_id)
        written = query(house, "SELECT event FROM ledger.body WHERE index >= %s ORDER BY index", before)
        assert ("staff.refused",) in written
    nadia.call("staff.case.close", reference=reference)
    assert refused(nadia.call, "desk.send_eans", reference=reference, meters=[METER]) == "no-case"


def inspectors(house: TheHouse) -> Proof:
    return Proof.session(house.inspector())


def test_a_button_pressed_twice_opens_one_contact_and_a_number_of_another_none(
    house: TheHouse, nadia: Colleague, outsider: Colleague
) -> None:
    once = str(uuid4())
    reference = contact(nadia, contact_id=once)
    before = size(house)
    assert contact(nadia, contact_id=once) == reference
    assert refused(contact, outsider, contact_id=once) == "conflict"
    assert size(house) == before


# --- what he may hear, and on which way -------------------------------------------------------------------


@pytest.mark.requirement("R84", "R86")
@pytest.mark.parametrize("channel", list(Channel))
def test_no_screen_of_a_contact_has_an_ean_code_and_it_goes_to_a_telephone_or_by_letter(
    house: TheHouse, nadia: Colleague, lotte: Customer, channel: str
) -> None:
    reference = identified(nadia, channel)
    in_writing = channel in ("letter", "email")
    ask = partial(nadia.call, "desk.send_eans", reference=reference, meters=[METER])
    if in_writing:
        assert refused(ask, mobile=MOBILE) == "malformed-request"
    with house.engine("superuser").begin() as connection:
        connection.exec_driver_sql("DELETE FROM identity.ean_told")
        connection.exec_driver_sql("DELETE FROM post.letter")
        connection.exec_driver_sql("DELETE FROM post.delivery")
    answers = [
        ask(mobile=None if in_writing else MOBILE),
        nadia.call("staff.look", reference=reference),
        nadia.call("desk.show", reference=reference),
        nadia.call("desk.mine"),
        nadia.call("staff.case.list"),
    ]
    assert answers[0] == {"registered": None, "channel": "letter" if in_writing else "sms"}
    assert waiting(house) == 1
    assert LOTTES_EAN not in str(answers)
    told = "ean_letter.written" if in_writing else "ean_sms.written"
    log = [one["event"] for one in nadia.call("desk.show", reference=reference)["log"]]
    assert log == ["desk.contact_opened", "desk.identified", told, "data.read"]
    assert events(lotte, 3) == ["data.read", told, "desk.identified"]
    assert {one["task"] for one in lotte.statements(limit=3)} == {reference}


@pytest.mark.requirement("R84", "R98")
def test_a_code_of_somebody_elses_meter_or_of_none_goes_nowhere_and_the_answer_is_the_same(
    house: TheHouse, nadia: Colleague, lotte: Customer, maria: Customer
) -> None:
    before = waiting(house)
    for number in (MARIAS_METER, "1SAG9999999999"):
        reference = identified(nadia)
        answer = nadia.call("desk.send_eans", reference=reference, meters=[number], mobile=MOBILE)
        assert answer == {"registered": None, "channel": "sms"}
    assert waiting(house) == before
    assert events(maria, 1) == ["ean.withheld"]
    _release(nadia)


@pytest.mark.requirement("R85")
def test_two_codes_go_out_and_a_third_makes_a_case_of_the_team_that_answers_in_writing(
    house: TheHouse, nadia: Colleague, lotte: Customer
) -> None:
    reference = identified(nadia)
    ask = partial(nadia.call, "desk.send_eans", reference=reference, mobile=MOBILE)
    assert refused(ask, meters=[METER, METER.lower()]) == "malformed-request"
    assert refused(ask, meters=[]) == "malformed-request"
    with house.engine("superuser").begin() as connection:
        connection.exec_driver_sql("DELETE FROM identity.ean_told")
    before = waiting(house)
    assert ask(meters=[METER, GAS_METER])["registered"] is None
    assert waiting(house) == before + 2
    case = ask(meters=[METER, GARAGE_METER])["registered"]
    assert waiting(house) == before + 2
    listed = {one["reference"]: one for one in nadia.call("staff.case.list")["cases"]}
    assert (listed[case]["is_teams"], GARAGE_METER in listed[case]["what"]) == (True, True)
    asked = {"reference": identified(nadia), "meters": [METER, GAS_METER, GARAGE_METER], "mobile": MOBILE}
    case = nadia.call("desk.send_eans", **asked)["registered"]
    assert events(lotte, 1) == ["desk.ean_codes_registered"]
    # Who spoke with her sees no code in it either; a colleague, who answers in writing, does.
    assert nadia.call("staff.look", reference=case)["ean"] is None
    assert house.colleague("wim", "desk").call("staff.look", reference=case)["ean"] is not None
    # Again, as of a button pressed twice, or one of them alone: the team answers, in the same case.
    length = size(house)
    for meters in (asked["meters"], [METER], [GARAGE_METER, GAS_METER]):
        assert nadia.call("desk.send_eans", **(asked | {"meters": meters}))["registered"] == case
    assert (size(house), waiting(house)) == (length, before + 2)
    with psycopg.connect(house.database.url("door")) as door, pytest.raises(psycopg.errors.CheckViolation):
        door.execute("UPDATE staff.contact SET eans_told = 3")


@pytest.mark.requirement("R85")
def test_a_code_asked_twice_counts_once_and_goes_once_to_the_same_telephone(
    house: TheHouse, nadia: Colleague, lotte: Customer
) -> None:
    second = "1SAG9200000004"  # of the same home: one EAN code, whichever of its meters is named
    meter(house, LOTTES_EAN, second)
    ask = partial(nadia.call, "desk.send_eans", reference=identified(nadia))
    with house.engine("superuser").begin() as connection:
        connection.exec_driver_sql("DELETE FROM identity.ean_told")
    before = waiting(house)
    first = ask(meters=[METER], mobile=MOBILE)
    length = size(house)
    for meters in ([METER], [METER.lower()], [second], [second, METER]):
        assert ask(meters=meters, mobile=MOBILE) == first, meters
    assert (size(house), waiting(house)) == (length, before + 1)
    # The number was wrong: to another telephone it goes, and is still the one code.
    ask(meters=[second], mobile="+32470999999")
    assert ask(meters=[GAS_METER], mobile=MOBILE)["registered"] is None
    assert (size(house), waiting(house)) == (length + 2, before + 3)
    # Of a number that is not his, a second press is no second try in vain.
    reference = identified(nadia)
    ask = partial(nadia.call, "desk.send_eans", reference=reference, mobile=MOBILE)
    for _ in range(2):
        ask(meters=["1SAG9999999998"])
    assert nadia.call("desk.show", reference=reference)["tries_left"] == 2


@pytest.mark.requirement("R84", "R85", "R98")
def test_a_number_that_is_not_the_askers_makes_no_third_code_and_is_a_try_in_vain(
    house: TheHouse, nadia: Colleague, lotte: Customer, maria: Customer
) -> None:
    before = len(nadia.call("staff.case.list")["cases"])
    for wrong in (("X1", "X2"), (MARIAS_METER, "X3")):
        with house.engine("superuser").begin() as connection:
            connection.exec_driver_sql("DELETE FROM identity.ean_told")
        reference, letters = identified(nadia, "visit"), waiting(house)
        ask = partial(nadia.call, "desk.send_eans", reference=reference, mobile=MOBILE)
        assert ask(meters=[METER, *wrong]) == {"registered": None, "channel": "sms"}
        assert nadia.call("desk.show", reference=reference)["tries_left"] == 1
        assert (len(nadia.call("staff.case.list")["cases"]), waiting(house)) == (before + 1, letters + 1)
        assert ask(meters=[GAS_METER, wrong[0]])["registered"] is None
        # Beside codes that the team answers, it is a try in vain too, and stands in no case.
        case = ask(meters=[GARAGE_METER, "X4"])["registered"]
        listed = {one["reference"]: one for one in nadia.call("staff.case.list")["cases"]}
        assert GARAGE_METER in listed[case]["what"]
        assert not any(number in listed[case]["what"] for number in (*wrong, "X4"))
        assert nadia.call("desk.show", reference=reference)["tries_left"] == 0
        for closing in (reference, case):
            nadia.call("staff.case.close", reference=closing)
    _release(nadia)


@pytest.mark.requirement("R85", "R92")
def test_a_code_that_was_locked_goes_once_a_paper_unlocked_it_also_in_the_same_contact(
    house: TheHouse, nadia: Colleague, lotte: Customer
) -> None:
    reference = identified(nadia)
    wrong = LOTTE | {"name": "X"}
    for _ in range(3):
        nadia.call("desk.identify", reference=contact(nadia), **wrong)
    ask = partial(nadia.call, "desk.send_eans", reference=reference, meters=[METER], mobile=MOBILE)
    with house.engine("superuser").begin() as connection:
        connection.exec_driver_sql("DELETE FROM identity.ean_told")
    before, answer = waiting(house), ask()
    assert (waiting(house), events(lotte, 1)) == (before, ["ean.withheld"])
    _release(nadia)
    assert ask() == answer
    assert (waiting(house), events(lotte, 1)) == (before + 1, ["ean_sms.written"])


@pytest.mark.requirement("R86")
def test_each_disclosure_is_in_the_log_of_the_contact_and_in_the_ledger_of_its_customer(
    house: TheHouse, nadia: Colleague, lotte: Customer, maria: Customer
) -> None:
    reference = identified(nadia, "visit")
    nadia.call("desk.history_way", reference=reference)
    nadia.call("desk.ask_supplier", reference=reference, ean=LOTTES_EAN)
    nadia.call("staff.look", reference=reference)
    log = nadia.call("desk.show", reference=reference)["log"]
    assert [one["event"] for one in log][1:] == [
        "desk.identified",
        "desk.history_told",
        "desk.supplier_asked",
        "data.read",
    ]
    hers = {one["index"]: one for one in lotte.statements(limit=10)}
    assert {one["index"] for one in log[1:]} <= hers.keys()
    assert {hers[one["index"]]["by"] for one in log[1:]} == {"staff"}
    assert not {one["index"] for one in maria.statements(limit=20)} & {one["index"] for one in log}


@pytest.mark.requirement("R90")
def test_the_way_of_a_history_follows_the_meter_and_no_value_is_told(
    nadia: Colleague, house: TheHouse, lotte: Customer, gas_ean: str
) -> None:
    answer = nadia.call("desk.history_way", reference=identified(nadia))
    assert answer["route"] == "portal"
    assert answer.keys() == {"route", "first_day", "index", "promise"}


@pytest.mark.requirement("R82")
def test_who_moved_out_since_he_was_identified_is_told_nothing_more(
    house: TheHouse, nadia: Colleague
) -> None:
    ean, number = ean_of(78), "1SAG9200000078"
    house.point(ean, house.customer("otto", "Otto Vertrekt"))
    meter(house, ean, number)
    reference = identified(nadia, "letter", ean=ean, meter=number, name="Otto Vertrekt")
    today = house.clock.now().date().isoformat()
    wish = {"case_id": str(uuid4()), "kind": "move", "what": "verhuist"}
    case = nadia.call("desk.open_case", reference=reference, **wish)["case"]
    assert nadia.call("staff.look", reference=case)["address"]
    house.operator("registry.occupancy.end", ean=ean, until_day=today)
    before = size(house)
    for command, arguments in (
        ("desk.history_way", {}),
        ("desk.send_eans", {"meters": [number]}),
        ("desk.paper_right", {"kind": "copy", "document_sha256": scan()}),
    ):
        assert refused(nadia.call, command, reference=reference, **arguments) == "conflict", command
    assert size(house) == before
    for one in (reference, case):
        assert refused(nadia.call, "staff.look", reference=one) == "no-case"
    listed = house.client.call("staff.refusals", inspectors(house))["refusals"]
    assert [one["reason"] for one in listed[:2]] == ["moved_out"] * 2
    # Who works on moves goes on with the case, as with one of his own.
    clerk = house.colleague("mo", "market_clerk")
    nadia.call("staff.case.hand_on", reference=case, account_id=clerk.account_id)
    assert clerk.call("staff.look", reference=case)["until"] == today


# --- on paper ---------------------------------------------------------------------------------------------


def steps_to(nadia: Colleague, command: str, permission_id: str) -> list[dict[str, Any]]:
    """All that somebody enters at the desk for one paper, from the letter on his table to the end."""
    opened = {"contact_id": str(uuid4()), "channel": "letter", "caller": "customer", "what": "papier"}
    reference = nadia.call("desk.open", **opened)["reference"]
    look, last = {"reference": reference}, {"permission_id": permission_id, "document_sha256": scan()}
    nadia.call("desk.identify", reference=reference, **LOTTE)
    nadia.call("staff.look", **look)
    nadia.call(command, reference=reference, **last)
    return [opened, LOTTE, look, last]


@pytest.mark.requirement("R22", "R43")
def test_a_paper_withdrawal_stops_the_next_read_and_takes_no_more_entries_than_a_paper_grant(
    house: TheHouse, nadia: Colleague, lotte: Customer, bram: Party
) -> None:
    asked = bram.ask(ean=LOTTES_EAN)["permission_id"]
    granting = steps_to(nadia, "desk.paper_grant", asked)
    assert bram.read(asked)["granted"]
    [signed] = lotte.call("permission.show", permission_id=asked)["permission"]["signers"]
    assert signed["method"] == "paper"
    withdrawing = steps_to(nadia, "desk.paper_withdraw", asked)
    assert refused(bram.read, asked) == "permission-ended"
    shown = lotte.call("permission.show", permission_id=asked)["permission"]
    references = [steps[2]["reference"] for steps in (granting, withdrawing)]
    assert [one["task"] for one in shown["history"]] == [None, *references]
    assert shown["ended_by"] == {"by": "grid_user", "is_you": True, "task": references[1]}
    assert "task" not in str(bram.permission(asked))
    assert len(withdrawing) <= len(granting)
    assert sum(map(len, withdrawing)) <= sum(map(len, granting))
    assert [event for event in events(lotte, 8) if event.startswith("permission")] == [
        "permission.revoked",
        "permission.granted",
    ]
    # Once more, as of a button pressed twice: nothing is written.
    before = size(house)
    again = {"permission_id": asked, "document_sha256": scan()}
    for command in ("desk.paper_withdraw", "desk.paper_grant"):
        reference = identified(nadia, "letter")
        before = size(house)
        assert refused(nadia.call, command, reference=reference, **again) == "conflict"
        assert size(house) == before


@pytest.mark.requirement("R43", "R98")
def test_in_which_contact_a_paper_was_entered_is_nobodys_to_know_but_whose_paper_it_was() -> None:
    signed, other = uuid4(), uuid4()
    step = SimpleNamespace(person_id=signed, by="grid_user", is_holder=True, task="Z2026-1")
    assert history.by_for(step, signed)["task"] == "Z2026-1"
    for viewer in (other, None):
        assert history.by_for(step, viewer)["task"] is None


@pytest.mark.requirement("R43")
def test_a_paper_refuses_a_request_that_waits(nadia: Colleague, lotte: Customer, bram: Party) -> None:
    asked = bram.ask(ean=LOTTES_EAN)["permission_id"]
    steps_to(nadia, "desk.paper_withdraw", asked)
    assert bram.permission(asked)["state"] == "rejected"


@pytest.mark.requirement("R43", "R81")
def test_a_paper_counts_only_of_who_was_identified_with_a_scan_and_on_paper(
    house: TheHouse, nadia: Colleague, lotte: Customer, maria: Customer, bram: Party
) -> None:
    hers, marias = bram.ask(ean=LOTTES_EAN)["permission_id"], bram.ask(ean=MARIAS_EAN)["permission_id"]
    paper = {"permission_id": hers, "document_sha256": scan()}
    by_phone, unknown, known = identified(nadia), contact(nadia, "letter"), identified(nadia, "letter")
    before = size(house)
    for command in ("desk.paper_grant", "desk.paper_withdraw"):
        ask = partial(nadia.call, command)
        assert refused(ask, reference=by_phone, **paper) == "conflict"
        assert refused(ask, reference=unknown, **paper) == "conflict"
        for wrong in ("", "5a", "5A" * 32, "z" * 64, EMPTY, None):
            scanned = paper | {"document_sha256": wrong}
            assert refused(ask, reference=known, **scanned) == "malformed-request", wrong
        for other in (marias, str(uuid4())):
            assert refused(ask, reference=known, **(paper | {"permission_id": other})) == "not-found"
    assert size(house) == before
    assert bram.permission(hers)["state"] == "requested"


@pytest.mark.requirement("R43")
def test_a_request_on_paper_is_the_same_as_on_the_portal_and_twice_it_is_one(
    house: TheHouse, nadia: Colleague, lotte: Customer
) -> None:
    reference = identified(nadia, "letter")
    asked = {"reference": reference, "document_sha256": scan(), "kind": "rectification", "fact": "name"}
    nadia.call("desk.paper_right", words="Met een c.", **asked)
    [mine] = lotte.call("rights.mine")["requests"]
    assert (mine["kind"], mine["channel"]) == ("rectification", "paper")
    assert set(events(lotte, 1)) == {"right.asked"}  # in the book of each of her stays
    before = size(house)
    assert refused(nadia.call, "desk.paper_right", words="Met een c.", **asked) == "conflict"
    for wrong in ({"kind": "objection"}, {"fact": None}, {"kind": "erasure"}):
        assert refused(nadia.call, "desk.paper_right", **(asked | wrong)) == "malformed-request"
    assert size(house) == before


@pytest.mark.requirement("R43")
def test_a_scan_is_of_one_contact_and_there_for_all_that_its_paper_asks(
    house: TheHouse, nadia: Colleague, lotte: Customer, maria: Customer, bram: Party
) -> None:
    first = identified(nadia, "letter")
    granted, waits = (bram.ask(ean=LOTTES_EAN)["permission_id"] for _ in range(2))
    one = {"document_sha256": scan()}
    # Of what could not be entered the scan counts nowhere.
    elsewhere = identified(nadia, "visit")
    nobodys = {"permission_id": str(uuid4())}
    assert refused(nadia.call, "desk.paper_grant", reference=elsewhere, **one, **nobodys) == "not-found"
    told = nadia.call("desk.paper_grant", reference=first, permission_id=granted, **one)
    assert (told["party"], told["state"]) == ("Bram Energieadvies", "active")
    told = nadia.call("desk.paper_withdraw", reference=first, permission_id=waits, **one)
    assert told["state"] == "rejected"
    of_maria = {"ean": MARIAS_EAN, "meter": MARIAS_METER, "name": "Maria Peeters"}
    hers, unknown = identified(nadia, "letter", **of_maria), contact(nadia, "letter")
    another = bram.ask(ean=LOTTES_EAN)["permission_id"]
    before = size(house)
    for reference, command, arguments in (
        (elsewhere, "desk.paper_grant", {"permission_id": another}),
        (elsewhere, "desk.paper_withdraw", {"permission_id": granted}),
        (hers, "desk.paper_right", {"kind": "rectification", "fact": "address"}),
        (unknown, "desk.paper_unlock", {"ean": MARIAS_EAN}),
    ):
        with pytest.raises(DoorRefusedError, match=f"^{first}: this scan was entered there") as error:
            nadia.call(command, reference=reference, **arguments, **one)
        assert error.value.code == "scan-used", command
    assert size(house) == before
    assert bram.permission(granted)["state"] == "active"
    told = nadia.call("desk.paper_withdraw", reference=first, permission_id=granted, **one)
    assert told["state"] == "revoked"
    with psycopg.connect(house.database.url("door")) as door, pytest.raises(psycopg.errors.UniqueViolation):
        door.execute("INSERT INTO staff.paper SELECT * FROM staff.paper LIMIT 1")


# --- recordings -------------------------------------------------------------------------------------------


@pytest.mark.requirement("R87")
@pytest.mark.parametrize(
    ("recorded", "over"),
    [
        ("2026-11-22T10:00:00Z", "2026-12-21T23:00:00Z"),
        ("2026-01-31T10:00:00Z", "2026-02-28T23:00:00Z"),
        ("2026-12-31T23:30:00Z", "2027-01-31T23:00:00Z"),
        ("2024-01-29T10:00:00Z", "2024-02-28T23:00:00Z"),
    ],
)
def test_a_recording_is_over_a_month_later(recorded: str, over: str) -> None:
    assert until(parse_instant(recorded)) == parse_instant(over)


@pytest.mark.requirement("R87", "R88")
def test_a_recording_goes_after_a_month_but_for_a_legal_duty_and_listening_is_on_record(
    databases: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    with databases.clone() as database, open_house(database) as house:
        lotte = lottes_home(house)
        both = house.colleague("nadia", "desk", "manager")
        tom = house.colleague("tom", "manager")
        plain, smell = identified(both), identified(both)
        visit = contact(both, "visit")
        assert refused(both.call, "desk.keep_recording", reference=visit, duty="gas_smell") == "conflict"
        assert refused(both.call, "desk.keep_recording", reference=smell, duty="handy") == "malformed-request"
        both.call("desk.keep_recording", reference=smell, duty="gas_smell")
        assert refused(both.call, "desk.keep_recording", reference=smell, duty="danger") == "conflict"
        # Another than who had the contact listens, and the customer reads of it.
        assert refused(both.call, "desk.listen", reference=plain, why="rules") == "conflict"
        assert refused(tom.call, "desk.listen", reference=plain, why="curious") == "malformed-request"
        assert refused(tom.call, "desk.listen", reference=visit, why="rules") == "conflict"
        desk_only = house.colleague("els", "desk")
        assert refused(desk_only.call, "desk.listen", reference=plain, why="rules") == "role-needed"
        assert refused(desk_only.call, "desk.recordings") == "role-needed"
        assert tom.call("desk.listen", reference=plain, why="rules")["recording"] == "R-1"
        assert events(lotte, 1) == ["desk.recording_listened"]
        listed = {one["reference"]: one for one in tom.call("desk.recordings")["recordings"]}
        assert {name: (one["heard"], one["duty"]) for name, one in listed.items()} == {
            plain: (1, None),
            smell: (0, "gas_smell"),
        }
        # Later calls hide none: each page is followed by what stands before it.
        monkeypatch.setattr(recording_commands, "MOST", 1)
        newest = tom.call("desk.recordings")
        older = tom.call("desk.recordings", before=newest["next"])
        assert [one["reference"] for page in (newest, older) for one in page["recordings"]] == [smell, plain]
        assert older["next"] is None
        house.clock.advance(timedelta(days=33))
        for one in (both, tom):
            one.log_in()
        # The clock ended it, before anybody wrote that down.
        assert refused(tom.call, "desk.listen", reference=plain, why="rules") == "conflict"
        assert [one["reference"] for one in tom.call("desk.recordings")["recordings"]] == [smell]
        assert house.operator("desk.sweep")["recorded"] == {"contact_over": 3, "recording_ended": 1}
        assert house.operator("desk.sweep")["recorded"] == {}
        lotte.session = house.log_in("lotte", "Lotte Janssens")
        assert events(lotte, 3).count("desk.contact_over") == 2
        kept = query(house, "SELECT duty, reference_sealed IS NULL FROM staff.recording ORDER BY duty")
        assert kept == [("gas_smell", False), (None, True)]
        house.clock.advance(DUTIES["gas_smell"])
        assert house.operator("desk.sweep")["recorded"] == {"recording_ended": 1}
        with (
            psycopg.connect(house.database.url("door")) as door,
            pytest.raises(psycopg.errors.CheckViolation),
        ):
            door.execute(
                "UPDATE staff.recording SET keep_until = keep_until + interval '9 days' WHERE duty IS NULL"
            )


@pytest.mark.requirement("R81", "R155")
def test_a_call_ends_after_a_day_and_a_letter_after_its_month_whether_or_not_anybody_wrote_it_down(
    databases: Databases,
) -> None:
    with databases.clone() as database, open_house(database) as house:
        lotte = lottes_home(house)
        nadia = house.colleague("nadia", "desk")
        tom = house.colleague("tom", "manager")
        once = str(uuid4())
        call, letter = contact(nadia, contact_id=once), identified(nadia, "letter")
        nadia.call("desk.identify", reference=call, **LOTTE)
        # No sweep runs: the clock itself ends them.
        for days, over in ((0, []), (1, [call]), (29, [call]), (1, [call, letter])):
            house.clock.advance(timedelta(days=days))
            for one in (nadia, tom):
                one.log_in()
            for command, key in (("desk.mine", "contacts"), ("staff.case.list", "cases")):
                listed = [one["reference"] for one in nadia.call(command)[key]]
                assert listed == [one for one in (call, letter) if one not in over]
            for reference in (call, letter):
                looking = partial(nadia.call, "staff.look", reference=reference)
                if reference not in over:
                    assert looking()["address"]
                    continue
                assert refused(looking) == "no-case"
                for command, arguments in (
                    ("desk.show", {}),
                    ("desk.history_way", {}),
                    ("desk.identify", LOTTE),
                    ("desk.send_eans", {"meters": [METER]}),
                ):
                    assert refused(nadia.call, command, reference=reference, **arguments) == "no-case", (
                        command
                    )
                assert refused(nadia.call, "staff.case.close", reference=reference) == "not-found"
                to = {"reference": reference, "account_id": tom.account_id}
                assert refused(tom.call, "staff.case.hand_on", **to) == "not-found"
                sign = {"reference": reference, "reason": "verhuisd", "signed_as": "Nadia"}
                assert refused(nadia.call, "staff.register.ask", **sign) == "not-found"
        assert refused(contact, nadia, contact_id=once) == "conflict"
        assert house.operator("desk.sweep")["recorded"]["contact_over"] == 2
        lotte.session = house.log_in("lotte", "Lotte Janssens")
        assert events(lotte, 20).count("desk.contact_over") == 2
