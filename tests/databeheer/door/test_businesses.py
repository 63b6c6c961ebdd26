"""A business that is a customer: who acts for it is whom the provider named for it at this log-in, and nobody later."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from databeheer.brussels import day_of
from databeheer.door.client import DoorRefusedError, Proof
from databeheer.identity.tokens import token_hash
from tests.databases import Databases
from tests.doors import query
from tests.house import Customer, Party, TheHouse, open_house
from tests.letters import confirm_email

BAKERY, BUTCHER = "0403170701", "0401722035"


@pytest.fixture(scope="module")
def house(databases: Databases) -> Iterator[TheHouse]:
    with databases.clone() as database, open_house(database) as house:
        yield house


@pytest.fixture(scope="module")
def bakery(house: TheHouse) -> Customer:
    """Bakkerij Van Damme, for which Els acts; two points at one address."""
    bakery = house.business(BAKERY, "Bakkerij Van Damme bv", "els", "Els Van Damme")
    house.point("541448899990000015", bakery, address="Kerkstraat 1, 9000 Gent")
    house.point("541448899990000022", bakery, address="Kerkstraat 1, 9000 Gent", commodity="gas")
    return bakery


@pytest.fixture(scope="module")
def butcher(house: TheHouse) -> Customer:
    """Another business: the outsider."""
    butcher = house.business(BUTCHER, "Slagerij De Wolf bv", "wim", "Wim De Wolf")
    house.point("541448899990000039", butcher, address="Markt 5, 9000 Gent")
    return butcher


@pytest.fixture(scope="module")
def bram(house: TheHouse) -> Party:
    return house.party("Bram Energieadvies", "energy_service")


def refused(customer: Customer, command: str, **arguments: Any) -> str:
    with pytest.raises(DoorRefusedError) as error:
        customer.call(command, **arguments)
    return error.value.code


def log_in(house: TheHouse, subject: str, name: str, role: str = "business", **claims: Any) -> str:
    return house.log_in(subject, name, role, **claims)


def test_who_acts_for_a_business_sees_the_business_and_not_himself(house: TheHouse, bakery: Customer) -> None:
    me = bakery.call("me")
    assert (me["name"], me["business"], me["is_represented"]) == ("Bakkerij Van Damme bv", True, False)
    assert len(me["occupancies"]) == 2

    # For himself he logs in as himself, and then the business is out of reach.
    himself = log_in(house, "els", "Els Van Damme", "customer")
    own = house.client.call("me", Proof.session(himself))
    assert (own["name"], own["business"], own["occupancies"]) == ("Els Van Damme", False, [])
    assert own["visitor"] != me["visitor"]
    shown = house.client.call("representation.show", Proof.session(himself))
    assert shown["may_act_for"] == []
    under = str(query(house, "SELECT representation_id FROM identity.representation")[0][0])
    with pytest.raises(DoorRefusedError, match="there is nobody for whom you may act"):
        house.client.call("representation.take_up", Proof.session(himself), representation_id=under)


@pytest.mark.requirement("R81")
def test_nothing_of_ones_own_is_in_reach_of_a_log_in_for_a_business(bakery: Customer) -> None:
    for command, arguments in (
        ("attorney.show", {}),
        ("representation.show", {}),
        ("representation.take_up", {"representation_id": bakery.occupancy()}),
    ):
        assert refused(bakery, command, **arguments) == "not-for-representatives", command


@pytest.mark.requirement("R81")
def test_who_acts_for_a_business_gives_no_power_of_attorney_that_would_outlast_his_right_nor_takes_one_up(
    house: TheHouse, bakery: Customer
) -> None:
    until = (day_of(house.clock.now()) + timedelta(days=365)).isoformat()
    to_himself = {
        "invitation_id": str(uuid4()),
        "name": "Els Van Damme",
        "stays": [bakery.occupancy()],
        "decides": True,
        "until_day": until,
    }
    for command, arguments in (
        ("attorney.invite", to_himself),
        ("attorney.cancel", {"invitation_id": to_himself["invitation_id"]}),
        ("attorney.look", {"code": "K7QX-3MPD-9R2C-VH4T"}),
        ("attorney.take_up", {"code": "K7QX-3MPD-9R2C-VH4T"}),
    ):
        assert refused(bakery, command, **arguments) == "not-for-representatives", command
    assert query(house, "SELECT count(*) FROM identity.attorney_invitation") == [(0,)]


@pytest.mark.parametrize(
    "claims",
    [
        {"enterprise": "0403170702"},
        {"enterprise": "0403.170.701"},
        {"enterprise": " 0403170701"},
        {"enterprise": "403170701"},
        {"enterprise": "2403170701"},
        {"enterprise": "٠٤٠٣١٧٠٧٠١"},
        {"enterprise": "0403170701\n"},
        {"enterprise": [BAKERY]},
        {"enterprise": {"number": BAKERY}},
        {"enterprise": 403170701},
        {"enterprise": ""},
        {"enterprise": None},
        {},
        {"role": "customer", "enterprise": BAKERY},
        {"role": "inspector", "enterprise": BAKERY},
    ],
)
def test_an_answer_that_names_no_right_enterprise_number_gives_no_session(
    house: TheHouse, bakery: Customer, claims: dict[str, Any]
) -> None:
    before = query(house, "SELECT count(*) FROM identity.session")
    nonce = house.client.call("login.begin")["nonce"]
    answer = house.signed_answer("els", "Els Van Damme", nonce, **({"role": "business"} | claims))
    with pytest.raises(DoorRefusedError) as error:
        house.client.call("login.finish", answer=answer, nonce=nonce)
    assert error.value.code == "unauthenticated"
    assert query(house, "SELECT count(*) FROM identity.session") == before


def test_an_answer_is_good_once_and_for_the_business_that_it_names(house: TheHouse, bakery: Customer) -> None:
    nonce = house.client.call("login.begin")["nonce"]
    answer = house.signed_answer("els", "Els Van Damme", nonce, role="business", enterprise=BAKERY)
    house.client.call("login.finish", answer=answer, nonce=nonce)
    for another in (nonce, house.client.call("login.begin")["nonce"]):
        with pytest.raises(DoorRefusedError) as error:
            house.client.call("login.finish", answer=answer, nonce=another)
        assert error.value.code == "unauthenticated"


@pytest.mark.requirement("R81")
def test_the_log_in_and_each_act_say_who_acted_for_whom(
    house: TheHouse, bakery: Customer, bram: Party
) -> None:
    taken_up = query(house, "SELECT count(*) FROM ledger.body WHERE event = 'representation.taken_up'")
    bakery.session = log_in(house, "els", "Els Van Damme", enterprise=BAKERY)
    after = query(house, "SELECT count(*) FROM ledger.body WHERE event = 'representation.taken_up'")
    assert int(after[0][0]) == int(taken_up[0][0]) + 1

    asked = bram.ask()
    granted = bakery.grant(asked)["permission"]
    assert granted["state"] == "active"
    line = bakery.statements()[0]
    assert (line["event"], line["capacity"]) == ("permission.granted", "representative")
    assert (line["attorney"], line["for_enterprise"]) == ("Els Van Damme", True)
    [(signer, whose)] = query(
        house,
        "SELECT person_id, for_person_id FROM permissions.signature WHERE permission_id = %s",
        granted["permission_id"],
    )
    assert (whose == bakery.person_id, signer != whose) == (True, True)
    bakery.withdraw(granted["permission_id"])
    assert bakery.statements()[0]["attorney"] == "Els Van Damme"


@pytest.mark.requirement("R81")
def test_another_business_and_its_representative_have_nothing_of_it(
    house: TheHouse, bakery: Customer, butcher: Customer, bram: Party
) -> None:
    asked = bram.ask()
    assert refused(butcher, "permission.grant", permission_id=asked["permission_id"],
                   link_code=asked["link_code"], occupancy_id=bakery.occupancy(),
                   notice="x", language="nl") == "not-found"  # fmt: skip
    granted = bakery.grant(asked)["permission"]["permission_id"]
    for command in ("permission.show", "permission.withdraw"):
        assert refused(butcher, command, permission_id=granted) == "not-found"
    bakery.withdraw(granted)


@pytest.mark.requirement("R81")
def test_who_acts_for_it_no_more_is_out_at_once_when_the_operator_says_so_and_else_at_the_next_log_in(
    house: TheHouse, bakery: Customer
) -> None:
    leaver = log_in(house, "lena", "Lena Weg", enterprise=BAKERY)
    proof = Proof.session(leaver)
    assert house.client.call("me", proof)["name"] == "Bakkerij Van Damme bv"
    under = query(
        house, "SELECT representation_id FROM identity.session WHERE token_hash = %s", token_hash(leaver)
    )
    today = house.clock.now().date().isoformat()
    house.operator("registry.representation.end", id=str(under[0][0]), until_day=today)
    for command in ("me", "permission.list", "overview.show"):
        with pytest.raises(DoorRefusedError) as error:
            house.client.call(command, proof)
        assert error.value.code == "representation-ended"
    # She is not herself again in it either: that log-in was for the business, and is over.
    assert house.client.call("representation.lay_down", proof) == {"is_over": True}
    with pytest.raises(DoorRefusedError) as error:
        house.client.call("me", proof)
    assert error.value.code == "unauthenticated"
    # The provider names her for it no more: what she gets is a log-in of her own.
    himself = log_in(house, "lena", "Lena Weg", "customer")
    assert house.client.call("me", Proof.session(himself))["business"] is False


def test_a_fresh_log_in_as_oneself_does_not_go_on_for_the_business(house: TheHouse, bakery: Customer) -> None:
    proof = Proof.session(log_in(house, "els", "Els Van Damme", enterprise=BAKERY))
    for fresh in (True, False):
        nonce = house.client.call("login.begin", fresh=fresh)["nonce"]
        answer = house.signed_answer("els", "Els Van Damme", nonce)
        session = house.client.call("login.finish", proof, answer=answer, nonce=nonce)["session"]
        assert house.client.call("me", Proof.session(session))["business"] is False
    bakery.session = log_in(house, "els", "Els Van Damme", enterprise=BAKERY)


def test_a_business_links_and_reads_its_own_post_through_whoever_acts_for_it(bakery: Customer) -> None:
    assert bakery.call("link.show")["attempts_left"] > 0
    assert bakery.call("contact.show")["language"] is None


def test_a_business_has_one_language_whoever_logs_in_for_it(house: TheHouse, bakery: Customer) -> None:
    himself = Proof.session(log_in(house, "els", "Els Van Damme", "customer"))
    house.client.call("contact.speak", himself, language="fr")

    def spoken(subject: str, name: str) -> str | None:
        nonce = house.client.call("login.begin")["nonce"]
        answer = house.signed_answer(subject, name, nonce, role="business", enterprise=BAKERY)
        language: str | None = house.client.call("login.finish", answer=answer, nonce=nonce)["language"]
        return language

    assert spoken("els", "Els Van Damme") is None  # her own is no choice of the bakery's
    bakery.call("contact.speak", language="de")
    assert {spoken("els", "Els Van Damme"), spoken("lies", "Lies Nieuw")} == {"de"}
    assert house.client.call("contact.show", himself)["language"] == "fr"


@pytest.mark.requirement("R81")
def test_an_address_that_somebody_gave_for_a_business_goes_with_him(
    house: TheHouse, bakery: Customer, butcher: Customer
) -> None:
    def end(leaver: Customer) -> None:
        (under,) = query(
            house,
            "SELECT representation_id FROM identity.session WHERE token_hash = %s",
            token_hash(leaver.session),
        )[0]
        today = day_of(house.clock.now()).isoformat()
        house.operator("registry.representation.end", id=str(under), until_day=today)

    def told() -> list[str]:
        kinds = (one["kind"] for one in bakery.call("inbox.show")["messages"])
        return [kind for kind in kinds if kind.startswith("contact.")]

    paul, rita = (
        replace(bakery, subject=one, name=name, session=log_in(house, one, name, enterprise=BAKERY))
        for one, name in (("paul", "Paul Vertrekt"), ("rita", "Rita Vertrekt"))
    )
    confirm_email(house, paul, "paul@voorbeeld.be")
    confirm_email(house, butcher, "slager@voorbeeld.be")
    end(rita)  # it was not hers
    assert bakery.call("contact.show")["email"] == "paul@voorbeeld.be"
    assert told() == ["contact.confirmed"]
    end(paul)
    shown = bakery.call("contact.show")
    assert (shown["wants_email"], shown["email"]) == (False, None)
    assert told() == ["contact.removed", "contact.confirmed"]
    assert bakery.statements()[0]["event"] == "contact.removed"
    assert butcher.call("contact.show")["email"] == "slager@voorbeeld.be"


def test_a_log_in_for_a_business_ends_with_its_hour(house: TheHouse, bakery: Customer) -> None:
    proof = Proof.session(log_in(house, "els", "Els Van Damme", enterprise=BAKERY))
    house.clock.advance(timedelta(minutes=16))
    with pytest.raises(DoorRefusedError) as error:
        house.client.call("me", proof)
    assert error.value.code == "unauthenticated"
    bakery.session = log_in(house, "els", "Els Van Damme", enterprise=BAKERY)


@pytest.mark.requirement("R81")
def test_what_the_desk_ended_stays_ended_when_the_provider_still_names_him(
    house: TheHouse, bakery: Customer, bram: Party
) -> None:
    proof = Proof.session(log_in(house, "tom", "Tom Terug", enterprise=BAKERY))
    asked = bram.ask()
    granted = house.client.call(
        "permission.grant",
        proof,
        permission_id=asked["permission_id"],
        link_code=asked["link_code"],
        occupancy_id=bakery.occupancy(),
        notice="x",
        language="nl",
    )["permission"]["permission_id"]
    (under,) = query(
        house, "SELECT representation_id FROM identity.session WHERE token_hash = %s", token_hash(proof.value)
    )[0]
    today = day_of(house.clock.now()).isoformat()
    bram.read(granted)
    house.operator("registry.representation.end", id=str(under), until_day=today)
    for act in (lambda: bram.read(granted), lambda: log_in(house, "tom", "Tom Terug", enterprise=BAKERY)) * 2:
        with pytest.raises(DoorRefusedError) as error:
            act()
        assert error.value.code in ("outside-granted-period", "representation-ended")
    # From tomorrow on the provider's word counts again, for what he does then; what he did today does not come back.
    house.clock.advance(timedelta(days=1))
    log_in(house, "tom", "Tom Terug", enterprise=BAKERY)
    bram.token = house.token(bram.client_id, bram.client_secret)
    with pytest.raises(DoorRefusedError) as error:
        bram.read(granted)
    assert error.value.code == "outside-granted-period"
    bakery.session = log_in(house, "els", "Els Van Damme", enterprise=BAKERY)
