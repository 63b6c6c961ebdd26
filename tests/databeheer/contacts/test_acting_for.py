"""At the desk for another: as far as the power goes, for as long as it stands, and of an enterprise by his own name."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from functools import partial
from uuid import uuid4

import pytest

from databeheer.door.client import DoorRefusedError
from tests.databeheer.door.access_register.sending import ean_of
from tests.desk import MOBILE, contact, events, meter, refused, scan, size, waiting
from tests.house import Colleague, Customer, Party, TheHouse

ZEE, BERG, MARKT, STIL = (ean_of(number) for number in (901, 902, 903, 904))
ZEES, BERGS, MARKTS, STILS = (f"1SAG930000000{number}" for number in (1, 2, 3, 4))
GREET = {"ean": ZEE, "meter": ZEES, "name": "Greet Gever"}
HANS = {"ean": ZEE, "meter": ZEES, "name": "Hans Houder"}
BOB = {"ean": MARKT, "meter": MARKTS, "name": "Bob Bakker"}


@pytest.fixture(scope="module")
def greet(house: TheHouse) -> Customer:
    """Has a home at the sea and one in the hills."""
    customer = house.customer("greet", "Greet Gever")
    for ean, number, address in ((ZEE, ZEES, "Zee 1, 8400 Oostende"), (BERG, BERGS, "Berg 2, 9000 Gent")):
        house.point(ean, customer, address=address)
        meter(house, ean, number)
    return customer


@pytest.fixture(scope="module")
def hans(house: TheHouse) -> Customer:
    return house.customer("hans", "Hans Houder")


@pytest.fixture
def power(house: TheHouse, greet: Customer, hans: Customer) -> Iterator[str]:
    """A power of Greet's to decide, for the home at the sea alone; its id. It is over with the test."""
    for one in (greet, hans):
        one.session = house.log_in(one.subject, one.name)
    [sea] = [
        one["occupancy_id"] for one in greet.call("me")["occupancies"] if one["address"].startswith("Zee")
    ]
    until = (house.clock.now() + timedelta(days=100)).date().isoformat()
    wish = {"invitation_id": str(uuid4()), "name": "Hans Houder", "stays": [sea], "decides": True}
    code = greet.call("attorney.invite", until_day=until, **wish)["code"]
    under = str(hans.call("attorney.take_up", code=code)["representation_id"])
    yield under
    with suppress(DoorRefusedError):  # the test itself ended it
        greet.call("attorney.end", representation_id=under)


@pytest.fixture(scope="module")
def bakery(house: TheHouse) -> Customer:
    """An enterprise, for which Bob Bakker acts."""
    customer = house.business("0403448140", "Bakkerij Brood", "bob", "Bob Bakker")
    house.point(MARKT, customer, address="Markt 3, 9000 Gent")
    meter(house, MARKT, MARKTS)
    return customer


def mandated(nadia: Colleague, channel: str = "call", **who: str) -> str:
    reference = contact(nadia, channel, caller="mandated")
    assert nadia.call("desk.identify", reference=reference, **(who or HANS))["identified"] is True
    return reference


@pytest.mark.requirement("R81", "R84", "R98")
def test_a_code_of_a_home_outside_the_power_is_withheld_with_the_same_answer(
    house: TheHouse, nadia: Colleague, greet: Customer, power: str
) -> None:
    ask = partial(nadia.call, "desk.send_eans", reference=mandated(nadia), mobile=MOBILE)
    before = waiting(house)
    outside = ask(meters=[BERGS])
    assert (waiting(house), events(greet, 1)) == (before, ["ean.withheld"])
    assert ask(meters=[ZEES]) == outside
    assert (waiting(house), events(greet, 1)) == (before + 1, ["ean_sms.written"])


@pytest.mark.requirement("R81", "R155")
def test_after_a_power_has_ended_its_contact_opens_nothing(
    house: TheHouse, nadia: Colleague, greet: Customer, power: str
) -> None:
    reference = mandated(nadia, "letter")
    wish = {"case_id": str(uuid4()), "kind": "question", "what": "x"}
    case = nadia.call("desk.open_case", reference=reference, **wish)["case"]
    for one in (reference, case):
        assert nadia.call("staff.look", reference=one)["address"] == "Zee 1, 8400 Oostende"
    greet.call("attorney.end", representation_id=power)
    before, letters = size(house), waiting(house)
    paper = {"document_sha256": scan()}
    for command, arguments in (
        ("desk.send_eans", {"meters": [ZEES]}),
        ("desk.history_way", {}),
        ("desk.open_case", {"case_id": str(uuid4()), "kind": "complaint", "what": "x"}),
        ("desk.paper_right", paper | {"kind": "copy"}),
        ("desk.paper_grant", paper | {"permission_id": str(uuid4())}),
        ("desk.paper_withdraw", paper | {"permission_id": str(uuid4())}),
    ):
        assert refused(nadia.call, command, reference=reference, **arguments) == "no-case", command
    assert (size(house), waiting(house)) == (before, letters)
    for one in (reference, case):
        assert refused(nadia.call, "staff.look", reference=one) == "no-case"
    again = nadia.call("desk.identify", reference=contact(nadia, caller="mandated"), **HANS)
    assert again["identified"] is False


@pytest.mark.requirement("R43", "R81")
def test_by_a_power_of_attorney_no_paper_asks_what_the_portal_refuses_and_by_a_court_it_says_so(
    house: TheHouse, nadia: Colleague, greet: Customer, hans: Customer, power: str
) -> None:
    wrong = {"kind": "rectification", "fact": "name", "words": "Met een d."}
    file = partial(nadia.call, "desk.paper_right", document_sha256=scan(), **wrong)
    hans.call("representation.take_up", representation_id=power)
    asked = wrong | {"basis": None, "occupancy_id": None}
    assert refused(hans.call, "rights.ask", **asked) == "not-for-representatives"
    reference, before = mandated(nadia, "letter"), size(house)
    assert refused(file, reference=reference) == "not-for-representatives"
    assert (size(house), greet.call("rights.mine")["requests"]) == (before, [])
    vera = house.customer("vera", "Vera Voogd")
    wish = {"person_id": str(greet.person_id), "representative_id": str(vera.person_id)}
    house.operator(
        "registry.representation.add", reference="Vred. Gent 2023/1", from_day="2023-01-01", **wish
    )
    file(reference=mandated(nadia, "letter", **(HANS | {"name": "Vera Voogd"})))
    lines = greet.statements(limit=1)
    assert {one["event"] for one in lines} == {"right.asked"}
    assert {(one["capacity"], one["by"]) for one in lines} == {("representative", "staff")}


@pytest.mark.requirement("R92")
def test_who_unlocks_by_meter_number_alone_is_read_in_the_book_of_its_home(
    nadia: Colleague, greet: Customer
) -> None:
    paper = contact(nadia, "letter")
    nadia.call("desk.paper_unlock", reference=paper, document_sha256=scan(), meter=BERGS.lower())
    assert events(greet, 1) == ["link.released"]


def test_the_number_of_a_contact_that_is_closed_opens_no_contact(
    house: TheHouse, nadia: Colleague, greet: Customer
) -> None:
    once = str(uuid4())
    nadia.call("staff.case.close", reference=contact(nadia, contact_id=once))
    before = size(house)
    assert refused(contact, nadia, "letter", contact_id=once) == "conflict"
    assert size(house) == before


@pytest.mark.requirement("R43", "R81")
def test_an_enterprise_is_known_by_who_acts_for_it_and_not_by_its_public_name(
    house: TheHouse, nadia: Colleague, bakery: Customer, hans: Customer, bram: Party
) -> None:
    for caller, name in (
        ("customer", "Bakkerij Brood"),
        ("customer", "Bob Bakker"),
        ("mandated", "Bakkerij Brood"),
        ("mandated", "Hans Houder"),
    ):
        reference = contact(nadia, "letter", caller=caller)
        answer = nadia.call("desk.identify", reference=reference, **(BOB | {"name": name}))
        assert answer == {"identified": False, "tries_left": 2}, (caller, name)
        nadia.call(
            "desk.paper_unlock",
            reference=contact(nadia, "letter"),
            document_sha256=scan(),
            ean=MARKT,
            meter=MARKTS,
        )
    asked = bram.ask(ean=MARKT)["permission_id"]
    reference = mandated(nadia, "letter", **BOB)
    nadia.call("desk.paper_grant", reference=reference, permission_id=asked, document_sha256=scan())
    [signed] = bakery.call("permission.show", permission_id=asked)["permission"]["signers"]
    assert (signed["capacity"], signed["method"]) == ("representative", "paper")
    # What the provider says stands until the next day is over, and so does the contact.
    house.clock.advance(timedelta(days=3))
    nadia.log_in()
    assert refused(nadia.call, "desk.history_way", reference=reference) == "no-case"
    assert refused(nadia.call, "staff.look", reference=reference) == "no-case"
    reference = contact(nadia, caller="mandated")
    assert nadia.call("desk.identify", reference=reference, **BOB)["identified"] is False


@pytest.mark.requirement("R81", "R98")
def test_an_enterprise_for_which_nobody_ever_logged_in_is_not_known_by_its_public_name_either(
    house: TheHouse, nadia: Colleague, greet: Customer
) -> None:
    nadia.log_in()
    added = house.operator("registry.enterprise.add", enterprise="0403170701", name="Slagerij Stil")
    house.operator(
        "registry.access_point.register", ean=STIL, commodity="electricity", address="Stil 4, 9000 Gent"
    )
    begin = {"ean": STIL, "person_id": added["person_id"], "from_day": "2022-01-01"}
    house.operator("registry.occupancy.begin", **begin)
    meter(house, STIL, STILS)
    # The right name and a wrong one, with the right meter: for who asks, and for whom he asks, they are the same.
    answers = []
    for caller in ("customer", "mandated"):
        for name in ("Slagerij Stil", "Slagerij Nergens"):
            reference = contact(nadia, "letter", caller=caller)
            who = {"meter": STILS, "ean": STIL, "name": name}
            answers.append(nadia.call("desk.identify", reference=reference, **who))
            nadia.call(
                "desk.paper_unlock",
                reference=contact(nadia, "letter"),
                document_sha256=scan(),
                ean=STIL,
                meter=STILS,
            )
    assert answers == [{"identified": False, "tries_left": 2}] * 4
    # A person of that name is known as before.
    known = contact(nadia, "letter")
    assert nadia.call("desk.identify", reference=known, **GREET)["identified"] is True
